from functools import partial

import pytest

from gil_demo import load_published, load_recorded
from gil_demo.drawing.style import get_look
from gil_demo.measuring.estimates import estimate_ratio
from tests.charts import assert_readable, draw_strictly, read_across, read_up
from tests.made.pythons import ORDINARY, STRANGE, Ratios, make_interpreters
from tests.made.runs import spread
from tests.made.unchecked import draw

OLD: Ratios = {"CPython 3.11.7": ORDINARY["CPython 3.11.7"]}
FEW: Ratios = {"CPython 3.11.2": {"threads": spread(9.0, 4)}}


def test_the_title_says_what_was_found_or_why_nothing_was() -> None:
    took = "Two threads took 1.03 × as long as one under CPython 3.11.7"
    few = "No verdict: an interval needs 6 rounds"
    busy = "No verdict: the machine was 90 % busy before the run"
    for ratios, percent, title, conditions in (
        ({**OLD, **FEW}, 2.5, took, "two interpreters, 4 to 8 rounds each"),
        (OLD, 90.0, busy, "one interpreter, eight rounds each"),
        (FEW, 2.5, few, "one interpreter, four rounds each"),
        ({}, 2.5, "No interpreter could be measured", "none measured"),
    ):
        chart = draw(make_interpreters(ratios, STRANGE, busy_percent=percent))
        told = f"CPython 3.13.0, Linux, two usable cores; {conditions}"
        assert [text.get_text() for text in chart.texts] == [title, told]
        assert any(axes.axison for axes in chart.axes) == bool(ratios)


def test_marks_and_intervals_stand_at_their_ratios_each_in_its_row() -> None:
    chart = draw(make_interpreters())
    took = "1.90 × as long as one under CPython 2.7.18; 0.54 × under CPython 3.13.5t"
    assert chart.texts[0].get_text() == f"Two threads took {took}"
    (axes,) = chart.axes
    rows = ["2.7", "3.11", "3.13", "3.13t, GIL on", "3.13t, GIL off", "3.14"]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [f"CPython {row}" for row in rows]
    assert (axes.get_xlim()[0], axes.get_ylim()) == (0, (5.6, -0.6))
    marks = [line for line in axes.lines if line.get_marker() == "o"]
    assert {mark.get_color() for mark in marks} == {get_look("threads").colour}
    ratios = [1.9, 1.03, 1.04, 1.06, 0.54, 1.05]
    assert [read_across(mark)[0] for mark in marks] == pytest.approx(ratios, rel=2e-3)
    assert [read_up(mark)[0] for mark in marks] == [*range(6)]
    assert read_across(axes.lines[0]) == pytest.approx(
        estimate_ratio(ORDINARY["CPython 2.7.18"]["threads"])[1:3]
    )
    assert [read_across(line)[0] for line in axes.lines[-2:]] == [0.5, 1.0]
    told = " Two threads over one. Split between the threads: CPython 2.7 yours 1.90 (1."
    assert told in chart.description


def test_recorded_and_published_figures_have_marks_of_their_own_and_their_source() -> None:
    recorded, published = load_recorded("interpreters"), load_published()
    beside = partial(draw, recorded=recorded, published=published)
    chart, texts = draw_strictly(beside, make_interpreters({**OLD, **FEW}))
    split, whole = chart.axes
    assert "split between two threads" in split.get_xlabel()
    assert "each thread counts all of it" in whole.get_xlabel()
    assert [label.get_text() for label in whole.get_yticklabels()] == ["CPython 2.6"]
    labels = [label.get_text() for label in split.get_yticklabels()]
    assert labels[:3] == ["CPython, old GIL", "CPython 2.7", "CPython 3.2"]
    assert {"CPython 3.11.2", "CPython 3.11.7", "CPython 3.12"} <= {*labels}  # none is there twice
    assert {line.get_marker() for line in split.lines} - {"None"} == {"o", "s", "*"}
    shown = {text.get_text() for text in texts}
    assert {"yours", "recorded", "published", "1.97  Beazley 2010", "1.03", "9.00"} <= shown
    # what is recorded stands in for what is missing
    assert "CPython 3.11 recorded" not in chart.description
    minors = [minor for minor in range(6, 15) if minor != 11]
    versions = ["2.7", *(f"3.{minor}" for minor in minors), "3.13t, GIL off"]
    for told in (
        *(f" CPython {version} recorded " for version in versions),
        "CPython 3.2 published by Beazley 2010 1.02",
        "CPython 3.11.2 yours 9.00; CPython 3.11.7 yours 1.03 (1.02 to 1.04); ",
        ". Each thread counted all of it: CPython 2.6 published by ",
        f". Squares: recorded on {recorded['recorded_on'].iloc[0]}.",
    ):
        assert told in chart.description
    none = draw(make_interpreters(OLD), recorded=make_interpreters(OLD, recorded_on="a laptop"))
    assert "Squares" not in none.description
    with pytest.raises(TypeError, match=r"^recorded must be what load_recorded"):
        draw(make_interpreters(OLD), recorded=5)


def test_extreme_tables_draw_readably_and_a_recorded_one_is_not_called_the_reader_s() -> None:
    ratios = {f"CPython 3.{n}.0": {"threads": spread(1.0 + n / 50)} for n in range(2, 20)}
    ratios["CPython 2.7.18"] = {"threads": spread(40.0, 8, 1.9)}
    table = make_interpreters(ratios, STRANGE, usable_cores=12, recorded_on="a laptop")
    chart = assert_readable(draw, table)
    cells = {text.get_text() for axes in chart.axes for text in axes.texts}
    assert {"recorded", "1.36", "33.69"} <= cells
    assert "yours" not in cells
    assert "CPython 3.18 recorded 1.36" in chart.description
