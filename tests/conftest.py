"""What every unit test is watched for, and what tests of measurements have in common."""

import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from gil_demo.measuring import runs
from gil_demo.running.pools import list_start_methods
from gil_demo.running.spans import Runner, Span
from tests.made.runs import BUSY_PERCENT

METHODS = list_start_methods()
EACH_METHOD = [
    METHODS[0],
    *(pytest.param(name, marks=pytest.mark.thorough) for name in METHODS[1:]),
]
STUCK_SECONDS = 20.0
HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
NOT_UNIT_TESTS = {"notebooks", "browser", "benchmarks"}
GRACE_SECONDS = 2.0


def _is_helper(process: psutil.Process) -> bool:
    """Tell whether a process is one of multiprocessing's own, which live until Python ends."""
    return any(helper in " ".join(process.cmdline()) for helper in HELPERS)


def list_connections(process: psutil.Process) -> list[Any]:
    """List the open network sockets of a process, by the name that its psutil has for that."""
    name = "net_connections" if hasattr(process, "net_connections") else "connections"
    return list(getattr(process, name)("inet"))


def list_workers(pid: int | None = None) -> set[psutil.Process]:
    """List the living processes that this one, or another, started, but multiprocessing's own."""
    workers, family = set(), psutil.Process(pid)
    for child in family.children(recursive=True):
        try:
            # a fork server's children are workers, though they share its command line
            is_forked = child.ppid() != family.pid
            if child.status() != psutil.STATUS_ZOMBIE and (is_forked or not _is_helper(child)):
                workers.add(child)
        except psutil.NoSuchProcess:
            continue
    return workers


def assert_gone(pid: int) -> None:
    """Fail unless a process is gone, or goes within the moment that a killed one takes."""
    try:
        process = psutil.Process(pid)
        deadline = time.monotonic() + GRACE_SECONDS
        while process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, f"{process} is still there"
            time.sleep(0.01)
    except psutil.NoSuchProcess:
        pass


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a process or a thread of its own behind."""
    if NOT_UNIT_TESTS & set(Path(request.node.path).parts):
        yield
        return
    workers, threads = list_workers(), set(threading.enumerate())
    yield
    deadline = time.monotonic() + GRACE_SECONDS
    may_stay = "pool_threads_may_stay" in request.fixturenames
    while True:
        stray_workers = list_workers() - workers
        stray_threads = {t for t in threading.enumerate() if t.is_alive()} - threads
        if may_stay:
            stray_threads = {thread for thread in stray_threads if not thread.daemon}
        if not (stray_workers or stray_threads) or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    assert not stray_workers
    assert not stray_threads


@pytest.fixture
def pool_threads_may_stay() -> None:
    """Let a test leave idle threads of a Pool whose killed worker held the Pool's lock.

    `multiprocessing.Pool` offers nothing that would free them; they end with Python.
    """


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the half second in which the machine is watched."""
    monkeypatch.setattr(runs, "measure_busy_percent", lambda: BUSY_PERCENT)


@pytest.fixture
def nothing_may_be_measured(monkeypatch: pytest.MonkeyPatch, no_process_may_start: None) -> None:
    """Make a look at the machine, and the start of any process, fail the test."""
    del no_process_may_start

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was measured")

    monkeypatch.setattr(runs, "measure_busy_percent", refuse)


@pytest.fixture
def nothing_hangs() -> Iterator[None]:
    """Fail a test that hangs, and print what each thread was waiting for."""
    if sys.platform == "win32":  # no alarm clock there
        yield
        return

    def complain(*_: object) -> None:
        faulthandler.dump_traceback()
        pytest.fail(f"the test took more than {STUCK_SECONDS:g} seconds")

    before = signal.signal(signal.SIGALRM, complain)
    signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS, STUCK_SECONDS)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def no_process_may_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the start of any process or thread fail the test."""

    def refuse(*_: object) -> None:
        raise AssertionError("something was started")

    monkeypatch.setattr(multiprocessing.process.BaseProcess, "start", refuse)
    monkeypatch.setattr(threading.Thread, "start", refuse)


def run_once(
    runner: Runner, function: Callable[[Any], object], arguments: Any, workers: Any = 2
) -> Sequence[Span]:
    with runner(workers) as run:
        return run(function, arguments)


def interrupt_once_there(mark: Path) -> threading.Thread:
    """Start a thread that interrupts this process as Ctrl-C does, once a file is there."""

    def wait_and_interrupt() -> None:
        deadline = time.monotonic() + 20
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        if sys.platform == "win32":
            signal.raise_signal(signal.SIGINT)
        else:
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait_and_interrupt)
    thread.start()
    return thread
