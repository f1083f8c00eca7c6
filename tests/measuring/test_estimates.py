import math
import random
from fractions import Fraction

import pytest

from gil_demo.measuring.estimates import LEAST_ROUNDS, NOTHING, Estimate, estimate_median, spread


def calculate_tail(rounds: int, rank: int) -> Fraction:
    """Return the exact chance that at most `rank` of the values lie below the true median."""
    return Fraction(sum(math.comb(rounds, k) for k in range(rank + 1)), 2**rounds)


def test_the_median_is_the_middle_value_or_lies_half_way_between_two() -> None:
    values = [3.0, 1.0, 2.0]
    assert estimate_median(values).median == 2.0
    assert estimate_median([*values, 4.0]).median == 2.5
    assert values == [3.0, 1.0, 2.0]


def test_six_values_give_an_interval_from_the_least_to_the_greatest() -> None:
    assert estimate_median([6.0, 2.0, 5.0, 1.0, 4.0, 3.0]) == Estimate(3.5, 1.0, 6.0, 6)


@pytest.mark.parametrize("rounds", [1, LEAST_ROUNDS - 1])
def test_fewer_than_six_values_give_no_interval(rounds: int) -> None:
    estimate = estimate_median([2.0] * rounds)
    assert (estimate.median, estimate.rounds) == (2.0, rounds)
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)
    assert estimate.half_width == math.inf


def test_no_values_are_an_error() -> None:
    with pytest.raises(ValueError, match="values must hold at least one number, not none"):
        estimate_median([])


def test_the_interval_is_the_narrowest_that_is_exact_to_the_confidence() -> None:
    for rounds in (*range(6, 60), 100, 101, 1_000):
        estimate = estimate_median([float(n) for n in range(rounds)])
        rank = round(estimate.low)
        assert estimate.high == rounds - 1 - rank
        assert calculate_tail(rounds, rank) <= Fraction(25, 1000) < calculate_tail(rounds, rank + 1)


@pytest.mark.parametrize(("rounds", "rank"), [(6, 0), (8, 0), (9, 1), (11, 1), (12, 2), (20, 5)])
def test_the_ranks_are_those_of_the_published_tables(rounds: int, rank: int) -> None:
    estimate = estimate_median([float(n) for n in range(rounds)][::-1])
    assert (estimate.low, estimate.high) == (rank, rounds - 1 - rank)


@pytest.mark.thorough
@pytest.mark.parametrize("rounds", [6, 9, 15, 30])
def test_the_interval_holds_the_true_median_as_often_as_it_claims(rounds: int) -> None:
    chance, held = random.Random(20_261_122), 0
    for _ in range(2_000):
        estimate = estimate_median([chance.lognormvariate(0.0, 0.5) for _ in range(rounds)])
        held += estimate.low <= 1.0 <= estimate.high
    assert held / 2_000 >= 0.95 - 0.015  # less three standard errors


def test_the_half_width_is_a_part_of_the_median() -> None:
    assert Estimate(2.0, 1.5, 2.1, 8).half_width == pytest.approx(0.15)


def test_an_estimate_spreads_into_three_columns() -> None:
    estimate = Estimate(2.0, 1.5, 2.1, 8)
    assert spread("time", estimate) == {"time": 2.0, "time_low": 1.5, "time_high": 2.1}
    assert list(spread("time", estimate, "usual")) == ["usual", "time_low", "time_high"]
    assert all(map(math.isnan, spread("time", NOTHING).values()))
