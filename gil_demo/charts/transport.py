"""What carrying data to a worker costs, by each way, and how much of it is pickling."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.charts.style import (
    INK,
    PAPER,
    Chart,
    Look,
    clean_axes,
    label_decades,
    label_in_full,
    make_chart,
    push_apart,
    write_heading,
)
from gil_demo.costs import summarise_transport
from gil_demo.findings.transport import describe_transport, select_pickling, title_transport
from gil_demo.findings.words import state_bytes, state_seconds, state_share
from gil_demo.results import list_rows

# dark enough for letters on white paper, which the sky blue and the orange of the others are not
_LOOKS = {
    "argument": ("as an argument", Look("#0072B2", "s", "-")),
    "result": ("as a result", Look("#000000", "v", "-")),
    "shared memory": ("shared memory", Look("#009E73", "^", "-")),
    "initializer": ("with a new pool", Look("#CC79A7", "D", "--")),
    "kept": ("kept by the worker", Look("#9A6A00", "o", "-")),
}
_KINDS = {"bytes": "raw bytes", "numbers": "a list of numbers"}


def draw_transport(table: pd.DataFrame) -> Chart:
    """Draw how long data take to a worker, by each way, against their size.

    Args:
        table: a table as `compare_transport` gives it.

    Returns:
        A matplotlib Figure: on the left the time against the size, both logarithmic, a line for
        each way with its 95 % interval; on the right, for raw bytes and for a list of numbers, how
        much of the time is pickling and how much the pipe. Its `description` is its alternative
        text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_transport(table)
    title, conditions = title_transport(table, summary), describe_transport(table)
    chart = make_chart(12.5, 5.6)
    left, right = chart.subplots(1, 2, width_ratios=[2.1, 1])
    chart.subplots_adjust(left=0.07, right=0.985, top=0.87, bottom=0.19, wspace=0.62)
    data = summary[summary["kind"] == "bytes"]
    ends: dict[str, tuple[float, str]] = {}
    left.set_xscale("log")
    left.set_yscale("log")
    for way, (label, look) in _LOOKS.items():
        rows = data[data["way"] == way]
        if len(rows):
            _draw_line(left, rows, look)
            last = rows.iloc[-1]
            ends[label] = (float(last["seconds"]), look.colour)
    _finish_times(left, data)
    _label_ends(left, ends)
    parts = select_pickling(summary)
    if parts.empty:
        right.set_axis_off()
    else:
        _draw_parts(right, parts)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, summary, parts)
    return chart


def _draw_line(axes: Axes, rows: pd.DataFrame, look: Look) -> None:
    below = (rows["seconds"] - rows["seconds_low"]).clip(lower=0).fillna(0)
    above = (rows["seconds_high"] - rows["seconds"]).clip(lower=0).fillna(0)
    axes.errorbar(
        rows["size_bytes"].astype(float), rows["seconds"], yerr=[[*below], [*above]],
        color=look.colour, marker=look.marker, markersize=8, linewidth=2, linestyle=look.line,
        elinewidth=1.4, capsize=4, markeredgecolor=PAPER,
    )  # fmt: skip


def _finish_times(axes: Axes, data: pd.DataFrame) -> None:
    sizes = sorted(set(data["size_bytes"].astype(float)))
    margin = (sizes[-1] / sizes[0]) ** 0.05 if len(sizes) > 1 else 2.0
    axes.set_xlim(sizes[0] / margin, sizes[-1] * margin)
    label_in_full(axes.xaxis, _choose_sizes(sizes), state_bytes)
    label_decades(axes.yaxis, state_seconds)
    axes.set_xlabel("size of the data", size=12, color=INK)
    axes.set_title("time until the data are there", loc="left", size=13, color=INK, pad=8)
    clean_axes(axes, "y")


def _choose_sizes(sizes: list[float]) -> list[float]:
    """Choose the sizes whose labels have room beside each other, from the largest one down."""
    room = (sizes[-1] / sizes[0]) ** 0.14
    chosen = sizes[-1:]
    for size in reversed(sizes):
        if chosen[-1] / size > room:
            chosen.append(size)
    return chosen


def _label_ends(axes: Axes, ends: dict[str, tuple[float, str]]) -> None:
    """Label the lines at their right ends, pushed apart where they would touch."""
    to_axes = axes.transScale + axes.transLimits
    ordered = sorted(ends.items(), key=lambda item: item[1][0])
    places = [float(to_axes.transform((1, seconds))[1]) for _, (seconds, _) in ordered]
    heights = push_apart(places, 0.075, 0.97)
    for (label, (_, colour)), height in zip(ordered, heights, strict=True):
        axes.annotate(
            label, (1, height), xycoords="axes fraction", xytext=(6, 0),
            textcoords="offset points", size=13, va="center", color=colour, weight="bold",
            annotation_clip=False,
        )  # fmt: skip


def _draw_parts(axes: Axes, parts: pd.DataFrame) -> None:
    rows = list_rows(parts)
    for place, row in enumerate(rows):
        share = 100 * min(row.ratio, 1.0)
        axes.barh(place, share, height=0.5, color="#444444")
        axes.barh(
            place, 100 - share, left=share, height=0.5, facecolor=PAPER, edgecolor="#0072B2",
            hatch="////", linewidth=1.2,
        )  # fmt: skip
        axes.annotate(
            f"{_KINDS[row.kind]}: {state_share(share / 100)} pickling", (0, place - 0.36),
            size=12, color=INK, va="center",
        )  # fmt: skip
    axes.set_xlim(0, 100)
    axes.set_ylim(max(2, len(rows)) - 0.4, -0.65)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(5))
    size = state_bytes(float(parts["size_bytes"].iloc[0]))
    axes.set_title(f"where the time for {size} goes", loc="left", size=13, color=INK, pad=8)
    axes.set_xlabel(
        "% of an argument's time: pickling\n(dark), the pipe (hatched)", size=12, color=INK
    )
    clean_axes(axes, "x")


def _describe(title: str, conditions: str, summary: pd.DataFrame, parts: pd.DataFrame) -> str:
    facts = []
    data = summary[summary["kind"] == "bytes"]
    for way, (label, _) in _LOOKS.items():
        told = [_tell(row) for row in list_rows(data[data["way"] == way])]
        if told:
            facts.append(f"{label}: {', '.join(told)}")
    shares = "; ".join(
        f"{_KINDS[row.kind]} {100 * min(row.ratio, 1.0):.1f} %" for row in list_rows(parts)
    )
    pickling = f" Pickling is, of an argument's time: {shares}." if shares else ""
    return f"Chart. {title}. Medians: {'; '.join(facts)}.{pickling} Conditions: {conditions}."


def _tell(row: Any) -> str:
    return f"{state_bytes(row.size_bytes)} {1000 * row.seconds:.2f} ms"
