import json
import time
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import GilDemoError
from gil_demo.costs import memory
from gil_demo.costs.memory import (
    DEEDS,
    LEAST_TABLE_BYTES,
    MOST_TABLE_BYTES,
    PARENTS,
    summarise_memory,
    weigh_workers,
)
from gil_demo.running.scripts import Outcome
from gil_demo.tables.files import load, save
from tests.conftest import METHODS, list_workers
from tests.experiments_conftest import assert_one_run
from tests.made.costs import make_weights

SMALL, LARGE = PARENTS
WAITS = DEEDS[0]

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.mark.usefixtures("no_wait")
def test_real_workers_of_every_start_method_are_a_whole_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "LEAST_ROUNDS", 1)  # each takes a while
    before = list_workers()
    table = weigh_workers(table_bytes=LEAST_TABLE_BYTES, budget=0.01)
    assert list_workers() == before
    assert_one_run(table, ["start_method", "parent", "deed"])
    assert dict(table.dtypes) == dict(make_weights().dtypes)
    assert set(table["start_method"]) == set(METHODS)
    for method, own in table.groupby("start_method"):
        assert set(own["parent"]) == {SMALL, LARGE}
        assert len(own) == (6 if method == "fork" else 4)
    assert table["table_bytes"].nunique() == 1
    assert len(summarise_memory(table)) == len(table)
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table, check_exact=True)


@pytest.fixture
def weighed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which scripts would be run, and let each print what it should."""
    methods: list[str] = []

    def note(script: str, _: float) -> Outcome:
        methods.append(next(method for method in METHODS if repr(method) in script))
        time.sleep(0.01)
        line = json.dumps([[[SMALL, WAITS, 3_000_000, 5_000_000]], 1_000_000 + len(methods)])
        return Outcome("finished", 0.01, f"{line}\n")

    monkeypatch.setattr(memory, "run_script", note)
    return methods


@pytest.mark.usefixtures("no_wait")
def test_each_round_weighs_every_start_method(weighed: list[str]) -> None:
    table = weigh_workers(METHODS, table_bytes=LEAST_TABLE_BYTES, budget=0.3)
    assert_one_run(table, ["start_method", "parent", "deed"])
    rounds = int(table["round"].max())
    assert 2 < rounds <= 20
    assert len(weighed) == rounds * len(METHODS)
    for first in range(0, len(weighed), len(METHODS)):
        assert sorted(weighed[first : first + len(METHODS)]) == sorted(METHODS)
    assert list(table["start_method"]) == weighed


@pytest.mark.usefixtures("no_wait", "weighed")
@pytest.mark.parametrize(("budget", "rounds"), [(0.001, 2), (60.0, 20)])
def test_there_are_two_rounds_at_least_and_twenty_at_most(budget: float, rounds: int) -> None:
    table = weigh_workers(METHODS[:1], budget=budget)
    assert set(table["rounds"]) == {rounds}


@pytest.mark.usefixtures("no_wait", "weighed")
def test_the_size_of_the_table_is_the_median_of_what_was_measured() -> None:
    table = weigh_workers(METHODS[:1], budget=0.001)
    assert set(table["table_bytes"]) == {1_000_001}


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("printed", ["", "Killed\n", "{}\n", "[]\n", "[1, 2, 3]\n"])
def test_a_script_that_weighs_nothing_is_one_clear_error(
    printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "run_script", lambda *_: Outcome("failed", 0.5, printed))
    told = rf"workers started by {METHODS[0]} could not be weighed: failed \(0\.5 s\)"
    with pytest.raises(GilDemoError, match=told):
        weigh_workers(METHODS[:1], budget=0.001)


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"start_methods": ["vfork"]}, ValueError),
        ({"start_methods": [None]}, TypeError),
        ({"start_methods": ()}, ValueError),
        ({"table_bytes": LEAST_TABLE_BYTES - 1}, ValueError),
        ({"table_bytes": MOST_TABLE_BYTES + 1}, ValueError),
        ({"table_bytes": 4e7}, TypeError),
        ({"budget": -1}, ValueError),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_starts(
    wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"must"):
        weigh_workers(**wrong)
