import re
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from gil_demo.checks import ResultsError
from gil_demo.drawing.lanes import BINS, LANE, MOST_BARS
from gil_demo.drawing.style import Chart, draw_png, get_look
from gil_demo.pool import tasks as pool
from gil_demo.pool.tasks import describe_map, draw_gantt, summarise_map, title_map
from gil_demo.tables.kinds import draw_each
from tests.conftest import TableMaker
from tests.made.pool import Crew, make_map, take_turns_in_a_pool
from tests.race.test_speed_chart import assert_inside
from tests.turns.test_chart import (
    assert_apart_from_the_heading,
    draw_strictly,
    list_bars,
    list_lane_names,
    list_pictures,
)

GUARD_SECONDS = 30.0
RECORDED = {"recorded_on": "a 12-core desktop of a university's computer room, 2026-11-22"}
MAPS: dict[str, tuple[Crew | None, dict[str, Any]]] = {
    "ordinary": (None, {}),
    "one worker": ({1: [(0.1, 0.2), (0.2, 0.4)]}, {}),
    "one task": ({1: [(0.1, 0.5)]}, {}),
    "one task for sixty": ({1: [(0.1, 0.5)]}, {"workers": 60}),
    "sixty workers": (take_turns_in_a_pool(300, 60), {"usable_cores": 32}),
    "twenty-four workers": (take_turns_in_a_pool(48, 24), {}),
    "many tasks": (take_turns_in_a_pool(1_000, 2, 1e-4), {}),
    "a long run": (take_turns_in_a_pool(9, 2, 9_999.0), {}),
    "no start-up": (take_turns_in_a_pool(4), {"ready": 0.0, "gone": 0.15, "done": 0.15}),
    "a long start-up": ({1: [(99.0, 99.001)]}, {"ready": 99.0}),
    "tasks of no length": ({1: [(0.1, 0.1)], 2: [(0.1, 0.1)]}, {}),
    "no time at all": ({1: [(0.0, 0.0)]}, {"ready": 0.0, "done": 0.0, "gone": 0.0}),
    "recorded": (None, RECORDED | {"start_method": "forkserver", "gil_enabled": False}),
}

FIVE_AND_ONE: Crew = {
    1: [(0.1 + 0.02 * n, 0.12 + 0.02 * n) for n in range(5)],
    2: [(0.1, 0.36)],
}


@pytest.fixture(params=MAPS)
def mapped(request: pytest.FixtureRequest) -> pd.DataFrame:
    crew, facts = MAPS[request.param]
    return make_map(crew, **facts)


def list_shades(axes: Axes) -> list[tuple[float, float]]:
    """List the shaded spans of time, from and to in milliseconds."""
    spans = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return [(span.get_x(), span.get_x() + span.get_width()) for span in spans]


def list_numbers(chart: Chart, texts: list[Text]) -> list[Text]:
    """List the numbers that stand on bars."""
    axes = chart.axes[0]
    return [text for text in texts if text in axes.texts and text.get_text().isdigit()]


def make_huge_map(tasks: int) -> pd.DataFrame:
    """Make a map of very many tasks, each of 10 µs with a break as long, on two workers."""
    starts = 0.1 + 2e-5 * (np.arange(tasks) // 2)
    return make_map({1: [(0.1, 0.1)], 2: [(0.1, 0.1)]}).loc[[0] * tasks].assign(
        tasks=tasks,
        task=np.arange(1, tasks + 1),
        worker=np.arange(tasks) % 2 + 1,
        start_seconds=starts,
        end_seconds=starts + 1e-5,
        done_seconds=starts.max() + 0.02,
        gone_seconds=starts.max() + 0.05,
    ).astype({"tasks": "Int64", "task": "Int64", "worker": "Int64"})  # fmt: skip


# the whole picture


def test_every_map_draws_without_a_warning_and_its_texts_are_true_and_whole(
    mapped: pd.DataFrame,
) -> None:
    chart, texts = draw_strictly(draw_gantt, mapped)
    assert_inside(texts, chart)
    assert_apart_from_the_heading(chart, texts)
    summary = summarise_map(mapped)
    title, conditions = title_map(mapped, summary), describe_map(mapped)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert chart.description.startswith(f"Chart. {title}. Tasks: worker 1 ran ")
    assert chart.description.endswith(f"Conditions: {conditions}.")
    assert not re.search(r"\bnan\b", chart.description)
    for row in summary.to_dict("records"):
        told = f"worker {row['worker']} ran {row['tasks']:,} in {row['busy_seconds']:.3f} s"
        assert told in chart.description
    first = mapped.iloc[0]
    assert (
        f"ready after {first['ready_seconds']:.3f} s, all answers after "
        f"{first['done_seconds']:.3f} s, gone after {first['gone_seconds']:.3f} s"
    ) in chart.description


# bars


def test_there_is_a_lane_for_each_worker_even_for_one_without_a_task() -> None:
    axes = draw_gantt(make_map(workers=4)).axes[0]
    names = list_lane_names(axes)
    assert names == {float(n): f"Worker {n}" for n in (1, 2, 3, 4)}
    bottom, top = axes.get_ylim()
    assert top < 1 - LANE / 2 < 4 + LANE / 2 < bottom  # from the top down


def test_the_bars_are_where_the_tasks_are() -> None:
    table = make_map()
    axes = draw_gantt(table.sample(frac=1.0, random_state=3)).axes[0]
    lanes = list_bars(axes)
    assert [place for _, place, _ in lanes] == pytest.approx([1, 2])
    for colour, place, bars in lanes:
        assert colour == get_look("processes").colour.lower()
        own = table[table["worker"] == round(place)]
        expected = own[["start_seconds", "end_seconds"]].to_numpy().ravel()
        assert np.ravel(sorted(bars)) == pytest.approx(expected)
    assert axes.get_xlim() == pytest.approx((0, 530))
    assert axes.get_xlabel() == "milliseconds since the pool was asked for; a bar is a task"


def test_a_bar_with_room_for_it_bears_the_number_of_its_task() -> None:
    crew: Crew = {1: [(0.1, 0.2), (0.2, 0.205), (0.205, 0.4)], 2: [(0.1, 0.41)]}
    axes = draw_gantt(make_map(crew)).axes[0]
    numbers = {
        text.get_text(): text.get_position() for text in axes.texts if text.get_text().isdigit()
    }
    assert list(numbers) == ["1", "4", "2"]
    assert numbers["1"] == pytest.approx((150, 1))
    assert numbers["4"] == pytest.approx((302.5, 1))
    assert numbers["2"] == pytest.approx((255, 2))


@pytest.mark.parametrize(
    "crew",
    [
        pytest.param(take_turns_in_a_pool(80, 2), id="two digits in narrow bars"),
        pytest.param(take_turns_in_a_pool(200, 10), id="three digits in narrow bars"),
        pytest.param(take_turns_in_a_pool(120, 60), id="sixty thin lanes"),
    ],
)
def test_the_numbers_on_bars_do_not_run_into_each_other(crew: Crew) -> None:
    chart, texts = draw_strictly(draw_gantt, make_map(crew, ready=0.0))
    boxes = [(text.get_text(), text.get_window_extent()) for text in list_numbers(chart, texts)]
    for number, box in boxes:
        touched = [other for other, its in boxes if other != number and box.overlaps(its)]
        assert not touched, f"{number} runs into {touched}"


# shades


def test_the_time_without_work_is_shaded_and_named() -> None:
    axes = draw_gantt(make_map()).axes[0]
    assert list_shades(axes) == [pytest.approx((0, 100)), pytest.approx((500, 530))]
    named = [text for text in axes.texts if not text.get_text().isdigit()]
    assert [text.get_text() for text in named] == ["start-up", "tear-down"]
    assert [text.get_horizontalalignment() for text in named] == ["left", "right"]


# more tasks than can be told apart


def test_more_tasks_than_bars_are_drawn_as_shares_and_the_axis_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "MOST_BARS", 5)
    bars, shares = (
        draw_gantt(make_map(crew, gone=gone)).axes[0]
        for crew, gone in ((None, None), (FIVE_AND_ONE, 0.4))
    )
    assert not bars.images
    assert "too many" not in bars.get_xlabel()
    assert "too many tasks to draw each: the darker, the busier the worker" in shares.get_xlabel()
    assert not list_bars(shares)
    assert [text.get_text() for text in shares.texts] == ["start-up", "tear-down"]
    assert list_shades(shares) == [pytest.approx((0, 100)), pytest.approx((380, 400))]
    pictures = list_pictures(shares)
    assert len(pictures) == 2
    for worker, image in enumerate(pictures, start=1):
        left, right, bottom, top = image.get_extent()
        assert [left, right] == pytest.approx([0, 400])
        assert (bottom + top) / 2 == pytest.approx(worker)
    # four bins a millisecond
    pixels = np.asarray(pictures[0].get_array())
    assert pixels.shape == (1, BINS, 4)
    assert to_hex(tuple(pixels[0, 0, :3])) == get_look("processes").colour.lower()
    assert pixels[0, :, 3] == pytest.approx([0.0] * 400 + [1.0] * 400 + [0.0] * 800)


def test_a_hundred_thousand_tasks_are_one_picture_a_worker_and_soon_drawn() -> None:
    table = make_huge_map(100_000)
    started = time.monotonic()
    chart = draw_gantt(table)
    assert draw_png(chart).startswith(b"\x89PNG")
    assert time.monotonic() - started < GUARD_SECONDS
    axes = chart.axes[0]
    assert "too many tasks" in axes.get_xlabel()
    assert len(axes.images) == 2
    assert not list_bars(axes)
    # half of the time goes into tasks
    dark = np.asarray(list_pictures(axes)[0].get_array())[0, 200:1_400, 3]
    assert dark.mean() == pytest.approx(0.5, abs=0.02)
    assert "worker 1 ran 50,000 in 0.500 s" in chart.description


def test_the_most_bars_that_are_drawn_are_drawn_soon() -> None:
    started = time.monotonic()
    chart = draw_gantt(make_huge_map(MOST_BARS))
    assert draw_png(chart).startswith(b"\x89PNG")
    assert time.monotonic() - started < GUARD_SECONDS
    assert sum(len(bars) for *_, bars in list_bars(chart.axes[0])) == MOST_BARS


# as every chart


def test_a_recorded_run_says_so_in_the_picture_and_the_description() -> None:
    chart = draw_gantt(make_map(recorded_on="a laptop"))
    assert all(text.get_text().startswith("Recorded ") for text in chart.texts)
    assert chart.description.startswith("Chart. Recorded run: ")
    assert "a laptop" in chart.description


def test_drawing_leaves_the_table_as_it_is_and_draws_the_same_again() -> None:
    table = make_map()
    before = table.copy(deep=True)
    assert draw_png(draw_gantt(table)) == draw_png(draw_gantt(table))
    pd.testing.assert_frame_equal(table, before)


def test_the_door_to_the_charts_leads_here() -> None:
    table = make_map()
    (chart,) = draw_each(table)
    assert chart.description == draw_gantt(table).description


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    both = pd.concat([make_map(run_id="one"), make_map(run_id="two")], ignore_index=True)
    for bad in (None, pd.DataFrame(), both, make_run(), make_map().drop(columns="run_id")):
        with pytest.raises(ResultsError):
            draw_gantt(bad)  # type: ignore[arg-type]
