import re
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D
from matplotlib.text import Text

from gil_demo.checks import ResultsError
from gil_demo.drawing.style import SOFT_INK, Chart, draw_png, get_look
from gil_demo.pool.lists import (
    describe_lists,
    draw_chunksizes,
    draw_list_lengths,
    summarise_lists,
    title_chunks,
    title_lengths,
)
from gil_demo.tables.kinds import draw_each
from tests.conftest import TableMaker, spread
from tests.made.pool import Chunks, Lengths, make_arrivals, make_chunks, make_lengths, make_map
from tests.race.test_speed_chart import assert_inside, read_across, read_up
from tests.turns.test_chart import assert_apart_from_the_heading, draw_strictly

Draw = Callable[[pd.DataFrame], Chart]
MakeTable = Callable[..., pd.DataFrame]

RECORDED = {"recorded_on": "a 12-core desktop of a university's computer room, 2026-11-22"}
# two workers on one core, who take twice as long while both are at work
ON_ONE_CORE: Lengths = {
    tasks: (spread(0.2), spread((2 * (tasks - tasks % 2) + tasks % 2) / (2 * tasks)))
    for tasks in range(1, 10)
}
LENGTHS: dict[str, tuple[Lengths | None, dict[str, Any]]] = {
    "ordinary": (None, {}),
    "as many as workers": ({2: (spread(0.2), spread(0.9))}, {}),
    "one worker": ({n: (spread(0.4), spread(0.9)) for n in range(1, 6)}, {"workers": 1}),
    "sixty workers": (
        {n: (spread(0.4), spread(0.8)) for n in (1, 30, 60, 61, 241)},
        {"workers": 60, "usable_cores": 32},
    ),
    "one round": ({2: ([0.2], [0.9]), 3: ([0.3], [0.7])}, {}),
    "noise": ({n: (spread(0.2, width=1.9), spread(0.5, width=1.9)) for n in (1, 2, 5)}, {}),
    "many": ({n: (spread(0.2), spread(0.9)) for n in range(1, 42)}, {}),
    "far apart": ({n: (spread(0.2), spread(0.9)) for n in (2, 1_000, 100_000)}, {}),
    "hardly busy": ({n: (spread(9_999.0), spread(1e-9)) for n in (2, 3)}, {}),
    "one core": (ON_ONE_CORE, {"usable_cores": 1}),
    "up to three on one core": ({n: ON_ONE_CORE[n] for n in (2, 3)}, {"usable_cores": 1}),
    "recorded": (None, RECORDED | {"start_method": "forkserver", "gil_enabled": False}),
}
OWN = {("even", 250): [1.0] * 8, ("uneven", 250): [1.0] * 8}
CHUNKS: dict[str, tuple[Chunks | None, dict[str, Any]]] = {
    "ordinary": (None, {}),
    "its own alone": ({("even", 250): [1.0] * 8}, {}),
    "one round": ({("even", 250): [1.0], ("even", 1): [1.5]}, {}),
    "noise": (OWN | {("even", 1): spread(1.3, width=1.9)}, {}),
    "far slower": (OWN | {("even", 1): spread(12_345.6)}, {}),
    "one each by itself": (
        {(work, n): spread(1.0) for work in ("even", "uneven") for n in (1, 4, 5)}, {"tasks": 8},
    ),
    "one task": ({("even", 1): spread(1.0)}, {"tasks": 1, "workers": 1}),
    "one worker": ({("even", n): spread(1.0) for n in (1, 500)}, {"workers": 1}),
    "sixty workers": ({("even", n): spread(1.0) for n in (1, 9, 34)}, {"workers": 60}),
    "very many tasks": ({("even", n): spread(1.0) for n in (1, 125_000)}, {"tasks": 1_000_000}),
    "recorded": (None, RECORDED | {"start_method": "forkserver", "gil_enabled": False}),
}  # fmt: skip


def make_cases() -> list[Any]:
    cases: list[Any] = [
        pytest.param(draw_list_lengths, title_lengths, make_lengths, *case, id=f"lengths, {name}")
        for name, case in LENGTHS.items()
    ]
    return cases + [
        pytest.param(draw_chunksizes, title_chunks, make_chunks, *case, id=f"chunks, {name}")
        for name, case in CHUNKS.items()
    ]


def find_line(axes: Axes, **looks: object) -> Line2D:
    """Return the only line of some colour, marker or line style."""
    (found,) = [
        line
        for line in axes.lines
        if all(getattr(line, f"get_{name}")() == look for name, look in looks.items())
    ]
    return found


def list_intervals(axes: Axes) -> list[list[tuple[float, float]]]:
    """List the bars of each line's intervals, from and to."""
    drawn = []
    for container in axes.containers:
        assert isinstance(container, ErrorbarContainer)
        (bars,) = container.lines[2]
        ends = [np.asarray(path.vertices)[:, 1] for path in bars.get_paths()]
        drawn.append([(float(low), float(high)) for low, high in ends])
    return drawn


def list_tick_labels(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_xticklabels()]


def assert_apart(axes: Axes, texts: list[Text]) -> None:
    """Fail if two of the texts in or beside a plot touch, its ticks included."""
    figure = axes.get_figure()
    shown = [text for text in texts if figure is not None and text not in figure.texts]
    for one, other in combinations(shown, 2):
        is_apart = not one.get_window_extent().overlaps(other.get_window_extent())
        assert is_apart, f"{one.get_text()!r} touches {other.get_text()!r}"


# the whole picture


@pytest.mark.parametrize(("draw", "title_of", "make", "rounds", "facts"), make_cases())
def test_every_sweep_draws_without_a_warning_and_its_texts_are_true_and_whole(
    draw: Draw, title_of: Any, make: MakeTable, rounds: Any, facts: dict[str, Any]
) -> None:
    table = make(rounds, **facts)
    chart, texts = draw_strictly(draw, table)
    summary = summarise_lists(table)
    title, conditions = title_of(table, summary), describe_lists(table)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert chart.description.startswith(f"Chart. {title}. ")
    assert chart.description.endswith(f". Conditions: {conditions}.")
    assert not re.search(r"\bnan\b", chart.description)
    for row in summary.to_dict("records"):
        told = f"{row['work']} tasks by {row['chunksize']} {row['time_ratio']:.2f} ×, workers busy"
        if make is make_lengths:
            told = (
                f"{row['tasks']} tasks {100 * row['busy_share']:.1f} % "
                f"(ideal {100 * row['ideal_share']:.1f} %)"
            )
        assert told in chart.description
    assert_inside(texts, chart)
    assert_apart_from_the_heading(chart, texts)
    assert_apart(chart.axes[0], texts)


# lengths


def test_the_busy_shares_are_drawn_with_their_intervals_and_a_mark_for_each_round() -> None:
    table = make_lengths()
    axes = draw_list_lengths(table).axes[0]
    summary, look = summarise_lists(table), get_look("processes")
    line = find_line(axes, color=look.colour, marker=look.marker)
    assert read_across(line) == [1, 2, 3, 4]
    assert read_up(line) == pytest.approx(list(100 * summary["busy_share"]))
    (intervals,) = list_intervals(axes)
    expected = 100 * summary[["busy_share_low", "busy_share_high"]].to_numpy()
    assert np.ravel(intervals) == pytest.approx(expected.ravel())
    marks = find_line(axes, linestyle="None", marker=look.marker)
    assert read_across(marks) == table["tasks"].tolist()
    shares = 100 * table["busy_seconds"] / table["seconds"] / 2
    assert read_up(marks) == pytest.approx(shares.tolist())


def test_without_any_overhead_is_a_dashed_sawtooth() -> None:
    axes = draw_list_lengths(make_lengths()).axes[0]
    ideal = find_line(axes, color=SOFT_INK)
    assert ideal.get_linestyle() == "--"
    assert read_across(ideal) == [1, 2, 3, 4]
    assert read_up(ideal) == pytest.approx([50, 100, 75, 100], rel=1e-4)
    names = {text.get_text(): text.xy for text in axes.texts}  # type: ignore[attr-defined]
    assert list(names) == ["measured", "without any\noverhead"]
    assert names["without any\noverhead"] == pytest.approx((4, 100), rel=1e-4)


def test_few_lengths_each_have_a_tick_and_many_some() -> None:
    few, many = (make_lengths(LENGTHS[case][0]) for case in ("ordinary", "many"))
    axes = draw_list_lengths(few).axes[0]
    assert axes.get_xticks().tolist() == [1, 2, 3, 4]
    assert list_tick_labels(axes) == ["1", "2", "3", "4"]
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] >= 100
    some = draw_list_lengths(many).axes[0].get_xticks().tolist()
    assert some[0] == 1
    assert 5 < len(some) < 20
    assert set(some) <= set(many["tasks"])


def test_below_six_rounds_no_interval_is_drawn() -> None:
    for draw, table in (
        (draw_list_lengths, make_lengths(LENGTHS["one round"][0])),
        (draw_chunksizes, make_chunks(CHUNKS["one round"][0])),
    ):
        (intervals,) = list_intervals(draw(table).axes[0])
        assert all(low == high for low, high in intervals)


# chunks


def test_even_and_uneven_tasks_have_a_line_each_with_its_intervals() -> None:
    table = make_chunks()
    axes = draw_chunksizes(table).axes[0]
    summary = summarise_lists(table)
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["even tasks", "uneven tasks"]
    for work, intervals in zip(("even", "uneven"), list_intervals(axes), strict=True):
        rows = summary[summary["work"] == work]
        (container,) = [one for one in axes.containers if one.get_label() == f"{work} tasks"]
        line = container[0]
        assert read_across(line) == [1, 250, 1_000]
        assert read_up(line) == pytest.approx(rows["time_ratio"].tolist())
        expected = rows[["time_ratio_low", "time_ratio_high"]].to_numpy()
        assert np.ravel(intervals) == pytest.approx(expected.ravel())
    colours = {container[0].get_color() for container in axes.containers}
    styles = {container[0].get_linestyle() for container in axes.containers}
    markers = {container[0].get_marker() for container in axes.containers}
    assert len(colours) == len(styles) == len(markers) == 2


def test_the_pool_s_own_size_and_its_time_are_marked() -> None:
    axes = draw_chunksizes(make_chunks()).axes[0]
    lines = [(read_across(line), read_up(line)) for line in axes.lines]
    assert ([250, 250], [0, 1]) in lines  # from the bottom of the plot to its top
    assert ([0, 1], [1, 1]) in lines  # from its left to its right
    assert "the pool's own: 250" in [text.get_text() for text in axes.texts]


def test_the_sizes_are_labelled_in_full_on_a_logarithmic_axis() -> None:
    chart, _ = draw_strictly(draw_chunksizes, make_chunks())
    axes = chart.axes[0]
    assert axes.get_xscale() == "log"
    assert list_tick_labels(axes) == ["1", "250", "1,000"]
    low, high = axes.get_ylim()
    assert low == 0
    assert high > 1.5 * 1.01


# as every chart


DRAWINGS = [
    pytest.param(draw_list_lengths, make_lengths, id="lengths"),
    pytest.param(draw_chunksizes, make_chunks, id="chunks"),
]


@pytest.mark.parametrize(("draw", "make"), DRAWINGS)
def test_a_recorded_run_says_so_in_the_picture_and_the_description(
    draw: Draw, make: MakeTable
) -> None:
    chart = draw(make(recorded_on="a laptop"))
    assert all(text.get_text().startswith("Recorded ") for text in chart.texts)
    assert chart.description.startswith("Chart. Recorded run: ")
    assert "a laptop" in chart.description


@pytest.mark.parametrize(("draw", "make"), DRAWINGS)
def test_drawing_leaves_the_table_as_it_is_and_draws_the_same_again(
    draw: Draw, make: MakeTable
) -> None:
    table = make()
    before = table.copy(deep=True)
    assert draw_png(draw(table)) == draw_png(draw(table))
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(("draw", "make"), DRAWINGS)
def test_the_door_to_the_charts_leads_here(draw: Draw, make: MakeTable) -> None:
    (chart,) = draw_each(make())
    assert chart.description == draw(make()).description


@pytest.mark.parametrize(("draw", "make"), DRAWINGS)
def test_a_table_of_another_kind_is_refused(
    draw: Draw, make: MakeTable, make_run: TableMaker
) -> None:
    both = pd.concat([make(run_id="one"), make(run_id="two")], ignore_index=True)
    lacking = make().drop(columns="run_id")
    for bad in (None, pd.DataFrame(), both, make_run(), make_map(), make_arrivals(), lacking):
        with pytest.raises(ResultsError):
            draw(bad)  # type: ignore[arg-type]
