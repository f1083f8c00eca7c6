from collections.abc import Callable

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.kinds import list_schemas
from gil_demo.tables.schema import MACHINE, Schema, check_one_run, choose_schema, convert
from gil_demo.turns.sweep import SWITCHES
from gil_demo.turns.timeline import SLICES
from tests.conftest import TableMaker
from tests.made.turns import make_slices, make_switches

MakeTable = Callable[..., pd.DataFrame]
TRACED = pytest.param(make_slices, SLICES, id="slices")
SWEPT = pytest.param(make_switches, SWITCHES, id="switches")
OTHERS = {
    "text": "another",
    "whole": 7,
    "duration": 0.75,
    "percent": 7.0,
    "yes_no": False,
}


def test_a_fresh_table_has_the_columns_and_types_that_are_promised(make_run: TableMaker) -> None:
    table = make_run()
    assert list(table.columns) == list(RUNS.columns)
    assert {str(table[name].dtype) for name in ("workers", "round", "physical_cores")} == {"Int64"}
    assert table["seconds"].dtype == "float64"
    assert table["gil_enabled"].dtype == "bool"


@pytest.mark.parametrize("schema", list_schemas(), ids=lambda schema: schema.name)
def test_every_column_in_seconds_says_so_in_its_name(schema: Schema) -> None:
    for name, column in schema.columns.items():
        assert (column.kind in ("seconds", "duration")) == name.endswith("seconds")


@pytest.mark.parametrize("schema", list_schemas(), ids=lambda schema: schema.name)
def test_every_kind_of_table_begins_with_its_run_and_ends_with_its_machine(schema: Schema) -> None:
    names = list(schema.columns)
    assert names[:2] == ["run_id", "experiment"]
    assert names[-len(MACHINE) :] == list(MACHINE)
    assert all(schema.columns[name] == column for name, column in MACHINE.items())


def test_every_experiment_belongs_to_one_kind_of_table() -> None:
    experiments = [
        name for schema in list_schemas() for name in schema.columns["experiment"].choices
    ]
    assert len(set(experiments)) == len(experiments) > 0


@pytest.mark.parametrize(("make", "schema"), [TRACED, SWEPT])
def test_an_honest_table_passes_and_is_taken_for_what_it_is(
    make: MakeTable, schema: Schema
) -> None:
    table = make()
    assert choose_schema(table, list_schemas()) is schema
    assert_frame_equal(convert(table, schema, "the table"), table, check_exact=True)
    check_one_run(table, schema)


@pytest.mark.parametrize(("make", "schema"), [TRACED, SWEPT])
def test_several_runs_may_differ_where_one_may_not(make: MakeTable, schema: Schema) -> None:
    other = make(run_id="other", usable_cores=7, recorded_on="a laptop")
    both = pd.concat([make(), other], ignore_index=True)
    assert_frame_equal(convert(both, schema, "the table"), both)
    told = r"the table, run \w+ is no single run: its rows differ in usable_cores, recorded_on$"
    with pytest.raises(ResultsError, match=told):
        convert(both.assign(run_id="one"), schema, "the table")


@pytest.mark.parametrize("name", ["workers", "count", "switch_interval_seconds", *MACHINE])
def test_the_slices_of_one_trace_share_its_facts(name: str) -> None:
    table = make_slices().astype({name: "object"})
    table.loc[4, name] = OTHERS[SLICES.columns[name].kind]  # type: ignore[call-overload]
    told = f"the table, run c4d5e6 is no single run: its rows differ in {name}$"
    with pytest.raises(ResultsError, match=told):
        convert(table, SLICES, "the table")


@pytest.mark.parametrize("name", ["rounds", *MACHINE])
def test_the_rounds_of_one_sweep_share_its_facts(name: str) -> None:
    table = make_switches().astype({name: "object"})
    table.loc[4, name] = OTHERS[SWITCHES.columns[name].kind]  # type: ignore[call-overload]
    told = f"the table, run f7a8b9 is no single run: its rows differ in {name}$"
    with pytest.raises(ResultsError, match=told):
        convert(table, SWITCHES, "the table")


def test_a_slice_may_have_no_length_but_not_end_before_it_starts() -> None:
    convert(make_slices({("threads", 1): [(0.0, 1.0), (2.0, 2.0)]}), SLICES, "the table")
    backwards = make_slices({("threads", 1): [(0.0, 1.0), (2.0, 2.0 - 1e-9)]})
    with pytest.raises(ResultsError, match="the table, row 2: the slice ends before it starts"):
        convert(backwards, SLICES, "the table")
