from typing import Any

import pandas as pd
import pytest

from gil_demo import ResultsError, advise, lay_out_advice
from gil_demo.costs.advice import NO_VERDICT, estimate_carry
from tests.made import costs as made
from tests.made.costs import FORK, LOOP, STEP, THREADS, Law, make_lengths, make_transfers
from tests.made.runs import spread

EXACT = make_lengths()
TRANSFERS = make_transfers()


def ask(lengths: pd.DataFrame, *seconds: float, size: int = 1_000, by: str = "fork") -> list[str]:
    transfers = make_transfers(start_method=by)
    return list(advise(lengths, transfers, task_seconds=seconds, sizes=[size])["answer"])


def test_the_answer_is_the_simplest_way_within_a_tenth_of_the_quickest() -> None:
    # a pool kept open pays from 0.42 ms on; a cold one takes 20 ms to start and to end
    told = ["plain loop", "kept pool", "kept pool", "cold pool"]
    assert ask(EXACT, 0.0001, 0.002, 0.1, 1.0) == told
    assert ask(EXACT, 0.002, size=10_000_000) == ["plain loop"]  # 20 ms to carry
    free = make_lengths({**made.ORDINARY_LAWS, THREADS: Law(2e-4, 1.04 * STEP)})  # no lock
    assert ask(free, 0.1) == ask(free, 0.1, size=10**8) == ["threads"]


def test_the_speed_up_is_that_of_the_fitted_lines() -> None:
    advice = advise(EXACT, TRANSFERS, task_seconds=[1.0], sizes=[1_000])
    carry = 2 * (1e-4 + 2e-6)  # for each of the two tasks
    assert advice["speed_up"].iloc[0] == pytest.approx(2.0 / (0.0204 + 1.05 + carry))


def test_the_start_method_of_the_transfers_counts_where_the_lengths_have_it() -> None:
    lengths = make_lengths(pools={"fork": (0.01, 0.01), "spawn": (3.0, 1.0)})
    answers = [ask(lengths, 1.0, by=by) for by in ("fork", "spawn", "forkserver")]
    assert answers == [["cold pool"], ["kept pool"], ["cold pool"]]


def test_processes_that_never_pay_are_never_advised_and_those_that_always_do_are() -> None:
    never = make_lengths({LOOP: Law(0, 2 * STEP), FORK: Law(4e-4, 2.1 * STEP)})
    assert set(ask(never, 0.0001, 0.01, 1.0)) == {"plain loop"}
    always = make_lengths({LOOP: Law(0, 2 * STEP), FORK: Law(0, STEP)}, {"fork": (1e-6, 1e-6)})
    assert ask(always, 0.1) == ["cold pool"]
    assert ask(EXACT[EXACT["runner"] == "sequential"], 1.0) == ["plain loop"]


def test_under_noise_answers_are_right_or_withheld() -> None:
    fair = ask(make_lengths(noise=made.FAIR, rounds=10), 1e-300, 0.0001, 0.01, 1.0)
    assert fair == [NO_VERDICT, "plain loop", "kept pool", "cold pool"]
    short = [100 * 4**place for place in range(7)]  # at most 8 ms a task
    laws = {way: made.ORDINARY_LAWS[way] for way in (LOOP, THREADS, FORK)}
    wild = make_lengths(laws, {"fork": (0.2, 0.1)}, noise=made.Noise(each=0.2), steps=short, seed=1)
    assert ask(wild, 100.0) == [NO_VERDICT]


@pytest.mark.parametrize(
    ("lengths", "transfers"),
    [
        ({"busy_percent": 95.0}, {}),
        ({"rounds": 5}, {}),
        ({"steps": made.STEPS[-2:]}, {}),
        ({}, {"busy_percent": 95.0}),
        ({}, {"transfers": {("bytes", "argument", 1_000): spread(0.01, 5)}}),
    ],
)
def test_in_doubt_no_answer_is_given(lengths: dict[str, Any], transfers: dict[str, Any]) -> None:
    advice = advise(make_lengths(**lengths), make_transfers(**transfers))
    assert set(advice["answer"]) == {NO_VERDICT}
    assert advice["speed_up"].isna().all()


@pytest.mark.parametrize(
    ("lengths", "transfers", "told"),
    [
        (EXACT, TRANSFERS[TRANSFERS["way"] != "argument"], "no rounds of bytes sent as an"),
        (EXACT[EXACT["runner"] != "sequential"], TRANSFERS, "no sequential rounds"),
        (EXACT, EXACT, "no table of transfers of data"),
        (pd.concat([EXACT, EXACT.assign(run_id="b")]), TRANSFERS, "the table holds 2 runs"),
    ],
)
def test_tables_that_lack_what_is_asked_for_are_refused(
    lengths: pd.DataFrame, transfers: pd.DataFrame, told: str
) -> None:
    with pytest.raises(ResultsError, match=told):
        advise(lengths, transfers)


def test_data_between_two_sizes_take_a_time_between_and_beyond_in_proportion() -> None:
    measured = {1_000: 0.001, 10_000: 0.006, 3_000: 0.005}
    taken = [estimate_carry(measured, size) for size in (1, 1_000, 2_000, 10_000, 1_000_000)]
    assert taken == pytest.approx([0.001, 0.001, 0.003, 0.006, 0.6])


def test_advice_is_laid_out_with_a_row_a_length_and_a_column_a_size() -> None:
    advice = advise(EXACT, TRANSFERS)
    assert list(advice.columns) == ["task_seconds", "size_bytes", "answer", "speed_up"]
    laid_out = lay_out_advice(advice)
    lengths = ("100 µs", "1 ms", "10 ms", "100 ms", "1 s")
    assert list(laid_out.index) == [f"a task of {length}" for length in lengths]
    assert list(laid_out.columns) == ["with 1 kB", "with 1 MB", "with 100 MB"]
    assert list(laid_out.loc["a task of 1 s"]) == ["cold pool"] * 3
    with pytest.raises(ResultsError, match="advice must be a table as advise"):
        lay_out_advice(advice.drop(columns="answer"))
    for bad in (advice[:0], pd.concat([advice, advice])):
        with pytest.raises(ResultsError, match="advice must have one row for each"):
            lay_out_advice(bad)
