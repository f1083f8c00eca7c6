"""How a workload is measured in several ways and tabulated, with the facts of the machine."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.arguments import check_choice, check_unlike
from gil_demo.columns import MACHINE, RUNS
from gil_demo.errors import RunnerUnavailable
from gil_demo.lifetimes import check_start_method
from gil_demo.machine import describe_machine, get_date, measure_busy_percent
from gil_demo.pools import processes
from gil_demo.results import BASELINE
from gil_demo.runners import RUNNERS, find_reason
from gil_demo.sampling import Samples, Timing, check_budget, check_precision, take_samples
from gil_demo.schemas import make_table
from gil_demo.spans import Run, Runner
from gil_demo.workloads import split


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
        The tidy table: a row for each timed run, with the columns of `gil_demo.columns.RUNS`.

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
        The run's new id, the experiment and the columns of `gil_demo.columns.MACHINE`.
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
    runner: Runner = RUNNERS[name]
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
