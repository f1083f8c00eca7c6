"""Who runs which task of a `Pool.map` when: the tasks, what they tell, and their Gantt chart."""

import time
from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from gil_demo import checks, words
from gil_demo.drawing.parts import LANE, MOST_BARS, draw_lane, finish, make_plot, write
from gil_demo.drawing.style import INK, PAPER, Chart, clean_axes, get_look
from gil_demo.measuring.machine import read_usage, tell_shares
from gil_demo.measuring.runs import collect_facts
from gil_demo.running.pools import HeldPool, check_start_method, pool_held, run_in_pool, wait_for
from gil_demo.running.workloads import CallCounter, countdown
from gil_demo.tables.schema import Column, check_rows, list_rows, make_schema, make_table, name_run

MOST_TASKS = 1_000_000
_MOMENTS = ["ready_seconds", "done_seconds", "gone_seconds"]
_CLOCK = ["ready_seconds", "start_seconds", "end_seconds", "done_seconds", "gone_seconds"]


def _check_tasks(table: pd.DataFrame, place: str) -> None:
    check_sizes(table, place)
    for run_id, run in table.groupby("run_id", sort=False):
        where = f"{place}, {name_run(run_id)}"
        if (run["worker"] > run["workers"]).any():
            raise checks.ResultsError(f"{where} names a worker beyond its {run['workers'].iloc[0]}")
        wanted = int(run["tasks"].iloc[0])
        if sorted(run["task"]) != list(range(1, wanted + 1)):
            raise checks.ResultsError(
                f"{where} is not whole: it has {len(run)} rows for {wanted} tasks"
            )
    for earlier, later in pairwise(_CLOCK):
        check_rows(table[later] < table[earlier], place, f"{later} is before {earlier}")
    is_timeless = table["done_seconds"] <= table["ready_seconds"]
    check_rows(is_timeless, place, "the map took no time at all, which none does")


def check_sizes(table: pd.DataFrame, place: str) -> None:
    """Refuse sizes that no run has, and that would take for ever to sum up."""
    for name, most in (("workers", 10_000), ("tasks", MOST_TASKS)):
        if (table[name] > most).any():
            raise checks.ResultsError(
                f"{place}: {name} must be at most {most:,}, not {table[name].max()}"
            )


TASKS = make_schema(
    "tasks of a map",
    ("map",),
    {"workers": Column("whole"), "start_method": Column("text")}
    | dict.fromkeys(("chunksize", "tasks", "task", "steps", "worker"), Column("whole"))
    | dict.fromkeys(_CLOCK, Column("seconds")),
    _check_tasks,
    alike=("workers", "start_method", "chunksize", "tasks", *_MOMENTS),
)
"""A row for each task of a `Pool.map`; the clock begins when the pool is asked for. The pool is
ready, has all answers (done) and is gone at the same moments in all rows."""


def map_tasks(
    counts: Sequence[int], *, workers: int = 2, start_method: str | None = None, chunksize: int = 1
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
        seconds since the pool was asked for.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    tasks = [checks.check_count(count) for count in checks.check_sequence("counts", counts)]
    workers = checks.check_workers(workers)
    chunksize = checks.check_whole_number("chunksize", chunksize, 1, checks.MOST_STEPS)
    method = check_start_method(start_method)
    facts = collect_facts("map") | {"workers": workers, "start_method": method}
    facts |= {"chunksize": chunksize, "tasks": len(tasks)}
    usage, asked = read_usage(), time.perf_counter()
    with pool_held(workers, method) as held:
        ready = time.perf_counter()
        spans = run_in_pool(held, chunksize, countdown, tasks)
        done = time.perf_counter()
    moments = zip(_MOMENTS, (ready, done, time.perf_counter()), strict=True)
    facts |= {name: moment - asked for name, moment in moments} | tell_shares(usage)
    rows = [
        facts
        | {"task": span.task + 1, "steps": tasks[span.task], "worker": span.worker + 1}
        | {"start_seconds": span.start - asked, "end_seconds": span.end - asked}
        for span in spans
    ]
    return make_table(rows, TASKS)


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
    tasks = checks.check_whole_number("tasks", tasks, 1, MOST_TASKS)
    with pool_held(workers, start_method) as held:
        return find_largest_chunk(held, tasks)


def find_largest_chunk(held: HeldPool, tasks: int) -> int:
    answer = held.take_pool().map_async(CallCounter(), range(tasks))
    wait_for(answer, held.crew, range(tasks))
    return int(max(answer.get()))


def summarise_map(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one map: a row for each worker, those that got no task included."""
    first, ordered = table.iloc[0], table.sort_values(["start_seconds", "end_seconds"])
    starts, ends = ordered["start_seconds"], ordered["end_seconds"]
    gaps = starts - ends.groupby(ordered["worker"]).shift()
    by_worker = ordered.assign(busy_seconds=ends - starts, gap=gaps).groupby("worker")
    summary = by_worker[["steps", "busy_seconds"]].sum().astype({"steps": "int64"})
    summary.insert(0, "tasks", by_worker.size())
    every = pd.RangeIndex(1, int(first["workers"]) + 1, name="worker")
    summary = summary.reindex(every, fill_value=0).reset_index()
    summary["gap_seconds"] = by_worker["gap"].median().reindex(every).to_numpy()
    # of the time from the pool being ready until it had all answers
    share = summary["busy_seconds"] / float(first["done_seconds"] - first["ready_seconds"])
    summary.insert(4, "busy_share", share)
    return summary


def count_most_at_once(table: pd.DataFrame) -> int:
    """Count how many tasks ran at once, at most; one may end as another begins."""
    starts = pd.DataFrame({"at": table["start_seconds"], "change": 1})
    ends = pd.DataFrame({"at": table["end_seconds"], "change": -1})
    steps = pd.concat([starts, ends]).sort_values(["at", "change"], kind="stable")
    return max(1, int(steps["change"].cumsum().max()))  # tasks may be of no length


def judge_map(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Tell what is to mind, the parts of a map, what each worker did, and how many ran at once."""
    ready, done, gone = table[_MOMENTS].iloc[0]
    start_up, work, tear_down = map(words.state_seconds, (ready, done - ready, gone - done))
    lines = words.reserve(table, words.find_busy_reservations(table.iloc[0], len(summary)))
    lines.append(f"Start-up took {start_up}, the work {work}, tear-down {tear_down}.")
    for row in list_rows(summary):
        tasks = words.count_in_words(row.tasks, "task") if row.tasks else "no task"
        busy = f", busy for {words.state_share(row.busy_share)} of the time" if row.tasks else ""
        lines.append(f"Worker {row.worker}: {tasks}{busy}.")
    most = count_most_at_once(table)
    at_once = words.count_in_words(most, "task was", "tasks were")
    return "\n".join([*lines, f"At most {at_once} under way at the same time."])


def _title_map(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    crew = words.count_in_words(len(summary), "worker")
    title = f"{words.count_in_words(len(table), 'task')} on {crew}"
    fewest, most = int(summary["tasks"].min()), int(summary["tasks"].max())
    busy = f"busy for {words.state_share(summary['busy_share'].mean())} of the time"
    if not fewest:
        unused = words.count_in_words(sum(summary["tasks"] == 0), "worker")
        return words.head(f"{title}: {unused} had nothing to do", table)
    if len(summary) == 1:
        return words.head(f"{title}, {busy}", table)
    span = f"from {words.state_number(fewest)} to " if fewest != most else ""
    return words.head(f"{title}: {span}{words.state_number(most)} each, workers {busy}", table)


def describe_open_pool(table: pd.DataFrame, what: str) -> str:
    """Say in one line where something was measured in a pool that had been open before."""
    first = table.iloc[0]
    crew = f"{words.count_in_run(table, 'worker')} by {first['start_method']}"
    return f"{words.describe_computer(first)}, {crew}, already started; {what}"


_MOST_LANES_IN_FULL = 24


def draw_gantt(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw who ran which task of a map when: a lane a worker, a bar a task.

    Start-up and tear-down are shaded. Where there are more tasks than can be told apart, the axis
    says that each point in time is as dark as the worker was busy.
    """
    lanes = len(summary)
    height = 1.95 + min(0.55 * lanes, 8.0)
    chart, axes = make_plot(12, height, left=0.095, right=0.975, above=0.95, below=1.0)
    ready, done, gone = table[_MOMENTS].iloc[0]
    window, is_binned = (0.0, gone), len(table) > MOST_BARS
    for worker in sorted(set(table["worker"])):
        bars = table[table["worker"] == worker]
        draw_lane(axes, worker, bars, get_look("processes").colour, window, is_binned)
        if not is_binned and lanes <= _MOST_LANES_IN_FULL:  # thinner lanes have no room for them
            _number_bars(axes, bars, gone)
    for name, start, end in (("start-up", 0, ready), ("tear-down", done, gone)):
        axes.axvspan(1000 * start, 1000 * end, color="#e9e4d8", linewidth=0, zorder=0)
        at, side = (0, "left") if name == "start-up" else (1000 * end, "right")
        write(axes, name, (at, 1), (0, 4), xycoords=("data", "axes fraction"), ha=side)
    _name_lanes(axes, lanes)
    axes.set_xlim(0, gone * 1000)
    label = "milliseconds since the pool was asked for; a bar is a task"
    if is_binned:
        label = "milliseconds; too many tasks to draw each: the darker, the busier the worker"
    axes.set_xlabel(label, size=12, color=INK)
    steps = words.count_in_words(int(table["steps"].sum()), "step")
    cut = f"{steps}, chunksize {table['chunksize'].iloc[0]:,}"
    conditions = words.describe_conditions(table, f"one run of {cut}")
    state = words.state_seconds
    each = "; ".join(
        f"worker {row.worker} ran {row.tasks:,} in {state(row.busy_seconds)}"
        for row in list_rows(summary)
    )
    told = (
        f"Tasks: {each}. The pool: ready after {state(ready)}, all answers after {state(done)}, "
        f"gone after {state(gone)}."
    )
    return finish(chart, _title_map(table, summary), conditions, told)


def _number_bars(axes: Axes, bars: pd.DataFrame, end: float) -> None:
    """Write the task's number into each bar that has room for it."""
    for bar in list_rows(bars):
        room = max(0.02, 0.013 * len(str(bar.task))) * end
        if bar.end_seconds - bar.start_seconds > room:
            axes.text(
                500 * (bar.start_seconds + bar.end_seconds), bar.worker, f"{bar.task}",
                ha="center", va="center", color=PAPER, size=12, weight="bold", clip_on=True,
            )  # fmt: skip


def _name_lanes(axes: Axes, lanes: int) -> None:
    axes.set_ylim(lanes + 0.5 + (1 - LANE) / 2, 0.5 - (1 - LANE) / 2)
    if lanes <= _MOST_LANES_IN_FULL:
        axes.set_yticks(range(1, lanes + 1))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"Worker {value:.0f}"))
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)
