"""The chart of engines beside the plain Pool: a task's cost, where they pay, how they scale."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.drawing import parts, style
from gil_demo.engines.overheads import NAMES, find_engine_reservations, list_ratios, measure_scaling
from gil_demo.measuring.estimates import spread
from gil_demo.measuring.runs import measure_pace
from gil_demo.tables.schema import list_rows
from gil_demo.words import capitalise, count_in_run, describe_computer, head, state_seconds

_SECONDS = [10.0**power for power in range(-7, 3)]
_SPEED_UPS = [0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]


def draw_engines(table: pd.DataFrame, summary: pd.DataFrame) -> style.Chart:
    ratios = list_ratios(table)
    chart = style.make_chart(13, 5.2)
    costs, lengths, scaling = chart.subplots(1, 3, width_ratios=[5, 6, 5])
    chart.subplots_adjust(left=0.115, right=0.985, top=0.82, bottom=0.2, wspace=0.26)
    _draw_costs(costs, summary)
    _draw_lengths(lengths, table, summary, ratios)
    _draw_scaling(scaling, ratios, [*summary["runner"]], int(table["workers"].iloc[0]))
    rows = list_rows(summary)
    costly = [f"{state_seconds(row.overhead_seconds)} with {NAMES[row.runner]}" for row in rows]
    title = head(f"a task of nothing costs {', '.join(costly)}", table)
    first = table.iloc[0]
    workers, rounds = (count_in_run(table, one) for one in ("worker", "round"))
    where = "; Dask by a scheduler that was running" if first["is_elsewhere"] else ""
    conditions = f"{describe_computer(first)}; {workers} each, {rounds} of each{where}"
    return parts.finish(chart, title, conditions, f"Engines: {'; '.join(map(_describe, rows))}.")


def _describe(row: Any) -> str:
    cost = f"{NAMES[row.runner]} {1000 * row.overhead_seconds:.3f} ms a task"
    pays = row.reason or f"pays from tasks of {1000 * row.crossing_seconds:.2f} ms"
    return f"{cost}, {pays}, speed-up {row.speed_up:.2f}"


def _draw_costs(axes: Axes, summary: pd.DataFrame) -> None:
    axes.set_xscale("log")
    for place, row in enumerate(list_rows(summary)):
        look, cost = style.get_look(row.runner), row.overhead_seconds
        parts.draw_interval(axes, row.overhead_low, row.overhead_high, place, look.colour)
        parts.draw_mark(axes, cost, place, look)
        parts.write(axes, state_seconds(cost), (cost, place), (0, 11), style.INK, 12, ha="center")
    values = summary["overhead_seconds"]
    axes.set_xlim(float(values.min()) / 3, float(values.max()) * 3)
    names = [capitalise(NAMES[name].removeprefix("the ")) for name in summary["runner"]]
    parts.name_rows(axes, names, bottom=0.5)
    style.label_in_full(axes.xaxis, _SECONDS, state_seconds)
    _finish_panel(axes, "a task of nothing", "", "x")


def _draw_lengths(
    axes: Axes, table: pd.DataFrame, summary: pd.DataFrame, ratios: pd.DataFrame
) -> None:
    axes.loglog()
    pace = measure_pace(table)
    at_once = ratios[ratios["tasks"] == ratios["workers"]]
    for runner in summary["runner"]:
        look = style.get_look(runner)
        told = 1 / at_once[at_once["runner"] == runner].groupby("steps")["ratio"].median()
        axes.plot(
            told.index.astype(float) / pace, told, color=look.colour, marker=look.marker,
            markersize=7, linewidth=2, label=NAMES[runner],
        )  # fmt: skip
    if not find_engine_reservations(table):
        for row in list_rows(summary[summary["reason"] == ""]):
            axes.plot(
                row.crossing_seconds, 1, marker="o", markersize=13, markerfacecolor="none",
                markeredgecolor=style.get_look(row.runner).colour, markeredgewidth=2, linestyle="",
            )  # fmt: skip
    across = "length of one task (circle: it begins to pay)"
    _finish_panel(axes, across, "speed-up (×)")
    style.label_in_full(axes.xaxis, _SECONDS, state_seconds)
    style.label_in_full(axes.yaxis, _SPEED_UPS, lambda value: f"{value:g}")
    axes.legend(loc="lower right", frameon=False, fontsize=12)


def _draw_scaling(axes: Axes, ratios: pd.DataFrame, engines: list[str], most: int) -> None:
    highest = [float(most)]
    for place, runner in enumerate(engines):
        gained = measure_scaling(ratios, runner)
        rows = pd.DataFrame([spread("speed_up", one) for one in gained.values()])
        x = [tasks + 0.04 * (place - 1) for tasks in gained]
        parts.draw_medians(axes, x, rows, "speed_up", style.get_look(runner), markersize=8)
        highest += rows["speed_up_high"].dropna().to_list()
    parts.draw_ideal(axes, [1, most], [1, most])
    axes.set_xlim(0.8, most + 0.2)
    axes.set_ylim(0, max(highest) * 1.1)
    axes.set_xticks(range(1, most + 1))
    _finish_panel(axes, "tasks at once, the longest", "speed-up (×); dashed: ideal")


def _finish_panel(axes: Axes, across: str, up: str, grid: str = "y") -> None:
    parts.name_axes(axes, across, up, 12, grid)
    if up:  # a ratio: the plain loop's is 1
        axes.axhline(1, color=style.SOFT_INK, linewidth=1.2, zorder=0.5)
    axes.tick_params(labelsize=11)
