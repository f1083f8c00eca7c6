"""What threads and workers do with what they share. Workers load it, which therefore is light."""

import threading
from collections.abc import Callable
from typing import Any

total = 0
"""A global: each process has one of its own."""
_shared: dict[str, Any] = {}


class Box:
    """A counter and its lock."""

    def __init__(self) -> None:
        self.value = 0
        self.lock = threading.Lock()


def add(box: Any, lock: Any, updates: int) -> None:
    """Raise what a box holds by one, again and again; under its lock, if one is given."""
    if lock is None:
        for _ in range(updates):
            box.value += 1
        return
    for _ in range(updates):
        with lock:
            box.value += 1


def count_alone(updates: int) -> int:
    """Raise a counter that nobody else has, and return it."""
    box = Box()
    for _ in range(updates):  # by code of its own, which Python can tune to a box
        box.value += 1
    return box.value


def put_each(queue: Any, updates: int) -> None:
    try:
        for _ in range(updates):
            queue.put(1)
    finally:  # else whoever waits for more would wait for ever where this one is interrupted
        queue.put(None)


def add_up(queue: Any, putters: int) -> int:
    """Add up what others put into a queue, alone."""
    return sum(one for _ in range(putters) for one in iter(queue.get, None))


def share(things: dict[str, Any]) -> None:
    """Keep what the parent shares with this worker, as an initializer does."""
    _shared.update(things)


def add_shared(name: str, updates: int) -> None:
    box, lock = _shared[name]
    add(box, lock, updates)


def call_together(task: Callable[[], object]) -> object:
    """Call a task when each of the workers has one; so each of them gets one."""
    _shared["meeting"].wait()
    return task()


def set_total(value: int) -> None:
    """Set the global, as an initializer does in each worker."""
    global total
    total = value


def add_total(number: int) -> int:
    """Add the global to a number, and leave it as it is."""
    return total + number


def raise_total(amount: int) -> tuple[int, int]:
    """Raise the global, and return what was found there and what is left."""
    global total
    found = total
    total = found + amount
    return found, total


def count_lines(path: Any) -> int:
    """Open a file here, where it is read, and count its lines."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123, pathlib is heavy
        return sum(1 for _ in file)


def draw_number(source: str, seed: Any) -> float:
    """Draw a number from 0 to 1: from a generator of this process, or from one of the task's."""
    if source == "random":
        import random

        return random.random()
    import numpy as np

    if source == "numpy.random":
        return float(np.random.random())
    return float(np.random.default_rng(seed).random())
