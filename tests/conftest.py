"""What every unit test is watched for, and honest synthetic tables to test with."""

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

from gil_demo.measuring.runs import RUNS
from gil_demo.running.pools import list_start_methods
from gil_demo.running.spans import Runner, Span
from gil_demo.tables.schema import make_table

METHODS = list_start_methods()
STUCK_SECONDS = 20.0
HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
NOT_UNIT_TESTS = {"notebooks", "browser", "benchmarks"}
GRACE_SECONDS = 2.0

TableMaker = Callable[..., Any]


def _is_helper(process: psutil.Process) -> bool:
    """Tell whether a process is one of multiprocessing's own, which live until Python ends."""
    return any(helper in " ".join(process.cmdline()) for helper in HELPERS)


def list_workers() -> set[psutil.Process]:
    """List the living processes that this one started, multiprocessing's helpers left out."""
    workers = set()
    for child in psutil.Process().children(recursive=True):
        try:
            parent = child.parent()
            # a fork server's children are workers, though they share its command line
            is_forked = parent is not None and parent.pid != psutil.Process().pid
            if child.status() != psutil.STATUS_ZOMBIE and (is_forked or not _is_helper(child)):
                workers.add(child)
        except psutil.NoSuchProcess:
            continue
    return workers


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a process or a thread of its own behind."""
    if NOT_UNIT_TESTS & set(Path(request.node.path).parts):
        yield
        return
    workers, threads = list_workers(), set(threading.enumerate())
    yield
    deadline = time.monotonic() + GRACE_SECONDS
    while True:
        stray_workers = list_workers() - workers
        stray_threads = {t for t in threading.enumerate() if t.is_alive()} - threads
        if not (stray_workers or stray_threads) or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    assert not stray_workers
    if "pool_threads_may_stay" in request.fixturenames:
        stray_threads = {thread for thread in stray_threads if not thread.daemon}
    assert not stray_threads


@pytest.fixture
def pool_threads_may_stay() -> None:
    """Let a test leave idle threads of a Pool whose killed worker held the Pool's lock.

    `multiprocessing.Pool` offers nothing that would free them; they end with Python.
    """


def make_rows(
    ratios: dict[tuple[str, int], list[float]] | None = None,
    start_method: str = "fork",
    **facts: object,
) -> list[dict[str, object]]:
    """Make rows of one run.

    Args:
        ratios: for each runner with its number of workers, its time in each round as a multiple
            of the sequential time, which is 0.2 s in the first round and grows by 1 % a round.
        start_method: how the processes were started.
        facts: values of columns that differ from an ordinary machine's.

    Returns:
        One dict a timed run.
    """
    chosen = ratios if ratios is not None else ORDINARY
    everyone = {("sequential", 1): [1.0] * _count_rounds(chosen)} | chosen
    rows = []
    for number in range(_count_rounds(chosen)):
        for position, ((runner, workers), multiples) in enumerate(everyone.items(), start=1):
            row: dict[str, object] = {
                "run_id": "a1b2c3",
                "experiment": "compare",
                "workload": "countdown",
                "runner": runner,
                "workers": workers,
                "start_method": start_method if runner == "processes" else "",
                "tasks": max(worker for _, worker in everyone),
                "count": 4_000_000,
                "round": number + 1,
                "rounds": _count_rounds(chosen),
                "position": position,
                "start_up_seconds": 0.0,
                "seconds": 0.2 * 1.01**number * multiples[number],
                "tear_down_seconds": 0.0,
                "stopped_by": "precision",
                "busy_percent": 2.5,
                "usable_cores": 2,
                "logical_cores": 2,
                "physical_cores": 2,
                "cores_limited_by": "",
                "python_version": "3.13.0",
                "implementation": "CPython",
                "gil_enabled": True,
                "operating_system": "Linux",
                "architecture": "x86_64",
                "measured_on": "2026-11-22",
                "recorded_on": "",
            }
            rows.append(row | facts)
    return rows


def _count_rounds(ratios: dict[tuple[str, int], list[float]]) -> int:
    return len(next(iter(ratios.values()))) if ratios else 8


def spread(centre: float, rounds: int = 8, width: float = 0.02) -> list[float]:
    """Return ratios around a centre, evenly spread over a part of it, in no sorted order."""
    steps = [(7 * number) % rounds / max(1, rounds - 1) - 0.5 for number in range(rounds)]
    return [centre * (1 + width * step) for step in steps]


ORDINARY = {("threads", 2): spread(1.03), ("processes", 2): spread(0.55)}


@pytest.fixture
def make_run() -> TableMaker:
    """Give a function that makes the table of one run; see `make_rows` for its arguments."""

    def make(*arguments: Any, **facts: Any) -> Any:
        return make_table(make_rows(*arguments, **facts), RUNS)

    return make


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
