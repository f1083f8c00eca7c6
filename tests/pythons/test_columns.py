import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.pythons.table import INTERPRETERS
from gil_demo.tables.schema import convert
from tests.conftest import spread
from tests.made.pythons import ORDINARY, STRANGE, make_interpreters


def check(table: pd.DataFrame) -> None:
    convert(table, INTERPRETERS, "the table")


def test_an_ordinary_table_passes_with_what_could_not_be_measured() -> None:
    check(make_interpreters(strange=STRANGE))
    check(make_interpreters({}, STRANGE))


def test_processes_may_be_absent() -> None:
    check(make_interpreters({"CPython 2.7.18": {"threads": spread(1.9)}}))


@pytest.mark.parametrize("column", ["version", "gil", "state", "steps"])
def test_an_interpreter_that_differs_from_row_to_row_is_refused(column: str) -> None:
    table = make_interpreters()
    other = {"version": "3.9.9", "gil": "not known", "state": "failed", "steps": 5}[column]
    table.loc[0, column] = other  # type: ignore[call-overload]
    with pytest.raises(ResultsError, match=rf"CPython 2\.7\.18 is no single run: .*{column}"):
        check(table)


@pytest.mark.parametrize("way", ["sequential", "threads", "processes"])
def test_a_round_that_is_missing_or_there_twice_is_refused(way: str) -> None:
    table = make_interpreters({"CPython 3.11.7": ORDINARY["CPython 3.11.7"]})
    first = table.index[table["runner"] == way][0]
    for spoilt in (table.drop(index=first), pd.concat([table, table.loc[[first]]])):
        with pytest.raises(ResultsError, match=r"CPython 3\.11\.7 is not whole: "):
            check(spoilt.reset_index(drop=True))


def test_threads_may_not_be_absent() -> None:
    table = make_interpreters()
    with pytest.raises(ResultsError, match="threads lacks a round"):
        check(table[table["runner"] != "threads"].reset_index(drop=True))


@pytest.mark.parametrize("column", ["round", "steps", "seconds"])
def test_a_measured_row_without_a_measurement_is_refused(column: str) -> None:
    table = make_interpreters({"CPython 3.11.7": {"threads": [1.0]}})
    table[column] = table[column].mask(table.index >= 0)
    with pytest.raises(ResultsError, match="was measured, but a measurement is missing"):
        check(table)


def test_what_was_not_measured_has_one_row() -> None:
    table = make_interpreters({}, {"python3.9": "failed"})
    with pytest.raises(ResultsError, match=r"python3\.9 was not measured, but has 2 rows"):
        check(pd.concat([table, table], ignore_index=True))


def test_no_column_holds_a_path() -> None:
    assert not [name for name in INTERPRETERS.columns if "path" in name or "file" in name]
