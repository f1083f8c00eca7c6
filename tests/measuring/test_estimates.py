import math
from fractions import Fraction

import pytest

from gil_demo.measuring.estimates import NOTHING, Estimate, estimate_median, spread


def calculate_tail(rounds: int, rank: int) -> Fraction:
    """Return the exact chance that at most `rank` of the values lie below the true median."""
    return Fraction(sum(math.comb(rounds, k) for k in range(rank + 1)), 2**rounds)


def test_six_values_give_an_interval_and_fewer_a_median_alone() -> None:
    values = [6.0, 2.0, 5.0, 1.0, 4.0, 3.0]
    assert estimate_median(values) == Estimate(3.5, 1.0, 6.0, 6)
    assert values == [6.0, 2.0, 5.0, 1.0, 4.0, 3.0]
    estimate = estimate_median(values[:5])
    assert (estimate.median, estimate.rounds) == (4.0, 5)
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)
    assert estimate.half_width == math.inf
    assert Estimate(2.0, 1.5, 2.1, 8).half_width == pytest.approx(0.15)
    with pytest.raises(ValueError, match="values must hold at least one number, not none"):
        estimate_median([])


def test_the_interval_is_the_narrowest_that_is_exact_to_the_confidence() -> None:
    for rounds in (*range(6, 60), 100, 101, 1_000):
        estimate = estimate_median([float(n) for n in range(rounds)])
        rank = round(estimate.low)
        assert estimate.high == rounds - 1 - rank
        assert calculate_tail(rounds, rank) <= Fraction(25, 1000) < calculate_tail(rounds, rank + 1)


def test_an_estimate_spreads_into_three_columns() -> None:
    estimate = Estimate(2.0, 1.5, 2.1, 8)
    assert spread("time", estimate) == {"time": 2.0, "time_low": 1.5, "time_high": 2.1}
    assert list(spread("time", estimate, "usual")) == ["usual", "time_low", "time_high"]
    assert all(map(math.isnan, spread("time", NOTHING).values()))
