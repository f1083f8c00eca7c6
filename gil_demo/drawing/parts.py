"""Parts that several charts share: marks of rounds, intervals, labels, lines, headings."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.text import Annotation
from matplotlib.ticker import MaxNLocator

from gil_demo.drawing import style
from gil_demo.drawing.style import INK, PAPER, SOFT_INK, Chart, Look

DASHES = (0, (5, 3))
MOST_BARS = 4_000
BINS = 1_600
LANE = 0.78
Window = tuple[float, float]  # from when to when, in seconds


def make_plot(
    width: float, height: float, left: float, right: float, above: float, below: float
) -> tuple[Chart, Axes]:
    """Make a chart of one plot: its ends as parts of the width, and inches above and below it."""
    chart = style.make_chart(width, height)
    chart.subplots_adjust(left=left, right=right, top=1 - above / height, bottom=below / height)
    return chart, chart.subplots()


def draw_cloud(
    axes: Axes, values: Iterable[float], place: float, marker: str, *, reach: float = 0.14
) -> None:
    """Draw a hollow mark for each round along a row, spread a little so that none hides another."""
    x = list(values)
    y = [place + reach * math.sin(2.4 * number) for number in range(len(x))]
    draw_rounds(axes, x, y, marker)


def draw_rounds(axes: Axes, x: Any, y: Any, marker: str) -> None:
    axes.plot(
        x, y, linestyle="", marker=marker, markersize=4, markerfacecolor="white",
        markeredgecolor=INK, markeredgewidth=0.6, alpha=0.6,
    )  # fmt: skip


def draw_interval(
    axes: Axes, low: float, high: float, place: float, colour: str, width: float = 3
) -> None:
    """Draw an interval as a bar along a row; one without ends isn't drawn."""
    if not math.isnan(low):
        axes.plot(
            [low, high], [place, place], color=colour, linewidth=width, solid_capstyle="butt",
            alpha=0.6,
        )  # fmt: skip


def draw_mark(axes: Axes, x: float, y: float, look: Look, size: float = 12) -> None:
    """Draw one mark of a runner, with a white edge that sets it off."""
    axes.plot(
        x, y, marker=look.marker, markersize=size, color=look.colour, markeredgecolor=PAPER,
        linestyle="",
    )  # fmt: skip


def write(
    axes: Axes, text: str, at: tuple[float, float], away: tuple[float, float],
    colour: str = SOFT_INK, size: float = 11, **more: Any,
) -> Annotation:  # fmt: skip
    """Write a text some points away from a place; return it."""
    return axes.annotate(
        text, at, xytext=away, textcoords="offset points", size=size, color=colour, **more
    )


def write_value(axes: Axes, text: str, at: tuple[float, float], colour: str) -> None:
    """Write a value above its mark, in bold letters on paper."""
    write(
        axes, text, at, (0, 13), colour, 13, weight="bold", ha="center",
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def draw_upright(
    axes: Axes, value: float, text: str, *, is_dashed: bool = False, side: str = "center"
) -> None:
    """Draw an upright line that values are held against, with its name above that side of it."""
    width, dashes = (1.4, DASHES) if is_dashed else (1.2, "-")
    axes.axvline(value, color=SOFT_INK, zorder=0.5, linewidth=width, linestyle=dashes)
    write(axes, text, (value, 1), (0, 4), xycoords=("data", "axes fraction"), ha=side)


def draw_loop_and_ideal(axes: Axes, ideal: float, name: str) -> None:
    """Draw where the plain loop is, and the ideal beyond it, on an axis whose limits are set."""
    first, last = axes.get_xlim()
    inches = (ideal - 1) / (last - first) * axes.bbox.width / axes.figure.dpi
    sides = ("right", "left") if 0 < inches < 1 else ("center", "center")  # names take so much
    draw_upright(axes, 1, "plain loop", side=sides[0])
    if ideal > 1:
        draw_upright(axes, ideal, name, is_dashed=True, side=sides[1])


def measure_ends(rows: pd.DataFrame, name: str) -> list[list[float]]:
    """Measure how far below and above a figure its interval goes, as `errorbar` takes it."""
    below = (rows[name] - rows[f"{name}_low"]).clip(lower=0)
    above = (rows[f"{name}_high"] - rows[name]).clip(lower=0)
    return [[*below], [*above]]


def draw_medians(axes: Axes, x: Any, rows: pd.DataFrame, name: str, look: Look, **how: Any) -> None:
    """Draw a figure of each row at its place along x, with its interval, if any, as a bar."""
    ends = measure_ends(rows, name) if f"{name}_low" in rows else None
    usual: dict[str, Any] = {"markersize": 9, "markeredgecolor": PAPER, "linewidth": 2.2}
    axes.errorbar(
        x, rows[name], yerr=ends, color=look.colour, marker=look.marker,
        elinewidth=1.6, capsize=5, **(usual | how),
    )  # fmt: skip


def draw_ideal(axes: Axes, x: Any, y: Any) -> None:
    """Draw the dashed line on which figures would ideally lie, behind all else."""
    axes.plot(x, y, color=SOFT_INK, linewidth=1.4, linestyle=DASHES, zorder=0.5)


def label_ends(
    axes: Axes, labels: Iterable[tuple[float, str, str]], apart: float, top: float, away: float
) -> None:
    """Label lines at their right ends (value, text, colour), pushed apart where they would touch.

    How far apart, and up to where, are parts of the axis, whose limits must be set.
    """
    ordered = sorted(labels)
    to_axes = axes.transScale + axes.transLimits
    places = [float(to_axes.transform((1, value))[1]) for value, _, _ in ordered]
    heights = style.push_apart(places, apart, top)
    for (_, text, colour), height in zip(ordered, heights, strict=True):
        write(
            axes, text, (1, height), (away, 0), colour, 13, xycoords="axes fraction",
            va="center", weight="bold", annotation_clip=False,
        )  # fmt: skip


def name_axes(axes: Axes, across: str, up: str, size: float = 13, grid: str = "y") -> None:
    """Name both axes, with a light grid that helps reading values along "x" or "y"."""
    axes.set_xlabel(across, size=size, color=INK)
    axes.set_ylabel(up, size=size, color=INK)
    style.clean_axes(axes, grid)


def name_values(axes: Axes, name: str, most_steps: int) -> None:
    """Name the axis of values at the bottom, with few steps and a light grid."""
    axes.xaxis.set_major_locator(MaxNLocator(most_steps))
    axes.set_xlabel(name, size=12, color=INK)
    style.clean_axes(axes, "x")


def name_rows(axes: Axes, names: Sequence[str], *, bottom: float = 0.45) -> None:
    """Name rows that stand at 0, 1, 2 and so on, the first at the top."""
    axes.set_yticks(range(len(names)))
    axes.set_yticklabels(names)
    axes.set_ylim(len(names) - bottom, -0.6)
    axes.tick_params(axis="y", labelsize=13)


def widen(axes: Axes, factor: float, state: Callable[[float], str]) -> None:
    """Make room at both ends of a logarithmic axis of values, and label it in full."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(low / factor, high * factor)
    style.label_decades(axes.xaxis, state)


def draw_lane(
    axes: Axes, place: float, bars: pd.DataFrame, colour: str, window: Window, is_binned: bool
) -> None:
    """Draw one lane's bars along time: from start_seconds to end_seconds, in milliseconds.

    Where they are many, each point in time of the window is as dark as bars cover it instead.
    """
    if is_binned:
        _draw_shares(axes, place, bars, colour, window)
        return
    starts = bars["start_seconds"] * 1000
    lengths = (bars["end_seconds"] - bars["start_seconds"]) * 1000
    axes.broken_barh(
        list(zip(starts, lengths, strict=True)), (place - LANE / 2, LANE),
        facecolor=colour, edgecolor="white", linewidth=0.4,
    )  # fmt: skip


def _draw_shares(axes: Axes, place: float, bars: pd.DataFrame, colour: str, window: Window) -> None:
    picture = np.ones((1, BINS, 4))
    picture[0, :, :3] = to_rgb(colour)
    picture[0, :, 3] = measure_shares(bars, np.linspace(*window, BINS + 1))
    axes.imshow(
        picture, aspect="auto", interpolation="nearest",
        extent=(window[0] * 1000, window[1] * 1000, place + LANE / 2, place - LANE / 2),
    )  # fmt: skip


def measure_shares(bars: pd.DataFrame, edges: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Measure for each bin between two edges, in seconds, the part that bars cover, 0 to 1."""
    ordered = bars.sort_values("start_seconds")
    starts, ends = ordered["start_seconds"].to_numpy(), ordered["end_seconds"].to_numpy()
    covered = np.concatenate([[0.0], np.cumsum(ends - starts)])
    times = np.column_stack([starts, ends]).ravel()
    totals = np.column_stack([covered[:-1], covered[1:]]).ravel()
    until = np.interp(edges, times, totals) if len(times) else np.zeros(len(edges))
    return np.clip(np.diff(until) / np.diff(edges), 0, 1)


def finish(chart: Chart, title: str, conditions: str, told: str) -> Chart:
    """Write a chart's heading, and its description from that and its numbers in sentences."""
    style.write_heading(chart, title, conditions)
    parts = ["Chart.", f"{title}.", *([told] if told else []), f"Conditions: {conditions}."]
    chart.description = " ".join(parts)
    return chart
