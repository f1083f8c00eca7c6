"""What may cut code short, an interrupt or a limit of time, and moments that must not be cut."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TypeVar

from gil_demo.checks import GilDemoError
from gil_demo.running.workers import AGAIN_SECONDS, Stopped, stop_until

Answer = TypeVar("Answer")


def _keep(held: list[int], _owner: int, number: int, _frame: object) -> None:
    held.append(number)


def is_holding() -> bool:
    """Tell whether the main thread is at what must not be cut.

    A forked process holds nothing: it comes from the midst of its parent's work.
    """
    handler = signal.getsignal(signal.SIGINT)
    return isinstance(handler, partial) and handler.func is _keep and handler.args[1] == os.getpid()


@contextmanager
def held_back(*, is_inherited: bool = True) -> Iterator[None]:
    """Hold an interrupt (Ctrl-C, or Jupyter's stop button) back until the block is done.

    A pool that is cut off while it starts its processes, or ends them, leaves some behind. Those
    started inside the block are born with the interrupt blocked, so that none dies of it with a
    traceback; but a script of its own (`is_inherited=False`) must be free to be interrupted.
    """
    held: list[int] = []
    is_masked = is_inherited and hasattr(signal, "pthread_sigmask")  # not on Windows
    is_deaf = False
    try:
        handler = signal.signal(signal.SIGINT, partial(_keep, held, os.getpid()))
    except ValueError:  # the main thread of the main interpreter alone gets interrupts
        is_deaf = True
    if is_deaf:
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if is_masked else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
        if held:  # whatever the block raises
            signal.raise_signal(signal.SIGINT)


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Keep what cuts a wait of `threading` short: it may come out as a RuntimeError.

    A `threading.Condition` is written in Python, and lets go of a lock that it may not have yet.
    """
    try:
        yield
    except RuntimeError as reason:
        if isinstance(cut := reason.__context__, KeyboardInterrupt | Stopped):
            raise cut from None
        raise


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
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
        return function()
    finally:
        is_over = True
        left = max(0.001, before - (time.monotonic() - began)) if before else 0.0
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, left, again)


def _run_by_timer(seconds: float, function: Callable[[], Answer]) -> Answer:
    lock, is_over = threading.Lock(), False
    job = (lambda: is_over, lock, threading.get_ident())
    timer = threading.Timer(seconds, stop_until, job)
    timer.daemon = True
    timer.start()
    try:
        return function()
    finally:
        while not is_over:
            with suppress(Stopped), lock:  # one that comes when the function is over
                is_over = True
        timer.cancel()
        timer.join()
