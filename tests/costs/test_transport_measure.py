import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import GilDemoError, WorkerDied
from gil_demo.costs import cargo as blocks
from gil_demo.costs import transport
from gil_demo.costs.transport import (
    DEFAULT_SIZES,
    KINDS,
    MOST_BYTES,
    WAYS,
    compare_transport,
    summarise_transport,
)
from gil_demo.tables.files import load, save
from tests.conftest import METHODS, list_workers
from tests.experiments_conftest import assert_one_run
from tests.made import tasks
from tests.made.costs import make_transfers

LEAN: dict[str, Any] = {"start_method": METHODS[0], "budget": 0.05}

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.fixture
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out no size for the time that it takes, however small the budget."""
    monkeypatch.setattr(transport, "_ROUNDS", 1e-6)


@pytest.mark.usefixtures("no_wait", "time_enough")
@pytest.mark.parametrize("method", METHODS)
def test_real_data_by_every_way_are_a_whole_table(method: str, tmp_path: Path) -> None:
    before = list_workers()
    table = compare_transport([30_000, 1_000], start_method=method, budget=0.05)
    assert list_workers() == before
    assert_one_run(table, ["kind", "way", "size_bytes"])
    assert dict(table.dtypes) == dict(make_transfers().dtypes)
    assert set(table["start_method"]) == {method}
    assert set(table["size_bytes"]) == {1_000, 30_000}
    assert set(table["kind"]) == set(KINDS)
    for kind, ways in (("bytes", set(WAYS)), ("numbers", {"argument", "pickling"})):
        for _, own in table[table["kind"] == kind].groupby("size_bytes"):
            assert set(own["way"]) == ways
    for _, rows in table.groupby("round"):
        assert sorted(rows["position"]) == list(range(1, len(rows) + 1))
    assert not summarise_transport(table).empty
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table, check_exact=True)


@pytest.mark.usefixtures("no_wait", "time_enough")
def test_new_pools_are_started_for_the_smallest_size_and_the_two_largest_ones_only() -> None:
    table = compare_transport([1_000, 2_000, 3_000, 4_000], **LEAN)
    told = {way: set(own["size_bytes"]) for way, own in table.groupby("way")}
    assert told["initializer"] == {1_000, 3_000, 4_000}
    assert told["argument"] == told["shared memory"] == {1_000, 2_000, 3_000, 4_000}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], list[Any]]:
    """Give a function that lets data travel at a pace, in seconds a byte, without a journey."""

    def set_pace(pace: float) -> list[Any]:
        seen: list[Any] = []

        def note(_: object, variant: Any, method: str) -> transport.Transfer:
            seen.append((*variant, method))
            return transport.Transfer(1e-6 + pace * variant.size_bytes)

        monkeypatch.setattr(transport, "_time", note)
        monkeypatch.setattr(transport, "_watch", lambda *told: note(*told).work)
        monkeypatch.setattr(transport, "make_bytes", lambda size: b"x" * min(size, 1_000))
        return seen

    return set_pace


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    ("pace", "largest"), [(1e-12, 100_000_000), (1e-9, 10_000_000), (1e-3, 1_000)]
)
def test_sizes_that_would_take_too_long_are_left_out_the_largest_first(
    pace: float, largest: int, quick: Callable[[float], list[Any]]
) -> None:
    quick(pace)
    table = compare_transport(start_method=METHODS[0], budget=1.0)
    assert sorted(set(table["size_bytes"])) == [size for size in DEFAULT_SIZES if size <= largest]


@pytest.mark.usefixtures("no_wait")
def test_sizes_that_the_memory_has_no_room_for_are_left_out(
    quick: Callable[[float], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(1e-12)
    memory = SimpleNamespace(available=8 * 100_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert set(compare_transport(**LEAN)["size_bytes"]) == {1_000, 10_000, 100_000}


@pytest.mark.usefixtures("no_wait", "no_process_may_start")
def test_where_no_size_has_room_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = SimpleNamespace(available=8 * 2_000_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(transport, "start_tracker", lambda: None)
    with pytest.raises(GilDemoError, match="for pieces of 2 MB, not for one of 3 MB: take less"):
        compare_transport([3_000_000], **LEAN)


@pytest.mark.usefixtures("no_wait", "time_enough")
def test_blocks_that_shared_memory_has_no_room_for_are_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(blocks, "_MOUNT", tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10_000))
    table = compare_transport([1_000, 20_000], **LEAN)
    assert set(table.loc[table["way"] == "shared memory", "size_bytes"]) == {1_000}
    assert set(table.loc[table["way"] == "argument", "size_bytes"]) == {1_000, 20_000}


@pytest.mark.usefixtures("no_wait")
def test_each_round_carries_everything_in_an_order_of_its_own(
    quick: Callable[[float], list[Any]],
) -> None:
    seen = quick(1e-12)
    table = compare_transport([1_000, 5_000], start_method=METHODS[0], budget=0.3)
    assert_one_run(table, ["kind", "way", "size_bytes"])
    size = len(table[table["round"] == 1])
    carried = seen[-len(table) :]
    told = zip(
        *(table[name] for name in ("kind", "way", "size_bytes", "start_method")), strict=True
    )
    assert list(told) == carried
    assert len({tuple(carried[first : first + size]) for first in range(0, len(table), size)}) > 1


@pytest.mark.usefixtures("no_wait")
def test_one_size_alone_is_carried_whatever_the_time() -> None:
    table = compare_transport([200_000], start_method=METHODS[0], budget=0.001)
    assert set(table["size_bytes"]) == {200_000}
    assert set(table["rounds"]) == {1}


@pytest.mark.usefixtures("no_wait")
def test_the_budget_is_kept() -> None:
    began = time.monotonic()
    compare_transport([1_000], start_method=METHODS[0], budget=0.5)
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("no_wait", "pool_threads_may_stay")
@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_dies_with_data_is_one_clear_error(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_workers()
    monkeypatch.setattr(transport, "read_block", tasks.die_of_two)
    with pytest.raises(WorkerDied, match=r"with 1 task under way: \['die_of_two'\]"):
        compare_transport([1_000], start_method=method, budget=0.05)
    assert list_workers() == before


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"sizes": []}, ValueError),
        ({"sizes": [999]}, ValueError),
        ({"sizes": [MOST_BYTES + 1]}, ValueError),
        ({"sizes": [1_000, 1_000]}, ValueError),
        ({"sizes": [1_000.0]}, TypeError),
        ({"sizes": 1_000}, TypeError),
        ({"start_method": "vfork"}, ValueError),
        ({"start_method": 1}, TypeError),
        ({"budget": float("nan")}, ValueError),
        ({"budget": None, "sizes": None}, TypeError),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_starts(
    wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"must"):
        compare_transport(**wrong)
