"""Functions of known kinds, and lists of arguments for them; workers import them."""

import hashlib
import time
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from gil_demo.examination.samples import make_log, multiply, parse_log
from gil_demo.running.workloads import countdown

_MOST_MEGABYTES = 100.0
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


def _count_a_part(share: float) -> float:
    """Count for what a share leaves of some 20 ms; return the seconds that the share takes."""
    began = time.thread_time()
    countdown(1 + round(800_000 * (1 - share)))
    return 0.02 if share == 1 else (time.thread_time() - began) * share / (1 - share)


def wait_a_part(share: float) -> None:
    time.sleep(_count_a_part(share))


def hash_a_part(share: float) -> None:
    size = int(_count_a_part(share) / _measure_pace())
    hashlib.sha256(memoryview(hold(_MOST_MEGABYTES))[:size])


@cache
def _measure_pace() -> float:
    """Measure the seconds that hashing a byte takes."""
    hashlib.sha256(data := hold(_MOST_MEGABYTES))
    began = time.perf_counter()
    hashlib.sha256(data)
    return (time.perf_counter() - began) / len(data)


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
