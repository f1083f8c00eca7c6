import re
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.kinds import choose_schema, list_schemas
from gil_demo.tables.schema import Column, Schema, check_kind, convert
from tests.made.runs import make_run

TEXT = str(pd.Series(["a"]).astype("str").dtype)  # pandas 2 has no type of its own for texts
GOOD: dict[str, object] = {
    "text": "some",
    "whole": 1,
    "yes_no": True,
    **dict.fromkeys(["seconds", "duration", "rate", "number", "percent"], 0.5),
}
EMPTY: list[object] = ["", None, float("nan")]
LONGEST = "and so on\n" * 100
NO_NUMBERS: list[object] = [True, -1e-9, "many", "0x10", "1_0", float("inf"), "1e400", *EMPTY]
BAD: dict[str, list[object]] = {
    "text": [f"{LONGEST}!", "\ud800", *EMPTY],
    "whole": [*NO_NUMBERS, 0, 1.5, 2**53, "9" * 400],
    "seconds": [*NO_NUMBERS, 1.1e6],
    "duration": [*NO_NUMBERS, 0, 1.1e6],
    "rate": [*NO_NUMBERS, 0, 1.1e12],
    "number": [*NO_NUMBERS, 1.1e12],
    "percent": [*NO_NUMBERS, 100.1],
    "yes_no": ["yes", "TRUE", 1, 0, *EMPTY],
}


def convert_one(column: Column, *values: object) -> "pd.Series[Any]":
    raw = pd.DataFrame({"thing": [*values]}, dtype="object")
    return convert(raw, Schema("things", {"thing": column}), "some file")["thing"]


def make_rounds(**facts: object) -> pd.DataFrame:
    """Make a run of two ways in two rounds each."""
    return make_run({("threads", 2): [1.0, 1.0]}, **facts)


def test_a_column_takes_no_value_that_does_not_fit_it_and_the_ends_of_its_range() -> None:
    for kind, value in ((kind, value) for kind, bad in BAD.items() for value in bad):
        told = f"some file, row 2: thing must be .*, not {re.escape(repr(str(value)[:40]))}$"
        with pytest.raises(ResultsError, match=told):
            convert_one(Column(kind), GOOD[kind], value)
    for kind, *values in (
        *(("whole", 1, 2**53 - 1, "7", 3.0), ("percent", 0, 100), ("duration", 5e-324, 1e6)),
        *(("seconds", 0, 1e6, "1e-9"), ("rate", 1e12), ("number", 0, 1e12, "0.30000000000000004")),
    ):
        assert list(convert_one(Column(kind), *values)) == [float(str(one)) for one in values]


def test_a_column_has_its_type_whatever_it_was_before_and_may_be_empty_where_that_is_said() -> None:
    for kind, good in GOOD.items():
        dtype = {"text": TEXT, "whole": "Int64", "yes_no": "bool"}.get(kind, "float64")
        for value in (good, str(good)):
            column = convert_one(Column(kind), value, value)
            assert str(column.dtype) == dtype
            assert list(column) == [good, good]
    assert list(convert_one(Column("text"), "NA", 7, LONGEST)) == ["NA", "7", LONGEST]
    assert list(convert_one(Column("yes_no"), "True", "False")) == [True, False]
    for empty in EMPTY:
        assert list(convert_one(Column("text", may_be_empty=True), empty)) == [""]
        assert convert_one(Column("whole", may_be_empty=True), empty).isna().all()
        assert convert_one(Column("rate", may_be_empty=True), empty, 1.0).isna().tolist() == [1, 0]


def test_what_a_column_does_not_take_is_refused_with_its_row_and_the_choices() -> None:
    column = Column("text", choices=("tea", "milk"))
    assert list(convert_one(column, "milk", "tea")) == ["milk", "tea"]
    with pytest.raises(ResultsError, match=r"row 2: thing must be tea or milk, not 'wine'$"):
        convert_one(column, "tea", "wine")
    unread = r"^some file: the column thing holds what can't be read$"
    with pytest.raises(ResultsError, match=unread):
        convert_one(Column("rate"), 5j)
    for kind, good in GOOD.items():
        for value in ({"a": 1}, [1, 2], (1, 2)):
            told = f"row 2: thing must be a single value, not {re.escape(repr(str(value)))}$"
            with pytest.raises(ResultsError, match=told):
                convert_one(Column(kind), good, value)
    # the first wrong row of very many is named
    texts = ["1"] * 2_000 + ["x", "y"]
    table = pd.DataFrame({"thing": texts}, range(5, 2_007), dtype="str")
    schema = Schema("things", {"thing": Column("whole")})
    with pytest.raises(ResultsError, match=r"row 2001: thing must be a whole number .*, not 'x'$"):
        convert(table, schema, "a file")
    assert convert(table[:2_000], schema, "a file")["thing"].sum() == 2_000


def test_what_is_no_table_or_has_wrong_columns_is_refused_by_name() -> None:
    table = make_rounds()
    lacking = table.drop(columns=["count", "runner"])
    twice = pd.concat([table, table[["runner", "count"]]], axis="columns")
    for bad, told in (
        (twice, " has the columns runner, count more than once"),
        (lacking, " is no table of timed runs: it lacks the columns runner, count"),
        (pd.DataFrame({"a": [1]}), " is no table that gil_demo has made"),
        ([1], " must be a pandas DataFrame, not list"),
        (table.set_index("runner", drop=False), " has an index that is named like .* runner: .*"),
        (table.astype({"count": str}), "'s column count must hold numbers, not texts"),
        (table.assign(workload=5), "'s column workload must hold texts and nothing else"),
    ):
        with pytest.raises(ResultsError, match=f"^the table{told}$"):
            check_kind(bad, RUNS)  # type: ignore[arg-type]


def test_rows_of_one_run_share_its_facts_and_runs_may_differ() -> None:
    both = pd.concat([make_rounds(), make_rounds(run_id="two", count=7)], ignore_index=True)
    turned = both[both.columns[::-1]].assign(remark="mine")  # which is no column of the kind's
    assert_frame_equal(convert(turned, RUNS, "the table"), both, check_exact=True)
    for name, value in (
        *(("experiment", "scale"), ("workload", "sleeping"), ("recorded_on", "a laptop")),
        *(("rounds", 9), ("count", 9), ("stopped_by", "budget")),
    ):
        odd, told = both.copy(), f"run two is no single run: its rows differ in {name}$"
        odd.loc[5, name] = value
        with pytest.raises(ResultsError, match=told):
            convert(odd, RUNS, "the table")


def test_each_variant_has_one_row_in_each_round() -> None:
    for changes, told in (
        ({"round": 1}, "threads, 2 workers has 2 rows in 1 of 2 rounds"),
        ({"round": 3}, "threads, 2 workers has 2 rows in 2 of 2 rounds"),
        ({"workers": 3}, "threads, 2 workers has 1 row in 1 of 2 rounds"),
        ({"runner": "and so on\n" * 99}, "threads, 2 workers has 1 row in 1 of 2 rounds"),
    ):
        table = make_rounds()
        table.loc[3, [*changes]] = [*changes.values()]
        with pytest.raises(ResultsError, match=f"the table, run a1b2c3 is not whole: {told}$"):
            convert(table, RUNS, "the table")
    with pytest.raises(ResultsError, match=r"run so{29} so{28}\.\.\. is not whole: threads, 2 wor"):
        convert(make_rounds(run_id=f"s{'o' * 29}\ns{'o' * 99}")[:3], RUNS, "the table")


def test_a_table_of_no_known_experiment_is_taken_for_what_it_lacks_the_fewest_columns_of() -> None:
    fewest = min(list_schemas(), key=lambda schema: len(schema.columns))
    for raw in (None, 5, pd.DataFrame(), pd.DataFrame({"experiment": ["dance"]})):
        assert choose_schema(raw).name == fewest.name
    assert choose_schema(make_run(experiment="dance")).name == "timed runs"
    assert choose_schema(make_run().drop(columns="experiment")).name == "timed runs"
