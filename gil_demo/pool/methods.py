"""The columns of what happens inside a pool: tasks, rounds of a map, answers."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.pool import AsyncResult, IMapIterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.checks import (
    ResultsError,
    check_choice,
    check_count,
    check_sequence,
    check_unlike,
    check_workers,
)
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
from gil_demo.running.pools import (
    CHECK_SECONDS,
    HeldPool,
    check_alive,
    check_start_method,
    describe_work,
    pool_held,
    wait_for,
)
from gil_demo.running.workloads import compute_default_chunksize, count_numbered, count_pair
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
from gil_demo.words import count_in_words, describe_computer, head, state_seconds


def _check_arrivals(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        varying = ("task", "steps", "place", "returned_seconds", "end_seconds", "arrived_seconds")
        facts = [name for name in ARRIVALS.columns if name not in ("method", "chunksize", *varying)]
        check_same_facts(run, f"{place}, {name_run(run_id)}", facts)
        tasks = int(run.groupby("method").size().max())
        for method, answers in run.groupby("method", sort=False):
            wanted = list(range(1, tasks + 1))
            if any(sorted(answers[name]) != wanted for name in ("task", "place")):
                raise ResultsError(
                    f"{place}, {name_run(run_id)} is not whole: the tasks of {method} are not "
                    f"those from 1 to {tasks}, each once"
                )


METHODS = ("map", "starmap", "imap", "imap_unordered", "apply_async")

ARRIVALS = Schema(
    "answers of a pool",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("methods",)),
        "method": Column("text", choices=METHODS),
        "workers": Column("whole"),
        "start_method": Column("text"),
        "chunksize": Column("whole"),
        "task": Column("whole"),
        "steps": Column("whole"),
        "place": Column("whole"),
        "returned_seconds": Column("seconds"),
        "end_seconds": Column("seconds"),
        "arrived_seconds": Column("seconds"),
    }
    | MACHINE,
    _check_arrivals,
)
"""A row for each answer that a method of a pool gave: which place it came in, when its task had
ended, when the caller held it, and when the method itself returned. Each method's clock begins
with its call."""

DEFAULT_COUNTS = (3_000_000, *(500_000,) * 5)

_CHUNKED = ("map", "starmap")

_LOOK_SECONDS = 0.001

_Answer = tuple[int, float]

_Pairs = Sequence[tuple[int, int]]


def compare_methods(
    methods: Sequence[str] = METHODS,
    *,
    counts: Sequence[int] = DEFAULT_COUNTS,
    workers: int = 2,
    start_method: str | None = None,
) -> pd.DataFrame:
    """Run the same list of tasks through each method of a pool, and note when answers arrive.

    Args:
        methods: which ones, by name: map, starmap, imap, imap_unordered, apply_async.
        counts: the steps of each task, in the order of the list; a long one first shows most.
        workers: how many processes, kept open throughout.
        start_method: how they are started; None means the platform's default.

    Returns:
        A row for each answer: when its task ended, when the caller held it and in which place,
        and when the method returned, in seconds since the method was called. The columns are in
        `ARRIVALS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    names = check_unlike("methods", methods, _check_method)
    pairs = [(n, check_count(c)) for n, c in enumerate(check_sequence("counts", counts), start=1)]
    check_workers(workers)
    method = check_start_method(start_method)
    facts = collect_facts("methods") | {"workers": workers, "start_method": method}
    rows: list[dict[str, object]] = []
    with pool_held(workers, method) as held:
        list(_map(held, pairs))  # not counted: it wakes the workers and the cores
        for name in names:
            chunksize = compute_default_chunksize(len(pairs), workers) if name in _CHUNKED else 1
            told = facts | {"method": name, "chunksize": chunksize}
            rows += [told | row for row in _time_answers(_CALLS[name], held, pairs)]
    return make_table(rows, ARRIVALS)


def _check_method(_: str, value: object) -> str:
    return check_choice("methods", value, METHODS)


def _time_answers(
    call: Callable[[HeldPool, _Pairs], Iterator[_Answer]], held: HeldPool, pairs: _Pairs
) -> list[dict[str, object]]:
    """Call a method and take its answers as soon as they can be had."""
    called = time.perf_counter()
    answers = call(held, pairs)
    returned = time.perf_counter() - called
    steps = dict(pairs)
    rows: list[dict[str, object]] = []
    for place, (task, end) in enumerate(answers, start=1):
        rows.append(
            {
                "task": task,
                "steps": steps[task],
                "place": place,
                "returned_seconds": returned,
                "end_seconds": end - called,
                "arrived_seconds": time.perf_counter() - called,
            }
        )
    return rows


def _map(held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    waiting = held.take_pool().map_async(count_pair, pairs)  # what map does, but with a limit
    wait_for(waiting, held.crew, pairs)
    return iter(waiting.get())


def _starmap(held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    waiting = held.take_pool().starmap_async(count_numbered, pairs)
    wait_for(waiting, held.crew, pairs)
    return iter(waiting.get())


def _imap(held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    return _follow(held.take_pool().imap(count_pair, pairs), held, pairs)


def _imap_unordered(held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    return _follow(held.take_pool().imap_unordered(count_pair, pairs), held, pairs)


def _apply_async(held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    pool = held.take_pool()
    waiting = [pool.apply_async(count_numbered, pair) for pair in pairs]
    return _collect(waiting, held, pairs)


def _follow(answers: "IMapIterator[_Answer]", held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    """Take one answer after another, for as long as the workers live."""
    while True:
        try:
            yield answers.next(CHECK_SECONDS)
        except StopIteration:
            return
        except multiprocessing.TimeoutError:
            check_alive(held.crew, partial(describe_work, pairs))


def _collect(
    waiting: Sequence["AsyncResult[_Answer]"], held: HeldPool, pairs: _Pairs
) -> Iterator[_Answer]:
    """Take each answer when it is there, whatever its place in the list."""
    left = list(waiting)
    while left:
        ready = [one for one in left if one.ready()]
        for one in ready:
            left.remove(one)
            yield one.get()
        if not ready:
            left[0].wait(_LOOK_SECONDS)
            check_alive(held.crew, partial(describe_work, pairs))


_CALLS: dict[str, Callable[[HeldPool, _Pairs], Iterator[_Answer]]] = {
    "map": _map,
    "starmap": _starmap,
    "imap": _imap,
    "imap_unordered": _imap_unordered,
    "apply_async": _apply_async,
}


def summarise_methods(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what each method of a pool gave, and when: a row for each method.

    Args:
        table: a table as `compare_methods` gives it.

    Returns:
        The columns method, chunksize, answers, returned_seconds (when the call itself returned),
        first_seconds and last_seconds (when the caller held the first and the last answer),
        waited_seconds (median time from a task's end until its answer was there) and is_in_order
        (whether the answers came in the list's order).

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, ARRIVALS)
    rows = []
    for method in [name for name in METHODS if name in set(table["method"])]:
        answers = table[table["method"] == method].sort_values("place")
        rows.append(
            {
                "method": method,
                "chunksize": int(answers["chunksize"].iloc[0]),
                "answers": len(answers),
                "returned_seconds": float(answers["returned_seconds"].iloc[0]),
                "first_seconds": float(answers["arrived_seconds"].iloc[0]),
                "last_seconds": float(answers["arrived_seconds"].iloc[-1]),
                "waited_seconds": float(
                    (answers["arrived_seconds"] - answers["end_seconds"]).median()
                ),
                "is_in_order": bool(answers["task"].is_monotonic_increasing),
            }
        )
    return pd.DataFrame(rows)


_GIVES = {
    "map": "a list, when all tasks are done",
    "starmap": "a list, as map does; the tasks are tuples of arguments",
    "imap": "an iterator, in the list's order",
    "imap_unordered": "an iterator, in the order in which tasks end",
    "apply_async": "a handle for each task, to ask whenever you like",
}


def judge_methods(table: pd.DataFrame) -> str:
    """Say in a sentence for each method what it gives and when its answers came.

    Args:
        table: a table as `compare_methods` gives it.

    Returns:
        Sentences, one a line.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    return "\n".join(_judge(row) for row in list_rows(summarise_methods(table)))


def _judge(row: Any) -> str:
    order = "in the list's order" if row.is_in_order else "not in the list's order"
    return (
        f"{row.method} gives {_GIVES[row.method]}.\n"
        f"  It returned after {state_seconds(row.returned_seconds)}; the first answer was there "
        f"after {state_seconds(row.first_seconds)}, the last after "
        f"{state_seconds(row.last_seconds)}, {order}."
    )


def title_methods(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    by_wait = summary.sort_values("first_seconds", kind="stable")
    ends = [by_wait.iloc[0], by_wait.iloc[-1]] if len(by_wait) > 1 else [by_wait.iloc[0]]
    told = [f"{row['method']} after {state_seconds(row['first_seconds'])}" for row in ends]
    return head(f"the first answer: {', '.join(told)}", table)


def describe_methods(table: pd.DataFrame) -> str:
    """Say in one line where it was measured and how, for the chart's subtitle."""
    first = table.iloc[0]
    workers = count_in_words(int(first["workers"]), "worker", "workers")
    tasks = count_in_words(int(table["task"].max()), "task", "tasks")
    return (
        f"{describe_computer(first)}, {workers} by {first['start_method']}, already started; "
        f"{tasks}, one run of each"
    )


_ROW = 0.34

_MOST_NUMBERED = 12


def draw_methods(table: pd.DataFrame) -> Chart:
    """Draw when each task ended and when its answer arrived, method by method.

    Args:
        table: a table as `compare_methods` gives it.

    Returns:
        A matplotlib Figure: for each method an open mark at the end of each task, a filled one
        where the caller held its answer, and between them the time for which the answer waited.
        Its `description` is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_methods(table)
    height = 2.2 + 1.05 * len(summary)
    chart = make_chart(12, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.14, right=0.975, top=1 - 0.95 / height, bottom=1.0 / height)
    for lane, row in enumerate(list_rows(summary)):
        _draw_answers(axes, lane, table[table["method"] == row.method])
    _finish(axes, summary, float(table["arrived_seconds"].max()))
    title, conditions = title_methods(table, summary), describe_methods(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, summary)
    return chart


def _draw_answers(axes: Axes, lane: int, answers: pd.DataFrame) -> None:
    """Draw a method's answers, its first task above and its last one below."""
    look, many = get_look("processes"), len(answers)
    for row in list_rows(answers):
        place = lane + _ROW * ((2 * row.task - 1) / many - 1)
        end, arrived = row.end_seconds * 1000, row.arrived_seconds * 1000
        axes.plot([end, arrived], [place, place], color=look.colour, linewidth=1.6, alpha=0.5)
        axes.plot(
            end, place, marker="o", markersize=6, markerfacecolor=PAPER, linestyle="",
            markeredgecolor=INK, markeredgewidth=1,
        )  # fmt: skip
        axes.plot(
            arrived, place, marker=look.marker, markersize=8, color=look.colour, linestyle="",
            markeredgecolor=PAPER,
        )  # fmt: skip
        if many <= _MOST_NUMBERED:
            axes.annotate(
                f"{row.task}", (arrived, place), xytext=(8, 0), textcoords="offset points",
                size=9, va="center", color=look.colour,
            )  # fmt: skip


def _finish(axes: Axes, summary: pd.DataFrame, last: float) -> None:
    for lane in range(1, len(summary)):
        axes.axhline(lane - 0.5, color="#cccccc", linewidth=0.8)
    axes.set_yticks(range(len(summary)))
    axes.set_yticklabels(list(summary["method"]))
    axes.set_ylim(len(summary) - 0.5, -0.5)
    axes.set_xlim(0, last * 1040 or 1e-3)
    axes.set_xlabel(
        "milliseconds since the method was called; open: the task ended, filled: the answer is "
        "there",
        size=12, color=INK,
    )  # fmt: skip
    if summary["answers"].max() <= _MOST_NUMBERED:
        axes.annotate(
            "the numbers are the tasks' places in the list", (1, 1), xycoords="axes fraction",
            xytext=(0, 4), textcoords="offset points", ha="right", size=11, color=SOFT_INK,
        )  # fmt: skip
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _describe(title: str, conditions: str, summary: pd.DataFrame) -> str:
    facts = "; ".join(_state(row) for row in list_rows(summary))
    return f"Chart. {title}. Answers: {facts}. Conditions: {conditions}."


def _state(row: Any) -> str:
    order = "in order" if row.is_in_order else "out of order"
    return (
        f"{row.method} first after {row.first_seconds:.3f} s, last after {row.last_seconds:.3f} s, "
        f"{order}"
    )
