"""What processes have copies of: a global of the parent's, and its generators of random numbers."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from operator import call
from typing import Any

import numpy as np
import pandas as pd

from gil_demo import words
from gil_demo.checks import ResultsError
from gil_demo.drawing.parts import finish, make_plot, name_rows, name_values
from gil_demo.drawing.style import PAPER, Chart, get_look
from gil_demo.measuring.runs import collect_facts, time_start
from gil_demo.running.pools import list_start_methods, pool_held, run_in_pool
from gil_demo.running.runners import threads
from gil_demo.sharing import counters
from gil_demo.tables.schema import Column, list_rows, make_schema, make_table

WORKERS, SET, ADDED = 2, 10, 5
PARENT = "parent"
SOURCES = ("random", "numpy.random", "a seed for each task")
_SEED = 2009

GLOBALS = make_schema(
    "looks at a global",
    ("globals",),
    {
        "runner": Column("text", choices=("threads", "processes")),
        "start_method": Column("text", may_be_empty=True),
        "who": Column("text"),
        **dict.fromkeys(("first", "last"), Column("number")),
    },
)
"""A row for the parent, which set a global, and for each worker, which added to it: what each saw
`first`, and what `last`; the parent looks when all workers are done."""


def follow_global() -> pd.DataFrame:
    """Set a global, let two threads add to it, then two processes by each start method.

    Returns:
        A row for the parent and each worker: what it found in the global, and what it saw last;
        the columns and types are in `GLOBALS`.

    Raises:
        GilDemoError: the run failed.
    """
    facts = collect_facts("globals")
    tasks = [partial(counters.raise_total, ADDED)] * WORKERS
    before, rows = counters.total, []
    try:
        for method in ("", *list_start_methods()):
            counters.total = SET
            with _each_worker_held(method) as run:
                seen = {f"worker {n}": pair for n, pair in enumerate(run(tasks), start=1)}
            seen = {PARENT: (SET, counters.total)} | seen
            told = facts | {"runner": "processes" if method else "threads", "start_method": method}
            rows += [told | {"who": who, "first": a, "last": b} for who, (a, b) in seen.items()]
    finally:
        counters.total = before
    return make_table(rows, GLOBALS)


@contextmanager
def _each_worker_held(method: str) -> Iterator[Callable[[Sequence[Any]], list[Any]]]:
    """Hold two processes of a start method, or threads; each of them gets one task of two."""
    if not method:
        with threads(WORKERS) as run:
            yield lambda tasks: [one.answer for one in run(call, tasks)]
        return
    time_start(1, method)  # says what a pool lacks here; a barrier, which needs the same, can't
    meeting = multiprocessing.get_context(method).Barrier(WORKERS)
    with pool_held(WORKERS, method, partial(counters.share, {"meeting": meeting})) as held:
        yield lambda tasks: run_in_pool(held, 1, counters.call_together, tasks).list_answers()


def summarise_globals(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up each way to run: what the parent set and saw, and what the workers found and left."""
    rows = []
    for (runner, method), own in table.groupby(["runner", "start_method"], sort=False):
        parent, workers = own[own["who"] == PARENT], own[own["who"] != PARENT]
        if parent.empty or workers.empty:
            raise ResultsError("the table lacks the parent's row, or the workers', of a way to run")
        row = {"runner": runner, "start_method": method}
        row |= {"parent_set": parent["first"].max(), "parent_saw": parent["last"].max()}
        rows.append(row | {"found": list(workers["first"]), "left": list(workers["last"])})
    return pd.DataFrame(rows)


def judge_globals(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say what workers found in the parent's global, and whether it sees what they changed."""
    del table
    return "\n".join(map(_judge, list_rows(summary)))


def _judge(row: Any) -> str:
    found, left = (
        words.list_in_words([f"{one:g}" for one in many]) for many in (row.found, row.left)
    )
    told = f"{_name(row)}: the parent set {row.parent_set:g}; the workers found {found} and left "
    told += f"{left}; the parent saw {row.parent_saw:g}. "
    if row.parent_saw != row.parent_set:
        return f"{told}They share one global."
    if set(row.found) == {row.parent_set}:
        return f"{told}Each had a copy of it, as it was when the worker was started."
    return f"{told}Each had a global of its own, as the module makes it."


def _name(row: Any) -> str:
    return f"Processes by {row.start_method}" if row.start_method else "Threads"


def draw_globals(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw for the parent and each worker a line from what it saw first to what it saw last."""
    rows, height = list_rows(table), 1.7 + 0.34 * len(table)
    chart, axes = make_plot(11, height, left=0.31, right=0.95, above=0.6, below=1.0)
    for place, row in enumerate(rows):
        colour, seen = get_look(row.runner).colour, [row.first, row.last]
        axes.plot(seen, [place, place], color=colour, linewidth=2, zorder=1)
        for value, size, face in zip(seen, (12, 6), (PAPER, colour), strict=True):
            axes.plot(
                value, place, marker="o", markersize=size, markerfacecolor=face, linestyle="",
                markeredgecolor=colour, markeredgewidth=2,
            )  # fmt: skip
        if place and row.who == PARENT:
            axes.axhline(place - 0.5, color="#cccccc", linewidth=0.8)
    axes.set_xlim(-1, 1.1 * float(table[["first", "last"]].max().max()))
    name_values(axes, "the global; ring: seen first, dot: seen last", 5)
    name_rows(axes, [f"{_name(row).lower()}, {row.who}" for row in rows])
    each = "; ".join(f"{_name(row)}, {row.who}: {row.first:g}, then {row.last:g}" for row in rows)
    conditions = (
        f"{words.describe_computer(table.iloc[0])}; two workers, each adds to the global once"
    )
    return finish(chart, _title(table, summary), conditions, f"Seen: {each}.")


def _title(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    is_seen = summary["parent_saw"] != summary["parent_set"]
    told = [
        f"{what} what {words.list_in_words(list(runners))} changed"
        for what, runners in (
            ("saw", summary.loc[is_seen, "runner"].unique()),
            ("didn't see", summary.loc[~is_seen, "runner"].unique()),
        )
        if len(runners)
    ]
    return words.head(f"the parent {' and '.join(told)}", table)


def compare_random_numbers() -> pd.DataFrame:
    """Let each of two worker processes draw a random number, from each of three sources.

    They are the global generators of `random` and of `numpy.random`, and generators of NumPy that
    have a seed for each task, made by `numpy.random.SeedSequence.spawn`.

    Returns:
        A row for each start method and source: start_method, source, the numbers from 0 to 1 that
        the workers drew, worker_1 and worker_2, and verdict ("the same" or "different").

    Raises:
        GilDemoError: the run failed.
    """
    import_module("numpy.random")  # so that a forked worker inherits its generator
    rows = []
    for method in list_start_methods():
        with _each_worker_held(method) as run:
            for source in SOURCES:
                seeds = np.random.SeedSequence(_SEED).spawn(WORKERS)
                drawn = run([partial(counters.draw_number, source, seed) for seed in seeds])
                told = "the same" if len(set(drawn)) == 1 else "different"
                rows.append((method, source, *drawn, told))
    return pd.DataFrame(rows, columns=["start_method", "source", "worker_1", "worker_2", "verdict"])
