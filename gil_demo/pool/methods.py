"""What each method of a pool gives, and when: answers to the same list of tasks, one by one."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.pool import AsyncResult, IMapIterator, Pool
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.checks import ResultsError
from gil_demo.drawing.parts import draw_mark, finish, make_plot, name_rows, write
from gil_demo.drawing.style import INK, Chart, clean_axes, get_look
from gil_demo.measuring.runs import collect_facts
from gil_demo.pool.tasks import describe_open_pool
from gil_demo.running import CHECK_SECONDS, pools
from gil_demo.running.interrupts import interrupts_kept
from gil_demo.running.pools import HeldPool
from gil_demo.running.workloads import count_numbered, count_pair
from gil_demo.tables.schema import Column, list_rows, make_schema, make_table, name_run
from gil_demo.words import count_in_words, head, list_in_words, state_number

WORKERS = 2
COUNTS = (3_000_000, *(500_000,) * 5)
"""The steps of each task; a long one first shows most."""

_Answers = Iterator[tuple[int, float]]
_Pairs = Sequence[tuple[int, int]]


def _take_all(waiting: "AsyncResult[Any]", held: HeldPool, pairs: _Pairs) -> _Answers:
    """Wait for all answers, as the method itself does, but no longer than the workers live."""
    pools.wait_for(waiting, held.crew, pairs)
    return iter(waiting.get())


def _follow(waiting: "IMapIterator[Any]", held: HeldPool, pairs: _Pairs) -> _Answers:
    """Take one answer after another, for as long as the workers live."""
    while True:
        try:
            with interrupts_kept():
                answer = waiting.next(CHECK_SECONDS)
            yield answer
        except StopIteration:
            return
        except multiprocessing.TimeoutError:
            pools.check_alive(held.crew, partial(pools.describe_work, pairs))


def _collect(waiting: "list[AsyncResult[Any]]", held: HeldPool, pairs: _Pairs) -> _Answers:
    """Take each answer when it is there, whatever its place in the list."""
    while waiting:
        ready = [one for one in waiting if one.ready()]
        for one in ready:
            waiting.remove(one)
            yield one.get()
        if not ready:
            with interrupts_kept():
                waiting[0].wait(0.001)
            pools.check_alive(held.crew, partial(pools.describe_work, pairs))


class Method(NamedTuple):
    """A method of a pool: what it gives, how its answers are had, and how it is called."""

    gives: str
    take: Callable[[Any, HeldPool, _Pairs], _Answers]
    call: Callable[[Pool, _Pairs], Any]


METHODS = {
    "map": Method(
        "a list, when all tasks are done", _take_all,
        lambda pool, pairs: pool.map_async(count_pair, pairs),
    ),
    "starmap": Method(
        "a list, as map does; the tasks are tuples of arguments", _take_all,
        lambda pool, pairs: pool.starmap_async(count_numbered, pairs),
    ),
    "imap": Method(
        "one answer after another, in the list's order", _follow,
        lambda pool, pairs: pool.imap(count_pair, pairs),
    ),
    "imap_unordered": Method(
        "one answer after another, in the order in which tasks end", _follow,
        lambda pool, pairs: pool.imap_unordered(count_pair, pairs),
    ),
    "apply_async": Method(
        "an object for each task, whose get() waits for the answer", _collect,
        lambda pool, pairs: [pool.apply_async(count_numbered, pair) for pair in pairs],
    ),
}  # fmt: skip


def _check_arrivals(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        tasks = int(run["method"].value_counts().max())
        wanted = list(range(1, tasks + 1))
        for method, answers in run.groupby("method", sort=False):
            if any(sorted(answers[name]) != wanted for name in ("task", "place")):
                raise ResultsError(
                    f"{place}, {name_run(run_id)} is not whole: the tasks of {method} are not "
                    f"those from 1 to {tasks}, each once"
                )


ARRIVALS = make_schema(
    "answers of a pool",
    ("methods",),
    {"method": Column("text", choices=tuple(METHODS))}
    | {"workers": Column("whole"), "start_method": Column("text")}
    | dict.fromkeys(("task", "steps", "place"), Column("whole"))
    | dict.fromkeys(("end_seconds", "arrived_seconds"), Column("seconds")),
    _check_arrivals,
    alike=("workers", "start_method"),
)
"""A row for each answer that a method of a pool gave: which place it came in, when its task had
ended, and when the caller held it. Each method's clock begins with its call."""


def compare_methods(*, start_method: str | None = None) -> pd.DataFrame:
    """Run the same list of tasks through each method of a pool, and note when answers arrive.

    Args:
        start_method: how the two workers are started; None means the platform's default.

    Returns:
        A row for each answer: when its task ended, and when the caller held it and in which place,
        in seconds since the method was called.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    chosen = pools.check_start_method(start_method)
    facts = collect_facts("methods") | {"workers": WORKERS, "start_method": chosen}
    rows: list[dict[str, object]] = []
    with pools.pool_held(WORKERS, chosen) as held:
        list(time_answers("map", held, COUNTS))  # not counted: it wakes the workers and the cores
        for name in METHODS:
            rows += [facts | {"method": name} | row for row in time_answers(name, held, COUNTS)]
    return make_table(rows, ARRIVALS)


def time_answers(name: str, held: HeldPool, counts: Sequence[int]) -> Iterator[dict[str, object]]:
    """Call a method and take its answers as soon as they can be had."""
    method, pairs = METHODS[name], list(enumerate(counts, start=1))
    called = time.perf_counter()
    answers = method.take(method.call(held.take_pool(), pairs), held, pairs)
    for place, (task, end) in enumerate(answers, start=1):
        moments = {"end_seconds": end - called, "arrived_seconds": time.perf_counter() - called}
        yield {"task": task, "steps": counts[task - 1], "place": place, **moments}


def summarise_methods(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what each method gave, and when: a row for each, in the order of the lesson."""
    ordered = table.sort_values("place")
    in_order = ordered["task"] == ordered["place"]
    first = ordered.groupby("method")["arrived_seconds"].transform("min")
    told = {"in_order": in_order, "done": ordered["end_seconds"] <= first}
    summary = ordered.assign(**told).groupby("method").agg(
        answers=("task", "size"),
        first_seconds=("arrived_seconds", "first"), last_seconds=("arrived_seconds", "last"),
        done_at_first=("done", "sum"), is_in_order=("in_order", "all"),
    )  # fmt: skip
    return summary.reindex([name for name in METHODS if name in summary.index]).reset_index()


def judge_methods(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Tell for each method what it gives, and in which order: single runs carry no more."""
    del table
    lines = []
    for row in list_rows(summary):
        lines += [
            f"{row.method} gives {METHODS[row.method].gives}.",
            f"  When its first answer was there, {_count_done(row)} done; the answers came "
            f"{'in' if row.is_in_order else 'out of'} the list's order.",
        ]
    return "\n".join([*lines, "One run of each: it tells the order, not which method is quicker."])


def _count_done(row: Any) -> str:
    were = "was" if row.done_at_first == 1 else "were"
    return f"{state_number(row.done_at_first)} of {count_in_words(row.answers, 'task')} {were}"


def _title_methods(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    by_number = summary.groupby("done_at_first")["method"]
    told = [f"{state_number(int(str(n)))} by {list_in_words([*own])}" for n, own in by_number]
    ends = dict.fromkeys([told[0], told[-1]])
    return head(f"tasks done when the first answer came: {', '.join(ends)}", table)


_MOST_NUMBERED = 12


def draw_methods(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw for each method an open mark where a task ended, a filled one where its answer came."""
    height = 2.2 + 1.05 * len(summary)
    chart, axes = make_plot(12, height, left=0.14, right=0.975, above=0.95, below=1.0)
    for lane, row in enumerate(list_rows(summary)):
        _draw_answers(axes, lane, table[table["method"] == row.method])
        if lane:
            axes.axhline(lane - 0.5, color="#cccccc", linewidth=0.8)
    axes.set_xlim(0, float(table["arrived_seconds"].max()) * 1040 or 1e-3)
    label = "open: the task ended, filled: the answer is there"
    axes.set_xlabel(f"milliseconds since the method was called; {label}", size=12, color=INK)
    if (tasks := int(table["task"].max())) <= _MOST_NUMBERED:
        note = "the numbers are the tasks' places in the list"
        write(axes, note, (1, 1), (0, 4), xycoords="axes fraction", ha="right")
    clean_axes(axes, "x")
    name_rows(axes, list(summary["method"]))
    axes.set_ylim(len(summary) - 0.5, -0.5)
    each = "; ".join(
        f"{row.method} first after {row.first_seconds:.3f} s, last after {row.last_seconds:.3f} s, "
        f"{'in' if row.is_in_order else 'out of'} order"
        for row in list_rows(summary)
    )
    conditions = describe_open_pool(table, f"{count_in_words(tasks, 'task')}, one run of each")
    return finish(chart, _title_methods(table, summary), conditions, f"Answers: {each}.")


def _draw_answers(axes: Axes, lane: int, answers: pd.DataFrame) -> None:
    """Draw a method's answers, its first task above and its last one below.

    The open marks are the larger ones, so that no filled one hides them.
    """
    look, many = get_look("processes"), len(answers)
    for row in list_rows(answers):
        place = lane + 0.34 * ((2 * row.task - 1) / many - 1)
        end, arrived = row.end_seconds * 1000, row.arrived_seconds * 1000
        axes.plot([end, arrived], [place, place], color=look.colour, linewidth=1.6, alpha=0.5)
        axes.plot(
            end, place, marker="o", markersize=11, markerfacecolor="none", linestyle="",
            markeredgecolor=INK, markeredgewidth=1,
        )  # fmt: skip
        draw_mark(axes, arrived, place, look, 8)
        if many <= _MOST_NUMBERED:
            write(axes, f"{row.task}", (arrived, place), (8, 0), look.colour, 9, va="center")
