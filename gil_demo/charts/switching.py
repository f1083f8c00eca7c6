"""Who holds the GIL when: a lane for each worker, and what the switch interval does."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.arguments import shorten
from gil_demo.charts.lanes import MOST_BARS, draw_lane
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
from gil_demo.findings.switching import (
    IN_TURN,
    describe_switches,
    describe_trace,
    title_switches,
    title_trace,
)
from gil_demo.findings.words import capitalise, name_workers, state_seconds
from gil_demo.intervals import PYTHON_INTERVAL
from gil_demo.results import RUNNER_ORDER, list_rows
from gil_demo.schemas import MOST_SECONDS
from gil_demo.turns import summarise_switches, summarise_trace

OWN = state_seconds(PYTHON_INTERVAL)
_NAMES = {
    "threads": "Thread",
    "processes": "Process",
    "sequential": "Plain loop",
    "interpreters": "Sub-interpreter",
}


def draw_timeline(table: pd.DataFrame, window: tuple[float, float] | None = None) -> Chart:
    """Draw when each worker ran: one lane a worker, threads above processes, on one time axis.

    Where there are more slices than can be told apart, each point in time is drawn as dark as
    the part of it in which the worker ran, and the axis says so.

    Args:
        table: a table of one trace, as `trace` gives it.
        window: the part of the time to draw, from and to, in seconds; None means all of it.

    Returns:
        A matplotlib Figure whose title states the finding and whose `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several traces.
        TypeError: the window is no pair of numbers.
        ValueError: the window ends before it begins.
    """
    summary = summarise_trace(table)
    left, right = _check_window(window, float(table["end_seconds"].max()))
    runners = [name for name in RUNNER_ORDER if name in set(table["runner"])]
    lanes = _place_lanes(table, runners)
    height = 1.9 + 0.52 * (max(lanes.values()) + 1)
    chart = make_chart(12, height)
    axes = chart.subplots()
    margin = 0.16 if "interpreters" in runners else 0.1  # room for the longer name
    chart.subplots_adjust(left=margin, right=0.975, top=1 - 0.75 / height, bottom=1.0 / height)
    shown = table[(table["end_seconds"] >= left) & (table["start_seconds"] <= right)]
    is_binned = len(shown) > MOST_BARS
    for (runner, worker), place in lanes.items():
        lane = shown[(shown["runner"] == runner) & (shown["worker"] == worker)]
        draw_lane(axes, place, lane, get_look(runner).colour, (left, right), is_binned)
    for row in list_rows(summary):
        _mark_end(axes, row, lanes, (left, right))
    _finish_lanes(axes, lanes, (left, right), is_binned)
    title, conditions = title_trace(table, summary), describe_trace(table)
    write_heading(chart, title, conditions)
    chart.description = _describe_trace(title, conditions, summary)
    if window is not None:
        chart.description += f" Shown: from {left * 1000:.1f} to {right * 1000:.1f} ms."
    return chart


def _check_window(window: tuple[float, float] | None, end: float) -> tuple[float, float]:
    if window is None:
        return 0.0, end or 1e-6  # a trace of no length is drawn, too
    is_pair = isinstance(window, tuple) and len(window) == 2
    if not is_pair or not all(type(moment) in (int, float) for moment in window):
        raise TypeError(f"window must be (from, to) in seconds, not {shorten(window)}")
    left, right = window
    if not 0 <= left < right <= MOST_SECONDS:
        raise ValueError(
            f"window must be (from, to) in seconds with from below to, not {shorten(window)}"
        )
    return float(left), float(right)


def _place_lanes(table: pd.DataFrame, runners: list[str]) -> dict[tuple[str, int], float]:
    """Give each worker a place from the top, with half a lane's room between the runners."""
    lanes: dict[tuple[str, int], float] = {}
    place = 0.0
    for runner in runners:
        for worker in sorted(set(table.loc[table["runner"] == runner, "worker"])):
            lanes[runner, int(worker)] = place
            place += 1
        place += 0.5
    return lanes


def _mark_end(
    axes: Axes, row: Any, lanes: dict[tuple[str, int], float], window: tuple[float, float]
) -> None:
    """Mark when the last worker of a runner was done, if that is in sight."""
    places = [place for (runner, _), place in lanes.items() if runner == row.runner]
    left, right = window
    if not left <= row.seconds <= right:
        return
    end = row.seconds * 1000
    axes.plot([end, end], [min(places) - 0.48, max(places) + 0.48], color=INK, linewidth=1.4)
    is_far = row.seconds - left > 0.5 * (right - left)
    axes.annotate(
        f"done after {state_seconds(row.seconds)}", (end, max(places) + 0.48),
        xytext=(-5 if is_far else 5, -2), textcoords="offset points", size=11, color=INK,
        ha="right" if is_far else "left", va="top",
    )  # fmt: skip


def _finish_lanes(
    axes: Axes,
    lanes: dict[tuple[str, int], float],
    window: tuple[float, float],
    is_binned: bool,
) -> None:
    axes.set_yticks(list(lanes.values()))
    axes.set_yticklabels(
        [
            f"{_NAMES[runner]} {worker}" if runner != "sequential" else _NAMES[runner]
            for runner, worker in lanes
        ]
    )
    axes.set_ylim(max(lanes.values()) + 0.95, -0.6)
    axes.set_xlim(window[0] * 1000, window[1] * 1000 * 1.002)
    label = "milliseconds since the first worker began; a gap means that it did not run"
    if is_binned:
        label = "milliseconds; too many slices to draw each: the darker, the more it ran"
    axes.set_xlabel(label, size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _describe_trace(title: str, conditions: str, summary: pd.DataFrame) -> str:
    facts = []
    for row in list_rows(summary):
        fact = f"{name_workers(row.runner, row.workers)} done after {row.seconds:.3f} s"
        if not math.isnan(row.together):
            fact += f", two or more at once for {100 * row.together:.1f} % of the time"
        if row.turns and row.together <= IN_TURN:
            fact += f", {row.turns} turns of {state_seconds(row.turn_seconds)}"
        facts.append(fact)
    return f"Chart. {title}. {capitalise('; '.join(facts))}. Conditions: {conditions}."


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
