import re
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.tables.kinds import choose_schema, list_schemas
from gil_demo.tables.schema import MACHINE, Column, Schema, check_kind, convert, make_table
from tests.made.runs import FACTS, make_run

TEXT = str(pd.Series(["a"]).astype("str").dtype)  # pandas 2 has no type of its own for texts
GOOD: dict[str, object] = {
    "text": "some",
    "whole": 1,
    "yes_no": True,
    **dict.fromkeys(["seconds", "duration", "rate", "number", "percent"], 0.5),
}
EMPTY: list[object] = ["", None, float("nan")]
NO_NUMBERS: list[object] = [-1e-9, "many", "0x10", "1_0", float("inf"), "1e400", *EMPTY]
BAD: dict[str, list[object]] = {
    "text": EMPTY,
    "whole": [*NO_NUMBERS, 0, 1.5, 2**53, "9" * 400],
    "seconds": [*NO_NUMBERS, 1.1e6],
    "duration": [*NO_NUMBERS, 0, 1.1e6],
    "rate": [*NO_NUMBERS, 0, 1.1e12],
    "number": [*NO_NUMBERS, 1.1e12],
    "percent": [*NO_NUMBERS, 100.1],
    "yes_no": ["yes", "TRUE", 1, 0, *EMPTY],
}
ROUNDS = Schema(
    "rounds",
    {name: Column("text") for name in ("run_id", "experiment", "way", "place")}
    | {name: Column("whole") for name in ("size", "round", "rounds")}
    | MACHINE,
    alike=("place",),
    variant=("way", "size"),
)


def convert_one(column: Column, *values: object) -> "pd.Series[Any]":
    raw = pd.DataFrame({"thing": [*values]}, dtype="object")
    return convert(raw, Schema("things", {"thing": column}), "some file")["thing"]


def make_rounds(**facts: object) -> pd.DataFrame:
    """Make a table of two ways in two rounds each."""
    rows = [
        FACTS
        | {"run_id": "one", "experiment": "e", "way": way, "place": "here"}
        | {"size": 7, "round": number, "rounds": 2}
        | facts
        for number in (1, 2)
        for way in ("walk", "ride")
    ]
    return make_table(rows, ROUNDS)


# columns


@pytest.mark.parametrize("kind", GOOD)
def test_a_column_takes_no_value_that_does_not_fit_it(kind: str) -> None:
    for value in BAD[kind]:
        shown = re.escape(repr(str(value)[:40]))
        with pytest.raises(ResultsError, match=f"some file, row 2: thing must be .*, not {shown}$"):
            convert_one(Column(kind), GOOD[kind], value)


def test_a_column_takes_the_ends_of_its_range() -> None:
    for kind, *values in (
        *(("whole", 1, 2**53 - 1, "7", 3.0), ("percent", 0, 100), ("duration", 5e-324, 1e6)),
        *(("seconds", 0, 1e6, "1e-9"), ("rate", 1e12), ("number", 0, 1e12, "0.30000000000000004")),
    ):
        assert list(convert_one(Column(kind), *values)) == [float(str(one)) for one in values]


def test_a_column_has_its_type_whatever_it_was_before() -> None:
    for kind, good in GOOD.items():
        dtype = {"text": TEXT, "whole": "Int64", "yes_no": "bool"}.get(kind, "float64")
        for value in (good, str(good)):
            column = convert_one(Column(kind), value, value)
            assert str(column.dtype) == dtype
            assert list(column) == [good, good]
    assert list(convert_one(Column("text"), "NA", 7)) == ["NA", "7"]
    assert list(convert_one(Column("yes_no"), "True", "False")) == [True, False]


def test_what_may_be_empty_may_be_empty() -> None:
    for empty in EMPTY:
        assert list(convert_one(Column("text", may_be_empty=True), empty)) == [""]
        assert convert_one(Column("whole", may_be_empty=True), empty).isna().all()
        assert convert_one(Column("rate", may_be_empty=True), empty, 1.0).isna().tolist() == [1, 0]


def test_a_text_that_is_no_choice_is_refused_with_the_choices() -> None:
    column = Column("text", choices=("tea", "milk"))
    assert list(convert_one(column, "milk", "tea")) == ["milk", "tea"]
    with pytest.raises(ResultsError, match=r"row 2: thing must be tea or milk, not 'wine'$"):
        convert_one(column, "tea", "wine")
    with pytest.raises(
        ResultsError, match=r"^some file: the column thing holds what can't be read$"
    ):
        convert_one(Column("rate"), 5j)


def test_the_first_wrong_row_of_very_many_is_named() -> None:
    texts = pd.Series(["1"] * 2_000 + ["x", "y"], dtype="str")
    table = pd.DataFrame({"thing": texts.set_axis(range(5, 2_007))})
    schema = Schema("things", {"thing": Column("whole")})
    with pytest.raises(ResultsError, match=r"row 2001: thing must be a whole number .*, not 'x'$"):
        convert(table, schema, "a file")
    assert convert(table[:2_000], schema, "a file")["thing"].sum() == 2_000


# tables


def test_a_table_keeps_the_schema_s_columns_in_their_order_and_no_others() -> None:
    table = make_rounds()
    before = table.copy(deep=True)
    turned = table[table.columns[::-1]].assign(remark="mine")
    assert_frame_equal(convert(turned, ROUNDS, "the table"), table, check_exact=True)
    assert_frame_equal(convert(table.astype(str), ROUNDS, "the table"), table, check_exact=True)
    assert_frame_equal(table, before)


def test_what_is_no_table_or_has_a_column_twice_is_refused_by_name() -> None:
    table = make_rounds()
    twice = pd.concat([table, table[["way", "size"]]], axis="columns")
    with pytest.raises(ResultsError, match=r"the table has the columns way, size more than once$"):
        convert(twice, ROUNDS, "the table")
    with pytest.raises(ResultsError, match=r"no table of rounds: it lacks the columns way, size$"):
        convert(table.drop(columns=["size", "way"]), ROUNDS, "the table")
    with pytest.raises(ResultsError, match=r"the table must be a pandas DataFrame, not list$"):
        convert([1], ROUNDS, "the table")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["experiment", "rounds", "place", "recorded_on"])
def test_rows_of_one_run_share_its_facts_and_runs_may_differ(name: str) -> None:
    both = pd.concat([make_rounds(), make_rounds(run_id="two", place="there")], ignore_index=True)
    assert_frame_equal(convert(both, ROUNDS, "the table"), both)
    both.loc[5, name] = 9 if name == "rounds" else "elsewhere"
    with pytest.raises(ResultsError, match=f"run two is no single run: its rows differ in {name}$"):
        convert(both, ROUNDS, "the table")


def test_each_variant_has_one_row_in_each_round() -> None:
    for changes, told in (
        ({"round": 1}, "ride, 7 size has 2 rows in 1 of 2 rounds"),
        ({"round": 3}, "ride, 7 size has 2 rows in 2 of 2 rounds"),
        ({"size": 8}, "ride, 7 size has 1 rows in 1 of 2 rounds"),
        ({"way": "and so on\n" * 99}, "ride, 7 size has 1 rows in 1 of 2 rounds"),
    ):
        table = make_rounds()
        table.loc[3, [*changes]] = [*changes.values()]
        with pytest.raises(ResultsError, match=f"the table, run one is not whole: {told}$"):
            convert(table, ROUNDS, "the table")
    with pytest.raises(ResultsError, match=r"run so{29} so{28}\.\.\. is not whole: ride, 7 size"):
        convert(make_rounds(run_id=f"s{'o' * 29}\ns{'o' * 99}")[:3], ROUNDS, "the table")


def test_texts_are_no_numbers_and_numbers_no_texts_in_a_table_to_be_summed_up() -> None:
    with pytest.raises(ResultsError, match=r"column size must hold numbers, not texts$"):
        check_kind(make_rounds().astype({"size": str}), ROUNDS)
    with pytest.raises(ResultsError, match=r"column place must hold texts and nothing else$"):
        check_kind(make_rounds().assign(place=5), ROUNDS)


def test_a_table_of_no_known_experiment_is_taken_for_what_it_lacks_the_fewest_columns_of() -> None:
    fewest = min(list_schemas(), key=lambda schema: len(schema.columns))
    for raw in (None, 5, pd.DataFrame(), pd.DataFrame({"experiment": ["dance"]})):
        assert choose_schema(raw).name == fewest.name
    assert choose_schema(make_run(experiment="dance")).name == "timed runs"
    assert choose_schema(make_run().drop(columns="experiment")).name == "timed runs"
