"""The runner `interpreters`: tasks in sub-interpreters of this process, each with its own GIL."""

import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from gil_demo.checks import GilDemoError, RunnerUnavailable, check_sequence, check_workers, shorten
from gil_demo.running import CHECK_SECONDS, END_SECONDS, START_SECONDS
from gil_demo.running.interrupts import held_back
from gil_demo.running.refusals import check_reachable, explain_unsent, refusals_told
from gil_demo.running.spans import ChunkedSpans, Run, Span
from gil_demo.running.workers import END, STOP, get_ready, run_tasks


@contextmanager
def interpreters(workers: int = 2) -> Iterator[Run]:
    """Run tasks in sub-interpreters: Pythons within this process, with a GIL each.

    They come from `concurrent.futures.InterpreterPoolExecutor`, Python 3.14 and later. Entering
    returns when every one of them is ready for a task.

    Args:
        workers: number of sub-interpreters.

    Yields:
        A `Run`; the first exception of a task is passed on when all tasks have ended. An
        interrupt ends the tasks at their next step of Python code, and the sub-interpreters.

    Raises:
        TypeError: `workers` is no int, or what is to be run can't be sent to a sub-interpreter.
        ValueError: `workers` is out of range, or there are no tasks.
        RunnerUnavailable: this Python has no such executor.
        GilDemoError: the operating system refused the sub-interpreters, or they did not get ready.
    """
    workers = check_workers(workers)
    if reason := find_obstacle():
        raise RunnerUnavailable(f"interpreters: {reason}")
    with refusals_told(workers, "sub-interpreter"):
        crew = _Crew(workers)
    try:
        crew.start()
        yield crew.run
    finally:
        with held_back():
            crew.end()


def find_obstacle() -> str:
    """Say why this Python can't run tasks in sub-interpreters; empty if it can."""
    implementation = platform.python_implementation()
    if sys.version_info < (3, 14) or implementation != "CPython":
        return f"needs CPython 3.14, this is {implementation} {platform.python_version()}"
    return ""


class _Calls:
    """Calls under way in sub-interpreters: their futures.

    While waiting for them, no lock is taken that Python code holds: an interrupt in the midst of
    `Condition.__enter__`, say, would leave it locked, and a worker would wait for it for ever.
    """

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._ended: list[Any] = []
        self._wake: SimpleQueue[None] = SimpleQueue()

    def submit(self, executor: Any, function: Callable[..., object], *words: object) -> None:
        call = executor.submit(function, *words)
        self.all.append(call)
        call.add_done_callback(self._note)

    def _note(self, call: Any) -> None:
        self._ended.append(call)
        self._wake.put(None)

    def have_ended(self) -> bool:
        return len(self._ended) == len(self.all)

    def wait(self, seconds: float = math.inf) -> None:
        """Wait for all calls to end, and look up now and then, so that an interrupt is met."""
        deadline = time.monotonic() + seconds
        while not self.have_ended() and time.monotonic() < deadline:
            with suppress(Empty):
                self._wake.get(timeout=CHECK_SECONDS)

    def find_failure(self) -> BaseException | None:
        return next((call.exception() for call in self._ended if call.exception()), None)


class _Crew:
    """Sub-interpreters, and the pipes by which they are told to begin and to end."""

    def __init__(self, workers: int) -> None:
        from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]

        path = f"import sys; sys.path[:] = {sys.path!r}"  # so that they find what this one finds
        self._executor = InterpreterPoolExecutor(workers, initializer=exec, initargs=(path,))
        self._workers = workers
        self._start, self._my_start = os.pipe()
        self._orders, self._my_orders = os.pipe()
        self._starting, self._stopped = _Calls(), _Calls()
        self._has_ended = False
        self._ready: Any = None

    def start(self) -> None:
        """Start all of them, and wait until they are ready for tasks."""
        from concurrent.interpreters import create_queue

        self._ready = ready = create_queue()
        with refusals_told(self._workers, "sub-interpreter"), held_back():
            for _ in range(self._workers):
                self._starting.submit(self._executor, get_ready, ready, self._start, self._orders)
        deadline = time.monotonic() + START_SECONDS
        missing = self._workers
        while missing:
            try:
                ready.get(timeout=CHECK_SECONDS)
                missing -= 1
            except Empty:
                failure = self._starting.find_failure()
                if failure is not None or time.monotonic() > deadline:
                    reason = failure or f"not ready after {START_SECONDS:g} seconds"
                    advice = ": ask for fewer" * (self._workers > 1)
                    raise GilDemoError(
                        f"a sub-interpreter could not be started ({reason}){advice}"
                    ) from failure
        os.write(self._my_start, b"g" * self._workers)
        self._starting.wait()

    def run(self, function: Callable[[Any], object], tasks: Sequence[Any]) -> Sequence[Span]:
        if self._has_ended:
            raise GilDemoError("these sub-interpreters have ended: run tasks inside the with block")
        from concurrent.interpreters import NotShareableError

        checked = check_sequence("tasks", tasks)
        check_reachable(function, is_forked=False)
        calls = _Calls()
        try:
            with held_back():
                for task in checked:
                    calls.submit(self._executor, run_tasks, (function, [task]))
            calls.wait()
        except BaseException:
            with held_back():
                self._has_ended = True
                for call in calls.all:
                    call.cancel()
                os.write(self._my_orders, STOP * self._workers)
                self._stopped = calls  # one that is stuck in C code may go on
                calls.wait(END_SECONDS)
            raise
        try:
            return ChunkedSpans([call.result() for call in calls.all])
        except NotShareableError as reason:
            raise TypeError(_explain(function, checked)) from reason

    def end(self) -> None:
        self._has_ended = True
        self._ready = None  # let go of here: Python swallows an interrupt that meets a finalizer
        os.write(self._my_start, b"g" * self._workers)  # for those that still wait for it
        os.write(self._my_orders, END * self._workers)  # each reads only its first order
        self._starting.wait(START_SECONDS)  # one that has begun to start can't be cut off
        is_over = self._starting.have_ended() and self._stopped.have_ended()
        self._executor.shutdown(wait=is_over, cancel_futures=True)
        if is_over:  # else a pipe's number might be another's when it is read
            for pipe in (self._start, self._my_start, self._orders, self._my_orders):
                os.close(pipe)


def _explain(function: Callable[[Any], object], tasks: Sequence[object]) -> str:
    """Say what it was that could not be sent, which Python doesn't tell."""
    if told := explain_unsent(tasks, "a sub-interpreter"):
        return told
    inner: Any = function
    while isinstance(inner, partial):  # of a chunk's runner, say, and then a reader's own
        inner = next(filter(callable, inner.args), inner.func)
    name = getattr(inner, "__qualname__", shorten(inner))
    return (
        f"function must be one whose module a sub-interpreter can import, not {name} of "
        f"{getattr(inner, '__module__', None)}: it has no script's or cell's functions, and many "
        "modules written in C, such as numpy's, refuse to load there"
    )
