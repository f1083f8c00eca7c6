import math

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.pythons.table import list_marks, list_published_marks, summarise_interpreters
from gil_demo.recorded import load_published, load_recorded
from tests.conftest import make_rows, spread
from tests.made.pythons import ORDINARY, STRANGE, make_interpreters


def test_there_is_a_row_for_each_interpreter_older_ones_first_and_strangers_last() -> None:
    table = make_interpreters(dict(reversed([*ORDINARY.items()])), STRANGE)
    summary = summarise_interpreters(table)
    assert list(summary["interpreter"]) == [*ORDINARY, *STRANGE]
    assert list(summary["state"][-2:]) == list(STRANGE.values())
    assert summary[["time_ratio", "step_nanoseconds"]].tail(2).isna().to_numpy().all()
    assert list(summary["rounds"]) == [8] * len(ORDINARY) + [0, 0]


def test_versions_are_sorted_as_numbers_and_other_implementations_come_after() -> None:
    names = ["PyPy 3.9.1", "CPython 3.10.0", "CPython 3.9.0", "CPython 2.7.18"]
    table = make_interpreters({name: {"threads": [1.0]} for name in names})
    assert list(summarise_interpreters(table)["interpreter"]) == names[::-1]


def test_ratios_are_medians_of_ratios_inside_the_rounds() -> None:
    ratios = [1.0, 3.0, 2.0, 9.0, 1.5]
    table = make_interpreters({"CPython 3.9.0": {"threads": ratios, "processes": ratios[::-1]}})
    row = summarise_interpreters(table).iloc[0]
    assert row.time_ratio == pytest.approx(2.0)
    assert row.processes_ratio == pytest.approx(2.0)
    assert math.isnan(row.time_ratio_low)


def test_an_interval_lies_around_its_median() -> None:
    row = summarise_interpreters(make_interpreters()).iloc[0]
    assert row.time_ratio_low < row.time_ratio < row.time_ratio_high


def test_a_step_is_a_part_of_the_sequential_time() -> None:
    table = make_interpreters({"CPython 3.9.0": {"threads": [1.0]}})
    assert summarise_interpreters(table)["step_nanoseconds"][0] == pytest.approx(0.04 / 2e6 * 1e9)


def test_absent_processes_have_no_ratio() -> None:
    table = make_interpreters({"CPython 3.9.0": {"threads": spread(1.0)}})
    assert math.isnan(summarise_interpreters(table)["processes_ratio"][0])


def test_another_table_is_refused() -> None:
    with pytest.raises(ResultsError):
        summarise_interpreters(pd.DataFrame(make_rows()))
    table = make_interpreters()
    with pytest.raises(ResultsError, match="2 runs"):
        summarise_interpreters(pd.concat([table, table.assign(run_id="another")]))


def test_marks_carry_the_minor_version_and_whether_the_lock_is_off() -> None:
    marks = list_marks(summarise_interpreters(make_interpreters(strange=STRANGE)), "yours")
    assert list(marks["label"]) == [
        "CPython 2.7",
        "CPython 3.11",
        "CPython 3.13",
        "CPython 3.13t, GIL off",
        "CPython 3.13t, GIL on",
        "CPython 3.14",
    ]
    assert set(marks["origin"]) == {"yours"}
    assert marks["split"].all()


def test_published_marks_are_those_with_two_threads_and_name_their_source() -> None:
    published = load_published()
    marks = list_published_marks(published)
    assert len(marks) == (published["threads"] == 2).sum()
    assert list(marks["split"]) == list(published.loc[published["threads"] == 2, "split"])
    assert list(marks["ratio"]) == list(published.loc[published["threads"] == 2, "time_ratio"])
    assert set(marks["source"]) == {"Beazley 2009", "Beazley 2010", "tenthousandmeters 2021"}
    assert {"CPython, old GIL", "CPython 3.2", "CPython 3.9"} <= set(marks["label"])


def test_the_recorded_run_holds_every_python_of_its_machine() -> None:
    summary = summarise_interpreters(load_recorded("interpreters"))
    minors = {".".join(version.split(".")[:2]) for version in summary["version"]}
    assert {"2.7", "3.14", *(f"3.{minor}" for minor in range(6, 14))} <= minors
    assert set(summary["gil"]) == {"on", "off"}
    assert (summary["rounds"] >= 12).all()
