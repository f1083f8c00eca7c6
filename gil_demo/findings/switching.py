"""What a timeline and a sweep of the switch interval show, in sentences."""

import math
from typing import Any

import pandas as pd

from gil_demo.findings.words import (
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    name_workers,
    state_seconds,
    state_share,
    state_times,
)
from gil_demo.results import list_rows
from gil_demo.turns import summarise_switches, summarise_trace
from gil_demo.workloads import MOST_SLICES

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


def judge_switches(table: pd.DataFrame) -> str:
    """Say in a few sentences what one sweep of the switch interval shows.

    Args:
        table: a table of one sweep, as `sweep_switch_interval` gives it.

    Returns:
        Sentences, one a line: one for each interval, then how the measurement ended.

    Raises:
        ResultsError: the table is not of this kind, or holds several sweeps.
    """
    summary = summarise_switches(table)
    rounds = count_in_words(int(table["rounds"].iloc[0]), "round", "rounds")
    lines = [_judge_interval(row) for row in list_rows(summary)]
    return "\n".join([*lines, f"{capitalise(rounds)} at each interval."])


def title_switches(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding of a sweep in one line, for the chart's title."""
    parts = []
    turned = summary.dropna(subset="turn_seconds")
    if len(turned):
        ends = [turned.iloc[0], turned.iloc[-1]] if len(turned) > 1 else [turned.iloc[0]]
        parts += ["turns of " + " and ".join(map(_state_turn, ends))]
    else:
        parts += ["the threads took no turns that the trace could see"]
    shortest = list_rows(summary)[0]
    if shortest.switch_interval_seconds < 0.001:
        interval = state_seconds(shortest.switch_interval_seconds)
        if shortest.speed_low <= 1 <= shortest.speed_high:
            parts += [f"no clear change of speed at {interval}"]
        else:
            times = state_times(shortest.speed, shortest.speed_low, shortest.speed_high)
            parts += [f"{times} the speed at {interval}"]
    return head("; ".join(parts), table)


def describe_switches(table: pd.DataFrame) -> str:
    """Say in one line where and how often a sweep was measured, for the chart's subtitle."""
    first = table.iloc[0]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    threads = name_workers("threads", int(first["workers"]))
    return f"{describe_computer(first)}; {threads}, {rounds} at each interval"


def _find_reservations(table: pd.DataFrame) -> list[str]:
    first = table.iloc[0]
    return find_machine_reservations(first, int(first["workers"]))


def _is_cut(table: pd.DataFrame) -> bool:
    return bool(table.groupby(["runner", "worker"]).size().max() >= MOST_SLICES)


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


def _judge_interval(row: Any) -> str:
    interval = state_seconds(row.switch_interval_seconds)
    if math.isnan(row.turn_seconds):
        turn = "turns too short, or too few, to see"
    else:
        turn = f"turns of {state_seconds(row.turn_seconds)}"
        if not math.isnan(row.turn_low):
            turn += f" ({state_seconds(row.turn_low)} to {state_seconds(row.turn_high)})"
    speed = f"{row.speed:.2f} × the speed at 5 ms"
    if not math.isnan(row.speed_low) and row.speed_low != row.speed_high:
        speed += f" ({row.speed_low:.2f} to {row.speed_high:.2f})"
    return f"{interval}: {turn}; {speed}."
