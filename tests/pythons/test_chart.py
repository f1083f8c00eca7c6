import warnings
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
import pytest
from matplotlib.text import Text

from gil_demo.checks import ResultsError
from gil_demo.drawing.style import Chart
from gil_demo.pythons.chart import draw_interpreters
from gil_demo.recorded import load_published, load_recorded
from tests.conftest import make_rows, spread
from tests.made.pythons import ORDINARY, STRANGE, make_interpreters
from tests.race.test_speed_chart import assert_inside, draw_and_list_texts
from tests.waiting.test_convoy_chart import LONG, assert_apart

SOLE = {"CPython 3.11.7": ORDINARY["CPython 3.11.7"]}
TWINS = {**SOLE, "CPython 3.11.2": {"threads": spread(0.9)}}
MANY = {f"CPython 3.{minor}.0": {"threads": spread(1.0 + minor / 50)} for minor in range(2, 30)}


class Drawn(NamedTuple):
    table: pd.DataFrame
    chart: Chart
    texts: list[Text]


CASES: dict[str, tuple[tuple[Any, ...], dict[str, Any], bool]] = {
    "ordinary": ((), {}, False),
    "with others": ((), {}, True),
    "alone": ((SOLE,), {}, False),
    "alone with others": ((SOLE,), {}, True),
    "two of a minor version": ((TWINS,), {}, True),
    "strangers too": ((None, STRANGE), {}, True),
    "nothing measured": (({}, STRANGE), {}, False),
    "nothing measured with others": (({}, STRANGE), {}, True),
    "many": ((MANY,), {}, True),
    "one round": (({"CPython 3.11.7": {"threads": [1.03]}},), {}, True),
    "noise": (({"CPython 3.11.7": {"threads": spread(1.5, 8, 1.9)}},), {}, True),
    "very slow": (({"CPython 2.7.18": {"threads": spread(40.0)}},), {}, True),
    "very fast": (({"CPython 3.15.0t": {"threads": spread(0.02)}},), {}, False),
    "another implementation": (({"PyPy 3.10.14": {"threads": spread(1.0)}},), {}, True),
    "recorded": ((), LONG, True),
}


@cache
def draw_case(case: str) -> Drawn:
    arguments, facts, beside = CASES[case]
    table = make_interpreters(*arguments, **facts)
    others = (load_recorded("interpreters"), load_published()) if beside else ()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chart = draw_interpreters(table, *others)
        texts = list(draw_and_list_texts(chart))
    return Drawn(table, chart, texts)


@pytest.mark.parametrize("case", CASES)
def test_every_table_draws_without_a_warning_and_its_texts_are_whole_and_apart(case: str) -> None:
    _, chart, texts = draw_case(case)
    assert_inside(texts, chart)
    assert_apart(texts, chart)
    assert "nan" not in chart.description
    assert chart.texts[0].get_text() in chart.description


@pytest.mark.parametrize("case", [case for case, (*_, beside) in CASES.items() if beside])
def test_split_and_not_split_countdowns_have_a_panel_each(case: str) -> None:
    split, whole = draw_case(case).chart.axes
    assert "split between two threads" in split.get_xlabel()
    assert "each thread counts all of it" in whole.get_xlabel()
    assert [label.get_text() for label in whole.get_yticklabels()] == ["CPython 2.6"]
    assert "CPython 2.6" not in [label.get_text() for label in split.get_yticklabels()]


def test_where_nothing_was_measured_there_is_no_empty_frame() -> None:
    assert not any(axes.axison for axes in draw_case("nothing measured").chart.axes)


def test_recorded_and_published_figures_are_marked_as_such_with_their_source() -> None:
    _, chart, texts = draw_case("alone with others")
    shown = [text.get_text() for text in texts]
    assert {"yours", "recorded", "published"} <= set(shown)
    assert "1.97  Beazley 2010" in shown
    assert "1.01  tenthousandmeters 2021" in shown
    assert "CPython 3.2 published by Beazley 2010 1.02" in chart.description
    assert "CPython 2.7 recorded " in chart.description
    assert "CPython 3.11 yours 1.03" in chart.description
    place = load_recorded("interpreters")["recorded_on"].iloc[0]
    assert chart.texts[1].get_text().endswith(f". Squares: recorded on {place}")


def test_a_recorded_table_alone_is_nowhere_called_the_reader_s() -> None:
    _, chart, texts = draw_case("recorded")
    assert "yours" not in [text.get_text() for text in texts]
    assert " yours " not in chart.description
    assert chart.description.startswith("Chart. Recorded run: ")


def test_each_origin_has_a_mark_and_a_colour_of_its_own() -> None:
    axes = draw_case("with others").chart.axes[0]
    marks = {(line.get_marker(), line.get_color()) for line in axes.lines}
    drawn = {mark for mark in marks if mark[0] not in ("None", "", None)}
    assert {mark for mark, _ in drawn} == {"o", "s", "*"}
    assert len({colour for _, colour in drawn}) == 3


def test_marks_stand_where_their_ratio_is_in_the_row_of_their_version() -> None:
    _, chart, _ = draw_case("ordinary")
    (axes,) = chart.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    places = {
        labels[round(line.get_ydata()[0])]: float(line.get_xdata()[0])  # type: ignore[index,arg-type]
        for line in axes.lines
        if line.get_marker() == "o"
    }
    assert places["CPython 2.7"] == pytest.approx(1.9, rel=0.02)
    assert places["CPython 3.13t, GIL off"] == pytest.approx(0.54, rel=0.02)
    assert labels[0] == "CPython 2.7"
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert axes.get_xlim()[0] == 0


def test_two_interpreters_of_one_minor_version_share_a_row_and_both_are_marked() -> None:
    axes = draw_case("two of a minor version").chart.axes[0]
    assert sum(line.get_marker() == "o" for line in axes.lines) == 2
    assert "0.90 to 1.03" in [text.get_text() for text in draw_case("two of a minor version").texts]


@pytest.mark.parametrize("published", [5, "countdown", load_published("convoy")])
def test_figures_that_are_none_are_refused(published: Any) -> None:
    with pytest.raises(TypeError, match='published must be what load_published\\("countdown"\\)'):
        draw_interpreters(make_interpreters(), published=published)


def test_another_table_is_refused() -> None:
    with pytest.raises(ResultsError):
        draw_interpreters(pd.DataFrame(make_rows()))
    with pytest.raises(ResultsError):
        draw_interpreters(make_interpreters(), pd.DataFrame(make_rows()))
