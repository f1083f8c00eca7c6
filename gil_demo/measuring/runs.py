"""The columns of timed runs: what threads and processes took."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.checks import (
    ResultsError,
    RunnerUnavailable,
    check_choice,
    check_unlike,
)
from gil_demo.measuring.estimates import Estimate, estimate_median
from gil_demo.measuring.machine import describe_machine, get_date, measure_busy_percent
from gil_demo.measuring.rounds import Samples, Timing, check_budget, check_precision, take_samples
from gil_demo.running.pools import check_start_method, processes
from gil_demo.running.runners import RUNNERS, find_reason, get_runner
from gil_demo.running.spans import Run, Runner
from gil_demo.running.workloads import split
from gil_demo.tables.schema import (
    MACHINE,
    Column,
    Schema,
    check_one_run,
    check_same_facts,
    make_table,
    name_run,
)

BASELINE = "sequential"
VARIANT = ["runner", "workers", "start_method"]

_VARYING = [
    *VARIANT,
    *("tasks", "round", "rounds", "position"),
    *("start_up_seconds", "seconds", "tear_down_seconds"),
]


def _check_runs(table: pd.DataFrame, place: str) -> None:
    runs = table.groupby("run_id", sort=False)
    if len(runs) > 1 and _are_whole(table):  # quick where a whole class has been put together
        return
    for run_id, run in runs:
        _check_whole_run(run, f"{place}, {name_run(run_id)}")


def _are_whole(table: pd.DataFrame) -> bool:
    """Look at all runs of a table at once; what is wrong with which of them is not told."""
    shared = ["rounds", *(name for name in RUNS.columns if name not in _VARYING)]
    if (table.groupby("run_id", sort=False)[shared].nunique(dropna=False) > 1).any(axis=None):
        return False
    rounds = table.groupby(["run_id", *VARIANT], sort=False, dropna=False).agg(
        rows=("round", "size"), unlike=("round", "nunique"), last=("round", "max"),
        wanted=("rounds", "first"),
    )  # fmt: skip
    return bool((rounds[["rows", "unlike", "last"]].eq(rounds["wanted"], axis=0)).all(axis=None))


def _check_whole_run(run: pd.DataFrame, place: str) -> None:
    if run["rounds"].nunique() != 1:
        raise ResultsError(f"{place} is not whole: its rows differ in their number of rounds")
    check_same_facts(run, place, [name for name in RUNS.columns if name not in _VARYING])
    wanted = int(run["rounds"].iloc[0])
    for key, group in run.groupby(VARIANT, dropna=False):
        there = group["round"].nunique()
        if len(group) != wanted or set(group["round"]) != set(range(1, wanted + 1)):
            raise ResultsError(
                f"{place} is not whole: {key[0]} with {key[1]} workers has {len(group)} rows "
                f"in {there} of {wanted} rounds"
            )


RUNS = Schema(
    "timed runs",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("compare", "scale", "workloads")),
        "workload": Column("text"),
        "runner": Column("text"),
        "workers": Column("whole"),
        "start_method": Column("text", may_be_empty=True),
        "tasks": Column("whole"),
        "count": Column("whole"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "start_up_seconds": Column("seconds"),
        "seconds": Column("duration"),
        "tear_down_seconds": Column("seconds"),
        "stopped_by": Column("text", choices=("precision", "budget")),
    }
    | MACHINE,
    _check_runs,
)
"""A row for each timed run; `count` is the size of the whole workload, in its own unit."""


class Work(NamedTuple):
    """What is measured.

    Attributes:
        workload: its name.
        function: takes a whole number, its part of `size`.
        size: how much of it there is in all, in the workload's unit.
    """

    workload: str
    function: Callable[[int], object]
    size: int


def measure(
    experiment: str,
    work: Work,
    variants: Mapping[tuple[str, int], int],
    start_method: str | None = None,
    precision: float | None = None,
    budget: float | None = None,
    *,
    is_warm: bool = False,
) -> pd.DataFrame:
    """Measure some work in several ways, in turn, and tabulate it.

    Args:
        experiment: the name of the experiment, for the table.
        work: what is measured.
        variants: the runner's name and its workers, with the number of tasks into which the work
            is cut for them; the sequential run must be among them.
        start_method: as for `processes`.
        precision: as for `take_samples`.
        budget: as for `take_samples`.
        is_warm: whether the workers are started once, before all rounds, instead of anew for
            each run; start-up and tear-down then count as 0, since no run has any.

    Returns:
        The tidy table: a row for each timed run, with the columns of `RUNS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    check_precision(precision)
    check_budget(budget)
    method = check_start_method(start_method)
    facts = collect_facts(experiment)
    with ExitStack() as stack:
        timed: dict[str, Callable[[], Timing]] = {}
        for (name, workers), tasks in variants.items():
            runner, parts = choose_runner(name, method), split(work.size, tasks)
            if is_warm:
                run = stack.enter_context(runner(workers))
                timed[_label(name, workers)] = partial(_time_work, run, work.function, parts)
            else:
                timed[_label(name, workers)] = partial(
                    time_run, runner, workers, work.function, parts
                )
        samples = take_samples(
            timed, baseline=_label(BASELINE, 1), precision=precision, budget=budget
        )
    facts |= {"workload": work.workload, "count": work.size}
    return make_table(_make_rows(samples, variants, method, facts), RUNS)


def collect_facts(experiment: str) -> dict[str, object]:
    """Collect what every row of a fresh table says of its run and its machine.

    The machine is watched for half a second, to tell how busy it is; so this comes first.

    Args:
        experiment: the name of the experiment.

    Returns:
        The run's new id, the experiment and the columns of `MACHINE`.
    """
    busy_percent = measure_busy_percent()
    facts: dict[str, object] = {"run_id": uuid.uuid4().hex[:12], "experiment": experiment}
    machine = describe_machine()._asdict()
    facts |= {name: machine[name] for name in MACHINE if name in machine}
    return facts | {
        "busy_percent": round(busy_percent, 1),
        "measured_on": get_date(),
        "recorded_on": "",
    }


def time_run(
    runner: Runner, workers: int, function: Callable[[Any], object], tasks: Sequence[Any]
) -> Timing:
    """Time the three parts of one run: start-up, work and tear-down.

    Args:
        runner: a runner, such as `gil_demo.runners.threads`.
        workers: how many workers it is to have.
        function: what to run.
        tasks: what to run it on.

    Returns:
        Seconds for each part.
    """
    entered = time.perf_counter()
    with runner(workers) as run:
        started = time.perf_counter()
        run(function, tasks)
        done = time.perf_counter()
    return Timing(started - entered, done - started, time.perf_counter() - done)


def check_runners(runners: object) -> list[str]:
    """Return the names of runners if each is known and there once.

    Raises:
        TypeError: they are no list, or one is no string.
        ValueError: there are none, one is unknown, or one is there twice.
        RunnerUnavailable: one can't be had here.
    """
    names = check_unlike(
        "runners", runners, lambda _, name: check_choice("runner", name, [*RUNNERS])
    )
    for name in names:
        if reason := find_reason(name):
            raise RunnerUnavailable(f"{name}: {reason}")
    return names


def choose_runner(name: str, start_method: str | None) -> Runner:
    """Return the runner of a name; `processes` with its start method."""
    runner: Runner = get_runner(name)
    return partial(processes, start_method=start_method) if runner is processes else runner


def _label(runner: str, workers: int) -> str:
    return f"{runner}, {workers} worker{'s' * (workers > 1)}"


def _time_work(run: Run, function: Callable[[Any], object], tasks: Sequence[Any]) -> Timing:
    started = time.perf_counter()
    run(function, tasks)
    return Timing(0.0, time.perf_counter() - started, 0.0)


def _make_rows(
    samples: Samples[Timing],
    variants: Mapping[tuple[str, int], int],
    start_method: str,
    facts: Mapping[str, object],
) -> list[dict[str, object]]:
    by_label = {_label(*variant): (variant, tasks) for variant, tasks in variants.items()}
    rows = []
    for sample in samples.samples:
        (runner, workers), tasks = by_label[sample.variant]
        rows.append(
            dict(facts)
            | {
                "runner": runner,
                "workers": workers,
                "start_method": start_method if runner == "processes" else "",
                "tasks": tasks,
                "round": sample.round,
                "rounds": samples.samples[-1].round,
                "position": sample.position,
                "start_up_seconds": sample.timing.start_up,
                "seconds": sample.timing.work,
                "tear_down_seconds": sample.timing.tear_down,
                "stopped_by": samples.stopped_by,
            }
        )
    return rows


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one run: a row for each variant, with its spread.

    Ratios are taken inside each round, against the sequential run of that round; the median of
    the ratios counts, with its 95 % interval (see `estimate_median`).

    Args:
        table: a table of one run, as `compare` or `scale` gives it.

    Returns:
        A table with the columns runner, workers, start_method, rounds; seconds (median, of the
        work alone), start_up_seconds, tear_down_seconds; time_ratio, time_ratio_low and
        time_ratio_high (the variant's time over the sequential time); speed_up, speed_up_low and
        speed_up_high (the reverse); cold_speed_up (the same with start-up and tear-down
        counted). Ends of intervals are nan below six rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_comparable(table)
    return summarise_each(table).drop(columns="run_id")


def summarise_each(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up many runs at once: the columns of `summarise` after run_id, in the runs' order.

    Args:
        table: a table of whole runs, each with sequential rounds; this isn't checked here.
    """
    moment, ways = ["run_id", "round"], ["run_id", *VARIANT]
    timed = table.assign(total=_total(table))
    loops = timed[timed["runner"] == BASELINE].drop_duplicates(moment).set_index(moment)
    held = timed.join(loops[["seconds", "total"]].add_suffix("_of_loop"), on=moment)
    held["ratio"] = held["seconds"] / held["seconds_of_loop"]
    held["cold_ratio"] = held["total"] / held["total_of_loop"]
    groups = held.groupby(ways, sort=False, dropna=False)
    names = ["seconds", "start_up_seconds", "tear_down_seconds", "cold_ratio"]
    rows = [
        dict(zip(ways, key, strict=True)) | {"rounds": ratio.rounds} | _spread_ratio(ratio)
        for key, ratios in groups["ratio"]
        for ratio in [estimate_median(list(ratios.dropna()))]
    ]
    medians = groups[names].median().reset_index(drop=True)
    summary = pd.concat([pd.DataFrame(rows), medians], axis="columns")
    summary["cold_speed_up"] = 1 / summary["cold_ratio"]
    ranks = summary["runner"].map({name: rank for rank, name in enumerate(RUNNERS)})
    places = summary["run_id"].map({name: n for n, name in enumerate(summary["run_id"].unique())})
    ranked = summary.assign(place=places, rank=ranks.fillna(len(RUNNERS)))
    ordered = ranked.sort_values(["place", "rank", "workers"], ignore_index=True)
    ends = [*ordered.filter(like="time_ratio"), *ordered.filter(like="speed_up")]
    return ordered[[*ways, "rounds", *names[:3], *dict.fromkeys(ends)]]


def check_comparable(table: pd.DataFrame) -> None:
    """Raise a ResultsError unless the table holds one run of timed runs, sequential ones too."""
    check_one_run(table, RUNS)
    if BASELINE not in set(table["runner"]):
        raise ResultsError("the table has no sequential rounds to hold the others against")


def _total(runs: pd.DataFrame) -> "pd.Series[float]":
    return runs["start_up_seconds"] + runs["seconds"] + runs["tear_down_seconds"]


def _spread_ratio(ratio: Estimate) -> dict[str, float]:
    return {
        "time_ratio": ratio.median,
        "time_ratio_low": ratio.low,
        "time_ratio_high": ratio.high,
        "speed_up": 1 / ratio.median,
        "speed_up_low": 1 / ratio.high,
        "speed_up_high": 1 / ratio.low,
    }
