"""Interrupts (Ctrl-C, or Jupyter's stop button) kept away from moments that must not be cut."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_back(*, is_inherited: bool = True) -> Iterator[None]:
    """Hold an interrupt back until the block is done, then let it happen.

    A pool that is cut off while it starts its processes, or ends them, leaves some behind. Those
    started inside the block are born with the interrupt blocked, so that none dies of it with a
    traceback; but a script of its own (`is_inherited=False`) must be free to be interrupted.
    """
    if threading.current_thread() is not threading.main_thread():  # which gets no interrupts
        yield
        return
    held: list[int] = []
    is_masked = is_inherited and hasattr(signal, "pthread_sigmask")  # not on Windows
    handler = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if is_masked else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
    if held:
        signal.raise_signal(signal.SIGINT)
