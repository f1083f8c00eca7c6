"""The columns of what happens inside a pool: tasks, rounds of a map, answers."""

import math
import time
from collections.abc import Sequence
from itertools import pairwise
from multiprocessing.pool import Pool
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from gil_demo.checks import (
    MOST_STEPS,
    ResultsError,
    check_count,
    check_sequence,
    check_whole_number,
    check_workers,
)
from gil_demo.drawing.lanes import LANE, MOST_BARS, draw_lane
from gil_demo.drawing.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    clean_axes,
    get_look,
    make_chart,
    write_heading,
)
from gil_demo.measuring.runs import collect_facts
from gil_demo.running.pools import HeldPool, check_start_method, pool_held, run_in_pool, wait_for
from gil_demo.running.workloads import CallCounter, countdown
from gil_demo.tables.schema import (
    MACHINE,
    Column,
    Schema,
    check_one_run,
    check_same_facts,
    list_rows,
    make_table,
    name_run,
)
from gil_demo.words import (
    count_in_words,
    describe_computer,
    head,
    state_number,
    state_seconds,
    state_share,
)

MOST_WORKERS = 10_000

MOST_TASKS = 1_000_000

_VARYING_TASKS = ["task", "steps", "worker", "start_seconds", "end_seconds"]


def _check_tasks(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        where = f"{place}, {name_run(run_id)}"
        check_same_facts(run, where, [name for name in TASKS.columns if name not in _VARYING_TASKS])
        _check_limits(run, where)
        if (run["worker"] > run["workers"]).any():
            raise ResultsError(f"{where} names a worker beyond its {run['workers'].iloc[0]}")
        wanted = int(run["tasks"].iloc[0])
        if len(run) != wanted or run["task"].nunique() != wanted or run["task"].max() > wanted:
            raise ResultsError(f"{where} is not whole: it has {len(run)} rows for {wanted} tasks")
    clock = ["ready_seconds", "start_seconds", "end_seconds", "done_seconds", "gone_seconds"]
    for earlier, later in pairwise(clock):
        backwards = (table[later] < table[earlier]).to_numpy()
        if backwards.any():
            raise ResultsError(
                f"{place}, row {backwards.argmax() + 1}: {later} is before {earlier}"
            )


def _check_limits(table: pd.DataFrame, place: str) -> None:
    """Refuse sizes that no run has, and that would take for ever to sum up."""
    for name, most in (("workers", MOST_WORKERS), ("tasks", MOST_TASKS)):
        if (table[name] > most).any():
            raise ResultsError(f"{place}: {name} must be at most {most:,}, not {table[name].max()}")


TASKS = Schema(
    "tasks of a map",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("map",)),
        "workers": Column("whole"),
        "start_method": Column("text"),
        "chunksize": Column("whole"),
        "tasks": Column("whole"),
        "task": Column("whole"),
        "steps": Column("whole"),
        "worker": Column("whole"),
        "ready_seconds": Column("seconds"),
        "start_seconds": Column("seconds"),
        "end_seconds": Column("seconds"),
        "done_seconds": Column("seconds"),
        "gone_seconds": Column("seconds"),
    }
    | MACHINE,
    _check_tasks,
)
"""A row for each task of a `Pool.map`; the clock begins when the pool is asked for. The pool is
ready, has all answers (done) and is gone at the same moments in all rows."""


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
        seconds since the pool was asked for. The columns are in `TASKS`.

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


def summarise_map(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one map: a row for each worker, those that got no task included.

    Args:
        table: a table of one map, as `map_tasks` gives it.

    Returns:
        The columns worker, tasks, steps, busy_seconds (in its tasks), busy_share (of the time
        from the pool being ready until it had all answers), gap_seconds (median time between two
        tasks of the worker; nan with fewer than two).

    Raises:
        ResultsError: the table is not of this kind, or holds several maps.
    """
    check_one_run(table, TASKS)
    first = table.iloc[0]
    window = float(first["done_seconds"] - first["ready_seconds"])
    rows = []
    for worker in range(1, int(first["workers"]) + 1):
        own = table[table["worker"] == worker].sort_values("start_seconds")
        busy = float((own["end_seconds"] - own["start_seconds"]).sum())
        gaps = (own["start_seconds"] - own["end_seconds"].shift()).dropna()
        rows.append(
            {
                "worker": worker,
                "tasks": len(own),
                "steps": int(own["steps"].sum()),
                "busy_seconds": busy,
                "busy_share": busy / window if window else float("nan"),
                "gap_seconds": float(gaps.median()) if len(gaps) else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def count_most_at_once(table: pd.DataFrame) -> int:
    """Count how many tasks of one map ran at the same time, at most.

    Args:
        table: a table of one map, as `map_tasks` gives it.

    Returns:
        The number; a task that ends as another begins does not count as running beside it.
    """
    starts = pd.DataFrame({"at": table["start_seconds"], "change": 1})
    ends = pd.DataFrame({"at": table["end_seconds"], "change": -1})
    steps = pd.concat([starts, ends]).sort_values(["at", "change"], kind="stable")
    return max(1, int(steps["change"].cumsum().max()))  # tasks may be of no length


def judge_map(table: pd.DataFrame) -> str:
    """Say in a few sentences who ran which tasks of a map, and for how long.

    Args:
        table: a table of one map, as `map_tasks` gives it.

    Returns:
        Sentences, one a line: the three parts of the run, each worker, how many at once.

    Raises:
        ResultsError: the table is not of this kind, or holds several maps.
    """
    summary = summarise_map(table)
    first = table.iloc[0]
    ready, done = float(first["ready_seconds"]), float(first["done_seconds"])
    parts = (ready, done - ready, float(first["gone_seconds"]) - done)
    start_up, work, tear_down = (state_seconds(part) for part in parts)
    lines = [f"Start-up took {start_up}, the work {work}, tear-down {tear_down}."]
    for row in list_rows(summary):
        tasks = count_in_words(row.tasks, "task", "tasks") if row.tasks else "no task"
        busy = f", busy for {_state_busy(row.busy_share)} of the work" if row.tasks else ""
        lines.append(f"Worker {row.worker}: {tasks}{busy}.")
    at_once = count_in_words(count_most_at_once(table), "task", "tasks")
    return "\n".join([*lines, f"At most {at_once} ran at the same time."])


def title_map(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding of a map in one line, for the chart's title."""
    workers, tasks = len(summary), int(summary["tasks"].sum())
    used = summary[summary["tasks"] > 0]
    told = count_in_words(tasks, "task", "tasks")
    crew = count_in_words(workers, "worker", "workers")
    if len(used) < workers:
        unused = count_in_words(workers - len(used), "worker", "workers")
        return head(f"{told} on {crew}: {unused} had nothing to do", table)
    fewest, most = int(used["tasks"].min()), int(used["tasks"].max())
    each = f"{state_number(most)} each"
    if fewest != most:
        each = f"from {state_number(fewest)} to {state_number(most)} each"
    busy = _state_busy(float(summary["busy_share"].mean()))
    if workers == 1:
        return head(f"{told} on {crew}, busy for {busy} of the work", table)
    return head(f"{told} on {crew}: {each}, workers busy for {busy} of the work", table)


def _state_busy(share: float) -> str:
    return "an unknown part" if math.isnan(share) else state_share(share)


def describe_map(table: pd.DataFrame) -> str:
    """Say in one line where it was measured and how, for the chart's subtitle."""
    first = table.iloc[0]
    return (
        f"{describe_computer(first)}, processes by {first['start_method']}; one run of "
        f"{int(table['steps'].sum()):,} steps, chunksize {int(first['chunksize']):,}"
    )


_SHADE = "#e9e4d8"

_LEAST_LABEL = 0.02

_LEAST_DIGIT = 0.013

_MOST_LANES_IN_FULL = 24


def draw_gantt(table: pd.DataFrame) -> Chart:
    """Draw who ran which task of a map when: a lane a worker, a bar a task.

    The pool's start-up and tear-down are shaded. Where there are more tasks than can be told
    apart, each point in time is drawn as dark as the part of it in which the worker was at a
    task, and the axis says so.

    Args:
        table: a table of one map, as `map_tasks` gives it.

    Returns:
        A matplotlib Figure whose title states the finding and whose `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several maps.
    """
    summary = summarise_map(table)
    lanes = len(summary)
    height = 1.95 + min(0.55 * lanes, 8.0)
    chart = make_chart(12, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.095, right=0.975, top=1 - 0.95 / height, bottom=1.0 / height)
    gone = float(table["gone_seconds"].iloc[0])
    is_binned = len(table) > MOST_BARS
    for worker in sorted(set(table["worker"])):
        bars = table[table["worker"] == worker]
        draw_lane(
            axes, worker, bars, get_look("processes").colour, (0.0, gone or 1e-6), is_binned
        )  # fmt: skip
        if not is_binned and lanes <= _MOST_LANES_IN_FULL:  # thinner lanes have no room for them
            _number_bars(axes, bars, gone)
    _shade(axes, table.iloc[0], lanes)
    _finish_gantt(axes, lanes, gone, is_binned)
    title, conditions = title_map(table, summary), describe_map(table)
    write_heading(chart, title, conditions)
    chart.description = _describe_map(title, conditions, table.iloc[0], summary)
    return chart


def _number_bars(axes: Axes, bars: pd.DataFrame, end: float) -> None:
    """Write the task's number into each bar that has room for it."""
    for bar in list_rows(bars):
        room = max(_LEAST_LABEL, _LEAST_DIGIT * len(str(bar.task)))
        if bar.end_seconds - bar.start_seconds > room * end:
            axes.text(
                500 * (bar.start_seconds + bar.end_seconds), bar.worker, f"{bar.task}",
                ha="center", va="center", color=PAPER, size=12, weight="bold", clip_on=True,
            )  # fmt: skip


def _shade(axes: Axes, first: Any, lanes: int) -> None:
    """Shade the time in which the pool had no work: before it was ready and after its answers."""
    parts = {
        "start-up": (0.0, float(first["ready_seconds"])),
        "tear-down": (float(first["done_seconds"]), float(first["gone_seconds"])),
    }
    for name, (start, end) in parts.items():
        axes.axvspan(start * 1000, end * 1000, color=_SHADE, linewidth=0, zorder=0)
        is_last = name == "tear-down"
        axes.annotate(
            name, (end * 1000 if is_last else start * 1000, 1),
            xycoords=("data", "axes fraction"), xytext=(0, 4), textcoords="offset points",
            ha="right" if is_last else "left", size=11, color=SOFT_INK,
        )  # fmt: skip
    axes.set_ylim(lanes + 0.5 + (1 - LANE) / 2, 0.5 - (1 - LANE) / 2)


def _finish_gantt(axes: Axes, lanes: int, gone: float, is_binned: bool) -> None:
    if lanes <= _MOST_LANES_IN_FULL:
        axes.set_yticks(range(1, lanes + 1))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"Worker {value:.0f}"))
    axes.set_xlim(0, gone * 1000 or 1e-3)
    label = "milliseconds since the pool was asked for; a bar is a task"
    if is_binned:
        label = "milliseconds; too many tasks to draw each: the darker, the busier the worker"
    axes.set_xlabel(label, size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _describe_map(title: str, conditions: str, first: Any, summary: pd.DataFrame) -> str:
    each = "; ".join(
        f"worker {row.worker} ran {row.tasks:,} in {row.busy_seconds:.3f} s"
        for row in list_rows(summary)
    )
    moments = (
        f"ready after {first['ready_seconds']:.3f} s, all answers after "
        f"{first['done_seconds']:.3f} s, gone after {first['gone_seconds']:.3f} s"
    )
    return f"Chart. {title}. Tasks: {each}. The pool: {moments}. Conditions: {conditions}."
