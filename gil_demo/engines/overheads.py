"""Engines beside the plain Pool: what a task of nothing costs, when they pay, how they scale."""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from itertools import product
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo import checks, words
from gil_demo.drawing import parts, style
from gil_demo.engines.clusters import cluster, find_scheduler
from gil_demo.engines.rays import ray
from gil_demo.measuring.estimates import Estimate, estimate_median, estimate_ratio, spread
from gil_demo.measuring.fits import look_for_crossing
from gil_demo.measuring.rounds import Sample, Start, Timing, check_budget, make_rows, take_samples
from gil_demo.measuring.runs import (
    BASELINE,
    check_runners,
    collect_facts,
    measure_pace,
    started,
    time_work,
)
from gil_demo.running.pools import check_start_method, processes
from gil_demo.running.runners import ENGINES, RUNNERS, find_missing, sequential
from gil_demo.running.spans import Runner
from gil_demo.running.workloads import countdown, measure_steps_per_second
from gil_demo.tables import schema

_NAMES = {"processes": "the plain Pool", "cluster": "Dask", "ray": "Ray"}


def sweep_engines(
    engines: Sequence[str] | None = None,
    *,
    workers: int = 2,
    address: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Map tasks of nothing, tasks that grow and ever more tasks at once, by engines and the Pool.

    The plain loop and the plain Pool are always measured, each task handed out on its own. The
    workers of all are started once, before the rounds.

    Args:
        engines: which engines, by name: cluster (Dask), ray; None means those that are installed.
        workers: how many workers each of them has.
        address: of a running Dask scheduler, as for `cluster`.
        budget: seconds for the rounds; None means 12.

    Returns:
        A table of rounds; the columns and types are in `OVERHEADS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        RunnerUnavailable: an engine that is asked for isn't installed, or none is.
        GilDemoError: the run failed.
    """
    workers = checks.check_workers(workers)
    method = check_start_method(None)
    seconds = check_budget(12.0 if budget is None else budget)
    asked = find_scheduler(address)
    chosen = [BASELINE, "processes", *_choose_engines(engines)]
    is_elsewhere = asked is not None and "cluster" in chosen
    facts = collect_facts("engines") | {"workers": workers, "is_elsewhere": is_elsewhere}
    ways: dict[str, Runner] = {
        BASELINE: sequential,
        "processes": partial(processes, chunksize=1),
        "cluster": partial(cluster, address=asked),
        "ray": ray,
    }
    starts: dict[str, list[Start]] = {name: [] for name in chosen}
    with ExitStack() as stack:
        runs = {
            one: stack.enter_context(started(ways[one], workers, starts[one])) for one in chosen
        }
        sizes = _choose_sizes(workers, seconds)
        timed = {
            (name, tasks, steps): partial(time_work, runs[name], countdown, [steps] * tasks)
            for name, (tasks, steps) in product(chosen, sizes)
        }
        name = "{0[0]}, {0[1]} tasks of {0[2]:,} steps".format
        taken = take_samples(timed, next(iter(timed)), budget=seconds, name=name)

    def describe(one: Sample[Timing]) -> dict[str, object]:
        runner, tasks, steps = one.variant
        own = {"runner": runner, "tasks": tasks, "steps": steps, "seconds": one.timing.work}
        own["start_method"] = method if runner == "processes" else ""
        return own | starts[runner][0]._asdict()

    return schema.make_table(make_rows(taken, facts, describe), OVERHEADS)


def _choose_engines(engines: object) -> list[str]:
    if engines is None:
        missing = {name: find_missing(name) for name in ENGINES}
        if all(missing.values()):
            told = "; ".join(f"{name}: {why}" for name, why in missing.items())
            raise checks.RunnerUnavailable(told)
        return [name for name in ENGINES if not missing[name]]
    return check_runners(engines, "engine", [*ENGINES])


def _choose_sizes(workers: int, seconds: float) -> list[tuple[int, int]]:
    """Choose the maps of each round by their tasks and steps; the longest tasks come first."""
    # of the longest: a round with more workers should still be a small part of the budget
    task_seconds = min(0.06, seconds / 75 / workers)
    longest = int(measure_steps_per_second() * task_seconds)
    lengths = sorted((max(2 + n, longest // 4**n) for n in range(5)), reverse=True)
    growing = [(workers, steps) for steps in lengths]
    doublings = (workers - 1).bit_length()  # 1, 2, 4 and so on, below the number of workers
    scaling = [(2**n, lengths[0]) for n in range(doublings)]
    return [*growing, *scaling, (max(60, 4 * workers), 1)]


# the table and its summary
def _check_costs(table: pd.DataFrame, place: str) -> None:
    for (run_id, runner), own in table.groupby(["run_id", "runner"], sort=False):
        shared = ["start_method", "start_up_seconds", "tear_down_seconds"]
        schema.check_same_facts(own, f"{place}, {schema.name_run(run_id)}, {runner}", shared)


OVERHEADS = schema.make_schema(
    "maps by engines",
    ("engines",),
    {
        "runner": schema.Column("text", choices=("sequential", "processes", "cluster", "ray")),
        "start_method": schema.Column("text", may_be_empty=True),
        "workers": schema.Column("whole"),
        "is_elsewhere": schema.Column("yes_no"),
        **dict.fromkeys(("tasks", "steps", "round", "rounds", "position"), schema.Column("whole")),
        "start_up_seconds": schema.Column("seconds"),
        "seconds": schema.Column("duration"),
        "tear_down_seconds": schema.Column("seconds"),
    },
    _check_costs,
    alike=("workers", "is_elsewhere"),
    variant=("runner", "tasks", "steps"),
)
"""A row for each timed map of `tasks` tasks of `steps` each. Workers were kept open: start-up and
tear-down are those of the whole run. `is_elsewhere` tells whether the cluster's scheduler was
running already, on this machine or another."""


def summarise_engines(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what a task of one step cost, from which length an engine pays, and its speed-up."""
    pace, workers = measure_pace(table), int(table["workers"].iloc[0])
    ratios = list_ratios(table)
    tiny = table[table["steps"] == 1].set_index("round").sort_index()
    overheads = dict([*(tiny["seconds"] / tiny["tasks"]).groupby(tiny["runner"])])
    engines = [name for name in RUNNERS if name in set(table["runner"]) - {BASELINE}]
    longest = ratios[(ratios["steps"] == ratios["steps"].max()) & (ratios["tasks"] == workers)]
    if not engines or not set(engines) <= set(overheads) & set(longest["runner"]):
        raise checks.ResultsError(
            "the table must hold an engine, and of each the tasks of one step and the longest ones "
            "for all workers at once"
        )
    rows = []
    for runner in engines:
        own, first = overheads[runner], table[table["runner"] == runner].iloc[0]
        sizes = ratios[(ratios["runner"] == runner) & (ratios["tasks"] == workers)]
        row = {
            **first[["runner", "start_up_seconds", "tear_down_seconds"]],
            **spread("overhead", estimate_median([*own]), "overhead_seconds"),
            "times_pool": (own / overheads.get("processes", own)).median(),
            **_find_crossing(sizes.assign(length=sizes["steps"] / pace)),
            **spread("speed_up", measure_scaling(ratios, runner)[workers]),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def list_ratios(table: pd.DataFrame) -> pd.DataFrame:
    """List each map of an engine, with its time over the plain loop's of the same round."""
    moment = ["tasks", "steps", "round"]
    loops = table[table["runner"] == BASELINE].set_index(moment)["seconds"]
    own = table[table["runner"] != BASELINE].join(loops.rename("loop"), on=moment)
    return own.assign(ratio=own["seconds"] / own["loop"]).dropna(subset="ratio")


def measure_scaling(ratios: pd.DataFrame, runner: str) -> dict[int, Estimate]:
    """Return an engine's speed-up for each number of tasks at once, of the longest tasks."""
    own = ratios[(ratios["runner"] == runner) & (ratios["steps"] == ratios["steps"].max())]
    return {
        int(str(tasks)): estimate_ratio([*1 / values])
        for tasks, values in own.sort_values("round").groupby("tasks")["ratio"]
    }


def _find_crossing(sizes: pd.DataFrame) -> dict[str, Any]:
    groups = [*sizes.sort_values("round").groupby("length")["ratio"]]
    loop = {float(length): [float(length)] * len(own) for length, own in groups}
    engine = {float(length): [*(own * float(length))] for length, own in groups}
    found, reason = look_for_crossing(loop, engine)
    return {**spread("crossing", found, "crossing_seconds"), "reason": reason}


# the finding
def judge_engines(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say what each engine costs and, if nothing about the machine speaks against it, gives."""
    reservations = _find_reservations(table)
    lines = [f"No verdict on speed: {reservation}." for reservation in reservations]
    lines += [_state_overhead(row) for row in schema.list_rows(summary)]
    if not reservations:
        workers = int(table["workers"].iloc[0])
        lines += [_state_gain(row, workers) for row in schema.list_rows(summary)]
    return words.tell(table, lines, "; all times by this machine's clock")


def _find_reservations(table: pd.DataFrame) -> list[str]:
    first = table.iloc[0]
    if first["is_elsewhere"]:  # other machines' cores are not known here
        return []
    return words.find_machine_reservations(first, int(first["workers"]))


def _state_overhead(row: Any) -> str:
    cost = words.state_range(row.overhead_seconds, row.overhead_low, row.overhead_high)
    if row.runner != "processes" and not math.isnan(row.overhead_low):
        cost += f", {words.state_factor(row.times_pool)} × the Pool's"
    return (
        f"{words.capitalise(_NAMES[row.runner])}: a task of nothing costs {cost}; "
        f"it was ready after {words.state_seconds(row.start_up_seconds)}."
    )


def _state_gain(row: Any, workers: int) -> str:
    name = words.capitalise(words.name_workers(row.runner, workers))
    if math.isnan(row.speed_up_low):
        return f"{name}: {row.reason}."
    speed_up = words.state_times(row.speed_up, row.speed_up_low, row.speed_up_high)
    length = words.state_range(row.crossing_seconds, row.crossing_low, row.crossing_high)
    pays = row.reason or f"it pays from tasks of {length} on"
    return f"{name} ran the longest tasks at {speed_up} the speed of the plain loop; {pays}."


# the chart
_SPEED_UPS = [0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]


def draw_engines(table: pd.DataFrame, summary: pd.DataFrame) -> style.Chart:
    """Draw in three panels what a task of nothing costs, where engines pay, and how they scale."""
    ratios = list_ratios(table)
    chart = style.make_chart(13, 5.2)
    costs, lengths, scaling = chart.subplots(1, 3, width_ratios=[5, 6, 5])
    chart.subplots_adjust(left=0.115, right=0.985, top=0.82, bottom=0.2, wspace=0.26)
    _draw_costs(costs, summary)
    has_verdict, first = not _find_reservations(table), table.iloc[0]
    _draw_lengths(lengths, measure_pace(table), summary, ratios, has_verdict=has_verdict)
    _draw_scaling(scaling, ratios, [*summary["runner"]], int(table["workers"].iloc[0]))
    rows = schema.list_rows(summary)
    costly = [
        f"{words.state_seconds(row.overhead_seconds)} with {_NAMES[row.runner]}" for row in rows
    ]
    end = "" if has_verdict else "; no verdict on speed"
    title = words.head(f"a task of nothing costs {', '.join(costly)}{end}", table)
    workers, rounds = (words.count_in_run(table, one) for one in ("worker", "round"))
    where = "; Dask by a scheduler that was running" if first["is_elsewhere"] else ""
    conditions = f"{words.describe_computer(first)}; {workers} each, {rounds} of each{where}"
    told = "; ".join(_describe(row, has_verdict=has_verdict) for row in rows)
    return parts.finish(chart, title, conditions, f"Engines: {told}.")


def _describe(row: Any, *, has_verdict: bool) -> str:
    cost = f"{_NAMES[row.runner]} {1000 * row.overhead_seconds:.3f} ms a task"
    pays = row.reason or f"pays from tasks of {1000 * row.crossing_seconds:.2f} ms"
    return f"{cost}{f', {pays}' * has_verdict}, speed-up {row.speed_up:.2f}"


def _draw_costs(axes: Axes, summary: pd.DataFrame) -> None:
    axes.set_xscale("log")
    for place, row in enumerate(schema.list_rows(summary)):
        look, cost = style.get_look(row.runner), row.overhead_seconds
        parts.draw_interval(axes, row.overhead_low, row.overhead_high, place, look.colour)
        parts.draw_mark(axes, cost, place, look)
        told = words.state_seconds(cost)
        parts.write(axes, told, (cost, place), (0, 11), style.INK, 12, ha="center")
    values = summary["overhead_seconds"]
    axes.set_xlim(float(values.min()) / 3, float(values.max()) * 3)
    names = [words.capitalise(_NAMES[name].removeprefix("the ")) for name in summary["runner"]]
    parts.name_rows(axes, names, bottom=0.5)
    style.label_decades(axes.xaxis, words.state_seconds)
    _finish_panel(axes, "a task of nothing", "", "x")


def _draw_lengths(
    axes: Axes, pace: float, summary: pd.DataFrame, ratios: pd.DataFrame, *, has_verdict: bool
) -> None:
    axes.loglog()
    at_once = ratios[ratios["tasks"] == ratios["workers"]]
    for runner in summary["runner"]:
        look = style.get_look(runner)
        told = 1 / at_once[at_once["runner"] == runner].groupby("steps")["ratio"].median()
        axes.plot(
            told.index.astype(float) / pace, told, color=look.colour, marker=look.marker,
            markersize=7, linewidth=2, label=_NAMES[runner],
        )  # fmt: skip
    crossings = summary[(summary["reason"] == "") & has_verdict]
    for row in schema.list_rows(crossings):
        axes.plot(
            row.crossing_seconds, 1, marker="o", markersize=13, markerfacecolor="none",
            markeredgecolor=style.get_look(row.runner).colour, markeredgewidth=2, linestyle="",
        )  # fmt: skip
    circles = " (circle: it begins to pay)" if len(crossings) else ""
    _finish_panel(axes, f"length of one task{circles}", "speed-up (×)")
    style.label_decades(axes.xaxis, words.state_seconds)
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
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    _finish_panel(axes, "tasks at once, the longest", "speed-up (×); dashed: ideal")


def _finish_panel(axes: Axes, across: str, up: str, grid: str = "y") -> None:
    parts.name_axes(axes, across, up, 12, grid)
    if up:  # a ratio: the plain loop's is 1
        axes.axhline(1, color=style.SOFT_INK, linewidth=1.2, zorder=0.5)
    axes.tick_params(labelsize=11)
