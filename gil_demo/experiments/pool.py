"""Ask what happens inside a pool: who runs which task, and how best to cut up the work."""

import time
from collections.abc import Sequence
from functools import partial
from multiprocessing.pool import Pool
from typing import NamedTuple

import pandas as pd

from gil_demo.arguments import (
    MOST_STEPS,
    check_count,
    check_sequence,
    check_unlike,
    check_whole_number,
    check_workers,
)
from gil_demo.columns import LISTS, TASKS
from gil_demo.columns.pool import MOST_TASKS
from gil_demo.lifetimes import HeldPool, check_start_method, pool_held
from gil_demo.measurements import collect_facts
from gil_demo.pools import run_in_pool, wait_for
from gil_demo.sampling import check_budget, take_samples
from gil_demo.schemas import make_table
from gil_demo.workloads import CUTS, CallCounter, compute_default_chunksize, countdown

DEFAULT_COUNT = 4_000_000
DEFAULT_TASKS = 2_000


def map_tasks(
    counts: Sequence[int],
    *,
    workers: int = 2,
    start_method: str | None = None,
    chunksize: int = 1,
) -> pd.DataFrame:
    """Count down in a `Pool.map` over a list of tasks, and note who ran which of them when.

    Args:
        counts: the steps of each task, in the order of the list; at most a million tasks.
        workers: how many processes.
        start_method: how they are started; None means the platform's default.
        chunksize: how many tasks a worker is handed at once.

    Returns:
        A row for each task: the worker (numbered from 1 in the order of their first tasks) that
        ran it, its start and end, and when the pool was ready, had all answers and was gone, in
        seconds since the pool was asked for. The columns are in `gil_demo.columns.TASKS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    tasks = _check_counts(counts)
    check_workers(workers)
    check_whole_number("chunksize", chunksize, 1, MOST_STEPS)
    method = check_start_method(start_method)
    facts = collect_facts("map") | {
        "workers": workers,
        "start_method": method,
        "chunksize": chunksize,
        "tasks": len(tasks),
    }
    asked = time.perf_counter()
    with pool_held(workers, method) as held:
        ready = time.perf_counter()
        spans = run_in_pool(held, chunksize, countdown, tasks)
        done = time.perf_counter()
    moments = {"ready_seconds": ready, "done_seconds": done, "gone_seconds": time.perf_counter()}
    facts |= {name: moment - asked for name, moment in moments.items()}
    rows = [
        facts
        | {
            "task": span.task + 1,
            "steps": tasks[span.task],
            "worker": span.worker + 1,
            "start_seconds": span.start - asked,
            "end_seconds": span.end - asked,
        }
        for span in spans
    ]
    return make_table(rows, TASKS)


def _check_counts(counts: object) -> list[int]:
    tasks = [check_count(count) for count in check_sequence("counts", counts)]
    check_whole_number("the number of counts", len(tasks), 1, MOST_TASKS)
    return tasks


def observe_chunksize(tasks: int, workers: int = 2, start_method: str | None = None) -> int:
    """Find out by trying how many tasks `Pool.map` hands to a worker at once.

    Args:
        tasks: length of the list.
        workers: processes of the pool.
        start_method: how they are started; None means the platform's default.

    Returns:
        The size of the largest chunk.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    check_whole_number("tasks", tasks, 1, MOST_TASKS)
    with pool_held(workers, start_method) as held:
        return _observe(held, tasks)


def _observe(held: HeldPool, tasks: int) -> int:
    pool: Pool = held.take_pool()
    answer = pool.map_async(CallCounter(), range(tasks))
    wait_for(answer, held.crew, range(tasks))
    return int(max(answer.get()))


class _Round(NamedTuple):
    """What one map took: `work` is its seconds, `busy` those of its tasks added up."""

    work: float
    busy: float


class _Variant(NamedTuple):
    """One way of cutting the work."""

    work: str
    tasks: int
    chunksize: int


def sweep_list_length(
    lengths: Sequence[int] | None = None,
    *,
    workers: int = 2,
    count: int = DEFAULT_COUNT,
    start_method: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Cut the same countdown into ever more tasks, and see how busy that keeps the workers.

    Args:
        lengths: numbers of tasks, each once; None means 1 to four for each worker, plus one. As
            many as there are workers is always measured, since the others are held against it.
        workers: how many processes, kept open throughout.
        count: steps of the whole countdown, whatever the number of tasks.
        start_method: how they are started; None means the platform's default.
        budget: seconds after which to stop; None means the default of `gil_demo.sampling`.

    Returns:
        A table of rounds, with a chunksize of 1 throughout; the columns and types are in
        `gil_demo.columns.LISTS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    check_whole_number("count", count, check_workers(workers), MOST_STEPS)
    usual = range(1, min(count, 4 * workers + 1) + 1)
    chosen = _check_sizes("lengths", usual if lengths is None else lengths, min(count, MOST_TASKS))
    variants = [_Variant("even", length, 1) for length in sorted({*chosen, workers})]
    baseline = _Variant("even", workers, 1)
    return _sweep("lengths", variants, baseline, workers, count, start_method, budget)


def sweep_chunksize(
    chunksizes: Sequence[int] | None = None,
    *,
    workers: int = 2,
    tasks: int = DEFAULT_TASKS,
    count: int = DEFAULT_COUNT,
    start_method: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Hand out the same list in chunks of different sizes, with even tasks and with uneven ones.

    Args:
        chunksizes: tasks that a worker is handed at once, each size once; None means 1, a few,
            and one chunk for each worker. The pool's own size is always measured, since the
            others are held against it.
        workers: how many processes, kept open throughout.
        tasks: length of the list, at least one task for each worker.
        count: steps of the whole countdown.
        start_method: how they are started; None means the platform's default.
        budget: seconds after which to stop; None means the default of `gil_demo.sampling`.

    Returns:
        A table of rounds; `default_chunksize` is the size that the pool took when it was left to
        itself. The columns and types are in `gil_demo.columns.LISTS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    check_workers(workers)
    check_whole_number("tasks", tasks, workers, min(MOST_TASKS, check_count(count)))
    own = compute_default_chunksize(tasks, workers)
    usual = {size for size in (1, 5, 25, own, -(-tasks // workers)) if size <= tasks}
    chosen = _check_sizes("chunksizes", sorted(usual) if chunksizes is None else chunksizes, tasks)
    variants = [_Variant(work, tasks, size) for work in CUTS for size in sorted({*chosen, own})]
    baseline = _Variant("even", tasks, own)
    return _sweep("chunks", variants, baseline, workers, count, start_method, budget)


def _check_sizes(name: str, sizes: object, most: int) -> list[int]:
    return check_unlike(name, sizes, lambda _, size: check_whole_number(name, size, 1, most))


def _sweep(
    experiment: str,
    variants: Sequence[_Variant],
    baseline: _Variant,
    workers: int,
    count: int,
    start_method: str | None,
    budget: float | None,
) -> pd.DataFrame:
    seconds = check_budget(budget)
    method = check_start_method(start_method)
    facts = collect_facts(experiment) | {"workers": workers, "start_method": method, "count": count}
    by_label = {f"{one.work}, {one.tasks} by {one.chunksize}": one for one in variants}
    with pool_held(workers, method) as held:
        own = {tasks: _observe(held, tasks) for tasks in {one.tasks for one in variants}}
        taken = take_samples(
            {label: partial(_time_map, held, one, count) for label, one in by_label.items()},
            baseline=next(label for label, one in by_label.items() if one == baseline),
            budget=seconds,
        )
    rows = [
        facts
        | by_label[sample.variant]._asdict()
        | {
            "default_chunksize": own[by_label[sample.variant].tasks],
            "round": sample.round,
            "rounds": taken.samples[-1].round,
            "position": sample.position,
            "seconds": sample.timing.work,
            "busy_seconds": sample.timing.busy,
        }
        for sample in taken.samples
    ]
    return make_table(rows, LISTS)


def _time_map(held: HeldPool, variant: _Variant, count: int) -> _Round:
    tasks = CUTS[variant.work](count, variant.tasks)
    started = time.perf_counter()
    spans = run_in_pool(held, variant.chunksize, countdown, tasks)
    elapsed = time.perf_counter() - started
    return _Round(elapsed, sum(span.end - span.start for span in spans))
