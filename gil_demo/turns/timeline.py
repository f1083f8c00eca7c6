"""Ask who holds the GIL when: a timeline of the countdown."""

import math
import sys
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gil_demo import checks, words
from gil_demo.drawing.parts import MOST_BARS, draw_lane, finish, make_plot, write
from gil_demo.drawing.style import INK, Chart, clean_axes, get_look
from gil_demo.measuring.machine import read_usage, tell_shares
from gil_demo.measuring.runs import check_runners, choose_runner, collect_facts
from gil_demo.running.pools import check_start_method
from gil_demo.running.runners import switch_interval_of
from gil_demo.running.spans import Span
from gil_demo.running.workloads import MOST_SLICES, split, trace_countdown
from gil_demo.tables import schema

_Places = dict[tuple[str, int], float]  # of the lane of a runner's worker, from the top
_IN_TURN = 0.05  # workers that run together for no larger a part of the time take turns
_LANES = {
    "sequential": "Plain loop",
    "threads": "Thread {}",
    "processes": "Process {}",
    "interpreters": "Sub-interpreter {}",
}


def trace(
    runners: Sequence[str] = ("threads", "processes"),
    *,
    workers: int = 2,
    count: int = 6_000_000,
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
        without a gap, in seconds since the first of its runner's workers began.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        RunnerUnavailable: this machine lacks one of the runners; nothing has been started.
        GilDemoError: the run failed.
    """
    # slices of workers that share no clock can't be put on one line
    names = check_runners(runners, known=[*_LANES])
    tasks = split(checks.check_count(count), checks.check_workers(workers))
    # the reader's own, whatever it is; Python tells one below a microsecond as 0
    interval = max(sys.getswitchinterval(), checks.LEAST_SWITCH_INTERVAL)
    if switch_interval is not None:
        interval = checks.check_switch_interval("switch_interval", switch_interval)
    method = check_start_method(start_method)
    facts = collect_facts("trace")
    facts |= {"workers": workers, "count": count, "switch_interval_seconds": interval}
    rows: list[dict[str, object]] = []
    usage = read_usage()
    with switch_interval_of(interval):
        for name in names:
            with choose_runner(name, method)(workers) as run:
                spans = run(trace_countdown, tasks)
            told = facts | {"runner": name, "start_method": method if name == "processes" else ""}
            rows += [told | slice_ for slice_ in list_slices(spans)]
    shares = tell_shares(usage)
    return schema.make_table([row | shares for row in rows], SLICES)


def list_slices(spans: Sequence[Span]) -> list[dict[str, float]]:
    """List the slices in the spans' answers, on a clock that begins with the first of them."""
    begun = min(span.answer[0][0] for span in spans)
    return [
        {"worker": span.worker + 1, "start_seconds": start - begun, "end_seconds": end - begun}
        for span in spans
        for start, end in span.answer
    ]


def _check_slices(table: pd.DataFrame, place: str) -> None:
    is_backwards = table["end_seconds"] < table["start_seconds"]
    schema.check_rows(is_backwards, place, "the slice ends before it starts")


SLICES = schema.make_schema(
    "slices",
    ("trace",),
    {
        "runner": schema.Column("text", choices=tuple(_LANES)),
        "start_method": schema.Column("text", may_be_empty=True),
        **dict.fromkeys(("workers", "worker", "count"), schema.Column("whole")),
        "switch_interval_seconds": schema.Column("duration"),
        **dict.fromkeys(("start_seconds", "end_seconds"), schema.Column("seconds")),
    },
    _check_slices,
    alike=("workers", "count", "switch_interval_seconds"),
)
"""A row for each slice of time in which a worker ran; the clock of each runner starts at 0."""


def summarise_trace(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one trace: for each way of running the time together, and turns handed over."""
    rows = []
    for runner in sorted(set(table["runner"]), key=[*_LANES].index):
        slices = table[table["runner"] == runner]
        turns = find_turns(slices)
        handed_over = turns.loc[turns["is_handed_over"], "seconds"]
        figures = {
            "runner": runner,
            "workers": slices["worker"].nunique(),  # one that was quick may have done all
            "switch_interval_seconds": slices["switch_interval_seconds"].iloc[0],
            "seconds": slices["end_seconds"].max() - slices["start_seconds"].min(),
            "together": measure_together(slices),
            "turns": len(handed_over),
            "turn_seconds": handed_over.median(),
            "is_in_turn": turns["worker"].duplicated().any(),
        }
        rows.append(figures)
    return pd.DataFrame(rows)


def find_turns(slices: pd.DataFrame) -> pd.DataFrame:
    """Join the slices of one worker that no slice of its runner's other workers parts.

    A turn is as long as a worker kept the GIL to itself, even if the operating system took the
    core away from it in between. It was handed over if it ended because another worker wanted to
    run, and that one ran only then. That can't be told of each worker's last turn, nor of the
    first one, which may have had no rival yet.
    """
    ordered = slices.sort_values("start_seconds", ignore_index=True)
    workers = ordered["worker"].astype("int64")  # Int64 would compare the first with nothing
    turns = ordered.groupby((workers != workers.shift()).cumsum()).agg(
        worker=("worker", "first"),
        start_seconds=("start_seconds", "first"),
        end_seconds=("end_seconds", "max"),
    )
    is_last = ~turns["worker"].duplicated(keep="last")
    is_clean = turns["start_seconds"].shift(-1) > turns["end_seconds"] - 1e-7
    return turns.assign(
        seconds=turns["end_seconds"] - turns["start_seconds"],
        is_handed_over=is_clean & ~is_last & (turns.index > 1),
    )


def measure_together(slices: pd.DataFrame) -> float:
    """Measure how far a runner's workers ran at the same time, while at least two had work.

    That is from the second worker's first slice to the last but one worker's end. Of the time in
    it in which anyone ran: the part in which two or more did, or nan if there was no such time.
    """
    workers = slices.groupby("worker")
    begun = workers["start_seconds"].min().sort_values()
    ended = workers["end_seconds"].max().sort_values()
    if len(begun) < 2 or begun.iloc[1] >= ended.iloc[-2]:
        return math.nan
    window = (begun.iloc[1], ended.iloc[-2])
    times = slices[["start_seconds", "end_seconds"]].to_numpy().clip(*window).ravel()
    order = np.argsort(times)
    running = np.cumsum(np.tile([1, -1], len(slices))[order])[:-1]
    lengths = np.diff(times[order])
    anyone = float(lengths[running >= 1].sum())
    return float(lengths[running >= 2].sum()) / anyone if anyone else math.nan


def judge_trace(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say what one trace shows: reservations first, then each way of running."""
    first = table.iloc[0]
    lines = words.reserve(table, words.find_machine_reservations(first, int(first["workers"])))
    return "\n".join([*lines, *map(_judge, schema.list_rows(summary))])


def _judge(row: Any) -> str:
    name = words.capitalise(words.name_workers(row.runner, row.workers))
    done = "was done" if row.workers == 1 else "were done"
    sentence = f"{name} {_state_order(row)} and {done} after {words.state_seconds(row.seconds)}."
    if not math.isnan(row.together):
        share = words.state_share(row.together)
        sentence += f"\n  For {share} of the time in which two or more had work, two or more ran."
    if row.turns and row.together <= _IN_TURN and row.runner == "threads":  # with one lock
        turns = words.capitalise(words.count_in_words(row.turns, "turn was", "turns were"))
        sentence += (
            f"\n  {turns} handed over, after a median of {words.state_seconds(row.turn_seconds)}; "
            f"the switch interval was {words.state_seconds(row.switch_interval_seconds)}."
        )
    return sentence


def _state_order(row: Any) -> str:
    if row.workers == 1:
        return "ran alone"
    if math.isnan(row.together) or (row.together <= _IN_TURN and not row.is_in_turn):
        return "ran one after another"
    if row.together <= _IN_TURN:
        length = f" of {words.state_seconds(row.turn_seconds)}" if row.turns else ""
        return f"took turns{length}"
    if row.together >= 0.8:
        return "ran at the same time"
    return f"ran at the same time for {words.state_share(row.together)} of the time"


def draw_timeline(
    table: pd.DataFrame, summary: pd.DataFrame, window: tuple[float, float] | None = None
) -> Chart:
    """Draw when each worker ran: one lane a worker, on one time axis or a window of it."""
    left, right = _check_window(window, float(table["end_seconds"].max()))
    lanes = _place_lanes(table, summary["runner"])
    height = 1.9 + 0.52 * (max(lanes.values()) + 1)
    margin = 0.16 if "interpreters" in set(summary["runner"]) else 0.1  # for the longer name
    chart, axes = make_plot(12, height, left=margin, right=0.975, above=0.75, below=1.0)
    shown = table[(table["end_seconds"] >= left) & (table["start_seconds"] <= right)]
    is_binned = len(shown) > MOST_BARS
    for (runner, worker), place in lanes.items():
        lane = shown[(shown["runner"] == runner) & (shown["worker"] == worker)]
        draw_lane(axes, place, lane, get_look(runner).colour, (left, right), is_binned)
    rows = schema.list_rows(summary)
    _mark_ends(axes, rows, lanes, left, right)
    names = [_LANES[runner].format(worker) for runner, worker in lanes]
    axes.set_yticks(list(lanes.values()), names)
    axes.set_ylim(max(lanes.values()) + 0.95, -0.6)
    axes.set_xlim(left * 1000, (right + 0.002 * (right - left)) * 1000)
    label = "milliseconds since the first worker began; a gap means that it did not run"
    if is_binned:
        label = "milliseconds; too many slices to draw each: the darker, the more it ran"
    axes.set_xlabel(label, size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)
    orders = [f"{words.name_workers(row.runner, row.workers)} {_state_order(row)}" for row in rows]
    told = " ".join(" ".join(map(_judge, rows)).split())
    finish(chart, words.head("; ".join(orders), table), _describe(table), told)
    if window is not None:
        chart.description += f" Shown: from {left * 1000:.1f} to {right * 1000:.1f} ms."
    return chart


def _check_window(window: tuple[float, float] | None, end: float) -> tuple[float, float]:
    if window is None:
        return 0.0, end or 1e-6  # a trace of no length is drawn, too
    allowed = "window must be (from, to) in seconds"
    is_pair = isinstance(window, tuple) and len(window) == 2
    if not is_pair or any(isinstance(n, bool) or not isinstance(n, Real) for n in window):
        raise TypeError(f"{allowed}, not {checks.shorten(window)}")
    left, right = window
    if not 0 <= left < right <= schema.MOST_SECONDS:
        raise ValueError(f"{allowed} with from below to, not {checks.shorten(window)}")
    return float(left), float(right)


def _place_lanes(table: pd.DataFrame, runners: Iterable[str]) -> _Places:
    """Give each worker a place from the top, with half a lane's room between the runners."""
    lanes: _Places = {}
    for above, runner in enumerate(runners):
        for worker in sorted(set(table.loc[table["runner"] == runner, "worker"])):
            lanes[runner, int(worker)] = len(lanes) + above / 2
    return lanes


def _mark_ends(axes: Axes, rows: list[Any], lanes: _Places, left: float, right: float) -> None:
    """Mark when the last worker of each runner was done, where that is in sight."""
    for row in rows:
        if left <= row.seconds <= right:
            places = [place for (runner, _), place in lanes.items() if runner == row.runner]
            end, bottom = row.seconds * 1000, max(places) + 0.48
            axes.plot([end, end], [min(places) - 0.48, bottom], color=INK, linewidth=1.4)
            is_far = row.seconds - left > 0.5 * (right - left)
            away, side = ((-5, -2), "right") if is_far else ((5, -2), "left")
            told = f"done after {words.state_seconds(row.seconds)}"
            write(axes, told, (end, bottom), away, INK, ha=side, va="top")


def _describe(table: pd.DataFrame) -> str:
    first = table.iloc[0]
    interval = words.state_seconds(first["switch_interval_seconds"])
    is_cut = table.groupby(["runner", "worker"]).size().max() >= MOST_SLICES
    cut = f"; cut at {MOST_SLICES:,} slices a worker" if is_cut else ""
    steps = words.count_in_words(int(first["count"]), "step")
    run = f"one run of {steps}, switch interval {interval}{cut}"
    return words.describe_conditions(table, run)
