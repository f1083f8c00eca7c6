import math
import random
from collections.abc import Callable, Sequence
from multiprocessing import pool
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.pool.lists import compute_ideal_share, summarise_lists
from gil_demo.pool.methods import summarise_methods
from gil_demo.pool.tasks import count_most_at_once, summarise_map
from gil_demo.running.workloads import compute_default_chunksize, split
from tests.conftest import TableMaker, spread
from tests.made.pool import (
    Answers,
    Chunks,
    Crew,
    make_arrivals,
    make_chunks,
    make_lengths,
    make_map,
    take_turns_in_a_pool,
)

Summarise = Callable[[pd.DataFrame], pd.DataFrame]
MakeTable = Callable[..., pd.DataFrame]

# one map


def test_a_map_is_summed_up_in_a_row_for_each_worker() -> None:
    crew: Crew = {1: [(1.0, 2.0), (2.25, 3.0), (3.75, 4.0)], 2: [(1.0, 4.5)]}
    summary = summarise_map(make_map(crew, ready=1.0, done=5.0, steps=[10, 35, 8, 3], workers=3))
    assert summary.columns.tolist() == [
        *("worker", "tasks", "steps", "busy_seconds", "busy_share", "gap_seconds"),
    ]
    rows = summary.astype(object).where(summary.notna(), None).to_numpy().tolist()
    assert rows == [
        [1, 3, 21, 2.0, 0.5, 0.5],
        [2, 1, 35, 3.5, 0.875, None],
        [3, 0, 0, 0.0, 0.0, None],
    ]


def test_the_gap_is_the_median_of_those_between_a_worker_s_own_tasks() -> None:
    crew: Crew = {1: [(1.0, 1.5), (2.0, 2.25), (2.25, 3.0), (5.0, 6.0)]}
    assert summarise_map(make_map(crew, ready=1.0))["gap_seconds"].tolist() == [0.5]


def test_a_map_that_took_no_time_can_be_summed_up() -> None:
    summary = summarise_map(make_map({1: [(1.0, 1.0)]}, ready=1.0, done=1.0, gone=1.0))
    assert summary["tasks"].tolist() == [1]
    assert summary["busy_seconds"].tolist() == [0.0]


@pytest.mark.parametrize("seed", range(5))
def test_no_worker_is_busy_for_more_than_the_work_and_all_tasks_are_counted(seed: int) -> None:
    order = random.Random(seed)
    crew = take_turns_in_a_pool(order.randint(1, 50), order.randint(1, 6))
    table = make_map(crew)
    summary = summarise_map(table)
    assert summary["tasks"].sum() == len(table)
    assert summary["steps"].sum() == table["steps"].sum()
    assert summary["busy_share"].between(0, 1).all()


@pytest.mark.parametrize(
    ("crew", "at_once"),
    [
        pytest.param({1: [(1, 2)]}, 1, id="one task"),
        pytest.param({1: [(1, 2), (2, 3)]}, 1, id="one ends as another begins"),
        pytest.param({1: [(1, 2)], 2: [(2, 3)]}, 1, id="on another worker, too"),
        pytest.param({1: [(1, 3)], 2: [(2, 4)]}, 2, id="overlapping"),
        pytest.param({1: [(1, 9)], 2: [(2, 3), (4, 5)], 3: [(6, 7)]}, 2, id="two at a time"),
        pytest.param({1: [(1, 9)], 2: [(2, 8)], 3: [(3, 4)]}, 3, id="all within one"),
        pytest.param({1: [(1, 1)], 2: [(1, 2)]}, 1, id="one of no length"),
        pytest.param({1: [(1, 1), (2, 2)]}, 1, id="none of any length"),
    ],
)
def test_the_tasks_at_once_are_counted(crew: Crew, at_once: int) -> None:
    assert count_most_at_once(make_map(crew)) == at_once


@pytest.mark.parametrize("seed", range(10))
def test_the_tasks_at_once_are_those_of_comparing_each_start_with_each_task(seed: int) -> None:
    order = random.Random(seed)
    crew: Crew = {
        worker: [(float(a), float(b)) for a, b in zip(times[::2], times[1::2], strict=True)]
        for worker in range(1, 5)
        for times in [sorted(order.sample(range(1, 40), k=2 * order.randint(1, 5)))]
    }
    table = make_map(crew)
    spans = table[["start_seconds", "end_seconds"]].to_numpy().tolist()
    expected = max(sum(a <= start < b for a, b in spans) for start, _ in spans)
    assert count_most_at_once(table) == expected


# the ideal share


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 8])
def test_equal_tasks_one_by_one_make_a_sawtooth(workers: int) -> None:
    for tasks in range(1, 4 * workers + 2):
        ideal = tasks / (workers * math.ceil(tasks / workers))
        assert compute_ideal_share([5] * tasks, 1, workers) == pytest.approx(ideal)


@pytest.mark.parametrize(
    ("tasks", "chunksize", "workers", "share"),
    [
        pytest.param([1, 1, 1, 1], 2, 2, 1.0, id="a chunk for each"),
        pytest.param([1, 1, 1, 1], 3, 2, 4 / 6, id="a large chunk and a small one"),
        pytest.param([1, 1, 1, 1], 4, 2, 0.5, id="all in one chunk"),
        pytest.param([1, 1, 1, 1], 99, 2, 0.5, id="more than all in one chunk"),
        pytest.param([1, 2, 3, 4], 2, 2, 10 / 14, id="the heavy half for one"),
        pytest.param([1, 2, 3, 4], 1, 2, 10 / 12, id="the heaviest last"),
        pytest.param([4, 3, 2, 1], 1, 2, 1.0, id="the heaviest first"),
        pytest.param([6, 1, 1, 1, 1, 1], 1, 2, 11 / 12, id="one against five"),
        pytest.param([1, 1, 4], 1, 3, 0.5, id="two wait for the third"),
        pytest.param([7], 1, 4, 0.25, id="one task"),
        pytest.param([3, 5], 1, 1, 1.0, id="one worker"),
    ],
)
def test_the_ideal_share_is_that_of_whoever_is_free_taking_the_next_chunk(
    tasks: Sequence[int], chunksize: int, workers: int, share: float
) -> None:
    assert compute_ideal_share(tasks, chunksize, workers) == pytest.approx(share)


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 7])
def test_the_pool_s_own_chunksize_is_computed_as_the_pool_does(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    genuine: Any = pool.Pool._get_tasks  # type: ignore[attr-defined]

    def note(function: object, items: object, size: int) -> Any:
        sizes.append(size)
        return genuine(function, items, size)

    monkeypatch.setattr(pool.Pool, "_get_tasks", staticmethod(note))
    lengths = [1, 2, 4 * workers - 1, 4 * workers, 4 * workers + 1, 8 * workers, 2_000]
    with pool.ThreadPool(workers) as threads:
        for length in lengths:
            threads.map(abs, range(length))
        threads.close()
        threads.join()
    assert [compute_default_chunksize(length, workers) for length in lengths] == sizes


# sweeps


def test_a_sweep_of_lengths_is_summed_up_in_a_row_for_each_length() -> None:
    summary = summarise_lists(
        make_lengths(
            {
                3: ([0.30, 0.40, 0.60], [0.5, 0.75, 0.625]),
                2: ([0.20, 0.20, 0.20], [1.0, 0.5, 0.75]),
            }
        )
    )
    assert summary.columns.tolist() == [
        *("work", "tasks", "chunksize", "default_chunksize", "rounds", "seconds"),
        *("busy_share", "busy_share_low", "busy_share_high", "ideal_share"),
        *("time_ratio", "time_ratio_low", "time_ratio_high"),
    ]
    assert summary["tasks"].tolist() == [2, 3]
    assert set(summary["work"]) == {"even"}
    assert set(summary["rounds"]) == {3}
    assert summary["seconds"].tolist() == [0.2, 0.4]
    assert summary["busy_share"].tolist() == pytest.approx([0.75, 0.625])
    assert summary["ideal_share"].tolist() == pytest.approx([1.0, 0.75], rel=1e-5)
    assert summary["time_ratio"].tolist() == pytest.approx([1.0, 2.0])


def test_a_sweep_of_chunks_is_held_against_the_pool_s_own_size_of_the_same_work() -> None:
    chunks: Chunks = {
        ("even", 250): [1.0] * 3,
        ("even", 1): [2.0, 1.5, 1.25],
        ("uneven", 250): [1.0] * 3,
        ("uneven", 1_000): [1.1, 1.4, 1.6],
    }
    summary = summarise_lists(make_chunks(chunks))
    assert summary[["work", "chunksize"]].to_numpy().tolist() == [
        *(["even", 1], ["even", 250], ["uneven", 250], ["uneven", 1_000]),
    ]
    assert summary["time_ratio"].tolist() == pytest.approx([1.5, 1.0, 1.0, 1.4])
    assert summary["seconds"].tolist()[1::1] == pytest.approx([0.202, 0.2222, 0.31108])
    even = compute_ideal_share(split(4_000_000, 2_000), 250, 2)
    assert summary["ideal_share"].tolist()[:2] == [1.0, even]
    # the second half of a list that grows is three quarters of its work
    assert summary["ideal_share"].tolist()[3] == pytest.approx(2 / 3, rel=0.01)


def test_the_ratios_are_paired_by_round() -> None:
    rounds = {2: ([0.1, 0.2, 0.4], [0.9] * 3), 4: ([0.3, 0.4, 0.4], [0.9] * 3)}
    # of 3, 2 and 1, not 0.4 over 0.2 of another round
    shuffled = make_lengths(rounds).sample(frac=1.0, random_state=3)
    assert summarise_lists(shuffled)["time_ratio"].tolist() == pytest.approx([1.0, 2.0])


def test_below_six_rounds_there_are_no_intervals_and_from_six_on_they_hold_the_median() -> None:
    ends = ["busy_share_low", "busy_share_high", "time_ratio_low", "time_ratio_high"]
    few = {2: (spread(0.2, 5), spread(0.9, 5)), 3: (spread(0.3, 5), spread(0.7, 5))}
    six = {2: (spread(0.2, 6), spread(0.9, 6)), 3: (spread(0.3, 6), spread(0.7, 6))}
    assert summarise_lists(make_lengths(few))[ends].isna().all(axis=None)
    summary = summarise_lists(make_lengths(six))
    shares, ratios = spread(0.7, 6), [1.5] * 6
    row = summary.iloc[1]
    assert row["busy_share_low"] == pytest.approx(min(shares))
    assert row["busy_share_high"] == pytest.approx(max(shares))
    assert [row[name] for name in ends[2:]] == pytest.approx(ratios[:2])
    assert row["busy_share_low"] <= row["busy_share"] <= row["busy_share_high"]


@pytest.mark.parametrize("make", [make_lengths, make_chunks])
def test_the_order_of_the_rounds_does_not_matter(make: MakeTable) -> None:
    shuffled = make().sample(frac=1.0, random_state=6)
    assert_frame_equal(summarise_lists(shuffled), summarise_lists(make()))


def test_a_sweep_that_lacks_what_the_others_are_held_against_is_refused() -> None:
    lengths, chunks = make_lengths(), make_chunks()
    lacking = [
        lengths[lengths["tasks"] != 2],
        chunks[chunks["chunksize"] != 250],
        chunks[(chunks["chunksize"] != 250) | (chunks["work"] == "even")],
    ]
    for table in lacking:
        with pytest.raises(ResultsError, match="lacks the rounds that the others are held against"):
            summarise_lists(table)


def test_a_sweep_whose_rounds_have_no_baseline_beside_them_is_refused() -> None:
    table = make_lengths({2: ([0.2] * 2, [0.9] * 2), 3: ([0.3] * 2, [0.7] * 2)})
    apart = table[(table["tasks"] == 2) == (table["round"] == 1)]
    with pytest.raises(ResultsError):
        summarise_lists(apart)


# methods


def test_the_methods_are_summed_up_in_the_order_of_the_lesson() -> None:
    answers: Answers = {
        "imap_unordered": [(2, 0.25, 0.5), (1, 1.0, 1.125), (3, 1.0, 1.5)],
        "map": [(1, 0.5, 1.0), (2, 0.25, 1.0), (3, 0.75, 1.0)],
    }
    summary = summarise_methods(make_arrivals(answers, {"map": 0.875, "imap_unordered": 0.125}))
    assert summary.columns.tolist() == [
        *("method", "chunksize", "answers", "returned_seconds", "first_seconds"),
        *("last_seconds", "waited_seconds", "is_in_order"),
    ]
    assert summary.to_numpy().tolist() == [
        ["map", 1, 3, 0.875, 1.0, 1.0, 0.5, True],
        ["imap_unordered", 1, 3, 0.125, 0.5, 1.5, 0.25, False],
    ]


def test_the_order_of_the_answers_rows_does_not_matter() -> None:
    shuffled = make_arrivals().sample(frac=1.0, random_state=2)
    assert_frame_equal(summarise_methods(shuffled), summarise_methods(make_arrivals()))


# what is no such table


KINDS = [
    pytest.param(summarise_map, make_map, id="map"),
    pytest.param(summarise_lists, make_lengths, id="lengths"),
    pytest.param(summarise_lists, make_chunks, id="chunks"),
    pytest.param(summarise_methods, make_arrivals, id="methods"),
]


@pytest.mark.parametrize(("summarise", "make"), KINDS)
def test_several_runs_are_not_summed_up_as_one(summarise: Summarise, make: MakeTable) -> None:
    both = pd.concat([make(run_id="one"), make(run_id="two")], ignore_index=True)
    with pytest.raises(ResultsError, match="the table holds 2 runs"):
        summarise(both)


@pytest.mark.parametrize(("summarise", "make"), KINDS)
def test_what_is_no_such_table_is_refused(
    summarise: Summarise, make: MakeTable, make_run: TableMaker
) -> None:
    other = make_arrivals() if make is make_map else make_map()
    for bad in (None, 5, [1], pd.DataFrame(), make().iloc[:0], make_run(), other):
        with pytest.raises(ResultsError, match=r"the table (must be|is no table|has no rows)"):
            summarise(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(("summarise", "make"), KINDS)
def test_the_table_itself_is_left_as_it_is(summarise: Summarise, make: MakeTable) -> None:
    table = make()
    before = table.copy(deep=True)
    summarise(table)
    if make is make_map:
        count_most_at_once(table)
    assert_frame_equal(table, before)
