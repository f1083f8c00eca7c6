"""Limits of time: for code of somebody else's that may never come to its end."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gil_demo.checks import GilDemoError
from gil_demo.running.interrupts import is_holding
from gil_demo.running.workers import Stopped, stop

_AGAIN_SECONDS = 0.2  # a task may have swallowed the first stop


class TimeUp(GilDemoError):
    """Something was not done in the time that it was given."""


def check_time(deadline: float, limit: float) -> None:
    """Raise a TimeUp after a deadline, on the monotonic clock; `limit` is for its text."""
    if time.monotonic() > deadline:
        raise TimeUp(f"not done after {limit:.3g} seconds")


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """End a block that takes too long, by a TimeUp.

    In the main thread a signal cuts even a sleep short. Elsewhere, and on Windows, the block ends
    at its next step of Python code.
    """
    is_main = threading.current_thread() is threading.main_thread()
    try:
        with _alarm(seconds) if is_main and hasattr(signal, "setitimer") else _timer(seconds):
            yield
    except Stopped:
        raise TimeUp(f"not done after {seconds:.3g} seconds") from None


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    is_over = False

    def end(*_: object) -> None:
        if not (is_over or is_holding()):  # it rings again soon
            raise Stopped

    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, end)
    before, again = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
    try:
        yield
    finally:
        is_over = True
        left = max(0.001, before - (time.monotonic() - began)) if before else 0.0
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, left, again)


@contextmanager
def _timer(seconds: float) -> Iterator[None]:
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
        yield
    finally:
        with lock:
            is_over = True
        timer.cancel()
        timer.join()
