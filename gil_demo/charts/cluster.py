"""Engines beside the plain Pool: the cost of a task, where they pay, and what they gave."""

import math
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
from gil_demo.engines import (
    list_engines,
    list_ratios,
    measure_pace,
    summarise_engines,
    summarise_scaling_of,
)
from gil_demo.findings.cluster import (
    NAMES,
    describe_engines,
    find_engine_reservations,
    title_engines,
)
from gil_demo.findings.words import capitalise, state_seconds
from gil_demo.results import list_rows

_SECONDS = [10.0**power * step for power in range(-7, 3) for step in (1, 3)]
_RATIOS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000, 10_000]


def draw_engines(table: pd.DataFrame) -> Chart:
    """Draw what each engine costs for a task, from which length it pays, and how it scales.

    Args:
        table: a table as `sweep_engines` gives it.

    Returns:
        A matplotlib Figure of three panels: the cost of a task of nothing with its 95 % interval;
        the time over the plain loop's against the length of a task, with the crossings; the
        speed-up against the number of tasks at once, with the ideal. Its `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_engines(table)
    chart = make_chart(13, 5.2)
    costs, lengths, scaling = chart.subplots(1, 3, width_ratios=[5, 6, 5])
    chart.subplots_adjust(left=0.115, right=0.985, top=0.82, bottom=0.2, wspace=0.26)
    _draw_costs(costs, summary)
    _draw_lengths(lengths, table, summary)
    _draw_scaling(scaling, table)
    title, conditions = title_engines(table, summary), describe_engines(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, summary)
    return chart


def _draw_costs(axes: Axes, summary: pd.DataFrame) -> None:
    axes.set_xscale("log")
    for place, row in enumerate(list_rows(summary)):
        look = get_look(row.runner)
        if not math.isnan(row.overhead_low):
            axes.plot(
                [row.overhead_low, row.overhead_high], [place, place], color=look.colour,
                linewidth=3, alpha=0.6,
            )  # fmt: skip
        axes.plot(
            row.overhead_seconds, place, marker=look.marker, markersize=12, color=look.colour,
            markeredgecolor=PAPER, linestyle="",
        )  # fmt: skip
        axes.annotate(
            state_seconds(row.overhead_seconds), (row.overhead_seconds, place), xytext=(0, 11),
            textcoords="offset points", ha="center", size=12, color=INK,
        )  # fmt: skip
    values = summary["overhead_seconds"]
    axes.set_xlim(float(values.min()) / 3, float(values.max()) * 3)
    axes.set_ylim(len(summary) - 0.5, -0.6)
    names = [capitalise(NAMES[name].removeprefix("the ")) for name in summary["runner"]]
    axes.set_yticks(range(len(summary)), names)
    label_in_full(axes.xaxis, _SECONDS[::2], state_seconds)
    _finish(axes, "a task of nothing", "x")


def _draw_lengths(axes: Axes, table: pd.DataFrame, summary: pd.DataFrame) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    pace, workers = measure_pace(table), int(table["workers"].iloc[0])
    for runner, ratios in list_ratios(table).items():
        look = get_look(runner)
        told = {
            steps / pace: sorted(values)[len(values) // 2]
            for (tasks, steps), values in sorted(ratios.items())
            if tasks == workers
        }
        axes.plot(
            list(told), list(told.values()), color=look.colour, marker=look.marker, markersize=7,
            linewidth=2, label=NAMES[runner],
        )  # fmt: skip
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    is_told = not find_engine_reservations(table)
    for row in list_rows(summary[summary["reason"] == ""]) if is_told else []:
        axes.plot(
            row.crossing_seconds, 1, marker="o", markersize=13, markerfacecolor="none",
            markeredgecolor=get_look(row.runner).colour, markeredgewidth=2, linestyle="",
        )  # fmt: skip
    label_in_full(axes.xaxis, _SECONDS[::2], state_seconds)
    label_in_full(axes.yaxis, _RATIOS, lambda value: f"{value:g}")
    axes.set_ylabel("time over the plain loop's (×)", size=12, color=INK)
    _finish(axes, "length of one task (circle: it begins to pay)", "y")
    axes.legend(loc="upper right", frameon=False, fontsize=12)


def _draw_scaling(axes: Axes, table: pd.DataFrame) -> None:
    most = int(table["workers"].iloc[0])
    top = float(most)
    for place, runner in enumerate(list_engines(table)):
        look = get_look(runner)
        gained = summarise_scaling_of(table, runner)
        across = [tasks + 0.04 * (place - 1) for tasks in gained]
        middle = [one.median for one in gained.values()]
        ends = [
            [0 if math.isnan(one.low) else one.median - one.low for one in gained.values()],
            [0 if math.isnan(one.high) else one.high - one.median for one in gained.values()],
        ]
        axes.errorbar(
            across, middle, yerr=ends, color=look.colour, marker=look.marker, markersize=8,
            linewidth=2, capsize=4,
        )  # fmt: skip
        top = max([top, *(one.high for one in gained.values() if not math.isnan(one.high))])
    axes.plot([1, most], [1, most], color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)))
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    axes.set_xlim(0.8, most + 0.2)
    axes.set_ylim(0, top * 1.1)
    axes.set_xticks(range(1, most + 1))
    axes.set_ylabel("speed-up (×); dashed: ideal", size=12, color=INK)
    _finish(axes, "tasks at once, the longest", "y")


def _finish(axes: Axes, label: str, grid: str) -> None:
    axes.set_xlabel(label, size=12, color=INK)
    clean_axes(axes, grid)
    axes.tick_params(labelsize=11)


def _describe(title: str, conditions: str, summary: pd.DataFrame) -> str:
    told = "; ".join(_state(row) for row in list_rows(summary))
    return f"Chart. {title}. Engines: {told}. Conditions: {conditions}."


def _state(row: Any) -> str:
    pays = row.reason or f"pays from tasks of {1000 * row.crossing_seconds:.2f} ms"
    return (
        f"{NAMES[row.runner]} {1000 * row.overhead_seconds:.3f} ms a task, {pays}, "
        f"speed-up {row.speed_up:.2f}"
    )
