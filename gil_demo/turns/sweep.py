"""Ask what the switch interval does: how long a thread's turn is, and how quick all are."""

import math
import time
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo import words
from gil_demo.checks import ResultsError
from gil_demo.drawing.parts import draw_ideal, draw_medians, draw_rounds, finish, name_axes, write
from gil_demo.drawing.style import SOFT_INK, Chart, get_look, label_in_full, make_chart
from gil_demo.measuring.estimates import estimate_median, estimate_ratio, select_by_round, spread
from gil_demo.measuring.rounds import Sample, check_budget, make_rows, take_samples
from gil_demo.measuring.runs import collect_facts
from gil_demo.running.runners import PYTHON_INTERVAL, switch_interval_of, threads
from gil_demo.running.workloads import measure_steps_per_second, split, trace_countdown
from gil_demo.tables.schema import Column, list_rows, make_schema, make_table
from gil_demo.turns.timeline import find_turns, list_slices

WORKERS = 2
INTERVALS = (1e-6, 0.001, 0.002, PYTHON_INTERVAL, 0.01, 0.02, 0.05)
_OWN = words.state_seconds(PYTHON_INTERVAL)
_LEAST_TRACED_INTERVAL = 0.001


class _Round(NamedTuple):
    work: float  # seconds a step
    turn_seconds: float


def sweep_switch_interval(*, budget: float | None = None) -> pd.DataFrame:
    """Run the countdown in two threads at switch intervals from 1 µs to 50 ms, in turn.

    Args:
        budget: seconds after which to stop; None means 15.

    Returns:
        A table of rounds: for each interval and round the median turn of a thread in seconds
        (empty below a millisecond, where the trace is too coarse to tell, and without turns) and
        the steps a second of all threads together.

    Raises:
        TypeError: the budget is no number.
        ValueError: the budget is out of range; nothing has been started.
        GilDemoError: the run failed.
    """
    seconds = check_budget(15.0 if budget is None else budget)
    facts = collect_facts("switch") | {"workers": WORKERS}
    pace = measure_steps_per_second()
    timed = {interval: partial(_run_round, interval, pace) for interval in INTERVALS}
    taken = take_samples(timed, PYTHON_INTERVAL, budget=seconds, name="{!r} s".format)

    def describe(one: Sample[_Round]) -> dict[str, object]:
        told = {"turn_seconds": one.timing.turn_seconds, "steps_per_second": 1 / one.timing.work}
        return {"switch_interval_seconds": one.variant, **told}

    return make_table(make_rows(taken, facts, describe), SWITCHES)


def _run_round(interval: float, pace: float) -> _Round:
    seconds = max(0.1, 6 * interval)  # of six turns at least
    steps = int(pace * seconds)
    with switch_interval_of(interval), threads(WORKERS) as run:
        start = time.perf_counter()
        spans = run(trace_countdown, split(steps, WORKERS))
        work = (time.perf_counter() - start) / steps
    if interval < _LEAST_TRACED_INTERVAL:
        return _Round(work, math.nan)
    turns = find_turns(pd.DataFrame(list_slices(spans)))
    return _Round(work, float(turns.loc[turns["is_handed_over"], "seconds"].median()))


SWITCHES = make_schema(
    "rounds at a switch interval",
    ("switch",),
    {
        "workers": Column("whole"),
        "switch_interval_seconds": Column("duration"),
        **dict.fromkeys(("round", "rounds", "position"), Column("whole")),
        "turn_seconds": Column("duration", may_be_empty=True),
        "steps_per_second": Column("rate"),
    },
    alike=("workers",),
    variant=("switch_interval_seconds",),
)
"""A row for each round with two threads or more at one switch interval."""


def summarise_switches(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up a sweep by interval; speed is held against that at Python's own in the same round."""
    own = select_by_round(table, "steps_per_second", switch_interval_seconds=PYTHON_INTERVAL)
    if own.empty:
        raise ResultsError(f"the table has no rounds at {_OWN} to compare with")
    rows = []
    for interval, group in table.groupby("switch_interval_seconds"):
        rates = group.set_index("round").sort_index()["steps_per_second"]
        turns = list(group["turn_seconds"].dropna())
        row = {"switch_interval_seconds": interval}
        row |= spread("turn", estimate_median(turns), "turn_seconds")
        rows.append(row | spread("speed", estimate_ratio(list(rates / own))))
    return pd.DataFrame(rows)


def judge_switches(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say what one sweep shows: a sentence for each interval, then how many rounds there were."""
    workers = int(table["workers"].iloc[0])  # a thread that is to take over needs a core at once
    lines = words.reserve(table, words.find_busy_reservations(table.iloc[0], workers))
    lines += [_judge(row) for row in list_rows(summary)]
    rounds = words.capitalise(words.count_in_run(table, "round"))
    return "\n".join([*lines, f"{rounds} at each interval."])


def _judge(row: Any) -> str:
    turn = "turns too short, or too few, to see"
    if not math.isnan(row.turn_seconds):
        turn = f"turns of {words.state_range(row.turn_seconds, row.turn_low, row.turn_high)}"
    interval = words.state_seconds(row.switch_interval_seconds)
    told = f"{interval}: {turn}; {row.speed:.2f} × the speed at {_OWN}"
    if row.speed_low < row.speed_high:
        told += f" ({row.speed_low:.2f} to {row.speed_high:.2f})"
    return f"{told}."


def draw_switch_intervals(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw how long a thread's turn is at each switch interval, and what that does to speed."""
    chart = make_chart(12, 5.2)
    turns, speeds = chart.subplots(1, 2)
    chart.subplots_adjust(left=0.075, right=0.985, top=0.86, bottom=0.2, wspace=0.2)
    _draw_turns(turns, table, summary)
    _draw_speeds(speeds, summary)
    rounds = words.count_in_run(table, "round")
    workers = words.name_workers("threads", int(table["workers"].iloc[0]))
    conditions = words.describe_conditions(table, f"{workers}, {rounds} at each interval")
    told = f"By switch interval: {' '.join(map(_judge, list_rows(summary)))}"
    return finish(chart, _title(table, summary), conditions, told)


def _draw_turns(axes: Axes, table: pd.DataFrame, summary: pd.DataFrame) -> None:
    look = get_look("threads")
    intervals = summary["switch_interval_seconds"] * 1000
    ideal = [max(intervals.min(), 0.5), intervals.max() * 1.3]
    draw_ideal(axes, ideal, ideal)
    write(axes, "turn = interval", (ideal[0], ideal[0]), (14, 2), ha="left", va="center")
    rounds, medians = (
        one[["switch_interval_seconds", "turn_seconds"]].dropna() * 1000 for one in (table, summary)
    )
    draw_rounds(axes, rounds["switch_interval_seconds"], rounds["turn_seconds"], look.marker)
    draw_medians(axes, medians["switch_interval_seconds"], medians, "turn_seconds", look)
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        label_in_full(axis, list(medians["switch_interval_seconds"]), "{:g}".format)
    name_axes(axes, "switch interval (ms)", "a thread's turn (ms), median", 12)


def _draw_speeds(axes: Axes, summary: pd.DataFrame) -> None:
    intervals = summary["switch_interval_seconds"] * 1000
    draw_medians(axes, intervals, summary, "speed", get_look("threads"))
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    axes.set_xscale("log")
    axes.set_ylim(0, max(1.25, 1.1 * float(summary[["speed", "speed_high"]].max().max())))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    label_in_full(axes.xaxis, [0.001, 0.01, 0.1, 1, 10, 100], "{:g}".format)
    bars = "; bars: 95 % interval" if summary["speed_low"].notna().any() else ""
    name_axes(axes, f"switch interval (ms){bars}", f"speed over that at {_OWN} (×)", 12)


def _title(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Tell the turns at the shortest and the longest interval, and the speed at a tiny one."""
    if withheld := words.withhold_title(table):
        return withheld
    seen = list_rows(summary.dropna(subset="turn_seconds"))
    ends = [seen[0], seen[-1]] if len(seen) > 1 else seen
    turns = " and ".join(
        f"{words.state_seconds(row.turn_seconds)} at an interval of "
        f"{words.state_seconds(row.switch_interval_seconds)}"
        for row in ends
    )
    parts = [f"turns of {turns}" if seen else "the threads took no turns that the trace could see"]
    shortest = list_rows(summary)[0]
    if shortest.switch_interval_seconds < _LEAST_TRACED_INTERVAL:
        interval = words.state_seconds(shortest.switch_interval_seconds)
        if shortest.speed_low <= 1 <= shortest.speed_high:
            parts.append(f"no clear change of speed at {interval}")
        else:
            times = words.state_times(shortest.speed, shortest.speed_low, shortest.speed_high)
            parts.append(f"at {interval} {times} the speed at {_OWN}")
    return words.head("; ".join(parts), table)
