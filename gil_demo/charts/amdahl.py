"""Amdahl's law beside what was measured: ever more workers, and ever more cores."""

import math
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from gil_demo.arguments import check_part
from gil_demo.charts.style import (
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
from gil_demo.findings.amdahl import select_fits, state_part, title_amdahl
from gil_demo.findings.speed import describe_conditions
from gil_demo.findings.words import count_in_words
from gil_demo.fits import compute_speed_up
from gil_demo.results import list_rows, summarise
from gil_demo.scaling import count_cores_at_once, summarise_scaling

_MOST_CORES = 256
_LEAST_LIMIT = 1.5
_CLOSE = 0.3  # of the axis: labels nearer to each other than that are one
_CHOSEN = Look("#CC79A7", "D", "-")


def draw_amdahl(table: pd.DataFrame, parallel_part: float | None = None) -> Chart:
    """Draw the speed-up of ever more workers beside Amdahl's law, and what more cores would do.

    Args:
        table: a table of one run, as `scale` gives it.
        parallel_part: a part of the work, from 0 to 1, to draw the law for beside what was fitted;
            None means the fit alone.

    Returns:
        A matplotlib Figure: on the left what was measured with its 95 % intervals, the law as
        fitted, and the numbers of cores; on the right the law up to 256 cores with the interval
        of the fit and its limit. With reasons to withhold a verdict, what was fitted is left out.
        Its `description` is its alternative text.

    Raises:
        TypeError: the part is no number.
        ValueError: the part is out of range.
        ResultsError: the table is not of this kind, or holds several runs.
    """
    chosen = None if parallel_part is None else check_part("parallel_part", parallel_part)
    fits, summary = summarise_scaling(table), summarise(table)
    chart = make_chart(12, 5.6)
    left, right = chart.subplots(1, 2)
    chart.subplots_adjust(left=0.06, right=0.985, top=0.84, bottom=0.19, wspace=0.2)
    most = int(summary["workers"].max())
    told = select_fits(table, fits)
    for row in list_rows(fits):
        rows = summary[summary["runner"] == row.runner]
        _draw_measured(left, rows, get_look(row.runner), row.runner)
    for row in list_rows(told):
        _draw_law(left, row.parallel_part, most, row.cores, get_look(row.runner))
        _draw_outlook(right, row, get_look(row.runner))
    if chosen is not None:
        _draw_law(left, chosen, most, count_cores_at_once(table), _CHOSEN)
        _draw_curve(right, chosen, _CHOSEN, f"if {state_part(chosen)} is shared out")
    _finish_left(left, table, summary, most)
    _finish_right(right)
    title, conditions = title_amdahl(table, fits, chosen), describe_conditions(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, fits, told, summary)
    return chart


def _draw_measured(axes: Axes, rows: pd.DataFrame, look: Look, runner: str) -> None:
    below = (rows["speed_up"] - rows["speed_up_low"]).clip(lower=0).fillna(0)
    above = (rows["speed_up_high"] - rows["speed_up"]).clip(lower=0).fillna(0)
    axes.errorbar(
        rows["workers"].astype(int), rows["speed_up"], yerr=[[*below], [*above]], color=look.colour,
        marker=look.marker, markersize=10, linestyle="", elinewidth=1.8, capsize=5,
        markeredgecolor=PAPER, label=runner,
    )  # fmt: skip


def _draw_law(axes: Axes, part: float, most: int, cores: int, look: Look) -> None:
    """Draw the law for workers that share some cores: beyond those, more of them add nothing."""
    workers = sorted({*range(1, most + 1), min(cores, most)})
    axes.plot(
        workers, [compute_speed_up(part, min(number, cores)) for number in workers],
        color=look.colour, linewidth=2, alpha=0.75, zorder=1,
    )  # fmt: skip


def _draw_outlook(axes: Axes, row: Any, look: Look) -> None:
    cores = _list_cores()
    axes.fill_between(
        cores, [compute_speed_up(row.parallel_low, number) for number in cores],
        [compute_speed_up(row.parallel_high, number) for number in cores],
        color=look.colour, alpha=0.18, linewidth=0,
    )  # fmt: skip
    _draw_curve(axes, row.parallel_part, look, row.runner)


def _draw_curve(axes: Axes, part: float, look: Look, label: str) -> None:
    cores = _list_cores()
    speed_ups = [compute_speed_up(part, number) for number in cores]
    limit = math.inf if part == 1 else 1 / (1 - part)
    if _LEAST_LIMIT < limit < _MOST_CORES:
        label = f"{label}: limit {limit:.3g} ×"
        axes.axhline(limit, color=look.colour, linewidth=1.2, linestyle=(0, (5, 3)), zorder=0.5)
    axes.plot(cores, speed_ups, color=look.colour, linewidth=2.4, label=label)


def _list_cores() -> list[float]:
    return [2 ** (step / 8) for step in range(8 * int(math.log2(_MOST_CORES)) + 1)]


def _finish_left(axes: Axes, table: pd.DataFrame, summary: pd.DataFrame, most: int) -> None:
    axes.set_xlim(0.7, most + 0.5)
    ends = summary[["speed_up", "speed_up_high"]].fillna(0).to_numpy().max()
    top = max(2.0, float(ends), float(min(most, int(table["usable_cores"].iloc[0])))) * 1.15
    axes.plot([1, top], [1, top], color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)), zorder=0.5)
    axes.set_ylim(0, top)
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    _mark_cores(axes, table.iloc[0], most)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    axes.set_xlabel("workers", size=13, color=INK)
    axes.set_ylabel("speed-up (×)", size=13, color=INK)
    axes.set_title("measured (marks) and the law (lines)", loc="left", size=13, color=INK, pad=20)
    clean_axes(axes, "y")
    _add_legend(axes, "best")


def _mark_cores(axes: Axes, first: Any, most: int) -> None:
    """Mark the numbers of cores; those that are alike or close share a label."""
    named: dict[int, list[str]] = {}
    for name in ("physical", "usable", "logical"):
        number = first[f"{name}_cores"]
        if not pd.isna(number) and number <= most:
            named.setdefault(int(number), []).append(name)
    groups: list[list[int]] = []
    for number in sorted(named):
        axes.axvline(number, color=SOFT_INK, linewidth=1, linestyle=":", zorder=0.5)
        is_close = groups and number - groups[-1][-1] < _CLOSE * most
        groups = [*groups[:-1], [*groups[-1], number]] if is_close else [*groups, [number]]
    for group in groups:
        told = ", ".join(f"{number} {' = '.join(named[number])}" for number in group)
        middle = sum(group) / len(group)
        side = "left" if middle < 0.3 * most else "right" if middle > 0.7 * most else "center"
        axes.annotate(
            told, (middle, 1), xycoords=("data", "axes fraction"), xytext=(0, 4), size=11,
            textcoords="offset points", ha=side, color=SOFT_INK,
        )  # fmt: skip


def _finish_right(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    powers = [2**n for n in range(int(math.log2(_MOST_CORES)) + 1)]
    axes.plot(powers, powers, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)), zorder=0.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator(powers))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
        axis.set_minor_locator(NullLocator())
    axes.set_xlim(1, _MOST_CORES)
    axes.set_ylim(0.8, _MOST_CORES)
    axes.set_xlabel("cores, each with a worker (not measured)", size=13, color=INK)
    axes.set_title(
        "what the law says of more cores, 95 % interval", loc="left", size=13, color=INK, pad=20
    )  # fmt: skip
    clean_axes(axes, "y")
    _add_legend(axes, "upper left")


def _add_legend(axes: Axes, place: Literal["best", "upper left"]) -> None:
    """Explain the marks and lines, if there are any, on paper that no line shines through."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc=place, fontsize=12, handlelength=1.2, facecolor=PAPER, edgecolor="none",
            framealpha=0.9,
        )  # fmt: skip


def _describe(
    title: str, conditions: str, fits: pd.DataFrame, told: pd.DataFrame, summary: pd.DataFrame
) -> str:
    facts = []
    for row in list_rows(fits):
        speed_ups = ", ".join(
            f"{count_in_words(int(one.workers), 'worker', 'workers')} {one.speed_up:.2f}"
            for one in list_rows(summary[summary["runner"] == row.runner])
        )
        fitted = ""
        if row.runner in set(told["runner"]):
            fitted = (
                f"; parallel part {state_part(row.parallel_part)} "
                f"({state_part(row.parallel_low)} to {state_part(row.parallel_high)})"
            )
        facts.append(f"{row.runner}: {speed_ups}{fitted}")
    told_each = f" Speed-ups: {'; '.join(facts)}." if facts else ""
    return f"Chart. {title}.{told_each} Conditions: {conditions}."
