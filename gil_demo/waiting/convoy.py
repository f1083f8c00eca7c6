"""The convoy: what a busy neighbour leaves of an echo server's requests under the GIL.

A thread that waits for a request lets go of the GIL. If one that counts down has taken it when the
request is there, it comes back only when a switch interval is over.
"""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from operator import call
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gil_demo import words
from gil_demo.checks import GilDemoError, ResultsError, check_number
from gil_demo.drawing import parts, style
from gil_demo.measuring.estimates import estimate_ratio, select_by_round, spread
from gil_demo.measuring.rounds import Sample, check_budget, make_rows, take_samples
from gil_demo.measuring.runs import collect_facts
from gil_demo.running import CHECK_SECONDS
from gil_demo.running.interrupts import held_back
from gil_demo.running.pools import processes
from gil_demo.running.runners import PYTHON_INTERVAL, switch_interval_of
from gil_demo.running.spans import Run
from gil_demo.running.workloads import count_for, countdown
from gil_demo.tables.schema import Column, list_rows, make_schema, make_table
from gil_demo.waiting.loopback import Exchange, echo, send_requests, serving
from gil_demo.words import capitalise, head, state_factor, state_seconds

NEIGHBOURS = {
    "nothing": ("alone", style.get_look("sequential")),
    "process": ("beside a busy process", style.get_look("processes")),
    "thread": ("beside a busy thread", style.get_look("threads")),
}
"""What may run beside the server, in the order of rows: its words and its look."""

INTERVALS = (0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)
SECONDS, MOST_SECONDS = 0.25, 60.0


def serve(*, budget: float | None = None) -> pd.DataFrame:
    """Measure an echo server's requests a second alone, beside a process and beside a thread.

    Args:
        budget: seconds after which to stop; None means the default of `take_samples`.

    Returns:
        A table of rounds: for each neighbour and round the requests that were answered and their
        latencies in seconds. The columns and types are in `EXCHANGES`.

    Raises:
        TypeError: the budget is no number.
        ValueError: the budget is out of range; nothing has been started.
        GilDemoError: the run failed.
    """
    return _measure([(name, PYTHON_INTERVAL) for name in NEIGHBOURS], SECONDS, budget)


def sweep_server(*, seconds: float = SECONDS, budget: float | None = None) -> pd.DataFrame:
    """Measure an echo server beside a busy thread at several switch intervals, in turn.

    Args:
        seconds: how long requests are sent in each round, above 0 and at most 60; 200,000 requests
            end it sooner.
        budget: as for `serve`.

    Returns:
        A table as that of `serve`; the server without a neighbour is always measured, at Python's
        own 5 ms.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    check_number("seconds", seconds, MOST_SECONDS)
    variants = [("nothing", PYTHON_INTERVAL), *[("thread", interval) for interval in INTERVALS]]
    return _measure(variants, seconds, budget)


def _measure(
    variants: Sequence[tuple[str, float]], seconds: float, budget: float | None
) -> pd.DataFrame:
    allowed = check_budget(budget)
    facts = collect_facts("serve")
    with serving(echo) as port, processes(2) as run:
        rounds = {one: partial(_run_round, run, port, seconds, *one) for one in variants}
        name = "beside {0[0]} at {0[1]!r} s".format
        try:
            taken = take_samples(rounds, variants[0], budget=allowed, name=name)
        except (OSError, RuntimeError) as reason:  # of the connection, or of a thread's start
            raise GilDemoError(f"the requests to the server failed: {reason}") from reason

    def describe(one: Sample[Exchange]) -> dict[str, object]:
        told = dict(zip(("beside", "switch_interval_seconds"), one.variant, strict=True))
        return told | one.timing._asdict()

    return make_table(make_rows(taken, facts, describe), EXCHANGES)


def _run_round(run: Run, port: int, seconds: float, neighbour: str, interval: float) -> Exchange:
    count, send = partial(count_for, seconds), partial(send_requests, port, seconds)
    tasks: list[Callable[[], object]] = [count, send] if neighbour == "process" else [send]
    busy = _busy_thread() if neighbour == "thread" else nullcontext()
    with switch_interval_of(interval), busy:
        exchange: Exchange = run(call, tasks)[-1].answer
    return exchange


@contextmanager
def _busy_thread() -> Iterator[None]:
    """Keep a thread of this process counting down for a while."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            countdown(1_000)

    thread = threading.Thread(target=work, daemon=True)
    try:
        with held_back():  # an interrupt in the midst of a start would lose the thread
            thread.start()
        yield
    finally:
        with held_back():
            is_over.set()
            while thread.is_alive():
                thread.join(CHECK_SECONDS)


_LATENCIES = ("latency_median_seconds", "latency_p99_seconds")
EXCHANGES = make_schema(
    "echo rounds",
    ("serve",),
    {
        "beside": Column("text", choices=(*NEIGHBOURS,)),
        "switch_interval_seconds": Column("duration"),
        **dict.fromkeys(("round", "rounds", "position", "requests"), Column("whole")),
        **dict.fromkeys(("seconds", *_LATENCIES), Column("duration")),
    },
    variant=("beside", "switch_interval_seconds"),
)
"""A row for each round of requests to an echo server beside nothing, a thread or a process."""


def summarise_exchanges(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one run; `fewer` is how many times as many requests were answered alone."""
    rates = table.assign(requests_per_second=table["requests"] / table["seconds"])
    alone = select_by_round(rates, "requests_per_second", beside="nothing")
    if alone.empty:
        raise ResultsError("the table has no rounds beside nothing to hold the others against")
    rows = []
    for name in NEIGHBOURS:
        own = rates[rates["beside"] == name].set_index("round").sort_index()
        for interval, rounds in own.groupby("switch_interval_seconds"):
            fewer = estimate_ratio(list(alone / rounds["requests_per_second"]))
            told = {"beside": name, "switch_interval_seconds": interval, "rounds": fewer.rounds}
            medians = rounds[["requests_per_second", *_LATENCIES]].median().to_dict()
            rows.append(told | medians | spread("fewer", fewer))
    return pd.DataFrame(rows)


def judge_exchanges(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say in a few sentences what one run of `serve` or `sweep_server` shows."""
    # what is busy beside the server keeps a core that its client doesn't have then
    workers = 1 if set(table["beside"]) == {"nothing"} else 2
    lines = words.reserve(table, words.find_machine_reservations(table.iloc[0], workers))
    lines += [_judge(row, _is_sweep(summary)) for row in list_rows(summary)]
    return words.tell(table, lines, words.explain_ratios(lines))


def state_rate(rate: float) -> str:
    """State a rate with three digits at most, for example "12,700"."""
    digits = 3 - len(f"{rate:.0f}")
    return f"{round(rate, min(0, digits)):,.0f}" if rate >= 10 else f"{rate:.2g}"


def _is_sweep(summary: pd.DataFrame) -> bool:
    return summary["switch_interval_seconds"].nunique() > 1


def _state_title(summary: pd.DataFrame) -> str:
    rows = list_rows(summary)
    if not _is_sweep(summary):
        told = [
            _compare(row, _name(row)) if _is_clear(row) else f"no clear difference {_name(row)}"
            for row in rows
            if row.beside != "nothing"
        ]
        alone = f"{state_rate(rows[0].requests_per_second)} requests a second alone"
        return "; ".join(told) if told else alone
    busy = [row for row in rows if row.beside != "nothing"]
    told = [
        f"{state_rate(row.requests_per_second)} requests a second at "
        f"{state_seconds(row.switch_interval_seconds)}"
        for row in dict.fromkeys((busy[0], busy[-1]))
    ]
    return f"beside a busy thread: {', '.join(told)}"


def _name(row: Any) -> str:
    return NEIGHBOURS[row.beside][0]


def _judge(row: Any, is_sweep: bool) -> str:
    name = capitalise(_name(row))
    if is_sweep and row.beside != "nothing":
        name += f", switch interval {state_seconds(row.switch_interval_seconds)}"
    sentence = (
        f"{name}: {state_rate(row.requests_per_second)} requests a second, "
        f"{state_seconds(1 / row.requests_per_second)} each on average;\n"
        f"  median {state_seconds(row.latency_median_seconds)}, "
        f"1 % above {state_seconds(row.latency_p99_seconds)}"
    )
    is_told = row.beside != "nothing" and not math.isnan(row.fewer_low)
    return f"{sentence}{f'; {_compare(row)}' if is_told else ''}."


def _is_clear(row: Any) -> bool:
    return words.is_clear(row.fewer_low, row.fewer_high)


def _compare(row: Any, here: str = "here") -> str:
    """Say how many times as many requests were answered alone, or here, and if that is clear."""
    if row.fewer_high < words.LEAST:
        ends = (1 / row.fewer_high, 1 / row.fewer_low)
        more = words.state_times(1 / row.fewer, *ends, state_factor)
        return f"{more} as many answers {here} as alone"
    fewer = words.state_times(row.fewer, row.fewer_low, row.fewer_high, state_factor)
    end = "" if _is_clear(row) else ", no clear difference"
    return f"{fewer} as many answers alone as {here}{end}"


def draw_exchanges(
    table: pd.DataFrame, summary: pd.DataFrame, published: pd.DataFrame | None = None
) -> style.Chart:
    """Draw a server's requests beside its neighbours, or against the switch interval if swept."""
    wanted = {"beside", "requests_per_second", "year", "source"}
    is_table = isinstance(published, pd.DataFrame) and wanted <= set(published.columns)
    if published is not None and (not is_table or published.empty or _is_sweep(summary)):
        raise TypeError('published must be what load_published("convoy") gives, for a run of serve')
    if _is_sweep(summary):
        chart, told = _draw_sweep(table, summary)
    else:
        chart, told = _draw_neighbours(table, summary, published)
    intervals = table["switch_interval_seconds"].unique()
    interval = f", switch interval {state_seconds(intervals[0])}" if len(intervals) == 1 else ""
    what = f"echo server on loopback, its client in another process{interval}"
    title = words.withhold_title(table) or head(_state_title(summary), table)
    return parts.finish(chart, title, words.describe_rounds(table, what), told)


def _draw_neighbours(
    table: pd.DataFrame, summary: pd.DataFrame, published: pd.DataFrame | None
) -> tuple[style.Chart, str]:
    """Draw on the left each round's requests, on the right a request's time up to the 99 %."""
    rows = list_rows(summary)
    height = 2.1 + 0.85 * len(rows)
    chart = style.make_chart(12, height)
    rates, latencies = chart.subplots(1, 2, sharey=True)
    chart.subplots_adjust(
        left=0.185, right=0.98, top=1 - 0.8 / height, bottom=1.15 / height, wspace=0.08
    )
    panels = (
        (rates, "requests_per_second", state_rate, "requests a second (a mark for each round)"),
        (latencies, "latency_median_seconds", state_seconds, "one request: median and 99 % (bar)"),
    )
    for place, row in enumerate(rows):
        _, look = NEIGHBOURS[row.beside]
        own = table[table["beside"] == row.beside]
        parts.draw_cloud(rates, own["requests"] / own["seconds"], place, look.marker)
        ends = row.latency_median_seconds, row.latency_p99_seconds
        parts.draw_interval(latencies, *ends, place, look.colour, 4)
        for axes, figure, state, _ in panels:
            value = getattr(row, figure)
            parts.draw_mark(axes, value, place, look)
            parts.write_value(axes, state(value), (value, place), look.colour)
    told = [
        f"{_name(row)} {state_rate(row.requests_per_second)} requests a second, "
        f"{1000 * row.latency_median_seconds:.3f} ms each, 99 % below "
        f"{1000 * row.latency_p99_seconds:.3f} ms"
        for row in rows
    ]
    others = "" if published is None else _draw_published(rates, rows, published)
    for axes, _, state, label in panels:
        parts.widen(axes, 2, state)
        axes.set_xlabel(label, size=12, color=style.INK)
        style.clean_axes(axes, "x")
    parts.name_rows(rates, [capitalise(_name(row)) for row in rows], bottom=0.4)
    return chart, f"Medians: {'; '.join(told)}.{others}"


def _draw_published(axes: Axes, rows: list[Any], published: pd.DataFrame) -> str:
    """Draw published rates as hollow stars below the reader's own; return them in words."""
    places = {row.beside: place + 0.3 for place, row in enumerate(rows)}
    shown = published[published["beside"].isin(places)]
    axes.plot(
        shown["requests_per_second"], shown["beside"].map(places), linestyle="", marker="*",
        markersize=12, markerfacecolor="none", markeredgecolor=style.SOFT_INK,
    )  # fmt: skip
    for row in list_rows(shown):
        rate, is_low = row.requests_per_second, row.requests_per_second < 3_000
        parts.write(
            axes, f"published {row.year}: {state_rate(rate)}", (rate, places[row.beside]),
            (9 if is_low else -9, 0), size=10, va="center", ha="left" if is_low else "right",
        )  # fmt: skip
    told = [f"{_name(row)} {state_rate(row.requests_per_second)}" for row in list_rows(published)]
    return f" Published by {published['source'].iloc[0]}: {', '.join(told)}."


def _draw_sweep(table: pd.DataFrame, summary: pd.DataFrame) -> tuple[style.Chart, str]:
    """Draw each round's requests and their median, and the line of one request an interval."""
    rounds, busy = (part[part["beside"] == "thread"] for part in (table, summary))
    if busy.empty:
        raise ResultsError("the table has no rounds beside a thread; give one of sweep_server")
    alone = float(summary.loc[summary["beside"] == "nothing", "requests_per_second"].iloc[0])
    look, intervals = style.get_look("threads"), busy["switch_interval_seconds"] * 1000
    chart, axes = parts.make_plot(10, 5.6, left=0.1, right=0.97, above=0.728, below=1.064)
    axes.plot(
        intervals, 1000 / intervals, color=style.SOFT_INK, linewidth=1.4, linestyle=parts.DASHES,
        label="one request an interval",
    )  # fmt: skip
    rates = rounds["requests"] / rounds["seconds"]
    parts.draw_rounds(axes, rounds["switch_interval_seconds"] * 1000, rates, look.marker)
    medians = {"linewidth": 2.4, "label": "beside a busy thread"}
    parts.draw_medians(axes, intervals, busy, "requests_per_second", look, **medians)
    axes.loglog()
    style.label_in_full(axes.xaxis, list(intervals), lambda value: f"{value:g}")
    style.label_in_full(axes.yaxis, style.choose_decades(*axes.get_ylim()), state_rate)
    axes.legend(loc="lower left", frameon=False, fontsize=12)
    axes.axhline(alone, color=style.get_look("sequential").colour, linewidth=2)
    parts.write(
        axes, f"alone: {state_rate(alone)}", (0.99, alone), (0, -5), size=12, ha="right", va="top",
        xycoords=("axes fraction", "data"),
    )  # fmt: skip
    parts.name_axes(axes, "switch interval (ms)", "requests a second")
    told = [
        f"{state_seconds(row.switch_interval_seconds)}: {row.requests_per_second:.1f}"
        for row in list_rows(busy)
    ]
    return chart, (
        f"Requests a second by switch interval: {'; '.join(told)}; without a neighbour {alone:.1f}."
    )
