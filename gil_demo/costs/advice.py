"""What to use on this machine, by the number of tasks, their length and their data."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np
import pandas as pd

from gil_demo import checks, words
from gil_demo.checks import ResultsError, check_number, check_unlike, check_whole_number
from gil_demo.costs.break_even import COLD, KEPT, LENGTHS, Costs, Way, find_reservations, list_costs
from gil_demo.costs.transport import TRANSFERS, select_bytes
from gil_demo.measuring.fits import LEAST_SIZES, DoubtfulLine, fit_doubtful_costs
from gil_demo.measuring.runs import BASELINE, measure_pace
from gil_demo.tables.schema import check_one_run

CHOICES = ("plain loop", "threads", "cold pool", "kept pool")
NO_VERDICT = "no verdict"
DEFAULT_TASK_SECONDS = (0.0001, 0.001, 0.01, 0.1, 1.0)
DEFAULT_SIZES = (1_000, 1_000_000)
MOST_BYTES = 10**12
_MORE_TASKS = (1, 50, 5_000)  # times as many as were measured at once
_CHUNKS = 4  # for each worker, as `Pool.map` cuts a long list


def advise(
    lengths: pd.DataFrame,
    transfers: pd.DataFrame,
    *,
    tasks: Sequence[int] | None = None,
    task_seconds: Sequence[float] = DEFAULT_TASK_SECONDS,
    sizes: Sequence[int] = DEFAULT_SIZES,
) -> pd.DataFrame:
    """Say what to use here, by how many tasks there are, how long one is and what data it needs.

    The answer is the simplest way (in the order plain loop, threads, cold pool, kept pool) that
    comes within a tenth of the quickest, by the lines fitted to `lengths` and the medians of
    `transfers`. A pool pays for the data of each task, sent as its argument. What goes beyond the
    two tables is estimated: a long list is to a pool as one longer task for each worker, handed out
    in four chunks for each, as `Pool.map` does.

    Args:
        lengths: a table as `sweep_task_length` gives it.
        transfers: a table as `compare_transport` gives it; its start method counts, where
            `lengths` has it.
        tasks: how many tasks there are, each once, no fewer than were run at once in `lengths`;
            None means as many, 50 and 5,000 times as many.
        task_seconds: lengths of a task in seconds, each once.
        sizes: bytes that each task needs, each once.

    Returns:
        A row for each of them: tasks, task_seconds, size_bytes, answer ("plain loop", "threads",
        "cold pool", "kept pool", or "no verdict" where the machine or the rounds don't carry one:
        where another way may well be half as quick again), is_measured (whether as many tasks, so
        long and with such data, lie within what was measured; else the answer is estimated) and
        speed_up (over the plain loop, as the fitted lines say it; nan without a verdict).

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed.
        ResultsError: a table is not of its kind, or holds several runs.
    """
    check_length = partial(check_number, most=checks.MOST_SECONDS)
    durations = check_unlike("task_seconds", task_seconds, check_length)
    wanted = check_unlike("sizes", sizes, partial(check_whole_number, least=1, most=MOST_BYTES))
    check_one_run(lengths, LENGTHS)
    check_one_run(transfers, TRANSFERS)
    at_once = int(lengths["tasks"].iloc[0])
    many = [at_once * more for more in _MORE_TASKS] if tasks is None else tasks
    check_many = partial(check_whole_number, least=at_once, most=checks.MOST_STEPS)
    numbers = check_unlike("tasks", many, check_many)
    costs, pace, carried = list_costs(lengths), measure_pace(lengths), _list_carried(transfers)
    is_told = (
        not find_reservations(lengths)
        and not words.find_busy_reservations(transfers.iloc[0])
        and lengths["steps"].nunique() >= LEAST_SIZES
        and not words.find_round_reservations(transfers)
    )
    lines = _fit_choices(costs, str(transfers["start_method"].iloc[0])) if is_told else {}
    measured = lengths["steps"].agg(["min", "max"]) / pace
    rows = []
    for number, seconds, size in product(numbers, durations, wanted):
        carry = estimate_carry(carried, size)
        prices = _estimate(lines, number / at_once, pace * seconds, pace * carry)
        answer = _choose(prices)
        gain = prices[CHOICES[0]][0] / prices[answer][0] if answer in prices else math.nan
        is_measured = (
            number == at_once
            and measured["min"] <= seconds <= measured["max"]
            and min(carried) <= size <= max(carried)
        )
        rows.append((number, seconds, size, answer, is_measured, gain))
    names = ["tasks", "task_seconds", "size_bytes", "answer", "is_measured", "speed_up"]
    return pd.DataFrame(rows, columns=names)


def _estimate(
    lines: Mapping[str, DoubtfulLine], turns: float, steps: float, carry: float
) -> dict[str, tuple[float, float]]:
    """Estimate what each choice costs a worker, in steps of the plain loop, and the doubt of it.

    `turns` is how many tasks each worker gets in the mean, `carry` what the data of one cost.
    """
    prices = {}
    for name, line in lines.items():
        own = turns if name == CHOICES[0] else math.ceil(turns)  # nobody does a part of a task
        more = 0.0
        if "pool" in name:  # the first chunk is handed out in the line itself
            kept = max(0.0, lines[CHOICES[3]].line.overhead)
            more = own * carry + kept * (min(own, _CHUNKS) - 1)
        prices[name] = (line.line.at(own * steps) + more, line.reach(own * steps))
    return prices


def lay_out_advice(advice: pd.DataFrame) -> pd.DataFrame:
    """Lay out what `advise` says as a table to read: a row for each length of a task.

    Args:
        advice: a table as `advise` gives it.

    Returns:
        The answers, a column for each size and number of tasks, in words; those that are
        estimated stand in brackets.

    Raises:
        ResultsError: it is no such table.
    """
    needed = ["tasks", "task_seconds", "size_bytes"]
    is_whole = isinstance(advice, pd.DataFrame) and {*needed, "answer", "is_measured"} <= set(
        advice.columns
    )
    if not is_whole:
        raise ResultsError("advice must be a table as advise() gives it")
    if advice.empty or advice.duplicated(needed).any():
        raise ResultsError("advice must have one row for each number, length and size")
    is_plain = advice["is_measured"] | (advice["answer"] == NO_VERDICT)
    told = advice.assign(answer=advice["answer"].where(is_plain, "(" + advice["answer"] + ")"))
    laid_out = told.pivot(index="task_seconds", columns=["size_bytes", "tasks"], values="answer")
    laid_out = laid_out.sort_index(axis="columns")
    sizes, tasks = (laid_out.columns.get_level_values(level) for level in (0, 1))
    data = [f"each with {words.state_bytes(size)}" for size in sizes]
    numbers = [checks.state_count(number, "task") for number in tasks]
    laid_out.columns = pd.MultiIndex.from_arrays([data, numbers])
    laid_out = laid_out.rename(lambda seconds: f"a task of {words.state_seconds(seconds)}")
    return laid_out.rename_axis(None)


def _list_carried(transfers: pd.DataFrame) -> dict[int, float]:
    """List by size what an argument costs beyond a task whose worker has its data already.

    Noise can make a smaller size the dearer one: none counts for more than the next larger.
    """
    medians = select_bytes(transfers).groupby(["way", "size_bytes"])["seconds"].median()
    tripless = medians["argument"].sub(medians.get("kept", 0.0), fill_value=0.0).clip(lower=0.0)
    least = tripless.sort_index()[::-1].cummin()[::-1]
    return {int(str(size)): float(seconds) for size, seconds in least.items()}


def estimate_carry(seconds: Mapping[int, float], size: int) -> float:
    """Estimate the seconds that data take: on a line between two sizes, in proportion beyond."""
    known = sorted(seconds)
    beyond = max(1.0, size / known[-1])
    return beyond * float(np.interp(size, known, [seconds[one] for one in known]))


def _fit_choices(costs: Mapping[Way, Costs], preferred: str) -> dict[str, DoubtfulLine]:
    """Fit a line to each choice that was measured; of several start methods one counts."""
    methods = [way.start_method for way in costs if way.start_method]
    method = preferred if preferred in methods else next(iter(methods), "")
    pools = (Way("processes", method, COLD), Way("processes", method, KEPT))
    ways = zip(CHOICES, (Way(BASELINE), Way("threads"), *pools), strict=True)
    return {choice: fit_doubtful_costs(costs[way]) for choice, way in ways if way in costs}


def _choose(prices: Mapping[str, tuple[float, float]]) -> str:
    """Choose the simplest of the good ones, unless another may well be half as quick again."""
    least = min((middle for middle, _ in prices.values()), default=0.0)
    if least <= 0:
        return NO_VERDICT
    answer = next(name for name, (middle, _) in prices.items() if middle <= 1.1 * least)
    most = sum(prices[answer])
    is_clear = all(1.5 * (middle - reach) > most for middle, reach in prices.values())
    return answer if is_clear else NO_VERDICT
