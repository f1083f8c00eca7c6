"""Honest synthetic tables of timed runs, and the machine that all synthetic tables are of."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from gil_demo.measuring.runs import RUNS, collect_facts
from gil_demo.tables.kinds import choose_schema
from gil_demo.tables.schema import MACHINE, SHARES, Schema, convert, make_table

BUSY_PERCENT = 12.34

Measured = Mapping[Any, Sequence[Any]]
Ratios = Mapping[tuple[str, int], Sequence[float]]
Facts = Mapping[str, object]


def spread(centre: float, rounds: int = 8, width: float = 0.02) -> list[float]:
    """Return ratios around a centre, evenly spread over a part of it, in no sorted order."""
    steps = [(7 * number) % rounds / max(1, rounds - 1) - 0.5 for number in range(rounds)]
    return [centre * (1 + width * step) for step in steps]


ORDINARY: Ratios = {("threads", 2): spread(1.03), ("processes", 2): spread(0.55)}
SCALED: Ratios = {
    **{("threads", workers): spread(ratio) for workers, ratio in ((2, 1.02), (4, 1.05))},
    **{("processes", workers): spread(ratio) for workers, ratio in ((2, 0.55), (4, 0.3))},
}
FACTS: dict[str, object] = {
    **dict.fromkeys(("usable_cores", "logical_cores", "physical_cores"), 2),
    **dict.fromkeys(("cores_limited_by", "recorded_on"), ""),
    "busy_percent": 2.5,
    "python_version": "3.13.0",
    "implementation": "CPython",
    "gil_enabled": True,
    "operating_system": "Linux",
    "architecture": "x86_64",
    "measured_on": "2026-11-22",
    **dict.fromkeys(SHARES, math.nan),
}


def make(schema: Schema, rows: Iterable[Facts], facts: Facts) -> pd.DataFrame:
    """Make a table of one run on an ordinary machine, but for what rows and then facts say."""
    run = FACTS | {"run_id": "a1b2c3", "experiment": schema.columns["experiment"].choices[0]}
    return make_table([{**run, **row, **facts} for row in rows], schema)


def make_rounds(
    schema: Schema, measured: Measured, names: str, values: str, facts: Facts
) -> pd.DataFrame:
    """Make a table of things that have `names`, and of each of the `values` one in each round."""
    rounds = len(next(iter(measured.values()))[0])
    rows = [
        {"round": number + 1, "rounds": rounds, "position": position}
        | dict(zip(names.split(), key, strict=True))
        | {name: own[number] for name, own in zip(values.split(), found, strict=True)}
        for number in range(rounds)
        for position, (key, found) in enumerate(measured.items(), start=1)
    ]
    return make(schema, rows, facts)


def make_run(ratios: Ratios = ORDINARY, **facts: Any) -> pd.DataFrame:
    """Make the table of one run of `compare`, with the values of columns that differ.

    The ratios are of each runner's time, by workers, in each round; the sequential time is 0.2 s
    in the first round and grows by 1 % a round.
    """
    method, rounds = facts.pop("start_method", "fork"), len(next(iter(ratios.values()), range(8)))
    everyone: Ratios = {("sequential", 1): [1.0] * rounds, **ratios}
    measured = {
        (runner, workers, method if runner == "processes" else ""): [
            [0.2 * 1.01**number * multiple for number, multiple in enumerate(multiples)]
        ]
        for (runner, workers), multiples in everyone.items()
    }
    run: dict[str, object] = {"tasks": max(workers for _, workers in everyone)}
    run |= {"workload": "countdown", "count": 4_000_000, "stopped_by": "precision"}
    run |= {"start_up_seconds": 0.0, "tear_down_seconds": 0.0}
    return make_rounds(RUNS, measured, "runner workers start_method", "seconds", run | facts)


def make_scaling(ratios: Ratios = SCALED, **facts: Any) -> pd.DataFrame:
    """Make the table of one run of `scale`, on four cores; see `make_run` for the arguments."""
    four = {"experiment": "scale", "usable_cores": 4, "logical_cores": 4, "physical_cores": 4}
    return make_run(ratios, **(four | facts))


def assert_one_run(table: pd.DataFrame, variant: Sequence[str]) -> None:
    """Fail unless a table holds one run of this machine, in whole and shuffled rounds."""
    schema = choose_schema(table)
    assert schema.variant == (*variant,)  # of which each must have a row in each round
    pd.testing.assert_frame_equal(convert(table, schema, "the table"), table, check_exact=True)
    assert table["run_id"].nunique() == 1
    facts = collect_facts("")
    for name in {*MACHINE} - {*SHARES, "measured_on", "physical_cores"}:  # one may be unknown
        assert set(table[name]) == {facts[name]}, name
