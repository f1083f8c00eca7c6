import math
from fractions import Fraction
from itertools import accumulate

import pytest

from gil_demo.measuring.estimates import NOTHING, Estimate, estimate_median, spread


def test_six_values_give_an_interval_and_fewer_a_median_alone_each_in_three_columns() -> None:
    values = [6.0, 2.0, 5.0, 1.0, 4.0, 3.0]
    assert estimate_median(values) == Estimate(3.5, 1.0, 6.0, 6)
    assert values == [6.0, 2.0, 5.0, 1.0, 4.0, 3.0]
    median, low, high, rounds = few = estimate_median(values[:5])
    assert (median, rounds, few.half_width) == (4.0, 5, math.inf)
    assert list(map(math.isnan, (low, high))) == [True, True]
    with pytest.raises(ValueError, match="values must hold at least one number, not none"):
        estimate_median([])
    estimate = Estimate(2.0, 1.5, 2.1, 8)
    assert estimate.half_width == pytest.approx(0.15)
    assert spread("time", estimate) == {"time": 2.0, "time_low": 1.5, "time_high": 2.1}
    assert list(spread("time", estimate, "usual")) == ["usual", "time_low", "time_high"]
    assert all(map(math.isnan, spread("time", NOTHING).values()))


def test_the_interval_is_the_narrowest_that_is_exact_to_the_confidence() -> None:
    for rounds in (*range(6, 60), 100, 101, 1_000):
        estimate = estimate_median([float(n) for n in range(rounds)])
        rank = round(estimate.low)
        assert estimate.high == rounds - 1 - rank
        # the exact chances that at most so many of the values lie below the true median
        ways = list(accumulate(math.comb(rounds, k) for k in range(rank + 2)))
        tail, wider = (Fraction(way, 2**rounds) for way in ways[-2:])
        assert tail <= Fraction(25, 1000) < wider
