"""What a sweep of engines sums up to: cost of a task, break-even, and what more workers gave."""

import math
from typing import Any

import pandas as pd

from gil_demo.columns import ENGINES
from gil_demo.errors import ResultsError
from gil_demo.estimates import Estimate, estimate_median
from gil_demo.fits import find_crossing
from gil_demo.results import BASELINE, RUNNER_ORDER, check_one_run


def summarise_engines(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what each engine cost and gave: a row for each, the plain Pool first.

    Args:
        table: a table as `sweep_engines` gives it.

    Returns:
        The columns runner, start_up_seconds, tear_down_seconds; overhead_seconds (of one task of
        one step among many, the median of the rounds) with overhead_low and overhead_high (its
        95 % interval), times_pool (overhead over the plain Pool's, round by round);
        crossing_seconds, crossing_low, crossing_high (the length of one task from which the
        engine is quicker than the plain loop; nan where there is none) and reason; speed_up,
        speed_up_low, speed_up_high (over the plain loop, as many of the longest tasks as workers).

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, ENGINES)
    ratios, overheads = list_ratios(table), _list_overheads(table)
    pace = measure_pace(table)
    longest, workers = int(table["steps"].max()), int(table["workers"].iloc[0])
    rows = []
    for runner in list_engines(table):
        overhead = estimate_median(overheads[runner])
        pairs = zip(overheads[runner], overheads.get("processes", overheads[runner]), strict=True)
        whole = estimate_median(ratios[runner][workers, longest])
        first = table[table["runner"] == runner].iloc[0]
        rows.append(
            {
                "runner": runner,
                "start_up_seconds": float(first["start_up_seconds"]),
                "tear_down_seconds": float(first["tear_down_seconds"]),
                "overhead_seconds": overhead.median,
                "overhead_low": overhead.low,
                "overhead_high": overhead.high,
                "times_pool": estimate_median([own / pool for own, pool in pairs]).median,
            }
            | _find_crossing(ratios[runner], workers, pace)
            | {
                "speed_up": 1 / whole.median,
                "speed_up_low": 1 / whole.high,
                "speed_up_high": 1 / whole.low,
            }
        )
    return pd.DataFrame(rows)


def list_engines(table: pd.DataFrame) -> list[str]:
    """List the runners of a table but the plain loop, in their usual order."""
    there = set(table["runner"])
    return [name for name in RUNNER_ORDER if name in there and name != BASELINE]


def measure_pace(table: pd.DataFrame) -> float:
    """Return the steps a second of the plain loop, by its longest tasks."""
    loops = table[(table["runner"] == BASELINE) & (table["steps"] == table["steps"].max())]
    if loops.empty:
        raise ResultsError("the table has no sequential rounds to hold the others against")
    return float((loops["tasks"] * loops["steps"] / loops["seconds"]).median())


def summarise_scaling_of(table: pd.DataFrame, runner: str) -> dict[int, Estimate]:
    """Return an engine's speed-up for each number of tasks at once, of the longest tasks."""
    longest = int(table["steps"].max())
    return {
        tasks: estimate_median([1 / ratio for ratio in values])
        for (tasks, steps), values in sorted(list_ratios(table)[runner].items())
        if steps == longest
    }


def list_ratios(table: pd.DataFrame) -> dict[str, dict[tuple[int, int], list[float]]]:
    """List each engine's time over the plain loop's, round by round, by tasks and steps."""
    keys = ["tasks", "steps", "round"]
    loops = table[table["runner"] == BASELINE].set_index(keys)["seconds"]
    if loops.empty:
        raise ResultsError("the table has no sequential rounds to hold the others against")
    listed: dict[str, dict[tuple[int, int], list[float]]] = {}
    for runner in list_engines(table):
        own = table[table["runner"] == runner].set_index(keys)["seconds"]
        ratios = (own / loops).dropna().sort_index()
        by_size: dict[tuple[int, int], list[float]] = {}
        for tasks, steps, _, ratio in ratios.reset_index().itertuples(index=False, name=None):
            by_size.setdefault((int(tasks), int(steps)), []).append(float(ratio))
        listed[runner] = by_size
    return listed


def _list_overheads(table: pd.DataFrame) -> dict[str, list[float]]:
    """List the seconds of one task of one step among many, a figure a round, for each engine."""
    tiny = table[table["steps"] == 1].sort_values("round")
    seconds = tiny["seconds"] / tiny["tasks"]
    listed = {runner: list(seconds[tiny["runner"] == runner]) for runner in list_engines(table)}
    if not all(listed.values()):
        raise ResultsError("the table has no tasks of one step for each of its engines")
    return listed


def _find_crossing(
    ratios: dict[tuple[int, int], list[float]], workers: int, pace: float
) -> dict[str, Any]:
    """Find the length of one task from which an engine pays, in seconds."""
    sizes = {steps: values for (tasks, steps), values in ratios.items() if tasks == workers}
    loop = {float(steps): [float(steps)] * len(values) for steps, values in sizes.items()}
    own = {float(steps): [steps * ratio for ratio in values] for steps, values in sizes.items()}
    names = ("crossing_seconds", "crossing_low", "crossing_high")
    try:
        found = find_crossing(loop, own)
    except ResultsError as refusal:
        return dict.fromkeys(names, math.nan) | {"reason": str(refusal)}
    values = (found.median / pace, found.low / pace, found.high / pace)
    return dict(zip(names, values, strict=True)) | {"reason": ""}
