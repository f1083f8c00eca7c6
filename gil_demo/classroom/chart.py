"""A whole class: what threads took on each machine, and processes against usable cores."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gil_demo.checks import ResultsError
from gil_demo.classroom import finding
from gil_demo.classroom.table import (
    OTHERS,
    find_ideal,
    find_judged,
    find_outliers,
    name_groups,
    pick_machines,
)
from gil_demo.drawing import parts, style
from gil_demo.words import state_seconds

_MOST_ROWS = 32  # so many machines are named one by one
_RATIOS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100, 1000]
_RATIOS_AROUND_1 = [0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5]
_SECONDS = [10.0**power * step for power in range(-6, 4) for step in (1, 3)]


def draw_slowdowns(table: pd.DataFrame, summary: pd.DataFrame) -> style.Chart:
    """Draw what threads took on each machine, in order; of a large class, name the outliers."""
    machines = _pick_any(table, summary, "threads")
    machines = machines.sort_values("time_ratio", kind="stable", ignore_index=True)
    is_named = len(machines) <= _MOST_ROWS
    height = max(3.6, 2.3 + 0.27 * len(machines)) if is_named else 6.6
    chart, axes = parts.make_plot(11, height, left=0.07, right=0.97, above=0.95, below=0.95)
    axes.set_xscale("log")
    lines = machines.dropna(subset="time_ratio_low")
    axes.hlines(
        lines.index, lines["time_ratio_low"], lines["time_ratio_high"], colors=style.SOFT_INK,
        linewidth=1.4, alpha=0.5,
    )  # fmt: skip
    for has_gil, look in ((True, style.get_look("threads")), (False, style.OTHER)):
        own = machines[machines["gil_enabled"] == has_gil]
        label, size = f"{'with' if has_gil else 'without'} the GIL", 8 if is_named else 4
        _draw_marks(axes, own, own["time_ratio"], own.index.to_series(), look, size, label=label)
    ratios = machines.filter(like="time_ratio").to_numpy(dtype=float)
    axes.set_xlim(min(0.8, np.nanmin(ratios) / 1.1), max(1.4, np.nanmax(ratios) * 1.1))
    axes.set_ylim(len(machines) * (1 if is_named else 1.02) - 0.4, -0.6 - 0.02 * len(machines))
    parts.draw_upright(axes, 1, "plain loop")
    low, high = axes.get_xlim()
    ticks = _RATIOS if high > 2 * low else _RATIOS_AROUND_1
    style.label_in_full(axes.xaxis, ticks, "{:g}".format)
    across = "threads' time over the plain loop's (×), 95 % interval"
    parts.name_axes(axes, across, "" if is_named else "machines, in order", grid="x")
    names = [finding.shorten_name(name) for name in machines["file"]] if is_named else []
    _name_rows(chart, axes, names)
    if not is_named:
        for _, own in machines.groupby("gil_enabled"):
            far = find_outliers(own["time_ratio"])
            _name_outliers(axes, own["file"], own["time_ratio"], own.index.to_series(), far)
    axes.legend(loc="upper right", frameon=False, fontsize=12, handletextpad=0.2)
    figures = machines["time_ratio"].map("{:.2f}".format)
    told = _tell("Threads over the plain loop", machines, figures)
    title = finding.title_speed(machines, "time_ratio", "took {} × as long as the plain loop")
    return parts.finish(chart, title, finding.describe_class(machines), told)


def draw_speed_ups(table: pd.DataFrame, summary: pd.DataFrame) -> style.Chart:
    """Draw each machine's speed-up of processes against its usable cores, and each crew's ideal."""
    picked = _pick_any(table, summary, "processes")
    own = table[(table["runner"] == "processes") & (table["workers"] >= 2)]
    machines = own.assign(is_judged=find_judged(own)).reset_index(drop=True)
    chart, axes = parts.make_plot(11, 6.2, left=0.075, right=0.86, above=0.806, below=1.054)
    axes.loglog(base=2)
    cores, speed_ups = machines["usable_cores"].astype(float), machines["speed_up"]
    most, x = max(2.0, cores.max()), cores * scatter(len(machines), 0.05)
    crews = sorted(machines["workers"].value_counts().index[:4])
    marks = [("s", 1.0), ("^", 0.75), ("v", 0.6), ("P", 0.5)]
    for crew, (marker, shade) in zip(crews, marks, strict=False):
        look = style.get_look("processes")._replace(marker=marker)
        own = machines[machines["workers"] == crew]
        _draw_marks(axes, own, x[own.index], own["speed_up"], look, 8, alpha=shade)
        points = sorted({1.0, min(float(crew), most * 1.2), most * 1.2})
        parts.draw_ideal(axes, points, [min(point, crew) for point in points])
    others = machines[~machines["workers"].isin(crews)]  # with numbers of workers that few have
    look = style.get_look("processes")._replace(marker="D")
    _draw_marks(axes, others, x[others.index], others["speed_up"], look, 8, alpha=0.4)
    axes.set_xlim(0.85, most * 1.2)
    ends = [(min(float(crew), most), f"ideal of {crew}", style.SOFT_INK) for crew in crews]
    highest = max(2.0, speed_ups.max(), *[end for end, _, _ in ends])
    axes.set_ylim(min(0.5, speed_ups.min() / 1.2), highest * 1.25)
    parts.label_ends(axes, ends, apart=0.05, top=1, away=8)
    far = find_outliers(speed_ups / find_ideal(machines))
    _name_outliers(axes, machines["file"], x, speed_ups, far)
    axes.axhline(1, color=style.SOFT_INK, linewidth=1.2, zorder=0.5)
    for axis in (axes.xaxis, axes.yaxis):
        style.label_in_full(axis, [2.0**power for power in range(-6, 13)], "{:g}".format)
    parts.name_axes(axes, "usable cores", "speed-up of processes (×)")
    figures = speed_ups.map("{:.2f}".format) + " on " + machines["usable_cores"].astype(str)
    told = _tell("Speed-up and usable cores", machines, figures)
    title = finding.title_speed(picked, "speed_up", "ran at {} × the speed of the plain loop")
    return parts.finish(chart, title, finding.describe_class(machines), told)


def scatter(many: int, width: float) -> list[float]:
    """Return factors around 1 that keep marks of one place apart; the same for the same number."""
    return [1 + width * (2 * (0.618 * number % 1) - 1) for number in range(many)]


# by groups of machines
_PANELS = {
    "system": (
        ("starts", "to start and to end processes", "processes"),
        ("cold_speed_up", "speed-up, start and end counted (×)", "processes"),
    ),
    "python": (
        ("time_ratio", "threads' time over the plain loop's (×)", "threads"),
        ("gained", "speed-up of processes (×)", "processes"),
    ),
}
"""Two figures of each machine, a panel for each: the column, what to call it, whose it is."""


def draw_systems(table: pd.DataFrame, summary: pd.DataFrame) -> style.Chart:
    machines = _pick_any(table, summary, "processes")
    machines["starts"] = machines["starts"].clip(lower=_SECONDS[0])
    form = "starting and ending {} took {}"
    return _draw_groups(machines, "system", form, state_seconds)


def draw_pythons(table: pd.DataFrame, summary: pd.DataFrame) -> style.Chart:
    machines = _pick_any(table, summary, "threads")
    speed_ups = pick_machines(table, "processes").set_index("run_id")["speed_up"]
    machines = machines.assign(gained=machines["run_id"].map(speed_ups))
    return _draw_groups(machines, "python", "{} over the plain loop: {}", "{:.2f} ×".format)


def _draw_groups(
    machines: pd.DataFrame, by: str, form: str, state: Callable[[float], str]
) -> style.Chart:
    """Draw two figures of each group; a title of that form has the ends of the first."""
    names = name_groups(machines, by)
    machines = machines.assign(group=machines[by].where(machines[by].isin(names), OTHERS))
    height = 2.3 + 0.7 * len(names)
    chart = style.make_chart(12, height)
    both = chart.subplots(1, 2, sharey=True)
    top, bottom = 1 - 0.75 / height, 0.95 / height
    chart.subplots_adjust(right=0.98, top=top, bottom=bottom, wspace=0.08)
    medians: dict[str, list[str]] = {name: [] for name in names}
    for axes, (column, label, runner) in zip(both, _PANELS[by], strict=True):
        axes.set_ylim(len(names) - 0.5, -0.5)
        shown = machines.assign(value=machines[column].astype(float)).dropna(subset="value")
        state_value = _prepare_panel(axes, label, shown["value"], is_time=column == "starts")
        for place, name in enumerate(names):
            own = shown[shown["group"] == name]
            if len(own):
                middle = _draw_group(axes, place, own, style.get_look(runner), state_value)
                medians[name].append(f"{label} {middle}")
    sizes = {name: _state_size(machines[machines["group"] == name]) for name in names}
    labels = [f"{finding.shorten_name(name)}\n({size})" for name, size in sizes.items()]
    _name_rows(chart, both[0], labels)
    told = "; ".join(f"{name}, {size}: {', '.join(medians[name])}" for name, size in sizes.items())
    (column, _, runner), judged = _PANELS[by][0], machines[machines["is_judged"]]
    title = f"no verdict on {runner}"
    if len(judged):
        ends = finding.state_ends(judged, column, by, state, " to ")
        title = form.format(finding.name_crew(judged), ends)
    heading = finding.head_class(title, machines)
    return parts.finish(
        chart, heading, finding.describe_class(machines), f"Medians of groups: {told}."
    )


def _state_size(machines: pd.DataFrame) -> str:
    counted, there = int(machines["is_judged"].sum()), len(machines)
    return f"{counted:,} of {there:,} count" if counted < there else f"{there:,}"


def _prepare_panel(
    axes: Axes, label: str, values: "pd.Series[float]", *, is_time: bool
) -> Callable[[float], str]:
    """Prepare an axis of times or ratios, and return how to state its values."""
    state = state_seconds if is_time else _state_ratio
    axes.set_xscale("log")
    if len(values):
        axes.set_xlim(float(values.min()) / 1.4, float(values.max()) * 1.6)
    if not is_time:
        axes.axvline(1, color=style.SOFT_INK, linewidth=1.2, zorder=0.5)
    style.label_in_full(axes.xaxis, _SECONDS if is_time else _RATIOS, state)
    axes.set_xlabel(f"{label}; line: median", size=12, color=style.INK)
    style.clean_axes(axes, "x")
    return state


def _state_ratio(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _draw_group(
    axes: Axes, place: int, own: pd.DataFrame, look: style.Look, state: Callable[[float], str]
) -> str:
    """Draw a group as a band of marks with a line at the median of those that count; state it."""
    values, middle = own["value"], float(own.loc[own["is_judged"], "value"].median())
    heights = pd.Series(scatter(len(own), 0.18), index=own.index) + place - 1
    _draw_marks(axes, own, values, heights, look, 6, alpha=0.6)
    told = "no median"
    if not math.isnan(middle):
        told = state(middle)
        axes.plot([middle, middle], [place - 0.3, place + 0.3], color=style.INK, linewidth=2.6)
        at = (middle, place - 0.3)
        parts.write(axes, told, at, (0, 1), style.INK, ha="center", va="bottom")
    _name_outliers(axes, own["file"], values, heights, find_outliers(values), line=middle)
    return told


# what all of them share
def _pick_any(table: pd.DataFrame, summary: pd.DataFrame, runner: str) -> pd.DataFrame:
    if runner not in set(summary["runner"]):
        raise ResultsError(f"no machine of the class ran {runner} with two workers or more")
    return pick_machines(table, runner)


def _name_rows(chart: style.Chart, axes: Axes, names: list[str]) -> None:
    """Name rows, and make as much room for the names as the longest takes."""
    axes.set_yticks(range(len(names)), names, parse_math=False)
    if names:
        widths = [label.get_window_extent().width for label in axes.get_yticklabels()]
        chart.subplots_adjust(left=0.02 + max(widths) / chart.bbox.width)


def _draw_marks(
    axes: Axes, machines: pd.DataFrame, x: "pd.Series[Any]", y: "pd.Series[Any]", look: style.Look,
    size: float, label: str | None = None, alpha: float = 1.0,
) -> None:  # fmt: skip
    """Draw a mark for each machine, hollow where it can't carry a verdict."""
    for has_verdict in (True, False):
        shown = machines["is_judged"] == has_verdict
        axes.plot(
            x[shown], y[shown], marker=look.marker, linestyle="", color=look.colour, alpha=alpha,
            markersize=size, markerfacecolor=look.colour if has_verdict else style.PAPER,
            label=label if has_verdict else None,
        )  # fmt: skip


def _name_outliers(
    axes: Axes, files: "pd.Series[str]", across: "pd.Series[float]", up: "pd.Series[Any]",
    far: "pd.Series[float]", line: float = math.nan,
) -> None:  # fmt: skip
    """Name the marks that are far from the others, but for names that would meet another text.

    Nor may a name reach over the line at the median. The limits of the axes must be set.
    """
    taken = [text.get_window_extent() for text in axes.texts]
    stop = float(axes.transData.transform((line, 0))[0])
    middle = axes.bbox.x0 + axes.bbox.width / 2
    for n in far.index[:8]:
        is_left = axes.transData.transform((across[n], up[n]))[0] < middle
        name = parts.write(
            axes, finding.shorten_name(files[n]), (across[n], up[n]), (-2 if is_left else 2, 6),
            style.INK, 10, va="bottom", ha="left" if is_left else "right", parse_math=False,
        )  # fmt: skip
        box = name.get_window_extent()
        if box.x0 < stop < box.x1 or any(map(box.overlaps, taken)):
            name.remove()
        taken.append(box)


def _tell(what: str, machines: pd.DataFrame, figures: "pd.Series[str]") -> str:
    """Put a figure of each machine into words; of a large class the ends alone are told."""
    told = [*(machines["file"].map(finding.shorten_name) + " " + figures)]
    if len(told) > _MOST_ROWS:
        told = [*told[:3], f"{len(told) - 6:,} more", *told[-3:]]
    return f"{what}: {'; '.join(told)}."
