"""Ask who holds the GIL when: a timeline of the countdown, and what the switch interval does."""

import math
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.checks import (
    ResultsError,
    check_switch_interval,
    check_unlike,
    check_whole_number,
    most_workers,
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
from gil_demo.running.intervals import PYTHON_INTERVAL, switch_interval_of
from gil_demo.running.runners import threads
from gil_demo.running.spans import Span
from gil_demo.running.workloads import split, trace_countdown
from gil_demo.tables.schema import (
    MACHINE,
    Column,
    Schema,
    check_one_run,
    check_rounds,
    list_rows,
    make_table,
)
from gil_demo.turns.timeline import (
    _LEAST_TRACED_INTERVAL,
    OWN,
    _list_slices,
    _state_turn,
    find_turns,
)
from gil_demo.words import (
    capitalise,
    count_in_words,
    describe_computer,
    head,
    name_workers,
    state_seconds,
    state_times,
)

DEFAULT_INTERVALS = (1e-6, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)

DEFAULT_SWEEP_SECONDS = 15.0

_PACE_STEPS = 300_000

_ROUND_SECONDS = 0.15

_ROUND_TURNS = 8


class _Round(NamedTuple):
    """What one round at one interval gave; `work` is seconds a step."""

    work: float
    turn_seconds: float | None


def sweep_switch_interval(
    intervals: Sequence[float] = DEFAULT_INTERVALS,
    *,
    workers: int = 2,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run the threaded countdown at several switch intervals, in turn.

    Python's own interval, 5 ms, is always measured, since the others are held against it.

    Args:
        intervals: seconds, from a microsecond to a second, each once.
        workers: how many threads, 2 or more.
        budget: seconds after which to stop; None means `DEFAULT_SWEEP_SECONDS`.

    Returns:
        A table of rounds: for each interval and round the median turn of a thread in seconds
        (empty below a millisecond, where the trace is too coarse to tell, and without turns) and
        the steps a second of all threads together. The columns and types are in
        `SWITCHES`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    chosen = check_unlike("intervals", intervals, check_switch_interval)
    check_whole_number("workers", workers, 2, most_workers())
    seconds = check_budget(DEFAULT_SWEEP_SECONDS if budget is None else budget)
    facts = collect_facts("switch") | {"workers": workers}
    by_label = {f"{interval!r} s": interval for interval in sorted({*chosen, PYTHON_INTERVAL})}
    pace = _measure_pace()
    taken = take_samples(
        {label: partial(_run_round, i, workers, pace) for label, i in by_label.items()},
        baseline=f"{PYTHON_INTERVAL!r} s",
        budget=seconds,
    )
    rows = [
        facts
        | {
            "switch_interval_seconds": by_label[sample.variant],
            "round": sample.round,
            "rounds": taken.samples[-1].round,
            "position": sample.position,
            "turn_seconds": sample.timing.turn_seconds,
            "steps_per_second": 1 / sample.timing.work,
        }
        for sample in taken.samples
    ]
    return make_table(rows, SWITCHES)


def _measure_pace() -> float:
    """Return roughly how many steps a second one thread takes."""
    start = time.perf_counter()
    trace_countdown(_PACE_STEPS)
    return _PACE_STEPS / (time.perf_counter() - start)


def _run_round(interval: float, workers: int, pace: float) -> _Round:
    steps = max(workers, int(pace * max(_ROUND_SECONDS, _ROUND_TURNS * interval)))
    with switch_interval_of(interval), threads(workers) as run:
        start = time.perf_counter()
        spans = run(trace_countdown, split(steps, workers))
        work = (time.perf_counter() - start) / steps
    return _Round(work, _find_median_turn(spans) if interval >= _LEAST_TRACED_INTERVAL else None)


def _find_median_turn(spans: Sequence[Span]) -> float | None:
    turns = find_turns(pd.DataFrame(_list_slices(spans)).assign(runner="threads"))
    handed_over = turns.loc[turns["is_handed_over"], "seconds"]
    return float(handed_over.median()) if len(handed_over) else None


SWITCHES = Schema(
    "rounds at a switch interval",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("switch",)),
        "workers": Column("whole"),
        "switch_interval_seconds": Column("duration"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "turn_seconds": Column("duration", may_be_empty=True),
        "steps_per_second": Column("rate"),
    }
    | MACHINE,
    check_rounds,
)
"""A row for each round with two threads or more at one switch interval."""


def summarise_switches(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one sweep of the switch interval: a row for each interval, the shortest first.

    Args:
        table: a table of one sweep, as `sweep_switch_interval` gives it.

    Returns:
        The columns switch_interval_seconds, rounds; turn_seconds, turn_low and turn_high (the
        median turn over all rounds with its 95 % interval, nan where there were no turns);
        steps_per_second (median); speed, speed_low and speed_high (steps a second as a multiple
        of those at Python's own 5 ms in the same round).

    Raises:
        ResultsError: the table is not of this kind, or holds several sweeps.
    """
    check_one_run(table, SWITCHES)
    own = table[table["switch_interval_seconds"] == PYTHON_INTERVAL].set_index("round")
    if set(own.index) != set(table["round"]):
        own_interval = f"{PYTHON_INTERVAL * 1000:g} ms"
        raise ResultsError(f"the table has rounds without one at {own_interval} to compare with")
    rows = []
    for interval, group in table.groupby("switch_interval_seconds"):
        rates = group.set_index("round")["steps_per_second"]
        speed = estimate_median(list((rates / own["steps_per_second"]).dropna()))
        turns = list(group["turn_seconds"].dropna())
        turn = estimate_median(turns) if turns else None
        rows.append(
            {
                "switch_interval_seconds": interval,
                "rounds": speed.rounds,
                "turn_seconds": turn.median if turn else math.nan,
                "turn_low": turn.low if turn else math.nan,
                "turn_high": turn.high if turn else math.nan,
                "steps_per_second": float(rates.median()),
                "speed": speed.median,
                "speed_low": speed.low,
                "speed_high": speed.high,
            }
        )
    return pd.DataFrame(rows)


def judge_switches(table: pd.DataFrame) -> str:
    """Say in a few sentences what one sweep of the switch interval shows.

    Args:
        table: a table of one sweep, as `sweep_switch_interval` gives it.

    Returns:
        Sentences, one a line: one for each interval, then how the measurement ended.

    Raises:
        ResultsError: the table is not of this kind, or holds several sweeps.
    """
    summary = summarise_switches(table)
    rounds = count_in_words(int(table["rounds"].iloc[0]), "round", "rounds")
    lines = [_judge_interval(row) for row in list_rows(summary)]
    return "\n".join([*lines, f"{capitalise(rounds)} at each interval."])


def title_switches(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding of a sweep in one line, for the chart's title."""
    parts = []
    turned = summary.dropna(subset="turn_seconds")
    if len(turned):
        ends = [turned.iloc[0], turned.iloc[-1]] if len(turned) > 1 else [turned.iloc[0]]
        parts += ["turns of " + " and ".join(map(_state_turn, ends))]
    else:
        parts += ["the threads took no turns that the trace could see"]
    shortest = list_rows(summary)[0]
    if shortest.switch_interval_seconds < 0.001:
        interval = state_seconds(shortest.switch_interval_seconds)
        if shortest.speed_low <= 1 <= shortest.speed_high:
            parts += [f"no clear change of speed at {interval}"]
        else:
            times = state_times(shortest.speed, shortest.speed_low, shortest.speed_high)
            parts += [f"{times} the speed at {interval}"]
    return head("; ".join(parts), table)


def describe_switches(table: pd.DataFrame) -> str:
    """Say in one line where and how often a sweep was measured, for the chart's subtitle."""
    first = table.iloc[0]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    threads = name_workers("threads", int(first["workers"]))
    return f"{describe_computer(first)}; {threads}, {rounds} at each interval"


def _judge_interval(row: Any) -> str:
    interval = state_seconds(row.switch_interval_seconds)
    if math.isnan(row.turn_seconds):
        turn = "turns too short, or too few, to see"
    else:
        turn = f"turns of {state_seconds(row.turn_seconds)}"
        if not math.isnan(row.turn_low):
            turn += f" ({state_seconds(row.turn_low)} to {state_seconds(row.turn_high)})"
    speed = f"{row.speed:.2f} × the speed at 5 ms"
    if not math.isnan(row.speed_low) and row.speed_low != row.speed_high:
        speed += f" ({row.speed_low:.2f} to {row.speed_high:.2f})"
    return f"{interval}: {turn}; {speed}."


def draw_switch_intervals(table: pd.DataFrame) -> Chart:
    """Draw how long a thread's turn is at each switch interval, and what that does to speed.

    Args:
        table: a table of one sweep, as `sweep_switch_interval` gives it.

    Returns:
        A matplotlib Figure: on the left the turns with a mark for each round and the line on
        which turn and interval are equal; on the right the speed as a multiple of that at 5 ms,
        with its 95 % interval. Its `description` is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several sweeps.
    """
    summary = summarise_switches(table)
    chart = make_chart(12, 5.2)
    turns, speeds = chart.subplots(1, 2)
    chart.subplots_adjust(left=0.075, right=0.985, top=0.86, bottom=0.2, wspace=0.2)
    _draw_turns(turns, table, summary)
    _draw_speeds(speeds, summary)
    title, conditions = title_switches(table, summary), describe_switches(table)
    write_heading(chart, title, conditions)
    chart.description = _describe_switches(title, conditions, summary)
    return chart


def _draw_turns(axes: Axes, table: pd.DataFrame, summary: pd.DataFrame) -> None:
    look = get_look("threads")
    seen = summary.dropna(subset="turn_seconds")
    intervals = summary["switch_interval_seconds"]
    ideal = [value * 1000 for value in (max(intervals.min(), 5e-4), intervals.max() * 1.3)]
    axes.plot(ideal, ideal, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)))
    axes.annotate(
        "turn = interval", (ideal[0], ideal[0]), xytext=(14, 2), textcoords="offset points",
        ha="left", va="center", size=11, color=SOFT_INK,
    )  # fmt: skip
    axes.plot(
        table["switch_interval_seconds"] * 1000, table["turn_seconds"] * 1000, linestyle="",
        marker=look.marker, markersize=4, markerfacecolor="white", markeredgecolor=INK,
        markeredgewidth=0.6, alpha=0.6,
    )  # fmt: skip
    axes.plot(
        seen["switch_interval_seconds"] * 1000, seen["turn_seconds"] * 1000, color=look.colour,
        marker=look.marker, markersize=9, linewidth=2.2, markeredgecolor=PAPER,
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    label_in_full(axes.xaxis, list(seen["switch_interval_seconds"] * 1000), _state_number)
    label_in_full(axes.yaxis, list(seen["switch_interval_seconds"] * 1000), _state_number)
    axes.set_xlabel("switch interval (ms)", size=12, color=INK)
    axes.set_ylabel("a thread's turn (ms), median", size=12, color=INK)
    clean_axes(axes, "y")


def _draw_speeds(axes: Axes, summary: pd.DataFrame) -> None:
    look = get_look("threads")
    intervals = summary["switch_interval_seconds"] * 1000
    below = (summary["speed"] - summary["speed_low"]).clip(lower=0).fillna(0)
    above = (summary["speed_high"] - summary["speed"]).clip(lower=0).fillna(0)
    axes.errorbar(
        intervals, summary["speed"], yerr=[[*below], [*above]], color=look.colour,
        marker=look.marker, markersize=9, linewidth=2.2, elinewidth=1.6, capsize=5,
        markeredgecolor=PAPER,
    )  # fmt: skip
    axes.axhline(1, color=SOFT_INK, linewidth=1.2)
    axes.set_xscale("log")
    axes.set_ylim(0, max(1.25, float((summary["speed"] + above).max()) * 1.1))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    label_in_full(axes.xaxis, [0.001, 0.01, 0.1, 1, 10, 100], _state_number)
    axes.set_xlabel("switch interval (ms); bars: 95 % interval", size=12, color=INK)
    axes.set_ylabel(f"speed over that at {OWN} (×)", size=12, color=INK)
    clean_axes(axes, "y")


def _state_number(value: float) -> str:
    return f"{value:g}"


def _describe_switches(title: str, conditions: str, summary: pd.DataFrame) -> str:
    facts = []
    for row in list_rows(summary):
        is_seen = not math.isnan(row.turn_seconds)
        turn = f"turns of {state_seconds(row.turn_seconds)}, " if is_seen else ""
        interval = state_seconds(row.switch_interval_seconds)
        facts.append(f"{interval}: {turn}{row.speed:.2f} × the speed at {OWN}")
    return f"Chart. {title}. By switch interval: {'; '.join(facts)}. Conditions: {conditions}."
