import re
from functools import cache
from typing import Any, NamedTuple

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from gil_demo.checks import ResultsError
from gil_demo.costs.start_up import (
    describe_start_up,
    draw_start_up,
    summarise_start_up,
    title_start_up,
)
from gil_demo.drawing.style import Chart, draw_png, get_look
from gil_demo.tables.kinds import draw_each
from gil_demo.tables.schema import list_rows
from tests.conftest import TableMaker
from tests.costs.test_start_up_finding import CASES as TOLD
from tests.costs.test_start_up_finding import FORK
from tests.made.costs import Starts, make_starts, make_weights
from tests.pool.test_lists import assert_apart
from tests.race.test_speed_chart import assert_inside, list_bars, read_across
from tests.turns.test_chart import assert_apart_from_the_heading, draw_strictly

RECORDED = {"recorded_on": "a 12-core desktop of a university's computer room, 2026-11-22"}
STRAY: Starts = {
    FORK: ([0.01] * 7 + [9.0], [0.01] * 8),
    ("spawn", "nothing"): ([0.1] * 6 + [8.0, 30.0], [0.01] * 8),
}
CASES: dict[str, tuple[Starts, dict[str, Any]]] = {
    **TOLD,
    "stray rounds": (STRAY, {}),
    "a long tear-down": ({FORK: ([0.01] * 8, [5.0] * 8)}, {}),
    "recorded": (TOLD["three methods"][0], RECORDED | {"workers": 64, "gil_enabled": False}),
}


class Drawn(NamedTuple):
    """A chart with the table that it shows, what that sums up to, and the texts that are seen."""

    table: pd.DataFrame
    summary: pd.DataFrame
    chart: Chart
    texts: list[Text]


@cache
def draw_case(case: str) -> Drawn:
    starts, facts = CASES[case]
    table = make_starts(starts, **facts)
    return Drawn(table, summarise_start_up(table), *draw_strictly(draw_start_up, table))


def list_started(axes: Axes) -> list[Rectangle]:
    return [bar for bar in list_bars(axes) if not bar.get_hatch()]


@pytest.mark.parametrize("case", CASES)
def test_every_table_draws_without_a_warning_and_its_texts_are_true_and_whole(case: str) -> None:
    table, summary, chart, texts = draw_case(case)
    title, conditions = title_start_up(table, summary), describe_start_up(table)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert chart.description.startswith(f"Chart. {title}. ")
    assert chart.description.endswith(f". Conditions: {conditions}.")
    assert not re.search(r"\bnan\b|\de[+-]\d", chart.description)
    for row in list_rows(summary):
        name = row.start_method if row.loads == "nothing" else f"{row.start_method}, with pandas"
        told = f"{1000 * row.start_up_seconds:.1f} ms, "
        told += f"tear-down {1000 * row.tear_down_seconds:.1f} ms"
        assert f"{name} {told}" in chart.description
    assert_inside(texts, chart)
    assert_apart_from_the_heading(chart, texts)
    assert_apart(chart.axes[0], texts)


@pytest.mark.parametrize("case", ["ordinary", "one round, one worker", "stray rounds", "a day"])
def test_bars_start_at_zero_and_are_as_long_as_the_medians(case: str) -> None:
    _, summary, chart, _ = draw_case(case)
    axes = chart.axes[0]
    assert axes.get_xlim()[0] == 0
    started = list_started(axes)
    assert [bar.get_x() for bar in started] == [0] * len(summary)
    expected = (1000 * summary["start_up_seconds"]).tolist()
    assert [bar.get_width() for bar in started] == pytest.approx(expected)
    gone = [bar for bar in list_bars(axes) if bar.get_hatch()]
    assert [bar.get_x() for bar in gone] == pytest.approx(expected)
    assert [bar.get_width() for bar in gone] == pytest.approx(
        (1000 * summary["tear_down_seconds"]).tolist()
    )


@pytest.mark.parametrize("case", ["ordinary", "three methods", "one method"])
def test_each_bar_is_named_and_has_a_mark_for_each_of_its_rounds(case: str) -> None:
    table, summary, chart, _ = draw_case(case)
    axes = chart.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [
        row.start_method if row.loads == "nothing" else f"{row.start_method}, with pandas"
        for row in list_rows(summary)
    ]
    for line, row in zip(axes.lines, list_rows(summary), strict=True):
        own = table[(table["start_method"] == row.start_method) & (table["loads"] == row.loads)]
        assert read_across(line) == pytest.approx((1000 * own["start_up_seconds"]).tolist())
        assert line.get_marker() == get_look("processes").marker


def test_stray_rounds_do_not_squeeze_the_bars_and_are_counted() -> None:
    chart = draw_case("stray rounds").chart
    axes = chart.axes[0]
    longest = max(bar.get_x() + bar.get_width() for bar in list_bars(axes))
    assert longest > 0.8 * axes.get_xlim()[1]
    assert axes.get_xlabel().endswith("; three marks further right")


@pytest.mark.parametrize("case", ["ordinary", "noise", "one round, one worker"])
def test_where_all_marks_are_seen_none_is_counted_as_missing(case: str) -> None:
    table, _, chart, _ = draw_case(case)
    assert 1000 * table["start_up_seconds"].max() <= chart.axes[0].get_xlim()[1]
    assert "further" not in chart.axes[0].get_xlabel()


def test_a_recorded_run_says_so_in_the_picture_and_the_description() -> None:
    chart = draw_case("recorded").chart
    assert all(text.get_text().startswith("Recorded ") for text in chart.texts)
    assert chart.description.startswith("Chart. Recorded run: ")


def test_drawing_leaves_the_settings_and_the_table_and_draws_the_same_again() -> None:
    table = make_starts()
    before = (dict(mpl.rcParams), table.copy(deep=True))
    assert draw_png(draw_start_up(table)) == draw_png(draw_start_up(table))
    assert dict(mpl.rcParams) == before[0]
    pd.testing.assert_frame_equal(table, before[1])


def test_the_door_to_the_charts_leads_here() -> None:
    (chart,) = draw_each(make_starts())
    assert chart.description == draw_case("ordinary").chart.description


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    twice = pd.concat([make_starts(), make_starts(run_id="two")], ignore_index=True)
    loaded = make_starts()
    for bad in (
        *(None, pd.DataFrame(), make_run(), make_weights(), twice),
        loaded[loaded["loads"] == "pandas"],
    ):
        with pytest.raises(ResultsError):
            draw_start_up(bad)  # type: ignore[arg-type]
