"""Parts that several charts share: marks of rounds, intervals, labels, lines, headings."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.drawing.style import INK, PAPER, SOFT_INK, Chart, Look, label_in_full, write_heading

DASHES = (0, (5, 3))


def draw_cloud(
    axes: Axes, values: Iterable[float], place: float, marker: str, *, reach: float = 0.14
) -> None:
    """Draw a hollow mark for each round along a row, spread a little so that none hides another."""
    x = list(values)
    y = [place + reach * math.sin(2.4 * number) for number in range(len(x))]
    draw_rounds(axes, x, y, marker)


def draw_rounds(axes: Axes, x: Any, y: Any, marker: str) -> None:
    """Draw a small hollow mark for each round."""
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
) -> None:  # fmt: skip
    """Write a text some points away from a place."""
    axes.annotate(
        text, at, xytext=away, textcoords="offset points", size=size, color=colour, **more
    )


def write_value(axes: Axes, text: str, at: tuple[float, float], colour: str) -> None:
    """Write a value above its mark, in bold letters on paper."""
    write(
        axes, text, at, (0, 13), colour, 13, weight="bold", ha="center",
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def draw_upright(axes: Axes, value: float, text: str, *, is_dashed: bool = False) -> None:
    """Draw an upright line that values are held against, with its name above the axes."""
    style: dict[str, Any] = (
        {"linewidth": 1.4, "linestyle": DASHES} if is_dashed else {"linewidth": 1.2}
    )
    axes.axvline(value, color=SOFT_INK, zorder=0.5, **style)
    write(axes, text, (value, 1), (0, 4), xycoords=("data", "axes fraction"), ha="center")


def measure_ends(rows: pd.DataFrame, name: str) -> list[list[float]]:
    """Measure how far below and above a figure its interval goes, as `errorbar` takes it."""
    below = (rows[name] - rows[f"{name}_low"]).clip(lower=0).fillna(0)
    above = (rows[f"{name}_high"] - rows[name]).clip(lower=0).fillna(0)
    return [[*below], [*above]]


def choose_decades(low: float, high: float) -> list[float]:
    """Return powers of ten in a range; where it holds fewer than two, some values between."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [10.0**exponent for exponent in exponents]
    if sum(low <= tick <= high for tick in ticks) < 2:
        ticks = [step * tick for tick in ticks for step in (1, 2, 5)]
    return ticks


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
    label_in_full(axes.xaxis, choose_decades(low / factor, high * factor), state)


def finish(chart: Chart, title: str, conditions: str, told: str) -> Chart:
    """Write a chart's heading, and its description from the same words.

    Args:
        chart: the chart, drawn.
        title: the finding, in a line.
        conditions: where and how it was measured, in a line.
        told: the chart's numbers in sentences, each with its full stop; may be empty.
    """
    write_heading(chart, title, conditions)
    parts = ["Chart.", f"{title}.", *([told] if told else []), f"Conditions: {conditions}."]
    chart.description = " ".join(parts)
    return chart
