"""With which work threads help: the speed-up of threads and processes, workload by workload."""

import math
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
from gil_demo.findings.waiting import describe_workloads, title_workloads
from gil_demo.findings.words import capitalise, name_workers
from gil_demo.results import BASELINE, list_rows, summarise_workloads

_SHIFTS = {"threads": -0.17, "processes": 0.17}


def draw_workloads(table: pd.DataFrame) -> Chart:
    """Draw the speed-up of threads and of processes with each workload.

    Args:
        table: a table as `compare_workloads` gives it.

    Returns:
        A matplotlib Figure: for each workload two marks with their 95 % intervals, the line of
        the plain loop and that of as many times as there are workers. Its `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or has a workload twice.
    """
    summary = summarise_workloads(table)
    contenders = summary[summary["runner"] != BASELINE]
    names = list(dict.fromkeys(summary["workload"]))
    height = 1.9 + 0.72 * len(names)
    chart = make_chart(11, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.215, right=0.97, top=1 - 0.95 / height, bottom=1.0 / height)
    for row in list_rows(contenders):
        _draw_mark(axes, names.index(row.workload) + _SHIFTS.get(row.runner, 0.0), row)
    most = int(contenders["workers"].max()) if len(contenders) else 1
    _draw_lines(axes, most, contenders)
    _label_workloads(axes, summary.drop_duplicates("workload"))
    title, conditions = title_workloads(table, summary), describe_workloads(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, contenders)
    return chart


def _draw_mark(axes: Axes, place: float, row: Any) -> None:
    look = get_look(row.runner)
    if not math.isnan(row.speed_up_low):
        axes.plot(
            [row.speed_up_low, row.speed_up_high], [place, place],
            color=look.colour, linewidth=3, solid_capstyle="butt", alpha=0.6,
        )  # fmt: skip
    axes.plot(
        row.speed_up, place, marker=look.marker, markersize=11, color=look.colour,
        markeredgecolor=PAPER, linestyle="",
    )  # fmt: skip
    right = row.speed_up if math.isnan(row.speed_up_high) else row.speed_up_high
    axes.annotate(
        f"{row.speed_up:.2f} ×  {name_workers(row.runner, row.workers)}", (right, place),
        xytext=(10, 0), textcoords="offset points", size=11, va="center", color=look.colour,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _draw_lines(axes: Axes, most: int, contenders: pd.DataFrame) -> None:
    highest = contenders[["speed_up", "speed_up_high"]].fillna(0).to_numpy().max(initial=most)
    axes.set_xlim(0, float(highest) * 1.42)
    axes.axvline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    labels = [(1, "plain loop")]
    if most > 1:
        axes.axvline(most, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)), zorder=0.5)
        labels.append((most, f"{most} at once"))
    for value, text in labels:
        axes.annotate(
            text, (value, 1), xycoords=("data", "axes fraction"), xytext=(0, 4), size=11,
            textcoords="offset points", ha="center", color=SOFT_INK,
        )  # fmt: skip


def _label_workloads(axes: Axes, workloads: pd.DataFrame) -> None:
    rows = list_rows(workloads)
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels([capitalise(row.workload) for row in rows], va="bottom")
    axes.set_ylim(len(rows) - 0.45, -0.6)
    for place, row in enumerate(rows):
        axes.annotate(
            row.kind, (0, place), xycoords=("axes fraction", "data"), xytext=(-4, -3), size=10,
            textcoords="offset points", ha="right", va="top", color=SOFT_INK,
            annotation_clip=False,
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel("speed-up over the plain loop (×), 95 % interval", size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _describe(title: str, conditions: str, contenders: pd.DataFrame) -> str:
    facts = []
    for name, rows in contenders.groupby("workload", sort=False):
        told = [
            f"{name_workers(row.runner, row.workers)} {row.speed_up:.2f}"
            + (
                ""
                if math.isnan(row.speed_up_low)
                else f" ({row.speed_up_low:.2f} to {row.speed_up_high:.2f})"
            )
            for row in list_rows(rows)
        ]
        facts.append(f"{name}: {', '.join(told)}")
    return f"Chart. {title}. Speed-ups: {'; '.join(facts)}. Conditions: {conditions}."
