"""How a workload runs: one context manager for each way, all of the same shape.

Entering a runner is start-up, calling what it gives is work, leaving it is tear-down:

    with processes(workers=2) as run:
        spans = run(countdown, [5_000_000, 5_000_000])

After a runner has been left, in whatever way, no process and no thread of it goes on.
"""

import ctypes
import multiprocessing
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.pool import AsyncResult, Pool
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple, Protocol

from gil_demo.arguments import check_choice, check_sequence, check_workers, shorten
from gil_demo.errors import GilDemoError, RunnerUnavailable, WorkerDied
from gil_demo.interrupts import held_back
from gil_demo.workers import announce, time_task, time_task_for_parent

CHECK_SECONDS = 0.05
START_SECONDS = 60.0
END_SECONDS = 1.0


class Span(NamedTuple):
    """When one task ran, and where.

    Attributes:
        task: place of the task in the list, from 0.
        worker: which worker ran it, numbered from 0 in the order of their first tasks.
        start: seconds on the machine's performance counter.
        end: seconds on the same clock.
    """

    task: int
    worker: int
    start: float
    end: float


class Run(Protocol):
    """What a runner gives: runs a function once for each task and tells when each ran."""

    def __call__(self, function: Callable[[Any], object], tasks: Sequence[Any]) -> list[Span]:
        """Run `function(task)` for each task; return one span a task, in the tasks' order."""


Runner = Callable[..., AbstractContextManager[Run]]


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


def _time_here(function: Callable[[Any], object], task: object, number: int, worker: int) -> Span:
    _, start, end = time_task(function, task)
    return Span(number, worker, start, end)


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
            for thread in crew:
                thread.start()
        for thread in crew:
            thread.join()
    except BaseException:
        with held_back():
            _stop(crew, entered, left)
        raise
    if failures:
        raise failures[0]
    return [spans[number] for number in sorted(spans)]


class _Stopped(BaseException):
    """Raised inside a thread that is to end; no task catches it by accident."""


def _stop(crew: Sequence[threading.Thread], entered: set[int], left: set[int]) -> None:
    """End threads at their next step of Python code; one stuck in C code ends after that.

    What the threads note of themselves counts, not `is_alive` and `join`: up to Python 3.12 an
    interrupted `join` takes a running thread for one that has ended.
    """
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


@contextmanager
def processes(workers: int = 2, start_method: str | None = None) -> Iterator[Run]:
    """Run tasks in the worker processes of a `multiprocessing.Pool`.

    Entering returns when every worker is ready for a task, so that none of the start-up is
    counted as work. `Pool.map` with its default chunk size hands out the tasks.

    Args:
        workers: number of worker processes.
        start_method: fork, spawn or forkserver, as far as the machine has it; None means the
            platform's default.

    Yields:
        A `Run`; an exception of a task is passed on when all tasks have ended.

    Raises:
        TypeError: an argument is of the wrong type, or the function can't be sent to a worker.
        ValueError: an argument is not allowed, or there are no tasks.
        RunnerUnavailable: this Python has no process pools.
        WorkerDied: a worker process ended before its task.
        GilDemoError: the operating system refused the processes, or they did not get ready.
    """
    check_workers(workers)
    context = multiprocessing.get_context(check_start_method(start_method))
    pool = None
    dismissed = False
    before = set(multiprocessing.active_children())
    if context.get_start_method() != "fork" and sys.platform != "win32":
        resource_tracker.ensure_running()  # its start lifts the mask that held_back sets
    try:
        with held_back():
            ready, announcements = context.Pipe(duplex=False)
            pool = _open(context, workers, announcements)
            crew = [p for p in multiprocessing.active_children() if p not in before]
        _wait_until_ready(ready, workers, crew)
        yield partial(_run_in_pool, pool, crew, context)
        if context.get_start_method() != "spawn":  # a spawned worker takes long to leave
            with held_back():
                dismissed = _dismiss(pool, crew)
    finally:
        if pool is not None and not dismissed:
            with held_back():
                _end(pool, before)


def check_start_method(start_method: object) -> str:
    """Return the start method to use.

    Args:
        start_method: the name of one, or None for the platform's default.

    Returns:
        The name of a start method that this machine has.

    Raises:
        TypeError: it is neither a string nor None.
        ValueError: this machine has no such start method.
    """
    available = multiprocessing.get_all_start_methods()
    if start_method is None:
        # asking for the default without allow_none would fix it for the whole program
        return multiprocessing.get_start_method(allow_none=True) or available[0]
    return check_choice("start_method", start_method, available)


def _open(context: BaseContext, workers: int, ready: Connection) -> Pool:
    try:
        return context.Pool(workers, initializer=announce, initargs=(ready,))
    except ImportError as reason:
        raise RunnerUnavailable(f"processes: this Python has no process pools ({reason})") from None
    except OSError as reason:
        raise GilDemoError(
            f"the operating system refused {workers} worker processes ({reason}): ask for fewer"
        ) from reason


def _wait_until_ready(ready: Connection, workers: int, crew: Sequence[BaseProcess]) -> None:
    deadline = time.monotonic() + START_SECONDS
    for _ in range(workers):
        connection.wait([ready, *_sentinels(crew)], timeout=deadline - time.monotonic())
        _check_alive(
            crew,
            "before it was ready for work. In a script, start processes only below "
            'if __name__ == "__main__":',
        )
        if not ready.poll():
            raise GilDemoError(
                f"{workers} worker processes were not ready after {START_SECONDS:g} seconds: "
                "ask for fewer, or for another start method"
            )
        ready.recv_bytes()


def _run_in_pool(
    pool: Pool,
    crew: Sequence[BaseProcess],
    context: BaseContext,
    function: Callable[[Any], object],
    tasks: Sequence[Any],
) -> list[Span]:
    checked = check_sequence("tasks", tasks)
    _check_reachable(function, context)
    answer = pool.map_async(partial(time_task_for_parent, function), checked)
    _wait_for(answer, crew, checked)
    return _number_workers(answer.get())


def _check_reachable(function: Callable[[Any], object], context: BaseContext) -> None:
    """Refuse a function that a worker could not find: with a plain Pool the run would hang."""
    name = getattr(function, "__qualname__", shorten(function))
    try:
        pickle.dumps(function)
    except Exception as reason:
        raise TypeError(
            f"function must be one that can be sent to a worker process, not {name} ({reason}): "
            "define it at the top of a module"
        ) from None
    main_file = getattr(sys.modules["__main__"], "__file__", None)
    is_in_cell = getattr(function, "__module__", None) == "__main__" and main_file is None
    if is_in_cell and context.get_start_method() != "fork":
        raise TypeError(
            f"function must be one that a worker process can import, not {name}, which was "
            "defined in a notebook cell or at a prompt: put it in a module and import it"
        )


def _wait_for(
    answer: "AsyncResult[Any]", crew: Sequence[BaseProcess], tasks: Sequence[object]
) -> None:
    while not answer.ready():
        answer.wait(CHECK_SECONDS)
        if not answer.ready():
            _check_alive(crew, f"with {len(tasks)} tasks under way: {shorten(tasks)}")


def _check_alive(crew: Sequence[BaseProcess], circumstance: str) -> None:
    ended = connection.wait(_sentinels(crew), timeout=0)
    if ended:
        dead = next(process for process in crew if process.sentinel in ended)
        deadline = time.monotonic() + END_SECONDS
        while dead.exitcode is None and time.monotonic() < deadline:
            time.sleep(0.001)  # its sentinel goes before its exit code comes
        raise WorkerDied(f"a worker process ended ({_describe_exit(dead)}) {circumstance}")


def _sentinels(crew: Sequence[BaseProcess]) -> list[int]:
    return [process.sentinel for process in crew]


def _describe_exit(process: BaseProcess) -> str:
    code = process.exitcode
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def _number_workers(rows: Sequence[tuple[int, float, float]]) -> list[Span]:
    by_start = sorted(rows, key=lambda row: row[1])
    numbers = {pid: number for number, pid in enumerate(dict.fromkeys(row[0] for row in by_start))}
    return [Span(task, numbers[pid], start, end) for task, (pid, start, end) in enumerate(rows)]


def _end(pool: Pool, before: set[BaseProcess]) -> None:
    """End a pool and its processes, and don't wait for a pool that can't end by itself.

    `Pool.terminate` waits without end for a lock that a killed worker held; killing what is left
    is then all there is to do.
    """
    ending = threading.Thread(target=pool.terminate, daemon=True)
    ending.start()
    ending.join(END_SECONDS)
    if ending.is_alive():
        for process in multiprocessing.active_children():
            if process not in before and "PoolWorker" in process.name:
                process.kill()
                process.join(END_SECONDS)
        for queue, lock in (("_inqueue", "_rlock"), ("_outqueue", "_wlock")):
            with suppress(AttributeError, ValueError):  # not there on Windows, or not held
                getattr(getattr(pool, queue), lock).release()
        ending.join(END_SECONDS)


def _dismiss(pool: Pool, crew: Sequence[BaseProcess]) -> bool:
    """Ask idle workers to leave, and tell whether all of them did so unharmed."""
    pool.close()
    deadline = time.monotonic() + END_SECONDS
    left = set(_sentinels(crew))
    while left and (ended := connection.wait(left, timeout=deadline - time.monotonic())):
        left.difference_update(ended)
    if left or any(process.exitcode for process in crew):
        return False
    pool.join()
    return True


RUNNERS: dict[str, Runner] = {
    "sequential": sequential,
    "threads": threads,
    "processes": processes,
}
