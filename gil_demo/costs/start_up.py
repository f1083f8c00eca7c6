"""What starting a pool costs, by each start method, with and without pandas in its workers."""

import math
from functools import partial
from importlib import import_module
from itertools import product
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gil_demo import words
from gil_demo.checks import ResultsError, check_workers
from gil_demo.drawing.parts import draw_cloud, finish, make_plot, name_rows, name_values, write
from gil_demo.drawing.style import SOFT_INK, Chart, get_look
from gil_demo.measuring.estimates import estimate_median, select_by_round, spread
from gil_demo.measuring.rounds import Sample, Start, check_budget, make_rows, take_samples
from gil_demo.measuring.runs import collect_facts, time_start
from gil_demo.running.pools import list_start_methods
from gil_demo.tables.schema import Column, list_rows, make_schema, make_table

LOADS = ("nothing", "pandas")  # what a worker imports before it is ready

STARTS = make_schema(
    "starts of a pool",
    ("starts",),
    {
        "start_method": Column("text"),
        "loads": Column("text", choices=LOADS),
        **dict.fromkeys(("workers", "round", "rounds", "position"), Column("whole")),
        **dict.fromkeys(("start_up_seconds", "tear_down_seconds"), Column("duration")),
    },
    alike=("workers",),
    variant=("start_method", "loads"),
)
"""A row for each pool that was started: until all workers were ready, and until all were gone."""


def compare_start_up(*, workers: int = 2, budget: float | None = None) -> pd.DataFrame:
    """Start a pool and let it go, by each start method of this machine, with and without pandas.

    Args:
        workers: how many processes a pool has.
        budget: seconds after which to stop; None means those of `measuring.rounds`.

    Returns:
        A table of rounds: for each start method, and for what the workers import, the seconds
        until all of them were ready and until all were gone. The columns and types are in
        `STARTS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    workers = check_workers(workers)
    seconds = check_budget(budget)
    facts = collect_facts("starts") | {"workers": workers}
    prepare = {"nothing": None, "pandas": partial(import_module, "pandas")}
    timed = {
        (method, load): partial(time_start, workers, method, prepare[load])
        for method, load in product(list_start_methods(), LOADS)
    }
    first = next(iter(timed))
    taken = take_samples(timed, first, None, seconds, ", ".join, is_lasting=False)
    names = ("start_method", "loads")

    def describe(one: Sample[Start]) -> dict[str, object]:
        return dict(zip(names, one.variant, strict=True)) | one.timing._asdict()

    return make_table(make_rows(taken, facts, describe), STARTS)


def summarise_start_up(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up each start method and load; `extra` is what the import adds, round by round."""
    rows = []
    for (method, load), own in table.groupby(["start_method", "loads"]):
        started = own.set_index("round")["start_up_seconds"]
        plain = select_by_round(table, "start_up_seconds", start_method=method, loads=LOADS[0])
        if plain.empty:
            raise ResultsError(f"the table has no starts without an import by {method}")
        extra = list((started - plain).dropna())
        rows.append(
            {"start_method": method, "loads": load, "rounds": len(own)}
            | spread("start_up", estimate_median(list(started)), "start_up_seconds")
            | {"tear_down_seconds": float(own["tear_down_seconds"].median())}
            | spread("extra", estimate_median(extra), "extra_seconds")
        )
    return pd.DataFrame(rows)


def judge_start_up(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say what starting a pool costs: reservations first, then each start method."""
    first, workers = table.iloc[0], words.count_in_run(table, "worker")
    lines = words.reserve(table, words.find_busy_reservations(first, int(first["workers"])))
    for row in list_rows(summary):
        line = f"  If each of them imports {row.loads}: {_state_extra(row)}."
        if row.loads == LOADS[0]:
            ready = words.state_range(row.start_up_seconds, row.start_up_low, row.start_up_high)
            gone = f"gone after another {words.state_seconds(row.tear_down_seconds)}"
            line = f"By {row.start_method}: {workers} ready after {ready}, {gone}."
        lines.append(line)
    return words.tell(table, lines)


def _state_extra(row: Any) -> str:
    ready = f"ready after {words.state_seconds(row.start_up_seconds)}"
    if math.isnan(row.extra_low):
        return ready
    if row.extra_low <= 0 <= row.extra_high:
        return f"{ready}, not clearly later"
    word = "later" if row.extra_seconds > 0 else "sooner"
    low, high = sorted((abs(row.extra_low), abs(row.extra_high)))
    return f"{words.state_range(abs(row.extra_seconds), low, high)} {word}"


def _title(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    if withheld := words.withhold_title(table):
        return withheld
    is_plain = summary["loads"] == LOADS[0]
    plain, heavy, end = list_rows(summary[is_plain]), summary[~is_plain], ""
    told = [f"{words.state_seconds(row.start_up_seconds)} by {row.start_method}" for row in plain]
    if len(heavy) and (heavy["extra_low"] > 0).all():
        added = dict.fromkeys(map(words.state_seconds, heavy["extra_seconds"].agg(["min", "max"])))
        end = f"; {heavy['loads'].iloc[0]} adds {' to '.join(added)}"
    return words.head(f"a pool was ready after {words.list_in_words(told)}{end}", table)


def draw_start_up(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw a bar for each start, a mark for each round, and the tear-down hatched behind it."""
    rows = list_rows(summary)
    names = [
        row.start_method if row.loads == LOADS[0] else f"{row.start_method}, with {row.loads}"
        for row in rows
    ]
    height = 1.75 + 0.5 * len(rows)
    chart, axes = make_plot(11, height, left=0.24, right=0.93, above=0.6, below=1.0)
    longest = 1000 * max(row.start_up_seconds + row.tear_down_seconds for row in rows)
    furthest = 1000 * float(table["start_up_seconds"].max())
    # stray rounds don't squeeze the bars
    end = furthest if longest < furthest <= 2 * longest else longest
    for place, row in enumerate(rows):
        own = {"start_method": row.start_method, "loads": row.loads}
        marks = 1000 * select_by_round(table, "start_up_seconds", **own)
        _draw_bar(axes, place, row, marks, end)
    axes.set_xlim(0, end * 1.12)
    beyond = int((1000 * table["start_up_seconds"] > end).sum())
    stray = f"; {words.count_in_words(beyond, 'mark')} further right" if beyond else ""
    label = f"milliseconds: start-up (bar, a mark for each round), tear-down (hatched){stray}"
    name_values(axes, label, 6)
    name_rows(axes, names)
    each = "; ".join(
        f"{name} {1000 * row.start_up_seconds:.1f} ms, "
        f"tear-down {1000 * row.tear_down_seconds:.1f} ms"
        for name, row in zip(names, rows, strict=True)
    )
    conditions = words.describe_rounds(table, f"pools of {words.count_in_run(table, 'worker')}")
    return finish(chart, _title(table, summary), conditions, f"Medians: {each}.")


def _draw_bar(axes: Axes, place: int, row: Any, marks: "pd.Series[float]", end: float) -> None:
    look = get_look("processes")
    start, tear = 1000 * row.start_up_seconds, 1000 * row.tear_down_seconds
    opacity = 0.9 if row.loads == LOADS[0] else 0.55
    axes.barh(place, start, 0.56, color=look.colour, alpha=opacity)
    hatched: dict[str, Any] = {"facecolor": "none", "edgecolor": look.colour, "hatch": "////"}
    axes.barh(place, tear, 0.56, start, linewidth=1, **hatched)
    draw_cloud(axes, marks, place, look.marker, reach=0.17)
    room = max(start + tear, float(marks[marks <= end].max()))
    write(
        axes, words.state_seconds(row.start_up_seconds), (room, place), (8, 0), SOFT_INK, 12,
        va="center", annotation_clip=False,
    )  # fmt: skip
