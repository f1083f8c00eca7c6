from itertools import product

import pandas as pd
import pytest

from gil_demo import ResultsError, advise, lay_out_advice
from gil_demo.costs.advice import NO_VERDICT
from tests.made import costs as made
from tests.made.costs import ALWAYS, FREE, NEVER, make_lengths, make_transfers
from tests.made.runs import spread

EXACT, TRANSFERS = make_lengths(), make_transfers()


def ask(
    lengths: pd.DataFrame, *seconds: float, size: int = 1_000, by: str = "fork", tasks: int = 2
) -> list[str]:
    transfers = make_transfers(start_method=by)
    advice = advise(lengths, transfers, tasks=[tasks], task_seconds=seconds, sizes=[size])
    return list(advice["answer"])


def test_the_answer_is_the_simplest_way_within_a_tenth_of_the_quickest() -> None:
    # a pool kept open pays from 0.42 ms on; a cold one takes 20 ms to start and to end
    told = ["plain loop", "kept pool", "kept pool", "cold pool"]
    assert ask(EXACT, 0.0001, 0.002, 0.1, 1.0) == told
    assert ask(EXACT, 0.002, size=10_000_000) == ["plain loop"]  # 20 ms to carry
    assert ask(make_lengths(FREE), 0.1) == ask(make_lengths(FREE), 0.1, size=10**8) == ["threads"]
    assert set(ask(make_lengths(NEVER), 0.0001, 0.01, 1.0)) == {"plain loop"}
    assert ask(make_lengths(ALWAYS, {"fork": (1e-6, 1e-6)}), 0.1) == ["cold pool"]
    assert ask(EXACT[EXACT["runner"] == "sequential"], 1.0) == ["plain loop"]
    # the start method of the transfers counts, where the lengths have it
    lengths = make_lengths(pools={"fork": (0.01, 0.01), "spawn": (3.0, 1.0)})
    answers = [ask(lengths, 1.0, by=by) for by in ("fork", "spawn", "forkserver")]
    assert answers == [["cold pool"], ["kept pool"], ["cold pool"]]


def test_under_noise_answers_are_right_or_withheld_and_in_doubt_there_are_none() -> None:
    fair = ask(make_lengths(noise=made.FAIR, rounds=10), 1e-300, 0.0001, 0.01, 1.0)
    assert fair == [NO_VERDICT, "plain loop", "kept pool", "cold pool"]
    short = [100 * 4**place for place in range(7)]  # at most 8 ms a task
    laws = {way: made.ORDINARY_LAWS[way] for way in (made.LOOP, made.THREADS, made.FORK)}
    wild = make_lengths(laws, {"fork": (0.2, 0.1)}, noise=made.Noise(each=0.2), steps=short, seed=1)
    assert ask(wild, 100.0) == [NO_VERDICT]
    assert ask(make_lengths(rounds=6), 1.0) == ["cold pool"]  # as many as an interval needs
    for lengths, transfers in (
        (make_lengths(busy_percent=95.0), TRANSFERS),
        (make_lengths(rounds=5), TRANSFERS),
        (make_lengths(steps=made.STEPS[-2:]), TRANSFERS),
        (EXACT, make_transfers(busy_percent=95.0)),
        (EXACT, make_transfers({("bytes", "argument", 1_000): spread(0.01, 5)})),
    ):
        advice = advise(lengths, transfers)
        assert set(advice["answer"]) == {NO_VERDICT}
        assert advice["speed_up"].isna().all()


def test_tables_that_lack_what_is_asked_for_are_refused() -> None:
    for lengths, transfers, told in (
        (EXACT, TRANSFERS[TRANSFERS["way"] != "argument"], "no rounds of bytes sent as an"),
        (EXACT[EXACT["runner"] != "sequential"], TRANSFERS, "no sequential rounds"),
        (pd.concat([EXACT, EXACT.assign(run_id="b")]), TRANSFERS, "the table holds 2 runs"),
    ):
        with pytest.raises(ResultsError, match=told):
            advise(lengths, transfers)


def test_the_speed_up_is_that_of_the_fitted_lines_with_data_in_proportion_to_their_size() -> None:
    # for each of the two tasks; of the sizes 1 kB, 100 kB and 10 MB were measured
    carried = {1: 2e-6, 1_000: 2e-6, 50_000: 0.0001, 10**7: 0.02, 10**8: 0.2}
    advice = advise(EXACT, TRANSFERS, tasks=[2], task_seconds=[1.0], sizes=[*carried])
    gains = [2.0 / (0.0204 + 1.05 + 2 * carry) for carry in carried.values()]
    assert list(advice["speed_up"]) == pytest.approx(gains)


def test_more_data_never_make_a_pool_cheaper_though_a_size_was_disturbed() -> None:
    is_small = (TRANSFERS["way"] == "argument") & (TRANSFERS["size_bytes"] == 1_000)
    disturbed = TRANSFERS.assign(seconds=TRANSFERS["seconds"].where(~is_small, 0.01))
    advice = advise(EXACT, disturbed, tasks=[2], task_seconds=[1.0], sizes=[1_000, 100_000, 10**7])
    assert advice["speed_up"].is_monotonic_decreasing
    assert advice["speed_up"].iloc[0] == advice["speed_up"].iloc[1]


def test_many_tasks_are_longer_ones_in_four_chunks_a_worker_and_that_is_called_reckoned() -> None:
    # short tasks pay where there are many of them, even for a pool that is started for them
    told = [ask(EXACT, 0.001, tasks=tasks)[0] for tasks in (2, 20, 10_000, 100_000)]
    assert told == ["kept pool", "kept pool", "cold pool", "cold pool"]
    advice = advise(EXACT, TRANSFERS, tasks=[2, 99], task_seconds=[0.1, 1.0], sizes=[1_000, 10**8])
    assert list(advice["is_measured"]) == [True, *[False] * 7]
    many = advice[(advice["tasks"] == 99) & (advice["size_bytes"] == 1_000)]
    # fifty turns for one of the two, and four times what it takes to hand out two tasks
    gains = [99 * s / (0.0204 + 1.05 * 50 * s + 3 * 0.0004 + 100 * 2e-6) for s in (0.1, 1.0)]
    assert list(many["speed_up"]) == pytest.approx(gains)


def test_advice_is_laid_out_with_a_row_a_length_and_what_is_reckoned_in_brackets() -> None:
    advice = advise(EXACT, TRANSFERS)
    laid_out = lay_out_advice(advice.drop(columns="speed_up"))
    lengths = [f"a task of {length}" for length in ("100 µs", "1 ms", "10 ms", "100 ms", "1 s")]
    assert list(laid_out.index) == lengths
    numbers = [f"{tasks} tasks" for tasks in ("2", "100", "10,000")]
    assert [*laid_out.columns] == [*product(["each with 1 kB", "each with 1 MB"], numbers)]
    seconds = ["kept pool", "(cold pool)", "(cold pool)"]
    assert list(laid_out.loc["a task of 100 ms"]) == [*seconds, *seconds]
    alone = lay_out_advice(advise(make_lengths(tasks=1), TRANSFERS))
    assert alone.columns[0] == ("each with 1 kB", "1 task")
    withheld = lay_out_advice(advise(make_lengths(rounds=5), TRANSFERS))
    assert set(withheld.to_numpy().ravel()) == {NO_VERDICT}
    with pytest.raises(ResultsError, match="advice must be a table as advise"):
        lay_out_advice(advice.drop(columns="answer"))
    for bad in (advice[:0], pd.concat([advice, advice])):
        with pytest.raises(ResultsError, match="advice must have one row for each"):
            lay_out_advice(bad)
