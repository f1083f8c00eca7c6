"""Where processes begin to pay: what a sweep of the tasks' length sums up to, and what to use."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.arguments import MOST_SECONDS, check_number, check_unlike, check_whole_number
from gil_demo.columns import LENGTHS
from gil_demo.costs import summarise_transport
from gil_demo.errors import ResultsError
from gil_demo.estimates import LEAST_ROUNDS
from gil_demo.fits import find_crossing, fit_costs
from gil_demo.results import BASELINE, check_one_run

COLD, KEPT = "cold", "kept open"
POOLS = (COLD, KEPT)
RIVALS = (BASELINE, "threads")
CHOICES = ("plain loop", "threads", "cold pool", "kept pool")
NO_VERDICT = "no verdict"
DEFAULT_TASK_SECONDS = (0.0001, 0.001, 0.01, 0.1, 1.0)
DEFAULT_SIZES = (1_000, 1_000_000, 100_000_000)
MOST_BYTES = 10**12
_TOLERANCE = 1.1

Costs = dict[float, list[float]]


class Way(NamedTuple):
    """One way of running tasks: the runner, how processes were started, and whether they had to be.

    Attributes:
        runner: sequential, threads or processes.
        start_method: for processes, how they were started.
        pool: for processes, "cold" or "kept open".
    """

    runner: str
    start_method: str = ""
    pool: str = ""


def summarise_break_even(table: pd.DataFrame) -> pd.DataFrame:
    """Find from which length of task processes pay: a row for each start method, pool and rival.

    Args:
        table: a table as `sweep_task_length` gives it.

    Returns:
        The columns start_method, pool ("cold" or "kept open"), rival (sequential or threads),
        crossing_seconds with crossing_low and crossing_high (the length of one task, by the plain
        loop's pace, at which processes and their rival take as long, with its 95 % interval; nan
        where there is none), reason (why there is none; empty where there is one).

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    costs, pace = _list_costs(table), measure_pace(table)
    rows = []
    for way in costs:
        if way.runner != "processes":
            continue
        for rival in [Way(name) for name in RIVALS if Way(name) in costs]:
            crossing = _find(costs[rival], costs[way], pace)
            rows.append(way._asdict() | {"rival": rival.runner} | crossing)
    return pd.DataFrame(rows).drop(columns="runner")


def _find(rival: Costs, processes: Costs, pace: float) -> dict[str, Any]:
    try:
        found = find_crossing(rival, processes)
        values, reason = (found.median / pace, found.low / pace, found.high / pace), ""
    except ResultsError as refusal:
        values, reason = (math.nan, math.nan, math.nan), str(refusal)
    names = ("crossing_seconds", "crossing_low", "crossing_high")
    return dict(zip(names, values, strict=True)) | {"reason": reason}


def summarise_lengths(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up how long tasks took: a row for each way of running and each length of task.

    Args:
        table: a table as `sweep_task_length` gives it.

    Returns:
        The columns runner, start_method, pool, steps, task_seconds (the length of one task by the
        plain loop's pace), seconds with seconds_low and seconds_high (for all tasks; the median,
        and the quarters of the rounds above and below it).

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, LENGTHS)
    pace = measure_pace(table)
    rows = []
    for way, own in _split_ways(table):
        for steps, rounds in own.groupby("steps"):
            quarters = rounds["cost"].quantile([0.25, 0.5, 0.75])
            rows.append(
                way._asdict()
                | {"steps": int(str(steps)), "task_seconds": int(str(steps)) / pace}
                | dict(zip(("seconds_low", "seconds", "seconds_high"), quarters, strict=True))
            )
    return pd.DataFrame(rows)


def measure_pace(table: pd.DataFrame) -> float:
    """Return the steps a second of the plain loop, by the longest tasks of a sweep."""
    longest = table[(table["runner"] == BASELINE) & (table["steps"] == table["steps"].max())]
    if longest.empty:
        raise ResultsError("the table has no sequential rounds to hold the others against")
    return float((longest["tasks"] * longest["steps"] / longest["seconds"]).median())


def _split_ways(table: pd.DataFrame) -> list[tuple[Way, pd.DataFrame]]:
    """Cut a table into one for each way; `cost` is the seconds that count for it."""
    cold = table["start_up_seconds"] + table["seconds"] + table["tear_down_seconds"]
    parts = []
    for (runner, method), own in table.groupby(["runner", "start_method"], sort=True, dropna=False):
        if runner != "processes":
            parts.append((Way(str(runner)), own.assign(cost=own["seconds"])))
            continue
        parts.append((Way(str(runner), str(method), COLD), own.assign(cost=cold[own.index])))
        parts.append((Way(str(runner), str(method), KEPT), own.assign(cost=own["seconds"])))
    return parts


def _list_costs(table: pd.DataFrame) -> dict[Way, Costs]:
    """List what each way cost in each round, in steps of the plain loop in that round."""
    check_one_run(table, LENGTHS)
    loops = table[table["runner"] == BASELINE].set_index(["steps", "round"])["seconds"]
    costs: dict[Way, Costs] = {}
    for way, own in _split_ways(table):
        told = own.set_index(["steps", "round"])
        ratios = (told["cost"] / loops).dropna().sort_index()
        costs[way] = {
            float(str(steps)): [float(str(steps)) * ratio for ratio in values]
            for steps, values in ratios.groupby(level="steps")
        }
    if Way(BASELINE) not in costs:
        raise ResultsError("the table has no sequential rounds to hold the others against")
    return costs


def advise(
    lengths: pd.DataFrame,
    transfers: pd.DataFrame,
    *,
    task_seconds: Sequence[float] = DEFAULT_TASK_SECONDS,
    sizes: Sequence[int] = DEFAULT_SIZES,
) -> pd.DataFrame:
    """Say what to use on this machine, by the length of a task and the data that it needs.

    The answer is the simplest way (in the order plain loop, threads, cold pool, kept pool) that
    comes within a tenth of the quickest, by the lines fitted to `lengths` and the medians of
    `transfers`. A pool pays for the data of each task, sent as its argument.

    Args:
        lengths: a table as `sweep_task_length` gives it.
        transfers: a table as `compare_transport` gives it; its start method counts, where
            `lengths` has it.
        task_seconds: lengths of a task in seconds, each once.
        sizes: bytes that each task needs, each once.

    Returns:
        A row for each length and size: task_seconds, size_bytes, answer ("plain loop", "threads",
        "cold pool", "kept pool", or "no verdict" where the rounds are too few) and speed_up (over
        the plain loop, as the fitted lines say it; nan without a verdict).

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed.
        ResultsError: a table is not of its kind, or holds several runs.
    """
    tasks = check_unlike(
        "task_seconds", task_seconds, lambda n, v: check_number(n, v, MOST_SECONDS)
    )
    wanted = check_unlike("sizes", sizes, lambda n, v: check_whole_number(n, v, 1, MOST_BYTES))
    costs, pace = _list_costs(lengths), measure_pace(lengths)
    carried = summarise_transport(transfers)
    sent = carried[(carried["kind"] == "bytes") & (carried["way"] == "argument")]
    rounds = min(int(lengths["rounds"].iloc[0]), int(transfers["rounds"].iloc[0]))
    methods = [way.start_method for way in costs if way.start_method]
    method = str(transfers["start_method"].iloc[0])
    if method not in methods and methods:
        method = methods[0]
    rows = []
    for seconds in tasks:
        for size in wanted:
            carry = estimate_carry(
                dict(zip(sent["size_bytes"], sent["seconds"], strict=True)), size
            )
            prices = _price(costs, method, seconds * pace, carry * pace)
            choice = _choose(prices) if rounds >= LEAST_ROUNDS else NO_VERDICT
            gain = math.nan if choice == NO_VERDICT else prices[CHOICES[0]] / prices[choice]
            rows.append(
                {"task_seconds": seconds, "size_bytes": size, "answer": choice, "speed_up": gain}
            )
    return pd.DataFrame(rows)


def _price(costs: Mapping[Way, Costs], method: str, steps: float, carry: float) -> dict[str, float]:
    """Say what each way that was measured costs, in steps of the plain loop."""
    ways = {
        "plain loop": Way(BASELINE),
        "threads": Way("threads"),
        "cold pool": Way("processes", method, COLD),
        "kept pool": Way("processes", method, KEPT),
    }
    extra = {"cold pool": carry, "kept pool": carry}
    return {
        choice: max(0.0, fit_costs(costs[way]).at(steps)) + extra.get(choice, 0.0)
        for choice, way in ways.items()
        if way in costs
    }


def _choose(prices: Mapping[str, float]) -> str:
    least = min(prices.values())
    return next(choice for choice in CHOICES if prices.get(choice, math.inf) <= _TOLERANCE * least)


def estimate_carry(seconds: Mapping[int, float], size: float) -> float:
    """Estimate the seconds that some data take, between and beyond the sizes that were measured.

    Args:
        seconds: what was measured, by size.
        size: the size in question.

    Returns:
        Seconds: between two sizes on the straight line from one to the other; below the least
        size what that takes, beyond the largest in proportion to it.
    """
    sizes = sorted(seconds)
    if size <= sizes[0]:
        return seconds[sizes[0]]
    if size >= sizes[-1]:
        return seconds[sizes[-1]] * size / sizes[-1]
    above = next(known for known in sizes if known >= size)
    below = sizes[sizes.index(above) - 1]
    part = (size - below) / (above - below)
    return statistics.fmean([seconds[below], seconds[above]], [1 - part, part])
