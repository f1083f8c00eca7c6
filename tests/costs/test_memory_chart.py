import re
from functools import cache
from typing import Any, NamedTuple

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.text import Text

from gil_demo.checks import ResultsError
from gil_demo.costs.memory import (
    describe_memory,
    draw_memory,
    name_deed,
    summarise_memory,
    title_memory,
)
from gil_demo.drawing.style import INK, Chart, draw_png
from gil_demo.tables.kinds import draw_each
from gil_demo.tables.schema import list_rows
from tests.conftest import TableMaker
from tests.costs.test_memory_finding import CASES as TOLD
from tests.made.costs import LARGE, MEGABYTE, ORDINARY_WEIGHTS, Weights, make_starts, make_weights
from tests.pool.test_lists import assert_apart
from tests.race.test_speed_chart import assert_inside, list_bars, read_across
from tests.turns.test_chart import assert_apart_from_the_heading, draw_strictly

RECORDED = {"recorded_on": "a 12-core desktop of a university's computer room, 2026-11-22"}
THREE: Weights = {
    **ORDINARY_WEIGHTS,
    **{
        ("forkserver", parent, deed): weights
        for (method, parent, deed), weights in ORDINARY_WEIGHTS.items()
        if method == "spawn"
    },
}
TOO_ALIKE_TO_DRAW = ("one core", "busy", "less after reading", "a byte", "recorded")
CASES: dict[str, tuple[Weights, dict[str, Any]]] = {
    **{name: case for name, case in TOLD.items() if name not in TOO_ALIKE_TO_DRAW},
    "three methods": (THREE, {}),
    "three methods beside a table": ({key: of for key, of in THREE.items() if key[1] == LARGE}, {}),
    "a fork server's first situation missing": (
        {key: of for key, of in THREE.items() if key[:2] != ("forkserver", "small")}, {},
    ),
    "noise": (
        {key: ([own[0], 9 * own[0]], both) for key, (own, both) in ORDINARY_WEIGHTS.items()}, {},
    ),
    "a table as large as the largest worker": (ORDINARY_WEIGHTS, {"table_bytes": 56 * MEGABYTE}),
    "recorded": (ORDINARY_WEIGHTS, RECORDED | {"gil_enabled": False}),
}  # fmt: skip


class Drawn(NamedTuple):
    """A chart with the table that it shows, what that sums up to, and the texts that are seen."""

    table: pd.DataFrame
    summary: pd.DataFrame
    chart: Chart
    texts: list[Text]


@cache
def draw_case(case: str) -> Drawn:
    weights, facts = CASES[case]
    table = make_weights(weights, **facts)
    return Drawn(table, summarise_memory(table), *draw_strictly(draw_memory, table))


@pytest.mark.parametrize("case", CASES)
def test_every_table_draws_without_a_warning_and_its_texts_are_true_and_whole(case: str) -> None:
    table, summary, chart, texts = draw_case(case)
    title, conditions = title_memory(table, summary), describe_memory(table)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert chart.description.startswith(f"Chart. {title}. ")
    assert chart.description.endswith(f". Conditions: {conditions}.")
    assert not re.search(r"\bnan\b|\de[+-]\d", chart.description)
    for row in list_rows(summary):
        name = f"{row.start_method}, {name_deed(row.parent, row.deed)}"
        assert f"{name}: {row.unique_bytes / 1e6:.1f} MB" in chart.description
    assert_inside(texts, chart)
    assert_apart_from_the_heading(chart, texts)
    assert_apart(chart.axes[0], texts)


@pytest.mark.parametrize("case", ["ordinary", "one worker", "noise", "three methods"])
def test_bars_start_at_zero_and_bear_the_medians_and_the_spread(case: str) -> None:
    _, summary, chart, _ = draw_case(case)
    axes = chart.axes[0]
    assert axes.get_xlim()[0] == 0
    assert axes.get_xlim()[1] > summary["unique_high"].max() / 1e6
    bars = list_bars(axes)
    assert [bar.get_x() for bar in bars] == [0] * len(summary)
    assert [bar.get_width() for bar in bars] == pytest.approx(
        (summary["unique_bytes"] / 1e6).tolist()
    )
    hatched = [bool(bar.get_hatch()) for bar in bars]
    assert hatched == (summary["parent"] != "small").tolist()
    ends = [read_across(line) for line in axes.lines if line.get_color() == INK]
    expected = (summary[["unique_low", "unique_high"]] / 1e6).to_numpy().tolist()
    assert len(ends) == len(expected)
    for end, own in zip(ends, expected, strict=True):
        assert end == pytest.approx(own)


@pytest.mark.parametrize("case", CASES)
def test_each_start_method_is_named_once_beside_its_first_bar(case: str) -> None:
    _, summary, chart, _ = draw_case(case)
    axes = chart.axes[0]
    first = ~summary.duplicated("start_method")
    places = dict(zip(summary["start_method"][first], axes.get_yticks()[first], strict=True))
    named = {
        text.get_text(): text.xy[1]  # type: ignore[attr-defined]
        for text in axes.texts
        if text.get_text() in set(summary["start_method"])
    }
    assert named == places


@pytest.mark.parametrize(
    ("case", "is_marked"),
    [
        ("ordinary", True),
        ("a small table", True),
        ("a table as large as the largest worker", True),
        ("a huge table", False),
        ("one worker", False),
    ],
)
def test_the_size_of_the_table_is_marked_where_it_has_a_place(case: str, is_marked: bool) -> None:
    table, _, chart, _ = draw_case(case)
    axes = chart.axes[0]
    told = [text for text in axes.texts if text.get_text() == "size of the parent's table"]
    assert bool(told) == is_marked
    size = table["table_bytes"].iloc[0] / 1e6
    lines = [line for line in axes.lines if read_across(line) == [size, size]]
    assert bool(lines) == is_marked
    assert not is_marked or size <= axes.get_xlim()[1]


def test_a_recorded_run_says_so_in_the_picture_and_the_description() -> None:
    chart = draw_case("recorded").chart
    assert all(text.get_text().startswith("Recorded ") for text in chart.texts)
    assert chart.description.startswith("Chart. Recorded run: ")


def test_drawing_leaves_the_settings_and_the_table_and_draws_the_same_again() -> None:
    table = make_weights()
    before = (dict(mpl.rcParams), table.copy(deep=True))
    assert draw_png(draw_memory(table)) == draw_png(draw_memory(table))
    assert dict(mpl.rcParams) == before[0]
    pd.testing.assert_frame_equal(table, before[1])


def test_the_door_to_the_charts_leads_here() -> None:
    (chart,) = draw_each(make_weights())
    assert chart.description == draw_case("ordinary").chart.description


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    twice = pd.concat([make_weights(), make_weights(run_id="two")], ignore_index=True)
    for bad in (None, pd.DataFrame(), make_run(), make_starts(), twice):
        with pytest.raises(ResultsError):
            draw_memory(bad)  # type: ignore[arg-type]
