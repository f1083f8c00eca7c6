import re
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.axes import Axes

from gil_demo.checks import ResultsError
from gil_demo.drawing.style import draw_png, get_look
from gil_demo.measuring.runs import BASELINE
from gil_demo.tables.kinds import combine
from gil_demo.tables.schema import list_rows
from gil_demo.waiting.workloads import (
    WORKLOADS,
    describe_workloads,
    draw_workloads,
    summarise_workloads,
    title_workloads,
)
from gil_demo.words import capitalise
from tests.conftest import make_rows, spread
from tests.made.waiting import ORDINARY_SPEED_UPS, make_workload_table
from tests.race.test_speed_chart import assert_inside, draw_and_list_texts, read_across, read_up
from tests.waiting.test_convoy_chart import LONG, Drawn, assert_apart

FEW = ("writing a file", "compressing")
SpeedUps = Mapping[str, Mapping[str, Sequence[float]]]


def everywhere(threads: Sequence[float], processes: Sequence[float]) -> SpeedUps:
    return {name: {"threads": threads, "processes": processes} for name in FEW}


CASES: dict[str, tuple[SpeedUps, dict[str, Any]]] = {
    "ordinary": (ORDINARY_SPEED_UPS, {}),
    "one workload": ({"sorting": ORDINARY_SPEED_UPS["sorting"]}, {}),
    "one round": (everywhere([1.9], [0.5]), {}),
    "five rounds": (everywhere(spread(1.9, 5), spread(0.5, 5)), {}),
    "without processes": ({name: {"threads": spread(1.0)} for name in FEW}, {}),
    "without threads": ({name: {"processes": spread(1.0)} for name in FEW}, {}),
    "no difference": (everywhere(spread(1.0), spread(1.0)), {}),
    "very slow": (everywhere(spread(0.01), spread(0.002)), {}),
    "very fast": (everywhere(spread(11.8), spread(11.9)), {"workers": 12} | LONG),
    "more than ideal": (everywhere(spread(5.0), spread(4.0)), {}),
    "many workers": (everywhere(spread(59.0), spread(20.0)), {"workers": 60}),
    "four workers": (everywhere(spread(3.6), spread(3.1)), {"workers": 4}),
    "one worker": (everywhere(spread(1.0), spread(1.0)), {"workers": 1}),
    "noise": (everywhere(spread(1.5, 8, 1.9), spread(1.5, 8, 1.9)), {}),
    "one core": (ORDINARY_SPEED_UPS, {"usable_cores": 1}),
    "recorded": (ORDINARY_SPEED_UPS, LONG),
}


@cache
def draw_case(case: str) -> Drawn:
    """Draw a table once for all tests that look at it; let no warning pass."""
    speed_ups, facts = CASES[case]
    table = make_workload_table(speed_ups, **facts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chart = draw_workloads(table)
        texts = list(draw_and_list_texts(chart))
    return Drawn(table, summarise_workloads(table), chart, texts)


@pytest.mark.parametrize("case", CASES)
def test_every_table_draws_without_a_warning_and_its_texts_are_true_and_whole(case: str) -> None:
    table, summary, chart, texts = draw_case(case)
    assert_inside(texts, chart)
    assert_apart(texts, chart)
    title, conditions = title_workloads(table, summary), describe_workloads(table)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert title in chart.description
    assert conditions in chart.description
    assert "nan" not in chart.description
    shown = [text.get_text() for text in texts]
    for row in list_rows(summary[summary["runner"] != BASELINE]):
        assert re.search(rf"{row.runner.rstrip('es')}\w* {row.speed_up:.2f}", chart.description)
        assert any(text.startswith(f"{row.speed_up:.2f} ×  ") for text in shown)
        if row.rounds >= 6:
            interval = f"({row.speed_up_low:.2f} to {row.speed_up_high:.2f})"
            assert interval in chart.description
    for name in summary["workload"]:
        assert f" {name}: " in chart.description
        assert capitalise(name) in shown
        assert WORKLOADS[name] in shown


@pytest.mark.parametrize("case", CASES)
def test_what_is_written_between_the_axes_can_be_read(case: str) -> None:
    texts = draw_case(case).chart.axes[0].texts
    for one, other in combinations(texts, 2):
        where = f"{one.get_text()!r} and {other.get_text()!r}"
        assert not one.get_window_extent().overlaps(other.get_window_extent()), where


@pytest.mark.parametrize("case", ["ordinary", "one round", "noise", "very slow", "very fast"])
def test_marks_and_intervals_stand_where_the_summary_says_in_the_runners_colours(
    case: str,
) -> None:
    _, summary, chart, _ = draw_case(case)
    axes = chart.axes[0]
    for runner in ("threads", "processes"):
        rows = list_rows(summary[summary["runner"] == runner])
        look = get_look(runner)
        lines = [line for line in axes.lines if line.get_color() == look.colour]
        marks = [line for line in lines if line.get_marker() == look.marker]
        bars = [line for line in lines if line not in marks]
        assert [read_across(mark)[0] for mark in marks] == pytest.approx(
            [row.speed_up for row in rows]
        )
        ends = [[row.speed_up_low, row.speed_up_high] for row in rows if row.rounds >= 6]
        assert [end for bar in bars for end in read_across(bar)] == pytest.approx(
            [end for both in ends for end in both]
        )
        places = [round(read_up(mark)[0]) for mark in marks]
        assert places == list(range(len(rows)))
    assert axes.get_xlim()[0] == 0


def test_the_workloads_stand_in_their_order_from_the_top() -> None:
    chart = draw_workloads(make_workload_table(dict(reversed(ORDINARY_SPEED_UPS.items()))))
    axes = chart.axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [capitalise(name) for name in WORKLOADS]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def find_upright(axes: Axes) -> set[float]:
    across = [read_across(line) for line in axes.lines if line.get_marker() == "None"]
    return {values[0] for values in across if len(set(values)) == 1}


def test_the_plain_loop_and_the_number_of_workers_are_lines_with_their_names() -> None:
    axes = draw_case("four workers").chart.axes[0]
    assert find_upright(axes) == {1, 4}
    texts = [text.get_text() for text in axes.texts]
    assert "plain loop" in texts
    assert "4 at once" in texts


def test_one_worker_has_no_line_of_several_at_once() -> None:
    axes = draw_case("one worker").chart.axes[0]
    assert find_upright(axes) == {1}
    assert not [text for text in axes.texts if "at once" in text.get_text()]


def test_the_plain_loop_alone_draws_too() -> None:
    table = make_workload_table(everywhere(spread(1.9), spread(1.9)))
    chart = draw_workloads(table[table["runner"] == BASELINE])
    assert_inside(list(draw_and_list_texts(chart)), chart)


def test_a_recorded_table_says_so_in_the_picture_and_the_description() -> None:
    chart = draw_workloads(make_workload_table(recorded_on="a laptop"))
    assert chart.texts[0].get_text().startswith("Recorded run:")
    assert chart.texts[1].get_text().startswith("Recorded on a laptop")
    assert "a laptop" in chart.description


def test_drawing_leaves_the_settings_and_the_table_as_they_are() -> None:
    table = make_workload_table()
    before = (dict(mpl.rcParams), table.copy(deep=True))
    assert draw_png(draw_workloads(table)).startswith(b"\x89PNG")
    assert dict(mpl.rcParams) == before[0]
    pd.testing.assert_frame_equal(table, before[1])


def test_a_table_of_another_kind_is_refused() -> None:
    table = make_workload_table()
    twice = combine([table, make_workload_table({"sorting": {"threads": [1.0]}}, run_id="again")])
    for bad in (None, pd.DataFrame(), pd.DataFrame(make_rows()), table[:-1], twice):
        with pytest.raises(ResultsError):
            draw_workloads(bad)  # type: ignore[arg-type]
