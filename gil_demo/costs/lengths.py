"""Tasks of growing length in every way of running: what each way costs, cold and kept open."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import product
from typing import NamedTuple

import pandas as pd

from gil_demo.checks import ResultsError, check_workers
from gil_demo.costs.start_up import check_start_methods
from gil_demo.measuring.fits import Line, fit_costs, level_rounds
from gil_demo.measuring.rounds import (
    Sample,
    Start,
    Timing,
    check_budget,
    make_rows,
    take_samples,
)
from gil_demo.measuring.runs import BASELINE, collect_facts, measure_pace, time_start, time_work
from gil_demo.running.pools import pool_held, run_in_pool
from gil_demo.running.runners import sequential, threads
from gil_demo.running.spans import Run
from gil_demo.running.workloads import countdown, measure_steps_per_second
from gil_demo.tables.schema import Column, make_schema, make_table, name_run
from gil_demo.words import find_machine_reservations, find_round_reservations


def _check_lengths(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        ways = run.groupby(["runner", "start_method"], dropna=False)
        if len({frozenset(rows["steps"]) for _, rows in ways}) > 1:
            raise ResultsError(
                f"{place}, {name_run(run_id)} is not whole: its ways differ in the steps of a task"
            )


LENGTHS = make_schema(
    "tasks of growing length",
    ("break_even",),
    {
        "runner": Column("text", choices=("sequential", "threads", "processes")),
        "start_method": Column("text", may_be_empty=True),
        **dict.fromkeys(("tasks", "steps", "round", "rounds", "position"), Column("whole")),
        "start_up_seconds": Column("seconds"),
        "seconds": Column("duration"),
        "tear_down_seconds": Column("seconds"),
    },
    _check_lengths,
    alike=("tasks",),
    variant=("runner", "start_method", "steps"),
)
"""A row for each timed run of as many tasks as there are workers, each of `steps`. Processes were
kept open: their start-up and tear-down are those of another pool of the same round."""

DEFAULT_SECONDS = 12.0
LONGEST_SECONDS = 0.3
_STARTING = "starting"
_LEAST_SECONDS = 1e-12  # far below what any clock tells; nothing can be computed from less


def sweep_task_length(
    start_methods: Sequence[str] | None = None, *, workers: int = 2, budget: float | None = None
) -> pd.DataFrame:
    """Run as many tasks as there are workers, short and ever longer ones, in every way, in turn.

    The lengths suit the machine: the longest tasks take the plain loop `LONGEST_SECONDS` in all,
    less where the budget is small, and each other length is a quarter of the next. A cold pool
    costs what one that was kept open costs, and its start-up and tear-down, which are measured in
    each round.

    Args:
        start_methods: how processes are started, by name; None means all ways of this machine.
        workers: how many tasks, threads and processes.
        budget: seconds after which to stop; None means `DEFAULT_SECONDS`.

    Returns:
        A table of rounds; the columns and types are in `LENGTHS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    methods = check_start_methods(start_methods)
    workers = check_workers(workers)
    seconds = check_budget(DEFAULT_SECONDS if budget is None else budget)
    facts = collect_facts("break_even") | {"tasks": workers}
    lengths = choose_lengths(workers, seconds)
    ways: dict[tuple[str, str], Run] = {}
    with ExitStack() as stack:
        ways[BASELINE, ""] = stack.enter_context(sequential())
        ways["threads", ""] = stack.enter_context(threads(workers))
        for method in methods:
            held = stack.enter_context(pool_held(workers, method))
            ways["processes", method] = partial(run_in_pool, held, 1)
        variants: dict[tuple[str, str, int], Callable[[], Timing | Start]] = {
            (_STARTING, method, 0): partial(time_start, workers, method) for method in methods
        }
        for way, steps in product(ways, lengths):
            variants[*way, steps] = partial(time_work, ways[way], countdown, [steps] * workers)
        longest = (BASELINE, "", lengths[-1])
        taken = take_samples(variants, longest, None, seconds, _label, is_lasting=False)
    starts = {(one.variant, one.round): one.timing for one in taken.samples}
    names = ("runner", "start_method", "steps")

    def describe(one: Sample[Timing | Start]) -> dict[str, object]:
        start = starts.get(((_STARTING, one.variant[1], 0), one.round), Start(0.0, 0.0))
        told = dict(zip(names, one.variant, strict=True))
        return {**told, **start._asdict(), "seconds": one.timing.work}

    ran = taken._replace(samples=[one for one in taken.samples if one.variant[0] != _STARTING])
    return make_table(make_rows(ran, facts, describe), LENGTHS)


def _label(variant: tuple[str, str, int]) -> str:
    way = " by ".join(filter(None, variant[:2]))
    return f"{way}, tasks of {variant[2]:,} steps" if variant[2] else way


def choose_lengths(workers: int, seconds: float) -> list[int]:
    """Choose the steps of seven lengths of a task that suit the machine and the time."""
    longest = measure_steps_per_second() * min(LONGEST_SECONDS, seconds / 40) / workers
    return [max(10 + n, int(longest / 4 ** (6 - n))) for n in range(7)]


COLD, KEPT = "cold", "kept open"
Costs = dict[float, list[float]]


class Way(NamedTuple):
    """One way of running tasks: a runner; of processes how they were started, and the pool."""

    runner: str
    start_method: str = ""
    pool: str = ""


def sum_up(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up how long all tasks took, by way and length, and the speed-up over the plain loop.

    The speed-up is taken round by round, with the quarters around its median.
    """
    pace, quarters, each = measure_pace(table), pd.Index([0.25, 0.5, 0.75]), ["steps", "round"]
    loops = table[table["runner"] == BASELINE].set_index(each)["seconds"]
    parts = []
    for way, own in _split_ways(table):
        costs = own.set_index(each)["cost"]
        gains = (loops / costs).dropna().groupby("steps").quantile(quarters).unstack()
        gains.columns = pd.Index(["speed_up_low", "speed_up", "speed_up_high"])
        part = gains.assign(seconds=costs.groupby("steps").median()).reset_index()
        parts.append(part.assign(**way._asdict(), task_seconds=part["steps"] / pace))
    return pd.concat(parts, ignore_index=True)


def fit_ways(table: pd.DataFrame) -> dict[Way, Line]:
    """Fit a line to each way of running: seconds for all tasks, by the seconds of one task."""
    pace, tasks = measure_pace(table), int(table["tasks"].iloc[0])
    fitted = ((way, fit_costs(own)) for way, own in list_costs(table).items())
    return {way: Line(one.overhead * tasks / pace, one.slope * tasks) for way, one in fitted}


def _split_ways(table: pd.DataFrame) -> list[tuple[Way, pd.DataFrame]]:
    """Cut a table into one for each way; `cost` is the seconds that count for it."""
    parts = []
    for (runner, method), own in table.groupby(["runner", "start_method"], dropna=False):
        kept = own.assign(cost=own["seconds"])
        if runner != "processes":
            parts.append((Way(str(runner)), kept))
            continue
        cold = own.assign(cost=own["start_up_seconds"] + own["seconds"] + own["tear_down_seconds"])
        parts += [(Way(runner, str(method), COLD), cold), (Way(runner, str(method), KEPT), kept)]
    return parts


def list_costs(table: pd.DataFrame) -> dict[Way, Costs]:
    """List what each way cost for a task in each round, levelled, in steps of the plain loop."""
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


def find_reservations(table: pd.DataFrame) -> list[str]:
    found = find_machine_reservations(table.iloc[0], int(table["tasks"].iloc[0]))
    return found + [f"{few}; allow more seconds" for few in find_round_reservations(table)]
