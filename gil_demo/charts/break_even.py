"""From which length of task processes pay: one panel for each start method."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.charts.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    Look,
    clean_axes,
    get_look,
    label_decades,
    make_chart,
    write_heading,
)
from gil_demo.crossings import (
    COLD,
    KEPT,
    Way,
    fit_ways,
    measure_pace,
    summarise_break_even,
    summarise_lengths,
)
from gil_demo.findings.break_even import (
    describe_break_even,
    find_length_reservations,
    title_break_even,
)
from gil_demo.findings.words import state_seconds
from gil_demo.results import BASELINE, list_rows

_LOOKS = {
    (BASELINE, ""): ("plain loop", get_look(BASELINE)),
    ("threads", ""): ("threads", get_look("threads")),
    ("processes", COLD): ("cold pool", Look(get_look("processes").colour, "s", "--")),
    ("processes", KEPT): ("pool kept open", get_look("processes")),
}


def draw_break_even(table: pd.DataFrame) -> Chart:
    """Draw how long all tasks took against the length of one, and where processes begin to pay.

    Args:
        table: a table as `sweep_task_length` gives it.

    Returns:
        A matplotlib Figure with a panel for each start method, both axes logarithmic: the plain
        loop, threads, a cold pool and one kept open, with the middle half of the rounds, and the
        crossings with the plain loop, unless there are reasons to withhold them. Its `description`
        is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary, crossings = summarise_lengths(table), summarise_break_even(table)
    methods = sorted(set(crossings["start_method"]))
    chart = make_chart(max(9.5, 4.6 * len(methods)), 5.6)
    panels = chart.subplots(1, len(methods), sharex=True, sharey=True, squeeze=False)[0]
    width = chart.get_size_inches()[0]
    chart.subplots_adjust(
        left=1.1 / width, right=1 - 0.25 / width, top=0.8, bottom=0.19, wspace=0.08
    )  # fmt: skip
    told = crossings[:0] if find_length_reservations(table) else crossings
    found = told[(told["rival"] == BASELINE) & (told["reason"] == "")]
    for axes, method in zip(panels, methods, strict=True):
        _draw_panel(axes, method, summary)
        _draw_crossings(axes, found[found["start_method"] == method])
        if found["crossing_seconds"].max() > summary["task_seconds"].max():
            _continue_lines(axes, method, table, float(found["crossing_seconds"].max()))
    least, most = float(summary["seconds_low"].min()), float(summary["seconds_high"].max())
    panels[0].set_ylim(least / 2.2, max(1.5 * most, panels[0].get_ylim()[1]))
    for axes, method in zip(panels, methods, strict=True):
        _finish_panel(axes, method)
        _label_crossings(axes, found[found["start_method"] == method])
    panels[0].set_ylabel("time for all tasks", size=13, color=INK)
    chart.legend(
        *panels[0].get_legend_handles_labels(), loc="upper left", ncols=4, frameon=False,
        fontsize=13, bbox_to_anchor=(0.03, 0.935), handlelength=2.6, columnspacing=1.6,
    )  # fmt: skip
    title, conditions = title_break_even(table, crossings), describe_break_even(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, told, summary)
    return chart


def _draw_panel(axes: Axes, method: str, summary: pd.DataFrame) -> None:
    own = summary[(summary["start_method"] == method) | (summary["start_method"] == "")]
    axes.set_xscale("log")
    axes.set_yscale("log")
    for (runner, pool), (label, look) in _LOOKS.items():
        rows = own[(own["runner"] == runner) & (own["pool"] == pool)]
        if rows.empty:
            continue
        axes.fill_between(
            rows["task_seconds"].astype(float), rows["seconds_low"], rows["seconds_high"],
            color=look.colour, alpha=0.15, linewidth=0,
        )  # fmt: skip
        axes.plot(
            rows["task_seconds"], rows["seconds"], color=look.colour, marker=look.marker,
            markersize=7, linewidth=2, linestyle=look.line, label=label,
            markerfacecolor=PAPER if look.line == "--" else look.colour,
        )  # fmt: skip


def _finish_panel(axes: Axes, method: str) -> None:
    axes.set_title(f"by {method}", loc="left", size=14, color=INK, weight="bold", pad=8)
    axes.set_xlabel("length of one task", size=12, color=INK)
    label_decades(axes.xaxis, state_seconds)
    label_decades(axes.yaxis, state_seconds)
    clean_axes(axes, "y")
    axes.tick_params(labelsize=11)


def _draw_crossings(axes: Axes, found: pd.DataFrame) -> None:
    for row in list_rows(found):
        length = row.crossing_seconds
        axes.axvline(length, color=SOFT_INK, linewidth=1.3, linestyle=(0, (5, 3)), zorder=0.5)
        axes.axvspan(
            row.crossing_low, row.crossing_high, color=SOFT_INK, alpha=0.13, linewidth=0,
            zorder=0.4,
        )  # fmt: skip


def _label_crossings(axes: Axes, found: pd.DataFrame) -> None:
    """Label the crossings at the foot of their lines, one row for each pool."""
    low, high = axes.get_xlim()
    for row in list_rows(found):
        length = row.crossing_seconds
        is_left = length**2 < low * high
        axes.annotate(
            state_seconds(length), (length, 0), xycoords=("data", "axes fraction"),
            xytext=(4 if is_left else -4, 24 if row.pool == COLD else 6), size=12, color=INK,
            textcoords="offset points", ha="left" if is_left else "right",
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.5, "alpha": 0.85},
        )  # fmt: skip


def _continue_lines(axes: Axes, method: str, table: pd.DataFrame, furthest: float) -> None:
    """Carry the fitted lines on to where a pool begins to pay, beyond what was measured."""
    lines, pace = fit_ways(table), measure_pace(table)
    lengths = [float(table["steps"].max()) / pace, 1.5 * furthest]
    for way in (Way(BASELINE), Way("processes", method, COLD), Way("processes", method, KEPT)):
        _, look = _LOOKS[way.runner, way.pool]
        axes.plot(
            lengths, [lines[way].at(length) for length in lengths], color=look.colour,
            linewidth=1.2, linestyle=":", zorder=1,
        )  # fmt: skip


def _describe(title: str, conditions: str, crossings: pd.DataFrame, summary: pd.DataFrame) -> str:
    told = []
    for row in list_rows(crossings):
        rival = "the plain loop" if row.rival == BASELINE else "threads"
        length = row.reason.split(":")[0] or (
            f"{1000 * row.crossing_seconds:.2f} ms ({1000 * row.crossing_low:.2f} to "
            f"{1000 * row.crossing_high:.2f})"
        )
        told.append(f"{row.start_method}, {row.pool}, against {rival}: {length}")
    longest = summary[summary["steps"] == summary["steps"].max()]
    times = "; ".join(f"{_name(row)} {row.seconds:.4f} s" for row in list_rows(longest))
    pays = f" From which length of task processes pay: {'; '.join(told)}." if told else ""
    return f"Chart. {title}.{pays} The longest tasks took: {times}. Conditions: {conditions}."


def _name(row: Any) -> str:
    label, _ = _LOOKS[row.runner, row.pool]
    return f"{label} by {row.start_method}" if row.start_method else label
