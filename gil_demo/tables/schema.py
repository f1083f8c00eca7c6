"""What a table has to look like: the kinds of columns, and the checks that every table passes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import pandas as pd
from pandas.api.types import infer_dtype, is_bool, is_numeric_dtype, is_scalar

from gil_demo.checks import ResultsError, state_count

MOST_SECONDS = 1e6
MOST_A_SECOND = 1e12
MOST_LETTERS = 1_000
_SHOWN_LETTERS = 60
_UNFIT = re.compile(rf"[\ud800-\udfff]|(?s:.{{{MOST_LETTERS + 1}}})")


class Column(NamedTuple):
    """What a column holds."""

    kind: str  # "text", "yes_no" or one of `_LIMITS`
    may_be_empty: bool = False
    choices: tuple[str, ...] = ()  # the allowed texts; none means any
    formerly: str | None = None  # what an older file says by not having the column


class Schema(NamedTuple):
    """What a kind of table holds; `check` gets it and its name, and raises a ResultsError."""

    name: str  # what a row is, in the plural, for messages
    columns: dict[str, Column]
    check: Callable[[pd.DataFrame, str], None] | None = None  # for what the next two can't say
    alike: tuple[str, ...] = ()  # in which all rows of a run are alike, beside the machine's facts
    variant: tuple[str, ...] = ()  # tells apart what has one row in each round of a run


_DTYPES = {"text": "str", "whole": "Int64", "yes_no": "bool"}  # all others are float64

_LIMITS = {
    "whole": (1, 2**53 - 1, "a whole number of 1 or more"),
    "seconds": (0, MOST_SECONDS, f"a number from 0 to {MOST_SECONDS:g}"),
    "duration": (0, MOST_SECONDS, "a number above 0"),
    "rate": (0, MOST_A_SECOND, "a number above 0"),
    "number": (0, MOST_A_SECOND, "a number of 0 or more"),
    "percent": (0, 100, "a number from 0 to 100"),
}


def make_table(rows: Iterable[dict[str, object]], schema: Schema) -> pd.DataFrame:
    """Make a table of rows that each have a value for every column of a schema."""
    table = pd.DataFrame(list(rows), columns=list(schema.columns))
    dtypes = {name: _DTYPES.get(one.kind, "float64") for name, one in schema.columns.items()}
    return table.astype(dtypes)


def convert(raw: pd.DataFrame, schema: Schema, place: str) -> pd.DataFrame:
    """Turn a table, or a file's texts, into one of a schema's columns and types, all checked."""
    if not isinstance(raw, pd.DataFrame):
        raise ResultsError(f"{place} must be a pandas DataFrame, not {type(raw).__name__}")
    _check_columns(raw, schema, place)
    if raw.empty:
        raise ResultsError(f"{place} has no rows")
    table = pd.DataFrame(
        {
            name: _convert_safely(raw[name], name, column, place)
            for name, column in schema.columns.items()
        }
    )
    _check_runs(table, schema, place)
    return table


def _check_columns(table: pd.DataFrame, schema: Schema, place: str) -> None:
    if missing := [name for name in schema.columns if name not in table.columns]:
        if 2 * len(missing) > len(schema.columns):
            raise ResultsError(f"{place} is no table that gil_demo has made")
        raise ResultsError(
            f"{place} is no table of {schema.name}: it lacks the columns {', '.join(missing)}"
        )
    if twice := [name for name in schema.columns if list(table.columns).count(name) > 1]:
        raise ResultsError(f"{place} has the columns {', '.join(twice)} more than once")
    if named := [str(name) for name in table.index.names if name in schema.columns]:
        told = f"{place} has an index that is named like the column {', '.join(named)}"
        raise ResultsError(f"{told}: rename_axis(index=None) takes its name off")


def _convert_safely(
    values: "pd.Series[Any]", name: str, column: Column, place: str
) -> "pd.Series[Any]":
    """Convert a column; what pandas itself stumbles over is refused, too."""
    try:
        if len(values) > 1_000 and isinstance(values.dtype, pd.StringDtype):
            numbers, unlike = pd.factorize(values, use_na_sentinel=False)
            if len(unlike) < len(values) / 4:  # most columns of many runs say few things, often
                with suppress(ResultsError):  # which would be told with the wrong row
                    few = _convert(pd.Series(unlike), name, column, place)
                    return few.take(numbers).set_axis(values.index)
        return _convert(values, name, column, place)
    except (TypeError, ValueError, OverflowError):
        raise ResultsError(f"{place}: the column {name} holds what can't be read") from None


def _convert(values: "pd.Series[Any]", name: str, column: Column, place: str) -> "pd.Series[Any]":
    """Return a column in its type; the first value that doesn't fit is named in the error."""
    if not isinstance(values.dtype, pd.StringDtype):
        _check_each(values, lambda value: not is_scalar(value), name, place, "a single value")
    empty = values.isna() | (values == "")
    if not column.may_be_empty:
        _check_values(values, empty, name, place, "a value")
    if column.choices:
        is_another = ~values.isin(column.choices)
        _check_values(values, is_another, name, place, " or ".join(column.choices))
    if column.kind not in ("text", "yes_no"):
        return _convert_numbers(values, empty, name, column, place)
    if column.kind == "text":
        allowed = f"a text of at most {MOST_LETTERS:,} letters that UTF-8 can hold"
        _check_each(values, lambda value: _UNFIT.search(str(value)), name, place, allowed)
        return values.astype(str).where(~empty, "").astype("str")
    texts = values.astype(str)
    _check_values(values, ~texts.isin(["True", "False"]), name, place, "True or False")
    return (texts == "True").astype("bool")


def _convert_numbers(
    values: "pd.Series[Any]", empty: "pd.Series[bool]", name: str, column: Column, place: str
) -> "pd.Series[Any]":
    least, most, allowed = _LIMITS[column.kind]
    if not isinstance(values.dtype, pd.StringDtype):
        _check_each(values, is_bool, name, place, allowed)
    numbers = pd.to_numeric(values.where(~empty, None), errors="coerce").astype("Float64")
    good = numbers.between(least, most)
    if column.kind == "whole":
        good &= numbers % 1 == 0
    if column.kind in ("duration", "rate"):
        good &= numbers > 0
    is_bad = ~(good.fillna(False).astype(bool) | empty)
    _check_values(values, is_bad, name, place, allowed)
    if column.kind == "whole":
        return numbers.astype("Int64")
    # pandas 2 reads a text with an error in the last digit
    return values.astype(object).where(~empty, "nan").map(float).astype("float64")


def _check_each(
    values: "pd.Series[Any]", is_odd: Callable[[Any], object], name: str, place: str, allowed: str
) -> None:
    """Raise a ResultsError that names the first odd value; numbers alone are none."""
    is_bad = [bool(is_odd(value)) for value in values] if values.dtype.kind in "bO" else []
    if any(is_bad):
        _check_values(values, pd.Series(is_bad, values.index), name, place, allowed)


def _check_values(
    values: "pd.Series[Any]", is_bad: "pd.Series[bool]", name: str, place: str, allowed: str
) -> None:
    if is_bad.any():
        shown = str(values[is_bad.to_numpy()].iloc[0])[:40]
        check_rows(is_bad, place, f"{name} must be {allowed}, not {shown!r}")


SHARES = ("others_percent", "stolen_percent")
"""What other programs took of this process's cores during a run, and what a virtual machine's
host gave to others; empty where that isn't known."""

MACHINE: dict[str, Column] = {
    "busy_percent": Column("percent", may_be_empty=True),  # before the run
    **dict.fromkeys(SHARES, Column("percent", may_be_empty=True, formerly="")),
    **dict.fromkeys(("usable_cores", "logical_cores"), Column("whole")),
    "physical_cores": Column("whole", may_be_empty=True),
    "cores_limited_by": Column("text", may_be_empty=True),
    **dict.fromkeys(("python_version", "implementation"), Column("text")),
    "gil_enabled": Column("yes_no"),
    **dict.fromkeys(("operating_system", "architecture", "measured_on"), Column("text")),
    "recorded_on": Column("text", may_be_empty=True),
}
"""The facts of the machine, in every row of every table; `recorded_on` names the machine of a
recorded run and is empty for a run of one's own."""


def make_schema(
    name: str,
    experiments: tuple[str, ...],
    own: Mapping[str, Column],
    check: Callable[[pd.DataFrame, str], None] | None = None,
    **alike_and_variant: tuple[str, ...],
) -> Schema:
    """Make a schema of a kind's own columns, between those that all tables have."""
    first = {"run_id": Column("text"), "experiment": Column("text", choices=experiments)}
    return Schema(name, {**first, **own, **MACHINE}, check, **alike_and_variant)


def check_rows(is_bad: "pd.Series[bool]", place: str, fault: str) -> None:
    """Raise a ResultsError that names the first bad row, if there is one."""
    if is_bad.any():
        raise ResultsError(f"{place}, row {is_bad.to_numpy().argmax() + 1}: {fault}")


def name_run(run_id: object) -> str:
    """Name a run in a message, on one line and in few letters, whatever its id is."""
    return f"run {_cut(run_id)}"


def _cut(value: object) -> str:
    line = " ".join(str(value).split())
    return line if len(line) <= _SHOWN_LETTERS else f"{line[:_SHOWN_LETTERS]}..."


def check_same_facts(run: pd.DataFrame, place: str, facts: Sequence[str]) -> None:
    """Raise a ResultsError if the rows of one run differ where they should not."""
    if uneven := [name for name in facts if run[name].nunique(dropna=False) > 1]:
        raise ResultsError(f"{place} is no single run: its rows differ in {', '.join(uneven)}")


def _check_runs(table: pd.DataFrame, schema: Schema, place: str) -> None:
    if schema.alike or schema.variant:
        rounds = ["rounds"] if schema.variant else []
        alike = ["experiment", *rounds, *schema.alike, *MACHINE]
        is_uneven = table.groupby("run_id", sort=False)[alike].nunique(dropna=False) > 1
        for run_id in is_uneven.index[is_uneven.any(axis="columns")]:
            run = table[table["run_id"] == run_id]
            check_same_facts(run, f"{place}, {name_run(run_id)}", alike)
    if schema.variant:
        _check_rounds(table, schema, place)
    if schema.check is not None:
        schema.check(table, place)


def _check_rounds(table: pd.DataFrame, schema: Schema, place: str) -> None:
    """Raise a ResultsError unless each variant of each run has one row in each of its rounds."""
    found = table.groupby(["run_id", *schema.variant], sort=False, dropna=False).agg(
        rows=("round", "size"), unlike=("round", "nunique"), last=("round", "max"),
        wanted=("rounds", "first"),
    )  # fmt: skip
    is_odd = found[["rows", "unlike", "last"]].ne(found["wanted"], axis="index").any(axis="columns")
    for odd in found[is_odd].reset_index().to_dict("records"):
        told = [
            _cut(odd[name]) if schema.columns[name].kind == "text" else f"{odd[name]} {name}"
            for name in schema.variant
            if odd[name] != ""
        ]
        raise ResultsError(
            f"{place}, {name_run(odd['run_id'])} is not whole: {', '.join(told)} has "
            f"{state_count(odd['rows'], 'row')} in {odd['unlike']} of "
            f"{state_count(odd['wanted'], 'round')}"
        )


def check_kind(table: pd.DataFrame, schema: Schema) -> None:
    """Raise a ResultsError unless the table itself is of a kind, with numbers, not their texts."""
    for name, values in convert(table, schema, "the table").items():
        if is_numeric_dtype(values) and not is_numeric_dtype(table[name]):
            raise ResultsError(f"the table's column {name} must hold numbers, not texts")
        is_text = infer_dtype(table[name], skipna=True) in ("string", "empty")
        if not (is_numeric_dtype(values) or is_text):
            raise ResultsError(f"the table's column {name} must hold texts and nothing else")


def check_one_run(table: pd.DataFrame, schema: Schema) -> None:
    """Raise a ResultsError unless the table is of a kind and holds exactly one run."""
    check_kind(table, schema)
    check_single(table)


def check_single(table: pd.DataFrame) -> None:
    """Raise a ResultsError unless the table holds exactly one run."""
    if (runs := table["run_id"].nunique()) != 1:
        raise ResultsError(f"the table holds {runs} runs; give one: the rows of one run_id")


def list_rows(summary: pd.DataFrame) -> list[Any]:
    """Return the rows of a summary as named tuples."""
    return list(summary.itertuples(index=False))


def split_runs(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Cut a table into one for each run, in the order in which they stand in it."""
    return [group.reset_index(drop=True) for _, group in table.groupby("run_id", sort=False)]
