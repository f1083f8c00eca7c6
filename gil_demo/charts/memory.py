"""How much memory each worker has of its own, and what makes it grow."""

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
from gil_demo.costs import summarise_memory
from gil_demo.findings.memory import describe_memory, name_deed, title_memory
from gil_demo.findings.words import state_bytes
from gil_demo.results import list_rows

_LABELS = {
    ("small", "waits"): "waits",
    ("small", "imports pandas"): "imports pandas",
    ("holds the table", "waits"): "waits; its parent has a table",
    ("holds the table", "reads the table"): "reads that table",
    ("holds the table", "collects garbage"): "collects garbage beside it",
    ("holds the table", "collects, frozen"): "the same after gc.freeze",
}
_GAP = 0.75


def draw_memory(table: pd.DataFrame) -> Chart:
    """Draw the memory that a worker has of its own, by start method and by what it does.

    Args:
        table: a table as `weigh_workers` gives it.

    Returns:
        A matplotlib Figure: a bar for each situation, with its least and its most, grouped by
        start method, and a line at the size of the parent's table. Its `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_memory(table)
    places = _place(summary)
    height = 1.75 + 0.4 * (places.iloc[-1] + 1)
    chart = make_chart(11, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.35, right=0.93, top=1 - 0.85 / height, bottom=1.0 / height)
    for place, row in zip(places, list_rows(summary), strict=True):
        _draw_bar(axes, place, row)
    _label_rows(axes, places, summary)
    _finish_scale(axes, summary)
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.set_xlabel("megabytes that only this worker has (unique set size)", size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=12)
    title, conditions = title_memory(table, summary), describe_memory(table)
    write_heading(chart, title, conditions)
    each = "; ".join(
        f"{row.start_method}, {name_deed(row.parent, row.deed)}: {row.unique_bytes / 1e6:.1f} MB"
        for row in list_rows(summary)
    )
    chart.description = f"Chart. {title}. Medians: {each}. Conditions: {conditions}."
    return chart


def _place(summary: pd.DataFrame) -> "pd.Series[float]":
    """Give each row its place from the top, with a gap before each start method but the first."""
    groups = (summary["start_method"] != summary["start_method"].shift()).cumsum() - 1
    places: pd.Series[float] = pd.Series(range(len(summary)), index=summary.index) + _GAP * groups
    return places


def _draw_bar(axes: Axes, place: float, row: Any) -> None:
    look = get_look("processes")
    is_shared = row.parent != "small"
    axes.barh(
        place, row.unique_bytes / 1e6, height=0.62, edgecolor=look.colour, linewidth=1,
        facecolor=f"{look.colour}55" if is_shared else look.colour,
        hatch="////" if is_shared else "",
    )  # fmt: skip
    axes.plot(
        [row.unique_low / 1e6, row.unique_high / 1e6], [place, place], color=INK, linewidth=2.2,
        solid_capstyle="butt",
    )  # fmt: skip
    axes.annotate(
        state_bytes(row.unique_bytes), (row.unique_high / 1e6, place), xytext=(8, 0), size=12,
        textcoords="offset points", va="center", color=SOFT_INK, annotation_clip=False,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _label_rows(axes: Axes, places: "pd.Series[float]", summary: pd.DataFrame) -> None:
    rows = list_rows(summary)
    axes.set_yticks(list(places))
    axes.set_yticklabels([_LABELS[row.parent, row.deed] for row in rows])
    axes.set_ylim(float(places.iloc[-1]) + 0.6, -0.6)
    above = [None, *(row.start_method for row in rows)]
    for place, row, method in zip(places, rows, above, strict=False):
        if row.start_method != method:
            axes.annotate(
                row.start_method, (0, place), xycoords=("axes fraction", "data"),
                xytext=(-268, 0), textcoords="offset points", size=14, weight="bold",
                va="center", color=get_look("processes").colour, annotation_clip=False,
            )  # fmt: skip


def _finish_scale(axes: Axes, summary: pd.DataFrame) -> None:
    """Let the bars fill the width; the table's size is marked where that doesn't squeeze them."""
    most = float(summary["unique_high"].max()) / 1e6
    size = float(summary["table_bytes"].iloc[0]) / 1e6
    is_marked = size <= 2 * most and (summary["parent"] != "small").any()
    axes.set_xlim(0, 1.16 * (max(most, size) if is_marked else most))
    if is_marked:
        _mark_table(axes, size)


def _mark_table(axes: Axes, size: float) -> None:
    axes.axvline(size, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)), zorder=0.5)
    axes.annotate(
        "size of the parent's table", (size, 1), xycoords=("data", "axes fraction"), xytext=(0, 4),
        textcoords="offset points", ha="center", size=11, color=SOFT_INK,
    )  # fmt: skip
