import math
import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import psutil
import pytest
from matplotlib.container import ErrorbarContainer

import gil_demo
from gil_demo import ResultsError, compare_transport
from gil_demo.costs import blocks, transport
from gil_demo.costs.transport import SIZES, WAYS
from gil_demo.measuring.rounds import Start, Timing
from tests.charts import assert_readable, list_bars, read_across, read_up
from tests.conftest import METHODS
from tests.made.costs import ORDINARY_TRANSFERS, make_transfers
from tests.made.runs import assert_one_run, spread
from tests.made.unchecked import draw, summarise, verdict

PICKLED, SENT, TAKEN = (("bytes", way, 10**6) for way in ("pickling", "argument", "result"))
TABLE = make_transfers()

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


def test_real_data_by_every_way_are_a_whole_table(
    method: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    every = [1_000, 2_000, 3_000, 30_000]
    monkeypatch.setattr(transport, "_ROUNDS", 1e-6)  # no size takes too long
    monkeypatch.setattr(transport, "SIZES", every)
    monkeypatch.setattr(blocks, "_MOUNT", tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4_000))
    table = compare_transport(start_method=method, budget=0.05)
    assert_one_run(table, ["kind", "way", "size_bytes"])
    assert set(table["start_method"]) == {method}
    wanted = {("bytes", way): every for way in WAYS} | {("numbers", "argument"): every}
    wanted["numbers", "pickling"] = every
    wanted["bytes", "initializer"] = [1_000, 3_000, 30_000]  # it takes longest
    wanted["bytes", "shared memory"] = [1_000, 2_000]  # there is no room for more
    carried = table[table["round"] == 1].groupby(["kind", "way"])["size_bytes"].agg(sorted)
    assert carried.to_dict() == wanted


@pytest.mark.parametrize(
    ("pace", "megabytes", "sizes"),
    [(1e-12, 1e6, 6), (1e-9, 1e6, 5), (1e-3, 1e6, 1), (1e-12, 0.8, 3), (1e-12, 0, 1)],
)
def test_sizes_that_time_or_memory_have_no_room_for_are_left_out_the_largest_first(
    pace: float, megabytes: float, sizes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[float] = []

    def pretend(_: object, variant: transport._Variant, __: str) -> Timing:
        taken.append(1e-6 + pace * variant.size_bytes)
        return Timing(taken[-1])

    memory = SimpleNamespace(available=megabytes * 1e6)  # there are eight copies
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(transport, "time", SimpleNamespace(perf_counter=lambda: sum(taken)))
    monkeypatch.setattr(transport, "_time", pretend)  # which needs no pool
    monkeypatch.setattr(transport, "pool_held", lambda *_: nullcontext())
    monkeypatch.setattr(transport, "make_bytes", lambda size: b"x" * min(size, 1_000))
    table = compare_transport(start_method=METHODS[0], budget=1.0)
    assert list(table["seconds"]) == list(1e-6 + pace * table["size_bytes"])
    largest = table.groupby("kind")["size_bytes"].max()
    assert sorted(set(table["size_bytes"])) == list(SIZES[:sizes])
    assert largest["numbers"] == min(SIZES[sizes - 1], 1_000_000)


def test_a_new_pool_has_its_data_when_it_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "time_start", lambda *_: Start(0.01, 5.0))
    variant = transport._Variant("bytes", "initializer", 1_000)
    assert transport._time(Mock(), variant, METHODS[0]) == Timing(0.01)


def test_each_kind_way_and_size_is_summed_up_beside_the_argument() -> None:
    seconds = [0.1, 0.5, 0.1, 0.3, 0.2, 0.1]
    transfers = {
        ("numbers", "pickling", 1_000): seconds,
        ("bytes", "kept", 1_000): [2 * one for one in seconds],
        ("bytes", "argument", 9_000): seconds,
        ("bytes", "argument", 1_000): seconds,
    }
    summary = summarise(make_transfers(transfers))
    keys = summary[["kind", "way", "size_bytes"]].itertuples(index=False, name=None)
    assert list(keys) == [*transfers][::-1]
    figures = ["rounds", "seconds", "seconds_low", "seconds_high", "ratio_low", "ratio_high"]
    assert list(summary.loc[2, figures]) == pytest.approx([6, 0.3, 0.2, 1.0, 2, 2])
    assert list(summary["ratio"])[:3] == [1, 1, 2]
    assert math.isnan(summary["ratio"].iloc[3])  # no such numbers were sent


def test_transfers_are_told_in_these_sentences_with_a_ratio_where_it_is_clear_of_one() -> None:
    first, *others = verdict(make_transfers(busy_percent=90.0)).splitlines()
    assert first.startswith("Note: the machine was 90 % busy before the run; ")
    assert others == [
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
        "Even 10 MB as an argument took no longer than a new pool with 1 kB (30 ms).",
        "Eight rounds of each.",
    ]
    pool = "a new pool with 1 kB (30 ms)"
    for slower, told in (
        ((10**5, 10**7), f"From 100 kB on, an argument took longer than {pool}."),
        ((1_000, 10**7), f"From 10 MB on, an argument took longer than {pool}."),
        ((10**5,), f"Even 10 MB as an argument took no longer than {pool}."),
    ):
        sent = {("bytes", "argument", size): spread(0.031) for size in slower}
        assert f"\n{told}\n" in verdict(make_transfers({**ORDINARY_TRANSFERS, **sent}))
    for seconds, told in (
        (spread(0.3), "300 ms (297 ms to 303 ms), 3.00 ×."),
        (spread(0.05), "50 ms (49.5 ms to 50.5 ms), 0.50 ×."),
        (spread(0.1, width=1.0), "100 ms (50 ms to 150 ms)."),
        (spread(0.3, width=0.8), "300 ms (180 ms to 420 ms), 2.14 to 3.84 ×."),
        ([0.15], "150 ms."),
    ):
        text = verdict(make_transfers({SENT: [0.1] * len(seconds), TAKEN: seconds}))
        assert f"  As a task's result: {told}\n" in text
        assert (" of data (×: times" in text) == ("×." in told)


def test_what_was_not_measured_is_told_or_left_out() -> None:
    told = "\n  In shared memory: not measured, since this machine has no room for it.\n"
    assert told in verdict(TABLE[TABLE["way"] != "shared memory"])
    alone = make_transfers({SENT: spread(1.0), ("numbers", "pickling", 10**6): spread(0.5)})
    assert "numbers" not in verdict(alone)  # none were sent to hold it against
    chart = draw(make_transfers({SENT: spread(1.0)}))
    assert not chart.axes[1].axison  # no empty plot
    assert "Pickling" not in chart.description
    assert chart.texts[0].get_text() == "A worker had 1 MB after 1 s"
    told = "Pickling and rebuilding, measured apart, took as long as the time to send 1 MB of raw"
    for pickled in (0.996, 1.2):
        slow = verdict(make_transfers({SENT: spread(1.0), PICKLED: spread(pickled)}))
        assert f"\n{told} bytes, or longer.\n" in slow
    few = make_transfers({SENT: [1.0] * 5})
    told = "only five rounds, an interval needs six"
    assert verdict(few).startswith(
        f"No verdict: {told}; allow more seconds (budget).\n1 MB of data"
    )
    assert draw(few).texts[0].get_text() == f"No verdict: {told}"
    for door in (gil_demo.verdict, gil_demo.draw):
        with pytest.raises(ResultsError, match="has no rounds of bytes sent as an argument"):
            door(TABLE[TABLE["way"] != "argument"])


def test_the_chart_has_a_line_for_each_way_and_a_bar_for_each_kind_of_data() -> None:
    chart = assert_readable(draw, TABLE)
    title, conditions = (text.get_text() for text in chart.texts)
    told = "A worker had 1 kB after 102 µs and 10 MB after 20.1 ms; what it had kept, after 100 µs"
    assert title == told
    told = "; one worker by fork, already started but for new pools; eight rounds of each"
    assert conditions.endswith(told)
    assert "shared memory: 1 kB 0.30 ms, 100 kB 0.36 ms, 10 MB 6.30 ms" in chart.description
    assert (
        "is of an argument's time: raw bytes 4.0 %; a list of numbers 73.0 %." in chart.description
    )
    times, parts = chart.axes
    lines = [line for line in times.containers if isinstance(line, ErrorbarContainer)]
    assert read_across(lines[2][0]) == [1_000, 100_000, 10_000_000]
    assert len({read_across(line[0])[0] for line in lines}) == 5  # none lies on another
    assert read_up(lines[2][0]) == pytest.approx([0.0003006, 0.00036, 0.0063])
    margin = 1.5 * 10_000**0.05
    assert times.get_xlim() == pytest.approx((1_000 / margin, 10_000_000 * margin))
    ends = np.asarray(lines[2][2][0].get_paths()[2].vertices)[:, 1]
    assert ends == pytest.approx([0.99 * 0.0063, 1.01 * 0.0063])
    ways = ("as an argument", "as a result", "shared memory", "with a new pool")
    drawn = [str(line[0].get_color()) for line in lines]
    colours = dict(zip((*ways, "kept by the worker"), drawn, strict=True))
    assert {text.get_text(): text.get_color() for text in times.texts} == colours
    widths = [bar.get_width() for bar in list_bars(parts)]
    assert widths == pytest.approx([4, 96, 72.97297, 27.02703], rel=0.01)
    shares = ["raw bytes: 4 % pickling", "a list of numbers: 73 % pickling"]
    assert [text.get_text() for text in parts.texts] == shares
    assert parts.get_title(loc="left") == "where the time for 100 kB goes"
