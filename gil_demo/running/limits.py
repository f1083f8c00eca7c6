"""Limits of time: for code of somebody else's that may never come to its end."""

import signal
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from gil_demo.checks import GilDemoError
from gil_demo.running.interrupts import is_holding
from gil_demo.running.workers import Stopped, stop

_AGAIN_SECONDS = 0.2  # a task may have swallowed the first stop
Answer = TypeVar("Answer")


class TimeUp(GilDemoError):
    """Something was not done in the time that it was given."""


def check_time(deadline: float, limit: float) -> None:
    """Raise a TimeUp after a deadline, on the monotonic clock; `limit` is for its text."""
    if time.monotonic() > deadline:
        raise _state_limit(limit)


def _state_limit(seconds: float) -> TimeUp:
    told = f"{seconds:,.0f}" if seconds >= 100 else f"{seconds:.3g}"
    return TimeUp(f"not done after {told} second{'s' * (told != '1')}")


def run_within(seconds: float, function: Callable[..., Answer], *arguments: object) -> Answer:
    """Call a function, and end it by a TimeUp where it takes too long.

    In the main thread a signal cuts even a sleep short. Elsewhere, and on Windows, the function
    ends at its next step of Python code. A context manager would itself be struck where the time
    is up as its block ends.
    """
    is_main = threading.current_thread() is threading.main_thread()
    run = _run_by_alarm if is_main and hasattr(signal, "setitimer") else _run_by_timer
    try:
        return run(seconds, lambda: function(*arguments))
    except Stopped:
        raise _state_limit(seconds) from None


def _run_by_alarm(seconds: float, function: Callable[[], Answer]) -> Answer:
    is_over = False

    def end(*_: object) -> None:
        if not (is_over or is_holding()):  # it rings again soon
            raise Stopped

    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, end)
    before, again = signal.getitimer(signal.ITIMER_REAL)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
        return function()
    finally:
        is_over = True
        left = max(0.001, before - (time.monotonic() - began)) if before else 0.0
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, left, again)


def _run_by_timer(seconds: float, function: Callable[[], Answer]) -> Answer:
    lock, is_over = threading.Lock(), False
    thread = threading.get_ident()

    def end() -> None:
        with lock:
            if not is_over:
                stop(thread)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        return function()
    finally:
        with lock:
            is_over = True
        timer.cancel()
        timer.join()
