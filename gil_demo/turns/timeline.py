"""Ask who holds the GIL when: a timeline of the countdown, and what the switch interval does."""

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gil_demo.checks import (
    ResultsError,
    check_choice,
    check_count,
    check_switch_interval,
    check_unlike,
    check_workers,
    shorten,
)
from gil_demo.drawing.lanes import MOST_BARS, draw_lane
from gil_demo.drawing.style import INK, Chart, clean_axes, get_look, make_chart, write_heading
from gil_demo.measuring.runs import check_runners, choose_runner, collect_facts
from gil_demo.running.intervals import PYTHON_INTERVAL, switch_interval_of
from gil_demo.running.pools import check_start_method
from gil_demo.running.runners import ENGINES, RUNNERS
from gil_demo.running.spans import Span
from gil_demo.running.workloads import MOST_SLICES, split, trace_countdown
from gil_demo.tables.schema import (
    MACHINE,
    MOST_SECONDS,
    Column,
    Schema,
    check_one_run,
    check_same_facts,
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
    name_workers,
    state_seconds,
    state_share,
)

DEFAULT_COUNT = 6_000_000

_LEAST_TRACED_INTERVAL = 0.001


def trace(
    runners: Sequence[str] = ("threads", "processes"),
    *,
    workers: int = 2,
    count: int = DEFAULT_COUNT,
    switch_interval: float | None = None,
    start_method: str | None = None,
) -> pd.DataFrame:
    """Run the countdown once in each way and note when each worker ran.

    Args:
        runners: which ways, by name: threads, processes, sequential, interpreters.
        workers: how many threads or processes; the countdown is cut into one part for each.
        count: steps of the whole countdown.
        switch_interval: seconds after which a thread that waits may ask for the GIL; None leaves
            it as it is. It is put back at the end, whatever happens.
        start_method: how processes are started; None means the platform's default.

    Returns:
        A table of slices: a row for each stretch of time in which a worker (numbered from 1) ran
        without a gap, in seconds since the first of its runner's workers began. The columns and
        types are in `SLICES`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    # slices of workers that share no clock can't be put on one line
    known = [name for name in RUNNERS if name not in ENGINES]
    check_unlike("runners", runners, lambda _, name: check_choice("runner", name, known))
    names = check_runners(runners)
    tasks = split(check_count(count), check_workers(workers))
    interval = sys.getswitchinterval() if switch_interval is None else switch_interval
    check_switch_interval("switch_interval", interval)
    method = check_start_method(start_method)
    facts = collect_facts("trace") | {
        "workers": workers,
        "count": count,
        "switch_interval_seconds": interval,
    }
    rows: list[dict[str, object]] = []
    with switch_interval_of(interval):
        for name in names:
            with choose_runner(name, method)(workers) as run:
                spans = run(trace_countdown, tasks)
            told = facts | {"runner": name, "start_method": method if name == "processes" else ""}
            rows += [told | slice_ for slice_ in _list_slices(spans)]
    return make_table(rows, SLICES)


def _list_slices(spans: Sequence[Span]) -> list[dict[str, float]]:
    """List the slices in the spans' answers, on a clock that begins with the first of them."""
    begun = min(span.answer[0][0] for span in spans)
    return [
        {"worker": span.worker + 1, "start_seconds": start - begun, "end_seconds": end - begun}
        for span in spans
        for start, end in span.answer
    ]


def _check_slices(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        facts = [name for name in SLICES.columns if name not in _VARYING_SLICES]
        check_same_facts(run, f"{place}, {name_run(run_id)}", facts)
    backwards = (table["end_seconds"] < table["start_seconds"]).to_numpy()
    if backwards.any():
        raise ResultsError(
            f"{place}, row {backwards.argmax() + 1}: the slice ends before it starts"
        )


_VARYING_SLICES = ["runner", "start_method", "worker", "start_seconds", "end_seconds"]

SLICES = Schema(
    "slices",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("trace",)),
        "runner": Column("text", choices=("sequential", "threads", "processes", "interpreters")),
        "start_method": Column("text", may_be_empty=True),
        "workers": Column("whole"),
        "worker": Column("whole"),
        "count": Column("whole"),
        "switch_interval_seconds": Column("duration"),
        "start_seconds": Column("seconds"),
        "end_seconds": Column("seconds"),
    }
    | MACHINE,
    _check_slices,
)
"""A row for each slice of time in which a worker ran; the clock of each runner starts at 0."""

_TOLERANCE_SECONDS = 1e-7


def find_turns(table: pd.DataFrame) -> pd.DataFrame:
    """Join the slices of one worker that no other worker's slice parts.

    A turn is as long as a worker kept the GIL to itself, even if the operating system took the
    core away from it in between.

    Args:
        table: a table of one trace, as `trace` gives it.

    Returns:
        A row a turn, in order: runner, worker, start_seconds, end_seconds, seconds, and
        is_handed_over: whether it ended because another worker wanted to run, and that one ran
        only then. That can't be told of each worker's last turn, nor of the first one, which may
        have had no rival yet.
    """
    turns = [
        _find_turns_of_one(slices).assign(runner=runner)
        for runner, slices in table.groupby("runner", sort=False)
    ]
    columns = ["runner", "worker", "start_seconds", "end_seconds", "seconds", "is_handed_over"]
    return pd.concat(turns, ignore_index=True)[columns]


def _find_turns_of_one(slices: pd.DataFrame) -> pd.DataFrame:
    ordered = slices.sort_values("start_seconds", ignore_index=True)
    workers = ordered["worker"].astype("int64")  # Int64 would compare the first with nothing
    number = (workers != workers.shift()).cumsum().rename("turn")
    turns = ordered.groupby(number).agg(
        worker=("worker", "first"),
        start_seconds=("start_seconds", "first"),
        end_seconds=("end_seconds", "max"),
    )
    turns = turns.reset_index(drop=True)
    is_last = ~turns["worker"].duplicated(keep="last")
    lengths = turns["end_seconds"] - turns["start_seconds"]
    is_clean = turns["start_seconds"].shift(-1) > turns["end_seconds"] - _TOLERANCE_SECONDS
    is_handed_over = is_clean & ~is_last & (turns.index > 0)
    return turns.assign(seconds=lengths, is_handed_over=is_handed_over)


def find_overlaps(table: pd.DataFrame) -> "pd.Series[bool]":
    """Tell for each slice whether a slice of another worker of its runner overlaps it.

    Args:
        table: a table of one trace.

    Returns:
        True or False for each row, with the table's row numbers.
    """
    overlaps = pd.Series(False, index=table.index)
    for _, slices in table.groupby("runner", sort=False):
        for worker in slices["worker"].unique():
            is_mine = (slices["worker"] == worker).to_numpy()
            mine, others = slices[is_mine], slices[~is_mine].sort_values("start_seconds")
            overlaps[mine.index] = _meets_any(mine, others)
    return overlaps


def _meets_any(mine: pd.DataFrame, others: pd.DataFrame) -> "pd.Series[bool]":
    latest_ends = np.maximum.accumulate(np.append(-np.inf, others["end_seconds"].to_numpy()))
    begun_before = np.searchsorted(
        others["start_seconds"].to_numpy(), mine["end_seconds"].to_numpy(), side="left"
    )
    return mine["start_seconds"] < latest_ends[begun_before]


def measure_together(slices: pd.DataFrame) -> float:
    """Measure how far workers ran at the same time, while at least two had work.

    Args:
        slices: the slices of one runner.

    Returns:
        Of the time in which anyone ran, from the second worker's first slice to the last but one
        worker's end: the part in which two or more ran at once, 0 to 1; nan if there was no such
        time.
    """
    workers = slices.groupby("worker")
    begun = workers["start_seconds"].min().sort_values()
    ended = workers["end_seconds"].max().sort_values()
    if len(begun) < 2 or begun.iloc[1] >= ended.iloc[-2]:
        return math.nan
    window = (begun.iloc[1], ended.iloc[-2])
    times = np.concatenate(
        [slices["start_seconds"].clip(*window), slices["end_seconds"].clip(*window)]
    )
    changes = np.repeat([1, -1], len(slices))
    order = np.lexsort((-changes, times))
    running = np.cumsum(changes[order])[:-1]
    lengths = np.diff(times[order])
    anyone = float(lengths[running >= 1].sum())
    return float(lengths[running >= 2].sum()) / anyone if anyone else math.nan


def summarise_trace(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one trace: a row for each way of running.

    Args:
        table: a table of one trace, as `trace` gives it.

    Returns:
        The columns runner, workers, start_method; slices (how many); seconds (from the first
        slice to the end of the last); together (see `measure_together`);
        turns (how many were handed over) and turn_seconds (their median, nan if there are none).

    Raises:
        ResultsError: the table is not of this kind, or holds several traces.
    """
    check_one_run(table, SLICES)
    turns = find_turns(table)
    runners = sorted(set(table["runner"]), key=RUNNERS.index)
    return pd.DataFrame([_summarise_runner(name, table, turns) for name in runners])


def _summarise_runner(runner: str, table: pd.DataFrame, turns: pd.DataFrame) -> dict[str, object]:
    slices = table[table["runner"] == runner]
    handed_over = turns[(turns["runner"] == runner) & turns["is_handed_over"]]["seconds"]
    return {
        "runner": runner,
        "workers": int(slices["workers"].iloc[0]),
        "start_method": slices["start_method"].iloc[0],
        "slices": len(slices),
        "seconds": float(slices["end_seconds"].max() - slices["start_seconds"].min()),
        "together": measure_together(slices),
        "turns": len(handed_over),
        "turn_seconds": float(handed_over.median()),
    }


IN_TURN = 0.05

AT_ONCE = 0.8


def judge_trace(table: pd.DataFrame) -> str:
    """Say in a few sentences what one trace shows.

    Args:
        table: a table of one trace, as `trace` gives it.

    Returns:
        Sentences, one a line: reservations first, then each way of running.

    Raises:
        ResultsError: the table is not of this kind, or holds several traces.
    """
    summary = summarise_trace(table)
    lines = [f"Mind: {reservation}." for reservation in _find_reservations(table)]
    return "\n".join([*lines, *[_judge_runner(row, table) for row in list_rows(summary)]])


def title_trace(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding of a trace in one line, for the chart's title."""
    findings = [
        f"{name_workers(row.runner, row.workers)} {_state_order(row)}" for row in list_rows(summary)
    ]
    return head("; ".join(findings), table)


def describe_trace(table: pd.DataFrame) -> str:
    """Say in one line where and how a trace was taken, for the chart's subtitle."""
    first = table.iloc[0]
    methods = sorted(set(table["start_method"]) - {""})
    started = f", processes by {' and '.join(methods)}" if methods else ""
    interval = state_seconds(first["switch_interval_seconds"])
    cut = f"; cut at {MOST_SLICES:,} slices a worker" if _is_cut(table) else ""
    return (
        f"{describe_computer(first)}{started}; one run of {int(first['count']):,} steps, "
        f"switch interval {interval}{cut}"
    )


def _is_cut(table: pd.DataFrame) -> bool:
    return bool(table.groupby(["runner", "worker"]).size().max() >= MOST_SLICES)


def _judge_runner(row: Any, table: pd.DataFrame) -> str:
    name = capitalise(name_workers(row.runner, row.workers))
    is_one = row.workers == 1 or row.runner == "sequential"
    sentence = f"{name} {_state_order(row)} and {'was' if is_one else 'were'} done"
    sentence += f" after {state_seconds(row.seconds)}."
    if not math.isnan(row.together):
        share = state_share(row.together)
        sentence += f"\n  Two or more ran at once for {share} of the time in which they could."
    if row.turns and row.together <= IN_TURN:
        interval = state_seconds(table["switch_interval_seconds"].iloc[0])
        turns = count_in_words(row.turns, "turn was", "turns were")
        sentence += (
            f"\n  {capitalise(turns)} handed over, after {state_seconds(row.turn_seconds)} in the "
            f"median; the switch interval was {interval}."
        )
    return sentence


def _state_turn(row: Any) -> str:
    interval = state_seconds(row["switch_interval_seconds"])
    return f"{state_seconds(row['turn_seconds'])} at an interval of {interval}"


OWN = state_seconds(PYTHON_INTERVAL)

_NAMES = {
    "threads": "Thread",
    "processes": "Process",
    "sequential": "Plain loop",
    "interpreters": "Sub-interpreter",
}


def draw_timeline(table: pd.DataFrame, window: tuple[float, float] | None = None) -> Chart:
    """Draw when each worker ran: one lane a worker, threads above processes, on one time axis.

    Where there are more slices than can be told apart, each point in time is drawn as dark as
    the part of it in which the worker ran, and the axis says so.

    Args:
        table: a table of one trace, as `trace` gives it.
        window: the part of the time to draw, from and to, in seconds; None means all of it.

    Returns:
        A matplotlib Figure whose title states the finding and whose `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several traces.
        TypeError: the window is no pair of numbers.
        ValueError: the window ends before it begins.
    """
    summary = summarise_trace(table)
    left, right = _check_window(window, float(table["end_seconds"].max()))
    runners = [name for name in RUNNERS if name in set(table["runner"])]
    lanes = _place_lanes(table, runners)
    height = 1.9 + 0.52 * (max(lanes.values()) + 1)
    chart = make_chart(12, height)
    axes = chart.subplots()
    margin = 0.16 if "interpreters" in runners else 0.1  # room for the longer name
    chart.subplots_adjust(left=margin, right=0.975, top=1 - 0.75 / height, bottom=1.0 / height)
    shown = table[(table["end_seconds"] >= left) & (table["start_seconds"] <= right)]
    is_binned = len(shown) > MOST_BARS
    for (runner, worker), place in lanes.items():
        lane = shown[(shown["runner"] == runner) & (shown["worker"] == worker)]
        draw_lane(axes, place, lane, get_look(runner).colour, (left, right), is_binned)
    for row in list_rows(summary):
        _mark_end(axes, row, lanes, (left, right))
    _finish_lanes(axes, lanes, (left, right), is_binned)
    title, conditions = title_trace(table, summary), describe_trace(table)
    write_heading(chart, title, conditions)
    chart.description = _describe_trace(title, conditions, summary)
    if window is not None:
        chart.description += f" Shown: from {left * 1000:.1f} to {right * 1000:.1f} ms."
    return chart


def _check_window(window: tuple[float, float] | None, end: float) -> tuple[float, float]:
    if window is None:
        return 0.0, end or 1e-6  # a trace of no length is drawn, too
    is_pair = isinstance(window, tuple) and len(window) == 2
    if not is_pair or not all(type(moment) in (int, float) for moment in window):
        raise TypeError(f"window must be (from, to) in seconds, not {shorten(window)}")
    left, right = window
    if not 0 <= left < right <= MOST_SECONDS:
        raise ValueError(
            f"window must be (from, to) in seconds with from below to, not {shorten(window)}"
        )
    return float(left), float(right)


def _place_lanes(table: pd.DataFrame, runners: list[str]) -> dict[tuple[str, int], float]:
    """Give each worker a place from the top, with half a lane's room between the runners."""
    lanes: dict[tuple[str, int], float] = {}
    place = 0.0
    for runner in runners:
        for worker in sorted(set(table.loc[table["runner"] == runner, "worker"])):
            lanes[runner, int(worker)] = place
            place += 1
        place += 0.5
    return lanes


def _mark_end(
    axes: Axes, row: Any, lanes: dict[tuple[str, int], float], window: tuple[float, float]
) -> None:
    """Mark when the last worker of a runner was done, if that is in sight."""
    places = [place for (runner, _), place in lanes.items() if runner == row.runner]
    left, right = window
    if not left <= row.seconds <= right:
        return
    end = row.seconds * 1000
    axes.plot([end, end], [min(places) - 0.48, max(places) + 0.48], color=INK, linewidth=1.4)
    is_far = row.seconds - left > 0.5 * (right - left)
    axes.annotate(
        f"done after {state_seconds(row.seconds)}", (end, max(places) + 0.48),
        xytext=(-5 if is_far else 5, -2), textcoords="offset points", size=11, color=INK,
        ha="right" if is_far else "left", va="top",
    )  # fmt: skip


def _finish_lanes(
    axes: Axes,
    lanes: dict[tuple[str, int], float],
    window: tuple[float, float],
    is_binned: bool,
) -> None:
    axes.set_yticks(list(lanes.values()))
    axes.set_yticklabels(
        [
            f"{_NAMES[runner]} {worker}" if runner != "sequential" else _NAMES[runner]
            for runner, worker in lanes
        ]
    )
    axes.set_ylim(max(lanes.values()) + 0.95, -0.6)
    axes.set_xlim(window[0] * 1000, window[1] * 1000 * 1.002)
    label = "milliseconds since the first worker began; a gap means that it did not run"
    if is_binned:
        label = "milliseconds; too many slices to draw each: the darker, the more it ran"
    axes.set_xlabel(label, size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _describe_trace(title: str, conditions: str, summary: pd.DataFrame) -> str:
    facts = []
    for row in list_rows(summary):
        fact = f"{name_workers(row.runner, row.workers)} done after {row.seconds:.3f} s"
        if not math.isnan(row.together):
            fact += f", two or more at once for {100 * row.together:.1f} % of the time"
        if row.turns and row.together <= IN_TURN:
            fact += f", {row.turns} turns of {state_seconds(row.turn_seconds)}"
        facts.append(fact)
    return f"Chart. {title}. {capitalise('; '.join(facts))}. Conditions: {conditions}."


def _find_reservations(table: pd.DataFrame) -> list[str]:
    first = table.iloc[0]
    return find_machine_reservations(first, int(first["workers"]))


def _state_order(row: Any) -> str:
    if row.workers == 1 or row.runner == "sequential":
        return "ran alone"
    if math.isnan(row.together) or (row.together <= IN_TURN and math.isnan(row.turn_seconds)):
        return "ran one after another"
    if row.together <= IN_TURN:
        return f"took turns of {state_seconds(row.turn_seconds)}"
    if row.together >= AT_ONCE:
        return "ran at the same time"
    return f"ran at the same time for {state_share(row.together)} of the time"
