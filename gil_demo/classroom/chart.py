"""A whole class: what threads took on each machine, and processes against usable cores."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gil_demo.checks import ResultsError
from gil_demo.classroom.finding import (
    describe_class,
    head_class,
    name_crew,
    name_ends,
    shorten_name,
    title_speed,
)
from gil_demo.classroom.table import (
    OTHERS,
    find_ideal,
    find_judged,
    find_outliers,
    measure_starts,
    name_groups,
    pick_machines,
)
from gil_demo.drawing.parts import draw_ideal, draw_upright, finish, write
from gil_demo.drawing.style import (
    INK,
    OTHER,
    PAPER,
    SOFT_INK,
    Chart,
    Look,
    clean_axes,
    get_look,
    label_in_full,
    make_chart,
)
from gil_demo.words import state_seconds

_MOST_ROWS = 32
"""The most machines that are named one by one."""


def draw_slowdowns(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw what threads took on each machine, as a multiple of the plain loop, in order.

    All files are named, or in a large class those far from the others. Machines without the GIL
    have a mark of their own; hollow marks are of machines that can't carry a verdict.
    """
    machines = _pick_any(table, summary, "threads")
    machines = machines.sort_values("time_ratio", kind="stable").reset_index(drop=True)
    is_named = len(machines) <= _MOST_ROWS
    height = max(3.6, 2.3 + 0.27 * len(machines)) if is_named else 6.6
    chart = make_chart(11, height)
    axes = chart.subplots()
    left = 0.2 if is_named else 0.07
    chart.subplots_adjust(left=left, right=0.97, top=1 - 0.95 / height, bottom=0.95 / height)
    axes.set_xscale("log")
    lines = machines.dropna(subset="time_ratio_low")
    axes.hlines(
        lines.index, lines["time_ratio_low"], lines["time_ratio_high"], colors=SOFT_INK,
        linewidth=1.4, alpha=0.5,
    )  # fmt: skip
    for has_gil, look in ((True, get_look("threads")), (False, OTHER)):
        own = machines[machines["gil_enabled"] == has_gil]
        label = f"{'with' if has_gil else 'without'} the GIL"
        places = own.index.to_series()
        size = 8 if is_named else 4
        _draw_marks(axes, own["time_ratio"], places, own["is_judged"], look, size, label=label)
    ratios = machines.filter(like="time_ratio").to_numpy(dtype=float)
    axes.set_xlim(min(0.8, np.nanmin(ratios) / 1.1), max(1.4, np.nanmax(ratios) * 1.1))
    axes.set_ylim(len(machines) * (1 if is_named else 1.02) - 0.4, -0.6 - 0.02 * len(machines))
    draw_upright(axes, 1, "plain loop")
    label_in_full(axes.xaxis, _RATIOS, lambda value: f"{value:g}")
    axes.set_xlabel("threads' time over the plain loop's (×), 95 % interval", size=13, color=INK)
    clean_axes(axes, "x")
    names = [shorten_name(name) for name in machines["file"]] if is_named else []
    axes.set_yticks(range(len(names)), names, parse_math=False)
    if not is_named:
        axes.set_ylabel("machines, in order", size=13, color=INK)
        for _, own in machines.groupby("gil_enabled"):
            _label_outliers(axes, own["time_ratio"], own.index.to_series(), own["file"])
    axes.legend(loc="upper right", frameon=False, fontsize=12, handletextpad=0.2)
    figures = machines["time_ratio"].map("{:.2f}".format)
    told = _tell("Threads over the plain loop", machines, figures)
    title = title_speed(machines, "time_ratio", "took {} × as long as the plain loop")
    return finish(chart, title, describe_class(table), told)


def draw_speed_ups(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw the speed-up of processes against the number of usable cores, with the ideal.

    There is a mark for each machine and number of workers, and for each of the usual numbers of
    workers its ideal: a core for each.
    """
    picked = _pick_any(table, summary, "processes")
    own = table[(table["runner"] == "processes") & (table["workers"] >= 2)]
    machines = own.assign(is_judged=find_judged(own)).reset_index(drop=True)
    chart = make_chart(11, 6.2)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.075, right=0.86, top=0.87, bottom=0.17)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    cores, speed_ups = machines["usable_cores"].astype(float), machines["speed_up"]
    most = max(2.0, cores.max())
    crews = sorted(machines["workers"].value_counts().index[:4])
    marks = [("s", 1.0), ("^", 0.75), ("v", 0.6), ("P", 0.5)]
    for crew, (marker, shade) in zip(crews, marks, strict=False):
        look = get_look("processes")._replace(marker=marker)
        _draw_crew(axes, machines[machines["workers"] == crew], look, shade)
        points = sorted({1.0, min(float(crew), cores.max()), most * 1.2})
        draw_ideal(axes, points, [min(point, crew) for point in points])
        write(
            axes, f"ideal of {crew}", (1, min(float(crew), most)), (8, 0), size=12,
            xycoords=("axes fraction", "data"), va="center", annotation_clip=False,
        )  # fmt: skip
    axes.set_xlim(0.85, most * 1.2)
    axes.set_ylim(min(0.5, speed_ups.min() / 1.2), max(2.0, speed_ups.max()) * 1.25)
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    for axis in (axes.xaxis, axes.yaxis):
        label_in_full(axis, [2.0**power for power in range(-6, 13)], lambda value: f"{value:g}")
    axes.set_xlabel("usable cores", size=13, color=INK)
    axes.set_ylabel("speed-up of processes (×)", size=13, color=INK)
    clean_axes(axes, "y")
    figures = speed_ups.map("{:.2f}".format) + " on " + machines["usable_cores"].astype(str)
    told = _tell("Speed-up and usable cores", machines, figures)
    title = title_speed(picked, "speed_up", "ran at {} × the speed of the plain loop")
    return finish(chart, title, describe_class(table), told)


def _draw_crew(axes: Axes, machines: pd.DataFrame, look: Look, shade: float) -> None:
    cores = machines["usable_cores"].astype(float) * scatter(len(machines), 0.05)
    speed_ups = machines["speed_up"]
    _draw_marks(axes, cores, speed_ups, machines["is_judged"], look, 8, alpha=shade)
    for n in find_outliers(speed_ups / find_ideal(machines)).sort_values().index[:4]:
        write(
            axes, shorten_name(machines["file"][n]), (cores[n], speed_ups[n]), (9, 0), INK, 10,
            va="center", parse_math=False,
        )  # fmt: skip


def scatter(many: int, width: float) -> list[float]:
    """Return factors around 1 that keep marks of one place apart; the same for the same number."""
    return [1 + width * (2 * (0.618 * number % 1) - 1) for number in range(many)]


# by groups of machines


class _Panel(NamedTuple):
    """One figure of each machine: its column, what to call it, and how it is drawn."""

    column: str
    label: str
    runner: str
    ticks: Sequence[float]
    state: Callable[[float], str]


def _state_ratio(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


_RATIOS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100, 1000]

_SECONDS = [10.0**power * step for power in range(-6, 4) for step in (1, 3)]

_PANELS = {
    "system": [
        _Panel("starts", "to start and to end processes", "processes", _SECONDS, state_seconds),
        _Panel(
            "cold_speed_up", "speed-up, start and end counted (×)", "processes", _RATIOS,
            _state_ratio,
        ),
    ],
    "python": [
        _Panel(
            "time_ratio", "threads' time over the plain loop's (×)", "threads", _RATIOS,
            _state_ratio,
        ),
        _Panel("gained", "speed-up of processes (×)", "processes", _RATIOS, _state_ratio),
    ],
}  # fmt: skip


def draw_systems(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw what processes cost and gave, by operating system and start method.

    On the left is the time to start and to end the workers, on the right the speed-up with that
    time counted: a mark for each machine, hollow where it can't carry a verdict, and a line at
    the median of each group.
    """
    machines = _pick_any(table, summary, "processes")
    starts = measure_starts(machines)
    ends = " to ".join(name_ends(starts, machines["system"], state_seconds))
    machines = machines.assign(starts=starts.clip(lower=_SECONDS[0]))
    return _draw_groups(table, machines, "system", f"starting {name_crew(machines)} took {ends}")


def draw_pythons(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw what threads took and what processes gave, by the version of Python."""
    machines = _pick_any(table, summary, "threads")
    speed_ups = pick_machines(table, "processes").drop_duplicates("run_id").set_index("run_id")
    machines = machines.assign(gained=machines["run_id"].map(speed_ups["speed_up"]))
    ends = name_ends(machines["time_ratio"], machines["python"], "{:.2f} ×".format)
    title = f"{name_crew(machines)} took {' to '.join(ends)}"
    return _draw_groups(table, machines, "python", title)


def _draw_groups(table: pd.DataFrame, machines: pd.DataFrame, by: str, title: str) -> Chart:
    names = name_groups(machines, by)
    groups = machines[by].where(machines[by].isin(names), OTHERS)
    height = 2.3 + 0.7 * len(names)
    chart = make_chart(12, height)
    both = chart.subplots(1, 2, sharey=True)
    top, bottom = 1 - 0.75 / height, 0.95 / height
    chart.subplots_adjust(left=0.2, right=0.98, top=top, bottom=bottom, wspace=0.08)
    medians: dict[str, list[str]] = {name: [] for name in names}
    for axes, panel in zip(both, _PANELS[by], strict=True):
        axes.set_ylim(len(names) - 0.5, -0.5)
        _prepare_panel(axes, panel, machines[panel.column].dropna().astype(float))
        for place, name in enumerate(names):
            own = machines[(groups == name) & machines[panel.column].notna()]
            if len(own):
                middle = panel.state(_draw_group(axes, place, own, panel))
                medians[name].append(f"{panel.label} {middle}")
    sizes = {name: f"{(groups == name).sum():,}" for name in names}
    labels = [f"{shorten_name(name)} ({size})" for name, size in sizes.items()]
    both[0].set_yticks(range(len(names)), labels, parse_math=False)
    told = [f"{name}, {size}: {', '.join(medians[name])}" for name, size in sizes.items()]
    groups_told = f"Medians of groups: {'; '.join(told)}."
    return finish(chart, head_class(title, machines), describe_class(table), groups_told)


def _prepare_panel(axes: Axes, panel: _Panel, values: "pd.Series[float]") -> None:
    axes.set_xscale("log")
    if len(values):
        axes.set_xlim(float(values.min()) / 1.4, float(values.max()) * 1.6)
    if panel.ticks is _RATIOS:
        axes.axvline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    label_in_full(axes.xaxis, panel.ticks, panel.state)
    axes.set_xlabel(f"{panel.label}; line: median", size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=12)


def _draw_group(axes: Axes, place: int, own: pd.DataFrame, panel: _Panel) -> float:
    """Draw the machines of a group as a band of marks with a line at their median; return it."""
    values = own[panel.column].astype(float)
    heights = pd.Series(scatter(len(values), 0.18), index=values.index) + place - 1
    look = get_look(panel.runner)
    _draw_marks(axes, values, heights, own["is_judged"], look, 6, alpha=0.6)
    middle = float(values.median())
    axes.plot([middle, middle], [place - 0.3, place + 0.3], color=INK, linewidth=2.6)
    write(axes, panel.state(middle), (middle, place - 0.3), (0, 1), INK, ha="center", va="bottom")
    _label_outliers(axes, values, heights, own["file"], line=middle)
    return middle


# what all of them share


def _pick_any(table: pd.DataFrame, summary: pd.DataFrame, runner: str) -> pd.DataFrame:
    if runner not in set(summary["runner"]):
        raise ResultsError(f"no machine of the class ran {runner} with two workers or more")
    return pick_machines(table, runner)


def _draw_marks(
    axes: Axes, x: "pd.Series[Any]", y: "pd.Series[Any]", is_judged: "pd.Series[bool]", look: Look,
    size: float, label: str | None = None, alpha: float = 1.0,
) -> None:  # fmt: skip
    """Draw a mark for each machine, hollow where it can't carry a verdict."""
    for has_verdict in (True, False):
        shown = is_judged == has_verdict
        axes.plot(
            x[shown], y[shown], marker=look.marker, linestyle="", color=look.colour, alpha=alpha,
            markersize=size, markerfacecolor=look.colour if has_verdict else PAPER,
            label=label if has_verdict else None,
        )  # fmt: skip


def _label_outliers(
    axes: Axes, across: "pd.Series[float]", up: "pd.Series[Any]", files: "pd.Series[str]",
    line: float | None = None,
) -> None:  # fmt: skip
    """Write the names of files beside the marks that are far from the others, farthest first.

    The limits of the axes must be set: a name that would meet another one is left out, and so is
    one that would reach back to a line at the median, if there is one.
    """
    taken: list[tuple[float, float]] = []
    stop = math.inf if line is None else float(axes.transData.transform((line, 0))[0])
    far = find_outliers(across).head(8)
    for value, level, file in zip(far, up[far.index], files[far.index], strict=True):
        x, y = (float(pixel) for pixel in axes.transData.transform((value, level)))
        is_near = any(abs(x - other) < 150 and abs(y - height) < 15 for other, height in taken)
        if is_near or abs(x - stop) < 75:
            continue
        taken.append((x, y))
        is_left = value < across.median()
        write(
            axes, shorten_name(file), (value, level), (-2 if is_left else 2, 6), INK, 10,
            va="bottom", ha="left" if is_left else "right", parse_math=False,
        )  # fmt: skip


def _tell(what: str, machines: pd.DataFrame, figures: "pd.Series[str]") -> str:
    """Put a figure of each machine into words; of a large class the ends alone are told."""
    told = [*(machines["file"].map(shorten_name) + " " + figures)]
    if len(told) > _MOST_ROWS:
        told = [*told[:3], f"{len(told) - 6:,} more", *told[-3:]]
    return f"{what}: {'; '.join(told)}."
