"""Threads versus processes: times, speed-up, and speed-up against the number of workers."""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

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
from gil_demo.findings.speed import describe_conditions, title_comparison, title_scaling
from gil_demo.findings.words import capitalise, name_workers
from gil_demo.results import BASELINE, list_rows, summarise


def draw_comparison(table: pd.DataFrame) -> Chart:
    """Draw how long each way of running took, and how many times as fast it was.

    On the left a bar for the median work, with start-up and tear-down hatched behind it and a
    dot for each round; on the right the speed-up with its 95 % interval, the line of the plain loop
    and the ideal of one core for each worker.

    Args:
        table: a table of one run, as `compare` gives it.

    Returns:
        A matplotlib Figure whose title states the finding and whose `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise(table)
    height = 1.75 + 1.05 * len(summary)
    chart = make_chart(12, height)
    times, speed_ups = chart.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    chart.subplots_adjust(
        left=0.145, right=0.985, top=1 - 0.85 / height, bottom=1.0 / height, wspace=0.12
    )
    rows = list_rows(summary)
    for place, row in enumerate(rows):
        _draw_time_bar(times, place, row, _select(table, row))
        _draw_speed_up(speed_ups, place, row)
    _finish_times(times, rows)
    _finish_speed_ups(speed_ups, rows, int(table["usable_cores"].iloc[0]))
    title = title_comparison(table)
    write_heading(chart, title, describe_conditions(table))
    chart.description = _describe(title, describe_conditions(table), rows)
    return chart


def draw_scaling(table: pd.DataFrame) -> Chart:
    """Draw the speed-up against the number of workers.

    Args:
        table: a table of one run, as `scale` gives it.

    Returns:
        A matplotlib Figure: a line for each way of running with its 95 % intervals, the ideal of
        one core for each worker, the line of the plain loop and the number of usable cores. Its
        `description` is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise(table)
    cores = int(table["usable_cores"].iloc[0])
    chart = make_chart(10, 5.8)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.075, right=0.84, top=0.88, bottom=0.18)
    contenders = summary[summary["runner"] != BASELINE]
    ends = []
    for runner, group in contenders.groupby("runner", sort=False):
        _draw_scaling_line(axes, str(runner), group)
        ends.append((float(group["speed_up"].iloc[-1]), str(runner)))
    most = int(contenders["workers"].max()) if len(contenders) else 1
    _draw_limits(axes, most, cores)
    _label_ends(axes, ends, float(min(most, cores)))
    axes.set_xticks(sorted(set(contenders["workers"].astype(int))))
    axes.set_xlabel("workers (threads or processes)", size=13, color=INK)
    axes.set_ylabel("speed-up over the plain loop (×)", size=13, color=INK)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    clean_axes(axes, "y")
    title = title_scaling(table)
    write_heading(chart, title, describe_conditions(table))
    chart.description = _describe(title, describe_conditions(table), list_rows(contenders))
    return chart


def _select(table: pd.DataFrame, row: Any) -> pd.DataFrame:
    is_variant = (table["runner"] == row.runner) & (table["workers"] == row.workers)
    chosen: pd.DataFrame = table.loc[is_variant & (table["start_method"] == row.start_method)]
    return chosen


def _draw_time_bar(axes: Axes, place: int, row: Any, runs: pd.DataFrame) -> None:
    look = get_look(row.runner)
    overhead = row.start_up_seconds + row.tear_down_seconds
    axes.barh(place, row.seconds, height=0.56, color=look.colour, alpha=0.85)
    if overhead > 0.005 * row.seconds:
        axes.barh(
            place, overhead, left=row.seconds, height=0.56,
            facecolor="none", edgecolor=look.colour, hatch="////", linewidth=1,
        )  # fmt: skip
    spread = [place + 0.17 * math.sin(2.4 * number) for number in range(len(runs))]
    axes.plot(
        runs["seconds"], spread, linestyle="", marker=look.marker, markersize=3.6,
        markerfacecolor="white", markeredgecolor=INK, markeredgewidth=0.6, alpha=0.75,
    )  # fmt: skip


def _draw_speed_up(axes: Axes, place: int, row: Any) -> None:
    look = get_look(row.runner)
    if not math.isnan(row.speed_up_low):
        axes.plot(
            [row.speed_up_low, row.speed_up_high], [place, place],
            color=look.colour, linewidth=3, solid_capstyle="butt", alpha=0.6,
        )  # fmt: skip
    axes.plot(
        row.speed_up, place, marker=look.marker, markersize=12, color=look.colour,
        markeredgecolor="white", linestyle="",
    )  # fmt: skip
    axes.annotate(
        f"{row.speed_up:.2f} ×", (row.speed_up, place), xytext=(0, 13), size=13, weight="bold",
        textcoords="offset points", ha="center", color=look.colour,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _finish_times(axes: Axes, rows: list[Any]) -> None:
    axes.set_yticks(range(len(rows)))
    names = [capitalise(name_workers(row.runner, row.workers)) for row in rows]
    axes.set_yticklabels([name.replace(" sub-", "\nsub-") for name in names])
    axes.set_ylim(len(rows) - 0.45, -0.6)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel(
        "seconds: work (bar, a mark for each round), start-up and tear-down (hatched)",
        size=12, color=INK,
    )  # fmt: skip
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _finish_speed_ups(axes: Axes, rows: list[Any], cores: int) -> None:
    ideal = min(max(int(row.workers) for row in rows), cores)
    ends = [row.speed_up_high for row in rows if not math.isnan(row.speed_up_high)]
    right = max([ideal, *ends, *(row.speed_up for row in rows)]) * 1.2
    axes.set_xlim(0, right)
    axes.axvline(1, color=SOFT_INK, linewidth=1.2)
    _label_line(axes, 1, "plain loop")
    if ideal > 1:
        axes.axvline(ideal, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)))
        _label_line(axes, ideal, f"ideal: {ideal} cores")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("speed-up (×), 95 % interval", size=12, color=INK)
    clean_axes(axes, "x")


def _label_line(axes: Axes, value: float, text: str) -> None:
    axes.annotate(
        text, (value, 1), xycoords=("data", "axes fraction"), xytext=(0, 4), size=11,
        textcoords="offset points", ha="center", color=SOFT_INK,
    )  # fmt: skip


def _draw_scaling_line(axes: Axes, runner: str, group: pd.DataFrame) -> None:
    look = get_look(runner)
    workers = group["workers"].astype(int)
    below = (group["speed_up"] - group["speed_up_low"]).clip(lower=0).fillna(0)
    above = (group["speed_up_high"] - group["speed_up"]).clip(lower=0).fillna(0)
    axes.errorbar(
        workers, group["speed_up"], yerr=[[*below], [*above]], color=look.colour,
        marker=look.marker, markersize=9, linewidth=2.4, elinewidth=1.6, capsize=5,
        linestyle=look.line,
    )  # fmt: skip


def _draw_limits(axes: Axes, most: int, cores: int) -> None:
    axes.axhline(1, color=SOFT_INK, linewidth=1.2)
    points = sorted({1, min(cores, most), most})
    axes.plot(
        points, [min(point, cores) for point in points],
        color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)),
    )  # fmt: skip
    if cores <= most:
        axes.axvline(cores, color=SOFT_INK, linewidth=1, linestyle=":")
        axes.annotate(
            f"{cores} usable core{'s' * (cores > 1)}", (cores, 0), xytext=(5, 6), size=11,
            textcoords="offset points", color=SOFT_INK,
        )  # fmt: skip


def _label_ends(axes: Axes, ends: Iterable[tuple[float, str]], ideal: float) -> None:
    """Label the lines at their right ends, pushed apart where they would touch."""
    labels = [(value, runner, get_look(runner).colour) for value, runner in ends]
    labels += [(ideal, "ideal", SOFT_INK), (1.0, "plain loop", SOFT_INK)]
    top = max(axes.get_ylim()[1], ideal * 1.05)
    axes.set_ylim(0, top)
    height = -math.inf
    for value, text, colour in sorted(labels, key=lambda label: (label[0], label[1])):
        height = max(value, height + 0.055 * top)
        axes.annotate(
            text, (1, height), xycoords=("axes fraction", "data"), xytext=(10, 0), size=13,
            textcoords="offset points", va="center", color=colour, weight="bold",
            annotation_clip=False,
        )  # fmt: skip


def _describe(title: str, conditions: str, rows: list[Any]) -> str:
    facts = []
    for row in rows:
        name = name_workers(row.runner, row.workers)
        fact = f"{name} {row.seconds:.3f} s, speed-up {row.speed_up:.2f}"
        if not math.isnan(row.speed_up_low) and row.runner != BASELINE:
            fact += f" ({row.speed_up_low:.2f} to {row.speed_up_high:.2f})"
        facts.append(fact)
    return f"Chart. {title}. Medians: {'; '.join(facts)}. Conditions: {conditions}."
