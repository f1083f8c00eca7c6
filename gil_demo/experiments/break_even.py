"""Ask how long a task must be for processes to pay, from a cold start and in a pool kept open."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

import pandas as pd

from gil_demo.arguments import check_workers
from gil_demo.columns import LENGTHS
from gil_demo.lifetimes import pool_held
from gil_demo.measurements import collect_facts
from gil_demo.pools import run_in_pool
from gil_demo.runners import sequential, threads
from gil_demo.sampling import Samples, check_budget, take_samples
from gil_demo.schemas import make_table
from gil_demo.spans import Run
from gil_demo.starts import Start, check_start_methods, time_start
from gil_demo.workloads import countdown

DEFAULT_SECONDS = 12.0
LONGEST_SECONDS = 0.3
_PACE_STEPS = 200_000
_SIZES = 7
_FACTOR = 4
_LONGEST_PARTS = 40
_LEAST_STEPS = 10


class _Worked(NamedTuple):
    work: float


_Way = tuple[str, str]
_Outcome = _Worked | Start


def sweep_task_length(
    start_methods: Sequence[str] | None = None,
    *,
    workers: int = 2,
    budget: float | None = None,
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
        A table of rounds; the columns and types are in `gil_demo.columns.LENGTHS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    methods = check_start_methods(start_methods)
    check_workers(workers)
    seconds = check_budget(DEFAULT_SECONDS if budget is None else budget)
    facts = collect_facts("break_even") | {"tasks": workers}
    lengths = _choose_lengths(workers, seconds)
    with ExitStack() as stack:
        runs = _enter_ways(stack, methods, workers)
        variants: dict[str, Callable[[], _Outcome]] = {
            _label(way, steps): partial(_time_tasks, run, [steps] * workers)
            for way, run in runs.items()
            for steps in lengths
        }
        variants |= {
            _label_start(method): partial(time_start, workers, method) for method in methods
        }
        taken = take_samples(
            variants, baseline=_label(("sequential", ""), lengths[-1]), budget=seconds
        )
    return make_table(_make_rows(taken, [*runs], lengths, facts), LENGTHS)


def _choose_lengths(workers: int, seconds: float) -> list[int]:
    """Choose the steps of a task so that the longest ones suit the machine and the time."""
    began = time.perf_counter()
    countdown(_PACE_STEPS)
    pace = _PACE_STEPS / (time.perf_counter() - began)
    longest = pace * min(LONGEST_SECONDS, seconds / _LONGEST_PARTS) / workers
    return [
        max(_LEAST_STEPS + n, int(longest / _FACTOR ** (_SIZES - 1 - n))) for n in range(_SIZES)
    ]


def _enter_ways(stack: ExitStack, methods: Sequence[str], workers: int) -> dict[_Way, Run]:
    ways: dict[_Way, Run] = {
        ("sequential", ""): stack.enter_context(sequential()),
        ("threads", ""): stack.enter_context(threads(workers)),
    }
    for method in methods:
        held = stack.enter_context(pool_held(workers, method))
        ways["processes", method] = partial(run_in_pool, held, 1)
    return ways


def _time_tasks(run: Run, tasks: Sequence[int]) -> _Worked:
    began = time.perf_counter()
    run(countdown, tasks)
    return _Worked(time.perf_counter() - began)


def _label(way: _Way, steps: int) -> str:
    return f"{' by '.join(filter(None, way))}, tasks of {steps:,} steps"


def _label_start(method: str) -> str:
    return f"starting by {method}"


def _make_rows(
    taken: Samples[_Outcome], ways: Sequence[_Way], lengths: Sequence[int], facts: dict[str, object]
) -> list[dict[str, object]]:
    by_label = {_label(way, steps): (way, steps) for way in ways for steps in lengths}
    starts = {
        (sample.variant, sample.round): sample.timing
        for sample in taken.samples
        if isinstance(sample.timing, Start)
    }
    rows = []
    for sample in taken.samples:
        if sample.variant not in by_label:
            continue
        (runner, method), steps = by_label[sample.variant]
        start = starts.get((_label_start(method), sample.round), Start(0.0, 0.0))
        rows.append(
            facts
            | {
                "runner": runner,
                "start_method": method,
                "steps": steps,
                "round": sample.round,
                "rounds": taken.samples[-1].round,
                "position": sample.position,
                "start_up_seconds": start.start_up,
                "seconds": sample.timing.work,
                "tear_down_seconds": start.tear_down,
            }
        )
    return rows
