import gc
import math
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import WorkerDied, most_workers
from gil_demo.measuring import runs as measurements
from gil_demo.measuring.machine import describe_machine
from gil_demo.pool import lists as pool
from gil_demo.pool.lists import LISTS, summarise_lists, sweep_chunksize, sweep_list_length
from gil_demo.pool.tasks import (
    TASKS,
    count_most_at_once,
    map_tasks,
    observe_chunksize,
    summarise_map,
)
from gil_demo.running.workloads import compute_default_chunksize
from gil_demo.tables.files import load, save
from tests.conftest import METHODS, interrupt_once_there
from tests.made import tasks
from tests.made.pool import make_lengths, make_map

LEAN: dict[str, Any] = {"budget": 0.05, "start_method": METHODS[0]}
LONG = 10**9

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the half second in which the machine is watched."""
    monkeypatch.setattr(measurements, "measure_busy_percent", lambda: 12.34)


@pytest.fixture
def nothing_to_collect() -> None:
    """Collect what interrupted pools of earlier tests left in cycles.

    Python swallows an interrupt that comes while it runs the finalizers of such a pool.
    """
    gc.collect()


@pytest.fixture
def nothing_may_be_measured(monkeypatch: pytest.MonkeyPatch, no_process_may_start: None) -> None:
    del no_process_may_start

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was measured")

    monkeypatch.setattr(measurements, "measure_busy_percent", refuse)
    monkeypatch.setattr(pool, "take_samples", refuse)


# one map


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", METHODS)
def test_a_map_is_a_whole_table_of_its_tasks(method: str, tmp_path: Path) -> None:
    counts = [500, 1, 3_000, 20, 20]
    table = map_tasks(counts, start_method=method)
    assert list(table.columns) == list(TASKS.columns)
    assert dict(table.dtypes) == dict(make_map().dtypes)
    assert table["task"].tolist() == [1, 2, 3, 4, 5]
    assert table["steps"].tolist() == counts
    assert set(table["start_method"]) == {method}
    assert set(table["experiment"]) == {"map"}
    assert set(table["tasks"]) == {5}
    assert set(table["chunksize"]) == {1}
    assert table["run_id"].nunique() == 1
    assert (table["start_seconds"] >= table["ready_seconds"]).all()
    assert (table["end_seconds"] >= table["start_seconds"]).all()
    assert (table["done_seconds"] >= table["end_seconds"]).all()
    assert (table["gone_seconds"] >= table["done_seconds"]).all()
    assert count_most_at_once(table) <= 2
    assert summarise_map(table)["tasks"].sum() == 5
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table, check_exact=True)
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_worker_runs_its_tasks_one_at_a_time_in_the_list_s_order(workers: int) -> None:
    table = map_tasks([2_000] * 12, workers=workers, start_method=METHODS[0])
    assert set(table["workers"]) == {workers}
    assert count_most_at_once(table) <= workers
    assert set(table["worker"]) <= set(range(1, workers + 1))
    for _, own in table.groupby("worker"):
        in_time = own.sort_values("start_seconds")
        assert in_time["task"].is_monotonic_increasing
        assert (in_time["start_seconds"] >= in_time["end_seconds"].shift(fill_value=0.0)).all()


@pytest.mark.usefixtures("no_wait")
def test_the_workers_are_numbered_by_their_first_tasks() -> None:
    table = map_tasks([2_000] * 9, workers=3, start_method=METHODS[0])
    firsts = table.groupby("worker")["start_seconds"].min()
    assert firsts.index.tolist() == list(range(1, len(firsts) + 1))
    assert firsts.is_monotonic_increasing


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", METHODS)
def test_the_tasks_of_a_chunk_run_one_after_another_on_one_worker(method: str) -> None:
    table = map_tasks([300] * 11, chunksize=4, start_method=method)
    assert set(table["chunksize"]) == {4}
    for first in (0, 4, 8):
        chunk = table.iloc[first : first + 4]
        assert chunk["worker"].nunique() == 1
        assert chunk["start_seconds"].is_monotonic_increasing
        before = chunk["end_seconds"].shift(fill_value=0.0)
        assert (chunk["start_seconds"] >= before).all()


@pytest.mark.usefixtures("no_wait")
def test_a_chunk_that_holds_the_whole_list_is_one_worker_s() -> None:
    table = map_tasks(range(1, 8), workers=2, chunksize=10**10, start_method=METHODS[0])
    assert set(table["worker"]) == {1}
    assert table["steps"].tolist() == list(range(1, 8))


@pytest.mark.usefixtures("no_wait")
def test_the_facts_of_the_machine_stand_in_every_row_and_two_maps_have_different_names() -> None:
    one, other = (map_tasks((5, 5), workers=1, start_method=METHODS[0]) for _ in range(2))
    facts = describe_machine()
    for name in ("usable_cores", "python_version", "operating_system", "gil_enabled"):
        assert set(one[name]) == {getattr(facts, name)}
    assert set(one["busy_percent"]) == {12.3}
    assert set(one["recorded_on"]) == {""}
    assert set(one["run_id"]) != set(other["run_id"])


# the pool's own chunksize


@pytest.mark.parametrize(
    ("length", "workers"), [(1, 1), (4, 1), (8, 2), (9, 2), (17, 2), (100, 3), (2_000, 2)]
)
def test_the_chunksize_that_is_observed_is_the_one_that_is_computed(
    length: int, workers: int
) -> None:
    observed = observe_chunksize(length, workers, METHODS[0])
    assert observed == compute_default_chunksize(length, workers)
    assert type(observed) is int


@pytest.mark.parametrize("method", METHODS)
def test_the_chunksize_is_the_same_whatever_the_start_method(method: str) -> None:
    assert observe_chunksize(33, 2, method) == 5


# sweeps


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", METHODS)
def test_a_sweep_of_lengths_is_a_whole_table_of_rounds(method: str, tmp_path: Path) -> None:
    table = sweep_list_length([5, 1], count=1_000, budget=0.05, start_method=method)
    assert list(table.columns) == list(LISTS.columns)
    assert dict(table.dtypes) == dict(make_lengths().dtypes)
    assert set(table["experiment"]) == {"lengths"}
    assert set(table["rounds"]) == {table["round"].max()}
    for _, rows in table.groupby("round"):
        assert sorted(rows["tasks"]) == [1, 2, 5]
        assert sorted(rows["position"]) == [1, 2, 3]
    assert set(table["chunksize"]) == set(table["default_chunksize"]) == {1}
    assert set(table["work"]) == {"even"}
    assert set(table["start_method"]) == {method}
    assert (table["busy_seconds"] <= table["seconds"] * table["workers"]).all()
    assert summarise_lists(table)["tasks"].tolist() == [1, 2, 5]
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table, check_exact=True)


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", METHODS)
def test_a_sweep_of_chunks_is_a_whole_table_of_rounds(method: str, tmp_path: Path) -> None:
    table = sweep_chunksize([1, 9], tasks=17, count=1_000, budget=0.05, start_method=method)
    assert list(table.columns) == list(LISTS.columns)
    assert set(table["experiment"]) == {"chunks"}
    for _, rows in table.groupby("round"):
        variants = sorted(zip(rows["work"], rows["chunksize"], strict=True))
        assert variants == [(work, size) for work in ("even", "uneven") for size in (1, 3, 9)]
        assert sorted(rows["position"]) == [1, 2, 3, 4, 5, 6]
    assert set(table["tasks"]) == {17}
    assert set(table["default_chunksize"]) == {3}
    assert set(table["count"]) == {1_000}
    assert len(summarise_lists(table)) == 6
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table, check_exact=True)


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    ("workers", "count", "lengths"),
    [(1, 100, range(1, 6)), (2, 100, range(1, 10)), (2, 3, range(1, 4)), (3, 3, range(1, 4))],
)
def test_the_lengths_are_up_to_four_for_each_worker_and_one(
    workers: int, count: int, lengths: range
) -> None:
    table = sweep_list_length(workers=workers, count=count, **LEAN)
    assert sorted(set(table["tasks"])) == list(lengths)
    assert set(table["workers"]) == {workers}


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    ("length", "sizes"),
    [(2, [1]), (8, [1, 4, 5]), (50, [1, 5, 7, 25]), (100, [1, 5, 13, 25, 50])],
)
def test_the_chunksizes_are_one_some_the_pool_s_own_and_one_for_each_worker(
    length: int, sizes: list[int]
) -> None:
    table = sweep_chunksize(tasks=length, count=200, **LEAN)
    assert sorted(set(table["chunksize"])) == sizes
    assert compute_default_chunksize(length, 2) in sizes


@pytest.mark.usefixtures("no_wait")
def test_what_is_measured_is_the_cut_that_the_row_names(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    genuine: Any = pool.run_in_pool  # type: ignore[attr-defined]

    def note(held: Any, chunksize: int, function: Any, items: Any) -> Any:
        seen.add((chunksize, *items))
        return genuine(held, chunksize, function, items)

    monkeypatch.setattr(pool, "run_in_pool", note)
    sweep_chunksize([2], tasks=3, count=10, **LEAN)
    assert seen == {(size, *parts) for size in (1, 2) for parts in ((4, 3, 3), (1, 3, 6))}
    seen.clear()
    sweep_list_length([3], count=10, **LEAN)
    assert seen == {(1, 5, 5), (1, 4, 3, 3)}


# runs that end early


EACH: dict[str, Callable[..., object]] = {
    "map": lambda method, count=8: map_tasks([count] * 4, start_method=method),
    "lengths": lambda method, count=8: sweep_list_length(
        [4], count=count, start_method=method, budget=9.0
    ),
    "chunks": lambda method, count=8: sweep_chunksize(
        [2], tasks=4, count=count, start_method=method, budget=9.0
    ),
}


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("measure", EACH)
def test_a_worker_that_dies_ends_the_run(
    measure: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "countdown", tasks.die)
    with pytest.raises(WorkerDied, match="exit code 3"):
        EACH[measure](method)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_dies_ends_the_observation(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "CallCounter", lambda: tasks.die)
    with pytest.raises(WorkerDied, match="exit code 3"):
        observe_chunksize(8, 2, method)


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("measure", EACH)
def test_the_failure_of_a_task_is_passed_on(measure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "countdown", tasks.refuse)
    with pytest.raises(LookupError, match="no such thing as"):
        EACH[measure](METHODS[0])
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("no_wait", "nothing_to_collect")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("measure", EACH)
def test_an_interrupt_in_the_midst_of_the_tasks_leaves_nothing(
    measure: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    genuine: Any = pool.run_in_pool  # type: ignore[attr-defined]

    def leave_a_mark(*arguments: Any) -> Any:
        mark.touch()
        return genuine(*arguments)

    monkeypatch.setattr(pool, "run_in_pool", leave_a_mark)
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        EACH[measure](method, LONG)
    interrupter.join()
    assert multiprocessing.active_children() == []


# bad arguments


NO_NUMBER: list[object] = [True, 2.0, math.nan, "2", [2], None]
OUTSIDE: list[object] = [0, -1, 10**11]
NO_LIST: list[object] = ["12", b"12", 3, {1, 2}, [1, "2"], [True], [1.0], [None], [1, [2]]]
BAD_LIST: list[object] = [[], (), [0], [1, -1], [10**10 + 1], range(10**7)]
METHOD: dict[type[Exception], list[object]] = {ValueError: ["vfork", ""], TypeError: [3, True]}
BUDGET: dict[type[Exception], list[object]] = {
    ValueError: [0, -1.0, math.nan, math.inf, 4_000],
    TypeError: ["8", True, [8]],
}


def number_beyond(*others: object) -> dict[type[Exception], list[object]]:
    return {ValueError: [*OUTSIDE, *others], TypeError: NO_NUMBER}


BAD: dict[str, dict[str, dict[type[Exception], list[object]]]] = {
    "map_tasks": {
        "counts": {ValueError: BAD_LIST, TypeError: [*NO_LIST, None]},
        "workers": number_beyond(most_workers() + 1),
        "chunksize": number_beyond(),
        "start_method": METHOD,
    },
    "observe_chunksize": {
        "tasks": number_beyond(1_000_001),
        "workers": number_beyond(most_workers() + 1),
        "start_method": METHOD,
    },
    "sweep_list_length": {
        "lengths": {ValueError: [*BAD_LIST, [2, 1, 2], [10]], TypeError: NO_LIST},
        "workers": number_beyond(most_workers() + 1, 10),
        "count": number_beyond(1),
        "start_method": METHOD,
        "budget": BUDGET,
    },
    "sweep_chunksize": {
        "chunksizes": {ValueError: [*BAD_LIST, [2, 1, 2], [5]], TypeError: NO_LIST},
        "workers": number_beyond(most_workers() + 1, 5),
        "tasks": number_beyond(1, 10),
        "count": number_beyond(3),
        "start_method": METHOD,
        "budget": BUDGET,
    },
}
GOOD: dict[str, dict[str, Any]] = {
    "map_tasks": {"counts": [1]},
    "observe_chunksize": {"tasks": 1},
    "sweep_list_length": {"count": 9},
    "sweep_chunksize": {"tasks": 4, "count": 9},
}


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("measure", "name"), [(measure, name) for measure, bad in BAD.items() for name in bad]
)
def test_a_bad_argument_is_refused_before_anything_is_started(measure: str, name: str) -> None:
    for error, values in BAD[measure][name].items():
        for value in values:
            with pytest.raises(error, match=r" must (be|hold|each be) ") as caught:
                getattr(pool, measure)(**GOOD[measure] | {name: value})
            assert type(caught.value) is error, value
            assert len(str(caught.value)) < 200
