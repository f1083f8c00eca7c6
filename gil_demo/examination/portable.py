"""A function in a plain loop and in threads, under any Python since 3.8; prints JSON.

It is read as a text, gets its data in the line that begins with DATA, and runs as a script.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import pickle
import random
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

_MOST_ROUNDS = 1_000  # whose times are far less than what a script may print
DATA: tuple[Any, ...] = ()


def run_chunk(function: Callable[[Any], Any], tasks: Sequence[Any]) -> list[Any]:
    return [function(task) for task in tasks]


def run_in_threads(
    function: Callable[[Any], Any], tasks: Sequence[Any], workers: int, chunksize: int
) -> list[Any]:
    chunks = [tasks[place : place + chunksize] for place in range(0, len(tasks), chunksize)]
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(run_chunk, [function] * len(chunks), chunks)
        return [answer for part in parts for answer in part]


def are_alike(one: Any, other: Any) -> bool:
    """Tell whether answers are equal, or are so when pickled, as far as that can be told."""
    with suppress(Exception):
        if bool(one == other):
            return True
    with suppress(Exception):
        return pickle.dumps(one) == pickle.dumps(other)
    return True  # nothing more can be told


def measure(
    function: Callable[[Any], Any],
    tasks: Sequence[Any],
    workers: int,
    chunksize: int,
    seconds: float,
) -> tuple[bool, dict[str, list[float]]]:
    """Run both ways in turn until some seconds are over."""
    rounds: dict[str, list[float]] = {"sequential": [], "threads": []}
    answers = run_chunk(function, tasks)
    before = sys.getswitchinterval()
    sys.setswitchinterval(2e-6)
    others = run_in_threads(function, tasks, workers, chunksize)
    sys.setswitchinterval(before)
    is_alike = are_alike(answers, others)
    deadline = time.perf_counter() + seconds
    while not rounds["threads"] or (
        time.perf_counter() < deadline and len(rounds["threads"]) < _MOST_ROUNDS
    ):
        for way in random.sample(sorted(rounds), 2):
            began = time.perf_counter()
            if way == "threads":
                run_in_threads(function, tasks, workers, chunksize)
            else:
                run_chunk(function, tasks)
            # the clocks of some systems see no time pass in a short task
            rounds[way].append(max(1e-9, time.perf_counter() - began))
    return is_alike, rounds


def answer() -> dict[str, Any]:
    """Import the function, measure it, and say whether the GIL is on and what turned it on."""
    folder, module, name, packed, workers, chunksize, seconds = DATA
    sys.path.insert(0, folder)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function: Any = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
        tasks = pickle.loads(base64.b64decode(packed))
        is_alike, rounds = measure(function, tasks, workers, chunksize, seconds)
    culprits = [str(one.message) for one in caught if "GIL" in str(one.message)]
    return {
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
        "culprit": culprits[0].split("'")[1] if culprits and "'" in culprits[0] else "",
        "is_alike": is_alike,
        "rounds": rounds,
    }


if __name__ == "__main__":
    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    out, sys.stdout = sys.stdout, nowhere
    try:
        told = answer()
    except (Exception, SystemExit) as reason:
        told = {"failed": f"{type(reason).__name__}: {reason}"}
    print(json.dumps(told), file=out)
