import time
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from gil_demo.costs import start_up
from gil_demo.costs.start_up import LOADS, Start, compare_start_up, summarise_start_up
from gil_demo.tables.files import load, save
from tests.conftest import METHODS, list_workers
from tests.experiments_conftest import assert_one_run
from tests.made.costs import make_starts

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Note which pools would be started, and in which order, without their cost."""
    starts: list[tuple[object, ...]] = []

    def note(*variant: object) -> Start:
        starts.append(variant)
        time.sleep(0.001)
        return Start(0.01 * len(starts), 0.01)

    monkeypatch.setattr(start_up, "time_start", note)
    return starts


@pytest.mark.usefixtures("no_wait")
def test_real_pools_of_every_start_method_are_a_whole_table(tmp_path: Path) -> None:
    before = list_workers()
    table = compare_start_up(workers=1, budget=0.01)
    assert list_workers() == before
    assert_one_run(table, ["start_method", "loads"])
    assert dict(table.dtypes) == dict(make_starts().dtypes)
    assert set(table["start_method"]) == set(METHODS)
    assert set(table["loads"]) == set(LOADS)
    assert set(table["workers"]) == {1}
    assert set(table["round"]) == {1}  # one whole round, however small the budget
    assert sorted(table["position"]) == list(range(1, 2 * len(METHODS) + 1))
    assert len(summarise_start_up(table)) == 2 * len(METHODS)
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table, check_exact=True)


@pytest.mark.usefixtures("no_wait")
def test_a_round_holds_every_variant_in_an_order_of_its_own(
    started: list[tuple[object, ...]],
) -> None:
    table = compare_start_up(METHODS, workers=3, budget=0.5)
    assert_one_run(table, ["start_method", "loads"])
    variants = {(3, method, load) for method in METHODS for load in LOADS}
    size = len(variants)
    assert table["round"].max() > 2
    assert len(started) == size * (1 + table["round"].max())  # a warm-up round comes first
    for first in range(0, len(started), size):
        assert set(started[first : first + size]) == variants
    orders = {tuple(started[first : first + size]) for first in range(0, len(started), size)}
    assert len(orders) > 1
    told = zip(table["workers"], table["start_method"], table["loads"], strict=True)
    assert list(told) == started[size:]


@pytest.mark.usefixtures("no_wait", "started")
def test_only_the_start_methods_asked_for_are_started() -> None:
    table = compare_start_up([METHODS[-1]], budget=0.01)
    assert set(table["start_method"]) == {METHODS[-1]}
    assert set(table["workers"]) == {2}


@pytest.mark.usefixtures("no_wait", "started")
def test_the_budget_is_kept_and_two_runs_have_different_names() -> None:
    began = time.monotonic()
    one, other = (compare_start_up(budget=0.1) for _ in range(2))
    assert time.monotonic() - began < 5
    assert set(one["run_id"]) != set(other["run_id"])


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"start_methods": ["vfork"]}, ValueError),
        ({"start_methods": []}, ValueError),
        ({"start_methods": "fork"}, TypeError),
        ({"start_methods": METHODS[:1] * 2}, ValueError),
        ({"workers": 0}, ValueError),
        ({"workers": 1.0}, TypeError),
        ({"budget": 0}, ValueError),
        ({"budget": "8"}, TypeError),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_starts(
    wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"must"):
        compare_start_up(**wrong)
