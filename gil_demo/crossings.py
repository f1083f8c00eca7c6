"""Where processes begin to pay: what a sweep of the tasks' length sums up to."""

import math
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.columns import LENGTHS
from gil_demo.errors import ResultsError
from gil_demo.fits import Line, find_crossing, fit_costs
from gil_demo.levels import level_rounds
from gil_demo.results import BASELINE, check_one_run

COLD, KEPT = "cold", "kept open"
POOLS = (COLD, KEPT)
RIVALS = (BASELINE, "threads")

_LEAST_SECONDS = 1e-12  # far below what any clock tells; what is less can't be reckoned with

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
    costs, pace = list_costs(table), measure_pace(table)
    if all(way.runner != "processes" for way in costs):
        raise ResultsError("the table has no rounds of processes, which are to pay")
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


def fit_ways(table: pd.DataFrame) -> dict[Way, Line]:
    """Fit a line to each way of running: seconds for all tasks, by the seconds of one task.

    Args:
        table: a table as `sweep_task_length` gives it.

    Returns:
        For each way its overhead in seconds, and its slope: the number of tasks for the plain
        loop, the less the more it runs at once.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    costs, pace = list_costs(table), measure_pace(table)
    tasks = int(table["tasks"].iloc[0])
    fitted = {way: fit_costs(own) for way, own in costs.items()}
    return {
        way: Line(line.overhead * tasks / pace, line.slope * tasks) for way, line in fitted.items()
    }


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


def list_costs(table: pd.DataFrame) -> dict[Way, Costs]:
    """List what each way cost for one task in each round, in steps of the plain loop.

    What slowed a whole round is taken out, as everything that ran in the round tells it.
    """
    check_one_run(table, LENGTHS)
    least = float(table["seconds"].min())
    if least < _LEAST_SECONDS:
        raise ResultsError(f"the table has a run of {least:g} seconds, which none takes")
    unit = measure_pace(table) / int(table["tasks"].iloc[0])
    cells = {
        (way, float(str(steps))): [unit * cost for cost in rounds.sort_values("round")["cost"]]
        for way, own in _split_ways(table)
        for steps, rounds in own.groupby("steps")
    }
    costs: dict[Way, Costs] = {}
    for (way, steps), values in level_rounds(cells).items():
        costs.setdefault(way, {})[steps] = values
    return costs
