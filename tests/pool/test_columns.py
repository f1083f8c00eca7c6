import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.pool.lists import LISTS
from gil_demo.pool.methods import ARRIVALS, METHODS
from gil_demo.pool.tasks import MOST_TASKS, MOST_WORKERS, TASKS
from gil_demo.tables.files import load, save
from gil_demo.tables.kinds import list_schemas
from gil_demo.tables.schema import MACHINE, Schema, check_one_run, choose_schema, convert
from tests.made.pool import make_arrivals, make_chunks, make_lengths, make_map

MakeTable = Callable[..., pd.DataFrame]
KINDS = [
    pytest.param(make_map, TASKS, id="tasks"),
    pytest.param(make_lengths, LISTS, id="lengths"),
    pytest.param(make_chunks, LISTS, id="chunks"),
    pytest.param(make_arrivals, ARRIVALS, id="arrivals"),
]
OTHERS: dict[str, object] = {"text": "another", "whole": 7, "percent": 7.0, "yes_no": False}


def put(table: pd.DataFrame, row: int, **values: object) -> pd.DataFrame:
    """Return a table with other values in a row, counted from 1."""
    changed = table.astype(dict.fromkeys(values, "object"))
    for name, value in values.items():
        changed.loc[row - 1, name] = value  # type: ignore[call-overload]
    return changed


def assert_refused(table: pd.DataFrame, schema: Schema, told: str) -> None:
    with pytest.raises(ResultsError, match=f"^{re.escape('some file')}.*{told}"):
        convert(table, schema, "some file")


@pytest.mark.parametrize(("make", "schema"), KINDS)
def test_an_honest_table_passes_and_is_taken_for_what_it_is(
    make: MakeTable, schema: Schema, tmp_path: Any
) -> None:
    table = make()
    assert choose_schema(table, list_schemas()) is schema
    assert_frame_equal(convert(table, schema, "the table"), table, check_exact=True)
    check_one_run(table, schema)
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table, check_exact=True)


@pytest.mark.parametrize(("make", "schema"), KINDS)
def test_several_runs_may_differ_where_one_may_not(make: MakeTable, schema: Schema) -> None:
    other = make(run_id="other", start_method="spawn", usable_cores=7, recorded_on="a laptop")
    both = pd.concat([make(), other], ignore_index=True)
    assert_frame_equal(convert(both, schema, "the table"), both)
    told = r"run one is no single run: its rows differ in .*usable_cores"
    assert_refused(both.assign(run_id="one"), schema, told)


@pytest.mark.parametrize(("make", "schema"), KINDS)
def test_the_rows_of_one_run_share_its_facts(make: MakeTable, schema: Schema) -> None:
    for name in ("workers", "start_method", *MACHINE):
        table = put(make(), 2, **{name: OTHERS[schema.columns[name].kind]})
        assert_refused(table, schema, f"is no single run: its rows differ in {name}$")


# tasks


@pytest.mark.parametrize(
    "name", ["chunksize", "tasks", "ready_seconds", "done_seconds", "gone_seconds"]
)
def test_the_tasks_of_one_map_share_its_facts(name: str) -> None:
    table = put(make_map(), 2, **{name: 7})
    assert_refused(table, TASKS, f", run a7b8c9 is no single run: its rows differ in {name}$")


def test_a_map_that_lacks_a_task_is_refused() -> None:
    table = make_map()
    for row in table.index:
        told = r", run a7b8c9 is not whole: it has 4 rows for 5 tasks$"
        assert_refused(table.drop(index=row).reset_index(drop=True), TASKS, told)


def test_a_map_that_has_a_task_twice_or_beyond_its_list_is_refused() -> None:
    for number in (1, 6):
        told = r", run a7b8c9 is not whole: it has 5 rows for 5 tasks$"
        assert_refused(put(make_map(), 2, task=number), TASKS, told)
    assert_refused(pd.concat([make_map()] * 2, ignore_index=True), TASKS, "10 rows for 5 tasks")


def test_a_worker_beyond_those_there_were_is_refused() -> None:
    assert_refused(put(make_map(), 2, worker=3), TASKS, ", run a7b8c9 names a worker beyond its 2$")
    convert(make_map(workers=3), TASKS, "the table")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("start_seconds", 0.099, "row 3: start_seconds is before ready_seconds"),
        ("end_seconds", 0.2, "row 3: end_seconds is before start_seconds"),
        ("end_seconds", 0.501, "row 3: done_seconds is before end_seconds"),
    ],
)
def test_a_task_whose_clock_runs_backwards_is_refused(name: str, value: float, told: str) -> None:
    table = put(make_map(), 3, **{name: value})
    assert_refused(table.set_axis([9, 8, 7, 6, 5], axis="index"), TASKS, f", {told}$")


def test_a_pool_that_is_gone_before_it_is_done_is_refused() -> None:
    told = ", row 1: gone_seconds is before done_seconds$"
    assert_refused(make_map(done=0.5, gone=0.49), TASKS, told)


def test_moments_may_be_the_same() -> None:
    convert(make_map({1: [(0.0, 0.0)]}, ready=0.0, done=0.0, gone=0.0), TASKS, "the table")


def test_the_row_of_a_second_map_is_counted_from_the_top_of_the_table() -> None:
    both = pd.concat([make_map(), make_map(run_id="two")], ignore_index=True)
    assert_refused(put(both, 7, end_seconds=0.0), TASKS, ", row 7: end_seconds is before start")


@pytest.mark.parametrize(("make", "schema"), KINDS[:3])
@pytest.mark.parametrize(("name", "most"), [("workers", MOST_WORKERS), ("tasks", MOST_TASKS)])
def test_sizes_that_no_run_has_are_refused(
    make: MakeTable, schema: Schema, name: str, most: int
) -> None:
    table = make(**{name: most + 1, "count": 10**9} if schema is LISTS else {name: most + 1})
    told = f": {name} must be at most {most:,}, not {most + 1}$"
    assert_refused(table, schema, told)


def test_the_largest_sizes_are_allowed() -> None:
    convert(make_map(workers=MOST_WORKERS), TASKS, "the table")
    largest = make_lengths(workers=MOST_WORKERS, tasks=MOST_TASKS)
    convert(largest, LISTS, "the table")


# lists


@pytest.mark.parametrize("make", [make_lengths, make_chunks])
def test_the_rounds_of_one_sweep_share_its_count(make: MakeTable) -> None:
    for name in ("count", "rounds"):
        table = put(make(), 2, **{name: 3_999_999})
        assert_refused(table, LISTS, f", run d1e2f3 is no single run: its rows differ in {name}$")


@pytest.mark.parametrize("make", [make_lengths, make_chunks])
def test_more_tasks_than_steps_are_refused(make: MakeTable) -> None:
    table = make()
    most = int(table["tasks"].max())
    convert(make(count=most), LISTS, "the table")
    row = 1 + int((table["tasks"] == most).to_numpy().argmax())
    assert_refused(make(count=most - 1), LISTS, f", row {row}: there are more tasks than steps$")


def test_lengths_and_chunks_are_not_one_run() -> None:
    both = pd.concat([make_lengths(), make_chunks()], ignore_index=True)
    assert_refused(both, LISTS, "run d1e2f3 is no single run: its rows differ in experiment$")


@pytest.mark.parametrize("name", ["seconds", "busy_seconds"])
def test_a_round_that_took_no_time_is_refused(name: str) -> None:
    assert_refused(put(make_lengths(), 3, **{name: 0.0}), LISTS, f", row 3: {name} must be a")


def test_work_of_another_kind_is_refused() -> None:
    told = ", row 3: work must be even or uneven, not 'odd'$"
    assert_refused(put(make_lengths(), 3, work="odd"), LISTS, told)


# arrivals


@pytest.mark.parametrize("name", ["task", "place"])
@pytest.mark.parametrize("value", [1, 4])
def test_answers_that_are_not_those_of_each_task_once_are_refused(name: str, value: int) -> None:
    table = make_arrivals()
    row = 1 + int(((table["method"] == "imap") & (table[name] == 2)).to_numpy().argmax())
    told = ", run b4c5d6 is not whole: the tasks of imap are not those from 1 to 3, each once$"
    assert_refused(put(table, row, **{name: value}), ARRIVALS, told)


@pytest.mark.parametrize("row", range(9))
def test_a_method_that_lacks_an_answer_is_refused(row: int) -> None:
    table = make_arrivals().drop(index=row).reset_index(drop=True)
    assert_refused(table, ARRIVALS, ", run b4c5d6 is not whole: ")


def test_an_unknown_method_is_refused_with_those_there_are() -> None:
    told = f", row 2: method must be {' or '.join(METHODS)}, not 'amap'$"
    assert_refused(put(make_arrivals(), 2, method="amap"), ARRIVALS, told)


def test_methods_may_differ_in_their_chunksize() -> None:
    table = make_arrivals()
    table.loc[table["method"] == "map", "chunksize"] = 2
    convert(table, ARRIVALS, "the table")
