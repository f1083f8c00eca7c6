"""How a workload runs: one context manager for each way, all of the same shape.

Entering a runner is start-up, calling what it gives is work, leaving it is tear-down:

    with processes(workers=2) as run:
        spans = run(countdown, [5_000_000, 5_000_000])

After a runner has been left, in whatever way, no process of it is alive and no task goes on.
Beside them: a pool of threads that takes tasks in chunks, and the switch interval of threads.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from queue import Empty, SimpleQueue
from typing import Any

from gil_demo.checks import RunnerUnavailable, check_sequence, check_workers
from gil_demo.running import CHECK_SECONDS, END_SECONDS
from gil_demo.running.interrupts import check_time, held_back
from gil_demo.running.pools import find_ban, processes
from gil_demo.running.refusals import refusals_told
from gil_demo.running.spans import Run, Runner, Span, cut
from gil_demo.running.subinterpreters import find_obstacle, interpreters
from gil_demo.running.workers import (
    AGAIN_SECONDS,
    Stopped,
    call_each,
    call_elsewhere,
    stop,
    wait_until,
)

ENGINES = {
    "cluster": ("gil_demo.engines.clusters", "distributed", "Dask"),
    "ray": ("gil_demo.engines.rays", "ray", "Ray"),
}
"""The runners of engines: where each is, the module that it needs, and the engine's name."""
PYTHON_INTERVAL = 0.005
"""Seconds that Python chooses for its switch interval: how long a thread may keep the GIL while
others wait for it (sys.setswitchinterval's documentation)."""
Map = Callable[[Callable[[Any], object], Sequence[Any], int, float], list[Any]]
"""Runs a function on tasks, so many a chunk, within some seconds; returns the answers."""


@contextmanager
def sequential(workers: int = 1) -> Iterator[Run]:
    """Run tasks one after another in the thread that calls.

    Args:
        workers: taken so that all runners have one shape; there is always one worker.

    Yields:
        A `Run`; an exception of a task ends the run and is passed on.

    Raises:
        TypeError: `workers` is no int, or the tasks are no list.
        ValueError: `workers` is out of range, or there are no tasks.
    """
    check_workers(workers)
    yield _run_in_turn


def _run_in_turn(function: Callable[[Any], object], tasks: Sequence[Any]) -> list[Span]:
    return call_elsewhere(_time_in_turn, function, check_sequence("tasks", tasks))


def _time_in_turn(function: Callable[[Any], object], tasks: Sequence[Any]) -> list[Span]:
    return [_time(function, task, number, 0) for number, task in enumerate(tasks)]


@contextmanager
def threads(workers: int = 2) -> Iterator[Run]:
    """Run each task in a `threading.Thread` of its own, as David Beazley's lesson does.

    Args:
        workers: taken so that all runners have one shape; every task gets a thread, however
            many there are.

    Yields:
        A `Run`; the first exception of a task is passed on when all threads have ended. An
        interrupt ends the threads at their next step of Python code.

    Raises:
        TypeError: `workers` is no int, or the tasks are no list.
        ValueError: `workers` is out of range, or there are no tasks.
        GilDemoError: the operating system refused the threads.
    """
    check_workers(workers)
    yield _run_in_threads


def _run_in_threads(function: Callable[[Any], object], tasks: Sequence[Any]) -> list[Span]:
    spans: dict[int, Span] = {}
    failures: list[BaseException] = []
    entered: set[int] = set()
    left: set[int] = set()

    def work(number: int, task: object) -> None:
        try:
            spans[number] = call_elsewhere(_time, function, task, number, number)
        except Stopped:
            raise
        except BaseException as failure:  # sys.exit() in a task, too: no span may be missing
            failures.append(failure)

    works = [partial(work, *item) for item in enumerate(check_sequence("tasks", tasks))]
    crew = make_threads(works, entered, left)
    try:
        start_threads(crew)
        for thread in crew:
            # where another thread of the program happens to take an interrupt, it doesn't wake
            # this one: a wait without a limit would sleep through it
            while thread.is_alive():
                thread.join(CHECK_SECONDS)
    except BaseException:
        with held_back():
            stop_threads(crew, entered, left)
        raise
    if failures:
        raise failures[0]
    return [spans[number] for number in sorted(spans)]


def make_threads(
    works: Iterable[Callable[[], None]], entered: set[int], left: set[int]
) -> list[threading.Thread]:
    """Make a thread for each work, which notes itself by its number as `stop_threads` reads."""

    def attend(number: int, work: Callable[[], None]) -> None:
        try:
            entered.add(number)
            work()
        except Stopped:
            pass
        finally:
            try:
                left.add(number)
            except Stopped:  # which may come when the work is over
                left.add(number)

    return [threading.Thread(target=attend, args=item, daemon=True) for item in enumerate(works)]


def start_threads(crew: Sequence[threading.Thread]) -> None:
    """Start threads, or raise a GilDemoError if the operating system refuses one."""
    with refusals_told(len(crew), "thread"), held_back():
        for thread in crew:  # an interrupt in the midst of a start would lose it
            thread.start()


def stop_threads(crew: Sequence[threading.Thread], entered: set[int], left: set[int]) -> None:
    """End threads at their next step of Python code; one stuck in C code ends after that.

    What the threads note of themselves counts, not `is_alive` and `join`: up to Python 3.12 an
    interrupted `join` takes a running thread for one that has ended.
    """
    deadline = time.monotonic() + END_SECONDS
    started = {number for number, thread in enumerate(crew) if thread.ident is not None}
    # a thread can't be stopped cleanly before it has come to its task
    wait_until(lambda: entered >= started, deadline)
    while left < started and time.monotonic() < deadline:
        for number in entered - left:
            stop(crew[number].ident or 0)
        wait_until(lambda: left >= started, min(deadline, time.monotonic() + AGAIN_SECONDS))


@contextmanager
def thread_pool(workers: int) -> Iterator[Map]:
    """Keep threads open that take tasks in chunks, as a pool of processes does.

    What raises in a task is passed on when all others have ended. An interrupt, or a limit, ends
    the threads at their next step of Python code; one that is stuck in C code is left behind. It
    raises a GilDemoError where the system refuses it a thread.
    """
    jobs: SimpleQueue[tuple[int, Callable[[Any], object], Sequence[Any]] | None] = SimpleQueue()
    done: SimpleQueue[tuple[int, list[Any], BaseException | None]] = SimpleQueue()
    entered: set[int] = set()
    left: set[int] = set()

    def work() -> None:
        while (job := jobs.get()) is not None:
            place, function, tasks = job
            try:
                done.put((place, call_elsewhere(call_each, function, tasks), None))
            except Stopped:
                raise
            except BaseException as failure:  # sys.exit() in a task, too
                done.put((place, [], failure))

    def run(
        function: Callable[[Any], object], tasks: Sequence[Any], chunksize: int, limit: float
    ) -> list[Any]:
        chunks = cut(tasks, chunksize)
        deadline = time.monotonic() + limit
        for place, chunk in enumerate(chunks):
            jobs.put((place, function, chunk))
        answers: dict[int, list[Any]] = {}
        failures: list[BaseException] = []
        try:
            while len(answers) < len(chunks):
                with suppress(Empty):
                    place, told, failure = done.get(timeout=CHECK_SECONDS)
                    answers[place] = told
                    failures += [failure] if failure is not None else []
                check_time(deadline, limit)
        except BaseException:
            end()
            raise
        if failures:
            raise failures[0]
        return [answer for place in range(len(chunks)) for answer in answers[place]]

    def end() -> None:
        with held_back():
            with suppress(Empty):
                while True:
                    jobs.get_nowait()
            for _ in crew:
                jobs.put(None)
            for thread in crew:
                if thread.ident is not None:  # else the system has refused it
                    thread.join(CHECK_SECONDS)  # those at rest leave by themselves
            if any(thread.is_alive() for thread in crew):
                stop_threads(crew, entered, left)

    crew = make_threads([work] * workers, entered, left)
    try:
        start_threads(crew)
        yield run
    finally:
        end()


@contextmanager
def switch_interval_of(seconds: float) -> Iterator[None]:
    """Set the switch interval of this Python for a while; put the old one back whatever happens."""
    before = sys.getswitchinterval()
    try:
        # half a microsecond more, since Python itself cuts off what is beyond whole ones
        sys.setswitchinterval(seconds + 5e-7)
        yield
    finally:
        sys.setswitchinterval(before + 5e-7)


def _time(function: Callable[[Any], object], task: object, number: int, worker: int) -> Span:
    start = time.perf_counter()
    answer = function(task)
    return Span(number, worker, start, time.perf_counter(), answer)


_HERE: dict[str, Runner] = {
    "sequential": sequential, "threads": threads, "processes": processes,
    "interpreters": interpreters,
}  # fmt: skip
RUNNERS = (*_HERE, *ENGINES)


def get_runner(name: str) -> Runner:
    """Return the runner of a name, out of `RUNNERS`; an engine's module is imported only now."""
    return _HERE.get(name) or getattr(import_module(ENGINES[name][0]), name)


def find_missing(name: str) -> str:
    """Say what a runner lacks here, and how to get it; empty if it can be had."""
    if name == "interpreters":
        return find_obstacle()
    if name == "processes":
        return find_ban()
    _, module, engine = ENGINES.get(name, ("", "", ""))
    if not module or find_spec(module) is not None:
        return ""
    install = f'pip install -e ".[{name}]" in the folder of this set'
    return f"{engine} is not installed; {install} gets it"


def check_present(name: str) -> None:
    """Raise a RunnerUnavailable if a runner can't be had here."""
    if reason := find_missing(name):
        raise RunnerUnavailable(f"{name}: {reason}")
