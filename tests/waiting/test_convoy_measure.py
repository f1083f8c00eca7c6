import gc
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import WorkerDied
from gil_demo.measuring import runs as measurements
from gil_demo.measuring.machine import describe_machine
from gil_demo.tables.files import load, save
from gil_demo.waiting import convoy, loopback
from gil_demo.waiting.convoy import EXCHANGES, NEIGHBOURS, serve, summarise_exchanges, sweep_server
from gil_demo.waiting.loopback import Exchange
from tests.conftest import METHODS, interrupt_once_there, list_workers
from tests.made.waiting import make_serve_table
from tests.waiting.test_loopback import list_sockets

SECONDS = 0.01
BUDGET = 0.05
UNUSUAL = 0.003
LEAN: dict[str, Any] = {"seconds": SECONDS, "budget": BUDGET, "start_method": METHODS[0]}

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
    monkeypatch.setattr(convoy, "take_samples", refuse)


@pytest.fixture
def everything_as_before() -> Iterator[None]:
    """Fail a test after which the switch interval differs, or a socket or a process is open."""
    own = sys.getswitchinterval()
    sys.setswitchinterval(UNUSUAL)
    before, sockets, workers = sys.getswitchinterval(), list_sockets(), list_workers()
    threads = set(threading.enumerate())
    yield
    left = sys.getswitchinterval()
    sys.setswitchinterval(own)
    assert left == before
    assert list_sockets() == sockets
    assert set(threading.enumerate()) == threads
    assert multiprocessing.active_children() == []
    assert list_workers() == workers


# tables of real runs


@pytest.mark.usefixtures("no_wait", "everything_as_before")
@pytest.mark.parametrize("method", METHODS)
def test_serve_gives_a_whole_table_of_every_neighbour(method: str, tmp_path: Path) -> None:
    table = serve(seconds=SECONDS, budget=BUDGET, start_method=method)
    assert list(table.columns) == list(EXCHANGES.columns)
    assert dict(table.dtypes) == dict(make_serve_table().dtypes)
    assert set(table["beside"]) == set(NEIGHBOURS)
    assert set(table["experiment"]) == {"serve"}
    assert set(table["switch_interval_seconds"]) == {0.005}
    assert (table["requests"] >= 1).all()
    assert (table["seconds"] >= SECONDS).all()
    assert (table["latency_median_seconds"] <= table["latency_p99_seconds"]).all()
    assert set(table["recorded_on"]) == {""}
    assert table["run_id"].nunique() == 1
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table)
    assert summarise_exchanges(table)["beside"].tolist() == ["nothing", "process", "thread"]


@pytest.mark.usefixtures("no_wait", "everything_as_before")
@pytest.mark.parametrize("method", METHODS)
def test_a_sweep_gives_a_whole_table_of_every_interval(method: str, tmp_path: Path) -> None:
    table = sweep_server([0.01, 0.0005], seconds=SECONDS, budget=BUDGET, start_method=method)
    assert list(table.columns) == list(EXCHANGES.columns)
    variants = set(zip(table["beside"], table["switch_interval_seconds"], strict=True))
    assert variants == {("nothing", 0.005), ("thread", 0.0005), ("thread", 0.01)}
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table)
    assert len(summarise_exchanges(table)) == 3


@pytest.mark.usefixtures("no_wait")
def test_every_round_holds_every_variant_and_the_places_from_one() -> None:
    table = serve(**LEAN | {"budget": 0.2})
    for _, rows in table.groupby("round"):
        assert sorted(rows["position"]) == [1, 2, 3]
        assert sorted(rows["beside"]) == sorted(NEIGHBOURS)
    assert sorted(set(table["round"])) == list(range(1, table["round"].max() + 1))
    assert set(table["rounds"]) == {table["round"].max()}


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    ("beside", "measured"),
    [
        (["thread"], {"nothing", "thread"}),
        (("process",), {"nothing", "process"}),
        (["nothing"], {"nothing"}),
        (["process", "thread"], {"nothing", "process", "thread"}),
    ],
)
def test_the_server_alone_is_measured_asked_for_or_not(beside: Any, measured: set[str]) -> None:
    assert set(serve(beside, **LEAN)["beside"]) == measured


@pytest.mark.usefixtures("no_wait")
def test_the_facts_of_the_machine_stand_in_every_row_and_two_runs_have_different_names() -> None:
    one, other = serve(["nothing"], **LEAN), sweep_server([0.005], **LEAN)
    facts = describe_machine()
    for name in ("usable_cores", "python_version", "operating_system", "gil_enabled"):
        assert set(one[name]) == {getattr(facts, name)}
    assert set(one["busy_percent"]) == {12.3}
    assert set(one["run_id"]) != set(other["run_id"])


@pytest.mark.usefixtures("no_wait")
def test_a_row_holds_what_the_client_saw_beside_the_neighbour_it_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests = {"nothing": 30_000, "thread": 100, "process": 20_000}
    seen = []

    def note(_run: object, _send: object, seconds: float, neighbour: str, interval: float) -> Any:
        seen.append((neighbour, interval, seconds))
        exchange = Exchange(requests[neighbour], 1.5, 0.25, 0.5)
        return convoy._Round(exchange.seconds / exchange.requests, exchange)

    monkeypatch.setattr(convoy, "_run_round", note)
    table = serve(**LEAN)
    assert set(seen) == {(name, 0.005, SECONDS) for name in NEIGHBOURS}
    assert dict(zip(table["beside"], table["requests"], strict=True)) == requests
    assert set(table["seconds"]) == {1.5}
    assert set(table["latency_median_seconds"]) == {0.25}
    assert set(table["latency_p99_seconds"]) == {0.5}


@pytest.mark.usefixtures("no_wait")
def test_while_the_requests_are_sent_the_neighbour_is_there_and_the_interval_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: dict[tuple[str, int], float] = {}
    genuine: Any = convoy._run_round
    before = set(threading.enumerate())

    def look(run: Any, send: Any, seconds: float, neighbour: str, interval: float) -> Any:
        def run_and_look(function: Any, tasks: list[Any]) -> Any:
            busy = {t for t in threading.enumerate() if t.name.endswith("(work)")} - before
            looks[neighbour, len(busy)] = sys.getswitchinterval()
            assert len(tasks) == (2 if neighbour == "process" else 1)
            return run(function, tasks)

        return genuine(run_and_look, send, seconds, neighbour, interval)

    monkeypatch.setattr(convoy, "_run_round", look)
    serve(**LEAN)
    assert set(looks) == {("nothing", 0), ("thread", 1), ("process", 0)}
    assert set(looks.values()) == {0.005}
    looks.clear()
    sweep_server([0.02], **LEAN)
    assert looks == pytest.approx({("nothing", 0): 0.005, ("thread", 1): 0.02})


@pytest.mark.usefixtures("no_wait")
def test_the_table_never_waits_for_more_requests_than_are_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(convoy, "send_requests", send_three)
    assert set(serve(["nothing"], **LEAN)["requests"]) == {3}


def send_three(port: int, seconds: float) -> Exchange:
    loopback.MOST_REQUESTS = 3  # in the client's process alone
    assert seconds == SECONDS
    return loopback.send_requests(port, 60.0)


# runs that end early


def lose_the_server(port: int, seconds: float) -> None:
    raise ConnectionError(f"nobody at {port} after {seconds} s")


def die(port: int, seconds: float) -> None:
    os._exit(3 if port and seconds else 0)


@pytest.mark.usefixtures("no_wait", "everything_as_before")
@pytest.mark.parametrize("measure", [serve, lambda **lean: sweep_server([0.001], **lean)])
def test_an_error_of_the_client_is_passed_on_and_nothing_is_left(
    measure: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convoy, "send_requests", lose_the_server)
    with pytest.raises(ConnectionError, match="nobody at"):
        measure(**LEAN)


@pytest.mark.usefixtures("no_wait", "everything_as_before")
def test_a_client_that_dies_ends_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convoy, "send_requests", die)
    with pytest.raises(WorkerDied, match="exit code 3"):
        serve(**LEAN)


@pytest.mark.usefixtures("no_wait", "everything_as_before")
def test_an_error_beside_the_busy_thread_ends_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def take_one(variants: dict[str, Callable[[], object]], **_: object) -> None:
        variants["beside thread at 0.005 s"]()

    monkeypatch.setattr(convoy, "send_requests", lose_the_server)
    monkeypatch.setattr(convoy, "take_samples", take_one)
    with pytest.raises(ConnectionError, match="nobody at"):
        serve(**LEAN)


@pytest.mark.usefixtures("no_wait", "everything_as_before", "nothing_to_collect")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_an_interrupt_beside_any_neighbour_leaves_nothing(
    method: str, neighbour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine: Any = convoy._run_round
    mark = tmp_path / "mark"

    def leave_a_mark(run: Any, send: Any, seconds: float, beside: str, interval: float) -> Any:
        if beside == neighbour:
            mark.touch()
        return genuine(run, send, seconds, beside, interval)

    monkeypatch.setattr(convoy, "_run_round", leave_a_mark)
    interrupter = interrupt_once_there(mark)
    beside = sorted({"nothing", neighbour})
    with pytest.raises(KeyboardInterrupt):
        serve(beside, seconds=0.2, budget=60.0, start_method=method)
    interrupter.join()


@pytest.mark.usefixtures("no_wait", "everything_as_before", "nothing_to_collect")
def test_an_interrupt_in_the_midst_of_a_sweep_puts_the_interval_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"

    def count_and_mark(_: int) -> None:
        mark.touch()
        time.sleep(0.001)

    monkeypatch.setattr(convoy, "countdown", count_and_mark)
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        sweep_server([0.05], seconds=0.2, budget=60.0, start_method=METHODS[0])
    interrupter.join()


@pytest.mark.usefixtures("no_wait", "everything_as_before", "nothing_to_collect")
def test_an_interrupt_while_the_busy_thread_starts_does_not_lose_the_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genuine = threading.Thread.start

    def start_and_interrupt(thread: threading.Thread) -> None:
        genuine(thread)
        if thread.name.endswith("(work)"):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(threading.Thread, "start", start_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        serve(["thread"], **LEAN | {"budget": 60.0})


# bad arguments

EITHER: list[tuple[dict[str, object], type[Exception], str]] = [
    ({"seconds": 0}, ValueError, "seconds must be a number above 0 and at most 60, not 0"),
    ({"seconds": -1.0}, ValueError, "not -1.0"),
    ({"seconds": 61}, ValueError, "at most 60, not 61"),
    ({"seconds": math.nan}, ValueError, "not nan"),
    ({"seconds": math.inf}, ValueError, "not inf"),
    ({"seconds": "1"}, TypeError, "not '1'"),
    ({"seconds": True}, TypeError, "not True"),
    ({"seconds": None}, TypeError, "not None"),
    ({"budget": 0}, ValueError, "budget must be .* not 0"),
    ({"budget": math.nan}, ValueError, "budget must be .* not nan"),
    ({"budget": "8"}, TypeError, "budget must be"),
    ({"start_method": "vfork"}, ValueError, "start_method must be one of .* not 'vfork'"),
    ({"start_method": 3}, TypeError, "start_method must be"),
]


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize("measure", [serve, sweep_server])
@pytest.mark.parametrize(("arguments", "error", "told"), EITHER)
def test_a_bad_argument_is_refused_before_anything_is_started(
    measure: Callable[..., object], arguments: dict[str, object], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        measure(**arguments)


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("beside", "error", "told"),
    [
        ([], ValueError, "beside must hold at least one"),
        ("thread", TypeError, "beside must be a list, not 'thread'"),
        (None, TypeError, "beside must be a list, not None"),
        (["an elephant"], ValueError, "one of nothing, thread, process, not 'an elephant'"),
        (["thread", "thread"], ValueError, "each be there once"),
        ([3], TypeError, "one of nothing, thread, process, not 3"),
    ],
)
def test_a_bad_neighbour_is_refused_before_anything_is_started(
    beside: Any, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        serve(beside)


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("intervals", "error", "told"),
    [
        ([], ValueError, "intervals must hold at least one"),
        (0.005, TypeError, "intervals must be a list, not 0.005"),
        ("0.005", TypeError, "intervals must be a list"),
        ([0.001, 0.001], ValueError, "each be there once"),
        ([0], ValueError, "not 0"),
        ([-0.001], ValueError, "not -0.001"),
        ([1e-7], ValueError, "from 1e-06 to 1"),
        ([1.5], ValueError, "not 1.5"),
        ([math.nan], ValueError, "not nan"),
        (["0.001"], TypeError, "not '0.001'"),
        ([True], TypeError, "not True"),
    ],
)
def test_a_bad_interval_is_refused_before_anything_is_started(
    intervals: Any, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        sweep_server(intervals)


def test_what_is_measured_unless_asked_otherwise_is_allowed() -> None:
    assert convoy.DEFAULT_SECONDS < convoy.MOST_SECONDS
    assert sorted(convoy.DEFAULT_INTERVALS) == list(convoy.DEFAULT_INTERVALS)
    assert 0.005 in convoy.DEFAULT_INTERVALS
