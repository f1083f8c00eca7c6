"""Functions with traps; workers import them."""

import gc
import hashlib
import multiprocessing
import os
import threading
import time
import warnings
from collections.abc import Iterator


def chatter(lines: int) -> int:
    for number in range(lines):
        print(f"line {number} of {lines}, and still more of it to come")
    return lines


def fail_at(number: int) -> float:
    return 1 / number


def make_answer(megabytes: int) -> bytes:
    return bytes(megabytes * 1_000_000)


def fail_at_length(_: object) -> None:
    raise ValueError("x" * 1_000)


class Answer:
    def __init__(self, number: int) -> None:
        self.number = number


def search_for_garbage(_: object) -> int:
    return gc.collect()


class Unsayable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def fail_without_words(_: object) -> None:
    raise Unsayable


def ask_reader(_: object) -> str:
    return input()


class Tally:
    total = 0

    def add(self, number: int) -> None:
        self.total += number

    __call__ = add


def fail_in_worker(number: int) -> int:
    if number == 3 and multiprocessing.parent_process():
        raise KeyError(number)
    return number


def leave_worker(number: int) -> int:
    """End a worker that is given a seven, as if all were well."""
    if number == 7 and multiprocessing.parent_process():
        os._exit(0)
    return number


def hang_in_worker(number: int) -> int:
    if number == 3 and multiprocessing.parent_process():
        time.sleep(1e6)
    return number


def tell_process(_: object) -> bool:
    return multiprocessing.parent_process() is not None


def hash_twice(size: int) -> None:
    """Hash with a thread of its own, which doesn't need the GIL."""
    data = bytes(size)
    own = threading.Thread(target=hashlib.sha256, args=[data])
    own.start()
    hashlib.sha256(data)
    own.join()


def count_up(number: int) -> Iterator[int]:
    yield from range(number)


def leave_mark(told: tuple[str, int]) -> int:
    """Make a file that isn't there yet."""
    folder, number = told
    with open(f"{folder}/{number}", "x", encoding="utf-8"):  # noqa: PTH123
        return number


def hang_in_an_interpreter(number: int) -> int:
    """Sleep for ever in a sub-interpreter."""
    from concurrent import interpreters

    while interpreters.get_current() != interpreters.get_main():
        time.sleep(0.05)
    return number


def turn_on_the_gil(number: int) -> int:
    """Warn as CPython 3.13 does where it loads a module that isn't ready to go without the GIL."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        told = "The global interpreter lock (GIL) has been enabled to load module 'parser', which"
        warnings.warn(told, RuntimeWarning, stacklevel=1)
        warnings.warn("a warning of its own", UserWarning, stacklevel=1)
    return number
