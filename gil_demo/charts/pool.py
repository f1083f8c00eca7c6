"""Inside a pool: who ran which task, and how busy the cut of the work kept the workers."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from gil_demo.charts.lanes import LANE, MOST_BARS, draw_lane
from gil_demo.charts.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    clean_axes,
    get_look,
    make_chart,
    write_heading,
)
from gil_demo.findings.pool import (
    describe_map,
    title_map,
)
from gil_demo.results import list_rows
from gil_demo.tasks import summarise_map

_SHADE = "#e9e4d8"
_LEAST_LABEL = 0.02
_LEAST_DIGIT = 0.013
_MOST_LANES_IN_FULL = 24


def draw_gantt(table: pd.DataFrame) -> Chart:
    """Draw who ran which task of a map when: a lane a worker, a bar a task.

    The pool's start-up and tear-down are shaded. Where there are more tasks than can be told
    apart, each point in time is drawn as dark as the part of it in which the worker was at a
    task, and the axis says so.

    Args:
        table: a table of one map, as `map_tasks` gives it.

    Returns:
        A matplotlib Figure whose title states the finding and whose `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several maps.
    """
    summary = summarise_map(table)
    lanes = len(summary)
    height = 1.95 + min(0.55 * lanes, 8.0)
    chart = make_chart(12, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.095, right=0.975, top=1 - 0.95 / height, bottom=1.0 / height)
    gone = float(table["gone_seconds"].iloc[0])
    is_binned = len(table) > MOST_BARS
    for worker in sorted(set(table["worker"])):
        bars = table[table["worker"] == worker]
        draw_lane(
            axes, worker, bars, get_look("processes").colour, (0.0, gone or 1e-6), is_binned
        )  # fmt: skip
        if not is_binned and lanes <= _MOST_LANES_IN_FULL:  # thinner lanes have no room for them
            _number_bars(axes, bars, gone)
    _shade(axes, table.iloc[0], lanes)
    _finish_gantt(axes, lanes, gone, is_binned)
    title, conditions = title_map(table, summary), describe_map(table)
    write_heading(chart, title, conditions)
    chart.description = _describe_map(title, conditions, table.iloc[0], summary)
    return chart


def _number_bars(axes: Axes, bars: pd.DataFrame, end: float) -> None:
    """Write the task's number into each bar that has room for it."""
    for bar in list_rows(bars):
        room = max(_LEAST_LABEL, _LEAST_DIGIT * len(str(bar.task)))
        if bar.end_seconds - bar.start_seconds > room * end:
            axes.text(
                500 * (bar.start_seconds + bar.end_seconds), bar.worker, f"{bar.task}",
                ha="center", va="center", color=PAPER, size=12, weight="bold", clip_on=True,
            )  # fmt: skip


def _shade(axes: Axes, first: Any, lanes: int) -> None:
    """Shade the time in which the pool had no work: before it was ready and after its answers."""
    parts = {
        "start-up": (0.0, float(first["ready_seconds"])),
        "tear-down": (float(first["done_seconds"]), float(first["gone_seconds"])),
    }
    for name, (start, end) in parts.items():
        axes.axvspan(start * 1000, end * 1000, color=_SHADE, linewidth=0, zorder=0)
        is_last = name == "tear-down"
        axes.annotate(
            name, (end * 1000 if is_last else start * 1000, 1),
            xycoords=("data", "axes fraction"), xytext=(0, 4), textcoords="offset points",
            ha="right" if is_last else "left", size=11, color=SOFT_INK,
        )  # fmt: skip
    axes.set_ylim(lanes + 0.5 + (1 - LANE) / 2, 0.5 - (1 - LANE) / 2)


def _finish_gantt(axes: Axes, lanes: int, gone: float, is_binned: bool) -> None:
    if lanes <= _MOST_LANES_IN_FULL:
        axes.set_yticks(range(1, lanes + 1))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"Worker {value:.0f}"))
    axes.set_xlim(0, gone * 1000 or 1e-3)
    label = "milliseconds since the pool was asked for; a bar is a task"
    if is_binned:
        label = "milliseconds; too many tasks to draw each: the darker, the busier the worker"
    axes.set_xlabel(label, size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _describe_map(title: str, conditions: str, first: Any, summary: pd.DataFrame) -> str:
    each = "; ".join(
        f"worker {row.worker} ran {row.tasks:,} in {row.busy_seconds:.3f} s"
        for row in list_rows(summary)
    )
    moments = (
        f"ready after {first['ready_seconds']:.3f} s, all answers after "
        f"{first['done_seconds']:.3f} s, gone after {first['gone_seconds']:.3f} s"
    )
    return f"Chart. {title}. Tasks: {each}. The pool: {moments}. Conditions: {conditions}."
