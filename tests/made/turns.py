"""Honest synthetic tables of slices and of switch intervals, to test with."""

from collections.abc import Mapping, Sequence

import pandas as pd

from gil_demo.tables.schema import make_table
from gil_demo.turns.sweep import SWITCHES
from gil_demo.turns.timeline import SLICES
from tests.made.runs import FACTS as FACTS
from tests.made.runs import spread

Lanes = Mapping[tuple[str, int], Sequence[tuple[float, float]]]
Rounds = Mapping[float, tuple[Sequence[float | None], Sequence[float]]]


def take_turns(turn: float, turns: int, workers: int = 2, runner: str = "threads") -> Lanes:
    """Let workers run one at a time, each for as long, the first of them first."""
    lanes: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for number in range(turns):
        lane = lanes.setdefault((runner, number % workers + 1), [])
        lane.append((number * turn, (number + 1) * turn))
    return lanes


def run_at_once(seconds: float, workers: int = 2, runner: str = "processes") -> Lanes:
    """Let workers all run from the same moment to the same moment."""
    return {(runner, number + 1): [(0.0, seconds)] for number in range(workers)}


ORDINARY_LANES: Lanes = {**take_turns(0.005, 12), **run_at_once(0.032)}


def make_slices(
    lanes: Lanes | None = None, start_method: str = "fork", **facts: object
) -> pd.DataFrame:
    """Make the table of one trace.

    Args:
        lanes: for each runner with a worker's number, the slices in which it ran, in seconds.
        start_method: how the processes were started.
        facts: values of columns that differ from an ordinary machine's or trace's.
    """
    chosen = ORDINARY_LANES if lanes is None else lanes
    rows = [
        FACTS
        | {
            "run_id": "c4d5e6",
            "experiment": "trace",
            "runner": runner,
            "start_method": start_method if runner == "processes" else "",
            "workers": max(number for _, number in chosen),
            "worker": worker,
            "count": 4_000_000,
            "switch_interval_seconds": 0.005,
            "start_seconds": start,
            "end_seconds": end,
        }
        | facts
        for (runner, worker), slices in chosen.items()
        for start, end in slices
    ]
    return make_table(rows, SLICES)


ORDINARY_ROUNDS: Rounds = {
    1e-6: ([None] * 8, spread(1.2e7)),
    0.001: (spread(0.0011), spread(2.9e7)),
    0.005: (spread(0.0052), spread(3.0e7)),
    0.02: (spread(0.0203), spread(3.1e7)),
}


def make_switches(rounds: Rounds | None = None, **facts: object) -> pd.DataFrame:
    """Make the table of one sweep of the switch interval.

    Args:
        rounds: for each switch interval the median turn (None where none was seen) and the steps
            a second, both in each round.
        facts: values of columns that differ from an ordinary machine's or sweep's.
    """
    chosen = ORDINARY_ROUNDS if rounds is None else rounds
    wanted = max(len(rates) for _, rates in chosen.values())
    rows = [
        FACTS
        | {
            "run_id": "f7a8b9",
            "experiment": "switch",
            "workers": 2,
            "switch_interval_seconds": interval,
            "round": number + 1,
            "rounds": wanted,
            "position": position,
            "turn_seconds": turns[number],
            "steps_per_second": rates[number],
        }
        | facts
        for number in range(wanted)
        for position, (interval, (turns, rates)) in enumerate(chosen.items(), start=1)
    ]
    return make_table(rows, SWITCHES)
