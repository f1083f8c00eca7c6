"""What to use on this machine, by the length of a task and the data that it needs."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np
import pandas as pd

from gil_demo import checks
from gil_demo.checks import ResultsError, check_number, check_unlike, check_whole_number
from gil_demo.costs.lengths import COLD, KEPT, LENGTHS, Costs, Way, find_reservations, list_costs
from gil_demo.costs.transport import TRANSFERS
from gil_demo.measuring.estimates import LEAST_ROUNDS
from gil_demo.measuring.fits import LEAST_SIZES, DoubtfulLine, fit_doubtful_costs
from gil_demo.measuring.runs import BASELINE, measure_pace
from gil_demo.tables.schema import check_one_run
from gil_demo.words import find_busy_reservations, state_bytes, state_seconds

CHOICES = ("plain loop", "threads", "cold pool", "kept pool")
NO_VERDICT = "no verdict"
DEFAULT_TASK_SECONDS = (0.0001, 0.001, 0.01, 0.1, 1.0)
DEFAULT_SIZES = (1_000, 1_000_000, 100_000_000)
MOST_BYTES = 10**12


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
        "cold pool", "kept pool", or "no verdict" where the machine or the rounds don't carry one:
        where another way may well be half as quick again) and speed_up (over the plain loop, as
        the fitted lines say it; nan without a verdict).

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed.
        ResultsError: a table is not of its kind, or holds several runs.
    """
    check_length = partial(check_number, most=checks.MOST_SECONDS)
    tasks = check_unlike("task_seconds", task_seconds, check_length)
    wanted = check_unlike("sizes", sizes, partial(check_whole_number, least=1, most=MOST_BYTES))
    check_one_run(lengths, LENGTHS)
    check_one_run(transfers, TRANSFERS)
    costs, pace, carried = list_costs(lengths), measure_pace(lengths), _list_carried(transfers)
    is_told = (
        not find_reservations(lengths)
        and not find_busy_reservations(transfers.iloc[0])
        and lengths["steps"].nunique() >= LEAST_SIZES
        and min(int(table["rounds"].iloc[0]) for table in (lengths, transfers)) >= LEAST_ROUNDS
    )
    lines = _fit_choices(costs, str(transfers["start_method"].iloc[0])) if is_told else {}
    rows = []
    for seconds, size in product(tasks, wanted):
        carry, steps = pace * estimate_carry(carried, size), pace * seconds
        prices = {  # in steps of the plain loop, and how far they may be off
            name: (line.line.at(steps) + carry * ("pool" in name), line.reach(steps))
            for name, line in lines.items()
        }
        answer = _choose(prices)
        gain = prices[CHOICES[0]][0] / prices[answer][0] if answer in prices else math.nan
        rows.append((seconds, size, answer, gain))
    return pd.DataFrame(rows, columns=["task_seconds", "size_bytes", "answer", "speed_up"])


def lay_out_advice(advice: pd.DataFrame) -> pd.DataFrame:
    """Lay out what `advise` says as a table to read: a row for each length, a column for each size.

    Args:
        advice: a table as `advise` gives it.

    Returns:
        The answers, with lengths and sizes in words.

    Raises:
        ResultsError: it is no such table.
    """
    needed = ["task_seconds", "size_bytes", "answer"]
    if not isinstance(advice, pd.DataFrame) or not set(needed) <= set(advice.columns):
        raise ResultsError("advice must be a table as advise() gives it")
    if advice.empty or advice.duplicated(needed[:2]).any():
        raise ResultsError("advice must have one row for each length and size")
    laid_out = advice.pivot(index="task_seconds", columns="size_bytes", values="answer")
    return laid_out.rename(
        index=lambda seconds: f"a task of {state_seconds(seconds)}",
        columns=lambda size: f"with {state_bytes(size)}",
    ).rename_axis(index=None, columns=None)


def _list_carried(transfers: pd.DataFrame) -> dict[int, float]:
    is_sent = (transfers["kind"] == "bytes") & (transfers["way"] == "argument")
    if not is_sent.any():
        raise ResultsError("the table of transfers has no rounds of bytes sent as an argument")
    medians = transfers[is_sent].groupby("size_bytes")["seconds"].median()
    return {int(str(size)): float(seconds) for size, seconds in medians.items()}


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
