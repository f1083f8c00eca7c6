"""Timed runs of one workload by several runners: measured, tabulated, summed up."""

import math
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.checks import ResultsError, check_choices, state_count
from gil_demo.measuring.estimates import Estimate, allow_for_programs, estimate_ratio, spread
from gil_demo.measuring.machine import (
    count_usable_cores,
    describe_machine,
    get_date,
    measure_busy_percent,
)
from gil_demo.measuring.rounds import Sample, Start, Timing, check_limits, make_rows, take_samples
from gil_demo.running.pools import check_start_method, pool_held, processes
from gil_demo.running.runners import RUNNERS, check_present, get_runner
from gil_demo.running.spans import Run, Runner
from gil_demo.running.workloads import countdown, measure_steps_per_second, split
from gil_demo.tables.schema import MACHINE, SHARES, Column, check_one_run, make_schema, make_table

BASELINE = "sequential"
VARIANT = ["runner", "workers", "start_method"]
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
        "start_up_seconds": Column("seconds", may_be_empty=True),
        "seconds": Column("duration"),
        "tear_down_seconds": Column("seconds", may_be_empty=True),
        "stopped_by": Column("text", choices=("precision", "budget")),
    },
    alike=("workload", "count", "stopped_by"),
    variant=tuple(VARIANT),
)
"""A row for each timed run of a workload of `count`, in its own unit; `seconds` runs from the start
of its first task to the end of the last. Workers were kept open: the start-up and tear-down of
others like them, started a few times, stand in the first rounds."""

_MOST_STARTS = 5
_STARTS_SHARE = 0.05  # of the budget, for each way
SLICE_SECONDS = 0.06
"""How long each core at work has its part of a countdown. To hand the parts out and to hear of
them takes some 0.6 ms. And of runs with 13 ms for each, two in three began with both workers on one
core, where the system had woken them, and ran at 1.12 times the loop's speed; the others ran at
1.93, and with 60 ms all began apart. So two processes came to 1.53 with 13 ms, to 1.77 with 25, to
1.88 with 50 and to 1.90 with 100 (CPython 3.11, Linux, two cores, November 2026)."""
_FEWEST_ROUNDS = 12
_NO_START = Start(math.nan, math.nan)
Variant = tuple[str, int]


class Work(NamedTuple):
    """A workload's name, its function, which takes a part of `size`, and `size`, in its unit.

    Without a size it is a countdown that is as short as may be.
    """

    workload: str
    function: Callable[[int], object]
    size: int | None


def measure(
    experiment: str,
    work: Work,
    variants: Mapping[Variant, int],
    start_method: str | None = None,
    precision: float | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Measure some work in several ways, in turn, the sequential one among them.

    A variant is a runner's name and its workers, with the number of tasks into which the work is
    cut for them. Workers are started once, before all rounds; what a start costs is measured
    apart, a few times.
    """
    _, seconds = check_limits(precision, budget)
    method = check_start_method(start_method)
    facts = collect_facts(experiment) | {"workload": work.workload}
    starts: dict[Variant, list[Start]] = {variant: [] for variant in variants}
    began = time.monotonic()
    with ExitStack() as stack:
        ways: dict[Variant, Run] = {}
        for name, workers in variants:
            runner, own = choose_runner(name, method), starts[name, workers]
            ways[name, workers] = stack.enter_context(started(runner, workers, own))
            _start_again(runner, workers, own, _STARTS_SHARE * seconds)
        size = work.size or _choose_steps(variants, seconds)
        timed = {
            variant: partial(time_tasks, ways[variant], work.function, split(size, tasks))
            for variant, tasks in variants.items()
        }
        left = max(seconds / 2, seconds - (time.monotonic() - began))
        taken = take_samples(timed, (BASELINE, 1), precision, left, _label)

    def describe(sample: Sample[Timing]) -> dict[str, object]:
        runner, workers = sample.variant
        told = {"runner": runner, "workers": workers, "tasks": variants[sample.variant]}
        told["start_method"] = method if runner == "processes" else ""
        own = starts[sample.variant]
        start = own[sample.round - 1] if sample.round <= len(own) else _NO_START
        return {**told, **start._asdict(), "seconds": sample.timing.work}

    facts |= {"count": size, "stopped_by": taken.stopped_by}
    return make_table(make_rows(taken, facts, describe), RUNS)


@contextmanager
def started(runner: Runner, workers: int, starts: list[Start]) -> Iterator[Run]:
    """Enter a runner, and note how long it took until its workers answered, and to leave."""
    began = time.perf_counter()
    with runner(workers) as run:
        run(countdown, [1] * workers)
        start_up = time.perf_counter() - began
        place = len(starts)
        starts.append(Start(start_up, 0.0))
        yield run
        began = time.perf_counter()
    starts[place] = Start(start_up, time.perf_counter() - began)


def _start_again(runner: Runner, workers: int, starts: list[Start], seconds: float) -> None:
    """Start more of a runner's workers and let them go, as often as some seconds allow."""
    while len(starts) < _MOST_STARTS and sum(one.start_up_seconds for one in starts) < seconds:
        with started(runner, workers, starts):
            pass


def time_start(workers: int, method: str, prepare: Callable[[], object] | None = None) -> Start:
    """Start a pool, each of whose workers prepares itself first, and let it go."""
    asked = time.perf_counter()
    with pool_held(workers, method, prepare):
        ready = time.perf_counter()
    return Start(ready - asked, time.perf_counter() - ready)


def _choose_steps(variants: Mapping[Variant, int], seconds: float) -> int:
    """Choose a countdown as short as may be, or shorter where the time allowed is short."""
    most = max(workers for _, workers in variants)
    fitting = seconds / (_FEWEST_ROUNDS * len(variants))
    enough = SLICE_SECONDS * min(most, count_usable_cores())
    return max(most, round_size(measure_steps_per_second() * min(enough, fitting)))


def round_size(size: float) -> int:
    """Round a size to two figures; it is at least 1."""
    return max(1, int(float(f"{size:.2g}")))


def collect_facts(experiment: str) -> dict[str, object]:
    """Collect what every row says of its run and its machine; what others take is seen later."""
    busy_percent = measure_busy_percent()
    machine = describe_machine()._asdict()
    return {name: machine[name] for name in MACHINE if name in machine} | {
        "run_id": f"r{uuid.uuid4().hex[:11]}",  # which no spreadsheet takes for a number
        "experiment": experiment,
        "busy_percent": round(busy_percent, 1),
        "measured_on": get_date(),
        "recorded_on": "",
        **dict.fromkeys(SHARES, math.nan),
    }


def check_runners(
    runners: object, noun: str = "runner", known: Sequence[str] = RUNNERS
) -> list[str]:
    """Return the names of runners if each is known, there once, and to be had here."""
    names = check_choices(f"{noun}s", noun, runners, known)
    for name in names:
        check_present(name)
    return names


def choose_runner(name: str, start_method: str | None) -> Runner:
    """Return the runner of a name; `processes` with its start method."""
    runner: Runner = get_runner(name)
    return partial(processes, start_method=start_method) if runner is processes else runner


def _label(variant: Variant) -> str:
    runner, workers = variant
    return f"{runner}, {state_count(workers, 'worker')}"


def time_tasks(run: Run, function: Callable[[Any], object], tasks: Sequence[Any]) -> Timing:
    """Time some tasks from the start of the first to the end of the last, on one clock for all.

    To hand them out takes about a millisecond, however long they are: in short tasks that would
    be a part of what is measured, and in long ones it isn't.
    """
    spans = run(function, tasks)
    taken = max(one.end for one in spans) - min(one.start for one in spans)
    return Timing(max(1e-9, taken))  # in which a coarse clock may not have moved on


def time_work(run: Run, function: Callable[[Any], object], tasks: Sequence[Any]) -> Timing:
    """Time some tasks that are handed to workers, until the last of them is done."""
    began = time.perf_counter()
    run(function, tasks)
    return Timing(time.perf_counter() - began)


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one run of `compare` or `scale`: a row for each variant, with its spread.

    Ratios are taken inside each round, against the sequential run of that round; what they were
    drawn around counts, with its 95 % interval (see `estimate_ratio`, `allow_for_programs`).
    Seconds are medians, of the work alone; cold_speed_up counts start-up and tear-down, too.
    """
    _check_baseline(table)
    return summarise_each(table).drop(columns="run_id")


def summarise_each(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up many runs at once: the columns of `summarise` after run_id, in the runs' order."""
    moment, ways = ["run_id", "round"], ["run_id", *VARIANT]
    loops = table[table["runner"] == BASELINE].drop_duplicates(moment).set_index(moment)["seconds"]
    held = table.join(loops.rename("loop"), on=moment).sort_values("round", kind="stable")
    held["ratio"] = held["seconds"] / held["loop"]
    groups = held.groupby(ways, sort=False, dropna=False)
    rows: list[dict[str, Any]] = []
    for key, ratios in groups["ratio"]:
        ratio = estimate_ratio([one for one in ratios.to_list() if not math.isnan(one)])
        if key[ways.index("runner")] != BASELINE:  # which is held against itself
            ratio = allow_for_programs(ratio)
        speed_up = Estimate(1 / ratio.centre, 1 / ratio.high, 1 / ratio.low, ratio.rounds)
        found = spread("time_ratio", ratio) | spread("speed_up", speed_up)
        rows.append(dict(zip(ways, key, strict=True)) | {"rounds": ratio.rounds} | found)
    parts = ["seconds", *Start._fields]
    medians = groups[parts].median().reset_index(drop=True)
    summary = pd.concat([pd.DataFrame(rows), medians], axis="columns")
    cold = summary[parts].sum(axis="columns")
    summary["cold_speed_up"] = summary["speed_up"] * summary["seconds"] / cold
    ranks = {name: rank for rank, name in enumerate(RUNNERS)}
    ordered = summary.assign(
        place=pd.factorize(summary["run_id"])[0],
        rank=summary["runner"].map(ranks).fillna(len(RUNNERS)),
    ).sort_values(["place", "rank", "workers"], ignore_index=True)
    return ordered[[*ways, "rounds", *parts, *found, "cold_speed_up"]]


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
