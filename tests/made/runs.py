"""Honest synthetic tables of timed runs, and the machine that all synthetic tables are of."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gil_demo.measuring.machine import describe_machine
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.kinds import choose_schema
from gil_demo.tables.schema import convert, make_table

BUSY_PERCENT = 12.34

Ratios = Mapping[tuple[str, int], Sequence[float]]

FACTS: dict[str, object] = {
    "busy_percent": 2.5,
    "usable_cores": 2,
    "logical_cores": 2,
    "physical_cores": 2,
    "cores_limited_by": "",
    "python_version": "3.13.0",
    "implementation": "CPython",
    "gil_enabled": True,
    "operating_system": "Linux",
    "architecture": "x86_64",
    "measured_on": "2026-11-22",
    "recorded_on": "",
}
"""An ordinary machine."""


def spread(centre: float, rounds: int = 8, width: float = 0.02) -> list[float]:
    """Return ratios around a centre, evenly spread over a part of it, in no sorted order."""
    steps = [(7 * number) % rounds / max(1, rounds - 1) - 0.5 for number in range(rounds)]
    return [centre * (1 + width * step) for step in steps]


ORDINARY: Ratios = {("threads", 2): spread(1.03), ("processes", 2): spread(0.55)}


def make_rows(
    ratios: Ratios | None = None, start_method: str = "fork", **facts: object
) -> list[dict[str, object]]:
    """Make rows of one run, one dict a timed run.

    Args:
        ratios: for each runner with its number of workers, its time in each round as a multiple
            of the sequential time, which is 0.2 s in the first round and grows by 1 % a round.
        start_method: how the processes were started.
        facts: values of columns that differ from an ordinary machine's or run's.
    """
    chosen = ORDINARY if ratios is None else ratios
    rounds = len(next(iter(chosen.values()), range(8)))
    everyone: Ratios = {("sequential", 1): [1.0] * rounds, **chosen}
    return [
        FACTS
        | {
            "run_id": "a1b2c3",
            "experiment": "compare",
            "workload": "countdown",
            "runner": runner,
            "workers": workers,
            "start_method": start_method if runner == "processes" else "",
            "tasks": max(worker for _, worker in everyone),
            "count": 4_000_000,
            "round": number + 1,
            "rounds": rounds,
            "position": position,
            "start_up_seconds": 0.0,
            "seconds": 0.2 * 1.01**number * multiples[number],
            "tear_down_seconds": 0.0,
            "stopped_by": "precision",
        }
        | facts
        for number in range(rounds)
        for position, ((runner, workers), multiples) in enumerate(everyone.items(), start=1)
    ]


def make_run(ratios: Ratios | None = None, **facts: Any) -> pd.DataFrame:
    """Make the table of one run of `compare`; see `make_rows` for the arguments."""
    return make_table(make_rows(ratios, **facts), RUNS)


SCALED: Ratios = {
    ("threads", 2): spread(1.02),
    ("threads", 4): spread(1.05),
    ("processes", 2): spread(0.55),
    ("processes", 4): spread(0.3),
}


def make_scaling(ratios: Ratios | None = None, **facts: Any) -> pd.DataFrame:
    """Make the table of one run of `scale`, on four cores; see `make_rows` for the arguments."""
    four = {"experiment": "scale", "usable_cores": 4, "logical_cores": 4, "physical_cores": 4}
    return make_run(SCALED if ratios is None else ratios, **(four | facts))


def assert_one_run(table: pd.DataFrame, variant: Sequence[str]) -> None:
    """Fail unless a table holds one run of this machine, in whole and shuffled rounds."""
    schema = choose_schema(table)
    assert list(table.columns) == list(schema.columns)
    pd.testing.assert_frame_equal(convert(table, schema, "the table"), table, check_exact=True)
    assert table["run_id"].nunique() == 1
    assert set(table["rounds"]) == {table["round"].max()}
    variants = set(map(tuple, table[list(variant)].to_numpy()))
    for _, rows in table.groupby("round"):
        assert len(rows) == len(variants)
        assert set(map(tuple, rows[list(variant)].to_numpy())) == variants
    facts: Any = describe_machine()
    for name in ("usable_cores", "python_version", "operating_system", "gil_enabled"):
        assert set(table[name]) == {getattr(facts, name)}
    assert set(table["busy_percent"]) == {round(BUSY_PERCENT, 1)}
    assert set(table["recorded_on"]) == {""}
