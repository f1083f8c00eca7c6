import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.costs.break_even import LENGTHS
from gil_demo.costs.memory import DEEDS, PARENTS, WEIGHTS
from gil_demo.costs.start_up import LOADS, STARTS
from gil_demo.costs.transport import KINDS, TRANSFERS, WAYS
from gil_demo.tables.files import load, save
from gil_demo.tables.kinds import list_schemas
from gil_demo.tables.schema import MACHINE, Schema, check_one_run, choose_schema, convert
from tests.made.costs import make_lengths, make_starts, make_transfers, make_weights
from tests.pool.test_columns import OTHERS, assert_refused, put

MakeTable = Callable[..., pd.DataFrame]
KINDS_OF_TABLE = [
    pytest.param(make_starts, STARTS, id="starts"),
    pytest.param(make_transfers, TRANSFERS, id="transfers"),
    pytest.param(make_weights, WEIGHTS, id="weights"),
    pytest.param(make_lengths, LENGTHS, id="lengths"),
]
SHARED = {
    STARTS.name: "workers",
    TRANSFERS.name: "start_method",
    WEIGHTS.name: "table_bytes",
    LENGTHS.name: "tasks",
}


@pytest.mark.parametrize(("make", "schema"), KINDS_OF_TABLE)
def test_an_honest_table_passes_and_is_taken_for_what_it_is(
    make: MakeTable, schema: Schema, tmp_path: Any
) -> None:
    table = make()
    assert choose_schema(table, list_schemas()) is schema
    assert_frame_equal(convert(table, schema, "the table"), table, check_exact=True)
    check_one_run(table, schema)
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table, check_exact=True)


@pytest.mark.parametrize(("make", "schema"), KINDS_OF_TABLE)
def test_several_runs_may_differ_where_one_may_not(make: MakeTable, schema: Schema) -> None:
    other = make(run_id="other", usable_cores=7, recorded_on="a laptop")
    both = pd.concat([make(), other], ignore_index=True)
    assert_frame_equal(convert(both, schema, "the table"), both)
    told = "run one is no single run: its rows differ in .*usable_cores"
    assert_refused(both.assign(run_id="one"), schema, told)
    with pytest.raises(ResultsError, match="the table holds 2 runs"):
        check_one_run(both, schema)


@pytest.mark.parametrize(("make", "schema"), KINDS_OF_TABLE)
def test_the_rows_of_one_run_share_its_facts(make: MakeTable, schema: Schema) -> None:
    for name in (SHARED[schema.name], "rounds", *MACHINE):
        table = put(make(), 2, **{name: OTHERS[schema.columns[name].kind]})
        assert_refused(table, schema, f"is no single run: its rows differ in {name}$")


@pytest.mark.parametrize(("make", "schema"), KINDS_OF_TABLE)
def test_a_variant_that_lacks_a_round_is_refused(make: MakeTable, schema: Schema) -> None:
    table = make()
    for row in (0, len(table) // 2, len(table) - 1):
        rest = table.drop(index=row).reset_index(drop=True)
        assert_refused(rest, schema, r"is not whole: .* has \d+ rows in \d+ of \d+ rounds$")


@pytest.mark.parametrize(("make", "schema"), KINDS_OF_TABLE)
def test_a_round_that_is_there_twice_is_refused(make: MakeTable, schema: Schema) -> None:
    table = make()
    twice = pd.concat([table, table.tail(1)], ignore_index=True)
    assert_refused(twice, schema, r"is not whole: .* has \d+ rows in")
    assert_refused(put(table, 1, round=2), schema, r"is not whole: .* has \d+ rows in")


@pytest.mark.parametrize(("make", "schema"), KINDS_OF_TABLE)
def test_a_table_of_another_experiment_is_refused(make: MakeTable, schema: Schema) -> None:
    (name,) = schema.columns["experiment"].choices
    assert_refused(make(experiment="compare"), schema, f"experiment must be {name}, not 'compare'$")


@pytest.mark.parametrize(
    ("make", "schema", "name"),
    [
        (make_starts, STARTS, "start_up_seconds"),
        (make_starts, STARTS, "tear_down_seconds"),
        (make_transfers, TRANSFERS, "seconds"),
        (make_transfers, TRANSFERS, "size_bytes"),
        (make_weights, WEIGHTS, "unique_bytes"),
        (make_weights, WEIGHTS, "parent_bytes"),
        (make_lengths, LENGTHS, "seconds"),
        (make_lengths, LENGTHS, "steps"),
    ],
)
def test_what_takes_no_time_and_no_memory_is_refused(
    make: MakeTable, schema: Schema, name: str
) -> None:
    for value in (0, -1, None, float("nan"), "much"):
        assert_refused(put(make(), 3, **{name: value}), schema, f", row 3: {name} must be a ")


@pytest.mark.parametrize(
    ("make", "schema", "name", "allowed"),
    [
        (make_starts, STARTS, "loads", LOADS),
        (make_transfers, TRANSFERS, "kind", KINDS),
        (make_transfers, TRANSFERS, "way", WAYS),
        (make_weights, WEIGHTS, "parent", PARENTS),
        (make_weights, WEIGHTS, "deed", DEEDS),
        (make_lengths, LENGTHS, "runner", ("sequential", "threads", "processes")),
    ],
)
def test_an_unknown_name_is_refused_with_those_there_are(
    make: MakeTable, schema: Schema, name: str, allowed: tuple[str, ...]
) -> None:
    told = re.escape(f", row 2: {name} must be {' or '.join(allowed)}, not 'other'")
    assert_refused(put(make(), 2, **{name: "other"}), schema, f"{told}$")


def test_ways_that_ran_other_lengths_are_refused() -> None:
    table = make_lengths()
    is_odd = (table["runner"] == "threads") & (table["steps"] == table["steps"].max())
    odd = table.assign(steps=table["steps"].where(~is_odd, 12_345))
    assert_refused(odd, LENGTHS, "is not whole: its ways differ in the steps of a task$")
    assert_refused(table[~is_odd], LENGTHS, "its ways differ in the steps of a task$")


def test_only_processes_need_a_start_method_and_only_they_take_time_to_start() -> None:
    table = make_lengths()
    assert set(table.loc[table["runner"] != "processes", "start_up_seconds"]) == {0.0}
    convert(table.assign(start_up_seconds=0.0, tear_down_seconds=0.0), LENGTHS, "the table")
    for make, schema in ((make_starts, STARTS), (make_transfers, TRANSFERS)):
        assert_refused(put(make(), 1, start_method=""), schema, "start_method must be a value")


@pytest.mark.parametrize(("make", "schema"), KINDS_OF_TABLE)
def test_an_id_of_many_letters_and_lines_is_cut_in_the_message(
    make: MakeTable, schema: Schema
) -> None:
    table = make(run_id="letters\nand lines " * 500).drop(index=0)
    with pytest.raises(ResultsError, match=r"run letters and .*\.\.\. is not whole") as caught:
        convert(table, schema, "some file")
    assert re.fullmatch(".{1,300}", str(caught.value))
