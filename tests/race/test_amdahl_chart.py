import math
import re
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

from gil_demo.checks import ResultsError
from gil_demo.drawing.style import Chart, draw_png, get_look
from gil_demo.measuring.fits import compute_speed_up
from gil_demo.measuring.runs import summarise
from gil_demo.race.comparison import describe_conditions
from gil_demo.race.scaling import draw_amdahl, summarise_scaling, title_amdahl
from gil_demo.tables.schema import list_rows
from gil_demo.words import count_in_words
from tests.conftest import TableMaker, spread
from tests.made.costs import make_starts
from tests.pool.test_lists import assert_apart
from tests.race.test_amdahl_finding import CASES as TOLD
from tests.race.test_amdahl_finding import STUCK, Ratios, make_scaling, share_out
from tests.race.test_speed_chart import assert_inside, read_across, read_up
from tests.turns.test_chart import assert_apart_from_the_heading, draw_strictly

RECORDED = {"recorded_on": "a 12-core desktop of a university's computer room, 2026-11-22"}
IDLE = {"busy_percent": 0.0}
LIKE_NEIGHBOURS = {"usable_cores": 63, "logical_cores": 64, "physical_cores": 62}
TOO_ALIKE_TO_DRAW = ("exactly none", "nearly all", "a third", "without the GIL", "recorded")
CASES: dict[str, tuple[Ratios, dict[str, Any]]] = {
    **{name: case for name, case in TOLD.items() if name not in TOO_ALIKE_TO_DRAW},
    "numbers of cores close to each other": (
        share_out(0.99, (1, 2, 62, 63, 64), 62), LIKE_NEIGHBOURS | IDLE,
    ),
    "a small quota of many cores": (
        share_out(0.9, (1, 2, 3, 4, 16), 3),
        {"usable_cores": 3, "logical_cores": 16, "physical_cores": 8, "cores_limited_by": "quota"},
    ),
    "64 workers on two cores": (
        share_out(0.9, (1, 64), 2), {"usable_cores": 2, "physical_cores": 2},
    ),
    "limits close to each other": (
        {**share_out(0.9), **share_out(0.91, runner="threads")}, {"gil_enabled": False},
    ),
    "noise": ({key: spread(0.7, width=1.8) for key in STUCK}, {}),
    "very slow": ({("threads", 2): spread(80.0), ("processes", 2): spread(9.0)}, {}),
    "recorded": (
        {**STUCK, **share_out(0.95)}, RECORDED | {"count": 10**10, "start_method": "spawn"},
    ),
}  # fmt: skip


class Drawn(NamedTuple):
    """A chart with the table that it shows, what that sums up to, and the texts that are seen."""

    table: pd.DataFrame
    summary: pd.DataFrame
    fits: pd.DataFrame
    chart: Chart
    texts: list[Text]


@cache
def sum_up(case: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Make the table of a case and what it sums up to, once for all tests that look at it."""
    ratios, facts = CASES[case]
    table = make_scaling(ratios, **facts)
    return table, summarise(table), summarise_scaling(table)


@cache
def _draw(case: str, part: float | None) -> tuple[Chart, list[Text]]:
    return draw_strictly(lambda one: draw_amdahl(one, part), sum_up(case)[0])


def draw_case(case: str, part: float | None = None) -> Drawn:
    return Drawn(*sum_up(case), *_draw(case, part))


def list_curves(axes: Axes) -> dict[str, list[float]]:
    """Give each named line of a plot the heights that it runs through."""
    named = {str(line.get_label()): read_up(line) for line in axes.lines}
    return {name: ups for name, ups in named.items() if not name.startswith("_")}


def list_legend(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize(
    ("case", "part"),
    [
        *[(case, None) for case in CASES],
        *[("ordinary", part) for part in (0.0, 0.5, 0.9, 0.995, 1.0)],
        *[(case, 0.9) for case in ("the plain loop alone", "busy", "limits close to each other")],
    ],
)
def test_every_table_draws_without_a_warning_and_its_texts_are_true_and_whole(
    case: str, part: float | None
) -> None:
    table, summary, fits, chart, texts = draw_case(case, part)
    title, conditions = title_amdahl(table, fits, part), describe_conditions(table)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert chart.description.startswith(f"Chart. {title}. ")
    assert chart.description.endswith(f" Conditions: {conditions}.")
    assert not re.search(r"\bnan\b|\binf\b|\de[+-]\d|\b1 workers", chart.description)
    for row in list_rows(summary):
        if row.runner != "sequential":
            workers = count_in_words(int(row.workers), "worker", "workers")
            assert f"{workers} {row.speed_up:.2f}" in chart.description
    assert_inside(texts, chart)
    assert_apart_from_the_heading(chart, texts)
    assert_apart(chart.axes[0], texts)


@pytest.mark.parametrize("case", ["ordinary", "one round", "noise", "64 workers", "very slow"])
def test_what_was_measured_is_marked_with_its_intervals_from_a_baseline_of_zero(case: str) -> None:
    _, summary, fits, chart, _ = draw_case(case)
    axes = chart.axes[0]
    assert axes.get_ylim()[0] == 0
    for container, runner in zip(axes.containers, fits["runner"], strict=True):
        rows = summary[summary["runner"] == runner]
        marks, _, (bars,) = container.lines  # type: ignore[attr-defined]
        assert marks.get_color() == get_look(runner).colour
        assert read_across(marks) == rows["workers"].tolist()
        assert read_up(marks) == pytest.approx(rows["speed_up"].tolist())
        ends = np.ravel([np.asarray(path.vertices)[:, 1] for path in bars.get_paths()])
        middles = rows["speed_up"].to_numpy().astype(float)[:, None]
        known = rows[["speed_up_low", "speed_up_high"]].to_numpy().astype(float)
        assert ends == pytest.approx(np.where(np.isnan(known), middles, known).ravel())
        assert ends.max() < axes.get_ylim()[1]


def test_the_law_bends_at_the_cores_on_the_left_and_goes_on_to_256_on_the_right() -> None:
    _, _, fits, chart, _ = draw_case("64 workers on two cores")
    (row,) = list_rows(fits)
    left, right = chart.axes
    colour = get_look("processes").colour
    law = next(line for line in left.lines if read_across(line) == [*range(1, 65)])
    assert law.get_color() == colour
    expected = [compute_speed_up(row.parallel_part, min(workers, 2)) for workers in range(1, 65)]
    assert read_up(law) == pytest.approx(expected)
    ((name, ups),) = list_curves(right).items()
    assert name == f"processes: limit {row.limit:.3g} ×"
    assert ups[-1] == pytest.approx(compute_speed_up(row.parallel_part, 256))
    assert right.get_xlim() == (1, 256)


def test_the_right_plot_shows_the_interval_of_the_fit_and_its_limit() -> None:
    _, _, fits, chart, _ = draw_case("ordinary")
    right = chart.axes[1]
    row = list_rows(fits)[0]
    band = right.collections[0].get_paths()[0].get_extents()
    assert band.y1 == pytest.approx(compute_speed_up(row.parallel_high, 256))
    limits = [read_up(line)[0] for line in right.lines if read_up(line)[0] == read_up(line)[-1]]
    assert any(height == pytest.approx(row.limit) for height in limits)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.9, 0.995, 1.0])
def test_a_chosen_part_is_drawn_beside_the_fit_and_named_with_its_limit(part: float) -> None:
    chart = draw_case("ordinary", part).chart
    name, ups = [*list_curves(chart.axes[1]).items()][-1]
    assert name.startswith(f"if {100 * part:.1f} % is shared out")
    assert ups[-1] == pytest.approx(compute_speed_up(part, 256))
    limit = math.inf if part == 1 else 1 / (1 - part)
    assert ("limit" in name) == (1.5 < limit < 256)
    assert len(list_legend(chart.axes[1])) == 3


def test_a_chosen_part_is_drawn_where_nothing_else_is() -> None:
    for case in ("busy", "the plain loop alone"):
        curves = list_curves(draw_case(case, 0.9).chart.axes[1])
        assert list(curves) == ["if 90.0 % is shared out: limit 10 ×"]


@pytest.mark.parametrize("case", ["one core", "busy", "five rounds", "one round"])
def test_what_the_run_does_not_carry_is_not_drawn(case: str) -> None:
    chart = draw_case(case).chart
    assert not list_curves(chart.axes[1])
    assert not chart.axes[1].collections
    assert "parallel part" not in chart.description


def test_the_description_tells_the_parts_with_their_intervals() -> None:
    _, _, fits, chart, _ = draw_case("ordinary")
    for row in list_rows(fits):
        ends = f"{100 * row.parallel_low:.1f} % to {100 * row.parallel_high:.1f} %"
        assert f"parallel part {100 * row.parallel_part:.1f} % ({ends})" in chart.description


@pytest.mark.parametrize(
    ("case", "labels"),
    [
        ("ordinary", ["4 physical = usable = logical"]),
        ("numbers of cores close to each other", ["62 physical, 63 usable, 64 logical"]),
        ("a small quota of many cores", ["3 usable", "8 physical", "16 logical"]),
        ("unknown physical cores", ["4 usable = logical"]),
        ("one core", ["1 usable", "4 physical = logical"]),
        ("one worker", []),
    ],
)
def test_the_numbers_of_cores_are_marked_and_named(case: str, labels: list[str]) -> None:
    axes = draw_case(case).chart.axes[0]
    assert [text.get_text() for text in axes.texts] == labels
    marked = {read_across(line)[0] for line in axes.lines if line.get_linestyle() == ":"}
    assert marked == {int(number) for label in labels for number in re.findall(r"\d+", label)}


def test_the_workers_have_whole_numbers_on_their_axis() -> None:
    for case in CASES:
        ticks = draw_case(case).chart.axes[0].get_xticks()
        assert all(tick == round(tick) for tick in ticks), case


@pytest.mark.parametrize("case", ["limits close to each other", "ordinary"])
def test_the_lines_of_a_legend_do_not_touch(case: str) -> None:
    for axes in draw_case(case, 0.9).chart.axes:
        legend = axes.get_legend()
        assert legend is not None
        boxes = [text.get_window_extent() for text in legend.get_texts()]
        assert all(upper.y0 >= lower.y1 - 2 for upper, lower in pairwise(boxes))


@pytest.mark.parametrize(
    ("part", "error"),
    [
        *[(part, ValueError) for part in (-0.01, 1.01, math.nan, math.inf, -math.inf)],
        *[(part, TypeError) for part in ("0.5", True, [0.5], 0.5j)],
    ],
)
def test_another_parallel_part_is_refused(part: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="parallel_part must be a number from 0 to 1, not "):
        draw_amdahl(draw_case("ordinary").table, part)


def test_a_recorded_run_says_so_in_the_picture_and_the_description() -> None:
    for part in (None, 0.9):
        chart = draw_case("recorded", part).chart
        assert all(text.get_text().startswith("Recorded ") for text in chart.texts)
        assert chart.description.startswith("Chart. Recorded run: ")


def test_drawing_leaves_the_settings_and_the_table_and_draws_the_same_again() -> None:
    table = draw_case("ordinary").table
    before = (dict(mpl.rcParams), table.copy(deep=True))
    assert draw_png(draw_amdahl(table, 0.5)) == draw_png(draw_amdahl(table, 0.5))
    assert dict(mpl.rcParams) == before[0]
    pd.testing.assert_frame_equal(table, before[1])


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    table = draw_case("ordinary").table
    twice = pd.concat([table, table.assign(run_id="two")], ignore_index=True)
    bad: Any
    for bad in (None, pd.DataFrame(), make_starts(), twice, table[table["runner"] == "threads"]):
        with pytest.raises(ResultsError):
            draw_amdahl(bad, 0.5)
    assert draw_amdahl(make_run()).description
