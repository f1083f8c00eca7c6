"""Who ran when: turns and time spent together, out of slices, and what the interval does."""

import math

import numpy as np
import pandas as pd

from gil_demo.columns import SLICES, SWITCHES
from gil_demo.errors import ResultsError
from gil_demo.estimates import estimate_median
from gil_demo.intervals import PYTHON_INTERVAL
from gil_demo.results import RUNNER_ORDER, check_one_run

_TOLERANCE_SECONDS = 1e-7


def find_turns(table: pd.DataFrame) -> pd.DataFrame:
    """Join the slices of one worker that no other worker's slice parts.

    A turn is as long as a worker kept the GIL to itself, even if the operating system took the
    core away from it in between.

    Args:
        table: a table of one trace, as `trace` gives it.

    Returns:
        A row a turn, in order: runner, worker, start_seconds, end_seconds, seconds, and
        is_handed_over: whether it ended because another worker wanted to run, and that one ran
        only then. That can't be told of each worker's last turn, nor of the first one, which may
        have had no rival yet.
    """
    turns = [
        _find_turns_of_one(slices).assign(runner=runner)
        for runner, slices in table.groupby("runner", sort=False)
    ]
    columns = ["runner", "worker", "start_seconds", "end_seconds", "seconds", "is_handed_over"]
    return pd.concat(turns, ignore_index=True)[columns]


def _find_turns_of_one(slices: pd.DataFrame) -> pd.DataFrame:
    ordered = slices.sort_values("start_seconds", ignore_index=True)
    workers = ordered["worker"].astype("int64")  # Int64 would compare the first with nothing
    number = (workers != workers.shift()).cumsum().rename("turn")
    turns = ordered.groupby(number).agg(
        worker=("worker", "first"),
        start_seconds=("start_seconds", "first"),
        end_seconds=("end_seconds", "max"),
    )
    turns = turns.reset_index(drop=True)
    is_last = ~turns["worker"].duplicated(keep="last")
    lengths = turns["end_seconds"] - turns["start_seconds"]
    is_clean = turns["start_seconds"].shift(-1) > turns["end_seconds"] - _TOLERANCE_SECONDS
    is_handed_over = is_clean & ~is_last & (turns.index > 0)
    return turns.assign(seconds=lengths, is_handed_over=is_handed_over)


def find_overlaps(table: pd.DataFrame) -> "pd.Series[bool]":
    """Tell for each slice whether a slice of another worker of its runner overlaps it.

    Args:
        table: a table of one trace.

    Returns:
        True or False for each row, with the table's row numbers.
    """
    overlaps = pd.Series(False, index=table.index)
    for _, slices in table.groupby("runner", sort=False):
        for worker in slices["worker"].unique():
            is_mine = (slices["worker"] == worker).to_numpy()
            mine, others = slices[is_mine], slices[~is_mine].sort_values("start_seconds")
            overlaps[mine.index] = _meets_any(mine, others)
    return overlaps


def _meets_any(mine: pd.DataFrame, others: pd.DataFrame) -> "pd.Series[bool]":
    latest_ends = np.maximum.accumulate(np.append(-np.inf, others["end_seconds"].to_numpy()))
    begun_before = np.searchsorted(
        others["start_seconds"].to_numpy(), mine["end_seconds"].to_numpy(), side="left"
    )
    return mine["start_seconds"] < latest_ends[begun_before]


def measure_together(slices: pd.DataFrame) -> float:
    """Measure how far workers ran at the same time, while at least two had work.

    Args:
        slices: the slices of one runner.

    Returns:
        Of the time in which anyone ran, from the second worker's first slice to the last but one
        worker's end: the part in which two or more ran at once, 0 to 1; nan if there was no such
        time.
    """
    workers = slices.groupby("worker")
    begun = workers["start_seconds"].min().sort_values()
    ended = workers["end_seconds"].max().sort_values()
    if len(begun) < 2 or begun.iloc[1] >= ended.iloc[-2]:
        return math.nan
    window = (begun.iloc[1], ended.iloc[-2])
    times = np.concatenate(
        [slices["start_seconds"].clip(*window), slices["end_seconds"].clip(*window)]
    )
    changes = np.repeat([1, -1], len(slices))
    order = np.lexsort((-changes, times))
    running = np.cumsum(changes[order])[:-1]
    lengths = np.diff(times[order])
    anyone = float(lengths[running >= 1].sum())
    return float(lengths[running >= 2].sum()) / anyone if anyone else math.nan


def summarise_trace(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one trace: a row for each way of running.

    Args:
        table: a table of one trace, as `trace` gives it.

    Returns:
        The columns runner, workers, start_method; slices (how many); seconds (from the first
        slice to the end of the last); together (see `measure_together`);
        turns (how many were handed over) and turn_seconds (their median, nan if there are none).

    Raises:
        ResultsError: the table is not of this kind, or holds several traces.
    """
    check_one_run(table, SLICES)
    turns = find_turns(table)
    runners = sorted(set(table["runner"]), key=RUNNER_ORDER.index)
    return pd.DataFrame([_summarise_runner(name, table, turns) for name in runners])


def _summarise_runner(runner: str, table: pd.DataFrame, turns: pd.DataFrame) -> dict[str, object]:
    slices = table[table["runner"] == runner]
    handed_over = turns[(turns["runner"] == runner) & turns["is_handed_over"]]["seconds"]
    return {
        "runner": runner,
        "workers": int(slices["workers"].iloc[0]),
        "start_method": slices["start_method"].iloc[0],
        "slices": len(slices),
        "seconds": float(slices["end_seconds"].max() - slices["start_seconds"].min()),
        "together": measure_together(slices),
        "turns": len(handed_over),
        "turn_seconds": float(handed_over.median()),
    }


def summarise_switches(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one sweep of the switch interval: a row for each interval, the shortest first.

    Args:
        table: a table of one sweep, as `sweep_switch_interval` gives it.

    Returns:
        The columns switch_interval_seconds, rounds; turn_seconds, turn_low and turn_high (the
        median turn over all rounds with its 95 % interval, nan where there were no turns);
        steps_per_second (median); speed, speed_low and speed_high (steps a second as a multiple
        of those at Python's own 5 ms in the same round).

    Raises:
        ResultsError: the table is not of this kind, or holds several sweeps.
    """
    check_one_run(table, SWITCHES)
    own = table[table["switch_interval_seconds"] == PYTHON_INTERVAL].set_index("round")
    if set(own.index) != set(table["round"]):
        own_interval = f"{PYTHON_INTERVAL * 1000:g} ms"
        raise ResultsError(f"the table has rounds without one at {own_interval} to compare with")
    rows = []
    for interval, group in table.groupby("switch_interval_seconds"):
        rates = group.set_index("round")["steps_per_second"]
        speed = estimate_median(list((rates / own["steps_per_second"]).dropna()))
        turns = list(group["turn_seconds"].dropna())
        turn = estimate_median(turns) if turns else None
        rows.append(
            {
                "switch_interval_seconds": interval,
                "rounds": speed.rounds,
                "turn_seconds": turn.median if turn else math.nan,
                "turn_low": turn.low if turn else math.nan,
                "turn_high": turn.high if turn else math.nan,
                "steps_per_second": float(rates.median()),
                "speed": speed.median,
                "speed_low": speed.low,
                "speed_high": speed.high,
            }
        )
    return pd.DataFrame(rows)
