import copy
import pickle
import random
from itertools import pairwise

import pytest

from gil_demo.running.workloads import (
    CUTS,
    CallCounter,
    count_numbered,
    count_pair,
    split,
    split_unevenly,
)

# uneven parts


@pytest.mark.parametrize("parts", [1, 2, 3, 12, 60, 2_000])
@pytest.mark.parametrize("spare", [0, 1, 7, 59, 1_000_003])
def test_uneven_parts_are_whole_add_up_and_hold_a_step_at_least(parts: int, spare: int) -> None:
    shares = split_unevenly(parts + spare, parts)
    assert len(shares) == parts
    assert sum(shares) == parts + spare
    assert min(shares) >= 1
    assert all(type(share) is int for share in shares)


@pytest.mark.parametrize("seed", range(20))
def test_uneven_parts_never_shrink(seed: int) -> None:
    order = random.Random(seed)
    parts = order.randint(1, 500)
    shares = split_unevenly(parts + order.randint(0, 10_000), parts)
    assert all(one <= next_one for one, next_one in pairwise(shares))


@pytest.mark.parametrize(
    ("count", "parts", "shares"),
    [
        (1, 1, [1]),
        (9, 1, [9]),
        (2, 2, [1, 1]),
        (10, 2, [1, 9]),
        (3, 3, [1, 1, 1]),
        (9, 3, [1, 3, 5]),
        (10, 3, [1, 3, 6]),
        (16, 4, [1, 3, 5, 7]),
        (6, 4, [1, 1, 1, 3]),
    ],
)
def test_small_uneven_cuts_are_these(count: int, parts: int, shares: list[int]) -> None:
    assert split_unevenly(count, parts) == shares


def test_the_last_of_many_uneven_parts_is_twice_the_average() -> None:
    shares = split_unevenly(4_000_000, 2_000)
    assert shares[0] == 1
    assert shares[-1] == pytest.approx(2 * 2_000, rel=0.3)
    assert shares[1_000] == pytest.approx(2_000, rel=0.01)


def test_the_cuts_are_known_by_name() -> None:
    assert {"even": split, "uneven": split_unevenly} == CUTS


# numbered tasks


@pytest.mark.parametrize("n", [0, 1, 1_000])
def test_a_numbered_task_tells_its_number_and_when_it_was_done(n: int) -> None:
    (first, begun), (second, done) = count_numbered(7, n), count_pair((8, n))
    assert (first, second) == (7, 8)
    assert begun <= done


def test_numbered_tasks_can_be_sent_to_workers() -> None:
    for function in (count_numbered, count_pair):
        assert pickle.loads(pickle.dumps(function)) is function


# counts of calls


def test_a_counter_of_calls_tells_which_call_it_is() -> None:
    counter = CallCounter()
    assert [counter(item) for item in ("one", None, 3)] == [1, 2, 3]
    assert counter.calls == 3


def test_every_copy_of_a_counter_counts_for_itself() -> None:
    counter = CallCounter()
    sent, again = pickle.dumps(counter), copy.copy(counter)
    one, other = pickle.loads(sent), pickle.loads(sent)
    assert [one(0), one(0), other(0), again(0)] == [1, 2, 1, 1]
    assert counter.calls == 0


def test_a_copy_goes_on_from_where_the_counter_was() -> None:
    counter = CallCounter()
    counter(0)
    assert pickle.loads(pickle.dumps(counter))(0) == 2
    assert counter(0) == 2
