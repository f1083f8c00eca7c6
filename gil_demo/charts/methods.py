"""What each method of a pool gives, and when: tasks' ends and the answers' arrivals."""

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
    make_chart,
    write_heading,
)
from gil_demo.findings.methods import describe_methods, title_methods
from gil_demo.results import list_rows
from gil_demo.tasks import summarise_methods

_ROW = 0.34
_MOST_NUMBERED = 12


def draw_methods(table: pd.DataFrame) -> Chart:
    """Draw when each task ended and when its answer arrived, method by method.

    Args:
        table: a table as `compare_methods` gives it.

    Returns:
        A matplotlib Figure: for each method an open mark at the end of each task, a filled one
        where the caller held its answer, and between them the time for which the answer waited.
        Its `description` is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_methods(table)
    height = 2.2 + 1.05 * len(summary)
    chart = make_chart(12, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.14, right=0.975, top=1 - 0.95 / height, bottom=1.0 / height)
    for lane, row in enumerate(list_rows(summary)):
        _draw_answers(axes, lane, table[table["method"] == row.method])
    _finish(axes, summary, float(table["arrived_seconds"].max()))
    title, conditions = title_methods(table, summary), describe_methods(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, summary)
    return chart


def _draw_answers(axes: Axes, lane: int, answers: pd.DataFrame) -> None:
    """Draw a method's answers, its first task above and its last one below."""
    look, many = get_look("processes"), len(answers)
    for row in list_rows(answers):
        place = lane + _ROW * ((2 * row.task - 1) / many - 1)
        end, arrived = row.end_seconds * 1000, row.arrived_seconds * 1000
        axes.plot([end, arrived], [place, place], color=look.colour, linewidth=1.6, alpha=0.5)
        axes.plot(
            end, place, marker="o", markersize=6, markerfacecolor=PAPER, linestyle="",
            markeredgecolor=INK, markeredgewidth=1,
        )  # fmt: skip
        axes.plot(
            arrived, place, marker=look.marker, markersize=8, color=look.colour, linestyle="",
            markeredgecolor=PAPER,
        )  # fmt: skip
        if many <= _MOST_NUMBERED:
            axes.annotate(
                f"{row.task}", (arrived, place), xytext=(8, 0), textcoords="offset points",
                size=9, va="center", color=look.colour,
            )  # fmt: skip


def _finish(axes: Axes, summary: pd.DataFrame, last: float) -> None:
    for lane in range(1, len(summary)):
        axes.axhline(lane - 0.5, color="#cccccc", linewidth=0.8)
    axes.set_yticks(range(len(summary)))
    axes.set_yticklabels(list(summary["method"]))
    axes.set_ylim(len(summary) - 0.5, -0.5)
    axes.set_xlim(0, last * 1040 or 1e-3)
    axes.set_xlabel(
        "milliseconds since the method was called; open: the task ended, filled: the answer is "
        "there",
        size=12, color=INK,
    )  # fmt: skip
    if summary["answers"].max() <= _MOST_NUMBERED:
        axes.annotate(
            "the numbers are the tasks' places in the list", (1, 1), xycoords="axes fraction",
            xytext=(0, 4), textcoords="offset points", ha="right", size=11, color=SOFT_INK,
        )  # fmt: skip
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _describe(title: str, conditions: str, summary: pd.DataFrame) -> str:
    facts = "; ".join(_state(row) for row in list_rows(summary))
    return f"Chart. {title}. Answers: {facts}. Conditions: {conditions}."


def _state(row: Any) -> str:
    order = "in order" if row.is_in_order else "out of order"
    return (
        f"{row.method} first after {row.first_seconds:.3f} s, last after {row.last_seconds:.3f} s, "
        f"{order}"
    )
