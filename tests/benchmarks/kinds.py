"""Functions of known kinds, and lists of arguments for them; workers import them."""

import hashlib
import time
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from gil_demo.examination.samples import make_log, multiply, parse_log
from gil_demo.running.workloads import countdown

Case = tuple[Callable[[Any], object], Sequence[Any]]


def wait(milliseconds: float) -> None:
    time.sleep(milliseconds / 1000)


def hash_data(megabytes: float) -> str:
    return hashlib.sha256(hold(megabytes)).hexdigest()


@cache
def hold(megabytes: float) -> bytes:
    """Hold data that would take long to make."""
    return bytes(int(megabytes * 1_000_000))


def compress(megabytes: float) -> int:
    return len(zlib.compress(hold(megabytes)))


def sort(count: int) -> int:
    return sorted(range(count, 0, -1), key=float)[0]


def count_bytes(data: bytes) -> int:
    return data.count(b"a")


def give_bytes(megabytes: float) -> bytes:
    return b"a" * int(megabytes * 1_000_000)


def count_for(seconds: float) -> None:
    """Count down for some time on a core."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        countdown(100)


def wait_a_part(share: float) -> None:
    count_for(0.02 * (1 - share))
    time.sleep(0.02 * share)


def hash_a_part(share: float) -> None:
    """Count for a part of 20 ms, and hash for the rest, by the pace of this machine."""
    count_for(0.02 * (1 - share))
    hash_data(round(0.02 * share / _measure_pace(), 2))


@cache
def _measure_pace() -> float:
    hold(8.0)
    began = time.perf_counter()
    hash_data(8.0)
    return (time.perf_counter() - began) / 8


CASES: dict[str, Case] = {
    "counting, tiny tasks": (countdown, [100] * 2_000),
    "counting, 1 ms": (countdown, [40_000] * 500),
    "counting, 10 ms": (countdown, [400_000] * 100),
    "counting, two long ones": (countdown, [4_000_000] * 2),
    "counting, uneven": (countdown, [20_000 * (n % 20) + 1 for n in range(200)]),
    "counting, one of all is long": (countdown, [20_000] * 50 + [4_000_000]),
    "parsing, short": (parse_log, [make_log(10)] * 300),
    "parsing, long": (parse_log, [make_log(2_000)] * 100),
    "sorting": (sort, [50_000] * 60),
    "waiting, 1 ms": (wait, [1] * 300),
    "waiting, 20 ms": (wait, [20] * 60),
    "waiting, 100 ms": (wait, [100] * 8),
    "waiting, uneven": (wait, [n % 30 for n in range(100)]),
    "hashing, 1 MB": (hash_data, [1.0] * 200),
    "hashing, 10 MB": (hash_data, [10.0] * 30),
    "hashing, 1 kB": (hash_data, [0.001] * 2_000),
    "compressing": (compress, [1.0] * 60),
    "numpy, small products": (multiply, [64] * 500),
    "numpy, large products": (multiply, [500] * 30),
    "large arguments": (count_bytes, [bytes(2_000_000)] * 40),
    "large answers": (give_bytes, [2.0] * 60),
    "half of it waits": (wait_a_part, [0.5] * 60),
    "most of it waits": (wait_a_part, [0.9] * 60),
    "half of it hashes": (hash_a_part, [0.5] * 60),
}
