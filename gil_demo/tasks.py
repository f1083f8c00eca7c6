"""What the tasks of a map sum up to: who was busy for how long, and what another cut would do."""

import heapq
from collections.abc import Sequence

import pandas as pd

from gil_demo.columns import ARRIVALS, LISTS, TASKS
from gil_demo.columns.pool import METHODS
from gil_demo.errors import ResultsError
from gil_demo.estimates import estimate_median
from gil_demo.results import check_one_run
from gil_demo.workloads import CUTS

VARIANT = ["work", "tasks", "chunksize", "default_chunksize"]


def summarise_map(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one map: a row for each worker, those that got no task included.

    Args:
        table: a table of one map, as `map_tasks` gives it.

    Returns:
        The columns worker, tasks, steps, busy_seconds (in its tasks), busy_share (of the time
        from the pool being ready until it had all answers), gap_seconds (median time between two
        tasks of the worker; nan with fewer than two).

    Raises:
        ResultsError: the table is not of this kind, or holds several maps.
    """
    check_one_run(table, TASKS)
    first = table.iloc[0]
    window = float(first["done_seconds"] - first["ready_seconds"])
    rows = []
    for worker in range(1, int(first["workers"]) + 1):
        own = table[table["worker"] == worker].sort_values("start_seconds")
        busy = float((own["end_seconds"] - own["start_seconds"]).sum())
        gaps = (own["start_seconds"] - own["end_seconds"].shift()).dropna()
        rows.append(
            {
                "worker": worker,
                "tasks": len(own),
                "steps": int(own["steps"].sum()),
                "busy_seconds": busy,
                "busy_share": busy / window if window else float("nan"),
                "gap_seconds": float(gaps.median()) if len(gaps) else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def count_most_at_once(table: pd.DataFrame) -> int:
    """Count how many tasks of one map ran at the same time, at most.

    Args:
        table: a table of one map, as `map_tasks` gives it.

    Returns:
        The number; a task that ends as another begins does not count as running beside it.
    """
    starts = pd.DataFrame({"at": table["start_seconds"], "change": 1})
    ends = pd.DataFrame({"at": table["end_seconds"], "change": -1})
    steps = pd.concat([starts, ends]).sort_values(["at", "change"], kind="stable")
    return max(1, int(steps["change"].cumsum().max()))  # tasks may be of no length


def summarise_lists(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one sweep of the list's length or of the chunksize: a row for each variant.

    Args:
        table: a table of one sweep, as `sweep_list_length` or `sweep_chunksize` gives it.

    Returns:
        The columns work, tasks, chunksize, default_chunksize, rounds; seconds (median);
        busy_share with busy_share_low and busy_share_high (the part of the workers' time that
        went into tasks, with its 95 % interval); ideal_share (what it would be without any
        overhead); time_ratio with time_ratio_low and time_ratio_high (the time over that with as
        many tasks as workers, or with the pool's own chunksize). Ends of intervals are nan below
        six rounds.

    Raises:
        ResultsError: the table is not of this kind, holds several sweeps, or lacks the rounds
            that the others are held against.
    """
    check_one_run(table, LISTS)
    workers, count = int(table["workers"].iloc[0]), int(table["count"].iloc[0])
    rows = []
    for _, group in table.groupby(VARIANT, sort=True):
        variant = group[VARIANT].iloc[0].to_dict()
        work, tasks, chunksize = variant["work"], int(variant["tasks"]), int(variant["chunksize"])
        rounds = group.set_index("round")
        baseline = _select_baseline(table, work)
        share = estimate_median(list(rounds["busy_seconds"] / rounds["seconds"] / workers))
        ratio = estimate_median(list((rounds["seconds"] / baseline).dropna()))
        rows.append(
            variant
            | {
                "rounds": ratio.rounds,
                "seconds": float(rounds["seconds"].median()),
                "busy_share": share.median,
                "busy_share_low": share.low,
                "busy_share_high": share.high,
                "ideal_share": compute_ideal_share(CUTS[work](count, tasks), chunksize, workers),
                "time_ratio": ratio.median,
                "time_ratio_low": ratio.low,
                "time_ratio_high": ratio.high,
            }
        )
    return pd.DataFrame(rows)


def summarise_methods(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what each method of a pool gave, and when: a row for each method.

    Args:
        table: a table as `compare_methods` gives it.

    Returns:
        The columns method, chunksize, answers, returned_seconds (when the call itself returned),
        first_seconds and last_seconds (when the caller held the first and the last answer),
        waited_seconds (median time from a task's end until its answer was there) and is_in_order
        (whether the answers came in the list's order).

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, ARRIVALS)
    rows = []
    for method in [name for name in METHODS if name in set(table["method"])]:
        answers = table[table["method"] == method].sort_values("place")
        rows.append(
            {
                "method": method,
                "chunksize": int(answers["chunksize"].iloc[0]),
                "answers": len(answers),
                "returned_seconds": float(answers["returned_seconds"].iloc[0]),
                "first_seconds": float(answers["arrived_seconds"].iloc[0]),
                "last_seconds": float(answers["arrived_seconds"].iloc[-1]),
                "waited_seconds": float(
                    (answers["arrived_seconds"] - answers["end_seconds"]).median()
                ),
                "is_in_order": bool(answers["task"].is_monotonic_increasing),
            }
        )
    return pd.DataFrame(rows)


def _select_baseline(table: pd.DataFrame, work: str) -> "pd.Series[float]":
    is_baseline = table["tasks"] == table["workers"]
    if table["experiment"].iloc[0] == "chunks":
        is_baseline = table["chunksize"] == table["default_chunksize"]
    chosen = table[is_baseline & (table["work"] == work)]
    rounds = set(table.loc[table["work"] == work, "round"])
    if set(chosen["round"]) != rounds:
        raise ResultsError("the table lacks the rounds that the others are held against")
    return chosen.set_index("round")["seconds"]


def compute_ideal_share(tasks: Sequence[int], chunksize: int, workers: int) -> float:
    """Compute how busy workers are where whoever is free takes the next chunk at no cost.

    Args:
        tasks: the size of each task, in the order of the list.
        chunksize: how many of them a worker takes at once.
        workers: how many workers there are.

    Returns:
        The part of the workers' time, until the last of them is done, that goes into tasks.
    """
    free_at = [0] * workers
    for first in range(0, len(tasks), chunksize):
        heapq.heapreplace(free_at, free_at[0] + sum(tasks[first : first + chunksize]))
    return sum(tasks) / (workers * max(free_at))
