"""What carrying data costs: real journeys, what they are summed up to, told and drawn."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from matplotlib.container import ErrorbarContainer

from gil_demo import ResultsError, compare_transport, draw, summarise, verdict
from gil_demo.checks import WorkerDied
from gil_demo.costs import blocks, transport
from gil_demo.costs.transport import SIZES, WAYS
from gil_demo.measuring.rounds import Timing
from tests.charts import assert_readable, list_bars, read_across, read_up
from tests.conftest import EACH_METHOD, METHODS, list_workers
from tests.made import tasks
from tests.made.costs import (
    ORDINARY_TRANSFERS,
    Transfers,
    make_transfers,
)
from tests.made.runs import assert_one_run, spread

SENT = ("bytes", "argument", 10**6)

pytestmark = pytest.mark.usefixtures("nothing_hangs")


def leave_out(way: str) -> Transfers:
    """Make ordinary transfers without those by one way."""
    return {key: seconds for key, seconds in ORDINARY_TRANSFERS.items() if key[1] != way}


@pytest.fixture
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out no size for the time that it takes, and carry few sizes."""
    monkeypatch.setattr(transport, "_ROUNDS", 1e-6)
    monkeypatch.setattr(transport, "SIZES", (1_000, 2_000, 3_000, 30_000))


@pytest.mark.usefixtures("no_wait", "time_enough")
@pytest.mark.parametrize("method", EACH_METHOD)
def test_real_data_by_every_way_are_a_whole_table(method: str) -> None:
    before = list_workers()
    table = compare_transport(start_method=method, budget=0.05)
    assert list_workers() == before
    assert_one_run(table, ["kind", "way", "size_bytes"])
    assert set(table["start_method"]) == {method}
    every = {1_000, 2_000, 3_000, 30_000}
    carried = {key: set(own["size_bytes"]) for key, own in table.groupby(["kind", "way"])}
    assert carried == {
        **{("bytes", way): every for way in WAYS},
        ("bytes", "initializer"): {1_000, 3_000, 30_000},  # it takes longest
        ("numbers", "argument"): every,
        ("numbers", "pickling"): every,
    }


@pytest.mark.usefixtures("no_wait", "time_enough")
def test_blocks_that_shared_memory_has_no_room_for_are_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(blocks, "_MOUNT", tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=4_000))
    table = compare_transport(start_method=METHODS[0], budget=0.05)
    assert set(table.loc[table["way"] == "shared memory", "size_bytes"]) == {1_000, 2_000}


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], list[Any]]:
    """Give a function that lets data travel at a pace, in seconds a byte, without a journey."""
    now = 0.0

    def set_pace(pace: float) -> list[Any]:
        seen: list[Any] = []

        def note(_: object, variant: Any, method: str) -> Timing:
            nonlocal now
            seen.append((*variant, method))
            now += 1e-6 + pace * variant.size_bytes
            return Timing(0.0, 1e-6 + pace * variant.size_bytes, 0.0)

        monkeypatch.setattr(transport, "time", SimpleNamespace(perf_counter=lambda: now))
        monkeypatch.setattr(transport, "_time", note)
        monkeypatch.setattr(transport, "make_bytes", lambda size: b"x" * min(size, 1_000))
        return seen

    return set_pace


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    ("pace", "largest"), [(1e-12, 100_000_000), (1e-9, 10_000_000), (1e-3, 1_000)]
)
def test_sizes_that_would_take_too_long_are_left_out_the_largest_first(
    pace: float, largest: int, travel: Callable[[float], list[Any]]
) -> None:
    seen = travel(pace)
    table = compare_transport(start_method=METHODS[0], budget=1.0)
    assert sorted(set(table["size_bytes"])) == [size for size in SIZES if size <= largest]
    told = table[["kind", "way", "size_bytes", "start_method"]].itertuples(index=False, name=None)
    assert list(told) == seen[-len(table) :]
    numbers = table.loc[table["kind"] == "numbers", "size_bytes"]
    assert numbers.max() == min(largest, 1_000_000)
    expected = 1e-6 + pace * table["size_bytes"].astype(float)
    assert list(table["seconds"]) == pytest.approx(list(expected))


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(("megabytes", "sizes"), [(0.8, 3), (0, 1)])
def test_sizes_that_the_memory_has_no_room_for_are_left_out(
    megabytes: float,
    sizes: int,
    travel: Callable[[float], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    travel(1e-12)
    memory = SimpleNamespace(available=megabytes * 1e6)  # there are eight copies
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    table = compare_transport(start_method=METHODS[0], budget=1.0)
    assert sorted(set(table["size_bytes"])) == list(SIZES[:sizes])


@pytest.mark.usefixtures("no_wait", "pool_threads_may_stay")
@pytest.mark.parametrize("method", EACH_METHOD)
def test_a_worker_that_dies_with_data_is_one_clear_error(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_workers()
    monkeypatch.setattr(transport, "read_block", tasks.die_of_two)
    with pytest.raises(WorkerDied, match=r"with 1 task under way: \['die_of_two'\]"):
        compare_transport(start_method=method, budget=0.05)
    assert list_workers() == before


def test_a_run_lacks_no_round_and_has_one_start_method() -> None:
    table = make_transfers()
    with pytest.raises(ResultsError, match=r"is not whole: bytes, pickling, .* has 7 rows"):
        verdict(table.drop(index=0))
    with pytest.raises(ResultsError, match=r"its rows differ in start_method$"):
        verdict(table.assign(start_method=["spawn", *["fork"] * (len(table) - 1)]))


def test_each_kind_way_and_size_is_summed_up_beside_the_argument() -> None:
    seconds = [0.1, 0.5, 0.1, 0.3, 0.2, 0.1]
    summary = summarise(
        make_transfers(
            {
                ("numbers", "pickling", 1_000): seconds,
                ("bytes", "kept", 1_000): [2 * one for one in seconds],
                ("bytes", "argument", 9_000): seconds,
                ("bytes", "argument", 1_000): seconds,
            }
        )
    )
    keys = summary[["kind", "way", "size_bytes"]].itertuples(index=False, name=None)
    assert list(keys) == [
        ("bytes", "argument", 1_000),
        ("bytes", "argument", 9_000),
        ("bytes", "kept", 1_000),
        ("numbers", "pickling", 1_000),
    ]
    kept = summary.drop(columns=["kind", "way"]).iloc[2].to_dict()
    assert kept == pytest.approx(
        {
            "size_bytes": 1_000,
            "rounds": 6,
            "seconds": 0.3,
            "seconds_low": 0.2,
            "seconds_high": 1.0,
            "ratio": 2,
            "ratio_low": 2,
            "ratio_high": 2,
        }
    )
    assert list(summary["ratio"])[:2] == [1, 1]
    assert math.isnan(summary["ratio"].iloc[3])  # no such numbers were sent


def test_transfers_are_told_in_these_sentences() -> None:
    assert verdict(make_transfers()).splitlines() == [
        "10 MB of data (×: times as long as an argument):",
        "  Pickling and rebuilding alone, in one process: 1 ms (992 µs to 1.01 ms), 0.05 ×.",
        "  As a task's argument: 20.1 ms (19.9 ms to 20.3 ms).",
        "  As a task's result: 22.1 ms (21.9 ms to 22.3 ms), 1.10 ×.",
        "  In a shared memory block, copied in and out: 6.3 ms (6.24 ms to 6.36 ms), 0.31 ×.",
        "  With the start of a new pool: 40 ms (39.6 ms to 40.4 ms), 1.99 ×.",
        "  Kept by the worker, a task that uses them: 100 µs (99 µs to 101 µs), under 0.01 ×.",
        "Of the time to send 100 kB of raw bytes, pickling and rebuilding are 4 %; "
        "the rest is the pipe.",
        "Of the time to send 100 kB of a list of numbers, pickling and rebuilding are 73 %; "
        "the rest is the pipe.",
        "Eight rounds of each.",
    ]
    first, *others = verdict(make_transfers(busy_percent=90.0)).splitlines()
    assert first.startswith("Mind: the machine was 90 % busy before the run; ")
    assert others == verdict(make_transfers(usable_cores=1)).splitlines()


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        pytest.param(spread(0.3), "300 ms (297 ms to 303 ms), 3.00 ×.", id="longer"),
        pytest.param(spread(0.05), "50 ms (49.5 ms to 50.5 ms), 0.50 ×.", id="shorter"),
        pytest.param(spread(0.1, width=1.0), "100 ms (50 ms to 150 ms).", id="perhaps"),
        pytest.param(
            spread(0.3, width=0.8), "300 ms (180 ms to 420 ms), 1.80 to 4.20 ×.", id="wide"
        ),
        pytest.param([0.15], "150 ms.", id="one round"),
    ],
)
def test_a_ratio_is_told_where_it_is_clear_of_one(seconds: list[float], told: str) -> None:
    table = make_transfers({SENT: [0.1] * len(seconds), ("bytes", "result", 10**6): seconds})
    text = verdict(table)
    assert f"  As a task's result: {told}\n" in text
    assert (" of data (×: times" in text) == ("×." in told)


def test_what_was_not_measured_is_told_or_left_out() -> None:
    text = verdict(make_transfers(leave_out("shared memory")))
    assert "  In shared memory: not measured, since this machine has no room for it.\n" in text
    alone = make_transfers({SENT: spread(1.0), ("numbers", "pickling", 10**6): spread(0.5)})
    assert "numbers" not in verdict(alone)  # none were sent to hold it against
    chart = assert_readable(draw, make_transfers({SENT: spread(1.0)}))
    assert not chart.axes[1].axison  # no empty plot
    assert "Pickling" not in chart.description
    assert chart.texts[0].get_text() == "A worker had 1 MB after 1 s"
    slow = make_transfers({SENT: spread(1.0), ("bytes", "pickling", 10**6): spread(1.0)})
    assert (
        "Pickling and rebuilding alone took as long as the time to send 1 MB of raw bytes, or "
        "longer.\n"
    ) in verdict(slow)
    for door in (verdict, draw):
        with pytest.raises(ResultsError, match="has no rounds of bytes sent as an argument"):
            door(make_transfers(leave_out("argument")))


def test_the_chart_has_a_line_for_each_way_and_a_bar_for_each_kind_of_data() -> None:
    chart = assert_readable(draw, make_transfers())
    assert [text.get_text() for text in chart.texts] == [
        "A worker had 1 kB after 102 µs and 10 MB after 20.1 ms; what it had kept, after 100 µs",
        "CPython 3.13.0, Linux, two usable cores; one worker by fork, already started but for new "
        "pools; eight rounds of each",
    ]
    assert "shared memory: 1 kB 0.30 ms, 100 kB 0.36 ms, 10 MB 6.30 ms" in chart.description
    told = "Pickling is, of an argument's time: raw bytes 4.0 %; a list of numbers 73.0 %."
    assert told in chart.description
    times, parts = chart.axes
    lines = [line for line in times.containers if isinstance(line, ErrorbarContainer)]
    assert read_across(lines[2][0]) == [1_000, 100_000, 10_000_000]
    assert read_up(lines[2][0]) == pytest.approx([0.0003006, 0.00036, 0.0063])
    ends = np.asarray(lines[2][2][0].get_paths()[2].vertices)[:, 1]
    assert ends == pytest.approx([0.99 * 0.0063, 1.01 * 0.0063])
    names = {text.get_text(): text.get_color() for text in times.texts}
    assert names == {
        name: line[0].get_color()
        for line, name in zip(
            lines,
            ("as an argument", "as a result", "shared memory", "with a new pool",
             "kept by the worker"),
            strict=True,
        )
    }  # fmt: skip
    assert [bar.get_width() for bar in list_bars(parts)] == pytest.approx(
        [100 / 25, 96, 72.97297, 27.02703], rel=0.01
    )
    assert [text.get_text() for text in parts.texts] == [
        "raw bytes: 4 % pickling",
        "a list of numbers: 73 % pickling",
    ]
    assert parts.get_title(loc="left") == "where the time for 100 kB goes"
