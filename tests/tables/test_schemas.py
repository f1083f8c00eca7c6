import re
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.tables.kinds import list_schemas
from gil_demo.tables.schema import Column, Schema, choose_schema, convert, make_table

TEXT = str(pd.Series(["a"]).astype("str").dtype)  # pandas 2 has no type of its own for texts
DTYPES = {"text": TEXT, "whole": "Int64", "yes_no": "bool"}
GOOD: dict[str, object] = {
    "text": "some",
    "whole": 1,
    "seconds": 0.5,
    "duration": 0.5,
    "rate": 0.5,
    "number": 0.5,
    "percent": 0.5,
    "yes_no": True,
}
EMPTY = ["", None, float("nan")]
NO_NUMBERS = [-1, "many", "0x10", float("inf"), float("-inf"), "1e400"]
BAD: dict[str, list[object]] = {
    "text": [],
    "whole": [*NO_NUMBERS, 0, 1.5, 2**53, "9" * 400],
    "seconds": [*NO_NUMBERS, -1e-9, 1.1e6],
    "duration": [*NO_NUMBERS, 0, -1e-9, 1.1e6],
    "rate": [*NO_NUMBERS, 0, -1e-9, 1.1e12],
    "number": [*NO_NUMBERS, -1e-9, 1.1e12],
    "percent": [*NO_NUMBERS, -0.1, 100.1],
    "yes_no": ["yes", "TRUE", 1, 0],
}


def make_row(schema: Schema) -> dict[str, object]:
    """Make the one row of a table that holds no more than its schema asks for."""
    return {
        name: column.choices[0] if column.choices else GOOD[column.kind]
        for name, column in schema.columns.items()
    }


def make_fresh(schema: Schema) -> pd.DataFrame:
    return make_table([make_row(schema)], schema)


def spoil(schema: Schema, name: str, value: object) -> pd.DataFrame:
    """Return a fresh table with another value in the only row of a column."""
    table = make_fresh(schema)
    return table.assign(**{name: pd.Series([value], dtype="object")})


def list_columns(schema: Schema) -> list[tuple[str, Column]]:
    return list(schema.columns.items())


@pytest.fixture(params=list_schemas(), ids=lambda schema: schema.name)
def schema(request: pytest.FixtureRequest) -> Schema:
    chosen: Schema = request.param
    return chosen


# tables that are as they should be


def test_a_fresh_table_passes_and_stays_as_it_is(schema: Schema) -> None:
    table = make_fresh(schema)
    before = table.copy(deep=True)
    assert_frame_equal(convert(table, schema, "the table"), table, check_exact=True)
    assert_frame_equal(table, before)


def test_a_fresh_table_has_the_columns_and_types_of_its_schema(schema: Schema) -> None:
    table = make_fresh(schema)
    assert list(table.columns) == list(schema.columns)
    for name, column in list_columns(schema):
        assert str(table[name].dtype) == DTYPES.get(column.kind, "float64")


def test_the_texts_of_a_table_become_the_table_again(schema: Schema) -> None:
    table = make_fresh(schema)
    assert_frame_equal(convert(table.astype(str), schema, "a file"), table, check_exact=True)


def test_columns_in_another_order_and_columns_of_others_do_not_matter(schema: Schema) -> None:
    table = make_fresh(schema)
    turned = table[table.columns[::-1]].assign(remark="mine")
    assert_frame_equal(convert(turned, schema, "the table"), table)


def test_what_may_be_empty_may_be_empty(schema: Schema) -> None:
    for name, column in list_columns(schema):
        if column.may_be_empty:
            converted = convert(spoil(schema, name, ""), schema, "the table")
            assert converted[name].isna().iloc[0] or converted[name].iloc[0] == ""


def test_every_choice_is_allowed(schema: Schema) -> None:
    for name, column in list_columns(schema):
        for choice in column.choices:
            assert convert(spoil(schema, name, choice), schema, "the table")[name][0] == choice


# tables that are not


def test_a_table_that_lacks_a_column_is_refused_by_its_name(schema: Schema) -> None:
    for name in schema.columns:
        with pytest.raises(ResultsError) as caught:
            convert(make_fresh(schema).drop(columns=name), schema, "the table")
        assert str(caught.value) == (
            f"the table is no table of {schema.name}: it lacks the columns {name}"
        )


def test_a_table_with_a_column_twice_is_refused_by_its_name(schema: Schema) -> None:
    table = make_fresh(schema)
    for name in schema.columns:
        twice = pd.concat([table, table[[name]]], axis="columns")
        with pytest.raises(ResultsError, match=f"has the columns {name} more than once"):
            convert(twice, schema, "the table")


def test_a_value_that_does_not_fit_its_column_is_refused_by_name(schema: Schema) -> None:
    for name, column in list_columns(schema):
        for value in BAD[column.kind][:1] + ([] if column.may_be_empty else EMPTY[:1]):
            told = f"the table, row 1: {name} must be .*, not {re.escape(repr(str(value)))}$"
            with pytest.raises(ResultsError, match=told):
                convert(spoil(schema, name, value), schema, "the table")


KINDS = list(GOOD)


def make_small_schema(kind: str) -> Schema:
    return Schema("things", {"thing": Column(kind)}, lambda *_: None)


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind in KINDS for value in BAD[kind] + EMPTY]
)
def test_no_kind_of_column_takes_a_value_that_does_not_fit_it(kind: str, value: object) -> None:
    shown = re.escape(repr(str(value)[:40]))
    raw = pd.DataFrame({"thing": [GOOD[kind], value]}, dtype="object")
    with pytest.raises(ResultsError, match=f"some file, row 2: thing must be .*, not {shown}$"):
        convert(raw, make_small_schema(kind), "some file")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("whole", 2**53 - 1), ("whole", "7"), ("whole", 3.0)),
        *(("seconds", 0), ("seconds", 1e6), ("seconds", "1e-9"), ("duration", 1e6)),
        *(("duration", 5e-324), ("rate", 1e12), ("percent", 0), ("percent", 100)),
        *(("yes_no", "False"), ("text", "NA"), ("text", 7)),
    ],
)
def test_every_kind_of_column_takes_the_ends_of_its_range(kind: str, value: object) -> None:
    raw = pd.DataFrame({"thing": [value]}, dtype="object")
    converted = convert(raw, make_small_schema(kind), "some file")["thing"][0]
    assert str(converted) == str(value) or float(converted) == float(str(value))


def test_a_text_that_is_no_choice_is_refused_with_the_choices(schema: Schema) -> None:
    for name, column in list_columns(schema):
        if column.choices:
            allowed = " or ".join(column.choices)
            with pytest.raises(ResultsError, match=f"row 1: {name} must be {allowed}, not 'some'"):
                convert(spoil(schema, name, "some"), schema, "the table")


def test_the_first_row_that_does_not_fit_is_named(schema: Schema) -> None:
    table = pd.concat([make_fresh(schema)] * 4, ignore_index=True).astype({"run_id": "object"})
    table.loc[[2, 3], "run_id"] = ["", ""]
    with pytest.raises(ResultsError, match="the table, row 3: run_id must be a value, not ''"):
        convert(table.set_axis([9, 8, 7, 6], axis="index"), schema, "the table")


def test_a_table_without_rows_is_refused(schema: Schema) -> None:
    with pytest.raises(ResultsError, match="the table has no rows"):
        convert(make_fresh(schema).iloc[:0], schema, "the table")


@pytest.mark.parametrize("raw", [None, 5, "run.csv", [1], {"run_id": ["a"]}])
def test_what_is_no_table_is_refused_by_its_type(schema: Schema, raw: Any) -> None:
    told = f"the table must be a pandas DataFrame, not {type(raw).__name__}"
    with pytest.raises(ResultsError, match=told):
        convert(raw, schema, "the table")


# which kind a table is of


def test_a_fresh_table_is_taken_for_what_it_is(schema: Schema) -> None:
    assert choose_schema(make_fresh(schema), list_schemas()) is schema
    assert choose_schema(make_fresh(schema), list_schemas()[::-1]) is schema


def test_a_table_that_lacks_a_column_is_still_taken_for_what_it_is(schema: Schema) -> None:
    own = [name for name in schema.columns if any(name not in s.columns for s in list_schemas())]
    for name in own:
        damaged = make_fresh(schema).drop(columns=name)
        chosen = choose_schema(damaged, [schema, *list_schemas()])
        with pytest.raises(ResultsError, match=f"{chosen.name}: it lacks the columns {name}$"):
            convert(damaged, chosen, "the table")


def test_the_first_schema_is_chosen_where_none_fits_better() -> None:
    for raw in (None, 5, "run.csv", pd.DataFrame(), pd.DataFrame({"a": [1]})):
        fewest = min(list_schemas(), key=lambda schema: len(schema.columns))
        assert choose_schema(raw, list_schemas()[:1]) is list_schemas()[0]
        if isinstance(raw, pd.DataFrame):
            assert choose_schema(raw, list_schemas()) is fewest
        else:
            assert choose_schema(raw, list_schemas()) is list_schemas()[0]


def test_no_two_kinds_of_table_have_the_same_name() -> None:
    assert len({schema.name for schema in list_schemas()}) == len(list_schemas())
