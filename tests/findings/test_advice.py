import math
from functools import cache
from typing import Any

import pandas as pd
import pytest

from gil_demo.errors import ResultsError
from gil_demo.findings.advice import CHOICES, NO_VERDICT, advise, estimate_carry, lay_out_advice
from tests.conftest import TableMaker, spread
from tests.findings.test_break_even import ALWAYS, FREE, NEVER, QUICK
from tests.tables_costs import (
    ORDINARY_LAWS,
    STEPS,
    Noise,
    make_lengths,
    make_starts,
    make_transfers,
)

ORDINARY_LENGTHS = make_lengths()
TRANSFERS = make_transfers()
LOOP, FORK = ("sequential", ""), ("processes", "fork")


def ask(lengths: pd.DataFrame, seconds: float, size: int = 1_000, **facts: Any) -> str:
    """Return what is advised for tasks of one length that need data of one size."""
    (answer,) = advise(
        lengths, make_transfers(**facts) if facts else TRANSFERS, task_seconds=[seconds],
        sizes=[size],
    )["answer"]  # fmt: skip
    return str(answer)


@cache
def advise_as_usual() -> pd.DataFrame:
    return advise(ORDINARY_LENGTHS, TRANSFERS)


# what is advised


@pytest.mark.parametrize(
    ("seconds", "size", "answer"),
    [
        pytest.param(0.0001, 1_000, "plain loop", id="too short for anything"),
        pytest.param(0.005, 1_000, "kept pool", id="too short for a start"),
        pytest.param(2.0, 1_000, "cold pool", id="long enough for a start"),
        pytest.param(0.005, 100_000_000, "plain loop", id="too much to carry"),
        pytest.param(20.0, 10_000_000, "cold pool", id="long enough to carry much"),
    ],
)
def test_the_simplest_way_that_is_nearly_the_quickest_is_advised(
    seconds: float, size: int, answer: str
) -> None:
    assert ask(ORDINARY_LENGTHS, seconds, size) == answer


@pytest.mark.parametrize("seconds", [0.01, 0.1, 1.0])
def test_where_threads_win_they_are_advised(seconds: float) -> None:
    lengths = make_lengths(FREE, gil_enabled=False)
    assert ask(lengths, seconds) == "threads"
    assert ask(lengths, seconds, 100_000_000) == "threads"


def test_where_threads_gain_nothing_they_are_never_advised() -> None:
    assert "threads" not in set(advise_as_usual()["answer"])


@pytest.mark.parametrize("seconds", [0.0001, 0.01, 1.0])
def test_processes_that_never_pay_are_never_advised(seconds: float) -> None:
    assert ask(make_lengths(NEVER), seconds) == "plain loop"


def test_processes_that_pay_at_every_length_are_advised_for_tasks_of_little_data() -> None:
    lengths = make_lengths(ALWAYS, QUICK)
    assert ask(lengths, 0.1) == "cold pool"
    assert ask(lengths, 0.001, 100_000_000) == "plain loop"


def test_without_threads_and_with_one_method_the_advice_is_among_the_others() -> None:
    lengths = make_lengths({way: ORDINARY_LAWS[way] for way in (LOOP, FORK)})
    told = advise(lengths, TRANSFERS)["answer"]
    assert set(told) <= {"plain loop", "cold pool", "kept pool"}


def test_a_start_method_that_only_the_transfers_have_gives_way_to_one_of_the_lengths() -> None:
    assert ask(ORDINARY_LENGTHS, 2.0, start_method="forkserver") == "cold pool"


def test_the_start_method_of_the_transfers_counts() -> None:
    slow = make_lengths(pools={"fork": (0.01, 0.01), "spawn": (20.0, 1.0)})
    assert ask(slow, 2.0, start_method="fork") == "cold pool"
    assert ask(slow, 2.0, start_method="spawn") == "kept pool"


# the table


def test_there_is_a_row_for_each_length_and_size_with_what_it_gains() -> None:
    advice = advise_as_usual()
    assert list(advice.columns) == ["task_seconds", "size_bytes", "answer", "speed_up"]
    assert len(advice) == 15
    assert not advice.duplicated(["task_seconds", "size_bytes"]).any()
    for row in advice.to_dict("records"):
        if row["answer"] == NO_VERDICT:
            assert math.isnan(row["speed_up"])
        elif row["answer"] == "plain loop":
            assert row["speed_up"] == 1
        else:
            assert 1 < row["speed_up"] < 2.2


@pytest.mark.parametrize("seconds", [1e-9, 1e-7, 1e-6, 3600.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_shortest_and_the_longest_tasks_get_an_answer_whatever_the_noise(
    seconds: float, seed: int
) -> None:
    # noise carries the overhead of threads below nothing now and then
    lengths = make_lengths(FREE, noise=Noise(0.05, 1.5), seed=seed, gil_enabled=False)
    (row,) = advise(lengths, TRANSFERS, task_seconds=[seconds], sizes=[1]).to_dict("records")
    assert row["answer"] in (*CHOICES, NO_VERDICT)
    assert math.isnan(row["speed_up"]) == (row["answer"] == NO_VERDICT)
    assert row["answer"] == NO_VERDICT or 0 < row["speed_up"] < 4


@pytest.mark.parametrize(
    "lengths",
    [
        pytest.param({"usable_cores": 1}, id="one core"),
        pytest.param({"busy_percent": 95.0}, id="busy"),
        pytest.param({"rounds": 1}, id="one round"),
        pytest.param({"rounds": 5}, id="five rounds"),
        pytest.param({"steps": STEPS[-1:]}, id="one length"),
        pytest.param({"steps": STEPS[-2:]}, id="two lengths"),
    ],
)
def test_lengths_that_do_not_carry_a_verdict_get_none(lengths: dict[str, Any]) -> None:
    advice = advise(make_lengths(**lengths), TRANSFERS)
    assert set(advice["answer"]) == {NO_VERDICT}
    assert advice["speed_up"].isna().all()


@pytest.mark.parametrize(
    "transfers",
    [
        pytest.param(make_transfers(busy_percent=95.0), id="busy"),
        pytest.param(
            make_transfers({("bytes", "argument", 10**6): spread(0.01, 5)}), id="five rounds"
        ),
    ],
)
def test_transfers_that_do_not_carry_a_verdict_get_none(transfers: pd.DataFrame) -> None:
    assert set(advise(ORDINARY_LENGTHS, transfers)["answer"]) == {NO_VERDICT}


def test_one_size_of_transfers_is_enough() -> None:
    transfers = make_transfers({("bytes", "argument", 10**6): spread(0.002)})
    assert set(advise(ORDINARY_LENGTHS, transfers)["answer"]) <= {*CHOICES, NO_VERDICT}


@pytest.mark.parametrize(
    ("size", "seconds"),
    [(1, 0.1), (1_000, 0.1), (1_500, 0.2), (2_000, 0.3), (4_000, 0.6), (2_000_000, 300.0)],
)
def test_data_between_and_beyond_the_sizes_are_estimated_on_lines(
    size: int, seconds: float
) -> None:
    assert estimate_carry({2_000: 0.3, 1_000: 0.1}, size) == pytest.approx(seconds)


# laid out


def test_the_advice_is_laid_out_with_lengths_and_sizes_in_words() -> None:
    laid_out = lay_out_advice(advise_as_usual())
    assert list(laid_out.index) == [
        f"a task of {told}" for told in ("100 µs", "1 ms", "10 ms", "100 ms", "1 s")
    ]
    assert list(laid_out.columns) == ["with 1 kB", "with 1 MB", "with 100 MB"]
    assert set(laid_out.to_numpy().ravel()) <= {*CHOICES, NO_VERDICT}
    assert laid_out.loc["a task of 100 µs", "with 100 MB"] == "plain loop"


def test_a_byte_and_a_thousand_gigabytes_are_laid_out_in_plain_words() -> None:
    sizes = [1, 10**12]
    laid_out = lay_out_advice(advise(ORDINARY_LENGTHS, TRANSFERS, task_seconds=[3600], sizes=sizes))
    assert list(laid_out.columns) == ["with 1 byte", "with 1,000 GB"]
    assert list(laid_out.index) == ["a task of 3,600 s"]


# what is refused


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"task_seconds": [0.1, 0.1]}, ValueError, "task_seconds must each be there once"),
        ({"task_seconds": []}, ValueError, "task_seconds must hold at least one"),
        ({"task_seconds": [0]}, ValueError, "task_seconds must be a number above 0"),
        ({"task_seconds": 0.1}, TypeError, "task_seconds must be a list"),
        ({"sizes": [0]}, ValueError, "sizes must be a whole number from 1"),
        ({"sizes": [1.5]}, TypeError, "sizes must be a whole number from 1"),
    ],
)
def test_other_lengths_and_sizes_are_refused(
    arguments: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        advise(ORDINARY_LENGTHS, TRANSFERS, **arguments)


def test_tables_of_another_kind_are_refused(make_run: TableMaker) -> None:
    for bad in (None, pd.DataFrame(), make_run(), make_starts()):
        with pytest.raises(ResultsError):
            advise(bad, TRANSFERS)  # type: ignore[arg-type]
        with pytest.raises(ResultsError):
            advise(ORDINARY_LENGTHS, bad)  # type: ignore[arg-type]
    with pytest.raises(ResultsError, match="bytes sent as an argument"):
        advise(ORDINARY_LENGTHS, TRANSFERS[TRANSFERS["way"] != "argument"])


def test_only_a_table_of_advice_is_laid_out(make_run: TableMaker) -> None:
    advice = advise_as_usual()
    twice = pd.concat([advice, advice])
    bad: Any
    for bad in (None, [], make_run(), advice[:0], twice, advice.drop(columns="answer")):
        with pytest.raises(ResultsError, match="advice must"):
            lay_out_advice(bad)
