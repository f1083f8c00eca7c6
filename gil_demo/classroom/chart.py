"""A whole class: what threads took on each machine, and processes against usable cores."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from gil_demo.classroom.finding import (
    check_any,
    describe_class,
    find_judged,
    measure_starts,
    shorten_name,
    title_pythons,
    title_slowdowns,
    title_speed_ups,
    title_systems,
)
from gil_demo.classroom.table import CLASS, OTHERS, find_outliers, name_groups, pick_machines
from gil_demo.drawing.style import (
    INK,
    OTHER,
    PAPER,
    SOFT_INK,
    Chart,
    clean_axes,
    get_look,
    label_in_full,
    make_chart,
    write_heading,
)
from gil_demo.tables.schema import check_kind, list_rows
from gil_demo.words import state_seconds

RATIOS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100, 1000]

_MOST_ROWS = 32

_MOST_LABELS = 8

_MOST_CREWS = 4

_DOUBLINGS = [2**power for power in range(-6, 13)]


def draw_slowdowns(table: pd.DataFrame) -> Chart:
    """Draw what threads took on each machine, as a multiple of the plain loop.

    Args:
        table: a table as `gather` gives it.

    Returns:
        A matplotlib Figure: a mark with its 95 % interval for each machine, in order, on a
        logarithmic scale; the names of all files, or in a large class of those far from the
        others. Machines without the GIL have a mark of their own; hollow marks are of machines
        that can't carry a verdict. Its `description` is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or nobody ran threads.
    """
    machines = check_any(pick_machines(table, "threads"), "threads")
    machines = machines.sort_values("time_ratio", kind="stable").reset_index(drop=True)
    is_named = len(machines) <= _MOST_ROWS
    height = 2.3 + 0.27 * len(machines) if is_named else 6.6
    chart = make_chart(11, max(3.6, height))
    axes = chart.subplots()
    height = chart.get_size_inches()[1]
    chart.subplots_adjust(
        left=0.2 if is_named else 0.07, right=0.97, top=1 - 0.95 / height, bottom=0.95 / height
    )
    axes.set_xscale("log")
    judged = find_judged(machines)
    _draw_intervals(axes, machines)
    for has_gil, look in ((True, get_look("threads")), (False, OTHER)):
        for is_judged in (True, False):
            own = machines[(machines["gil_enabled"] == has_gil) & (judged == is_judged)]
            axes.plot(
                own["time_ratio"], own.index, marker=look.marker, linestyle="", color=look.colour,
                markersize=8 if is_named else 4,
                markerfacecolor=look.colour if is_judged else PAPER,
                label=f"{'with' if has_gil else 'without'} the GIL" if is_judged else None,
            )  # fmt: skip
    _finish_slowdowns(axes, machines, is_named)
    title, conditions = title_slowdowns(machines), describe_class(table)
    write_heading(chart, title, conditions)
    figures = [(row.file, f"{row.time_ratio:.2f}") for row in list_rows(machines)]
    chart.description = describe_chart(title, conditions, "Threads over the plain loop", figures)
    return chart


def _draw_intervals(axes: Axes, machines: pd.DataFrame) -> None:
    ends = machines[["time_ratio_low", "time_ratio_high"]].to_numpy(dtype=float)
    lines = [
        [(low, place), (high, place)]
        for place, (low, high) in enumerate(ends)
        if not math.isnan(low)
    ]
    axes.add_collection(LineCollection(lines, colors=SOFT_INK, linewidths=1.4, alpha=0.5))


def _finish_slowdowns(axes: Axes, machines: pd.DataFrame, is_named: bool) -> None:
    ratios = machines[["time_ratio", "time_ratio_low", "time_ratio_high"]].to_numpy(dtype=float)
    axes.set_xlim(min(0.8, np.nanmin(ratios) / 1.1), max(1.4, np.nanmax(ratios) * 1.1))
    axes.set_ylim(len(machines) * (1 if is_named else 1.02) - 0.4, -0.6 - 0.02 * len(machines))
    axes.axvline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    axes.annotate(
        "plain loop", (1, 1), xycoords=("data", "axes fraction"), xytext=(0, 4), size=11,
        textcoords="offset points", ha="center", color=SOFT_INK,
    )  # fmt: skip
    label_in_full(axes.xaxis, RATIOS, lambda value: f"{value:g}")
    axes.set_xlabel("threads' time over the plain loop's (×), 95 % interval", size=13, color=INK)
    clean_axes(axes, "x")
    if is_named:
        axes.set_yticks(range(len(machines)))
        names = [shorten_name(name) for name in machines["file"]]
        axes.set_yticklabels(names, parse_math=False)
    else:
        axes.set_yticks([])
        axes.set_ylabel("machines, in order", size=13, color=INK)
        places = machines.index.to_series().astype(float)
        for _, own in machines.groupby("gil_enabled"):
            label_outliers(axes, own["time_ratio"], places, own)
    axes.legend(loc="upper right", frameon=False, fontsize=12, handletextpad=0.2)


def label_outliers(
    axes: Axes,
    across: "pd.Series[float]",
    up: "pd.Series[float]",
    machines: pd.DataFrame,
    *,
    has_median_line: bool = False,
) -> None:
    """Write the names of files beside the marks that are far from the others, farthest first.

    The limits of the axes must be set: a name that would meet another one is left out, and so is
    one that would reach back to the line at the median, if there is one.
    """
    far, middle = across[find_outliers(across)], float(across.median())
    ordered = far.map(lambda value: -max(value / middle, middle / value)).sort_values()
    taken: list[tuple[float, float]] = []
    line = float(axes.transData.transform((middle, 0))[0]) if has_median_line else math.inf
    for index in ordered.index[:_MOST_LABELS]:
        place = (float(far[index]), float(up[index]))
        x, y = (float(pixel) for pixel in axes.transData.transform(place))
        if abs(x - line) < 75 or any(
            abs(x - other) < 150 and abs(y - height) < 15 for other, height in taken
        ):
            continue
        taken.append((x, y))
        is_left = far[index] < middle
        axes.annotate(
            shorten_name(str(machines["file"][index])), place,
            xytext=(-2 if is_left else 2, 6), textcoords="offset points", size=10, va="bottom",
            ha="left" if is_left else "right", color=INK, parse_math=False,
        )  # fmt: skip


def draw_speed_ups(table: pd.DataFrame) -> Chart:
    """Draw the speed-up of processes against the number of usable cores, with the ideal.

    Args:
        table: a table as `gather` gives it.

    Returns:
        A matplotlib Figure: a mark for each machine and number of workers, both axes logarithmic;
        the ideal of a core for each worker, for each number of workers. Its `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or nobody ran processes.
    """
    check_kind(table, CLASS)
    own = table[(table["runner"] == "processes") & (table["workers"] >= 2)]
    machines = check_any(own, "processes").reset_index(drop=True)
    chart = make_chart(11, 6.2)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.075, right=0.86, top=0.87, bottom=0.17)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    most = float(machines["usable_cores"].max())
    crews = machines["workers"].value_counts().index[:_MOST_CREWS]
    for crew, (marker, shade) in zip(sorted(crews), _list_marks(), strict=False):
        _draw_crew(axes, machines[machines["workers"] == crew], int(crew), (marker, shade), most)
    axes.set_xlim(0.85, max(2.0, most) * 1.2)
    highest = max(2.0, float(machines["speed_up"].max())) * 1.25
    axes.set_ylim(min(0.5, float(machines["speed_up"].min()) / 1.2), highest)
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    for axis in (axes.xaxis, axes.yaxis):
        label_in_full(axis, _DOUBLINGS, lambda value: f"{value:g}")
    axes.set_xlabel("usable cores", size=13, color=INK)
    axes.set_ylabel("speed-up of processes (×)", size=13, color=INK)
    clean_axes(axes, "y")
    title, conditions = title_speed_ups(pick_machines(table, "processes")), describe_class(table)
    write_heading(chart, title, conditions)
    figures = [
        (row.file, f"{row.speed_up:.2f} on {row.usable_cores}") for row in list_rows(machines)
    ]
    chart.description = describe_chart(title, conditions, "Speed-up and usable cores", figures)
    return chart


def _list_marks() -> list[tuple[str, float]]:
    return [("s", 1.0), ("^", 0.75), ("v", 0.6), ("P", 0.5)]


def _draw_crew(
    axes: Axes, machines: pd.DataFrame, crew: int, mark: tuple[str, float], most: float
) -> None:
    look, judged = get_look("processes"), find_judged(machines)
    cores = machines["usable_cores"].astype(float) * scatter(len(machines), 0.05)
    for is_judged in (True, False):
        shown = machines[judged == is_judged]
        axes.plot(
            cores[shown.index], shown["speed_up"], marker=mark[0], linestyle="", markersize=8,
            color=look.colour, alpha=mark[1], markerfacecolor=look.colour if is_judged else PAPER,
        )  # fmt: skip
    points = sorted({1.0, min(float(crew), most), max(2.0, most) * 1.2})
    axes.plot(
        points, [min(point, crew) for point in points], color=SOFT_INK, linewidth=1.4,
        linestyle=(0, (5, 3)), zorder=0.6,
    )  # fmt: skip
    axes.annotate(
        f"ideal of {crew}", (1, min(float(crew), max(2.0, most))),
        xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points", size=12,
        va="center", color=SOFT_INK, annotation_clip=False,
    )  # fmt: skip
    shares = machines["speed_up"] / machines[["workers", "usable_cores"]].min(axis="columns")
    far = shares[find_outliers(shares.astype(float))].sort_values()
    for index in far.index[: _MOST_LABELS // 2]:
        axes.annotate(
            shorten_name(str(machines["file"][index])),
            (cores[index], machines["speed_up"][index]), xytext=(9, 0), size=10, va="center",
            textcoords="offset points", color=INK, parse_math=False,
        )  # fmt: skip


def scatter(many: int, width: float) -> list[float]:
    """Return factors around 1 that keep marks of one place apart; the same for the same number."""
    return [1 + width * (2 * (0.618 * number % 1) - 1) for number in range(many)]


def describe_chart(title: str, conditions: str, what: str, figures: list[tuple[str, str]]) -> str:
    """Put a chart of a class into words; of a large class the ends alone are told."""
    told = [f"{shorten_name(name)} {figure}" for name, figure in figures]
    if len(told) > _MOST_ROWS:
        told = [*told[:3], f"{len(told) - 6:,} more", *told[-3:]]
    return f"Chart. {title}. {what}: {'; '.join(told)}. Conditions: {conditions}."


_SECONDS = [10.0**power * step for power in range(-6, 4) for step in (1, 3)]

_LEAST_SECONDS = 1e-6


class _Panel(NamedTuple):
    """One figure of each machine: its column, what to call it, and how it is drawn."""

    column: str
    label: str
    runner: str
    ticks: Sequence[float]
    state: Callable[[float], str]


def draw_systems(table: pd.DataFrame) -> Chart:
    """Draw what processes cost and gave, by operating system and start method.

    Args:
        table: a table as `gather` gives it.

    Returns:
        A matplotlib Figure: on the left the time to start and to end the workers, on the right
        the speed-up with that time counted; a mark for each machine, and a line at the median of
        each group. Hollow marks are of machines that can't carry a verdict. Its `description` is
        its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or nobody ran processes.
    """
    machines = check_any(pick_machines(table, "processes"), "processes")
    machines = machines.assign(starts=measure_starts(machines).clip(lower=_LEAST_SECONDS))
    cold = "speed-up, start and end counted (×)"
    panels = [
        _Panel("starts", "to start and to end processes", "processes", _SECONDS, state_seconds),
        _Panel("cold_speed_up", cold, "processes", RATIOS, _state_ratio),
    ]
    return _draw_groups(table, machines, "system", panels, title_systems(machines))


def draw_pythons(table: pd.DataFrame) -> Chart:
    """Draw what threads took and what processes gave, by the version of Python.

    Args:
        table: a table as `gather` gives it.

    Returns:
        A matplotlib Figure: on the left the threads' time over the plain loop's, on the right the
        speed-up of processes; marks and lines as in `draw_systems`. Its `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or nobody ran threads.
    """
    machines = check_any(pick_machines(table, "threads"), "threads")
    speed_ups = pick_machines(table, "processes").drop_duplicates("run_id").set_index("run_id")
    machines = machines.assign(gained=machines["run_id"].map(speed_ups["speed_up"]))
    threads = "threads' time over the plain loop's (×)"
    panels = [
        _Panel("time_ratio", threads, "threads", RATIOS, _state_ratio),
        _Panel("gained", "speed-up of processes (×)", "processes", RATIOS, _state_ratio),
    ]
    return _draw_groups(table, machines, "python", panels, title_pythons(machines))


def _state_ratio(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _draw_groups(
    table: pd.DataFrame, machines: pd.DataFrame, by: str, panels: Sequence[_Panel], title: str
) -> Chart:
    names = name_groups(machines, by)
    groups = machines[by].where(machines[by].isin(names), OTHERS)
    chart = make_chart(12, 2.3 + 0.7 * len(names))
    height = chart.get_size_inches()[1]
    both = chart.subplots(1, len(panels), sharey=True)
    chart.subplots_adjust(
        left=0.2, right=0.98, top=1 - 0.75 / height, bottom=0.95 / height, wspace=0.08
    )
    for axes, panel in zip(both, panels, strict=True):
        axes.set_ylim(len(names) - 0.5, -0.5)
        _prepare_panel(axes, panel, machines)
        for place, name in enumerate(names):
            _draw_group(axes, place, machines[groups == name], panel)
    labels = [f"{shorten_name(name)} ({(groups == name).sum():,})" for name in names]
    both[0].set_yticks(range(len(names)), labels, parse_math=False)
    conditions = describe_class(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, machines.assign(group=groups), names, panels)
    return chart


def _draw_group(axes: Axes, place: int, own: pd.DataFrame, panel: _Panel) -> None:
    """Draw the machines of a group as a band of marks, and a line at their median."""
    look, values = get_look(panel.runner), own[panel.column].dropna().astype(float)
    if values.empty:
        return
    heights = pd.Series(scatter(len(values), 0.18), index=values.index) + place - 1
    judged = find_judged(own)[values.index]
    for is_judged in (True, False):
        axes.plot(
            values[judged == is_judged], heights[judged == is_judged], marker=look.marker,
            linestyle="", color=look.colour, markersize=6, alpha=0.6,
            markerfacecolor=look.colour if is_judged else PAPER,
        )  # fmt: skip
    middle = float(values.median())
    axes.plot([middle, middle], [place - 0.3, place + 0.3], color=INK, linewidth=2.6)
    axes.annotate(
        panel.state(middle), (middle, place - 0.3), xytext=(0, 1), size=11, color=INK,
        textcoords="offset points", ha="center", va="bottom",
    )  # fmt: skip
    label_outliers(axes, values, heights, own, has_median_line=True)


def _prepare_panel(axes: Axes, panel: _Panel, machines: pd.DataFrame) -> None:
    axes.set_xscale("log")
    values = machines[panel.column].dropna().astype(float)
    if len(values):
        axes.set_xlim(float(values.min()) / 1.4, float(values.max()) * 1.6)
    if panel.ticks is RATIOS:
        axes.axvline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    label_in_full(axes.xaxis, panel.ticks, panel.state)
    axes.set_xlabel(f"{panel.label}; line: median", size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=12)


def _describe(
    title: str,
    conditions: str,
    machines: pd.DataFrame,
    names: Sequence[str],
    panels: Sequence[_Panel],
) -> str:
    told = []
    for name in names:
        own = machines[machines["group"] == name]
        medians = [
            f"{panel.label} {panel.state(own[panel.column].median())}"
            for panel in panels
            if own[panel.column].notna().any()
        ]
        told.append(f"{name}, {len(own):,}: {', '.join(medians)}")
    return f"Chart. {title}. Medians of groups: {'; '.join(told)}. Conditions: {conditions}."
