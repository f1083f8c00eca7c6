"""Two threads over one under each interpreter: measured, recorded and published ratios."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.drawing import style
from gil_demo.drawing.parts import DASHES, draw_interval, finish, write
from gil_demo.drawing.style import INK, PAPER, SOFT_INK, Chart, Look
from gil_demo.pythons.table import (
    INTERPRETERS,
    MEASURED,
    read_numbers,
    state_conditions,
    state_title,
    summarise_interpreters,
)
from gil_demo.tables.schema import check_one_run, list_rows

YOURS, RECORDED, PUBLISHED = "yours", "recorded", "published"
_ORIGINS = {  # the look of marks, how far they stand above their row, and the column beside it
    YOURS: (style.get_look("threads"), -0.16, 0.645),
    RECORDED: (style.get_look("processes"), 0.16, 0.735),
    PUBLISHED: (Look(SOFT_INK, "*", ""), 0.0, 0.785),
}
_ROW, _ABOVE, _BETWEEN, _BELOW = 0.4, 0.95, 1.3, 0.95  # inches
_PANELS = {
    True: "one countdown, split between two threads: time over that of one thread (×)",
    False: "each thread counts all of it: time over that of one thread doing both (×)",
}
_OLD_GIL = "old GIL"


class Mark(NamedTuple):
    """A ratio to draw, and whether the threads shared one countdown or each did all of it."""

    rank: tuple[bool, list[int], bool]
    label: str
    origin: str
    ratio: float
    low: float = math.nan
    high: float = math.nan
    split: bool = True
    source: str = ""


def list_marks(summary: pd.DataFrame, origin: str) -> list[Mark]:
    """List what is marked of a summary: the interpreters that were measured."""
    marks = []
    for row in list_rows(summary[summary["state"] == MEASURED]):
        minor, is_off = ".".join(row.version.split(".")[:2]), row.gil == "off"
        label = f"{row.interpreter.replace(row.version, minor)}{', GIL off' if is_off else ''}"
        rank = row.implementation != "CPython", read_numbers(minor), is_off
        ratio = row.time_ratio, row.time_ratio_low, row.time_ratio_high
        marks.append(Mark(rank, label, origin, *ratio))
    return marks


def list_published_marks(published: pd.DataFrame) -> list[Mark]:
    """List what is marked of published figures: those with two threads."""
    marks = []
    for row in list_rows(published[published["threads"] == 2]):
        is_old = row.python == _OLD_GIL
        label = f"CPython, {_OLD_GIL}" if is_old else f"CPython {row.python}"
        rank = False, [2, 6] if is_old else read_numbers(str(row.python)), False
        source = f"{str(row.source).split(',')[0]} {row.year}"
        marks.append(
            Mark(rank, label, PUBLISHED, row.time_ratio, split=bool(row.split), source=source)
        )
    return marks


def draw_interpreters(
    table: pd.DataFrame,
    summary: pd.DataFrame,
    recorded: pd.DataFrame | None = None,
    published: pd.DataFrame | None = None,
) -> Chart:
    """Draw how long two threads took as a multiple of one, a row for each minor version.

    Countdowns that the threads shared are kept apart from those that each of them did in full.
    """
    marks = list_marks(summary, RECORDED if table["recorded_on"].iloc[0] else YOURS)
    conditions = state_conditions(table, summary)
    if recorded is not None:
        check_one_run(recorded, INTERPRETERS)
        marks += list_marks(summarise_interpreters(recorded), RECORDED)
        conditions += f". Squares: recorded on {recorded['recorded_on'].iloc[0]}"
    if published is not None:
        wanted = ["python", "source", "split", "threads", "time_ratio", "year"]
        if not isinstance(published, pd.DataFrame) or not set(wanted) <= set(published.columns):
            raise TypeError(
                'published must be what load_published("countdown") gives, with the columns '
                f"{', '.join(wanted)}"
            )
        marks += list_published_marks(published)
    marks.sort(key=lambda mark: (mark.rank, mark.label))
    panels = {
        split: [mark for mark in marks if mark.split == split]
        for split in sorted({mark.split for mark in marks}, reverse=True)
    }
    chart = _draw_panels(panels)
    told = " ".join(["Two threads over one.", *(_tell(*panel) for panel in panels.items())])
    return finish(chart, state_title(table, summary), conditions, told)


def _draw_panels(panels: dict[bool, list[Mark]]) -> Chart:
    rows = [len({mark.label for mark in panel}) for panel in panels.values()] or [1]
    height = _ABOVE + _ROW * sum(rows) + _BETWEEN * (len(rows) - 1) + _BELOW
    chart = style.make_chart(12.5, height)
    all_axes = chart.subplots(len(rows), 1, squeeze=False, height_ratios=rows)[:, 0]
    top = height - _ABOVE
    for axes, count in zip(all_axes, rows, strict=True):
        axes.set_position((0.195, (top - _ROW * count) / height, 0.39, _ROW * count / height))
        top -= _ROW * count + _BETWEEN
        axes.set_axis_off()  # until there is something to draw
    # the end of an uncertain ratio's interval may lie out of sight
    highest = max((mark.ratio for panel in panels.values() for mark in panel), default=1.0)
    for axes, (split, panel) in zip(all_axes, panels.items(), strict=False):
        axes.set_xlim(0, max(2.0, highest * 1.15))
        _draw_panel(axes, panel, _PANELS[split])
    return chart


def _draw_panel(axes: Axes, marks: Sequence[Mark], name: str) -> None:
    labels = list(dict.fromkeys(mark.label for mark in marks))
    axes.set_axis_on()
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_yticks(range(len(labels)), labels)
    for origin in dict.fromkeys(mark.origin for mark in marks):
        _write_beside(axes, origin, 1, origin, "axes fraction", (0, 4), weight="bold")
    cells: dict[tuple[int, str], list[Mark]] = {}
    for mark in marks:
        cells.setdefault((labels.index(mark.label), mark.origin), []).append(mark)
    for (place, origin), own in cells.items():
        for mark in own:
            _draw_mark(axes, place, mark)
        ratios = sorted(mark.ratio for mark in own)
        figures = " to ".join(dict.fromkeys(f"{ratio:.2f}" for ratio in (ratios[0], ratios[-1])))
        sources = ", ".join(dict.fromkeys(mark.source for mark in own if mark.source))
        told = f"{figures}  {sources}".rstrip()
        _write_beside(axes, told, place, origin, "data", (0, 0), va="center")
    for value, text, dashes, side in (
        (0.5, "both at once", DASHES, "right"),
        (1.0, "as one thread", "-", "left"),
    ):
        axes.axvline(value, color=SOFT_INK, linewidth=1.3, linestyle=dashes, zorder=0.5)
        write(axes, text, (value, 1), (0, 4), xycoords=("data", "axes fraction"), ha=side)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel(name, size=12, color=INK)
    style.clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _write_beside(
    axes: Axes, text: str, place: float, origin: str, upwards: str, away: Any, **more: Any
) -> None:
    """Write into the column beside the axes that belongs to an origin."""
    look, _, column = _ORIGINS[origin]
    write(
        axes, text, (column, place), away, look.colour, 12,
        xycoords=("figure fraction", upwards), annotation_clip=False,
        ha="left" if origin == PUBLISHED else "center", **more,
    )  # fmt: skip


def _draw_mark(axes: Axes, place: float, mark: Mark) -> None:
    look, shift, _ = _ORIGINS[mark.origin]
    place += shift
    draw_interval(axes, mark.low, mark.high, place, look.colour)
    is_filled = mark.origin == YOURS
    axes.plot(
        mark.ratio, place, linestyle="", marker=look.marker,
        markersize=15 if mark.origin == PUBLISHED else 9, color=look.colour,
        markerfacecolor=look.colour if is_filled else PAPER,
        markeredgecolor=PAPER if is_filled else look.colour, markeredgewidth=1.6,
    )  # fmt: skip


def _tell(split: bool, marks: Sequence[Mark]) -> str:
    told = [
        f"{mark.label} {mark.origin}{f' by {mark.source}' if mark.source else ''} {mark.ratio:.2f}"
        + ("" if math.isnan(mark.low) else f" ({mark.low:.2f} to {mark.high:.2f})")
        for mark in marks
    ]
    name = "Split between the threads" if split else "Each thread counted all of it"
    return f"{name}: {'; '.join(told)}."
