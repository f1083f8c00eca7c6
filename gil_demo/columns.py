"""The table's columns: their names and types, and the checks that every table passes."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.errors import ResultsError


class Column(NamedTuple):
    """What a column holds: "text", "whole", "seconds", "percent" or "yes_no"."""

    kind: str
    may_be_empty: bool = False


COLUMNS: dict[str, Column] = {
    "run_id": Column("text"),
    "experiment": Column("text"),
    "runner": Column("text"),
    "workers": Column("whole"),
    "start_method": Column("text", may_be_empty=True),
    "tasks": Column("whole"),
    "count": Column("whole"),
    "round": Column("whole"),
    "rounds": Column("whole"),
    "position": Column("whole"),
    "start_up_seconds": Column("seconds"),
    "seconds": Column("seconds"),
    "tear_down_seconds": Column("seconds"),
    "stopped_by": Column("text"),
    "busy_percent": Column("percent"),
    "usable_cores": Column("whole"),
    "logical_cores": Column("whole"),
    "physical_cores": Column("whole", may_be_empty=True),
    "cores_limited_by": Column("text", may_be_empty=True),
    "python_version": Column("text"),
    "implementation": Column("text"),
    "gil_enabled": Column("yes_no"),
    "operating_system": Column("text"),
    "architecture": Column("text"),
    "measured_on": Column("text"),
    "recorded_on": Column("text", may_be_empty=True),
}

_DTYPES = {
    "text": "str",
    "whole": "Int64",
    "seconds": "float64",
    "percent": "float64",
    "yes_no": "bool",
}

MOST_SECONDS = 1e6
_CHOICES = {"experiment": ("compare", "scale"), "stopped_by": ("precision", "budget")}
_LIMITS = {
    "whole": (1, 2**53 - 1, "a whole number of 1 or more"),
    "seconds": (0, MOST_SECONDS, f"a number from 0 to {MOST_SECONDS:g}"),
    "percent": (0, 100, "a number from 0 to 100"),
}

VARIANT = ["runner", "workers", "start_method"]
VARYING = [
    *VARIANT,
    *("tasks", "round", "rounds", "position"),
    *("start_up_seconds", "seconds", "tear_down_seconds"),
]
FACTS = [name for name in COLUMNS if name not in VARYING]


def make_table(rows: Iterable[dict[str, object]]) -> pd.DataFrame:
    """Make a table of rows that each have a value for every column.

    Args:
        rows: one dict a timed run, with the keys of `COLUMNS`.

    Returns:
        The table; `recorded_on` names the machine of a recorded run and is empty for a run of
        one's own.
    """
    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return table.astype({name: _DTYPES[column.kind] for name, column in COLUMNS.items()})


def convert(raw: pd.DataFrame, place: str) -> pd.DataFrame:
    """Turn a table into one of the right types, and check all of it on the way.

    Args:
        raw: the table, or its texts as they stand in a file.
        place: what to call it in the message.

    Returns:
        The table, with the columns of `COLUMNS` and no others.

    Raises:
        ResultsError: it is no table of timed runs, a column is missing or there twice, a value
            doesn't fit its column, or a run is not whole; the text says what and in which row.
    """
    if not isinstance(raw, pd.DataFrame):
        raise ResultsError(f"{place} must be a pandas DataFrame, not {type(raw).__name__}")
    _check_columns(raw, place)
    if raw.empty:
        raise ResultsError(f"{place} has no rows")
    table = pd.DataFrame({name: _convert(raw[name], name, place) for name in COLUMNS})
    for run_id, run in table.groupby("run_id", sort=False):
        _check_whole_run(run, f"{place}, run {run_id}")
    return table


def _check_columns(table: pd.DataFrame, place: str) -> None:
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise ResultsError(
            f"{place} is no table of timed runs: it lacks the columns {', '.join(missing)}"
        )
    twice = [name for name in COLUMNS if list(table.columns).count(name) > 1]
    if twice:
        raise ResultsError(f"{place} has the columns {', '.join(twice)} more than once")


def _check_whole_run(run: pd.DataFrame, place: str) -> None:
    if run["rounds"].nunique() != 1:
        raise ResultsError(f"{place} is not whole: its rows differ in their number of rounds")
    uneven = [name for name in FACTS if run[name].nunique(dropna=False) > 1]
    if uneven:
        raise ResultsError(f"{place} is no single run: its rows differ in {', '.join(uneven)}")
    wanted = int(run["rounds"].iloc[0])
    for key, group in run.groupby(VARIANT, dropna=False):
        there = group["round"].nunique()
        if len(group) != wanted or set(group["round"]) != set(range(1, wanted + 1)):
            raise ResultsError(
                f"{place} is not whole: {key[0]} with {key[1]} workers has {len(group)} rows "
                f"in {there} of {wanted} rounds"
            )


def _convert(values: "pd.Series[Any]", name: str, place: str) -> "pd.Series[Any]":
    """Return a column in its type; the first value that doesn't fit is named in the error."""
    column = COLUMNS[name]
    empty = values.isna() | (values.astype(str) == "")
    if empty.any() and not column.may_be_empty:
        _refuse(values, empty, name, place, "a value")
    if name in _CHOICES and not values.isin(_CHOICES[name]).all():
        _refuse(values, ~values.isin(_CHOICES[name]), name, place, " or ".join(_CHOICES[name]))
    if column.kind == "text":
        return values.astype(str).where(~empty, "").astype("str")
    if column.kind == "yes_no":
        known = values.astype(str).isin(["True", "False"])
        if not known.all():
            _refuse(values, ~known, name, place, "True or False")
        return (values.astype(str) == "True").astype("bool")
    numbers = pd.to_numeric(values.where(~empty, None), errors="coerce").astype("Float64")
    least, most, allowed = _LIMITS[column.kind]
    good = numbers.between(least, most).fillna(False).astype(bool) | empty
    if column.kind == "whole":
        good &= ((numbers % 1) == 0).fillna(False).astype(bool) | empty
    if name == "seconds":
        good &= (numbers > 0).fillna(False).astype(bool)
    if not good.all():
        _refuse(values, ~good, name, place, "a number above 0" if name == "seconds" else allowed)
    return numbers.astype(_DTYPES[column.kind])  # type: ignore[call-overload,no-any-return]


def _refuse(
    values: "pd.Series[Any]", bad: "pd.Series[bool]", name: str, place: str, allowed: str
) -> None:
    position = int(bad.to_numpy().argmax())
    shown = str(values.iloc[position])[:40]
    raise ResultsError(f"{place}, row {position + 1}: {name} must be {allowed}, not {shown!r}")
