"""An echo server's requests a second and their latency, beside quiet and busy neighbours."""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.charts.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    clean_axes,
    get_look,
    label_in_full,
    make_chart,
    write_heading,
)
from gil_demo.errors import ResultsError
from gil_demo.exchanges import ALONE, summarise_exchanges
from gil_demo.findings.convoy import (
    NEIGHBOURS,
    describe_exchanges,
    state_rate,
    title_exchanges,
    title_server_sweep,
)
from gil_demo.findings.words import capitalise, state_seconds
from gil_demo.results import list_rows

_LOOKS = {"nothing": "sequential", "process": "processes", "thread": "threads"}


def draw_convoy(table: pd.DataFrame, published: pd.DataFrame | None = None) -> Chart:
    """Draw what each neighbour left of the server's requests a second, and how long one took.

    Args:
        table: a table of one run, as `serve` gives it.
        published: figures of others to draw beside it, as `load_published("convoy")` gives them.

    Returns:
        A matplotlib Figure: on the left the requests a second with a mark for each round, on the
        right the latency, from the median to the time that 99 % stayed below; both on
        logarithmic axes. Its `description` is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs; or the published
            figures are none.
    """
    summary = summarise_exchanges(table)
    rows = list_rows(summary)
    height = 2.1 + 0.85 * len(rows)
    chart = make_chart(12, height)
    rates, latencies = chart.subplots(1, 2, sharey=True)
    chart.subplots_adjust(
        left=0.185, right=0.98, top=1 - 0.8 / height, bottom=1.15 / height, wspace=0.08
    )
    for place, row in enumerate(rows):
        is_mine = table["switch_interval_seconds"] == row.switch_interval_seconds
        _draw_rate(rates, place, row, table[is_mine & (table["beside"] == row.beside)])
        _draw_latency(latencies, place, row)
    if published is not None:
        _check_published(published)
        _draw_published(rates, rows, published)
    _finish(rates, rows, "requests a second (a mark for each round)", state_rate)
    _finish(latencies, rows, "one request: median and 99 % (bar)", state_seconds)
    rates.set_yticks(range(len(rows)))
    rates.set_yticklabels([capitalise(NEIGHBOURS[row.beside]) for row in rows])
    rates.tick_params(axis="y", labelsize=13)
    title, conditions = title_exchanges(table, summary), describe_exchanges(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, rows, published)
    return chart


def _draw_rate(axes: Axes, place: int, row: Any, rounds: pd.DataFrame) -> None:
    look = get_look(_LOOKS[row.beside])
    rates = rounds["requests"] / rounds["seconds"]
    spread = [place + 0.14 * math.sin(2.4 * number) for number in range(len(rates))]
    axes.plot(
        rates, spread, linestyle="", marker=look.marker, markersize=4, markerfacecolor="white",
        markeredgecolor=INK, markeredgewidth=0.6, alpha=0.6,
    )  # fmt: skip
    _draw_median(axes, place, row.requests_per_second, row, state_rate)


def _draw_latency(axes: Axes, place: int, row: Any) -> None:
    look = get_look(_LOOKS[row.beside])
    axes.plot(
        [row.latency_median_seconds, row.latency_p99_seconds], [place, place],
        color=look.colour, linewidth=4, solid_capstyle="butt", alpha=0.6,
    )  # fmt: skip
    _draw_median(axes, place, row.latency_median_seconds, row, state_seconds)


def _draw_median(
    axes: Axes, place: int, value: float, row: Any, state: Callable[[float], str]
) -> None:
    look = get_look(_LOOKS[row.beside])
    axes.plot(
        value, place, marker=look.marker, markersize=12, color=look.colour,
        markeredgecolor=PAPER, linestyle="",
    )  # fmt: skip
    axes.annotate(
        state(value), (value, place), xytext=(0, 13), textcoords="offset points", size=13,
        weight="bold", ha="center", color=look.colour,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _check_published(published: object) -> None:
    wanted = ("beside", "requests_per_second", "year", "source")
    is_table = isinstance(published, pd.DataFrame) and set(wanted) <= set(published.columns)
    if not is_table or published.empty:  # type: ignore[attr-defined]
        raise ResultsError('published must be a table as load_published("convoy") gives it')


def _draw_published(axes: Axes, rows: list[Any], published: pd.DataFrame) -> None:
    """Draw published rates as hollow stars below the reader's own."""
    places = {row.beside: place for place, row in enumerate(rows)}
    shown = published[published["beside"].isin(places)]
    axes.plot(
        shown["requests_per_second"], [places[name] + 0.3 for name in shown["beside"]],
        linestyle="", marker="*", markersize=12, markerfacecolor="none", markeredgecolor=SOFT_INK,
    )  # fmt: skip
    for row in list_rows(shown):
        axes.annotate(
            f"published {row.year}: {state_rate(row.requests_per_second)}",
            (row.requests_per_second, places[row.beside] + 0.3),
            xytext=(9 if row.requests_per_second < 3_000 else -9, 0), size=10,
            textcoords="offset points", va="center", color=SOFT_INK,
            ha="left" if row.requests_per_second < 3_000 else "right",
        )  # fmt: skip


def _finish(axes: Axes, rows: list[Any], label: str, state: Callable[[float], str]) -> None:
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    low, high = low / 2, high * 2  # room for the labels at either end
    axes.set_xlim(low, high)
    label_in_full(axes.xaxis, _choose_ticks(low, high), state)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(label, size=12, color=INK)
    clean_axes(axes, "x")


def _choose_ticks(low: float, high: float) -> list[float]:
    """Return powers of ten in a range; where it holds fewer than two, some values between."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [10.0**exponent for exponent in exponents]
    if sum(low <= tick <= high for tick in ticks) < 2:
        ticks = [step * tick for tick in ticks for step in (1, 2, 5)]
    return ticks


def _describe(title: str, conditions: str, rows: list[Any], published: pd.DataFrame | None) -> str:
    facts = [
        f"{NEIGHBOURS[row.beside]} {state_rate(row.requests_per_second)} requests a second, "
        f"{1000 * row.latency_median_seconds:.3f} ms each, 99 % below "
        f"{1000 * row.latency_p99_seconds:.3f} ms"
        for row in rows
    ]
    others = ""
    if published is not None:
        told = [
            f"{NEIGHBOURS[row.beside]} {state_rate(row.requests_per_second)}"
            for row in list_rows(published)
        ]
        others = f" Published by {published['source'].iloc[0]}: {', '.join(told)}."
    return f"Chart. {title}. Medians: {'; '.join(facts)}.{others} Conditions: {conditions}."


def draw_server_intervals(table: pd.DataFrame) -> Chart:
    """Draw the requests a second beside a busy thread against the switch interval.

    Args:
        table: a table of one run, as `sweep_server` gives it.

    Returns:
        A matplotlib Figure on logarithmic axes: a mark for each round, the median as a line, the
        line of one request an interval, and the server without a neighbour. Its `description`
        is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_exchanges(table)
    busy = summary[summary["beside"] == "thread"]
    if busy.empty:
        raise ResultsError("the table has no rounds beside a thread; give one of sweep_server")
    alone = float(summary.loc[summary["beside"] == ALONE, "requests_per_second"].iloc[0])
    chart = make_chart(10, 5.6)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.1, right=0.97, top=0.87, bottom=0.19)
    _draw_sweep(axes, table[table["beside"] == "thread"], busy)
    axes.axhline(alone, color=get_look("sequential").colour, linewidth=2)
    axes.annotate(
        f"alone: {state_rate(alone)}", (0.99, alone), xycoords=("axes fraction", "data"),
        xytext=(0, -5), textcoords="offset points", ha="right", va="top", size=12, color=SOFT_INK,
    )  # fmt: skip
    axes.set_xlabel("switch interval (ms)", size=13, color=INK)
    axes.set_ylabel("requests a second", size=13, color=INK)
    clean_axes(axes, "y")
    title, conditions = title_server_sweep(table, summary), describe_exchanges(table)
    write_heading(chart, title, conditions)
    facts = [
        f"{state_seconds(row.switch_interval_seconds)}: {row.requests_per_second:.1f}"
        for row in list_rows(busy)
    ]
    chart.description = (
        f"Chart. {title}. Requests a second by switch interval: {'; '.join(facts)}; without a "
        f"neighbour {alone:.1f}. Conditions: {conditions}."
    )
    return chart


def _draw_sweep(axes: Axes, rounds: pd.DataFrame, busy: pd.DataFrame) -> None:
    look = get_look("threads")
    intervals = busy["switch_interval_seconds"] * 1000
    axes.plot(
        intervals, 1000 / intervals, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)),
        label="one request an interval",
    )  # fmt: skip
    axes.plot(
        rounds["switch_interval_seconds"] * 1000, rounds["requests"] / rounds["seconds"],
        linestyle="", marker=look.marker, markersize=4, markerfacecolor="white",
        markeredgecolor=INK, markeredgewidth=0.6, alpha=0.6,
    )  # fmt: skip
    axes.plot(
        intervals, busy["requests_per_second"], color=look.colour, marker=look.marker,
        markersize=9, linewidth=2.4, markeredgecolor=PAPER, label="beside a busy thread",
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    label_in_full(axes.xaxis, list(intervals), lambda value: f"{value:g}")
    low, high = axes.get_ylim()
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    label_in_full(axes.yaxis, [10.0**power for power in powers], state_rate)
    axes.legend(loc="lower left", frameon=False, fontsize=12)
