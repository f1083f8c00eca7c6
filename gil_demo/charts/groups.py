"""A class by groups of machines: by operating system and start method, and by Python."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.charts.classroom import RATIOS, label_outliers, scatter
from gil_demo.charts.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    clean_axes,
    get_look,
    label_in_full,
    make_chart,
    write_heading,
)
from gil_demo.classroom import OTHERS, name_groups, pick_machines
from gil_demo.findings.classroom import (
    check_any,
    describe_class,
    find_judged,
    measure_starts,
    shorten_name,
    title_pythons,
    title_systems,
)
from gil_demo.findings.words import state_seconds

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
