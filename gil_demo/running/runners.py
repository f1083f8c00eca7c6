"""How a workload runs: one context manager for each way, all of the same shape.

Entering a runner is start-up, calling what it gives is work, leaving it is tear-down:

    with processes(workers=2) as run:
        spans = run(countdown, [5_000_000, 5_000_000])

After a runner has been left, in whatever way, no process of it is alive and no task goes on.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from gil_demo.checks import GilDemoError, check_sequence, check_workers
from gil_demo.running.interrupts import held_back
from gil_demo.running.pools import CHECK_SECONDS, END_SECONDS, processes
from gil_demo.running.spans import Run, Runner, Span
from gil_demo.running.subinterpreters import find_obstacle, interpreters
from gil_demo.running.workers import time_task

ENGINES = {"cluster": ("distributed", "Dask"), "ray": ("ray", "Ray")}
"""The runners of engines: the module that each needs, and its name."""

_HOMES = {"cluster": "gil_demo.engines.clusters", "ray": "gil_demo.engines.rays"}


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
    yield _run_sequentially


def _run_sequentially(function: Callable[[Any], object], tasks: Sequence[Any]) -> list[Span]:
    return [
        _time_here(function, task, n, 0) for n, task in enumerate(check_sequence("tasks", tasks))
    ]


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
            entered.add(number)
            spans[number] = _time_here(function, task, number, number)
        except _Stopped:
            pass
        except BaseException as failure:  # sys.exit() in a task, too: no span may be missing
            failures.append(failure)
        finally:
            left.add(number)

    crew = [
        threading.Thread(target=work, args=item, daemon=True)
        for item in enumerate(check_sequence("tasks", tasks))
    ]
    try:
        with held_back():  # an interrupt in the midst of a start would lose a thread
            _start(crew)
        for thread in crew:
            _wait_for(thread)
    except BaseException:
        with held_back():
            _stop(crew, entered, left)
        raise
    if failures:
        raise failures[0]
    return [spans[number] for number in sorted(spans)]


def _start(crew: Sequence[threading.Thread]) -> None:
    try:
        for thread in crew:
            thread.start()
    except RuntimeError as reason:
        raise GilDemoError(
            f"the operating system refused {len(crew)} threads ({reason}): ask for fewer"
        ) from reason


def _wait_for(thread: threading.Thread) -> None:
    """Wait for a thread to end, and look up now and then.

    Where another thread of the program happens to take an interrupt, it doesn't wake this one: a
    wait without a limit would then sleep through it.
    """
    while thread.is_alive():
        thread.join(CHECK_SECONDS)


class _Stopped(BaseException):
    """Raised inside a thread that is to end; no task catches it by accident."""


def _stop(crew: Sequence[threading.Thread], entered: set[int], left: set[int]) -> None:
    """End threads at their next step of Python code; one stuck in C code ends after that.

    What the threads note of themselves counts, not `is_alive` and `join`: up to Python 3.12 an
    interrupted `join` takes a running thread for one that has ended.
    """
    import ctypes  # here, so that a worker which imports this module needn't load it

    deadline = time.monotonic() + END_SECONDS
    started = {number for number, thread in enumerate(crew) if thread.ident is not None}
    while entered < started and time.monotonic() < deadline:
        time.sleep(0.001)  # a thread can't be stopped cleanly before it has come to its task
    for number in entered - left:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(crew[number].ident or 0), ctypes.py_object(_Stopped)
        )
    while left < started and time.monotonic() < deadline:
        time.sleep(0.001)


def _time_here(function: Callable[[Any], object], task: object, number: int, worker: int) -> Span:
    _, start, end, answer = time_task(function, task)
    return Span(number, worker, start, end, answer)


_HERE: dict[str, Runner] = {
    "sequential": sequential,
    "threads": threads,
    "processes": processes,
    "interpreters": interpreters,
}
RUNNERS = (*_HERE, *ENGINES)


def get_runner(name: str) -> Runner:
    """Return the runner of a name, out of `RUNNERS`; an engine's module is imported only now."""
    if name in _HERE:
        return _HERE[name]
    runner: Runner = getattr(import_module(_HOMES[name]), name)
    return runner


def find_reason(name: str) -> str:
    """Say why a runner can't be had here; empty if it can."""
    return find_obstacle() if name == "interpreters" else find_missing(name)


def find_missing(name: str) -> str:
    """Say what to install where a runner's engine isn't here; empty if it is."""
    module, engine = ENGINES.get(name, ("", ""))
    if not module or find_spec(module) is not None:
        return ""
    return (
        f'{engine} is not installed; pip install -e ".[{name}]" in the folder of this set gets it'
    )
