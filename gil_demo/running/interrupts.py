"""Interrupts (Ctrl-C, or Jupyter's stop button) kept away from moments that must not be cut."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial


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
    """Hold an interrupt back until the block is done, then let it happen.

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
