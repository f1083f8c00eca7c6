"""The columns of what processes cost: start-up, carrying data, memory, and where they pay."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.checks import ResultsError, check_workers
from gil_demo.costs.start_up import Start, check_start_methods, time_start
from gil_demo.drawing.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    Look,
    clean_axes,
    get_look,
    label_decades,
    make_chart,
    write_heading,
)
from gil_demo.measuring.fits import (
    ALWAYS_PAYS,
    NEVER_MEETS,
    Line,
    find_crossing,
    fit_costs,
    level_rounds,
)
from gil_demo.measuring.rounds import Samples, check_budget, take_samples
from gil_demo.measuring.runs import BASELINE, collect_facts
from gil_demo.running.pools import pool_held, run_in_pool
from gil_demo.running.runners import sequential, threads
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
    name_run,
)
from gil_demo.words import (
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    state_range,
    state_seconds,
)


def _check_lengths(table: pd.DataFrame, place: str) -> None:
    check_whole_rounds(table, place, ["runner", "start_method", "steps"])
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, {name_run(run_id)}", ["tasks"])
        ways = run.groupby(["runner", "start_method"], dropna=False)
        if len({frozenset(rows["steps"]) for _, rows in ways}) > 1:
            raise ResultsError(
                f"{place}, {name_run(run_id)} is not whole: its ways differ in the steps of a task"
            )


LENGTHS = Schema(
    "tasks of growing length",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("break_even",)),
        "runner": Column("text", choices=("sequential", "threads", "processes")),
        "start_method": Column("text", may_be_empty=True),
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
    _check_lengths,
)
"""A row for each timed run of as many tasks as there are workers, each of `steps`. Processes were
kept open: their start-up and tear-down are those of another pool of the same round."""

DEFAULT_SECONDS = 12.0

LONGEST_SECONDS = 0.3

_PACE_STEPS = 200_000

_SIZES = 7

_FACTOR = 4

_LONGEST_PARTS = 40

_LEAST_STEPS = 10


class _Worked(NamedTuple):
    work: float


_Way = tuple[str, str]

_Outcome = _Worked | Start


def sweep_task_length(
    start_methods: Sequence[str] | None = None,
    *,
    workers: int = 2,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run as many tasks as there are workers, short and ever longer ones, in every way, in turn.

    The lengths suit the machine: the longest tasks take the plain loop `LONGEST_SECONDS` in all,
    less where the budget is small, and each other length is a quarter of the next. A cold pool
    costs what one that was kept open costs, and its start-up and tear-down, which are measured in
    each round.

    Args:
        start_methods: how processes are started, by name; None means all ways of this machine.
        workers: how many tasks, threads and processes.
        budget: seconds after which to stop; None means `DEFAULT_SECONDS`.

    Returns:
        A table of rounds; the columns and types are in `LENGTHS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    methods = check_start_methods(start_methods)
    check_workers(workers)
    seconds = check_budget(DEFAULT_SECONDS if budget is None else budget)
    facts = collect_facts("break_even") | {"tasks": workers}
    lengths = _choose_lengths(workers, seconds)
    with ExitStack() as stack:
        runs = _enter_ways(stack, methods, workers)
        variants: dict[str, Callable[[], _Outcome]] = {
            _label(way, steps): partial(_time_tasks, run, [steps] * workers)
            for way, run in runs.items()
            for steps in lengths
        }
        variants |= {
            _label_start(method): partial(time_start, workers, method) for method in methods
        }
        taken = take_samples(
            variants, baseline=_label(("sequential", ""), lengths[-1]), budget=seconds
        )
    return make_table(_make_rows(taken, [*runs], lengths, facts), LENGTHS)


def _choose_lengths(workers: int, seconds: float) -> list[int]:
    """Choose the steps of a task so that the longest ones suit the machine and the time."""
    began = time.perf_counter()
    countdown(_PACE_STEPS)
    pace = _PACE_STEPS / (time.perf_counter() - began)
    longest = pace * min(LONGEST_SECONDS, seconds / _LONGEST_PARTS) / workers
    return [
        max(_LEAST_STEPS + n, int(longest / _FACTOR ** (_SIZES - 1 - n))) for n in range(_SIZES)
    ]


def _enter_ways(stack: ExitStack, methods: Sequence[str], workers: int) -> dict[_Way, Run]:
    ways: dict[_Way, Run] = {
        ("sequential", ""): stack.enter_context(sequential()),
        ("threads", ""): stack.enter_context(threads(workers)),
    }
    for method in methods:
        held = stack.enter_context(pool_held(workers, method))
        ways["processes", method] = partial(run_in_pool, held, 1)
    return ways


def _time_tasks(run: Run, tasks: Sequence[int]) -> _Worked:
    began = time.perf_counter()
    run(countdown, tasks)
    return _Worked(time.perf_counter() - began)


def _label(way: _Way, steps: int) -> str:
    return f"{' by '.join(filter(None, way))}, tasks of {steps:,} steps"


def _label_start(method: str) -> str:
    return f"starting by {method}"


def _make_rows(
    taken: Samples[_Outcome], ways: Sequence[_Way], lengths: Sequence[int], facts: dict[str, object]
) -> list[dict[str, object]]:
    by_label = {_label(way, steps): (way, steps) for way in ways for steps in lengths}
    starts = {
        (sample.variant, sample.round): sample.timing
        for sample in taken.samples
        if isinstance(sample.timing, Start)
    }
    rows = []
    for sample in taken.samples:
        if sample.variant not in by_label:
            continue
        (runner, method), steps = by_label[sample.variant]
        start = starts.get((_label_start(method), sample.round), Start(0.0, 0.0))
        rows.append(
            facts
            | {
                "runner": runner,
                "start_method": method,
                "steps": steps,
                "round": sample.round,
                "rounds": taken.samples[-1].round,
                "position": sample.position,
                "start_up_seconds": start.start_up,
                "seconds": sample.timing.work,
                "tear_down_seconds": start.tear_down,
            }
        )
    return rows


COLD, KEPT = "cold", "kept open"

POOLS = (COLD, KEPT)

RIVALS = (BASELINE, "threads")

_LEAST_SECONDS = 1e-12  # far below what any clock tells; what is less can't be reckoned with

Costs = dict[float, list[float]]


class Way(NamedTuple):
    """One way of running tasks: the runner, how processes were started, and whether they had to be.

    Attributes:
        runner: sequential, threads or processes.
        start_method: for processes, how they were started.
        pool: for processes, "cold" or "kept open".
    """

    runner: str
    start_method: str = ""
    pool: str = ""


def summarise_break_even(table: pd.DataFrame) -> pd.DataFrame:
    """Find from which length of task processes pay: a row for each start method, pool and rival.

    Args:
        table: a table as `sweep_task_length` gives it.

    Returns:
        The columns start_method, pool ("cold" or "kept open"), rival (sequential or threads),
        crossing_seconds with crossing_low and crossing_high (the length of one task, by the plain
        loop's pace, at which processes and their rival take as long, with its 95 % interval; nan
        where there is none), reason (why there is none; empty where there is one).

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    costs, pace = list_costs(table), measure_pace(table)
    if all(way.runner != "processes" for way in costs):
        raise ResultsError("the table has no rounds of processes, which are to pay")
    rows = []
    for way in costs:
        if way.runner != "processes":
            continue
        for rival in [Way(name) for name in RIVALS if Way(name) in costs]:
            crossing = _find(costs[rival], costs[way], pace)
            rows.append(way._asdict() | {"rival": rival.runner} | crossing)
    return pd.DataFrame(rows).drop(columns="runner")


def _find(rival: Costs, processes: Costs, pace: float) -> dict[str, Any]:
    try:
        found = find_crossing(rival, processes)
        values, reason = (found.median / pace, found.low / pace, found.high / pace), ""
    except ResultsError as refusal:
        values, reason = (math.nan, math.nan, math.nan), str(refusal)
    names = ("crossing_seconds", "crossing_low", "crossing_high")
    return dict(zip(names, values, strict=True)) | {"reason": reason}


def summarise_lengths(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up how long tasks took: a row for each way of running and each length of task.

    Args:
        table: a table as `sweep_task_length` gives it.

    Returns:
        The columns runner, start_method, pool, steps, task_seconds (the length of one task by the
        plain loop's pace), seconds with seconds_low and seconds_high (for all tasks; the median,
        and the quarters of the rounds above and below it).

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, LENGTHS)
    pace = measure_pace(table)
    rows = []
    for way, own in _split_ways(table):
        for steps, rounds in own.groupby("steps"):
            quarters = rounds["cost"].quantile([0.25, 0.5, 0.75])
            rows.append(
                way._asdict()
                | {"steps": int(str(steps)), "task_seconds": int(str(steps)) / pace}
                | dict(zip(("seconds_low", "seconds", "seconds_high"), quarters, strict=True))
            )
    return pd.DataFrame(rows)


def fit_ways(table: pd.DataFrame) -> dict[Way, Line]:
    """Fit a line to each way of running: seconds for all tasks, by the seconds of one task.

    Args:
        table: a table as `sweep_task_length` gives it.

    Returns:
        For each way its overhead in seconds, and its slope: the number of tasks for the plain
        loop, the less the more it runs at once.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    costs, pace = list_costs(table), measure_pace(table)
    tasks = int(table["tasks"].iloc[0])
    fitted = {way: fit_costs(own) for way, own in costs.items()}
    return {
        way: Line(line.overhead * tasks / pace, line.slope * tasks) for way, line in fitted.items()
    }


def measure_pace(table: pd.DataFrame) -> float:
    """Return the steps a second of the plain loop, by the longest tasks of a sweep."""
    longest = table[(table["runner"] == BASELINE) & (table["steps"] == table["steps"].max())]
    if longest.empty:
        raise ResultsError("the table has no sequential rounds to hold the others against")
    return float((longest["tasks"] * longest["steps"] / longest["seconds"]).median())


def _split_ways(table: pd.DataFrame) -> list[tuple[Way, pd.DataFrame]]:
    """Cut a table into one for each way; `cost` is the seconds that count for it."""
    cold = table["start_up_seconds"] + table["seconds"] + table["tear_down_seconds"]
    parts = []
    for (runner, method), own in table.groupby(["runner", "start_method"], sort=True, dropna=False):
        if runner != "processes":
            parts.append((Way(str(runner)), own.assign(cost=own["seconds"])))
            continue
        parts.append((Way(str(runner), str(method), COLD), own.assign(cost=cold[own.index])))
        parts.append((Way(str(runner), str(method), KEPT), own.assign(cost=own["seconds"])))
    return parts


def list_costs(table: pd.DataFrame) -> dict[Way, Costs]:
    """List what each way cost for one task in each round, in steps of the plain loop.

    What slowed a whole round is taken out, as everything that ran in the round tells it.
    """
    check_one_run(table, LENGTHS)
    least = float(table["seconds"].min())
    if least < _LEAST_SECONDS:
        raise ResultsError(f"the table has a run of {least:g} seconds, which none takes")
    unit = measure_pace(table) / int(table["tasks"].iloc[0])
    cells = {
        (way, float(str(steps))): [unit * cost for cost in rounds.sort_values("round")["cost"]]
        for way, own in _split_ways(table)
        for steps, rounds in own.groupby("steps")
    }
    costs: dict[Way, Costs] = {}
    for (way, steps), values in level_rounds(cells).items():
        costs.setdefault(way, {})[steps] = values
    return costs


_ALIKE = 1.1  # crossings that differ by less are told as one, the longest


def judge_break_even(table: pd.DataFrame) -> str:
    """Say in a few sentences how long a task must be for processes to pay.

    Args:
        table: a table as `sweep_task_length` gives it.

    Returns:
        Sentences, one a line: reasons to withhold a verdict first; without any, each start method,
        held against the plain loop and against threads; then how many rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    crossings = summarise_break_even(table)
    lines = [f"No verdict: {reservation}." for reservation in find_length_reservations(table)]
    if not lines:
        for method, own in crossings.groupby("start_method", sort=False):
            lines.append(f"By {method}:")
            lines += [f"  {_state_crossing(row)}" for row in list_rows(own)]
    rounds = count_in_words(int(table["rounds"].iloc[0]), "round", "rounds")
    return "\n".join([*lines, f"{capitalise(rounds)} of each."])


def find_length_reservations(table: pd.DataFrame) -> list[str]:
    """List the reasons why a sweep of the tasks' length can't carry a verdict on this machine."""
    return find_machine_reservations(table.iloc[0], int(table["tasks"].iloc[0]))


def _state_crossing(row: Any) -> str:
    rival = "the plain loop" if row.rival == BASELINE else "threads"
    if row.reason:
        pool = "a cold pool" if row.pool == COLD else "a pool kept open"
        return f"{capitalise(pool)} against {rival}: {row.reason}."
    length = state_range(row.crossing_seconds, row.crossing_low, row.crossing_high)
    if row.pool == COLD:
        return f"Against {rival}, a task shorter than {length} isn't worth a cold pool."
    return f"Against {rival}, a pool kept open pays from tasks of {length} on."


def title_break_even(table: pd.DataFrame, crossings: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    reservations = find_length_reservations(table)
    if reservations:
        return head(f"no verdict: {reservations[0].split(';')[0]}", table)
    cold, kept = (_state_when(crossings, pool) for pool in (COLD, KEPT))
    told = [f"a cold pool pays {cold}"] if cold else []
    if kept:
        shortly = kept.replace("tasks of ", "")
        told.append(f"one kept open {shortly}" if cold else f"a pool kept open pays {kept}")
    if not told:
        reasons = set(crossings.loc[crossings["rival"] == BASELINE, "reason"])
        reason = f": {reasons.pop().split(':')[0]}" if len(reasons) == 1 else " was found"
        return head(f"no break-even{reason}", table)
    threads = crossings.loc[crossings["rival"] == "threads", "reason"]
    if len(threads) and (threads == NEVER_MEETS).all():
        told.append("against threads at no length")
    return head("; ".join(told), table)


def _state_when(crossings: pd.DataFrame, pool: str) -> str:
    """State from which length a pool pays against the plain loop; nothing where that is open."""
    own = crossings[(crossings["rival"] == BASELINE) & (crossings["pool"] == pool)]
    if (own["reason"] == ALWAYS_PAYS).all():
        return "at every length"
    found = list_rows(own[own["reason"] == ""].sort_values("crossing_seconds"))
    if not found:
        return ""
    least, most = found[0], found[-1]
    if len(own) == len(found) and most.crossing_seconds < _ALIKE * least.crossing_seconds:
        return f"from tasks of {state_seconds(most.crossing_seconds)}"
    return "from tasks of " + " to ".join(
        f"{state_seconds(row.crossing_seconds)} ({row.start_method})"
        for row in ([least, most] if len(found) > 1 else found)
    )


def describe_break_even(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    tasks = count_in_words(int(first["tasks"]), "task", "tasks")
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    shortest, longest = (int(table["steps"].agg(end)) for end in ("min", "max"))
    pace = measure_pace(table)
    lengths = state_seconds(longest / pace)
    if shortest < longest:
        lengths = f"{state_seconds(shortest / pace)} to {lengths}"
    return f"{describe_computer(first)}; {tasks} at once, of {lengths} each; {rounds} of each"


_LOOKS = {
    (BASELINE, ""): ("plain loop", get_look(BASELINE)),
    ("threads", ""): ("threads", get_look("threads")),
    ("processes", COLD): ("cold pool", Look(get_look("processes").colour, "s", "--")),
    ("processes", KEPT): ("pool kept open", get_look("processes")),
}


def draw_break_even(table: pd.DataFrame) -> Chart:
    """Draw how long all tasks took against the length of one, and where processes begin to pay.

    Args:
        table: a table as `sweep_task_length` gives it.

    Returns:
        A matplotlib Figure with a panel for each start method, both axes logarithmic: the plain
        loop, threads, a cold pool and one kept open, with the middle half of the rounds, and the
        crossings with the plain loop, unless there are reasons to withhold them. Its `description`
        is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary, crossings = summarise_lengths(table), summarise_break_even(table)
    methods = sorted(set(crossings["start_method"]))
    chart = make_chart(max(9.5, 4.6 * len(methods)), 5.6)
    panels = chart.subplots(1, len(methods), sharex=True, sharey=True, squeeze=False)[0]
    width = chart.get_size_inches()[0]
    chart.subplots_adjust(
        left=1.1 / width, right=1 - 0.25 / width, top=0.8, bottom=0.19, wspace=0.08
    )  # fmt: skip
    told = crossings[:0] if find_length_reservations(table) else crossings
    found = told[(told["rival"] == BASELINE) & (told["reason"] == "")]
    for axes, method in zip(panels, methods, strict=True):
        _draw_panel(axes, method, summary)
        _draw_crossings(axes, found[found["start_method"] == method])
        if found["crossing_seconds"].max() > summary["task_seconds"].max():
            _continue_lines(axes, method, table, float(found["crossing_seconds"].max()))
    least, most = float(summary["seconds_low"].min()), float(summary["seconds_high"].max())
    panels[0].set_ylim(least / 2.2, max(1.5 * most, panels[0].get_ylim()[1]))
    for axes, method in zip(panels, methods, strict=True):
        _finish_panel(axes, method)
        _label_crossings(axes, found[found["start_method"] == method])
    panels[0].set_ylabel("time for all tasks", size=13, color=INK)
    chart.legend(
        *panels[0].get_legend_handles_labels(), loc="upper left", ncols=4, frameon=False,
        fontsize=13, bbox_to_anchor=(0.03, 0.935), handlelength=2.6, columnspacing=1.6,
    )  # fmt: skip
    title, conditions = title_break_even(table, crossings), describe_break_even(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, told, summary)
    return chart


def _draw_panel(axes: Axes, method: str, summary: pd.DataFrame) -> None:
    own = summary[(summary["start_method"] == method) | (summary["start_method"] == "")]
    axes.set_xscale("log")
    axes.set_yscale("log")
    for (runner, pool), (label, look) in _LOOKS.items():
        rows = own[(own["runner"] == runner) & (own["pool"] == pool)]
        if rows.empty:
            continue
        axes.fill_between(
            rows["task_seconds"].astype(float), rows["seconds_low"], rows["seconds_high"],
            color=look.colour, alpha=0.15, linewidth=0,
        )  # fmt: skip
        axes.plot(
            rows["task_seconds"], rows["seconds"], color=look.colour, marker=look.marker,
            markersize=7, linewidth=2, linestyle=look.line, label=label,
            markerfacecolor=PAPER if look.line == "--" else look.colour,
        )  # fmt: skip


def _finish_panel(axes: Axes, method: str) -> None:
    axes.set_title(f"by {method}", loc="left", size=14, color=INK, weight="bold", pad=8)
    axes.set_xlabel("length of one task", size=12, color=INK)
    label_decades(axes.xaxis, state_seconds)
    label_decades(axes.yaxis, state_seconds)
    clean_axes(axes, "y")
    axes.tick_params(labelsize=11)


def _draw_crossings(axes: Axes, found: pd.DataFrame) -> None:
    for row in list_rows(found):
        length = row.crossing_seconds
        axes.axvline(length, color=SOFT_INK, linewidth=1.3, linestyle=(0, (5, 3)), zorder=0.5)
        axes.axvspan(
            row.crossing_low, row.crossing_high, color=SOFT_INK, alpha=0.13, linewidth=0,
            zorder=0.4,
        )  # fmt: skip


def _label_crossings(axes: Axes, found: pd.DataFrame) -> None:
    """Label the crossings at the foot of their lines, one row for each pool."""
    low, high = axes.get_xlim()
    for row in list_rows(found):
        length = row.crossing_seconds
        is_left = length**2 < low * high
        axes.annotate(
            state_seconds(length), (length, 0), xycoords=("data", "axes fraction"),
            xytext=(4 if is_left else -4, 24 if row.pool == COLD else 6), size=12, color=INK,
            textcoords="offset points", ha="left" if is_left else "right",
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.5, "alpha": 0.85},
        )  # fmt: skip


def _continue_lines(axes: Axes, method: str, table: pd.DataFrame, furthest: float) -> None:
    """Carry the fitted lines on to where a pool begins to pay, beyond what was measured."""
    lines, pace = fit_ways(table), measure_pace(table)
    lengths = [float(table["steps"].max()) / pace, 1.5 * furthest]
    for way in (Way(BASELINE), Way("processes", method, COLD), Way("processes", method, KEPT)):
        _, look = _LOOKS[way.runner, way.pool]
        axes.plot(
            lengths, [lines[way].at(length) for length in lengths], color=look.colour,
            linewidth=1.2, linestyle=":", zorder=1,
        )  # fmt: skip


def _describe(title: str, conditions: str, crossings: pd.DataFrame, summary: pd.DataFrame) -> str:
    told = []
    for row in list_rows(crossings):
        rival = "the plain loop" if row.rival == BASELINE else "threads"
        length = row.reason.split(":")[0] or (
            f"{1000 * row.crossing_seconds:.2f} ms ({1000 * row.crossing_low:.2f} to "
            f"{1000 * row.crossing_high:.2f})"
        )
        told.append(f"{row.start_method}, {row.pool}, against {rival}: {length}")
    longest = summary[summary["steps"] == summary["steps"].max()]
    times = "; ".join(f"{_name(row)} {row.seconds:.4f} s" for row in list_rows(longest))
    pays = f" From which length of task processes pay: {'; '.join(told)}." if told else ""
    return f"Chart. {title}.{pays} The longest tasks took: {times}. Conditions: {conditions}."


def _name(row: Any) -> str:
    label, _ = _LOOKS[row.runner, row.pool]
    return f"{label} by {row.start_method}" if row.start_method else label
