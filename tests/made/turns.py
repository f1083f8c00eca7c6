from collections.abc import Mapping, Sequence

import pandas as pd

from gil_demo.turns.sweep import SWITCHES
from gil_demo.turns.timeline import SLICES
from tests.made.runs import make, make_rounds, spread

Lanes = Mapping[tuple[str, int], Sequence[tuple[float, float]]]
Rounds = Mapping[float, tuple[Sequence[float | None], Sequence[float]]]


def take_turns(turn: float, turns: int, workers: int = 2) -> Lanes:
    """Let threads run one at a time, each for as long, the first of them first."""
    slices = [(number * turn, (number + 1) * turn) for number in range(turns)]
    return {("threads", number + 1): slices[number::workers] for number in range(workers)}


def run_at_once(seconds: float, workers: int = 2) -> Lanes:
    """Let processes all run from the same moment to the same moment."""
    return {("processes", number + 1): [(0.0, seconds)] for number in range(workers)}


LANES: Lanes = {**take_turns(0.005, 12), **run_at_once(0.032)}


def make_slices(lanes: Lanes = LANES, start_method: str = "fork", **facts: object) -> pd.DataFrame:
    """Make the table of one trace, from the slices in which each worker of a runner ran."""
    rows = [
        {"runner": runner, "start_method": start_method if runner == "processes" else ""}
        | {"worker": worker, "start_seconds": start, "end_seconds": end}
        for (runner, worker), slices in lanes.items()
        for start, end in slices
    ]
    told = {"workers": max(number for _, number in lanes), "count": 4_000_000}
    return make(SLICES, rows, told | {"switch_interval_seconds": 0.005} | facts)


ROUNDS: Rounds = {
    1e-6: ([None] * 8, spread(1.2e7)),
    0.001: (spread(0.0011), spread(2.9e7)),
    0.005: (spread(0.0052), spread(3.0e7)),
    0.02: (spread(0.0203), spread(3.1e7)),
}


def make_switches(rounds: Rounds = ROUNDS, **facts: object) -> pd.DataFrame:
    """Make the table of one sweep of the switch interval.

    Of each there are the median turn (None where none was seen) and the steps a second, by round.
    """
    measured = {(interval,): both for interval, both in rounds.items()}
    told, values = {"workers": 2} | facts, "turn_seconds steps_per_second"
    return make_rounds(SWITCHES, measured, "switch_interval_seconds", values, told)
