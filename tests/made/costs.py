import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.costs.break_even import LENGTHS
from gil_demo.costs.memory import DEEDS, PARENTS, WEIGHTS
from gil_demo.costs.start_up import STARTS
from gil_demo.costs.transport import TRANSFERS
from gil_demo.measuring.fits import Line
from tests.made.runs import Measured, make_rounds, spread

Way = tuple[str, str]

ORDINARY_STARTS: Measured = {
    ("fork", "nothing"): (spread(0.012), spread(0.015)),
    ("fork", "pandas"): (spread(0.35), spread(0.02)),
    ("spawn", "nothing"): (spread(0.11), spread(0.03)),
    ("spawn", "pandas"): (spread(0.52), spread(0.04)),
}


def make_starts(starts: Measured = ORDINARY_STARTS, **facts: Any) -> pd.DataFrame:
    """Make the table of pools that were ready, and gone, after so many seconds in each round."""
    names, values = "start_method loads", "start_up_seconds tear_down_seconds"
    return make_rounds(STARTS, starts, names, values, {"workers": 2} | facts)


CARRIED: Mapping[Way, tuple[float, float]] = {  # seconds of any data, and those of each byte
    ("bytes", "pickling"): (2e-6, 1e-10),
    ("bytes", "argument"): (1e-4, 2e-9),
    ("bytes", "result"): (1e-4, 2.2e-9),
    ("bytes", "shared memory"): (3e-4, 6e-10),
    ("bytes", "initializer"): (0.03, 1e-9),
    ("bytes", "kept"): (1e-4, 0.0),
    ("numbers", "pickling"): (3e-6, 8e-9),
    ("numbers", "argument"): (2e-4, 9e-9),
}
ORDINARY_TRANSFERS: Measured = {
    (kind, way, size): spread(overhead + pace * size)
    for (kind, way), (overhead, pace) in CARRIED.items()
    for size in (1_000, 100_000, 10_000_000)[: 3 if kind == "bytes" else 2]
}


def make_transfers(transfers: Measured = ORDINARY_TRANSFERS, **facts: Any) -> pd.DataFrame:
    """Make the table of data that took, by kind, way and size, so many seconds in each round."""
    measured = {key: (seconds,) for key, seconds in transfers.items()}
    facts = {"start_method": "fork"} | facts
    return make_rounds(TRANSFERS, measured, "kind way size_bytes", "seconds", facts)


SMALL, LARGE = PARENTS
WAITS, IMPORTS, READS, COLLECTS, COLLECTS_FROZEN = DEEDS
MEGABYTE = 1_000_000


ORDINARY_WEIGHTS: Measured = {
    key: [[round(one) for one in spread(MEGABYTE * centre, 2)]]
    for key, centre in {
        ("fork", SMALL, WAITS): 3,
        ("fork", SMALL, IMPORTS): 45,
        ("fork", LARGE, WAITS): 3.2,
        ("fork", LARGE, READS): 38,
        ("fork", LARGE, COLLECTS): 40,
        ("fork", LARGE, COLLECTS_FROZEN): 4,
        ("spawn", SMALL, WAITS): 9,
        ("spawn", SMALL, IMPORTS): 55,
        ("spawn", LARGE, WAITS): 9,
        ("spawn", LARGE, READS): 50,
    }.items()
}


def make_weights(weights: Measured = ORDINARY_WEIGHTS, **facts: Any) -> pd.DataFrame:
    """Make the table of workers that had so many bytes of their own in each round."""
    facts = {"table_bytes": 40 * MEGABYTE} | facts
    return make_rounds(WEIGHTS, weights, "start_method parent deed", "unique_bytes", facts)


Law = Line  # what a way costs for as many tasks as workers: seconds, and seconds a step of one
STEP = 2e-8  # seconds that the plain loop takes for a step
LOOP, THREADS = ("sequential", ""), ("threads", "")
FORK, SPAWN = ("processes", "fork"), ("processes", "spawn")
ORDINARY_LAWS: Mapping[Way, Law] = {
    LOOP: Law(0.0, 2 * STEP),
    THREADS: Law(2e-4, 2.06 * STEP),
    FORK: Law(4e-4, 1.05 * STEP),
    SPAWN: Law(4e-4, 1.05 * STEP),
}
ORDINARY_POOLS: Mapping[str, tuple[float, float]] = {"fork": (0.012, 0.008), "spawn": (0.1, 0.03)}
# without a GIL two threads take as long as one, and start at once
FREE = {LOOP: Law(0, 2 * STEP), THREADS: Law(1e-4, 1.02 * STEP), FORK: Law(4e-4, 1.05 * STEP)}
NEVER = {LOOP: Law(0, 2 * STEP), FORK: Law(4e-4, 2.1 * STEP)}  # where processes don't pay
ALWAYS = {LOOP: Law(0, 2 * STEP), FORK: Law(0, STEP)}
STEPS = tuple(7_000_000 // 4**place for place in reversed(range(7)))


class Noise(NamedTuple):
    each: float = 0.0  # the standard deviation of each measurement, as a part of it
    common: float = 1.0  # the most by which a whole round is slowed
    disturbed: float = 0.0  # the part of the measurements that take 1.3 to 3 times as long

    def blow(self, chance: random.Random) -> Callable[[float], float]:
        pace = chance.uniform(1, self.common)

        def change(seconds: float) -> float:
            noisy = seconds * pace * max(0.1, chance.gauss(1, self.each))
            return noisy * (chance.uniform(1.3, 3) if chance.random() < self.disturbed else 1)

        return change


QUIET = Noise()
FAIR = Noise(each=0.05, common=2.0, disturbed=0.02)


def make_lengths(
    laws: Mapping[Way, Law] = ORDINARY_LAWS,
    pools: Mapping[str, tuple[float, float]] = ORDINARY_POOLS,
    *,
    noise: Noise = QUIET,
    rounds: int = 8,
    steps: Sequence[int] = STEPS,
    seed: int = 0,
    **facts: Any,
) -> pd.DataFrame:
    """Make the table of a sweep of the tasks' length, by known laws of pools that were kept open.

    `pools` are the seconds until a pool is ready and until it is gone.
    """
    chance = random.Random(seed)
    measured: dict[Any, tuple[list[float], ...]] = {
        (*way, length): ([], [], []) for way in laws for length in steps
    }
    for _ in range(rounds):
        change = noise.blow(chance)
        starts = {method: [change(part) for part in parts] for method, parts in pools.items()}
        for (runner, method, length), columns in measured.items():
            start_up, tear_down = starts.get(method, (0.0, 0.0))
            found = (start_up, change(laws[runner, method].at(length)), tear_down)
            for column, seconds in zip(columns, found, strict=True):
                column.append(seconds)
    names, values = "runner start_method steps", "start_up_seconds seconds tear_down_seconds"
    return make_rounds(LENGTHS, measured, names, values, {"tasks": 2} | facts)
