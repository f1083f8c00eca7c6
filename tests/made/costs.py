"""Honest synthetic tables of what processes cost, to test with.

`make_lengths` follows a law for each way of running, so that the truth is known.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from gil_demo.costs.break_even import LENGTHS
from gil_demo.costs.memory import DEEDS, PARENTS, WEIGHTS
from gil_demo.costs.start_up import STARTS
from gil_demo.costs.transport import TRANSFERS
from gil_demo.tables.schema import MACHINE, make_table
from tests.conftest import make_rows, spread

Starts = Mapping[tuple[str, str], tuple[Sequence[float], Sequence[float]]]
Transfers = Mapping[tuple[str, str, int], Sequence[float]]
Weights = Mapping[tuple[str, str, str], tuple[Sequence[int], Sequence[int]]]
Way = tuple[str, str]

FACTS = {name: make_rows()[0][name] for name in MACHINE}

ORDINARY_STARTS: Starts = {
    ("fork", "nothing"): (spread(0.012), spread(0.015)),
    ("fork", "pandas"): (spread(0.35), spread(0.02)),
    ("spawn", "nothing"): (spread(0.11), spread(0.03)),
    ("spawn", "pandas"): (spread(0.52), spread(0.04)),
}


def make_starts(starts: Starts | None = None, workers: int = 2, **facts: object) -> pd.DataFrame:
    """Make the table of pools that were started.

    Args:
        starts: for each start method, with what the workers import, the seconds until all were
            ready and until all were gone, both in each round.
        workers: how many workers a pool had.
        facts: values of columns that differ from an ordinary machine's or run's.

    Returns:
        The table, a row for each round of each start.
    """
    chosen = ORDINARY_STARTS if starts is None else starts
    rounds = len(next(iter(chosen.values()))[0])
    rows = [
        FACTS
        | {
            "run_id": "c1d2e3",
            "experiment": "starts",
            "start_method": method,
            "loads": loads,
            "workers": workers,
            "round": number + 1,
            "rounds": rounds,
            "position": position,
            "start_up_seconds": started[number],
            "tear_down_seconds": gone[number],
        }
        | facts
        for number in range(rounds)
        for position, ((method, loads), (started, gone)) in enumerate(chosen.items(), start=1)
    ]
    return make_table(rows, STARTS)


def carry(
    sizes: Sequence[int],
    ways: Mapping[tuple[str, str], tuple[float, float]],
    rounds: int = 8,
) -> Transfers:
    """Say how long data takes by ways that each have an overhead and a pace.

    Args:
        sizes: bytes.
        ways: for each kind of data with its way the overhead in seconds and the seconds a byte.
        rounds: how many rounds there are.
    """
    return {
        (kind, way, size): spread(overhead + pace * size, rounds)
        for (kind, way), (overhead, pace) in ways.items()
        for size in sizes
    }


ORDINARY_WAYS = {
    ("bytes", "pickling"): (2e-6, 1e-10),
    ("bytes", "argument"): (1e-4, 2e-9),
    ("bytes", "result"): (1e-4, 2.2e-9),
    ("bytes", "shared memory"): (3e-4, 6e-10),
    ("bytes", "initializer"): (0.03, 1e-9),
    ("bytes", "kept"): (1e-4, 0.0),
}
ORDINARY_TRANSFERS: Transfers = {
    **carry([1_000, 100_000, 10_000_000], ORDINARY_WAYS),
    **carry(
        [1_000, 100_000],
        {("numbers", "pickling"): (3e-6, 8e-9), ("numbers", "argument"): (2e-4, 9e-9)},
    ),
}


def make_transfers(
    transfers: Transfers | None = None, start_method: str = "fork", **facts: object
) -> pd.DataFrame:
    """Make the table of data that was carried.

    Args:
        transfers: for each kind of data, way and size the seconds in each round; `carry` makes
            some by a law.
        start_method: how the worker was started.
        facts: values of columns that differ from an ordinary machine's or run's.

    Returns:
        The table, a row for each round of each piece of data.
    """
    chosen = ORDINARY_TRANSFERS if transfers is None else transfers
    rounds = len(next(iter(chosen.values())))
    rows = [
        FACTS
        | {
            "run_id": "d2e3f4",
            "experiment": "transfers",
            "kind": kind,
            "way": way,
            "size_bytes": size,
            "start_method": start_method,
            "round": number + 1,
            "rounds": rounds,
            "position": position,
            "seconds": seconds[number],
        }
        | facts
        for number in range(rounds)
        for position, ((kind, way, size), seconds) in enumerate(chosen.items(), start=1)
    ]
    return make_table(rows, TRANSFERS)


SMALL, LARGE = PARENTS
WAITS, IMPORTS, READS, COLLECTS, COLLECTS_FROZEN = DEEDS
MEGABYTE = 1_000_000


def _weigh(megabytes: float, parent: float) -> tuple[Sequence[int], Sequence[int]]:
    return (
        [round(MEGABYTE * weight) for weight in spread(megabytes, 2)],
        [round(MEGABYTE * weight) for weight in spread(parent, 2)],
    )


ORDINARY_WEIGHTS: Weights = {
    ("fork", SMALL, WAITS): _weigh(3, 5),
    ("fork", SMALL, IMPORTS): _weigh(45, 5),
    ("fork", LARGE, WAITS): _weigh(3.2, 6),
    ("fork", LARGE, READS): _weigh(38, 38),
    ("fork", LARGE, COLLECTS): _weigh(40, 40),
    ("fork", LARGE, COLLECTS_FROZEN): _weigh(4, 6),
    ("spawn", SMALL, WAITS): _weigh(9, 12),
    ("spawn", SMALL, IMPORTS): _weigh(55, 12),
    ("spawn", LARGE, WAITS): _weigh(9, 52),
    ("spawn", LARGE, READS): _weigh(50, 54),
}


def make_weights(
    weights: Weights | None = None, table_bytes: int = 40 * MEGABYTE, **facts: object
) -> pd.DataFrame:
    """Make the table of workers that were weighed.

    Args:
        weights: for each start method, with what its parent held and what it did, the bytes that
            only the worker had and those that only its parent had, both in each round.
        table_bytes: how large the parent's table was.
        facts: values of columns that differ from an ordinary machine's or run's.

    Returns:
        The table, a row for each round of each worker.
    """
    chosen = ORDINARY_WEIGHTS if weights is None else weights
    rounds = len(next(iter(chosen.values()))[0])
    rows = [
        FACTS
        | {
            "run_id": "e3f4a5",
            "experiment": "weights",
            "start_method": method,
            "parent": parent,
            "deed": deed,
            "table_bytes": table_bytes,
            "round": number + 1,
            "rounds": rounds,
            "unique_bytes": unique[number],
            "parent_bytes": parents[number],
        }
        | facts
        for number in range(rounds)
        for (method, parent, deed), (unique, parents) in chosen.items()
    ]
    return make_table(rows, WEIGHTS)


class Law(NamedTuple):
    """What a way of running costs, for as many tasks as there are workers.

    Attributes:
        overhead: seconds, whatever the length of the tasks.
        slope: seconds for each step of one task.
    """

    overhead: float
    slope: float


STEP = 2e-8  # seconds that the plain loop takes for a step
ORDINARY_LAWS: Mapping[Way, Law] = {
    ("sequential", ""): Law(0.0, 2 * STEP),
    ("threads", ""): Law(2e-4, 2.06 * STEP),
    ("processes", "fork"): Law(4e-4, 1.05 * STEP),
    ("processes", "spawn"): Law(4e-4, 1.05 * STEP),
}
ORDINARY_POOLS: Mapping[str, tuple[float, float]] = {"fork": (0.012, 0.008), "spawn": (0.1, 0.03)}
LONGEST_STEPS = 7_000_000
STEPS = tuple(LONGEST_STEPS // 4**place for place in reversed(range(7)))


class Noise(NamedTuple):
    """What disturbs measurements.

    Attributes:
        each: the standard deviation of each measurement, as a part of it.
        common: the most by which a whole round is slowed; 1 for not at all.
        disturbed: the part of the measurements that take 1.3 to 3 times as long.
    """

    each: float = 0.0
    common: float = 1.0
    disturbed: float = 0.0

    def blow(self, chance: random.Random) -> Callable[[float], float]:
        """Return what changes the measurements of one round."""
        pace = chance.uniform(1, self.common)

        def change(seconds: float) -> float:
            noisy = seconds * pace * max(0.1, chance.gauss(1, self.each))
            return noisy * (chance.uniform(1.3, 3) if chance.random() < self.disturbed else 1)

        return change


QUIET = Noise()
SLIGHT = Noise(each=0.01)
FAIR = Noise(each=0.05, common=2.0, disturbed=0.02)


def make_lengths(
    laws: Mapping[Way, Law] | None = None,
    pools: Mapping[str, tuple[float, float]] | None = None,
    *,
    noise: Noise = SLIGHT,
    rounds: int = 8,
    steps: Sequence[int] = STEPS,
    tasks: int = 2,
    seed: object = 0,
    **facts: object,
) -> pd.DataFrame:
    """Make the table of a sweep of the tasks' length.

    Args:
        laws: for each runner with its start method what it costs; processes in a pool that was
            kept open.
        pools: for each start method the seconds until a pool is ready and until it is gone.
        noise: what disturbs measurements; the same for the same seed.
        rounds: how many rounds there are.
        steps: the steps of a task, in the order in which they stand in a round.
        tasks: how many tasks there are.
        seed: what the noise comes from.
        facts: values of columns that differ from an ordinary machine's or run's.

    Returns:
        The table, a row for each round of each way and length.
    """
    chosen = ORDINARY_LAWS if laws is None else laws
    started = ORDINARY_POOLS if pools is None else pools
    chance = random.Random(str(seed))
    rows = []
    for number in range(1, rounds + 1):
        change = noise.blow(chance)
        starts = {method: [change(part) for part in parts] for method, parts in started.items()}
        variants = [(way, length) for way in chosen for length in steps]
        for position, ((runner, method), length) in enumerate(variants, start=1):
            law = chosen[runner, method]
            start_up, tear_down = starts[method] if runner == "processes" else (0.0, 0.0)
            row = FACTS | {
                "run_id": "f4a5b6",
                "experiment": "break_even",
                "runner": runner,
                "start_method": method,
                "tasks": tasks,
                "steps": length,
                "round": number,
                "rounds": rounds,
                "position": position,
                "start_up_seconds": start_up,
                "seconds": change(law.overhead + law.slope * length),
                "tear_down_seconds": tear_down,
            }
            rows.append(row | facts)
    return make_table(rows, LENGTHS)


def find_true_crossing(
    rival: Law, processes: Law, pool: tuple[float, float] = (0.0, 0.0), step: float = STEP
) -> float:
    """Say from which length of a task, in seconds of the plain loop, processes pay by these laws.

    Args:
        rival: what the other way costs.
        processes: what processes cost in a pool that was kept open.
        pool: the seconds until a pool is ready and until it is gone, for a cold one.
        step: seconds that the plain loop takes for a step of one task.
    """
    overhead = processes.overhead + sum(pool) - rival.overhead
    return step * overhead / (rival.slope - processes.slope)
