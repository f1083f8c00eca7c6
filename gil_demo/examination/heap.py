"""Python's memory in runs: what its garbage collector is kept from searching, and what it takes."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gil_demo.running.interrupts import held_back


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
    collect_garbage()
    gc.freeze()
    try:
        yield gc.freeze
    finally:
        gc.unfreeze()


def collect_garbage() -> None:
    with held_back():  # Python swallows an interrupt that meets a finalizer
        gc.collect()


def count_searches() -> int:
    """Count the times that the collector has searched all that is held in this process."""
    number: int = gc.get_stats()[-1]["collections"]
    return number


def time_search() -> float:
    """Time a search, which takes about as long as the one before it.

    gc.callbacks would tell that one exactly, but Python swallows an interrupt that meets them.
    """
    began = time.perf_counter()
    collect_garbage()
    return time.perf_counter() - began
