"""What a sub-interpreter does around a task, and how it is told to stop.

Standard library only. Each sub-interpreter has a copy of this module of its own, with its own
`_STATE`.
"""

import os
import time
from collections.abc import Callable, Sequence

from gil_demo.running.workers import time_tasks

TYPE_CHECKING = False  # type checkers take it for true; typing itself takes milliseconds to load
if TYPE_CHECKING:
    from typing import Any

STOP, END = b"s", b"e"
MOST_WAIT_SECONDS = 1.0
Told = tuple[int, float, bytes, bytes | None]


class _Stopped(BaseException):
    """Raised inside a task that is to end; no task catches it by accident."""


class _State:
    """Where this sub-interpreter's worker is."""

    def __init__(self) -> None:
        import threading

        self.lock = threading.Lock()
        self.is_running = False
        self.is_stopping = False


_STATE = _State()


def get_ready(ready: "Any", start: int, orders: int) -> None:
    """Report to be ready, wait until all are, and begin to listen for orders.

    Args:
        ready: a queue that interpreters share.
        start: a pipe to read; it gets a byte for each worker when all are ready.
        orders: a pipe to read; it gets an order for each worker in the end.
    """
    import threading

    ready.put(True)
    os.read(start, 1)
    # a sub-interpreter has no daemon threads; this one ends with the first order
    threading.Thread(target=_obey, args=(orders, threading.get_ident())).start()


def _obey(orders: int, worker: int) -> None:
    """Wait for an order without the GIL; if it is to stop, raise _Stopped inside the task."""
    if os.read(orders, 1) != STOP:
        return
    import ctypes

    with _STATE.lock:
        _STATE.is_stopping = True
        if _STATE.is_running:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(worker), ctypes.py_object(_Stopped)
            )


def run_tasks(job: tuple[Callable[..., object], Sequence[object]]) -> Told | None:
    """Run tasks one after another, in a sub-interpreter, and note when each ran.

    Args:
        job: what to run, and the arguments to run it on.

    Returns:
        What `gil_demo.workers.time_tasks` gives, with a number of this sub-interpreter in place of
        the process's; None if it was told to stop.

    Raises:
        BaseException: what a task raised.
    """
    try:
        return _run(job)
    except _Stopped:
        return None


def _run(job: tuple[Callable[..., object], Sequence[object]]) -> Told:
    with _STATE.lock:
        if _STATE.is_stopping:
            raise _Stopped
        _STATE.is_running = True
    try:
        _, start, ends, answers = time_tasks(job)
    except _Stopped:
        raise
    except BaseException:
        _leave()
        raise
    _leave()
    return id(_STATE), start, ends, answers


def _leave() -> None:
    """Note that the task is over; one that was told to stop meanwhile waits until it is."""
    with _STATE.lock:
        _STATE.is_running = False
    deadline = time.monotonic() + MOST_WAIT_SECONDS
    while _STATE.is_stopping and time.monotonic() < deadline:
        time.sleep(0.001)
