"""The scorecard as a picture: each claim of the lesson, what this machine says of it, and why."""

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.charts.style import INK, PAPER, SOFT_INK, Chart, make_chart, write_heading
from gil_demo.findings.claims import (
    FALSE,
    HALF_TRUE,
    HOLDS,
    UNTOLD,
    describe_claims,
    score_claims,
    title_claims,
)
from gil_demo.results import list_rows

_COLOURS = {HOLDS: "#007A5A", HALF_TRUE: "#8A6100", FALSE: "#B84C00", UNTOLD: "#666666"}
_LETTERS_A_LINE = 108
_WIDTH, _ROW = 12.0, 0.95


def draw_claims(table: pd.DataFrame) -> Chart:
    """Draw the scorecard: for each claim a coloured verdict in words, the saying and the evidence.

    Args:
        table: a table as `check_claims` gives it.

    Returns:
        A matplotlib Figure whose title counts the verdicts and whose `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    scores = score_claims(table)
    height = 1.15 + _ROW * len(scores)
    chart = make_chart(_WIDTH, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.012, right=0.988, top=1 - 0.65 / height, bottom=0.42 / height)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(scores), 0)
    axes.set_axis_off()
    for place, row in enumerate(list_rows(scores)):
        _write_row(axes, place, row)
    title, conditions = title_claims(table, scores), describe_claims(table)
    write_heading(chart, title, conditions)
    told = " ".join(_tell(row) for row in list_rows(scores))
    chart.description = f"Chart. {title}. {told} Conditions: {conditions}."
    return chart


def _tell(row: Any) -> str:
    return f"{row.claim}, {row.saying[:-1]}: {row.verdict} ({row.figure})."


def _write_row(axes: Axes, place: int, row: Any) -> None:
    if place:
        axes.axhline(place, color="#cccccc", linewidth=0.8)
    top = place + 0.16
    axes.text(
        0.083, place + 0.45, row.verdict.replace(" here", "\nhere"), size=12, weight="bold",
        color=PAPER, ha="center", va="center",
        bbox={"facecolor": _COLOURS[row.verdict], "edgecolor": "none", "boxstyle": "round,pad=0.4"},
    )  # fmt: skip
    axes.text(0.18, top, f"{row.claim}  {row.saying}", size=13, weight="bold", color=INK, va="top")
    evidence = "\n".join(textwrap.wrap(row.evidence, _LETTERS_A_LINE))
    axes.text(0.18, top + 0.31, evidence, size=11, color=SOFT_INK, va="top", linespacing=1.15)
