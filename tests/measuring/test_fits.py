"""Laws are recovered from noisy measurements, and what can't be told is refused.

The truth of each case is known. Its noise: each measurement is off by some per cent, a whole
round is up to twice as slow, and one measurement in fifty takes 1.3 to 3 times as long.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import pytest

from gil_demo.checks import ResultsError
from gil_demo.measuring.estimates import LEAST_ROUNDS, Estimate
from gil_demo.measuring.fits import (
    LEAST_SIZES,
    Line,
    compute_speed_up,
    find_crossing,
    fit_costs,
    fit_doubtful_costs,
    fit_line,
    fit_parallel_part,
)
from tests.made.costs import FAIR, QUIET, Noise

CASES = 500
FEWER_CASES = 200
LEAST_COVERAGE = 0.85
SIZES = [10.0 * 4**place for place in range(7)]

Costs = Mapping[float, Sequence[float]]
LAWS = {"quick": Line(20.0, 1.0), "slow": Line(2_000.0, 0.5)}


def measure_ways(
    ways: Mapping[str, Line],
    sizes: Sequence[float],
    rounds: int,
    noise: Noise,
    chance: random.Random,
) -> list[dict[float, list[float]]]:
    """Measure ways of running by their laws, with all the noise that there is."""
    costs: dict[str, dict[float, list[float]]] = {way: {s: [] for s in sizes} for way in ways}
    for _ in range(rounds):
        change = noise.blow(chance)
        for way, line in ways.items():
            for size in sizes:
                costs[way][size].append(change(line.at(size)))
    return list(costs.values())


def measure_scaling(
    part: float,
    workers: Sequence[int],
    cores: int,
    rounds: int,
    noise: Noise,
    chance: random.Random,
) -> dict[int, list[float]]:
    """Measure ever more workers by Amdahl's law, each round as multiples of its plain loop."""
    ratios: dict[int, list[float]] = {number: [] for number in workers}
    for _ in range(rounds):
        change = noise.blow(chance)
        loop = change(1.0)
        for number in workers:
            ratios[number].append(change(1 / compute_speed_up(part, min(number, cores))) / loop)
    return ratios


# Amdahl's law


@pytest.mark.parametrize(
    ("part", "workers", "speed_up"),
    [(0, 8, 1), (1, 8, 8), (0.5, 2, 4 / 3), (0.95, 1, 1), (0.9, math.inf, 10), (0.5, 1e9, 2)],
)
def test_the_speed_up_is_amdahl_s(part: float, workers: float, speed_up: float) -> None:
    assert compute_speed_up(part, workers) == pytest.approx(speed_up)


class Scaled(NamedTuple):
    """A random case of ever more workers: the truth, and how it was measured."""

    part: float
    cores: int
    ratios: dict[int, list[float]]


def scale_at_random(noise: Noise) -> Iterator[Scaled]:
    for case in range(CASES):
        chance = random.Random(f"Amdahl {case}")
        cores = chance.randint(2, 16)
        most = 2 * cores
        workers = [
            n for n in ((1, 2, 3, 4, 6, 8) if cores < 5 else (1, 2, 4, 8, 16, 32)) if n <= most
        ]
        part, rounds = chance.random(), chance.randint(8, 14)
        yield Scaled(part, cores, measure_scaling(part, workers, cores, rounds, noise, chance))


def test_the_parallel_part_is_recovered_within_two_hundredths_in_each_of_500_cases() -> None:
    errors = [
        abs(fit_parallel_part(ratios, cores).median - part)
        for part, cores, ratios in scale_at_random(FAIR._replace(each=0.01))
    ]
    assert len(errors) == CASES
    assert max(errors) <= 0.02, f"case {errors.index(max(errors))}: off by {max(errors):.4f}"


@pytest.mark.parametrize("each", [0.01, 0.05])
def test_the_interval_of_the_parallel_part_holds_the_truth(each: float) -> None:
    held = 0
    for part, cores, ratios in scale_at_random(FAIR._replace(each=each)):
        fitted = fit_parallel_part(ratios, cores)
        assert fitted.low <= fitted.median <= fitted.high
        held += fitted.low <= part <= fitted.high
    assert held >= LEAST_COVERAGE * CASES, f"the interval held in {held} of {CASES} cases"


@pytest.mark.parametrize("part", [0.0, 0.3, 0.95, 1.0])
def test_without_noise_the_parallel_part_is_exact(part: float) -> None:
    ratios = measure_scaling(part, [1, 2, 4, 8], 4, 6, QUIET, random.Random(0))
    assert fit_parallel_part(ratios, 4) == pytest.approx((part, part, part, 6), abs=1e-12)


def test_more_workers_than_cores_are_taken_for_as_many_as_work_at_once() -> None:
    ratios = measure_scaling(0.9, [2, 4, 8, 16], 2, 8, QUIET, random.Random(0))
    assert fit_parallel_part(ratios, 2).median == pytest.approx(0.9)
    assert fit_parallel_part(ratios, 16).median < 0.6


def test_threads_that_change_nothing_share_out_nothing() -> None:
    ratios = measure_scaling(0.0, [1, 2, 4], 2, 12, FAIR, random.Random(1))
    fitted = fit_parallel_part(ratios, 2)
    assert fitted.low < 0 < fitted.high


@pytest.mark.parametrize(
    ("ratios", "cores", "told"),
    [
        ({1: [1.0] * 8, 2: [1.0] * 8}, 1, "one core can't show"),
        ({1: [1.0] * 8}, 4, "two workers or more"),
        ({}, 4, "two workers or more"),
        ({2: [0.5] * (LEAST_ROUNDS - 1)}, 4, f"5 of {LEAST_ROUNDS} rounds that a fit needs"),
        ({2: [0.5] * 9, 4: [0.3] * 5}, 4, f"5 of {LEAST_ROUNDS} rounds that a fit needs"),
    ],
)
def test_what_shows_no_parallel_part_is_refused_in_words(
    ratios: dict[int, list[float]], cores: int, told: str
) -> None:
    with pytest.raises(ResultsError, match=told):
        fit_parallel_part(ratios, cores)


def test_the_same_rounds_give_the_same_parallel_part_whatever_the_unit_of_a_round() -> None:
    ratios = measure_scaling(0.8, [1, 2, 4], 4, 9, FAIR, random.Random(3))
    assert fit_parallel_part(ratios, 4) == fit_parallel_part(ratios, 4)
    backwards = {number: values[::-1] for number, values in ratios.items()}
    assert fit_parallel_part(backwards, 4) == pytest.approx(fit_parallel_part(ratios, 4))


# lines


def test_a_line_is_found_again() -> None:
    line = Line(3.0, 0.25)
    assert fit_line(SIZES, [line.at(size) for size in SIZES]) == pytest.approx(line)
    assert fit_costs({size: [line.at(size)] * 3 for size in SIZES}) == pytest.approx(line)


def test_relative_errors_count_whatever_the_size() -> None:
    costs = [Line(100.0, 1.0).at(size) for size in SIZES]
    costs[-1] *= 1.1  # 4,000 more, forty times the overhead
    assert fit_line(SIZES, costs).overhead == pytest.approx(100, rel=0.1)


def test_a_disturbed_round_does_not_move_a_line() -> None:
    line = Line(3.0, 0.25)
    costs = {size: [line.at(size)] * 7 for size in SIZES}
    costs[10.0][3] *= 50
    assert fit_costs(costs) == pytest.approx(line)


def test_the_doubt_of_a_line_holds_its_truth() -> None:
    held = 0
    for case in range(200):
        (costs,) = measure_ways(
            {"way": Line(50.0, 2.0)}, SIZES, 10, Noise(each=0.05), random.Random(f"line {case}")
        )
        fitted = fit_doubtful_costs(costs)
        held += abs(fitted.line.at(1_000.0) - 2_050) <= fitted.reach(1_000.0)
    assert held >= LEAST_COVERAGE * 200


# crossings


class Crossed(NamedTuple):
    """A random case of two ways whose lines cross: where, and how they were measured."""

    crossing: float
    quick: Costs
    slow: Costs


def cross_at_random(noise: Noise) -> Iterator[Crossed]:
    for case in range(CASES):
        chance = random.Random(f"crossing {case}")
        crossing = 10 ** chance.uniform(2, 7)
        quick_slope = chance.uniform(1, 1.1)
        slow_slope = chance.uniform(1, 1.2) / chance.choice([2, 2, 2, 3, 4])
        apart = crossing * (quick_slope - slow_slope)
        quick = Line(apart * chance.choice([0, 0.001, 0.01, 0.1]), quick_slope)
        slow = Line(quick.overhead + apart, slow_slope)
        longest = crossing * chance.uniform(1, 8)
        sizes = [longest / 4**place for place in range(7)]
        ways = {"quick": quick, "slow": slow}
        yield Crossed(crossing, *measure_ways(ways, sizes, chance.randint(8, 14), noise, chance))


def test_the_crossing_is_recovered_within_a_tenth_in_each_of_500_cases() -> None:
    errors, held = [], 0
    for crossing, quick, slow in cross_at_random(FAIR):
        found = find_crossing(quick, slow)
        assert found.low <= found.median <= found.high
        errors.append(abs(found.median / crossing - 1))
        held += found.low <= crossing <= found.high
    assert len(errors) == CASES
    assert max(errors) <= 0.1, f"case {errors.index(max(errors))}: off by {max(errors):.1%}"
    assert held >= LEAST_COVERAGE * CASES, f"the interval held in {held} of {CASES} cases"


def test_without_noise_the_crossing_is_exact_whatever_the_pace_of_a_round() -> None:
    noise = Noise(common=2.0)
    quick, slow = measure_ways(LAWS, SIZES, 8, noise, random.Random(0))
    expected = Estimate(3_960, 3_960, 3_960, 8)
    assert find_crossing(quick, slow) == pytest.approx(expected, rel=1e-6)


def test_the_crossing_does_not_depend_on_the_unit_of_the_costs() -> None:
    quick, slow = measure_ways(LAWS, SIZES, 8, FAIR, random.Random(5))
    in_seconds = [
        {size: [cost * 3e-8 for cost in values] for size, values in way.items()}
        for way in (quick, slow)
    ]
    assert find_crossing(*in_seconds) == pytest.approx(find_crossing(quick, slow))


NOISE_ALONE = {"quick": Line(400.0, 1.0), "slow": Line(400.0, 1.0)}


@pytest.mark.parametrize(
    ("slow", "told"),
    [
        (Line(2_000.0, 1.3), "at no size of task did the two meet"),
        (Line(2_000.0, 1.0), "at no size of task did the two meet|differ too much"),
        (Line(0.0, 0.5), "it pays at every size that was measured"),
        (Line(1e7, 0.5), "at no size of task did the two meet|far beyond the sizes"),
        (Line(400.0, 1.0), "differ too much to tell where the two meet"),
        (Line(100.0, 2.0), "differ too much to tell where the two meet"),  # the other way round
    ],
)
def test_lines_that_do_not_meet_where_it_was_measured_are_refused_each_time(
    slow: Line, told: str
) -> None:
    for case in range(100):
        ways = {"quick": Line(400.0, 1.0), "slow": slow}
        costs = measure_ways(ways, SIZES, 10, FAIR, random.Random(f"refused {case}"))
        with pytest.raises(ResultsError, match=told):
            find_crossing(*costs)


@pytest.mark.parametrize("each", [0.05, 0.5])
def test_noise_alone_gives_a_crossing_in_one_case_of_twenty_at_most(each: float) -> None:
    noise = FAIR._replace(each=each)
    found = 0
    for case in range(FEWER_CASES):
        chance = random.Random(f"noise {case}")
        costs = measure_ways(NOISE_ALONE, SIZES, chance.randint(6, 14), noise, chance)
        try:
            find_crossing(*costs)
        except ResultsError:
            continue
        found += 1
    assert found <= 0.05 * FEWER_CASES, (
        f"{found} of {FEWER_CASES} cases of noise alone gave a crossing"
    )


@pytest.mark.parametrize("each", [0.1, 0.3])
def test_whatever_the_noise_a_crossing_is_refused_or_its_interval_holds(each: float) -> None:
    noise = FAIR._replace(each=each)
    wrong = told = 0
    for crossing, quick, slow in islice(cross_at_random(noise), FEWER_CASES):
        try:
            found = find_crossing(quick, slow)
        except ResultsError:
            continue
        told += 1
        wrong += not found.low <= crossing <= found.high
    assert told
    assert wrong <= (1 - LEAST_COVERAGE) * told, f"{wrong} of {told} intervals were wrong"


def test_a_crossing_far_beyond_what_was_measured_is_not_made_up() -> None:
    wrong = told = 0
    for case in range(FEWER_CASES):
        chance = random.Random(f"far {case}")
        crossing = SIZES[-1] * 10 ** chance.uniform(0.5, 3)
        ways = {"quick": Line(0.0, 1.0), "slow": Line(0.5 * crossing, 0.5)}
        costs = measure_ways(ways, SIZES, chance.randint(8, 14), FAIR, chance)
        try:
            found = find_crossing(*costs)
        except ResultsError:
            continue
        told += 1
        wrong += not found.low <= crossing <= found.high
    assert told
    assert wrong <= (1 - LEAST_COVERAGE) * told, f"{wrong} of {told} intervals were wrong"


@pytest.mark.parametrize("rounds", range(1, LEAST_ROUNDS))
def test_too_few_rounds_are_refused(rounds: int) -> None:
    costs = measure_ways(LAWS, SIZES, rounds, QUIET, random.Random(0))
    with pytest.raises(ResultsError, match=f"{rounds} of {LEAST_ROUNDS} rounds that a fit needs"):
        find_crossing(*costs)


def test_the_way_with_the_fewest_rounds_counts() -> None:
    quick, slow = measure_ways(LAWS, SIZES, 9, QUIET, random.Random(0))
    slow[SIZES[2]] = slow[SIZES[2]][:6]
    assert find_crossing(quick, slow).rounds == 6


def test_too_few_sizes_or_unlike_ones_are_refused() -> None:
    quick, slow = measure_ways(LAWS, SIZES, 8, QUIET, random.Random(0))
    few = [dict(list(way.items())[: LEAST_SIZES - 1]) for way in (quick, slow)]
    unlike = {size: values for size, values in slow.items() if size != SIZES[0]}
    for one, other in (few, (quick, unlike), ({}, {})):
        with pytest.raises(ResultsError, match=f"{LEAST_SIZES} sizes that both ways ran"):
            find_crossing(one, other)
