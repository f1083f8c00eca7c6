import math
from fractions import Fraction
from itertools import accumulate, combinations_with_replacement, product

import numpy as np
import pytest

from gil_demo.measuring.estimates import (
    NOTHING,
    Estimate,
    allow_for_programs,
    estimate_median,
    estimate_ratio,
    spread,
)


def test_six_values_give_an_interval_and_fewer_a_median_alone_each_in_three_columns() -> None:
    values = [6.0, 2.0, 5.0, 1.0, 4.0, 3.0]
    assert estimate_median(values) == Estimate(3.5, 1.0, 6.0, 6)
    assert values == [6.0, 2.0, 5.0, 1.0, 4.0, 3.0]
    median, low, high, rounds = few = estimate_median(values[:5])
    assert (median, rounds, few.half_width) == (4.0, 5, math.inf)
    assert list(map(math.isnan, (low, high))) == [True, True]
    estimate = Estimate(2.0, 1.5, 2.1, 8)
    assert estimate.half_width == pytest.approx(0.15)
    assert spread("time", estimate) == {"time": 2.0, "time_low": 1.5, "time_high": 2.1}
    assert list(spread("time", estimate, "usual")) == ["usual", "time_low", "time_high"]
    assert estimate_median([]) == estimate_ratio([]) == NOTHING
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


def test_what_differs_from_program_to_program_counts_on_each_side_and_little_beside_much() -> None:
    ends = [1 / math.exp(0.02), math.exp(math.hypot(0.02, 0.03))]
    told = allow_for_programs(Estimate(2.0, 2.0, 2.0 * math.exp(0.03), 8))
    assert told == pytest.approx((2.0, 2.0 * ends[0], 2.0 * ends[1], 8))
    wide = allow_for_programs(Estimate(2.0, 1.0, 4.0, 8))
    assert wide == pytest.approx((2.0, 1.0, 4.0, 8), rel=1e-3)
    assert [math.isnan(one) for one in allow_for_programs(NOTHING)[:3]] == [True] * 3


def test_a_ratio_is_the_median_of_the_means_of_any_two_logarithms() -> None:
    ratios = [1.0, 1.1, 3.0, 0.9, 1.2, 1.05, 1.3]
    means = sorted(math.sqrt(a * b) for a, b in combinations_with_replacement(ratios, 2))
    centre = math.sqrt(means[13] * means[14])
    assert estimate_ratio(ratios) == pytest.approx((centre, means[2], means[-3], 7))
    assert estimate_ratio(ratios[:5])[1:] == pytest.approx((math.nan, math.nan, 5), nan_ok=True)
    upside_down = estimate_ratio([1 / ratio for ratio in ratios])
    assert upside_down == pytest.approx((1 / centre, 1 / means[-3], 1 / means[2], 7))
    # neighbours count together where there are 14 or more
    assert estimate_ratio([2.0, 8.0] * 6).half_width > 0.3
    for block, blocks in (([2.0, 8.0], 7), ([2.0, 8.0], 17), ([2.0, 8.0, 4.0], 12)):
        for more in ([], [99.0]):
            assert estimate_ratio([*more, *block * blocks])[:3] == pytest.approx([4.0] * 3)


def test_the_interval_of_a_ratio_is_the_narrowest_that_the_signs_of_ranks_allow() -> None:
    for rounds in (6, 7, 9, 11):
        powers = [2.0**-number for number in range(1, rounds + 1)]  # no two means are alike
        low = estimate_ratio([math.exp(power) for power in powers]).low
        means = sorted((a + b) / 2 for a, b in combinations_with_replacement(powers, 2))
        rank = min(range(len(means)), key=lambda n: abs(means[n] - math.log(low)))
        sums = [sum(signs) for signs in product(*((0, n) for n in range(1, rounds + 1)))]
        tail, wider = (sum(one <= most for one in sums) for most in (rank, rank + 1))
        assert Fraction(tail, 2**rounds) <= Fraction(25, 1000) < Fraction(wider, 2**rounds)


@pytest.mark.parametrize("rounds", [8, 14, 23, 36, 47, 130])
def test_the_interval_of_a_ratio_holds_the_centre_in_nineteen_of_twenty_runs(rounds: int) -> None:
    """The noise has two humps, is a little alike from round to round, and is now and then wild."""
    random, runs, held = np.random.default_rng(rounds), 1_000, 0
    for _ in range(runs):
        moods = np.empty(rounds, dtype=bool)  # of the loop: quick or slow
        moods[0] = random.random() < 0.5
        changes = random.random(rounds) < 0.4
        for number in range(1, rounds):
            moods[number] = moods[number - 1] ^ changes[number]
        noise = np.where(moods, 0.13, -0.13) + random.normal(0, 0.12, rounds)
        wild = random.random(rounds) < 0.03
        noise[wild] += random.choice([-1.0, 1.0], wild.sum())
        _, low, high, _ = estimate_ratio(np.exp(noise).tolist())
        held += low <= 1.0 <= high
    assert held / runs >= 0.93
