import gc
import math
import multiprocessing
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import WorkerDied
from gil_demo.measuring import runs as measurements
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.files import load, save
from gil_demo.tables.schema import split_runs
from gil_demo.waiting import workloads as waiting
from gil_demo.waiting.workloads import WORKLOADS, compare_workloads, summarise_workloads
from tests.conftest import METHODS, interrupt_once_there, list_workers
from tests.made.tasks import note_call
from tests.made.waiting import make_workload_table
from tests.waiting.test_loopback import list_sockets

TINY = dict.fromkeys(WORKLOADS, 1)
LEAN: dict[str, Any] = {"budget": 0.05, "start_method": METHODS[0]}

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.fixture
def nothing_to_collect() -> None:
    """Collect what interrupted pools of earlier tests left in cycles.

    Python swallows an interrupt that comes while it runs the finalizers of such a pool.
    """
    gc.collect()


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the half second in which the machine is watched."""
    monkeypatch.setattr(measurements, "measure_busy_percent", lambda: 12.34)


@pytest.fixture
def lean_work(no_wait: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out nearly all of the work, too."""
    del no_wait
    monkeypatch.setattr(waiting, "_SIZES", TINY)


@pytest.fixture
def nothing_may_be_measured(monkeypatch: pytest.MonkeyPatch, no_process_may_start: None) -> None:
    del no_process_may_start

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was measured")

    monkeypatch.setattr(measurements, "measure_busy_percent", refuse)
    monkeypatch.setattr(measurements, "take_samples", refuse)


@pytest.fixture
def everything_as_before() -> Iterator[None]:
    """Fail a test after which a socket, a thread or a process is open."""
    sockets, workers, threads = list_sockets(), list_workers(), set(threading.enumerate())
    yield
    assert list_sockets() == sockets
    assert set(threading.enumerate()) == threads
    assert multiprocessing.active_children() == []
    assert list_workers() == workers


def fail_in_worker(_: int) -> None:
    if multiprocessing.parent_process() is not None:
        raise OSError("the disk is full")


def die_in_worker(_: int) -> None:
    if multiprocessing.parent_process() is not None:
        os._exit(3)


# tables of real runs


@pytest.mark.usefixtures("lean_work", "everything_as_before")
@pytest.mark.parametrize("method", METHODS)
def test_there_is_a_whole_run_for_every_workload(method: str, tmp_path: Path) -> None:
    table = compare_workloads(budget=0.1, start_method=method)
    assert list(table.columns) == list(RUNS.columns)
    assert dict(table.dtypes) == dict(make_workload_table().dtypes)
    assert [run["workload"].iloc[0] for run in split_runs(table)] == list(WORKLOADS)
    assert set(table["experiment"]) == {"workloads"}
    for run in split_runs(table):
        variants = set(zip(run["runner"], run["workers"], run["start_method"], strict=True))
        assert variants == {
            ("sequential", 1, ""),
            ("threads", 2, ""),
            ("processes", 2, method),
        }
    assert set(table["start_up_seconds"]) == set(table["tear_down_seconds"]) == {0.0}
    assert (table["seconds"] > 0).all()
    assert set(table["tasks"]) == {2}
    assert set(table["busy_percent"]) == {12.3}
    assert set(table["recorded_on"]) == {""}
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table)
    assert list(dict.fromkeys(summarise_workloads(table)["workload"])) == list(WORKLOADS)


@pytest.mark.usefixtures("lean_work")
@pytest.mark.parametrize(
    "names", [["sorting", "sleeping"], ("hashing",), ["asking a server", "writing a file"]]
)
def test_the_workloads_are_measured_in_the_order_asked_for(names: Any) -> None:
    table = compare_workloads(names, **LEAN)
    assert list(dict.fromkeys(table["workload"])) == list(names)
    assert table["run_id"].nunique() == len(names)


@pytest.mark.usefixtures("no_wait", "everything_as_before")
def test_the_work_has_the_size_that_is_documented() -> None:
    table = compare_workloads(["sleeping"], workers=3, **LEAN)
    assert set(table["count"]) == {180}
    assert set(table["tasks"]) == {3}
    # each worker sleeps for 60 ms, the plain loop three times
    assert (table["seconds"] >= 0.059).all()
    assert (table.loc[table["runner"] == "sequential", "seconds"] >= 0.179).all()
    for name, size in waiting._SIZES.items():
        words = {1024: "1 MiB", 16 * 1024: "16 MiB", 64 * 1024: "64 MiB", 60: "60 ms"}
        told = words.get(size, f"{size:,}")
        assert told in " ".join(str(compare_workloads.__doc__).split()), name


@pytest.mark.usefixtures("lean_work")
def test_every_worker_gets_as_much_to_do_and_the_workers_are_started_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(waiting._FUNCTIONS, "sleeping", partial(note_call, tmp_path))
    table = compare_workloads(["sleeping"], budget=1.5, start_method=METHODS[0])
    calls = [path.name.split() for path in tmp_path.iterdir()]
    rounds = int(table["rounds"].iloc[0]) + 1  # with the one to warm up
    assert rounds > 2
    assert {size for *_, size in calls} == {"1"}
    own = [number for number, *_ in calls if number == str(os.getpid())]
    workers = [number for number, *_ in calls if number != str(os.getpid())]
    assert len(own) == 2 * 2 * rounds
    assert len(workers) == 2 * rounds
    assert len(set(workers)) <= 2


@pytest.mark.usefixtures("lean_work")
def test_the_seconds_allowed_are_shared_equally(monkeypatch: pytest.MonkeyPatch) -> None:
    budgets = []
    genuine: Any = measurements.measure

    def note(*arguments: Any, **options: Any) -> Any:
        budgets.append(arguments[5])
        return genuine(*arguments[:5], 0.01, **options)

    monkeypatch.setattr(waiting, "measure", note)
    compare_workloads(["sleeping", "hashing", "sorting"], budget=1.5, start_method=METHODS[0])
    compare_workloads(["sorting"], start_method=METHODS[0])
    assert budgets == [0.5, 0.5, 0.5, waiting.DEFAULT_SECONDS_EACH]


# runs that end early


@pytest.mark.usefixtures("lean_work", "everything_as_before")
def test_a_workload_that_fails_in_a_worker_ends_the_measurement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(waiting._FUNCTIONS, "writing a file", fail_in_worker)
    with pytest.raises(OSError, match="the disk is full"):
        compare_workloads(["sleeping", "writing a file", "sorting"], **LEAN)


@pytest.mark.usefixtures("lean_work", "everything_as_before")
def test_a_worker_that_dies_ends_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(waiting._FUNCTIONS, "hashing", die_in_worker)
    with pytest.raises(WorkerDied, match="exit code 3"):
        compare_workloads(["hashing"], **LEAN)


@pytest.mark.usefixtures("lean_work", "everything_as_before", "nothing_to_collect")
@pytest.mark.parametrize("method", METHODS)
def test_an_interrupt_while_a_client_waits_for_its_answer_leaves_nothing(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"

    def answer_much_later(connection: socket.socket) -> None:
        while connection.recv(64):
            mark.touch()
            time.sleep(0.1)
            connection.sendall(b"at last")

    monkeypatch.setattr(waiting, "answer_late", answer_much_later)
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        compare_workloads(["asking a server"], budget=60.0, precision=1e-6, start_method=method)
    interrupter.join()


@pytest.mark.usefixtures("lean_work", "everything_as_before", "nothing_to_collect")
@pytest.mark.parametrize("method", METHODS)
def test_an_interrupt_in_the_midst_of_work_leaves_nothing(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    genuine = measurements._time_work

    def leave_a_mark(*arguments: Any) -> Any:
        mark.touch()
        return genuine(*arguments)

    monkeypatch.setattr(measurements, "_time_work", leave_a_mark)
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        compare_workloads(["sorting"], budget=60.0, precision=1e-6, start_method=method)
    interrupter.join()


@pytest.mark.usefixtures("lean_work", "everything_as_before")
def test_the_switch_interval_and_the_start_method_stay_as_they_are() -> None:
    before = (sys.getswitchinterval(), multiprocessing.get_start_method(allow_none=True))
    compare_workloads(["sorting"], **LEAN)
    after = (sys.getswitchinterval(), multiprocessing.get_start_method(allow_none=True))
    assert after == before


# bad arguments


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"workloads": []}, ValueError, "workloads must hold at least one"),
        ({"workloads": "sleeping"}, TypeError, "workloads must be a list, not 'sleeping'"),
        ({"workloads": None}, TypeError, "workloads must be a list, not None"),
        ({"workloads": ["dreaming"]}, ValueError, "one of sleeping, .*, not 'dreaming'"),
        ({"workloads": ["countdown"]}, ValueError, "not 'countdown'"),
        ({"workloads": ["sorting", "sorting"]}, ValueError, "each be there once"),
        ({"workloads": [5]}, TypeError, "workload must be one of .* not 5"),
        ({"workers": 0}, ValueError, "workers must be .* not 0"),
        ({"workers": 10**6}, ValueError, "workers must be .* not 1000000"),
        ({"workers": 2.0}, TypeError, "workers must be .* not 2.0"),
        ({"workers": True}, TypeError, "workers must be .* not True"),
        ({"workers": None}, TypeError, "workers must be .* not None"),
        ({"start_method": "vfork"}, ValueError, "start_method must be one of .* not 'vfork'"),
        ({"start_method": 3}, TypeError, "start_method must be"),
        ({"precision": 0}, ValueError, "precision must be"),
        ({"precision": math.nan}, ValueError, "precision must be .* not nan"),
        ({"precision": "0.1"}, TypeError, "precision must be"),
        ({"budget": 0}, ValueError, "budget must be .* not 0"),
        ({"budget": math.inf}, ValueError, "budget must be .* not inf"),
        ({"budget": math.nan}, ValueError, "budget must be .* not nan"),
        ({"budget": "8"}, TypeError, "budget must be"),
    ],
)
def test_a_bad_argument_is_refused_before_anything_is_started(
    arguments: Any, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        compare_workloads(**arguments)
