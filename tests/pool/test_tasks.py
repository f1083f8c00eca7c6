"""A map's tasks: what is measured, refused, told, and where the Gantt chart draws it."""

import multiprocessing
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from gil_demo import (
    ResultsError,
    WorkerDied,
    draw,
    load,
    map_tasks,
    observe_chunksize,
    save,
    summarise,
    verdict,
)
from gil_demo.drawing.parts import BINS, LANE, MOST_BARS
from gil_demo.drawing.style import get_look
from gil_demo.pool import tasks as module
from gil_demo.pool.tasks import count_most_at_once
from gil_demo.running.pools import run_in_pool
from gil_demo.running.workloads import compute_default_chunksize
from tests import charts
from tests.conftest import METHODS
from tests.made import tasks
from tests.made.pool import Crew, make_map, put, take_turns_in_a_pool

ALONE: Crew = {1: [(0.1, 0.2), (0.2, 0.4)]}
NO_TIME: dict[str, Any] = {"crew": {1: [(0.0, 0.0)]}, "ready": 0.0, "done": 0.0, "gone": 0.0}

in_a_pool = pytest.mark.usefixtures("nothing_hangs", "no_wait")


# what a real map gives


@in_a_pool
def test_a_map_is_a_table_of_its_tasks(method: str, tmp_path: Any) -> None:
    counts = [500, 1, 3_000, 20, 20]
    table = map_tasks(counts, start_method=method)
    assert table["task"].tolist() == [1, 2, 3, 4, 5]
    assert table["steps"].tolist() == counts
    for name, value in {"workers": 2, "chunksize": 1, "tasks": 5, "start_method": method}.items():
        assert set(table[name]) == {value}
    assert table["busy_percent"].tolist() == [12.3] * 5
    assert summarise(table)["tasks"].sum() == 5
    pd.testing.assert_frame_equal(load(save(table, tmp_path / "map.csv")), table, check_exact=True)
    assert multiprocessing.active_children() == []


@in_a_pool
def test_a_worker_runs_its_tasks_one_at_a_time_in_the_list_s_order() -> None:
    table = map_tasks([2_000] * 12, workers=3, start_method=METHODS[0])
    assert count_most_at_once(table) <= 3
    for _, own in table.groupby("worker"):
        assert own["start_seconds"].is_monotonic_increasing
        assert (own["start_seconds"] >= own["end_seconds"].shift(fill_value=0.0)).all()
    firsts = table.groupby("worker")["start_seconds"].min()
    assert firsts.index.tolist() == list(range(1, len(firsts) + 1))
    assert firsts.is_monotonic_increasing


@in_a_pool
def test_the_tasks_of_a_chunk_are_one_worker_s() -> None:
    table = map_tasks([300] * 11, chunksize=4, start_method=METHODS[0])
    assert set(table["chunksize"]) == {4}
    for first in (0, 4, 8):
        assert table["worker"][first : first + 4].nunique() == 1


@pytest.mark.parametrize(("length", "workers", "size"), [(8, 2, 1), (100, 3, 9)])
def test_the_chunksize_that_is_observed_is_the_one_that_is_computed(
    length: int, workers: int, size: int, method: str
) -> None:
    assert observe_chunksize(length, workers, method) == size
    assert compute_default_chunksize(length, workers) == size


@in_a_pool
def test_a_worker_that_dies_ends_the_run(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "countdown", tasks.die)
    monkeypatch.setattr(module, "CallCounter", lambda: tasks.die)
    with pytest.raises(WorkerDied, match="exit code 3"):
        map_tasks([8] * 4, start_method=method)
    with pytest.raises(WorkerDied, match="exit code 3"):
        observe_chunksize(8, 2, method)
    assert multiprocessing.active_children() == []


@in_a_pool
def test_an_interrupt_in_the_midst_of_the_tasks_leaves_nothing(
    method: str, interrupted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run_in_pool", interrupted(run_in_pool))
    with pytest.raises(KeyboardInterrupt):
        map_tasks([10**9] * 4, start_method=method)
    assert multiprocessing.active_children() == []


# what is no whole map


@pytest.mark.parametrize(
    ("row", "name", "value", "told"),
    [
        (2, "chunksize", 7, ", run a7b8c9 is no single run: its rows differ in chunksize"),
        (2, "ready_seconds", 0.05, "is no single run: its rows differ in ready_seconds"),
        (2, "task", 1, ", run a7b8c9 is not whole: it has 5 rows for 5 tasks"),
        (2, "worker", 3, ", run a7b8c9 names a worker beyond its 2"),
        (3, "start_seconds", 0.099, ", row 3: start_seconds is before ready_seconds"),
        (3, "end_seconds", 0.2, ", row 3: end_seconds is before start_seconds"),
        (3, "end_seconds", 0.501, ", row 3: done_seconds is before end_seconds"),
    ],
)
def test_a_map_with_one_wrong_value_is_refused(
    row: int, name: str, value: object, told: str
) -> None:
    with pytest.raises(ResultsError, match=f"{told}$"):
        verdict(put(make_map(), row, **{name: value}))


def test_a_map_that_lacks_a_task_or_ends_before_its_answers_is_refused() -> None:
    with pytest.raises(ResultsError, match=r"is not whole: it has 4 rows for 5 tasks$"):
        verdict(make_map()[1:])
    with pytest.raises(ResultsError, match=r", row 1: gone_seconds is before done_seconds$"):
        verdict(make_map(done=0.5, gone=0.49))


def test_sizes_that_no_run_has_are_refused() -> None:
    assert len(summarise(make_map(workers=10_000))) == 10_000
    with pytest.raises(ResultsError, match=r": workers must be at most 10,000, not 10001$"):
        summarise(make_map(workers=10_001))
    with pytest.raises(ResultsError, match=r": tasks must be at most 1,000,000, not 1000001$"):
        summarise(make_map(tasks=1_000_001))


# what it says


def test_a_map_is_summed_up_in_a_row_for_each_worker() -> None:
    crew: Crew = {1: [(1.0, 2.0), (2.25, 3.0), (3.75, 4.0)], 2: [(1.0, 4.5)]}
    table = make_map(crew, ready=1.0, done=5.0, steps=[10, 35, 8, 3], workers=3)
    summary = summarise(table.sample(frac=1.0, random_state=3))
    assert summary.columns.tolist() == [
        *("worker", "tasks", "steps", "busy_seconds", "busy_share", "gap_seconds"),
    ]
    assert summary.astype(object).where(summary.notna(), None).to_numpy().tolist() == [
        [1, 3, 21, 2.0, 0.5, 0.5],
        [2, 1, 35, 3.5, 0.875, None],
        [3, 0, 0, 0.0, 0.0, None],
    ]


@pytest.mark.parametrize(
    ("crew", "at_once"),
    [
        pytest.param({1: [(1, 2)], 2: [(2, 3)]}, 1, id="one ends as another begins"),
        pytest.param({1: [(1, 9)], 2: [(2, 3), (4, 5)], 3: [(6, 7)]}, 2, id="two at a time"),
        pytest.param({1: [(1, 9)], 2: [(2, 8)], 3: [(3, 4)]}, 3, id="all within one"),
        pytest.param({1: [(1, 1), (2, 2)]}, 1, id="none of any length"),
    ],
)
def test_the_tasks_at_once_are_counted(crew: Crew, at_once: int) -> None:
    assert count_most_at_once(make_map(crew)) == at_once


def test_a_map_is_told_in_these_sentences() -> None:
    table = make_map({1: [(0.1, 0.2), (0.21, 0.3)], 2: [(0.1, 0.25)]}, done=0.35, workers=3)
    assert verdict(table).splitlines() == [
        "Start-up took 100 ms, the work 250 ms, tear-down 30 ms.",
        "Worker 1: two tasks, busy for 76 % of the work.",
        "Worker 2: one task, busy for 60 % of the work.",
        "Worker 3: no task.",
        "At most two tasks ran at the same time.",
    ]
    assert "Worker 1: one task, busy for an unknown part of the work." in verdict(
        make_map(**NO_TIME)
    )


@pytest.mark.parametrize(
    ("crew", "facts", "title"),
    [
        (
            {1: [(0.1, 0.2), (0.2, 0.3)], 2: [(0.1, 0.3)]}, {"done": 0.3},
            "Three tasks on two workers: from one to two each, workers busy for 100 % of the work",
        ),
        (
            take_turns_in_a_pool(30, 2), {"done": 0.4},
            "30 tasks on two workers: 15 each, workers busy for 50 % of the work",
        ),
        (ALONE, {"done": 0.5}, "Two tasks on one worker, busy for 75 % of the work"),
        (ALONE, {"workers": 2}, "Two tasks on two workers: one worker had nothing to do"),
        ({1: [(1, 2)]}, {"workers": 60}, "One task on 60 workers: 59 workers had nothing to do"),
    ],
    ids=["uneven", "even", "alone", "one unused", "many unused"],
)  # fmt: skip
def test_the_title_tells_who_ran_how_many_tasks(
    crew: Crew, facts: dict[str, Any], title: str
) -> None:
    assert draw(make_map(crew, **facts)).texts[0].get_text() == title


# the Gantt chart


def test_the_alternative_text_tells_each_worker_s_tasks_and_the_pool_s_moments() -> None:
    table = make_map(steps=[1_000_000] * 5, chunksize=1_234, start_method="spawn")
    assert draw(table).description == (
        "Chart. Five tasks on two workers: from two to three each, workers busy for 80 % of the "
        "work. Tasks: worker 1 ran 3 in 0.270 s; worker 2 ran 2 in 0.370 s. The pool: ready after "
        "0.100 s, all answers after 0.500 s, gone after 0.530 s. Conditions: CPython 3.13.0, "
        "Linux, two usable cores, processes by spawn; one run of 5,000,000 steps, chunksize 1,234."
    )


def test_the_bars_are_where_the_tasks_are() -> None:
    table = make_map(workers=3)
    axes = draw(table.sample(frac=1.0, random_state=3)).axes[0]
    assert charts.list_lane_names(axes) == {float(n): f"Worker {n}" for n in (1, 2, 3)}
    lanes = charts.list_lanes(axes)
    assert [place for _, place, _ in lanes] == pytest.approx([1, 2])
    for colour, place, bars in lanes:
        assert colour == get_look("processes").colour.lower()
        own = table.loc[table["worker"] == round(place), ["start_seconds", "end_seconds"]]
        assert np.ravel(sorted(bars)) == pytest.approx(own.to_numpy().ravel())
    bottom, top = axes.get_ylim()
    assert top < 1 - LANE / 2 < 3 + LANE / 2 < bottom  # from the top down
    assert axes.get_xlim() == pytest.approx((0, 530))
    assert axes.get_xlabel() == "milliseconds since the pool was asked for; a bar is a task"


def test_the_time_in_which_the_pool_had_no_work_is_shaded() -> None:
    axes = draw(make_map()).axes[0]
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in charts.list_bars(axes)]
    assert spans == [pytest.approx((0, 100)), pytest.approx((500, 530))]
    names = {text.get_text(): text.xy for text in axes.texts if hasattr(text, "xy")}
    assert names == {"start-up": (0, 1), "tear-down": pytest.approx((530, 1))}


def test_a_bar_with_room_for_it_bears_the_number_of_its_task() -> None:
    crew: Crew = {1: [(0.1, 0.2), (0.2, 0.205), (0.205, 0.4)], 2: [(0.1, 0.41)]}
    texts = draw(make_map(crew)).axes[0].texts
    numbers = {text.get_text(): text.get_position() for text in texts if text.get_text().isdigit()}
    assert numbers == {
        "1": pytest.approx((150, 1)), "4": pytest.approx((302.5, 1)), "2": pytest.approx((255, 2)),
    }  # fmt: skip


def test_many_workers_have_thin_lanes_without_numbers() -> None:
    axes = draw(make_map(take_turns_in_a_pool(48, 24), ready=0.0)).axes[0]
    assert axes.get_yticks().tolist() == list(range(1, 25))
    assert any(text.get_text() == "48" for text in axes.texts)
    axes = draw(make_map(take_turns_in_a_pool(50, 25), ready=0.0)).axes[0]
    assert len(axes.get_yticks()) < 15
    assert not any(text.get_text().isdigit() for text in axes.texts)


def test_more_tasks_than_can_be_told_apart_are_drawn_as_shades(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = make_map({1: [(0.1, 0.2)], 2: [(0.1, 0.36)]}, done=0.38, gone=0.4)
    monkeypatch.setattr(module, "MOST_BARS", 2)
    assert len(charts.list_lanes(draw(table).axes[0])) == 2
    monkeypatch.setattr(module, "MOST_BARS", 1)
    axes = draw(table).axes[0]
    assert "too many tasks to draw each: the darker, the busier" in axes.get_xlabel()
    assert charts.list_lanes(axes) == []
    pixels = np.asarray(charts.list_pictures(axes)[0].get_array())
    assert pixels.shape == (1, BINS, 4)  # four bins a millisecond
    assert to_hex(tuple(pixels[0, 0, :3])) == get_look("processes").colour.lower()
    assert pixels[0, :, 3] == pytest.approx([0.0] * 400 + [1.0] * 400 + [0.0] * 800)
    assert MOST_BARS == 4_000


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"crew": take_turns_in_a_pool(300, 60), "usable_cores": 32}, id="60 workers"),
        pytest.param({"crew": take_turns_in_a_pool(200, 10)}, id="narrow bars"),
        pytest.param({"crew": {1: [(99.0, 99.001)]}, "ready": 99.0}, id="a long start-up"),
        pytest.param(NO_TIME, id="no time at all"),
    ],
)
def test_the_texts_of_any_map_are_whole_and_apart(facts: dict[str, Any]) -> None:
    chart, texts = charts.draw_strictly(draw, make_map(**facts))
    charts.assert_inside(texts, chart)
    charts.assert_apart_from_the_heading(chart, texts)
    numbers = [text for text in chart.axes[0].texts if text.get_text().isdigit()]
    charts.assert_apart(chart.axes[0], numbers)
