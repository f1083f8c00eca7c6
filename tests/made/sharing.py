from collections.abc import Mapping
from typing import Any

import pandas as pd

from gil_demo.sharing.copies import ADDED, GLOBALS, PARENT, SET
from gil_demo.sharing.prices import COUNTS
from gil_demo.sharing.updates import CALL, DEFAULT, LOCKED, PLAIN, RAW, TINY, UPDATES
from tests.made.runs import make, make_rounds, spread

Lost = Mapping[tuple[str, str], float]  # the part that was lost, by way and switch interval
EXPECTED = 400_000
OFTEN_LOST: Lost = {
    (PLAIN, DEFAULT): 0.0,
    (PLAIN, TINY): 0.0,
    (CALL, DEFAULT): 0.2,
    (CALL, TINY): 0.3,
    (LOCKED, DEFAULT): 0.0,
    (LOCKED, TINY): 0.0,
}


def make_updates(lost: Lost = OFTEN_LOST, rounds: int = 4, **facts: Any) -> pd.DataFrame:
    """Make the table of counters that two threads raised, of one Python."""
    measured = {
        ("threads", *key): ([EXPECTED * (1 - part)] * rounds, spread(0.05, rounds))
        for key, part in lost.items()
    }
    told = {"workers": 2, "start_method": "", "expected": EXPECTED} | facts
    return make_rounds(UPDATES, measured, "runner way switch_interval", "found seconds", told)


MICROSECONDS = dict(zip(COUNTS, (0.06, 0.07, 0.5, 4.0, 0.05, 0.2, 1.5, 300.0), strict=True))


def make_prices(
    microseconds: Mapping[tuple[str, str], float] = MICROSECONDS,
    raw_lost: float = 0.25,
    rounds: int = 8,
    **facts: Any,
) -> pd.DataFrame:
    """Make the table of updates that took so many microseconds each."""
    measured = {
        (*key, "fork" if key[0] == "processes" else ""): (
            [2 * COUNTS[key]] * rounds,
            [2 * COUNTS[key] * (1 - raw_lost * (key[1] == RAW))] * rounds,
            [2e-6 * COUNTS[key] * one for one in spread(each, rounds)],
        )
        for key, each in microseconds.items()
    }
    names, values = "runner way start_method", "expected found seconds"
    told = {"experiment": "prices", "workers": 2, "switch_interval": DEFAULT} | facts
    return make_rounds(UPDATES, measured, names, values, told)


Seen = Mapping[tuple[str, str, str], tuple[int, int]]
DONE = SET + ADDED
LOOKS: Seen = {
    ("threads", "", PARENT): (SET, DONE + ADDED),
    ("threads", "", "worker 1"): (SET, DONE),
    ("threads", "", "worker 2"): (DONE, DONE + ADDED),
    ("processes", "fork", PARENT): (SET, SET),
    ("processes", "fork", "worker 1"): (SET, DONE),
    ("processes", "fork", "worker 2"): (SET, DONE),
    ("processes", "spawn", PARENT): (SET, SET),
    ("processes", "spawn", "worker 1"): (0, ADDED),
    ("processes", "spawn", "worker 2"): (0, ADDED),
}


def make_globals(seen: Seen = LOOKS, **facts: Any) -> pd.DataFrame:
    """Make the table of what each saw of a global, first and last."""
    names = ("runner", "start_method", "who", "first", "last")
    rows = [dict(zip(names, (*key, *both), strict=True)) for key, both in seen.items()]
    return make(GLOBALS, rows, facts)
