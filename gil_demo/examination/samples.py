"""Functions as people have them, and the traps that theirs may hold; workers import them."""

import hashlib
import multiprocessing
import os
import random
import re
import time
from collections import Counter
from typing import Any

_LINE = re.compile(r'(\S+) - - \[([^]]+)\] "(\w+) (\S+) [^"]+" (\d{3}) (\d+)')
seen: list[int] = []


def make_log(lines: int) -> str:
    """Write a web server's log, the same at every call."""
    chance = random.Random(lines)
    return "".join(
        f"10.0.0.{chance.randrange(256)} - - [24/Nov/2026:10:{n % 60:02}:00 +0000] "
        f'"GET /page/{chance.randrange(90)} HTTP/1.1" {chance.choice([200, 200, 404])} {n}\n'
        for n in range(lines)
    )


def parse_log(text: str) -> dict[str, int]:
    """Count how often each page of a log was asked for."""
    found = (_LINE.match(line) for line in text.splitlines())
    return dict(Counter(match[4] for match in found if match and match[5] == "200"))


def ask_server(milliseconds: int) -> int:
    """Wait for a server that takes its time."""
    time.sleep(milliseconds / 1000)
    return milliseconds


def hash_file(path: str) -> str:
    """Hash what is in a file."""
    with open(path, "rb") as file:  # noqa: PTH123, as people write it
        return hashlib.file_digest(file, "sha256").hexdigest()


def multiply(size: int) -> float:
    """Multiply two matrices of numpy's."""
    import numpy as np

    matrix = np.full((size, size), 0.5)
    return float((matrix @ matrix).sum())


def roll_dice(times: int) -> int:
    """Add up some dice: another answer at each call."""
    return sum(random.randint(1, 6) for _ in range(times))


def remember(number: int) -> int:
    """Note a number in a global list, and say how many there are."""
    seen.append(number)
    return len(seen)


def sort_in_place(numbers: list[int]) -> int:
    """Sort the very list that it was given."""
    numbers.sort()
    return numbers[0]


def end_at(number: int) -> int:
    """End the process of a worker that is given a seven, as a crash in C code would."""
    if number == 7 and multiprocessing.parent_process():
        os._exit(11)
    return number


def make_generator(number: int) -> Any:
    """Give back what can't be pickled."""
    return (n for n in range(number))
