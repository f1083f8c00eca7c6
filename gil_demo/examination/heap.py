"""Python's memory in runs: what its garbage collector is kept from searching, and what it takes."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gil_demo.running.interrupts import held_back
from gil_demo.running.workers import shake_heap


@contextmanager
def heap_set_aside() -> Iterator[Callable[[], None]]:
    """Keep the collector from searching what is held already, while the block runs.

    A search takes the longer the more is held, and most of that isn't the function's: runs would
    differ by whether a search falls into them. What comes later is set aside by calling what the
    block gets. Where the reader has set something aside already, nothing more is.
    """
    if gc.get_freeze_count():
        yield lambda: None
        return
    _collect()
    gc.freeze()
    try:
        yield gc.freeze
    finally:
        gc.unfreeze()


@contextmanager
def heap_tidied() -> Iterator[None]:
    """Leave a run no garbage of the one before, and another fill of Python's pools of memory."""
    _collect()
    held = shake_heap()
    try:
        yield
    finally:
        del held


def _collect() -> None:
    with held_back():  # Python swallows an interrupt that meets a finalizer
        gc.collect()


@contextmanager
def searches_timed() -> Iterator[list[float]]:
    """List the seconds of each search that the collector makes in this process meanwhile."""
    seconds: list[float] = []
    began = time.perf_counter()

    def note(phase: str, _found: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
        else:
            seconds.append(time.perf_counter() - began)

    gc.callbacks.append(note)
    try:
        yield seconds
    finally:
        gc.callbacks.remove(note)
