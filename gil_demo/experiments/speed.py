"""Ask which is faster: one thread, several threads or several processes."""

import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd

from gil_demo.arguments import check_choice, check_count, check_sequence, check_workers
from gil_demo.columns import COLUMNS, make_table
from gil_demo.machine import describe_machine, get_date, measure_busy_percent
from gil_demo.pools import check_start_method, processes
from gil_demo.results import BASELINE
from gil_demo.runners import RUNNERS
from gil_demo.sampling import Samples, Timing, check_budget, check_precision, take_samples
from gil_demo.spans import Runner
from gil_demo.workloads import countdown, split

DEFAULT_COUNT = 4_000_000


def compare(
    runners: Sequence[str] = ("sequential", "threads", "processes"),
    *,
    workers: int = 2,
    count: int = DEFAULT_COUNT,
    start_method: str | None = None,
    precision: float | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run the same countdown in several ways, in turn, until the answer is sharp.

    The countdown is cut into one part a worker. The sequential run, which does the parts one
    after another, is always measured, since the others are held against it.

    Args:
        runners: which ways, by name: sequential, threads, processes.
        workers: how many threads or processes.
        count: steps of the whole countdown.
        start_method: how processes are started; None means the platform's default.
        precision: half the width of the 95 % interval, as a part of the ratio, at which to stop;
            None means the default of `gil_demo.sampling`.
        budget: seconds after which to stop in any case; None means the default likewise.

    Returns:
        The tidy table: a row for each timed run; the columns and their types are in
        `gil_demo.columns.COLUMNS`, with the unit in the name.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    names = _check_runners(runners)
    variants = {(BASELINE, 1): workers} | {
        (name, check_workers(workers)): workers for name in names if name != BASELINE
    }
    return _measure("compare", variants, count, start_method, precision, budget)


def scale(
    workers: Sequence[int] = (1, 2, 4),
    *,
    runners: Sequence[str] = ("threads", "processes"),
    count: int = DEFAULT_COUNT,
    start_method: str | None = None,
    precision: float | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run the same countdown with more and more workers.

    Args:
        workers: how many threads or processes, each number once.
        runners: which ways, by name; the sequential run is always measured.
        count: steps of the whole countdown, whatever the number of workers.
        start_method: as for `compare`.
        precision: as for `compare`.
        budget: as for `compare`.

    Returns:
        The tidy table, as for `compare`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    names = _check_runners(runners)
    numbers = [check_workers(number) for number in check_sequence("workers", workers)]
    _check_unlike("workers", numbers)
    variants = {(BASELINE, 1): max(numbers)} | {
        (name, number): number for name in names if name != BASELINE for number in numbers
    }
    return _measure("scale", variants, count, start_method, precision, budget)


def _check_runners(runners: object) -> list[str]:
    names = [
        check_choice("runner", name, list(RUNNERS)) for name in check_sequence("runners", runners)
    ]
    _check_unlike("runners", names)
    return names


def _check_unlike(name: str, values: Sequence[object]) -> None:
    if len(set(values)) < len(values):
        raise ValueError(f"{name} must each be there once, not as in {values!r}")


def _measure(
    experiment: str,
    variants: dict[tuple[str, int], int],
    count: int,
    start_method: str | None,
    precision: float | None,
    budget: float | None,
) -> pd.DataFrame:
    """Measure variants (runner and workers, with their number of tasks) and tabulate them."""
    check_count(count)
    check_precision(precision)
    check_budget(budget)
    method = check_start_method(start_method)
    busy_percent = measure_busy_percent()
    samples = take_samples(
        {
            _label(*variant): _prepare(*variant, split(count, tasks), method)
            for variant, tasks in variants.items()
        },
        baseline=_label(BASELINE, 1),
        precision=precision,
        budget=budget,
    )
    facts: dict[str, object] = {
        "experiment": experiment,
        "count": count,
        "busy_percent": round(busy_percent, 1),
        "run_id": uuid.uuid4().hex[:12],
        "measured_on": get_date(),
        "recorded_on": "",
    }
    facts |= {
        name: value for name, value in describe_machine()._asdict().items() if name in COLUMNS
    }
    return make_table(_make_rows(samples, variants, method, facts))


def _label(runner: str, workers: int) -> str:
    return f"{runner}, {workers} worker{'s' * (workers > 1)}"


def _prepare(
    runner: str, workers: int, tasks: Sequence[int], start_method: str
) -> Callable[[], Timing]:
    make: Runner = RUNNERS[runner]
    if make is processes:
        make = partial(processes, start_method=start_method)
    return partial(time_run, make, workers, countdown, tasks)


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


def _make_rows(
    samples: Samples,
    variants: dict[tuple[str, int], int],
    start_method: str,
    facts: dict[str, object],
) -> list[dict[str, object]]:
    by_label = {_label(*variant): (variant, tasks) for variant, tasks in variants.items()}
    rows = []
    for sample in samples.samples:
        (runner, workers), tasks = by_label[sample.variant]
        rows.append(
            facts
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
