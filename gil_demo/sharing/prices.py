"""What an update costs in each way to share a counter, among threads and among processes."""

import math
import multiprocessing
import queue
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from multiprocessing.managers import SyncManager
from multiprocessing.util import get_temp_dir
from operator import call
from typing import Any, NamedTuple

import pandas as pd

from gil_demo import words
from gil_demo.checks import GilDemoError, state_failure
from gil_demo.drawing import parts
from gil_demo.drawing.style import SOFT_INK, Chart, get_look
from gil_demo.measuring.rounds import Sample, check_budget, make_rows, take_samples
from gil_demo.measuring.runs import collect_facts, time_start
from gil_demo.running.interrupts import held_back
from gil_demo.running.pools import HeldPool, check_start_method, pool_held, run_in_pool
from gil_demo.running.runners import threads
from gil_demo.running.spans import Run
from gil_demo.running.workers import follow_parent
from gil_demo.sharing import counters, updates
from gil_demo.sharing.updates import UPDATES, WORKERS, state_lost
from gil_demo.tables.schema import list_rows, make_table

COUNTS: Mapping[tuple[str, str], int] = {  # updates of each worker, so that none takes long
    ("threads", updates.OWN): 100_000,
    ("threads", updates.PLAIN): 100_000,
    ("threads", updates.LOCKED): 40_000,
    ("threads", updates.QUEUE): 4_000,
    ("processes", updates.OWN): 200_000,
    ("processes", updates.RAW): 100_000,
    ("processes", updates.VALUE): 4_000,
    ("processes", updates.MANAGER): 50,
}


class _Count(NamedTuple):
    expected: int
    found: int
    seconds: float

    @property
    def work(self) -> float:
        return self.seconds / self.expected


def compare_sharing(
    *, start_method: str | None = None, budget: float | None = None
) -> pd.DataFrame:
    """Let two threads, then two processes, raise a counter in each of several ways.

    Args:
        start_method: how the processes are started; None means the platform's default.
        budget: seconds after which to stop; None means those of `measuring.rounds`.

    Returns:
        A row for each way and round, with the updates expected and found, and the seconds; the
        columns and types are in `UPDATES`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    method = check_start_method(start_method)
    seconds = check_budget(budget)
    # a manager can't say what it lacks here: a pool does, and readies the helpers of both
    time_start(1, method)
    facts = collect_facts("prices") | {"workers": WORKERS}
    with (
        _shared_held(method) as shared,
        threads(WORKERS) as run,
        pool_held(WORKERS, method, partial(counters.share, shared)) as held,
    ):
        timed = {key: partial(_count, key, shared, run, held) for key in COUNTS}
        taken = take_samples(timed, ("threads", updates.PLAIN), budget=seconds, name=", ".join)

    def describe(one: Sample[_Count]) -> dict[str, object]:
        runner, way = one.variant
        started = method if runner == "processes" else ""
        told = {"runner": runner, "way": way, "start_method": started} | one.timing._asdict()
        return told | {"switch_interval": updates.DEFAULT}

    return make_table(make_rows(taken, facts, describe), UPDATES)


@contextmanager
def _shared_held(method: str) -> Iterator[dict[str, Any]]:
    """Hold what two processes can share a counter in, by way: a box, and the lock to take.

    There they meet, too, since a quick worker could take both tasks.
    """
    context = multiprocessing.get_context(method)
    get_temp_dir()  # of this process: one of the manager's own would stay if that is killed
    manager = SyncManager(ctx=context)
    try:
        with held_back():
            manager.start(follow_parent)  # else it would outlive a parent that is killed
        value = context.Value("q", 0)
        yield {
            "meeting": context.Barrier(WORKERS),
            updates.RAW: (context.Value("q", 0, lock=False), None),
            updates.VALUE: (value, value.get_lock()),
            updates.MANAGER: (manager.Value("q", 0), manager.Lock()),
        }
    except (OSError, EOFError) as reason:
        told = state_failure(reason)
        raise GilDemoError(f"what processes share could not be had, or is gone ({told})") from None
    finally:
        with held_back():
            getattr(manager, "shutdown", int)()  # which it has once it was started


def _count(key: tuple[str, str], shared: dict[str, Any], run: Run, held: HeldPool) -> _Count:
    """Raise a counter in one way, with both workers at once."""
    runner, way = key
    times, box, line = COUNTS[key], counters.Box(), queue.Queue[int]()
    tasks: list[Callable[[], object]]
    if way == updates.OWN:
        tasks = [partial(counters.count_alone, times)] * WORKERS
    elif way == updates.QUEUE:
        tasks = [partial(counters.put_each, line, times)] * WORKERS
        tasks.append(partial(counters.add_up, line, WORKERS))
    elif runner == "threads":
        lock = box.lock if way == updates.LOCKED else None
        tasks = [partial(counters.add, box, lock, times)] * WORKERS
    else:
        box = shared[way][0]
        box.value = 0
        tasks = [partial(counters.add_shared, way, times)] * WORKERS
    together = partial(run_in_pool, held, 1, counters.call_together)
    spans = run(call, tasks) if runner == "threads" else together(tasks)
    seconds = max(one.end for one in spans) - min(one.start for one in spans)
    answers = sum(one.answer or 0 for one in spans)
    return _Count(WORKERS * times, answers or int(box.value), seconds)


def judge_prices(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say what an update costs in each way, and whether any were lost."""
    lines = words.reserve(table, words.find_busy_reservations(table.iloc[0], WORKERS))
    for runner, own in summary.groupby("runner", sort=False):
        crew = words.name_workers(str(runner), WORKERS)
        lines.append(f"For each update, by {crew} at the same time:")
        for row in list_rows(own):
            price = words.state_range(row.each_seconds, row.each_low, row.each_high)
            lines.append(f"  {row.way}: {price}{_compare(row)}; {_judge_lost(row)}.")
    return words.tell(table, lines, words.explain_ratios(lines))


def _compare(row: Any) -> str:
    if row.way == updates.OWN or math.isnan(row.times_low):
        return ""
    if not words.is_clear(row.times_low, row.times_high):
        return f", {words.compare_ratio(row.times_low, row.times_high, updates.OWN)}"
    times = words.state_times(row.times, row.times_low, row.times_high, words.state_factor)
    return f", {times} that of {updates.OWN}"


def _judge_lost(row: Any) -> str:
    is_luck = row.way in (updates.PLAIN, updates.RAW) and not row.lost
    end = f" ({updates.UNSEEN})" if is_luck else ""
    return f"{state_lost(row)} of {row.expected:,.0f} lost{end}"


def _title(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    if withheld := words.withhold_title(table):
        return withheld
    guarded = summary[summary["way"].isin([updates.LOCKED, updates.VALUE, updates.MANAGER])]
    rows = list_rows(summary if guarded.empty else guarded)
    told = [f"{row.way} {words.state_seconds(row.each_seconds)}" for row in rows]
    return words.head(f"an update: {', '.join(told)}", table)


def draw_prices(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw what an update costs in each way: a mark for each round, and the median."""
    rows = list_rows(summary)
    chart, axes = parts.make_plot(
        11, 1.75 + 0.55 * len(rows), left=0.31, right=0.93, above=0.7, below=1.0
    )
    prices = table["seconds"] / table["expected"].astype(float)
    for place, row in enumerate(rows):
        look = get_look(row.runner)
        own = prices[(table["runner"] == row.runner) & (table["way"] == row.way)]
        parts.draw_cloud(axes, own, place + 0.3, look.marker, reach=0.07)
        parts.draw_interval(axes, row.each_low, row.each_high, place, look.colour, 6)
        parts.draw_mark(axes, row.each_seconds, place, look)
        lost = f"; {state_lost(row)} lost" if row.lost else ""
        told = f"{words.state_seconds(row.each_seconds)}{lost}"
        parts.write(axes, told, (max(own), place), (9, 0), SOFT_INK, 12, va="center")
    parts.name_values(
        axes, "time of an update, two workers at the same time (each step: ten times as long)", 6
    )
    parts.widen(axes, 3, words.state_seconds)
    parts.name_rows(axes, [f"{row.runner}: {row.way}" for row in rows])
    each = "; ".join(
        f"{row.runner}, {row.way}: {1e6 * row.each_seconds:.2f} µs, {row.lost:,.0f} lost"
        for row in rows
    )
    rounds = words.count_in_run(table, "round")
    conditions = words.describe_conditions(table, f"two workers, {rounds} of each")
    return parts.finish(chart, _title(table, summary), conditions, f"Medians: {each}.")
