"""How best to cut up the work: the list's length, and the chunksize."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.charts.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    Look,
    clean_axes,
    get_look,
    label_in_full,
    make_chart,
    write_heading,
)
from gil_demo.findings.pool import describe_lists, title_chunks, title_lengths
from gil_demo.findings.words import state_share
from gil_demo.results import list_rows
from gil_demo.tasks import summarise_lists

_WORKS = {"even": get_look("processes"), "uneven": Look("#CC79A7", "^", "--")}


def draw_list_lengths(table: pd.DataFrame) -> Chart:
    """Draw how busy the workers were against the number of tasks in the list.

    Args:
        table: a table of one sweep, as `sweep_list_length` gives it.

    Returns:
        A matplotlib Figure: the part of the workers' time that went into tasks, with its 95 %
        interval and a mark for each round, above the sawtooth that it would be without any
        overhead. Its `description` is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several sweeps.
    """
    summary = summarise_lists(table)
    look, workers = get_look("processes"), int(table["workers"].iloc[0])
    chart = make_chart(11, 5.4)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.085, right=0.855, top=0.9, bottom=0.19)
    tasks = summary["tasks"].astype(int)
    shares = 100 * table["busy_seconds"] / table["seconds"] / workers
    axes.plot(
        table["tasks"], shares, linestyle="", marker=look.marker, markersize=4,
        markerfacecolor="white", markeredgecolor=INK, markeredgewidth=0.6, alpha=0.5,
    )  # fmt: skip
    axes.plot(
        tasks, 100 * summary["ideal_share"], color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)),
        marker="_", markersize=14,
    )  # fmt: skip
    _draw_shares(axes, tasks, summary, look)
    is_above = summary["busy_share"].iloc[-1] > summary["ideal_share"].iloc[-1]
    up = (14, -14) if is_above else (-9, 14)
    _label_end(axes, tasks, 100 * summary["busy_share"], "measured", look.colour, up[0])
    _label_end(axes, tasks, 100 * summary["ideal_share"], "without any\noverhead", SOFT_INK, up[1])
    axes.set_ylim(0, max(108, float(shares.max()) * 1.05))
    axes.set_xticks(_choose_ticks([*tasks]))
    axes.set_xlabel("tasks in the list; the same work in all", size=13, color=INK)
    axes.set_ylabel("workers busy (% of the time)", size=13, color=INK)
    clean_axes(axes, "y")
    title, conditions = title_lengths(table, summary), describe_lists(table)
    write_heading(chart, title, conditions)
    each = "; ".join(
        f"{row.tasks} tasks {100 * row.busy_share:.1f} % (ideal {100 * row.ideal_share:.1f} %)"
        for row in list_rows(summary)
    )
    chart.description = f"Chart. {title}. Workers busy: {each}. Conditions: {conditions}."
    return chart


def _choose_ticks(tasks: list[int]) -> list[int]:
    """Choose the lengths whose labels have room beside each other, from the first one on."""
    room = 0.02 * len(str(tasks[-1])) * (tasks[-1] - tasks[0])
    chosen = tasks[:1]
    for length in tasks[:: max(1, len(tasks) // 10)]:
        if length - chosen[-1] > room:
            chosen.append(length)
    return chosen


def _draw_shares(axes: Axes, tasks: "pd.Series[int]", summary: pd.DataFrame, look: Look) -> None:
    below = 100 * (summary["busy_share"] - summary["busy_share_low"]).clip(lower=0).fillna(0)
    above = 100 * (summary["busy_share_high"] - summary["busy_share"]).clip(lower=0).fillna(0)
    axes.errorbar(
        tasks, 100 * summary["busy_share"], yerr=[[*below], [*above]], color=look.colour,
        marker=look.marker, markersize=10, linewidth=2.2, elinewidth=1.6, capsize=5,
        markeredgecolor=PAPER,
    )  # fmt: skip


def _label_end(
    axes: Axes, tasks: "pd.Series[int]", values: "pd.Series[float]", text: str, colour: str, up: int
) -> None:
    axes.annotate(
        text, (float(tasks.iloc[-1]), float(values.iloc[-1])), xytext=(14, up), size=13,
        textcoords="offset points", va="center", color=colour, annotation_clip=False,
    )  # fmt: skip


def draw_chunksizes(table: pd.DataFrame) -> Chart:
    """Draw how long the same list took in chunks of different sizes.

    Args:
        table: a table of one sweep, as `sweep_chunksize` gives it.

    Returns:
        A matplotlib Figure: the time as a multiple of that with the pool's own chunksize, for
        even and for uneven tasks, with 95 % intervals; the pool's own size is marked. Its
        `description` is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several sweeps.
    """
    summary = summarise_lists(table)
    chart = make_chart(11, 5.4)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.085, right=0.81, top=0.9, bottom=0.19)
    axes.set_xscale("log")
    highest = 1.0
    for work, rows in summary.groupby("work", sort=False):
        look = _WORKS[str(work)]
        ratio = rows["time_ratio"]
        below = (ratio - rows["time_ratio_low"]).clip(lower=0).fillna(0)
        above = (rows["time_ratio_high"] - ratio).clip(lower=0).fillna(0)
        axes.errorbar(
            rows["chunksize"].astype(float), ratio, yerr=[[*below], [*above]], color=look.colour,
            marker=look.marker, markersize=10, linewidth=2.2, linestyle=look.line,
            elinewidth=1.6, capsize=5, markeredgecolor=PAPER, label=f"{work} tasks",
        )  # fmt: skip
        highest = max(highest, float((ratio + above).max()))
    least, most = float(summary["chunksize"].min()), float(summary["chunksize"].max())
    margin = (most / least) ** 0.05 if most > least else 2.0
    axes.set_xlim(least / margin, most * margin)
    own = int(table["default_chunksize"].iloc[0])
    _mark_own(axes, own, is_left=own**2 < least * most)
    axes.set_ylim(0, highest * 1.12)
    label_in_full(axes.xaxis, sorted(set(summary["chunksize"].astype(int))), lambda v: f"{v:,.0f}")
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel("tasks handed out at once (chunksize)", size=13, color=INK)
    axes.set_ylabel("time over that of the pool's own (×)", size=13, color=INK)
    clean_axes(axes, "y")
    axes.legend(
        loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=13, handlelength=2.6
    )  # fmt: skip
    title, conditions = title_chunks(table, summary), describe_lists(table)
    write_heading(chart, title, conditions)
    each = "; ".join(
        f"{row.work} tasks by {row.chunksize} {row.time_ratio:.2f} ×, workers busy "
        f"{state_share(row.busy_share)}"
        for row in list_rows(summary)
    )
    chart.description = f"Chart. {title}. Time by chunksize: {each}. Conditions: {conditions}."
    return chart


def _mark_own(axes: Axes, own: int, is_left: bool) -> None:
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    axes.axvline(own, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)), zorder=0.5)
    axes.annotate(
        f"the pool's own: {own:,}", (own, 0), xycoords=("data", "axes fraction"),
        xytext=(6 if is_left else -6, 8), textcoords="offset points",
        ha="left" if is_left else "right", size=12, color=SOFT_INK,
    )  # fmt: skip
