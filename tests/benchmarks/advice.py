"""Whether `examine` advises well, and knows what lets go of the GIL."""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import chain
from multiprocessing.pool import ThreadPool
from typing import Any

import pandas as pd

from gil_demo import examine, summarise
from gil_demo.examination.choice import NEAR, read
from gil_demo.examination.table import COLD, KEPT, LOOP, THREADS, estimate_free_share
from gil_demo.measuring.estimates import Estimate, estimate_ratio
from gil_demo.running.pools import list_start_methods
from tests.benchmarks.harness import (
    Report,
    Row,
    clock,
    divide,
    make_row,
    run_afresh,
    state_estimate,
    take_rounds,
)
from tests.benchmarks.kinds import CASES, Case, hash_a_part, wait_a_part

WORKERS, BUDGET = 2, 10.0
PARTS, MOST_PARTS = 4, 24  # fresh interpreters that share the rounds
PART_SECONDS = 6.0
_KNOCKED = (
    *("counting, 10 ms", "parsing, long", "sorting", "hashing, 10 MB"),
    *("half of it waits", "half of it hashes"),
)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def _examine(case: Case, **told: Any) -> pd.DataFrame:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        table: pd.DataFrame = examine(*case, workers=WORKERS, **told)
    return table


def measure_advice(rounds: int = 8) -> Report:
    """Hold what `examine` recommends within its budget against all ways, measured at length.

    Each case gets fresh interpreters: what a process did before shapes how it gets memory, and how
    its threads share the GIL, by more than a tenth. Lists that take little time get more rounds,
    and more interpreters are asked as long as it can't be told whether a way is within the tenth.
    """
    rows: list[Row] = []
    for method in list_start_methods()[:2]:
        for name in CASES:
            way, reason = run_afresh(_advise, name, method)
            time_part = partial(run_afresh, _time_ways, name, method, rounds // PARTS)
            parts = [time_part() for _ in range(PARTS)]
            slower = _find_slower(way, parts)
            while not reason and slower.low < NEAR < slower.high and len(parts) < MOST_PARTS:
                parts.append(time_part())
                slower = _find_slower(way, parts)
            told = f"{name} ({method}): {'no verdict' if reason else way}"
            rows.append(state_estimate(told, slower, "" if reason else f"<= {NEAR}"))
    right, silent = (sum(row[-1] == met for row in rows) for met in ("yes", ""))
    notes = f"{right} of {len(rows)} within a tenth of the quickest, {silent} without a verdict."
    title = "advice: time of the way that is recommended / of the quickest one"
    return Report(title, rows, notes, ("centre", "95 % interval", "rounds"))


def _advise(name: str, method: str) -> tuple[str, str]:
    """Examine a case; return the way that is recommended, or why none is."""
    table = _examine(CASES[name], budget=BUDGET, start_method=method)
    reading = read(table, summarise(table))
    return reading.way, reading.reservation


def _find_slower(way: str, parts: Sequence[dict[str, Sequence[float]]]) -> Estimate:
    """Estimate how many times as long a way takes as the quickest, from the rounds of all parts."""
    seconds = {one: [*chain(*(part[one] for part in parts))] for one in parts[0]}
    ratios = [estimate_ratio(divide(seconds[way], own)) for own in seconds.values()]
    return max(ratios, key=lambda ratio: ratio.centre)


def _time_ways(name: str, method: str, least: int) -> dict[str, Sequence[float]]:
    ways = _list_ways(CASES[name], method)
    (each,) = clock(lambda: take_rounds(name, ways, 1, warm_ups=0))
    rounds = max(1, least, int(PART_SECONDS / each))
    figures = take_rounds(name, ways, rounds, warm_ups=0)
    return {way: seconds for way, (seconds,) in figures.items()}


def _list_ways(case: Case, method: str) -> dict[str, Callable[[], list[float]]]:
    """List plain timings of the ways, as anybody would write them."""
    function, tasks = case
    context = multiprocessing.get_context(method)

    def run_cold() -> None:
        with context.Pool(WORKERS) as pool:
            pool.map(function, tasks)

    def time_threads() -> list[float]:
        with ThreadPool(WORKERS) as pool:
            return clock(lambda: pool.map(function, tasks))

    def time_kept() -> list[float]:
        with context.Pool(WORKERS) as pool:
            pool.map(function, tasks)  # which imports what it needs, in each worker
            return clock(lambda: pool.map(function, tasks))

    return {
        LOOP: lambda: clock(lambda: [function(task) for task in tasks]),
        THREADS: time_threads,
        COLD: lambda: clock(run_cold),
        KEPT: time_kept,
    }


def measure_share(rounds: int = 6) -> Report:
    """Recover the part of its time in which a mixture of known parts lets go of the GIL."""
    rows, misses = [], []
    for function in (wait_a_part, hash_a_part):
        for share in SHARES:
            found = [_find_share((function, [share] * 12)) for _ in range(rounds)]
            misses += [abs(one - share) for one in found]
            rows.append(make_row(f"{function.__name__}, {share:g}", found))
    rows.append(make_row("median of all misses", misses, "<= 0.07"))
    title = "share: part of the time in which a function lets go of the GIL"
    if find_spec("gilknocker") is None:
        return Report(title, rows, "Left out: gilknocker's figures; pip install gilknocker.")
    for name in _KNOCKED:
        case = CASES[name]
        rows.append(make_row(name, [_find_share(case) for _ in range(rounds)]))
        rows.append(make_row("by gilknocker", [_ask_gilknocker(case) for _ in range(rounds)]))
    return Report(title, rows)


def _find_share(case: Case) -> float:
    return estimate_free_share(_examine(case, budget=4.0)).centre


def _ask_gilknocker(case: Case) -> float:
    """Give the share that gilknocker doesn't see held: it asks for the GIL every millisecond."""
    from gilknocker import KnockKnock

    function, tasks = case
    function(tasks[0])
    knocker = KnockKnock(1_000)
    knocker.start()
    end = time.monotonic() + 2
    while time.monotonic() < end:
        function(tasks[0])
    knocker.stop()
    return 1 - float(knocker.contention_metric)
