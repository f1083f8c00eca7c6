"""The columns of rounds with an echo server."""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.checks import (
    ResultsError,
    check_choice,
    check_number,
    check_switch_interval,
    check_unlike,
)
from gil_demo.drawing.style import (
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
from gil_demo.measuring.estimates import estimate_median
from gil_demo.measuring.rounds import check_budget, take_samples
from gil_demo.measuring.runs import collect_facts
from gil_demo.running.interrupts import held_back
from gil_demo.running.intervals import PYTHON_INTERVAL, switch_interval_of
from gil_demo.running.pools import CHECK_SECONDS, check_start_method, processes
from gil_demo.running.spans import Run
from gil_demo.running.workloads import call, count_for, countdown
from gil_demo.tables.schema import (
    MACHINE,
    Column,
    Schema,
    check_one_run,
    check_rounds,
    list_rows,
    make_table,
)
from gil_demo.waiting.loopback import Exchange, echo, send_requests, serving
from gil_demo.words import (
    MARGIN,
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    is_wide,
    state_factor,
    state_seconds,
)

EXCHANGES = Schema(
    "echo rounds",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("serve",)),
        "beside": Column("text", choices=("nothing", "thread", "process")),
        "switch_interval_seconds": Column("duration"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "requests": Column("whole"),
        "seconds": Column("duration"),
        "latency_median_seconds": Column("duration"),
        "latency_p99_seconds": Column("duration"),
    }
    | MACHINE,
    check_rounds,
)
"""A row for each round of requests to an echo server beside nothing, a thread or a process."""

NEIGHBOURS = {
    "nothing": "alone",
    "process": "beside a busy process",
    "thread": "beside a busy thread",
}

DEFAULT_INTERVALS = (0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)

DEFAULT_SECONDS = 0.25

MOST_SECONDS = 60.0

_CHUNK_STEPS = 1_000


def serve(
    beside: Sequence[str] = (*NEIGHBOURS,),
    *,
    seconds: float = DEFAULT_SECONDS,
    start_method: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Measure an echo server's requests a second beside different neighbours, in turn.

    Args:
        beside: which neighbours: nothing (always measured), thread, process.
        seconds: how long requests are sent in each round, above 0 and at most 60.
        start_method: how the client and the neighbour's process are started; None means the
            platform's default.
        budget: seconds after which to stop; None means the default of `gil_demo.sampling`.

    Returns:
        A table of rounds: for each neighbour and round the requests that were answered and their
        latencies in seconds. The columns and types are in `EXCHANGES`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    names = check_unlike("beside", beside, _check_neighbour)
    variants = [(name, PYTHON_INTERVAL) for name in NEIGHBOURS if name in {"nothing", *names}]
    return _measure(variants, seconds, start_method, budget)


def sweep_server(
    intervals: Sequence[float] = DEFAULT_INTERVALS,
    *,
    seconds: float = DEFAULT_SECONDS,
    start_method: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Measure an echo server beside a busy thread at several switch intervals, in turn.

    Args:
        intervals: seconds that a thread may keep the GIL, from a microsecond to a second.
        seconds: as for `serve`.
        start_method: as for `serve`.
        budget: as for `serve`.

    Returns:
        A table as that of `serve`; the server without a neighbour is always measured, at Python's
        own 5 ms.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    chosen = check_unlike("intervals", intervals, check_switch_interval)
    variants = [("nothing", PYTHON_INTERVAL), *[("thread", one) for one in sorted(chosen)]]
    return _measure(variants, seconds, start_method, budget)


def _check_neighbour(_: str, value: object) -> str:
    return check_choice("beside", value, [*NEIGHBOURS])


class _Round(NamedTuple):
    """What one round gave; `work` is seconds a request."""

    work: float
    exchange: Exchange


def _measure(
    variants: Sequence[tuple[str, float]],
    seconds: float,
    start_method: str | None,
    budget: float | None,
) -> pd.DataFrame:
    check_number("seconds", seconds, MOST_SECONDS)
    allowed = check_budget(budget)
    method = check_start_method(start_method)
    facts = collect_facts("serve")
    by_label = {f"beside {name} at {interval!r} s": (name, interval) for name, interval in variants}
    with serving(echo) as port, processes(2, method) as run:
        send = partial(send_requests, port, seconds)
        rounds: dict[str, Callable[[], _Round]] = {
            label: partial(_run_round, run, send, seconds, *variant)
            for label, variant in by_label.items()
        }
        taken = take_samples(rounds, baseline=next(iter(rounds)), budget=allowed)
    rows = []
    for sample in taken.samples:
        neighbour, interval = by_label[sample.variant]
        exchange = sample.timing.exchange
        rows.append(
            facts
            | {
                "beside": neighbour,
                "switch_interval_seconds": interval,
                "round": sample.round,
                "rounds": taken.samples[-1].round,
                "position": sample.position,
                "requests": exchange.requests,
                "seconds": exchange.seconds,
                "latency_median_seconds": exchange.median_seconds,
                "latency_p99_seconds": exchange.p99_seconds,
            }
        )
    return make_table(rows, EXCHANGES)


def _run_round(
    run: Run, send: Callable[[], Exchange], seconds: float, neighbour: str, interval: float
) -> _Round:
    count = partial(count_for, seconds)
    tasks: list[Callable[[], object]] = [count, send] if neighbour == "process" else [send]
    busy = _busy_thread() if neighbour == "thread" else nullcontext()
    with switch_interval_of(interval), busy:
        exchange = run(call, tasks)[-1].answer
    return _Round(exchange.seconds / exchange.requests, exchange)


@contextmanager
def _busy_thread() -> Iterator[None]:
    """Keep a thread of this process counting down for a while."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            countdown(_CHUNK_STEPS)

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


KEYS = ["beside", "switch_interval_seconds"]

ALONE = "nothing"


def summarise_exchanges(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one run: a row for each neighbour and switch interval.

    Args:
        table: a table of one run, as `serve` or `sweep_server` gives it.

    Returns:
        The columns beside, switch_interval_seconds, rounds; requests_per_second,
        latency_median_seconds and latency_p99_seconds (medians over the rounds); fewer,
        fewer_low and fewer_high (how many times as many requests the server answered without a
        neighbour in the same round, with the 95 % interval, nan below six rounds).

    Raises:
        ResultsError: the table is not of this kind, holds several runs, or lacks the rounds
            without a neighbour.
    """
    check_one_run(table, EXCHANGES)
    rates = table.assign(requests_per_second=table["requests"] / table["seconds"])
    alone = rates[rates["beside"] == ALONE].set_index("round")["requests_per_second"]
    if alone.empty:
        raise ResultsError("the table has no rounds beside nothing to hold the others against")
    wanted = list(range(1, int(table["rounds"].iloc[0]) + 1))
    for key, group in rates.groupby(KEYS):
        if sorted(group["round"]) != wanted:
            raise ResultsError(
                f"the table is not whole: beside {key[0]} it has {len(group)} rows for "
                f"{len(wanted)} rounds"
            )
    rows = []
    for key, group in rates.groupby(KEYS, sort=False):
        rounds = group.set_index("round")
        fewer = estimate_median(list((alone / rounds["requests_per_second"]).dropna()))
        figures = ["requests_per_second", "latency_median_seconds", "latency_p99_seconds"]
        medians = {name: float(rounds[name].median()) for name in figures}
        ratios = {"fewer": fewer.median, "fewer_low": fewer.low, "fewer_high": fewer.high}
        rows.append(dict(zip(KEYS, key, strict=True)) | {"rounds": fewer.rounds} | medians | ratios)
    summary = pd.DataFrame(rows)
    ranks = summary["beside"].map({ALONE: 0, "process": 1, "thread": 2})
    return (
        summary.assign(rank=ranks)
        .sort_values(["rank", "switch_interval_seconds"], ignore_index=True)
        .drop(columns="rank")
    )


def judge_exchanges(table: pd.DataFrame) -> str:
    """Say in a few sentences what one run of `serve` or `sweep_server` shows.

    Args:
        table: a table of one run.

    Returns:
        Sentences, one a line: reservations first, then each neighbour, then how many rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_exchanges(table)
    workers = 2 if "process" in set(table["beside"]) else 1
    mind = find_machine_reservations(table.iloc[0], workers)
    lines = [f"Mind: {reservation}." for reservation in mind]
    is_sweep = summary["switch_interval_seconds"].nunique() > 1
    lines += [_judge(row, is_sweep) for row in list_rows(summary)]
    rounds = count_in_words(int(table["rounds"].iloc[0]), "round", "rounds")
    return "\n".join([*lines, f"{capitalise(rounds)} of each."])


def title_exchanges(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding of a run of `serve` in one line, for the chart's title."""
    parts = [
        f"{state_rate(row.requests_per_second)} {NEIGHBOURS[row.beside]}"
        for row in list_rows(summary)
    ]
    return head(f"requests a second: {', '.join(parts)}", table)


def title_server_sweep(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding of a run of `sweep_server` in one line, for the chart's title."""
    rows = [row for row in list_rows(summary) if row.beside != ALONE]
    ends = [rows[0], rows[-1]] if len(rows) > 1 else rows
    parts = [
        f"{state_rate(row.requests_per_second)} requests a second at "
        f"{state_seconds(row.switch_interval_seconds)}"
        for row in ends
    ]
    return head(f"beside a busy thread: {', '.join(parts)}", table)


def describe_exchanges(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    intervals = sorted(set(table["switch_interval_seconds"]))
    interval = f", switch interval {state_seconds(intervals[0])}" if len(intervals) == 1 else ""
    return (
        f"{describe_computer(first)}; echo server on loopback, its client in another process"
        f"{interval}; {rounds} of each"
    )


def state_rate(rate: float) -> str:
    """State a rate with three digits at most, for example "12,700"."""
    digits = 3 - len(f"{rate:.0f}")
    return f"{round(rate, min(0, digits)):,.0f}" if rate >= 10 else f"{rate:.2g}"


def _judge(row: Any, is_sweep: bool) -> str:
    name = capitalise(NEIGHBOURS[row.beside])
    if is_sweep and row.beside != ALONE:
        name += f", switch interval {state_seconds(row.switch_interval_seconds)}"
    sentence = (
        f"{name}: {state_rate(row.requests_per_second)} requests a second, "
        f"{state_seconds(row.latency_median_seconds)} each in the median,\n"
        f"  1 % above {state_seconds(row.latency_p99_seconds)}"
    )
    return f"{sentence}{'' if row.beside == ALONE else _compare(row)}."


def _compare(row: Any) -> str:
    if math.isnan(row.fewer_low):
        return f"; {state_factor(row.fewer)} × fewer than alone" if row.fewer > 1 else ""
    if row.fewer_low > 1 + MARGIN:
        return f"; {_state(row.fewer, row.fewer_low, row.fewer_high)} × fewer than alone"
    if row.fewer_high < 1 - MARGIN:
        more = _state(1 / row.fewer, 1 / row.fewer_high, 1 / row.fewer_low)
        return f"; {more} × as many as alone"
    return "; no clear difference from alone"


def _state(median: float, low: float, high: float) -> str:
    if is_wide(low, high):
        return f"{state_factor(low)} to {state_factor(high)}"
    return state_factor(median)


_LOOKS = {"nothing": "sequential", "process": "processes", "thread": "threads"}


def draw_exchanges(table: pd.DataFrame, published: pd.DataFrame | None = None) -> Chart:
    """Draw a server's requests beside its neighbours, or against the switch interval if swept."""
    if table["switch_interval_seconds"].nunique() > 1:
        return draw_server_intervals(table)
    return draw_convoy(table, published)


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
