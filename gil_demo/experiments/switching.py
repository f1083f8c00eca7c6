"""Ask who holds the GIL when: a timeline of the countdown, and what the switch interval does."""

import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd

from gil_demo.arguments import (
    check_choice,
    check_count,
    check_switch_interval,
    check_unlike,
    check_whole_number,
    check_workers,
    most_workers,
)
from gil_demo.columns import SLICES, SWITCHES
from gil_demo.intervals import PYTHON_INTERVAL, switch_interval_of
from gil_demo.lifetimes import check_start_method
from gil_demo.measurements import check_runners, choose_runner, collect_facts
from gil_demo.remotes import ENGINES
from gil_demo.runners import RUNNERS, threads
from gil_demo.sampling import check_budget, take_samples
from gil_demo.schemas import make_table
from gil_demo.spans import Span
from gil_demo.turns import find_turns
from gil_demo.workloads import split, trace_countdown

DEFAULT_COUNT = 6_000_000
DEFAULT_INTERVALS = (1e-6, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
DEFAULT_SWEEP_SECONDS = 15.0
_PACE_STEPS = 300_000
_ROUND_SECONDS = 0.15
_ROUND_TURNS = 8
_LEAST_TRACED_INTERVAL = 0.001


def trace(
    runners: Sequence[str] = ("threads", "processes"),
    *,
    workers: int = 2,
    count: int = DEFAULT_COUNT,
    switch_interval: float | None = None,
    start_method: str | None = None,
) -> pd.DataFrame:
    """Run the countdown once in each way and note when each worker ran.

    Args:
        runners: which ways, by name: threads, processes, sequential, interpreters.
        workers: how many threads or processes; the countdown is cut into one part for each.
        count: steps of the whole countdown.
        switch_interval: seconds after which a thread that waits may ask for the GIL; None leaves
            it as it is. It is put back at the end, whatever happens.
        start_method: how processes are started; None means the platform's default.

    Returns:
        A table of slices: a row for each stretch of time in which a worker (numbered from 1) ran
        without a gap, in seconds since the first of its runner's workers began. The columns and
        types are in `gil_demo.columns.SLICES`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    # slices of workers that share no clock can't be put on one line
    known = [name for name in RUNNERS if name not in ENGINES]
    check_unlike("runners", runners, lambda _, name: check_choice("runner", name, known))
    names = check_runners(runners)
    tasks = split(check_count(count), check_workers(workers))
    interval = sys.getswitchinterval() if switch_interval is None else switch_interval
    check_switch_interval("switch_interval", interval)
    method = check_start_method(start_method)
    facts = collect_facts("trace") | {
        "workers": workers,
        "count": count,
        "switch_interval_seconds": interval,
    }
    rows: list[dict[str, object]] = []
    with switch_interval_of(interval):
        for name in names:
            with choose_runner(name, method)(workers) as run:
                spans = run(trace_countdown, tasks)
            told = facts | {"runner": name, "start_method": method if name == "processes" else ""}
            rows += [told | slice_ for slice_ in _list_slices(spans)]
    return make_table(rows, SLICES)


def _list_slices(spans: Sequence[Span]) -> list[dict[str, float]]:
    """List the slices in the spans' answers, on a clock that begins with the first of them."""
    begun = min(span.answer[0][0] for span in spans)
    return [
        {"worker": span.worker + 1, "start_seconds": start - begun, "end_seconds": end - begun}
        for span in spans
        for start, end in span.answer
    ]


class _Round(NamedTuple):
    """What one round at one interval gave; `work` is seconds a step."""

    work: float
    turn_seconds: float | None


def sweep_switch_interval(
    intervals: Sequence[float] = DEFAULT_INTERVALS,
    *,
    workers: int = 2,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run the threaded countdown at several switch intervals, in turn.

    Python's own interval, 5 ms, is always measured, since the others are held against it.

    Args:
        intervals: seconds, from a microsecond to a second, each once.
        workers: how many threads, 2 or more.
        budget: seconds after which to stop; None means `DEFAULT_SWEEP_SECONDS`.

    Returns:
        A table of rounds: for each interval and round the median turn of a thread in seconds
        (empty below a millisecond, where the trace is too coarse to tell, and without turns) and
        the steps a second of all threads together. The columns and types are in
        `gil_demo.columns.SWITCHES`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    chosen = check_unlike("intervals", intervals, check_switch_interval)
    check_whole_number("workers", workers, 2, most_workers())
    seconds = check_budget(DEFAULT_SWEEP_SECONDS if budget is None else budget)
    facts = collect_facts("switch") | {"workers": workers}
    by_label = {f"{interval!r} s": interval for interval in sorted({*chosen, PYTHON_INTERVAL})}
    pace = _measure_pace()
    taken = take_samples(
        {label: partial(_run_round, i, workers, pace) for label, i in by_label.items()},
        baseline=f"{PYTHON_INTERVAL!r} s",
        budget=seconds,
    )
    rows = [
        facts
        | {
            "switch_interval_seconds": by_label[sample.variant],
            "round": sample.round,
            "rounds": taken.samples[-1].round,
            "position": sample.position,
            "turn_seconds": sample.timing.turn_seconds,
            "steps_per_second": 1 / sample.timing.work,
        }
        for sample in taken.samples
    ]
    return make_table(rows, SWITCHES)


def _measure_pace() -> float:
    """Return roughly how many steps a second one thread takes."""
    start = time.perf_counter()
    trace_countdown(_PACE_STEPS)
    return _PACE_STEPS / (time.perf_counter() - start)


def _run_round(interval: float, workers: int, pace: float) -> _Round:
    steps = max(workers, int(pace * max(_ROUND_SECONDS, _ROUND_TURNS * interval)))
    with switch_interval_of(interval), threads(workers) as run:
        start = time.perf_counter()
        spans = run(trace_countdown, split(steps, workers))
        work = (time.perf_counter() - start) / steps
    return _Round(work, _find_median_turn(spans) if interval >= _LEAST_TRACED_INTERVAL else None)


def _find_median_turn(spans: Sequence[Span]) -> float | None:
    turns = find_turns(pd.DataFrame(_list_slices(spans)).assign(runner="threads"))
    handed_over = turns.loc[turns["is_handed_over"], "seconds"]
    return float(handed_over.median()) if len(handed_over) else None
