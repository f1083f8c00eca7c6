"""Timed runs of one workload by several runners: measured, tabulated, summed up."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.checks import ResultsError, RunnerUnavailable, check_choices
from gil_demo.measuring.estimates import Estimate, estimate_median, spread
from gil_demo.measuring.machine import describe_machine, get_date, measure_busy_percent
from gil_demo.measuring.rounds import Sample, Timing, check_limits, make_rows, take_samples
from gil_demo.running.pools import check_start_method, processes
from gil_demo.running.runners import RUNNERS, find_missing, get_runner
from gil_demo.running.spans import Run, Runner
from gil_demo.running.workloads import split
from gil_demo.tables.schema import MACHINE, Column, check_one_run, make_schema, make_table

BASELINE = "sequential"
VARIANT = ["runner", "workers", "start_method"]
_PARTS = ["start_up_seconds", "seconds", "tear_down_seconds"]  # of a run, in their order
_NO_BASELINE = "the table has no sequential rounds to hold the others against"

RUNS = make_schema(
    "timed runs",
    ("compare", "scale", "workloads"),
    {
        "workload": Column("text", formerly="countdown"),
        "runner": Column("text"),
        "workers": Column("whole"),
        "start_method": Column("text", may_be_empty=True),
        **dict.fromkeys(("tasks", "count", "round", "rounds", "position"), Column("whole")),
        "start_up_seconds": Column("seconds"),
        "seconds": Column("duration"),
        "tear_down_seconds": Column("seconds"),
        "stopped_by": Column("text", choices=("precision", "budget")),
    },
    alike=("workload", "count", "stopped_by"),
    variant=tuple(VARIANT),
)
"""A row for each timed run; `count` is the size of the whole workload, in its own unit."""


class Work(NamedTuple):
    """A workload's name, its function, which takes a part of `size`, and `size`, in its unit."""

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
    """Measure some work in several ways, in turn, the sequential one among them.

    A variant is a runner's name and its workers, with the number of tasks into which the work is
    cut for them. Warm workers are started once, before all rounds; their start-up counts as 0.
    """
    check_limits(precision, budget)
    method = check_start_method(start_method)
    facts = collect_facts(experiment) | {"workload": work.workload, "count": work.size}
    with ExitStack() as stack:
        timed: dict[tuple[str, int], Callable[[], Timing]] = {}
        for (name, workers), tasks in variants.items():
            runner, parts = choose_runner(name, method), split(work.size, tasks)
            if is_warm:
                run = stack.enter_context(runner(workers))
                timed[name, workers] = partial(time_work, run, work.function, parts)
            else:
                timed[name, workers] = partial(time_run, runner, workers, work.function, parts)
        taken = take_samples(timed, (BASELINE, 1), precision, budget, _label)

    def describe(sample: Sample[Timing]) -> dict[str, object]:
        runner, workers = sample.variant
        told = {"runner": runner, "workers": workers, "tasks": variants[sample.variant]}
        told["start_method"] = method if runner == "processes" else ""
        return {**told, **dict(zip(_PARTS, sample.timing, strict=True))}

    facts["stopped_by"] = taken.stopped_by
    return make_table(make_rows(taken, facts, describe), RUNS)


def collect_facts(experiment: str) -> dict[str, object]:
    """Collect what every row says of its run and its machine, as busy as it is beforehand."""
    busy_percent = measure_busy_percent()
    machine = describe_machine()._asdict()
    return {name: machine[name] for name in MACHINE if name in machine} | {
        "run_id": f"r{uuid.uuid4().hex[:11]}",  # which no spreadsheet takes for a number
        "experiment": experiment,
        "busy_percent": round(busy_percent, 1),
        "measured_on": get_date(),
        "recorded_on": "",
    }


def time_run(
    runner: Runner, workers: int, function: Callable[[Any], object], tasks: Sequence[Any]
) -> Timing:
    """Time the three parts of one run, in seconds: start-up, work and tear-down."""
    entered = time.perf_counter()
    with runner(workers) as run:
        started = time.perf_counter()
        run(function, tasks)
        done = time.perf_counter()
    return Timing(started - entered, done - started, time.perf_counter() - done)


def check_runners(runners: object) -> list[str]:
    """Return the names of runners if each is known, there once, and to be had here."""
    names = check_choices("runners", "runner", runners, RUNNERS)
    for name in names:
        if reason := find_missing(name):
            raise RunnerUnavailable(f"{name}: {reason}")
    return names


def choose_runner(name: str, start_method: str | None) -> Runner:
    """Return the runner of a name; `processes` with its start method."""
    runner: Runner = get_runner(name)
    return partial(processes, start_method=start_method) if runner is processes else runner


def _label(variant: tuple[str, int]) -> str:
    runner, workers = variant
    return f"{runner}, {workers} worker{'s' * (workers > 1)}"


def time_work(run: Run, function: Callable[[Any], object], tasks: Sequence[Any]) -> Timing:
    started = time.perf_counter()
    run(function, tasks)
    return Timing(0.0, time.perf_counter() - started, 0.0)


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one run of `compare` or `scale`: a row for each variant, with its spread.

    Ratios are taken inside each round, against the sequential run of that round; the median of
    the ratios counts, with its 95 % interval (see `estimate_median`). seconds is the median of
    the work alone; cold_speed_up counts start-up and tear-down, too.
    """
    _check_baseline(table)
    return summarise_each(table).drop(columns="run_id")


def summarise_each(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up many runs at once: the columns of `summarise` after run_id, in the runs' order."""
    moment, ways = ["run_id", "round"], ["run_id", *VARIANT]
    timed = table.assign(total=table[_PARTS].sum(axis="columns"))
    loops = timed[timed["runner"] == BASELINE].drop_duplicates(moment).set_index(moment)
    held = timed.join(loops[["seconds", "total"]].add_suffix("_of_loop"), on=moment)
    held["ratio"] = held["seconds"] / held["seconds_of_loop"]
    held["cold_ratio"] = held["total"] / held["total_of_loop"]
    groups = held.groupby(ways, sort=False, dropna=False)
    rows: list[dict[str, Any]] = []
    for key, ratios in groups["ratio"]:
        ratio = estimate_median(list(ratios.dropna()))
        speed_up = Estimate(1 / ratio.median, 1 / ratio.high, 1 / ratio.low, ratio.rounds)
        found = spread("time_ratio", ratio) | spread("speed_up", speed_up)
        rows.append(dict(zip(ways, key, strict=True)) | {"rounds": ratio.rounds} | found)
    medians = groups[[*_PARTS, "cold_ratio"]].median().reset_index(drop=True)
    summary = pd.concat([pd.DataFrame(rows), medians], axis="columns")
    summary["cold_speed_up"] = 1 / summary["cold_ratio"]
    ranks = {name: rank for rank, name in enumerate(RUNNERS)}
    ordered = summary.assign(
        place=pd.factorize(summary["run_id"])[0],
        rank=summary["runner"].map(ranks).fillna(len(RUNNERS)),
    ).sort_values(["place", "rank", "workers"], ignore_index=True)
    return ordered[[*ways, "rounds", "seconds", _PARTS[0], _PARTS[2], *found, "cold_speed_up"]]


def check_comparable(table: pd.DataFrame) -> None:
    """Raise a ResultsError unless the table holds one run of timed runs, sequential ones too."""
    check_one_run(table, RUNS)
    _check_baseline(table)


def _check_baseline(table: pd.DataFrame) -> None:
    if BASELINE not in set(table["runner"]):
        raise ResultsError(_NO_BASELINE)


def measure_pace(table: pd.DataFrame) -> float:
    """Return the steps a second of the plain loop, by its longest tasks."""
    loops = table[(table["runner"] == BASELINE) & (table["steps"] == table["steps"].max())]
    if loops.empty:
        raise ResultsError(_NO_BASELINE)
    return float((loops["tasks"] * loops["steps"] / loops["seconds"]).median())
