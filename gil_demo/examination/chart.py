"""The chart of an examination: what all tasks take by each way."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from gil_demo.drawing import parts
from gil_demo.drawing.style import INK, SOFT_INK, Chart, get_look
from gil_demo.examination.choice import Reading, read
from gil_demo.examination.finding import name_runs, split_by_place, state_advice
from gil_demo.examination.table import COLD
from gil_demo.tables.schema import list_rows, split_runs
from gil_demo.words import (
    capitalise,
    count_in_words,
    count_rounds,
    describe_conditions,
    head,
    state_seconds,
)


def draw_examination(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw a bar for each way of each run, from zero, with its interval; a start is hatched."""
    runs = split_runs(table)
    rows = list_rows(summary)
    names = name_runs(runs)
    height = 1.85 + 0.55 * len(rows) + 0.35 * (len(runs) - 1)
    chart, axes = parts.make_plot(11, height, left=0.2, right=0.93, above=0.75, below=1.0)
    most = float(summary[["all_seconds", "all_high"]].max().max())
    unit, factor = ("milliseconds", 1000.0) if most < 1 else ("seconds", 1.0)
    places: list[float] = []
    place = -1.0
    for run_id, name in names.items():
        if len(names) > 1:
            place += 0.6 * bool(places)
            parts.write(
                axes, name, (0, place + 0.5), (0, 0), INK, 11,
                xycoords=("axes fraction", "data"), va="center", annotation_clip=False,
            )  # fmt: skip
        for row in (one for one in rows if one.run_id == run_id):
            place += 1
            places.append(place)
            _draw_bar(axes, place, row, factor)
    axes.set_xlim(0, 1.14 * factor * most)
    axes.set_yticks(places, [capitalise(row.way) for row in rows])
    axes.set_ylim(places[-1] + 0.6, -0.75)
    interval = ", 95 % interval" if summary["all_low"].notna().any() else ""
    parts.name_values(axes, f"{unit} for all tasks{interval}; start and end hatched", 6)
    axes.tick_params(axis="y", labelsize=13)
    own, _ = split_by_place(table)
    readings = [read(run, summary) for run in own]
    title = head(_state_title(readings, names), table)
    return parts.finish(chart, title, _describe(table, len(own)), _tell(rows, names))


def _draw_bar(axes: Any, place: float, row: Any, factor: float) -> None:
    look = get_look(row.runner)
    work = factor * (row.all_seconds - row.start_seconds)
    axes.barh(place, work, 0.56, color=look.colour, alpha=0.85)
    if row.start_seconds:
        axes.barh(
            place, factor * row.start_seconds, 0.56, work, facecolor="none", hatch="////",
            edgecolor=look.colour, linewidth=1,
        )  # fmt: skip
    parts.draw_interval(axes, factor * row.all_low, factor * row.all_high, place, INK, 2.2)
    right = factor * max(row.all_seconds, 0 if math.isnan(row.all_high) else row.all_high)
    parts.write(
        axes, state_seconds(row.all_seconds), (right, place), (8, 0), SOFT_INK, 12, va="center",
        annotation_clip=False,
    )  # fmt: skip


def _state_title(readings: Sequence[Reading], names: dict[str, str]) -> str:
    if len(advice := {*map(state_advice, readings)}) == 1:
        return advice.pop()
    ways = ["no verdict" if one.reservation else one.way for one in readings]
    whose = [names[one.first["run_id"]] for one in readings]
    if len(ways) > 2:  # their names don't fit
        whose = [count_in_words(number, "run") for number in Counter(ways).values()]
        ways = [*Counter(ways)]
    return "; ".join(f"{way} ({of})" for way, of in zip(ways, whose, strict=True))


def _describe(table: pd.DataFrame, runs: int) -> str:
    first, rounds = table.iloc[0], count_rounds(table["rounds"])
    if runs > 1:  # each is named above its bars
        return f"{capitalise(count_in_words(runs, 'run'))}, {rounds} of each"
    tasks = count_in_words(int(first["all_tasks"]), "task")
    part = f", estimated from {first['tasks']:,}" if first["tasks"] < first["all_tasks"] else ""
    return describe_conditions(table, f"{tasks} of {first['function']}{part}; {rounds} of each")


def _tell(rows: Sequence[Any], names: dict[str, str]) -> str:
    told = []
    for row in rows:
        place = f"{names[row.run_id]}, " if len(names) > 1 else ""
        ends = f" ({state_seconds(row.all_low)} to {state_seconds(row.all_high)})"
        start = f", of that start and end {state_seconds(row.start_seconds)}"
        told.append(
            f"{place}{row.way} {state_seconds(row.all_seconds)}"
            f"{'' if math.isnan(row.all_low) else ends}{start if row.way == COLD else ''}"
        )
    return f"For all tasks: {'; '.join(told)}."
