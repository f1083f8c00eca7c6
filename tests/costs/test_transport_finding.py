import re
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.costs.transport import (
    describe_transport,
    judge_transport,
    select_pickling,
    summarise_transport,
    title_transport,
)
from gil_demo.tables.kinds import verdict
from tests.conftest import TableMaker, spread
from tests.made.costs import (
    ORDINARY_TRANSFERS,
    ORDINARY_WAYS,
    Transfers,
    carry,
    make_starts,
    make_transfers,
)
from tests.pool.test_finding import assert_plain

ONE_SIZE = carry([1_000_000], ORDINARY_WAYS)


def cut(transfers: Transfers, rounds: int) -> Transfers:
    return {key: list(seconds)[:rounds] for key, seconds in transfers.items()}


def leave_out(way: str) -> Transfers:
    return {key: seconds for key, seconds in ORDINARY_TRANSFERS.items() if key[1] != way}


CASES: dict[str, tuple[Transfers, dict[str, Any]]] = {
    "ordinary": (ORDINARY_TRANSFERS, {}),
    "one size": (ONE_SIZE, {}),
    "six sizes": (carry([10**power for power in range(3, 9)], ORDINARY_WAYS), {}),
    "one round": (cut(ORDINARY_TRANSFERS, 1), {}),
    "five rounds": (cut(ORDINARY_TRANSFERS, 5), {}),
    "noise": ({key: spread(of[0], width=1.9) for key, of in ORDINARY_TRANSFERS.items()}, {}),
    "without shared memory": (leave_out("shared memory"), {}),
    "without pickling": (leave_out("pickling"), {}),
    "without what is kept": (leave_out("kept"), {}),
    "arguments alone": ({("bytes", "argument", 1_000): spread(1e-4)}, {}),
    "slow pickling": (
        {("bytes", "argument", 10**6): spread(1.0), ("bytes", "pickling", 10**6): spread(2.0)}, {},
    ),
    "pickled numbers that were never sent": (
        {("bytes", "argument", 10**6): spread(1.0), ("numbers", "pickling", 10**6): spread(0.5)},
        {},
    ),
    "one core": (ORDINARY_TRANSFERS, {"usable_cores": 1}),
    "busy": (ORDINARY_TRANSFERS, {"busy_percent": 90.0}),
    "recorded": (ORDINARY_TRANSFERS, {"recorded_on": "a laptop", "start_method": "forkserver"}),
}  # fmt: skip


def title_of(table: pd.DataFrame) -> str:
    return title_transport(table, summarise_transport(table))


def test_transfers_are_told_in_these_sentences() -> None:
    assert judge_transport(make_transfers()).splitlines() == [
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


def test_one_round_has_neither_intervals_nor_ratios() -> None:
    text = judge_transport(make_transfers(cut(ORDINARY_TRANSFERS, 1)))
    assert "As a task's argument: 19.9 ms.\n" in text
    assert "As a task's result: 21.9 ms.\n" in text
    assert "×" not in text
    assert "(" not in text
    assert text.endswith("\nOne round of each.")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        pytest.param(spread(0.3), ", 3.00 ×.", id="clearly longer"),
        pytest.param(spread(0.103, width=0.01), ".", id="hardly longer"),
        pytest.param(spread(0.1, width=1.0), ".", id="perhaps longer"),
        pytest.param(spread(0.3, width=0.8), ", 1.80 to 4.20 ×.", id="wide"),
    ],
)
def test_a_ratio_is_told_where_it_is_clear_of_one(seconds: list[float], told: str) -> None:
    table = make_transfers(
        {("bytes", "argument", 10**6): [0.1] * 8, ("bytes", "result", 10**6): seconds}
    )
    (line,) = [line for line in judge_transport(table).splitlines() if "result" in line]
    assert line.rpartition(")")[2] == told


def test_without_room_for_shared_memory_the_reason_is_told() -> None:
    text = judge_transport(make_transfers(leave_out("shared memory")))
    assert "  In shared memory: not measured, since this machine has no room for it.\n" in text
    assert "not measured" not in judge_transport(make_transfers())


def test_pickling_that_took_longer_than_sending_leaves_no_rest() -> None:
    transfers, _ = CASES["slow pickling"]
    text = judge_transport(make_transfers(transfers))
    told = "Pickling and rebuilding alone took as long as the time to send 1 MB of raw bytes"
    assert f"{told}, or longer." in text
    assert "the rest" not in text


def test_pickling_is_told_at_the_largest_size_that_all_kinds_have() -> None:
    parts = select_pickling(summarise_transport(make_transfers()))
    assert parts["kind"].tolist() == ["bytes", "numbers"]
    assert set(parts["size_bytes"]) == {100_000}


def test_pickling_without_an_argument_to_hold_it_against_is_left_out() -> None:
    transfers, _ = CASES["pickled numbers that were never sent"]
    assert select_pickling(summarise_transport(make_transfers(transfers))).empty


@pytest.mark.parametrize(
    ("case", "title"),
    [
        ("ordinary", "1 kB after 102 µs and 10 MB after 20.1 ms; what it had kept, after 100 µs"),
        ("one size", "1 MB after 2.1 ms; what it had kept, after 100 µs"),
        ("without what is kept", "1 kB after 102 µs and 10 MB after 20.1 ms"),
    ],
)
def test_the_title_tells_the_least_and_the_most_data_and_those_kept(case: str, title: str) -> None:
    transfers, facts = CASES[case]
    assert title_of(make_transfers(transfers, **facts)) == f"A worker had {title}"


@pytest.mark.parametrize("case", CASES)
def test_transfers_are_told_in_plain_numbers(case: str) -> None:
    transfers, facts = CASES[case]
    table = make_transfers(transfers, **facts)
    text = judge_transport(table)
    assert_plain(title_of(table), describe_transport(table), text)
    assert not re.search(r"\bone rounds\b| 0\.00 ×", text + describe_transport(table))


def test_the_door_to_the_findings_leads_here() -> None:
    assert verdict(make_transfers()) == judge_transport(make_transfers())


def test_the_conditions_tell_machine_start_method_and_rounds() -> None:
    assert describe_transport(make_transfers(start_method="spawn")) == (
        "CPython 3.13.0, Linux, two usable cores; one worker by spawn, already started but for "
        "new pools; eight rounds of each"
    )


def test_a_busy_machine_is_told_first_and_one_core_is_no_reservation() -> None:
    first, *others = judge_transport(make_transfers(busy_percent=90.0)).splitlines()
    assert first.startswith("Mind: the machine was 90 % busy before the run; ")
    assert others == judge_transport(make_transfers()).splitlines()
    assert "Mind:" not in judge_transport(make_transfers(usable_cores=1))


def test_a_recorded_run_says_so_in_title_and_conditions() -> None:
    table = make_transfers(recorded_on="a laptop")
    assert title_of(table).startswith("Recorded run: a worker had 1 kB after ")
    assert describe_transport(table).startswith("Recorded on a laptop: ")


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    table = make_transfers()
    twice = pd.concat([table, make_transfers(run_id="two")], ignore_index=True)
    numbers = table[table["kind"] == "numbers"]
    for bad in (None, pd.DataFrame(), make_run(), make_starts(), twice, numbers):
        with pytest.raises(ResultsError):
            judge_transport(bad)  # type: ignore[arg-type]
    with pytest.raises(ResultsError, match="no rounds of bytes sent as an argument"):
        judge_transport(table[table["way"] != "argument"])
