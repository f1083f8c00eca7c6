"""The columns of what processes cost: start-up, carrying data, memory, and where they pay."""

import math
import time
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.checks import ResultsError, check_unlike, check_workers
from gil_demo.drawing.style import (
    INK,
    SOFT_INK,
    Chart,
    clean_axes,
    get_look,
    make_chart,
    write_heading,
)
from gil_demo.measuring.estimates import NOTHING, estimate_median, select_by_round, spread
from gil_demo.measuring.rounds import check_budget, take_samples
from gil_demo.measuring.runs import collect_facts
from gil_demo.running.pools import check_start_method, list_start_methods, pool_held
from gil_demo.tables.schema import (
    MACHINE,
    Column,
    Schema,
    check_one_run,
    check_same_facts,
    check_whole_rounds,
    list_rows,
    make_table,
    name_run,
)
from gil_demo.words import (
    capitalise,
    count_in_words,
    describe_computer,
    find_busy_reservations,
    head,
    list_in_words,
    state_range,
    state_seconds,
)

LOADS = ("nothing", "pandas")
"""What a worker imports before it is ready."""


def _check_starts(table: pd.DataFrame, place: str) -> None:
    check_whole_rounds(table, place, ["start_method", "loads"])
    _check_crew(table, place)


def _check_crew(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, {name_run(run_id)}", ["workers"])


STARTS = Schema(
    "starts of a pool",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("starts",)),
        "start_method": Column("text"),
        "loads": Column("text", choices=LOADS),
        "workers": Column("whole"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "start_up_seconds": Column("duration"),
        "tear_down_seconds": Column("duration"),
    }
    | MACHINE,
    _check_starts,
)
"""A row for each pool that was started: until all workers were ready, and until all were gone."""


class Start(NamedTuple):
    """What one pool cost, in seconds: until it was ready, and until it was gone."""

    start_up: float
    tear_down: float

    @property
    def work(self) -> float:
        """Both together, as the figure whose ratios tell when to stop."""
        return self.start_up + self.tear_down


def check_start_methods(start_methods: object) -> list[str]:
    """Return the start methods to use, each once; None means all that this machine has.

    Raises:
        TypeError: they are no list, or one is no string.
        ValueError: there are none, one is unknown here, or one is there twice.
    """
    if start_methods is None:
        return list_start_methods()
    return check_unlike("start_methods", start_methods, _check_method)


def _check_method(name: str, value: object) -> str:
    if value is None:
        raise TypeError(f"{name} must be one of {', '.join(list_start_methods())}, not None")
    return check_start_method(value)


def time_start(workers: int, method: str, load: str = "nothing") -> Start:
    """Start a pool and let it go.

    Args:
        workers: how many processes.
        method: how they are started.
        load: what each of them imports before it is ready; "nothing" for no module.

    Returns:
        Seconds until it was ready, and until it was gone.
    """
    prepare = None if load == "nothing" else partial(import_module, load)
    asked = time.perf_counter()
    with pool_held(workers, method, prepare):
        ready = time.perf_counter()
    return Start(ready - asked, time.perf_counter() - ready)


def compare_start_up(
    start_methods: Sequence[str] | None = None,
    *,
    workers: int = 2,
    budget: float | None = None,
) -> pd.DataFrame:
    """Start a pool and let it go, by each start method, with and without pandas in its workers.

    Args:
        start_methods: which ones, by name; None means all of this machine.
        workers: how many processes a pool has.
        budget: seconds after which to stop; None means the default of `gil_demo.sampling`.

    Returns:
        A table of rounds: for each start method, and for what the workers import, the seconds
        until all of them were ready and until all were gone. The columns and types are in
        `STARTS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    methods = check_start_methods(start_methods)
    check_workers(workers)
    seconds = check_budget(budget)
    facts = collect_facts("starts") | {"workers": workers}
    variants = {f"{method}, {load}": (method, load) for method in methods for load in LOADS}
    taken = take_samples(
        {label: partial(time_start, workers, *variant) for label, variant in variants.items()},
        baseline=f"{methods[0]}, {LOADS[0]}",
        budget=seconds,
    )
    rows = [
        facts
        | {
            "start_method": variants[sample.variant][0],
            "loads": variants[sample.variant][1],
            "round": sample.round,
            "rounds": taken.samples[-1].round,
            "position": sample.position,
            "start_up_seconds": sample.timing.start_up,
            "tear_down_seconds": sample.timing.tear_down,
        }
        for sample in taken.samples
    ]
    return make_table(rows, STARTS)


def summarise_start_up(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what starting a pool costs: a row for each start method and what workers import.

    Args:
        table: a table as `compare_start_up` gives it.

    Returns:
        The columns start_method, loads, rounds; start_up_seconds with start_up_low and
        start_up_high (the median and its 95 % interval), tear_down_seconds (median); extra_seconds
        with extra_low and extra_high (what the import adds to the start-up, round by round; 0 for
        "nothing"). Ends of intervals are nan below six rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, STARTS)
    rows = []
    for method, own in table.groupby("start_method", sort=True):
        plain = select_by_round(own, "start_up_seconds", loads=LOADS[0])
        for load in [name for name in LOADS if name in set(own["loads"])]:
            started = select_by_round(own, "start_up_seconds", loads=load)
            extra = list((started - plain).dropna())
            rows.append(
                {"start_method": method, "loads": load, "rounds": len(started)}
                | spread("start_up", estimate_median(list(started)), "start_up_seconds")
                | {
                    "tear_down_seconds": float(
                        own[own["loads"] == load]["tear_down_seconds"].median()
                    )
                }
                | spread("extra", estimate_median(extra) if extra else NOTHING, "extra_seconds")
            )
    return pd.DataFrame(rows)


def judge_start_up(table: pd.DataFrame) -> str:
    """Say in a few sentences what starting a pool costs, by each start method.

    Args:
        table: a table as `compare_start_up` gives it.

    Returns:
        Sentences, one a line: reservations first, then each start method, then how many rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_start_up(table)
    _check_plain_starts(summary)
    first = table.iloc[0]
    workers = count_in_words(int(first["workers"]), "worker", "workers")
    lines = [f"Mind: {reservation}." for reservation in find_busy_reservations(first)]
    for row in list_rows(summary):
        if row.loads == "nothing":
            start = state_range(row.start_up_seconds, row.start_up_low, row.start_up_high)
            lines.append(
                f"By {row.start_method}: {workers} ready after {start}, gone after another "
                f"{state_seconds(row.tear_down_seconds)}."
            )
        else:
            lines.append(f"  If each of them imports {row.loads}: {_state_extra(row)}.")
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return "\n".join([*lines, f"{capitalise(rounds)} of each."])


def _check_plain_starts(summary: pd.DataFrame) -> None:
    """Raise a ResultsError where a start with an import has none without to be held against."""
    plain = set(summary.loc[summary["loads"] == "nothing", "start_method"])
    if lacking := sorted(set(summary["start_method"]) - plain):
        raise ResultsError(f"the table has no starts without an import by {', '.join(lacking)}")


def _state_extra(row: Any) -> str:
    ready = f"ready after {state_seconds(row.start_up_seconds)}"
    if math.isnan(row.extra_low):
        return ready
    if row.extra_low <= 0 <= row.extra_high:
        return f"{ready}, not clearly later"
    word = "later" if row.extra_seconds > 0 else "sooner"
    low, high = sorted((abs(row.extra_low), abs(row.extra_high)))
    return f"{state_range(abs(row.extra_seconds), low, high)} {word}"


def title_start_up(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    _check_plain_starts(summary)
    plain = list_rows(summary[summary["loads"] == "nothing"])
    told = [f"{state_seconds(row.start_up_seconds)} by {row.start_method}" for row in plain]
    heavy = summary[summary["loads"] != "nothing"]
    end = ""
    if len(heavy) and (heavy["extra_low"] > 0).all():
        least, most = (state_seconds(float(heavy["extra_seconds"].agg(f))) for f in ("min", "max"))
        load = heavy["loads"].iloc[0]
        end = f"; {load} adds {least}" + (f" to {most}" if most != least else "")
    return head(f"a pool was ready after {list_in_words(told)}{end}", table)


def describe_start_up(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    workers = count_in_words(int(first["workers"]), "worker", "workers")
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return f"{describe_computer(first)}; pools of {workers}; {rounds} of each"


_FURTHEST = 2.0  # the longest bar's lengths that marks may take


def draw_start_up(table: pd.DataFrame) -> Chart:
    """Draw how long it took until a pool's workers were ready, and until they were gone.

    Args:
        table: a table as `compare_start_up` gives it.

    Returns:
        A matplotlib Figure: a bar for each start method, with and without pandas in the workers,
        a mark for each round, tear-down hatched behind it. Its `description` is its alternative
        text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_start_up(table)
    rows = list_rows(summary)
    height = 1.75 + 0.5 * len(rows)
    chart = make_chart(11, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.24, right=0.93, top=1 - 0.6 / height, bottom=1.0 / height)
    end = _find_end(table, rows)
    for place, row in enumerate(rows):
        is_own = (table["start_method"] == row.start_method) & (table["loads"] == row.loads)
        _draw_bar(axes, place, row, table[is_own], end)
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels([_name(row) for row in rows])
    axes.set_ylim(len(rows) - 0.45, -0.6)
    axes.set_xlim(0, end * 1.12)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    beyond = int((1000 * table["start_up_seconds"] > end).sum())
    stray = f"; {count_in_words(beyond, 'mark', 'marks')} further right" if beyond else ""
    axes.set_xlabel(
        f"milliseconds: start-up (bar, a mark for each round), tear-down (hatched){stray}",
        size=12, color=INK,
    )  # fmt: skip
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)
    title, conditions = title_start_up(table, summary), describe_start_up(table)
    write_heading(chart, title, conditions)
    each = "; ".join(
        f"{_name(row)} {1000 * row.start_up_seconds:.1f} ms, tear-down "
        f"{1000 * row.tear_down_seconds:.1f} ms"
        for row in rows
    )
    chart.description = f"Chart. {title}. Medians: {each}. Conditions: {conditions}."
    return chart


def _name(row: Any) -> str:
    return row.start_method if row.loads == "nothing" else f"{row.start_method}, with {row.loads}"


def _find_end(table: pd.DataFrame, rows: list[Any]) -> float:
    """Return where bars and marks end, in milliseconds; stray rounds don't squeeze the bars."""
    longest = max(row.start_up_seconds + row.tear_down_seconds for row in rows)
    furthest = float(table["start_up_seconds"].max())
    return 1000 * (furthest if longest < furthest <= _FURTHEST * longest else longest)


def _draw_bar(axes: Axes, place: int, row: Any, runs: pd.DataFrame, furthest: float) -> None:
    look = get_look("processes")
    start, tear = 1000 * row.start_up_seconds, 1000 * row.tear_down_seconds
    axes.barh(
        place, start, height=0.56, color=look.colour, alpha=0.9 if row.loads == "nothing" else 0.55
    )  # fmt: skip
    axes.barh(
        place, tear, left=start, height=0.56, facecolor="none", edgecolor=look.colour,
        hatch="////", linewidth=1,
    )  # fmt: skip
    spread = [place + 0.17 * math.sin(2.4 * number) for number in range(len(runs))]
    axes.plot(
        1000 * runs["start_up_seconds"], spread, linestyle="", marker=look.marker, markersize=3.6,
        markerfacecolor="white", markeredgecolor=INK, markeredgewidth=0.6, alpha=0.75,
    )  # fmt: skip
    marks = 1000 * runs["start_up_seconds"]
    room = max(start + tear, float(marks[marks <= furthest].max()))
    axes.annotate(
        state_seconds(row.start_up_seconds), (room, place),
        xytext=(8, 0), size=12,
        textcoords="offset points", va="center", color=SOFT_INK, annotation_clip=False,
    )  # fmt: skip
