from typing import Any

import pandas as pd
import pytest

from gil_demo import ResultsError, draw, load_published, load_recorded
from gil_demo.drawing.style import get_look
from gil_demo.pythons.chart import list_published_marks
from tests.charts import assert_readable, draw_and_list_texts, read_across, read_up
from tests.made.pythons import ORDINARY, STRANGE, Ratios, make_interpreters
from tests.made.runs import make_run, spread

OLD: Ratios = {"CPython 3.11.7": ORDINARY["CPython 3.11.7"]}
TWINS: Ratios = {**OLD, "CPython 3.11.2": {"threads": spread(0.9)}}
MANY: Ratios = {f"CPython 3.{n}.0": {"threads": spread(1.0 + n / 50)} for n in range(2, 20)}


def give_others() -> dict[str, pd.DataFrame]:
    return {"recorded": load_recorded("interpreters"), "published": load_published()}


@pytest.mark.parametrize(
    ("ratios", "title", "conditions"),
    [
        (
            ORDINARY,
            "Two threads took 1.90 × as long as one under CPython 2.7.18; "
            "0.54 × under CPython 3.13.5t",
            "six interpreters, eight rounds each",
        ),
        (
            OLD,
            "Two threads took 1.03 × as long as one under CPython 3.11.7",
            "one interpreter, eight rounds each",
        ),
        (
            {"CPython 3.11.7": {"threads": spread(1.0, 4)}},
            "No verdict: an interval needs 6 rounds",
            "one interpreter, four rounds each",
        ),
        (
            {**OLD, "CPython 3.11.2": {"threads": [9.0]}},
            "Two threads took 1.03 × as long as one under CPython 3.11.7",
            "two interpreters, 1 to 8 rounds each",
        ),
        ({}, "No interpreter could be measured", "none measured"),
    ],
)
def test_the_title_names_the_ends_or_says_why_not(
    ratios: Ratios, title: str, conditions: str
) -> None:
    chart = draw(make_interpreters(ratios, STRANGE))
    told = f"CPython 3.13.0, Linux, two usable cores; {conditions}"
    assert [text.get_text() for text in chart.texts] == [title, told]
    assert any(axes.axison for axes in chart.axes) == bool(ratios)


def test_a_machine_that_can_t_show_it_carries_no_verdict() -> None:
    for facts, told in (
        ({"usable_cores": 1}, "one usable core, no speed-up can show"),
        ({"busy_percent": 90.0}, "the machine was 90 % busy before the run"),
    ):
        title = draw(make_interpreters(OLD, **facts)).texts[0].get_text()
        assert title == f"No verdict: {told}"


def test_marks_and_intervals_stand_at_their_ratios_in_the_row_of_their_minor_version() -> None:
    chart = draw(make_interpreters())
    (axes,) = chart.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        *("CPython 2.7", "CPython 3.11", "CPython 3.13", "CPython 3.13t, GIL on"),
        *("CPython 3.13t, GIL off", "CPython 3.14"),
    ]
    assert (axes.get_xlim()[0], axes.get_ylim()) == (0, (5.6, -0.6))
    marks = [line for line in axes.lines if line.get_marker() == "o"]
    assert {mark.get_color() for mark in marks} == {get_look("threads").colour}
    ratios = [1.9, 1.03, 1.04, 1.06, 0.54, 1.05]
    assert [read_across(mark)[0] for mark in marks] == pytest.approx(ratios, rel=1e-3)
    assert [read_up(mark)[0] for mark in marks] == pytest.approx([n - 0.16 for n in range(6)])
    assert read_across(axes.lines[0]) == pytest.approx([1.71, 2.09])
    assert [read_across(line)[0] for line in axes.lines[-2:]] == [0.5, 1.0]
    assert " Two threads over one. Split between the threads: CPython 2.7 yours 1.90 (1." in (
        chart.description
    )


def test_recorded_and_published_figures_have_marks_of_their_own_and_their_source() -> None:
    chart = draw(make_interpreters(OLD), **give_others())
    split, whole = chart.axes
    assert "split between two threads" in split.get_xlabel()
    assert "each thread counts all of it" in whole.get_xlabel()
    assert [label.get_text() for label in whole.get_yticklabels()] == ["CPython 2.6"]
    marks = {(line.get_marker(), line.get_color()) for line in split.lines}
    assert {marker for marker, _ in marks} - {"None"} == {"o", "s", "*"}
    shown = [text.get_text() for text in draw_and_list_texts(chart)]
    assert {"yours", "recorded", "published", "1.97  Beazley 2010"} <= set(shown)
    assert "1.01  tenthousandmeters 2021" in shown
    for told in (
        "CPython 3.2 published by Beazley 2010 1.02",
        "CPython 2.7 recorded ",
        "CPython 3.11 yours 1.03 (1.02 to 1.04); CPython 3.11 recorded ",
        ". Each thread counted all of it: CPython 2.6 published by ",
    ):
        assert told in chart.description
    place = load_recorded("interpreters")["recorded_on"].iloc[0]
    assert chart.texts[1].get_text().endswith(f". Squares: recorded on {place}")


def test_published_marks_are_those_with_two_threads() -> None:
    published = load_published()
    two = published[published["threads"] == 2]
    marks = list_published_marks(published)
    assert [(mark.ratio, mark.split) for mark in marks] == [
        (row.time_ratio, row.split) for row in two.itertuples()
    ]
    assert {mark.source for mark in marks} == {
        *("Beazley 2009", "Beazley 2010", "tenthousandmeters 2021")
    }
    ranks = {mark.label: mark.rank for mark in marks}
    assert ranks["CPython, old GIL"] < ranks["CPython 3.2"] < ranks["CPython 3.9"]


def test_a_recorded_table_alone_is_nowhere_called_the_reader_s() -> None:
    chart = draw(make_interpreters(OLD, recorded_on="a laptop"))
    assert "CPython 3.11 recorded 1.03" in chart.description
    assert "yours" not in [text.get_text() for text in draw_and_list_texts(chart)]


@pytest.mark.parametrize(
    ("ratios", "cell"),
    [
        (TWINS, "0.90 to 1.03"),
        (MANY, "1.36"),
        ({"CPython 2.7.18": {"threads": spread(40.0, 8, 1.9)}}, "40.00"),
        ({"PyPy 3.10.14": {"threads": [0.02]}}, "0.02"),
        ({}, "recorded"),
    ],
)
def test_extreme_tables_draw_readably(ratios: Ratios, cell: str) -> None:
    table = make_interpreters(ratios, STRANGE, usable_cores=12)
    chart = assert_readable(lambda one: draw(one, **give_others()), table)
    assert cell in [text.get_text() for axes in chart.axes for text in axes.texts]


@pytest.mark.parametrize("published", [5, load_published("convoy")])
def test_figures_that_are_none_are_refused(published: Any) -> None:
    with pytest.raises(TypeError, match='published must be what load_published\\("countdown"\\)'):
        draw(make_interpreters(), published=published)
    with pytest.raises(ResultsError, match="no table of interpreters"):
        draw(make_interpreters(), recorded=make_run())
