"""What tests of experiments have in common."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from gil_demo.measuring import runs as measurements
from gil_demo.measuring.machine import describe_machine
from gil_demo.tables.kinds import list_schemas
from gil_demo.tables.schema import choose_schema, convert

BUSY_PERCENT = 12.34


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the half second in which the machine is watched."""
    monkeypatch.setattr(measurements, "measure_busy_percent", lambda: BUSY_PERCENT)


@pytest.fixture
def nothing_may_be_measured(monkeypatch: pytest.MonkeyPatch, no_process_may_start: None) -> None:
    """Make a look at the machine, and the start of any process, fail the test."""
    del no_process_may_start

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was measured")

    monkeypatch.setattr(measurements, "measure_busy_percent", refuse)


def assert_one_run(table: pd.DataFrame, variant: Sequence[str]) -> None:
    """Fail unless a table holds one run of this machine, in whole and shuffled rounds."""
    schema = choose_schema(table, list_schemas())
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
