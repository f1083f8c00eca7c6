import re
from functools import cache
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from gil_demo.checks import ResultsError
from gil_demo.costs.break_even import (
    describe_break_even,
    draw_break_even,
    summarise_break_even,
    summarise_lengths,
    title_break_even,
)
from gil_demo.drawing.style import SOFT_INK, Chart, draw_png, get_look
from gil_demo.tables.kinds import draw_each
from gil_demo.tables.schema import list_rows
from gil_demo.words import state_seconds
from tests.conftest import TableMaker
from tests.costs.test_break_even_finding import CASES as TOLD
from tests.made.costs import ORDINARY_LAWS, ORDINARY_POOLS, STEPS, Law, make_lengths, make_starts
from tests.pool.test_lists import assert_apart
from tests.race.test_speed_chart import assert_inside, read_across, read_up
from tests.turns.test_chart import assert_apart_from_the_heading, draw_strictly

RECORDED = {"recorded_on": "a 12-core desktop of a university's computer room, 2026-11-22"}
TOO_ALIKE_TO_DRAW = ("one task", "two lengths", "alike", "always when kept", "recorded")
CASES: dict[str, dict[str, Any]] = {
    **{name: case for name, case in TOLD.items() if name not in TOO_ALIKE_TO_DRAW},
    "three methods": {
        "laws": {**ORDINARY_LAWS, ("processes", "forkserver"): Law(4e-4, 2.1e-8)},
        "pools": {**ORDINARY_POOLS, "forkserver": (0.03, 0.02)},
    },
    "crossings close to each other": {"pools": {"fork": (1e-4, 1e-5), "spawn": (1e-4, 1e-5)}},
    "a crossing beyond the longest task": {"steps": STEPS[:4]},
    "a crossing at the shortest task": {"steps": [step for step in STEPS if step > 20_000]},
    "within a power of ten": {"steps": (1_500_000, 2_000_000, 3_000_000)},
    "recorded": RECORDED | {"gil_enabled": False},
}


class Drawn(NamedTuple):
    """A chart with the table that it shows, what that sums up to, and the texts that are seen."""

    table: pd.DataFrame
    summary: pd.DataFrame
    crossings: pd.DataFrame
    chart: Chart
    texts: list[Text]


@cache
def draw_case(case: str) -> Drawn:
    table = make_lengths(**CASES[case])
    sums = summarise_lengths(table), summarise_break_even(table)
    return Drawn(table, *sums, *draw_strictly(draw_break_even, table))


def select_marked(crossings: pd.DataFrame) -> pd.DataFrame:
    return crossings[(crossings["rival"] == "sequential") & (crossings["reason"] == "")]


def list_upright(axes: Axes) -> list[float]:
    """List where dashed lines stand from the bottom of a panel to its top."""
    return [
        read_across(line)[0]
        for line in axes.lines
        if line.get_color() == SOFT_INK and read_up(line) == [0, 1]
    ]


@pytest.mark.parametrize("case", CASES)
def test_every_table_draws_without_a_warning_and_its_texts_are_true_and_whole(case: str) -> None:
    table, _, crossings, chart, texts = draw_case(case)
    title, conditions = title_break_even(table, crossings), describe_break_even(table)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert chart.description.startswith(f"Chart. {title}. ")
    assert chart.description.endswith(f". Conditions: {conditions}.")
    assert not re.search(r"\bnan\b|\de[+-]\d", chart.description)
    assert_inside(texts, chart)
    assert_apart_from_the_heading(chart, texts)
    assert_apart(chart.axes[0], texts)


@pytest.mark.parametrize("case", ["ordinary", "threads win", "never", "five rounds", "recorded"])
def test_the_description_tells_every_crossing_or_why_there_is_none(case: str) -> None:
    _, _, crossings, chart, _ = draw_case(case)
    for row in list_rows(crossings):
        rival = "the plain loop" if row.rival == "sequential" else "threads"
        told = row.reason.split(":")[0] or f"{1000 * row.crossing_seconds:.2f} ms ("
        assert f"{row.start_method}, {row.pool}, against {rival}: {told}" in chart.description


def test_the_description_tells_what_the_longest_tasks_took() -> None:
    summary, chart = draw_case("one method").summary, draw_case("one method").chart
    longest = list_rows(summary[summary["steps"] == summary["steps"].max()])
    names = ("cold pool by fork", "pool kept open by fork", "plain loop", "threads")
    for row, name in zip(longest, names, strict=True):
        assert f"{name} {row.seconds:.4f} s" in chart.description


@pytest.mark.parametrize("case", ["ordinary", "one method", "no threads", "three methods"])
def test_there_is_a_panel_for_each_start_method_with_a_line_for_each_way(case: str) -> None:
    _, summary, crossings, chart, _ = draw_case(case)
    methods = sorted(set(crossings["start_method"]))
    panels = chart.axes
    assert [axes.get_title(loc="left") for axes in panels] == [f"by {name}" for name in methods]
    for axes, method in zip(panels, methods, strict=True):
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        lines = {str(line.get_label()): line for line in axes.lines}
        for runner, pool, name in (
            ("sequential", "", "plain loop"),
            ("threads", "", "threads"),
            ("processes", "cold", "cold pool"),
            ("processes", "kept open", "pool kept open"),
        ):
            rows = summary[(summary["runner"] == runner) & (summary["pool"] == pool)]
            own = rows[rows["start_method"].isin(["", method])]
            if own.empty:
                assert name not in lines
                continue
            assert lines[name].get_color() == get_look(runner).colour
            assert read_across(lines[name]) == pytest.approx(own["task_seconds"].tolist())
            assert read_up(lines[name]) == pytest.approx(own["seconds"].tolist())


@pytest.mark.parametrize("case", CASES)
def test_nothing_that_was_measured_is_cut_off_and_both_axes_have_numbers(case: str) -> None:
    summary, chart = draw_case(case).summary, draw_case(case).chart
    for axes in chart.axes:
        across, up = axes.get_xlim(), axes.get_ylim()
        assert across[0] < summary["task_seconds"].min()
        assert summary["task_seconds"].max() < across[1]
        assert up[0] < summary["seconds_low"].min()
        assert summary["seconds_high"].max() < up[1]
    axes = chart.axes[0]
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        assert sum(low <= tick.get_loc() <= high for tick in axis.get_major_ticks()) >= 2


@pytest.mark.parametrize(
    "case",
    [
        *("ordinary", "three methods", "kept alone", "a crossing beyond the longest task"),
        *("crossings close to each other", "threads win", "never", "always"),
    ],
)
def test_crossings_with_the_plain_loop_are_marked_with_interval_and_label(case: str) -> None:
    _, _, crossings, chart, _ = draw_case(case)
    methods = sorted(set(crossings["start_method"]))
    for axes, method in zip(chart.axes, methods, strict=True):
        own = select_marked(crossings[crossings["start_method"] == method])
        assert list_upright(axes) == pytest.approx(own["crossing_seconds"].tolist())
        bands = [
            (band.get_x(), band.get_x() + band.get_width())
            for band in axes.patches
            if isinstance(band, Rectangle)
        ]
        expected = own[["crossing_low", "crossing_high"]].to_numpy()
        assert np.ravel(bands) == pytest.approx(expected.ravel())
        labels = [text.get_text() for text in axes.texts]
        assert labels == [state_seconds(row.crossing_seconds) for row in list_rows(own)]
        assert all(axes.get_xlim()[0] < end < axes.get_xlim()[1] for end in list_upright(axes))


def test_beyond_the_longest_task_the_fitted_lines_go_on_to_the_crossing() -> None:
    _, summary, crossings, chart, _ = draw_case("a crossing beyond the longest task")
    (furthest,) = select_marked(crossings).query("pool == 'cold'")["crossing_seconds"]
    assert furthest > summary["task_seconds"].max()
    loop, cold, _ = (line for line in chart.axes[0].lines if line.get_linestyle() == ":")
    assert read_across(loop) == read_across(cold)
    assert read_across(loop)[1] > furthest
    assert read_up(loop)[0] < read_up(cold)[0]
    assert read_up(loop)[1] > read_up(cold)[1]


@pytest.mark.parametrize("case", ["ordinary", "one length", "never"])
def test_within_what_was_measured_no_line_goes_on(case: str) -> None:
    for axes in draw_case(case).chart.axes:
        assert ":" not in {line.get_linestyle() for line in axes.lines}


@pytest.mark.parametrize("case", ["one core", "busy", "five rounds", "one round"])
def test_what_the_run_does_not_carry_is_not_marked(case: str) -> None:
    chart = draw_case(case).chart
    for axes in chart.axes:
        assert not list_upright(axes)
        assert not axes.patches
        assert not axes.texts
    assert "ms (" not in chart.description


def test_a_recorded_run_says_so_in_the_picture_and_the_description() -> None:
    chart = draw_case("recorded").chart
    assert all(text.get_text().startswith("Recorded ") for text in chart.texts)
    assert chart.description.startswith("Chart. Recorded run: ")


def test_drawing_leaves_the_settings_and_the_table_and_draws_the_same_again() -> None:
    table = make_lengths()
    before = (dict(mpl.rcParams), table.copy(deep=True))
    assert draw_png(draw_break_even(table)) == draw_png(draw_break_even(table))
    assert dict(mpl.rcParams) == before[0]
    pd.testing.assert_frame_equal(table, before[1])


def test_the_door_to_the_charts_leads_here() -> None:
    (chart,) = draw_each(make_lengths())
    assert chart.description == draw_case("ordinary").chart.description


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    table = make_lengths()
    twice = pd.concat([table, table.assign(run_id="two")], ignore_index=True)
    without = [table[table["runner"] != name] for name in ("sequential", "processes")]
    bad: Any
    for bad in (None, pd.DataFrame(), make_run(), make_starts(), twice, *without):
        with pytest.raises(ResultsError):
            draw_break_even(bad)
