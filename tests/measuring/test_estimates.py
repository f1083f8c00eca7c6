import math
import random
from fractions import Fraction

import pytest

from gil_demo.measuring.estimates import LEAST_ROUNDS, Estimate, estimate_median


def calculate_tail(rounds: int, rank: int) -> Fraction:
    """Return the exact chance that at most `rank` of the values lie below the true median."""
    return Fraction(sum(math.comb(rounds, k) for k in range(rank + 1)), 2**rounds)


def test_the_median_of_an_odd_number_is_the_middle_value() -> None:
    assert estimate_median([3.0, 1.0, 2.0]).median == 2.0


def test_the_median_of_an_even_number_lies_half_way() -> None:
    assert estimate_median([4.0, 1.0, 2.0, 3.0]).median == 2.5


def test_six_values_give_an_interval_from_the_least_to_the_greatest() -> None:
    assert estimate_median([6.0, 2.0, 5.0, 1.0, 4.0, 3.0]) == Estimate(3.5, 1.0, 6.0, 6)


@pytest.mark.parametrize("rounds", range(1, LEAST_ROUNDS))
def test_fewer_than_six_values_give_no_interval(rounds: int) -> None:
    estimate = estimate_median([float(n) for n in range(1, rounds + 1)])
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)
    assert estimate.half_width == math.inf
    assert estimate.rounds == rounds


def test_no_values_are_an_error() -> None:
    with pytest.raises(ValueError, match="values must hold at least one number, not none"):
        estimate_median([])


@pytest.mark.parametrize("rounds", [*range(6, 60), 100, 101, 500, 1000])
def test_the_interval_is_the_narrowest_that_is_exact_to_the_confidence(rounds: int) -> None:
    estimate = estimate_median([float(n) for n in range(rounds)])
    rank = round(estimate.low)
    assert estimate.high == rounds - 1 - rank
    assert calculate_tail(rounds, rank) <= Fraction(25, 1000) < calculate_tail(rounds, rank + 1)


@pytest.mark.parametrize(("rounds", "rank"), [(6, 0), (8, 0), (9, 1), (11, 1), (12, 2), (20, 5)])
def test_the_ranks_are_those_of_the_published_tables(rounds: int, rank: int) -> None:
    estimate = estimate_median([float(n) for n in range(rounds)])
    assert (estimate.low, estimate.high) == (rank, rounds - 1 - rank)


def test_a_thousand_rounds_do_not_overflow() -> None:
    estimate = estimate_median([1.0] * 20_000)
    assert (estimate.low, estimate.high) == (1.0, 1.0)


@pytest.mark.parametrize("rounds", [6, 9, 15, 30])
def test_the_interval_holds_the_true_median_as_often_as_it_claims(rounds: int) -> None:
    chance = random.Random(20_261_122)
    repeats = 2_000
    held = 0
    for _ in range(repeats):
        estimate = estimate_median([chance.lognormvariate(0.0, 0.5) for _ in range(rounds)])
        held += estimate.low <= 1.0 <= estimate.high
    # three standard errors of 2,000 draws are 1.5 %
    assert held / repeats >= 0.95 - 0.015


def test_the_order_of_the_values_does_not_matter() -> None:
    chance = random.Random(1)
    values = [chance.random() + 0.5 for _ in range(15)]
    expected = estimate_median(values)
    for _ in range(10):
        chance.shuffle(values)
        assert estimate_median(values) == expected


def test_the_values_themselves_are_left_as_they_are() -> None:
    values = [3.0, 1.0, 2.0]
    estimate_median(values)
    assert values == [3.0, 1.0, 2.0]


def test_the_half_width_is_a_part_of_the_median() -> None:
    assert Estimate(2.0, 1.5, 2.1, 8).half_width == pytest.approx(0.15)


def test_values_multiplied_by_a_number_multiply_the_estimate() -> None:
    values = [1.0, 2.0, 4.0, 3.0, 7.0, 5.0, 6.0]
    one, ten = estimate_median(values), estimate_median([10 * value for value in values])
    assert ten == Estimate(10 * one.median, 10 * one.low, 10 * one.high, one.rounds)
    assert ten.half_width == pytest.approx(one.half_width)
