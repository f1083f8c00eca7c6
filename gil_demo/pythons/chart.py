"""Two threads over one under each interpreter: measured, recorded and published ratios."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.drawing.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    Look,
    clean_axes,
    get_look,
    make_chart,
    write_heading,
)
from gil_demo.pythons.finding import describe_interpreters, title_interpreters
from gil_demo.pythons.table import list_marks, list_published_marks, summarise_interpreters
from gil_demo.tables.schema import list_rows

YOURS, RECORDED, PUBLISHED = "yours", "recorded", "published"
_LOOKS = {
    YOURS: get_look("threads"),
    RECORDED: Look("#0072B2", "s", "-"),
    PUBLISHED: Look("#5a5a5a", "*", ""),
}
_COLUMNS = {YOURS: 0.645, RECORDED: 0.735, PUBLISHED: 0.785}
_SHIFTS = {YOURS: -0.16, RECORDED: 0.16, PUBLISHED: 0.0}
_ROW, _ABOVE, _BETWEEN, _BELOW = 0.4, 0.95, 1.3, 0.95
_PANELS = {
    True: "one countdown, split between two threads: time over that of one thread (×)",
    False: "each thread counts all of it: time over that of one thread doing both (×)",
}


def draw_interpreters(
    table: pd.DataFrame,
    recorded: pd.DataFrame | None = None,
    published: pd.DataFrame | None = None,
) -> Chart:
    """Draw how long two threads took as a multiple of one, for each interpreter.

    Only ratios are drawn, and countdowns that were split between the threads are kept apart from
    those that each thread did in full.

    Args:
        table: a table of one run, as `compare_interpreters` gives it.
        recorded: another such table, to be marked as recorded.
        published: figures as `load_published("countdown")` gives them, to be marked as published;
            those with two threads are drawn.

    Returns:
        A matplotlib Figure: a row for each minor version, with a mark and the 95 % interval of
        each ratio, the line of one thread and the line of both threads at once; the ratios stand
        beside it, with the source of the published ones. Its `description` is its alternative
        text.

    Raises:
        ResultsError: a table is not of this kind, or holds several runs.
        TypeError: the published figures are no such table.
    """
    summary = summarise_interpreters(table)
    origin = RECORDED if table["recorded_on"].iloc[0] else YOURS
    parts = [list_marks(summary, origin)]
    if recorded is not None:
        parts.append(list_marks(summarise_interpreters(recorded), RECORDED))
    if published is not None:
        parts.append(list_published_marks(_check_published(published)))
    filled = [part for part in parts if len(part)]
    panels = _split_panels(pd.concat(filled, ignore_index=True)) if filled else {}
    title, conditions = title_interpreters(table, summary), describe_interpreters(table)
    if recorded is not None:
        conditions += f". Squares: recorded on {recorded['recorded_on'].iloc[0]}"
    chart = _draw_panels(panels)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, panels)
    return chart


def _check_published(published: object) -> pd.DataFrame:
    wanted = {"source", "year", "python", "threads", "split", "time_ratio"}
    if not isinstance(published, pd.DataFrame) or not wanted <= set(published.columns):
        raise TypeError(
            'published must be what load_published("countdown") gives, with the columns '
            f"{', '.join(sorted(wanted))}"
        )
    return published


def _split_panels(marks: pd.DataFrame) -> dict[bool, pd.DataFrame]:
    panels = {}
    for split in (True, False):
        own = marks[marks["split"] == split].sort_values(["rank", "label"], kind="stable")
        if len(own):
            panels[split] = own.reset_index(drop=True)
    return panels


def _draw_panels(panels: dict[bool, pd.DataFrame]) -> Chart:
    rows = [panel["label"].nunique() for panel in panels.values()] or [1]
    height = _ABOVE + _ROW * sum(rows) + _BETWEEN * (len(rows) - 1) + _BELOW
    chart = make_chart(12.5, height)
    all_axes = chart.subplots(len(rows), 1, squeeze=False, height_ratios=rows)[:, 0]
    top = height - _ABOVE
    for axes, count in zip(all_axes, rows, strict=True):
        axes.set_position((0.195, (top - _ROW * count) / height, 0.39, _ROW * count / height))
        top -= _ROW * count + _BETWEEN
        axes.set_axis_off()  # until there is something to draw
    highest = max((_find_highest(panel) for panel in panels.values()), default=1.0)
    for axes, (split, marks) in zip(all_axes, panels.items(), strict=False):
        _draw_panel(axes, marks, split, highest)
    return chart


def _find_highest(marks: pd.DataFrame) -> float:
    """Find the highest ratio; the end of an uncertain one's interval may lie out of sight."""
    return float(marks["ratio"].max())


def _draw_panel(axes: Axes, marks: pd.DataFrame, split: bool, highest: float) -> None:
    labels = list(dict.fromkeys(marks["label"]))
    axes.set_axis_on()
    axes.set_xlim(0, max(2.0, highest * 1.15))
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_yticks(range(len(labels)), labels)
    for origin in dict.fromkeys(marks["origin"]):
        _head_column(axes, origin)
    for (_, origin), group in marks.groupby(["label", "origin"], sort=False):
        rows = list_rows(group)
        place = labels.index(rows[0].label)
        for row in rows:
            _draw_mark(axes, place + _SHIFTS[str(origin)], row)
        _write_ratios(axes, place, rows)
    for value, text in ((0.5, "both at once"), (1.0, "as one thread")):
        dashes = "-" if value == 1 else (0, (5, 3))
        axes.axvline(value, color=SOFT_INK, linewidth=1.3, linestyle=dashes, zorder=0.5)
        axes.annotate(
            text, (value, 1), xycoords=("data", "axes fraction"), xytext=(0, 4), size=11,
            textcoords="offset points", ha="left" if value == 1 else "right", color=SOFT_INK,
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel(_PANELS[split], size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _head_column(axes: Axes, origin: str) -> None:
    look = _LOOKS[origin]
    axes.annotate(
        origin, (_COLUMNS[origin], 1), xycoords=("figure fraction", "axes fraction"),
        xytext=(0, 4), size=12, textcoords="offset points", weight="bold", color=look.colour,
        ha="left" if origin == PUBLISHED else "center",
    )  # fmt: skip


def _draw_mark(axes: Axes, place: float, row: Any) -> None:
    look = _LOOKS[row.origin]
    if not math.isnan(row.low):
        axes.plot(
            [row.low, row.high], [place, place], color=look.colour, linewidth=3, alpha=0.5,
            solid_capstyle="butt",
        )  # fmt: skip
    filled = row.origin == YOURS
    axes.plot(
        row.ratio, place, linestyle="", marker=look.marker,
        markersize=15 if row.origin == PUBLISHED else 9, color=look.colour,
        markerfacecolor=look.colour if filled else PAPER,
        markeredgecolor=PAPER if filled else look.colour, markeredgewidth=1.6,
    )  # fmt: skip


def _write_ratios(axes: Axes, place: int, rows: list[Any]) -> None:
    origin = rows[0].origin
    ends = dict.fromkeys((min(row.ratio for row in rows), max(row.ratio for row in rows)))
    figures = " to ".join(dict.fromkeys(f"{ratio:.2f}" for ratio in ends))
    sources = ", ".join(dict.fromkeys(row.source for row in rows if row.source))
    axes.annotate(
        f"{figures}  {sources}".rstrip(), (_COLUMNS[origin], place), size=12, va="center",
        xycoords=("figure fraction", "data"), ha="left" if origin == PUBLISHED else "center",
        color=_LOOKS[origin].colour, annotation_clip=False,
    )  # fmt: skip


def _describe(title: str, conditions: str, panels: dict[bool, pd.DataFrame]) -> str:
    told = []
    for split, marks in panels.items():
        name = "Split between the threads" if split else "Each thread counted all of it"
        each = [
            f"{row.label} {row.origin}{f' by {row.source}' if row.source else ''} {row.ratio:.2f}"
            + ("" if math.isnan(row.low) else f" ({row.low:.2f} to {row.high:.2f})")
            for row in list_rows(marks)
        ]
        told.append(f"{name}: {'; '.join(each)}.")
    return f"Chart. {title}. Two threads over one. {' '.join(told)} Conditions: {conditions}."
