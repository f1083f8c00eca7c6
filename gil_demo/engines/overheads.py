"""The columns of engines beside the plain Pool: many tasks of nothing, and tasks that grow."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.checks import (
    ResultsError,
    RunnerUnavailable,
    check_choice,
    check_unlike,
    check_workers,
)
from gil_demo.drawing.style import (
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
from gil_demo.engines.clusters import check_address, cluster
from gil_demo.engines.rays import ray
from gil_demo.engines.remotes import check_engine
from gil_demo.measuring.estimates import Estimate, estimate_median
from gil_demo.measuring.fits import find_crossing
from gil_demo.measuring.rounds import Samples, check_budget, take_samples
from gil_demo.measuring.runs import BASELINE, collect_facts
from gil_demo.running.pools import check_start_method, processes
from gil_demo.running.runners import ENGINES, RUNNERS, find_missing, sequential
from gil_demo.running.spans import Run
from gil_demo.running.workloads import countdown
from gil_demo.tables.schema import (
    MACHINE,
    Column,
    Schema,
    check_one_run,
    check_same_facts,
    check_whole_rounds,
    list_rows,
    make_table,
)
from gil_demo.words import (
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    name_workers,
    state_factor,
    state_range,
    state_seconds,
    state_times,
)


def _check_engines(table: pd.DataFrame, place: str) -> None:
    check_whole_rounds(table, place, ["runner", "tasks", "steps"])
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, run {run_id}", ["workers", "is_elsewhere"])
        for runner, own in run.groupby("runner"):
            shared = ["start_method", "start_up_seconds", "tear_down_seconds"]
            check_same_facts(own, f"{place}, run {run_id}, {runner}", shared)


OVERHEADS = Schema(
    "maps by engines",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("engines",)),
        "runner": Column("text", choices=("sequential", "processes", "cluster", "ray")),
        "start_method": Column("text", may_be_empty=True),
        "workers": Column("whole"),
        "is_elsewhere": Column("yes_no"),
        "tasks": Column("whole"),
        "steps": Column("whole"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "start_up_seconds": Column("seconds"),
        "seconds": Column("duration"),
        "tear_down_seconds": Column("seconds"),
    }
    | MACHINE,
    _check_engines,
)
"""A row for each timed map of `tasks` tasks of `steps` each. Workers were kept open: start-up and
tear-down are those of the whole run. `is_elsewhere` tells whether the cluster's scheduler was
running already, on this machine or another."""

DEFAULT_SECONDS = 12.0

LONGEST_SECONDS = 0.06

TINY_TASKS = 60

_PACE_STEPS = 200_000

_SIZES = 5

_FACTOR = 4

_LONGEST_PARTS = 150


class _Map(NamedTuple):
    """One map of a round: a runner, how many tasks, and the steps of each."""

    runner: str
    tasks: int
    steps: int


class _Worked(NamedTuple):
    work: float


def sweep_engines(
    engines: Sequence[str] | None = None,
    *,
    workers: int = 2,
    start_method: str | None = None,
    address: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Map tasks of nothing, tasks that grow and ever more tasks at once, by engines and the Pool.

    The plain loop and the plain Pool are always measured, each task handed out on its own. The
    workers of all are started once, before the rounds.

    Args:
        engines: which engines, by name: cluster (Dask), ray; None means those that are installed.
        workers: how many workers each of them has.
        start_method: how the Pool's processes are started; None means the platform's default.
        address: of a running Dask scheduler, as for `cluster`.
        budget: seconds for the rounds; None means `DEFAULT_SECONDS`.

    Returns:
        A table of rounds; the columns and types are in `OVERHEADS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        RunnerUnavailable: an engine that is asked for isn't installed, or none is.
        GilDemoError: the run failed.
    """
    check_workers(workers)
    method, seconds = (
        check_start_method(start_method),
        check_budget(DEFAULT_SECONDS if budget is None else budget),
    )
    asked = check_address(address)
    names = _check_engines_measure(engines)
    facts = collect_facts("engines") | {"workers": workers, "is_elsewhere": asked is not None}
    runners: dict[str, Callable[..., AbstractContextManager[Run]]] = {
        BASELINE: sequential,
        "processes": partial(processes, start_method=method, chunksize=1),
        "cluster": partial(cluster, address=asked),
        "ray": ray,
    }
    chosen = [BASELINE, "processes", *names]
    costs: dict[str, dict[str, object]] = {
        name: {"start_method": method if name == "processes" else ""} for name in chosen
    }
    with ExitStack() as stack:
        runs = {
            name: stack.enter_context(_timed(runners[name], workers, costs[name]))
            for name in chosen
        }
        maps = _list_maps(chosen, workers, seconds)
        taken = take_samples(
            {_label(one): partial(_time_map, runs[one.runner], one) for one in maps},
            baseline=_label(maps[0]),
            budget=seconds,
        )
    return make_table(_make_rows(taken, maps, costs, facts), OVERHEADS)


def _check_engines_measure(engines: object) -> list[str]:
    if engines is None:
        here = [name for name in ENGINES if not find_missing(name)]
        if not here:
            raise RunnerUnavailable("; ".join(f"{name}: {find_missing(name)}" for name in ENGINES))
        return here
    names = check_unlike("engines", engines, lambda _, one: check_choice("engine", one, [*ENGINES]))
    for name in names:
        check_engine(name)
    return names


@contextmanager
def _timed(
    runner: Callable[..., AbstractContextManager[Run]], workers: int, costs: dict[str, object]
) -> Iterator[Run]:
    """Enter and leave a runner, and note how long either took."""
    began = time.perf_counter()
    with ExitStack() as stack:
        run = stack.enter_context(runner(workers))
        costs["start_up_seconds"] = time.perf_counter() - began
        yield run
        began = time.perf_counter()
    costs["tear_down_seconds"] = time.perf_counter() - began


def _list_maps(names: Sequence[str], workers: int, seconds: float) -> list[_Map]:
    """List what is run in each round; the first is the plain loop's longest."""
    began = time.perf_counter()
    countdown(_PACE_STEPS)
    pace = _PACE_STEPS / (time.perf_counter() - began)
    longest = int(pace * min(LONGEST_SECONDS, seconds / _LONGEST_PARTS))
    lengths = sorted(max(2 + n, longest // _FACTOR**n) for n in range(_SIZES))
    sizes = [(workers, steps) for steps in reversed(lengths)]
    sizes += [(tasks, lengths[-1]) for tasks in range(1, workers)]
    sizes += [(max(TINY_TASKS, 4 * workers), 1)]
    return [_Map(name, *size) for name in names for size in sizes]


def _time_map(run: Run, one: _Map) -> _Worked:
    began = time.perf_counter()
    run(countdown, [one.steps] * one.tasks)
    return _Worked(time.perf_counter() - began)


def _label(one: _Map) -> str:
    return f"{one.runner}, {one.tasks} tasks of {one.steps:,} steps"


def _make_rows(
    taken: Samples[_Worked],
    maps: Sequence[_Map],
    costs: dict[str, dict[str, object]],
    facts: dict[str, object],
) -> list[dict[str, object]]:
    by_label = {_label(one): one for one in maps}
    return [
        facts
        | by_label[sample.variant]._asdict()
        | costs[by_label[sample.variant].runner]
        | {
            "round": sample.round,
            "rounds": taken.samples[-1].round,
            "position": sample.position,
            "seconds": sample.timing.work,
        }
        for sample in taken.samples
    ]


def summarise_engines(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what each engine cost and gave: a row for each, the plain Pool first.

    Args:
        table: a table as `sweep_engines` gives it.

    Returns:
        The columns runner, start_up_seconds, tear_down_seconds; overhead_seconds (of one task of
        one step among many, the median of the rounds) with overhead_low and overhead_high (its
        95 % interval), times_pool (overhead over the plain Pool's, round by round);
        crossing_seconds, crossing_low, crossing_high (the length of one task from which the
        engine is quicker than the plain loop; nan where there is none) and reason; speed_up,
        speed_up_low, speed_up_high (over the plain loop, as many of the longest tasks as workers).

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, OVERHEADS)
    ratios, overheads = list_ratios(table), _list_overheads(table)
    pace = measure_pace(table)
    longest, workers = int(table["steps"].max()), int(table["workers"].iloc[0])
    rows = []
    for runner in list_engines(table):
        overhead = estimate_median(overheads[runner])
        pairs = zip(overheads[runner], overheads.get("processes", overheads[runner]), strict=True)
        whole = estimate_median(ratios[runner][workers, longest])
        first = table[table["runner"] == runner].iloc[0]
        rows.append(
            {
                "runner": runner,
                "start_up_seconds": float(first["start_up_seconds"]),
                "tear_down_seconds": float(first["tear_down_seconds"]),
                "overhead_seconds": overhead.median,
                "overhead_low": overhead.low,
                "overhead_high": overhead.high,
                "times_pool": estimate_median([own / pool for own, pool in pairs]).median,
            }
            | _find_crossing(ratios[runner], workers, pace)
            | {
                "speed_up": 1 / whole.median,
                "speed_up_low": 1 / whole.high,
                "speed_up_high": 1 / whole.low,
            }
        )
    return pd.DataFrame(rows)


def list_engines(table: pd.DataFrame) -> list[str]:
    """List the runners of a table but the plain loop, in their usual order."""
    there = set(table["runner"])
    return [name for name in RUNNERS if name in there and name != BASELINE]


def measure_pace(table: pd.DataFrame) -> float:
    """Return the steps a second of the plain loop, by its longest tasks."""
    loops = table[(table["runner"] == BASELINE) & (table["steps"] == table["steps"].max())]
    if loops.empty:
        raise ResultsError("the table has no sequential rounds to hold the others against")
    return float((loops["tasks"] * loops["steps"] / loops["seconds"]).median())


def summarise_scaling_of(table: pd.DataFrame, runner: str) -> dict[int, Estimate]:
    """Return an engine's speed-up for each number of tasks at once, of the longest tasks."""
    longest = int(table["steps"].max())
    return {
        tasks: estimate_median([1 / ratio for ratio in values])
        for (tasks, steps), values in sorted(list_ratios(table)[runner].items())
        if steps == longest
    }


def list_ratios(table: pd.DataFrame) -> dict[str, dict[tuple[int, int], list[float]]]:
    """List each engine's time over the plain loop's, round by round, by tasks and steps."""
    keys = ["tasks", "steps", "round"]
    loops = table[table["runner"] == BASELINE].set_index(keys)["seconds"]
    if loops.empty:
        raise ResultsError("the table has no sequential rounds to hold the others against")
    listed: dict[str, dict[tuple[int, int], list[float]]] = {}
    for runner in list_engines(table):
        own = table[table["runner"] == runner].set_index(keys)["seconds"]
        ratios = (own / loops).dropna().sort_index()
        by_size: dict[tuple[int, int], list[float]] = {}
        for tasks, steps, _, ratio in ratios.reset_index().itertuples(index=False, name=None):
            by_size.setdefault((int(tasks), int(steps)), []).append(float(ratio))
        listed[runner] = by_size
    return listed


def _list_overheads(table: pd.DataFrame) -> dict[str, list[float]]:
    """List the seconds of one task of one step among many, a figure a round, for each engine."""
    tiny = table[table["steps"] == 1].sort_values("round")
    seconds = tiny["seconds"] / tiny["tasks"]
    listed = {runner: list(seconds[tiny["runner"] == runner]) for runner in list_engines(table)}
    if not all(listed.values()):
        raise ResultsError("the table has no tasks of one step for each of its engines")
    return listed


def _find_crossing(
    ratios: dict[tuple[int, int], list[float]], workers: int, pace: float
) -> dict[str, Any]:
    """Find the length of one task from which an engine pays, in seconds."""
    sizes = {steps: values for (tasks, steps), values in ratios.items() if tasks == workers}
    loop = {float(steps): [float(steps)] * len(values) for steps, values in sizes.items()}
    own = {float(steps): [steps * ratio for ratio in values] for steps, values in sizes.items()}
    names = ("crossing_seconds", "crossing_low", "crossing_high")
    try:
        found = find_crossing(loop, own)
    except ResultsError as refusal:
        return dict.fromkeys(names, math.nan) | {"reason": str(refusal)}
    values = (found.median / pace, found.low / pace, found.high / pace)
    return dict(zip(names, values, strict=True)) | {"reason": ""}


NAMES = {"processes": "the plain Pool", "cluster": "Dask", "ray": "Ray"}


def judge_engines(table: pd.DataFrame) -> str:
    """Say in a few sentences what each engine costs and gives.

    Args:
        table: a table as `sweep_engines` gives it.

    Returns:
        Sentences, one a line: reasons to withhold a verdict first; what a task of nothing cost,
        which holds on a busy machine too; then, without reasons against it, from which length of
        task each engine pays and what it gave; then what to remember of other machines' clocks.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = list_rows(summarise_engines(table))
    reservations = find_engine_reservations(table)
    lines = [f"No verdict on speed: {reservation}." for reservation in reservations]
    lines += [_state_overhead(row) for row in summary]
    if not reservations:
        lines += [_state_gain(row, int(table["workers"].iloc[0])) for row in summary]
    rounds = count_in_words(int(table["rounds"].iloc[0]), "round", "rounds")
    return "\n".join([*lines, f"{capitalise(rounds)} of each; all times by this machine's clock."])


def find_engine_reservations(table: pd.DataFrame) -> list[str]:
    """List what about this machine keeps a sweep of engines from carrying a verdict on speed."""
    if bool(table["is_elsewhere"].iloc[0]):  # other machines' cores are not known here
        return []
    return find_machine_reservations(table.iloc[0], int(table["workers"].iloc[0]))


def _state_overhead(row: Any) -> str:
    cost = state_range(row.overhead_seconds, row.overhead_low, row.overhead_high)
    against = "" if row.runner == "processes" else f", {state_factor(row.times_pool)} × the Pool's"
    begun = state_seconds(row.start_up_seconds)
    return (
        f"{capitalise(NAMES[row.runner])}: a task of nothing costs {cost}{against}; "
        f"it was ready after {begun}."
    )


def _state_gain(row: Any, workers: int) -> str:
    name = capitalise(name_workers(row.runner, workers))
    speed_up = state_times(row.speed_up, row.speed_up_low, row.speed_up_high)
    pays = row.reason or (
        "it pays from tasks of "
        f"{state_range(row.crossing_seconds, row.crossing_low, row.crossing_high)} on"
    )
    return f"{name} ran the longest tasks at {speed_up} the speed of the plain loop; {pays}."


def title_engines(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    told = [
        f"{state_seconds(row.overhead_seconds)} with {NAMES[row.runner]}"
        for row in list_rows(summary)
    ]
    return head(f"a task of nothing costs {', '.join(told)}", table)


def describe_engines(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    workers = count_in_words(int(first["workers"]), "worker", "workers")
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    where = "; Dask by a scheduler that was running" if bool(first["is_elsewhere"]) else ""
    return f"{describe_computer(first)}; {workers} each, {rounds} of each{where}"


_SECONDS = [10.0**power * step for power in range(-7, 3) for step in (1, 3)]

_RATIOS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000, 10_000]


def draw_engines(table: pd.DataFrame) -> Chart:
    """Draw what each engine costs for a task, from which length it pays, and how it scales.

    Args:
        table: a table as `sweep_engines` gives it.

    Returns:
        A matplotlib Figure of three panels: the cost of a task of nothing with its 95 % interval;
        the time over the plain loop's against the length of a task, with the crossings; the
        speed-up against the number of tasks at once, with the ideal. Its `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_engines(table)
    chart = make_chart(13, 5.2)
    costs, lengths, scaling = chart.subplots(1, 3, width_ratios=[5, 6, 5])
    chart.subplots_adjust(left=0.115, right=0.985, top=0.82, bottom=0.2, wspace=0.26)
    _draw_costs(costs, summary)
    _draw_lengths(lengths, table, summary)
    _draw_scaling(scaling, table)
    title, conditions = title_engines(table, summary), describe_engines(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, summary)
    return chart


def _draw_costs(axes: Axes, summary: pd.DataFrame) -> None:
    axes.set_xscale("log")
    for place, row in enumerate(list_rows(summary)):
        look = get_look(row.runner)
        if not math.isnan(row.overhead_low):
            axes.plot(
                [row.overhead_low, row.overhead_high], [place, place], color=look.colour,
                linewidth=3, alpha=0.6,
            )  # fmt: skip
        axes.plot(
            row.overhead_seconds, place, marker=look.marker, markersize=12, color=look.colour,
            markeredgecolor=PAPER, linestyle="",
        )  # fmt: skip
        axes.annotate(
            state_seconds(row.overhead_seconds), (row.overhead_seconds, place), xytext=(0, 11),
            textcoords="offset points", ha="center", size=12, color=INK,
        )  # fmt: skip
    values = summary["overhead_seconds"]
    axes.set_xlim(float(values.min()) / 3, float(values.max()) * 3)
    axes.set_ylim(len(summary) - 0.5, -0.6)
    names = [capitalise(NAMES[name].removeprefix("the ")) for name in summary["runner"]]
    axes.set_yticks(range(len(summary)), names)
    label_in_full(axes.xaxis, _SECONDS[::2], state_seconds)
    _finish(axes, "a task of nothing", "x")


def _draw_lengths(axes: Axes, table: pd.DataFrame, summary: pd.DataFrame) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    pace, workers = measure_pace(table), int(table["workers"].iloc[0])
    for runner, ratios in list_ratios(table).items():
        look = get_look(runner)
        told = {
            steps / pace: sorted(values)[len(values) // 2]
            for (tasks, steps), values in sorted(ratios.items())
            if tasks == workers
        }
        axes.plot(
            list(told), list(told.values()), color=look.colour, marker=look.marker, markersize=7,
            linewidth=2, label=NAMES[runner],
        )  # fmt: skip
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    is_told = not find_engine_reservations(table)
    for row in list_rows(summary[summary["reason"] == ""]) if is_told else []:
        axes.plot(
            row.crossing_seconds, 1, marker="o", markersize=13, markerfacecolor="none",
            markeredgecolor=get_look(row.runner).colour, markeredgewidth=2, linestyle="",
        )  # fmt: skip
    label_in_full(axes.xaxis, _SECONDS[::2], state_seconds)
    label_in_full(axes.yaxis, _RATIOS, lambda value: f"{value:g}")
    axes.set_ylabel("time over the plain loop's (×)", size=12, color=INK)
    _finish(axes, "length of one task (circle: it begins to pay)", "y")
    axes.legend(loc="upper right", frameon=False, fontsize=12)


def _draw_scaling(axes: Axes, table: pd.DataFrame) -> None:
    most = int(table["workers"].iloc[0])
    top = float(most)
    for place, runner in enumerate(list_engines(table)):
        look = get_look(runner)
        gained = summarise_scaling_of(table, runner)
        across = [tasks + 0.04 * (place - 1) for tasks in gained]
        middle = [one.median for one in gained.values()]
        ends = [
            [0 if math.isnan(one.low) else one.median - one.low for one in gained.values()],
            [0 if math.isnan(one.high) else one.high - one.median for one in gained.values()],
        ]
        axes.errorbar(
            across, middle, yerr=ends, color=look.colour, marker=look.marker, markersize=8,
            linewidth=2, capsize=4,
        )  # fmt: skip
        top = max([top, *(one.high for one in gained.values() if not math.isnan(one.high))])
    axes.plot([1, most], [1, most], color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)))
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    axes.set_xlim(0.8, most + 0.2)
    axes.set_ylim(0, top * 1.1)
    axes.set_xticks(range(1, most + 1))
    axes.set_ylabel("speed-up (×); dashed: ideal", size=12, color=INK)
    _finish(axes, "tasks at once, the longest", "y")


def _finish(axes: Axes, label: str, grid: str) -> None:
    axes.set_xlabel(label, size=12, color=INK)
    clean_axes(axes, grid)
    axes.tick_params(labelsize=11)


def _describe(title: str, conditions: str, summary: pd.DataFrame) -> str:
    told = "; ".join(_state(row) for row in list_rows(summary))
    return f"Chart. {title}. Engines: {told}. Conditions: {conditions}."


def _state(row: Any) -> str:
    pays = row.reason or f"pays from tasks of {1000 * row.crossing_seconds:.2f} ms"
    return (
        f"{NAMES[row.runner]} {1000 * row.overhead_seconds:.3f} ms a task, {pays}, "
        f"speed-up {row.speed_up:.2f}"
    )
