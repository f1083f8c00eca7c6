"""What starting a pool costs: by start method, with and without pandas in its workers."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.charts.style import (
    INK,
    SOFT_INK,
    Chart,
    clean_axes,
    get_look,
    make_chart,
    write_heading,
)
from gil_demo.costs import summarise_start_up
from gil_demo.findings.start_up import describe_start_up, title_start_up
from gil_demo.findings.words import count_in_words, state_seconds
from gil_demo.results import list_rows

_FURTHEST = 2.0  # the longest bar's lengths that marks may take


def draw_start_up(table: pd.DataFrame) -> Chart:
    """Draw how long it took until a pool's workers were ready, and until they were gone.

    Args:
        table: a table as `compare_start_up` gives it.

    Returns:
        A matplotlib Figure: a bar for each start method, with and without pandas in the workers,
        a mark for each round, tear-down hatched behind it. Its `description` is its alternative
        text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_start_up(table)
    rows = list_rows(summary)
    height = 1.75 + 0.5 * len(rows)
    chart = make_chart(11, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.24, right=0.93, top=1 - 0.6 / height, bottom=1.0 / height)
    end = _find_end(table, rows)
    for place, row in enumerate(rows):
        is_own = (table["start_method"] == row.start_method) & (table["loads"] == row.loads)
        _draw_bar(axes, place, row, table[is_own], end)
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels([_name(row) for row in rows])
    axes.set_ylim(len(rows) - 0.45, -0.6)
    axes.set_xlim(0, end * 1.12)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    beyond = int((1000 * table["start_up_seconds"] > end).sum())
    stray = f"; {count_in_words(beyond, 'mark', 'marks')} further right" if beyond else ""
    axes.set_xlabel(
        f"milliseconds: start-up (bar, a mark for each round), tear-down (hatched){stray}",
        size=12, color=INK,
    )  # fmt: skip
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)
    title, conditions = title_start_up(table, summary), describe_start_up(table)
    write_heading(chart, title, conditions)
    each = "; ".join(
        f"{_name(row)} {1000 * row.start_up_seconds:.1f} ms, tear-down "
        f"{1000 * row.tear_down_seconds:.1f} ms"
        for row in rows
    )
    chart.description = f"Chart. {title}. Medians: {each}. Conditions: {conditions}."
    return chart


def _name(row: Any) -> str:
    return row.start_method if row.loads == "nothing" else f"{row.start_method}, with {row.loads}"


def _find_end(table: pd.DataFrame, rows: list[Any]) -> float:
    """Return where bars and marks end, in milliseconds; stray rounds don't squeeze the bars."""
    longest = max(row.start_up_seconds + row.tear_down_seconds for row in rows)
    furthest = float(table["start_up_seconds"].max())
    return 1000 * (furthest if longest < furthest <= _FURTHEST * longest else longest)


def _draw_bar(axes: Axes, place: int, row: Any, runs: pd.DataFrame, furthest: float) -> None:
    look = get_look("processes")
    start, tear = 1000 * row.start_up_seconds, 1000 * row.tear_down_seconds
    axes.barh(
        place, start, height=0.56, color=look.colour, alpha=0.9 if row.loads == "nothing" else 0.55
    )  # fmt: skip
    axes.barh(
        place, tear, left=start, height=0.56, facecolor="none", edgecolor=look.colour,
        hatch="////", linewidth=1,
    )  # fmt: skip
    spread = [place + 0.17 * math.sin(2.4 * number) for number in range(len(runs))]
    axes.plot(
        1000 * runs["start_up_seconds"], spread, linestyle="", marker=look.marker, markersize=3.6,
        markerfacecolor="white", markeredgecolor=INK, markeredgewidth=0.6, alpha=0.75,
    )  # fmt: skip
    marks = 1000 * runs["start_up_seconds"]
    room = max(start + tear, float(marks[marks <= furthest].max()))
    axes.annotate(
        state_seconds(row.start_up_seconds), (room, place),
        xytext=(8, 0), size=12,
        textcoords="offset points", va="center", color=SOFT_INK, annotation_clip=False,
    )  # fmt: skip
