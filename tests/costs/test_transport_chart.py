import re
from functools import cache
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.text import Text

from gil_demo.checks import ResultsError
from gil_demo.costs.transport import (
    describe_transport,
    draw_transport,
    select_pickling,
    summarise_transport,
    title_transport,
)
from gil_demo.drawing.style import Chart, draw_png
from gil_demo.tables.kinds import draw_each
from gil_demo.tables.schema import list_rows
from gil_demo.words import state_bytes
from tests.conftest import TableMaker, spread
from tests.costs.test_transport_finding import CASES as TOLD
from tests.made.costs import ORDINARY_WAYS, Transfers, carry, make_starts, make_transfers
from tests.pool.test_lists import assert_apart
from tests.race.test_speed_chart import assert_inside, list_bars, read_across, read_up
from tests.turns.test_chart import assert_apart_from_the_heading, draw_strictly

RECORDED = {"recorded_on": "a 12-core desktop of a university's computer room, 2026-11-22"}
WAYS = {
    "argument": "as an argument",
    "result": "as a result",
    "shared memory": "shared memory",
    "initializer": "with a new pool",
    "kept": "kept by the worker",
}


def carry_alike(overhead: float, pace: float) -> Transfers:
    ways = {("bytes", way): (overhead, pace) for way in ("pickling", *WAYS)}
    return carry([1_000, 10**6, 10**8], ways)


TOO_ALIKE_TO_DRAW = ("one core", "busy", "five rounds", "without what is kept", "recorded")
CASES: dict[str, tuple[Transfers, dict[str, Any]]] = {
    **{name: case for name, case in TOLD.items() if name not in TOO_ALIKE_TO_DRAW},
    "all as long as each other": (carry_alike(0, 1e-9), {}),
    "all as long, whatever the size": (carry_alike(0.003, 0), {}),
    "sizes close to each other": (
        carry([1_000, 1_000_000, 1_050_000, 1_100_000], ORDINARY_WAYS), {},
    ),
    "very slow": ({key: spread(1e3 * of[0]) for key, of in TOLD["ordinary"][0].items()}, {}),
    "recorded": (TOLD["ordinary"][0], RECORDED | {"start_method": "forkserver"}),
}  # fmt: skip


class Drawn(NamedTuple):
    """A chart with the table that it shows, what that sums up to, and the texts that are seen."""

    table: pd.DataFrame
    summary: pd.DataFrame
    chart: Chart
    texts: list[Text]


@cache
def draw_case(case: str) -> Drawn:
    transfers, facts = CASES[case]
    table = make_transfers(transfers, **facts)
    return Drawn(table, summarise_transport(table), *draw_strictly(draw_transport, table))


def list_lines(axes: Axes) -> list[ErrorbarContainer]:
    return [line for line in axes.containers if isinstance(line, ErrorbarContainer)]


@pytest.mark.parametrize("case", CASES)
def test_every_table_draws_without_a_warning_and_its_texts_are_true_and_whole(case: str) -> None:
    table, summary, chart, texts = draw_case(case)
    title, conditions = title_transport(table, summary), describe_transport(table)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert chart.description.startswith(f"Chart. {title}. ")
    assert chart.description.endswith(f". Conditions: {conditions}.")
    assert not re.search(r"\bnan\b|\de[+-]\d| \.", chart.description)
    for row in list_rows(summary[(summary["kind"] == "bytes") & (summary["way"] != "pickling")]):
        assert f"{state_bytes(row.size_bytes)} {1000 * row.seconds:.2f} ms" in chart.description
    for row in list_rows(select_pickling(summary)):
        assert f"{100 * min(row.ratio, 1.0):.1f} %" in chart.description
    assert_inside(texts, chart)
    assert_apart_from_the_heading(chart, texts)
    assert_apart(chart.axes[0], texts)


@pytest.mark.parametrize("case", CASES)
def test_both_axes_of_the_times_have_numbers_that_differ(case: str) -> None:
    axes = draw_case(case).chart.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = [t for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
        labels = [tick.label1.get_text() for tick in ticks]
        assert labels
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("case", ["ordinary", "one size", "one round", "noise"])
def test_each_way_is_a_line_through_its_medians_named_at_its_end(case: str) -> None:
    _, summary, chart, _ = draw_case(case)
    axes = chart.axes[0]
    lines = list_lines(axes)
    assert len(lines) == len(WAYS)
    for line, way in zip(lines, WAYS, strict=True):
        rows = summary[(summary["kind"] == "bytes") & (summary["way"] == way)]
        assert read_across(line[0]) == rows["size_bytes"].tolist()
        assert read_up(line[0]) == pytest.approx(rows["seconds"].tolist())
        (bars,) = line[2]
        ends = [np.asarray(path.vertices)[:, 1] for path in bars.get_paths()]
        expected = rows[["seconds_low", "seconds_high"]].to_numpy().astype(float)
        middle = rows["seconds"].to_numpy().astype(float)[:, None]
        expected = np.where(np.isnan(expected), middle, expected)
        assert np.ravel(ends) == pytest.approx(expected.ravel())
    assert {text.get_text() for text in axes.texts} == set(WAYS.values())
    colours = {text.get_text(): text.get_color() for text in axes.texts}
    for line, name in zip(lines, WAYS.values(), strict=True):
        assert colours[name] == line[0].get_color()
    assert len({line[0].get_marker() for line in lines}) == len(WAYS)


def test_a_way_that_was_not_measured_has_no_line() -> None:
    names = [text.get_text() for text in draw_case("without shared memory").chart.axes[0].texts]
    assert sorted(names) == sorted(set(WAYS.values()) - {"shared memory"})


def test_pickling_and_the_pipe_fill_a_bar_from_nothing_to_all() -> None:
    _, summary, chart, _ = draw_case("ordinary")
    axes = chart.axes[1]
    assert axes.get_xlim() == (0, 100)
    parts = select_pickling(summary)["ratio"].tolist()
    dark, pipe = list_bars(axes)[0::2], list_bars(axes)[1::2]
    assert [bar.get_width() for bar in dark] == pytest.approx([100 * part for part in parts])
    assert [bar.get_x() for bar in dark] == [0, 0]
    assert [bar.get_x() + bar.get_width() for bar in pipe] == pytest.approx([100, 100])
    assert all(bar.get_hatch() for bar in pipe)
    named = [text.get_text() for text in axes.texts]
    assert named == ["raw bytes: 4 % pickling", "a list of numbers: 73 % pickling"]
    assert axes.get_title(loc="left") == "where the time for 100 kB goes"


@pytest.mark.parametrize("case", ["without pickling", "arguments alone"])
def test_without_pickling_there_is_no_empty_plot(case: str) -> None:
    chart = draw_case(case).chart
    assert not chart.axes[1].axison
    assert "Pickling" not in chart.description


def test_pickling_that_took_longer_than_sending_fills_the_bar() -> None:
    dark, pipe = list_bars(draw_case("slow pickling").chart.axes[1])
    assert (dark.get_width(), pipe.get_width()) == (100, 0)


def test_a_recorded_run_says_so_in_the_picture_and_the_description() -> None:
    chart = draw_case("recorded").chart
    assert all(text.get_text().startswith("Recorded ") for text in chart.texts)
    assert chart.description.startswith("Chart. Recorded run: ")


def test_drawing_leaves_the_settings_and_the_table_and_draws_the_same_again() -> None:
    table = make_transfers()
    before = (dict(mpl.rcParams), table.copy(deep=True))
    assert draw_png(draw_transport(table)) == draw_png(draw_transport(table))
    assert dict(mpl.rcParams) == before[0]
    pd.testing.assert_frame_equal(table, before[1])


def test_the_door_to_the_charts_leads_here() -> None:
    (chart,) = draw_each(make_transfers())
    assert chart.description == draw_case("ordinary").chart.description


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    table = make_transfers()
    twice = pd.concat([table, make_transfers(run_id="two")], ignore_index=True)
    unsent, numbers = table[table["way"] != "argument"], table[table["kind"] == "numbers"]
    for bad in (None, pd.DataFrame(), make_run(), make_starts(), twice, unsent, numbers):
        with pytest.raises(ResultsError):
            draw_transport(bad)  # type: ignore[arg-type]
