"""Laws are recovered from noisy measurements, and what can't be told is refused.

The truth of each case is known. Its noise: each measurement is off by some per cent, a whole
round is up to twice as slow, and one measurement in fifty takes 1.3 to 3 times as long.
"""

import math
import random
import statistics
from collections.abc import Iterator, Mapping, Sequence

import pytest

from gil_demo.checks import ResultsError
from gil_demo.measuring.estimates import Estimate
from gil_demo.measuring.fits import (
    Line,
    compute_speed_up,
    find_crossing,
    find_middle,
    fit_costs,
    fit_doubtful_costs,
    fit_parallel_part,
    level_rounds,
    measure_doubt,
)
from tests.made.costs import FAIR, QUIET, Noise

CASES = 500
LEAST_COVERAGE = 0.85
SIZES = [10.0 * 4**place for place in range(7)]
LAWS = (Line(20.0, 1.0), Line(2_000.0, 0.5))
VALUES = [0.98, 1.0, 1.01, 1.03, 0.97]

Costs = dict[float, list[float]]


def measure_ways(
    laws: Sequence[Line],
    rounds: int,
    noise: Noise,
    chance: random.Random,
    sizes: Sequence[float] = SIZES,
) -> list[Costs]:
    """Measure ways of running by their laws, with all the noise that there is."""
    costs: list[Costs] = [{size: [] for size in sizes} for _ in laws]
    for _ in range(rounds):
        change = noise.blow(chance)
        for law, own in zip(laws, costs, strict=True):
            for size in sizes:
                own[size].append(change(law.at(size)))
    return costs


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


# middles and level rounds


def test_the_middle_is_the_mean_of_what_was_not_disturbed() -> None:
    mean = pytest.approx(statistics.fmean(VALUES))
    assert find_middle(iter(VALUES)) == find_middle([*VALUES, 3.0]) == mean
    assert find_middle([*VALUES, 3.0, 2.0]) == mean
    assert find_middle([2.0, 2.0, 2.0, 9.0]) == 2.0
    # the deviation of 1 to 5 is 1.4826, so that 8 is the last that counts
    assert find_middle([1, 2, 3, 4, 5, 7.4]) == pytest.approx(22.4 / 6)
    assert find_middle([1, 2, 3, 4, 5, 10.2]) == 3.0


def test_what_slows_a_whole_round_is_taken_out_and_one_disturbance_leaves_the_rest_alone() -> None:
    truth = {"loop": 2.0, "threads": 3.0, "pool": 1.0}
    paces = [1.0, 2.0, 1.0, 1.3, 1.0]
    costs = {name: [cost * pace for pace in paces] for name, cost in truth.items()}
    costs["loop"].append(9.0)  # a round that not all have
    for name, values in level_rounds(costs).items():
        assert values == pytest.approx([truth[name]] * 5)
    costs = {name: [cost] * 6 for name, cost in {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}.items()}
    costs["b"][2] = 20.0
    level = level_rounds(costs)
    assert level["b"] == pytest.approx([2.0, 2.0, 20.0, 2.0, 2.0, 2.0])
    assert level["a"] == pytest.approx([1.0] * 6)


@pytest.mark.parametrize(("rounds", "off"), [(8, 1e-9), (30, 1e-9), (100, 0.5)])
def test_the_doubt_of_means_is_that_of_the_textbook(rounds: int, off: float) -> None:
    chance = random.Random(rounds)
    ones = [chance.gauss(5, 1) for _ in range(rounds)]
    others = [one + chance.gauss(0, 1) for one in ones]
    seen = []

    def fit(chosen: Sequence[int]) -> tuple[float, float]:
        seen.append(len(chosen))
        return statistics.fmean(ones[n] for n in chosen), statistics.fmean(
            others[n] for n in chosen
        )

    doubt = measure_doubt(fit, rounds)
    assert doubt.first == pytest.approx(statistics.variance(ones) / rounds, rel=off)
    assert doubt.second == pytest.approx(statistics.variance(others) / rounds, rel=off)
    assert doubt.both == pytest.approx(statistics.covariance(ones, others) / rounds, rel=off)
    assert len(seen) == min(rounds, 30)  # of many rounds several are left out at once


@pytest.mark.parametrize(("rounds", "quantile"), [(6, 2.571), (11, 2.228), (30, 2.045)])
def test_the_quantile_is_that_of_student_s_table(rounds: int, quantile: float) -> None:
    doubt = measure_doubt(lambda _: (1.0, 2.0), rounds)
    assert doubt.first == doubt.both == doubt.second == 0
    assert doubt.quantile == pytest.approx(quantile, abs=0.004)


# Amdahl's law


@pytest.mark.parametrize(
    ("part", "workers", "speed_up"),
    [(0, 8, 1), (1, 8, 8), (0.5, 2, 4 / 3), (0.95, 1, 1), (0.9, math.inf, 10)],
)
def test_the_speed_up_is_amdahl_s(part: float, workers: float, speed_up: float) -> None:
    assert compute_speed_up(part, workers) == pytest.approx(speed_up)


@pytest.mark.parametrize(("each", "furthest"), [(0.01, 0.02), (0.05, 0.1)])
def test_the_parallel_part_is_recovered_and_its_interval_holds(
    each: float, furthest: float
) -> None:
    errors, held = [], 0
    for case in range(CASES):
        chance = random.Random(f"Amdahl {case}")
        cores = chance.randint(2, 16)
        usual = (1, 2, 3, 4, 6, 8) if cores < 5 else (1, 2, 4, 8, 16, 32)
        workers = [number for number in usual if number <= 2 * cores]
        part, rounds, noise = chance.random(), chance.randint(8, 14), FAIR._replace(each=each)
        ratios = measure_scaling(part, workers, cores, rounds, noise, chance)
        fitted = fit_parallel_part(ratios, cores)
        errors.append(abs(fitted.median - part))
        held += fitted.low <= part <= fitted.high
    assert max(errors) <= furthest, f"case {errors.index(max(errors))}"
    assert held >= LEAST_COVERAGE * CASES


@pytest.mark.parametrize("part", [0.0, 0.3, 1.0])
def test_without_noise_the_parallel_part_is_exact(part: float) -> None:
    ratios = measure_scaling(part, [1, 2, 4, 8], 4, 6, QUIET, random.Random(0))
    assert fit_parallel_part(ratios, 4) == pytest.approx((part, part, part, 6), abs=1e-12)


def test_more_workers_than_cores_are_taken_for_as_many_as_work_at_once() -> None:
    ratios = measure_scaling(0.9, [2, 4, 8, 16], 2, 8, QUIET, random.Random(0))
    assert fit_parallel_part(ratios, 2).median == pytest.approx(0.9)
    assert fit_parallel_part(ratios, 16).median == pytest.approx(0.5609, abs=1e-4)


@pytest.mark.parametrize(
    ("ratios", "cores", "told"),
    [
        ({1: [1.0] * 8, 2: [1.0] * 8}, 1, "one core can't show"),
        ({1: [1.0] * 8}, 4, "two workers or more"),
        ({2: [0.5] * 9, 4: [0.3] * 5}, 4, "5 of 6 rounds that a fit needs: allow more seconds"),
    ],
)
def test_what_shows_no_parallel_part_is_refused_in_words(
    ratios: dict[int, list[float]], cores: int, told: str
) -> None:
    with pytest.raises(ResultsError, match=told):
        fit_parallel_part(ratios, cores)


# lines


def test_a_line_is_found_again_whatever_a_disturbed_round_says() -> None:
    line = Line(3.0, 0.25)
    costs = {size: [line.at(size)] * 7 for size in SIZES}
    assert fit_costs(costs) == pytest.approx(line)
    costs[10.0][3] *= 50
    assert fit_costs(costs) == pytest.approx(line)


def test_relative_errors_count_whatever_the_size() -> None:
    costs = {size: [Line(100.0, 1.0).at(size)] for size in SIZES}
    costs[SIZES[-1]] = [costs[SIZES[-1]][0] * 1.1]  # 4,000 more, forty times the overhead
    assert fit_costs(costs).overhead == pytest.approx(100, rel=0.1)


def test_the_doubt_of_a_line_holds_its_truth() -> None:
    held = 0
    for case in range(200):
        (costs,) = measure_ways([Line(50.0, 2.0)], 10, Noise(each=0.05), random.Random(case))
        fitted = fit_doubtful_costs(costs)
        held += abs(fitted.line.at(1_000.0) - 2_050) <= fitted.reach(1_000.0)
    assert LEAST_COVERAGE * 200 <= held < 200


# crossings


def cross_at_random(noise: Noise, cases: int) -> Iterator[tuple[float, Costs, Costs]]:
    """Give two ways whose lines cross: where, and how they were measured."""
    for case in range(cases):
        chance = random.Random(f"crossing {case}")
        crossing = 10 ** chance.uniform(2, 7)
        quick_slope = chance.uniform(1, 1.1)
        slow_slope = chance.uniform(1, 1.2) / chance.choice([2, 2, 2, 3, 4])
        apart = crossing * (quick_slope - slow_slope)
        quick = Line(apart * chance.choice([0, 0.001, 0.01, 0.1]), quick_slope)
        slow = Line(quick.overhead + apart, slow_slope)
        longest = crossing * chance.uniform(1, 8)
        sizes = [longest / 4**place for place in range(7)]
        rounds = chance.randint(8, 14)
        one, other = measure_ways([quick, slow], rounds, noise, chance, sizes)
        yield crossing, one, other


def test_the_crossing_is_recovered_within_a_tenth_and_its_interval_holds() -> None:
    errors, held = [], 0
    for crossing, quick, slow in cross_at_random(FAIR, CASES):
        found = find_crossing(quick, slow)
        errors.append(abs(found.median / crossing - 1))
        held += found.low <= crossing <= found.high
    assert max(errors) <= 0.1, f"case {errors.index(max(errors))}"
    assert held >= LEAST_COVERAGE * CASES


def test_without_noise_the_crossing_is_exact_whatever_the_pace_of_a_round_and_the_unit() -> None:
    costs = measure_ways(LAWS, 8, Noise(common=2.0), random.Random(0))
    expected = pytest.approx(Estimate(3_960, 3_960, 3_960, 8), rel=1e-6)
    assert find_crossing(*costs) == expected
    in_seconds = [{size: [3e-8 * c for c in own[size]] for size in own} for own in costs]
    assert find_crossing(*in_seconds) == expected


@pytest.mark.parametrize(
    ("slow", "told"),
    [
        (Line(2_000.0, 1.3), "at no size of task did the two meet"),
        (Line(0.0, 0.5), "it pays at every size that was measured"),
        (Line(1e7, 0.5), "at no size of task did the two meet|far beyond the sizes"),
        (Line(400.0, 1.0), "differ too much to tell where the two meet"),
        (Line(100.0, 2.0), "differ too much to tell where the two meet"),  # the other way round
    ],
)
def test_lines_that_do_not_meet_where_it_was_measured_are_refused_each_time(
    slow: Line, told: str
) -> None:
    for case in range(8):
        costs = measure_ways([Line(400.0, 1.0), slow], 10, FAIR, random.Random(f"refused {case}"))
        with pytest.raises(ResultsError, match=told):
            find_crossing(*costs)


@pytest.mark.thorough
@pytest.mark.parametrize("each", [0.05, 0.5])
def test_noise_alone_gives_a_crossing_in_one_case_of_twenty_at_most(each: float) -> None:
    found = 0
    for case in range(200):
        noise, chance = FAIR._replace(each=each), random.Random(f"noise {case}")
        costs = measure_ways([Line(400.0, 1.0)] * 2, 6 + case % 9, noise, chance)
        try:
            find_crossing(*costs)
        except ResultsError:
            continue
        found += 1
    assert found <= 10


@pytest.mark.thorough
@pytest.mark.parametrize("each", [0.1, 0.3])
def test_whatever_the_noise_a_crossing_is_refused_or_its_interval_holds(each: float) -> None:
    wrong = told = 0
    for crossing, quick, slow in cross_at_random(FAIR._replace(each=each), 200):
        try:
            found = find_crossing(quick, slow)
        except ResultsError:
            continue
        told += 1
        wrong += not found.low <= crossing <= found.high
    assert wrong <= (1 - LEAST_COVERAGE) * told


def test_rounds_that_are_too_few_or_unlike_are_refused() -> None:
    quick, slow = measure_ways(LAWS, 9, QUIET, random.Random(0))
    few: list[Mapping[float, Sequence[float]]] = [dict([*way.items()][:2]) for way in (quick, slow)]
    rest = {size: values for size, values in slow.items() if size != SIZES[0]}
    for one, other in (few, (quick, rest), ({}, {})):
        with pytest.raises(ResultsError, match="a crossing needs 3 sizes that both ways ran"):
            find_crossing(one, other)
    slow[SIZES[2]] = slow[SIZES[2]][:6]
    assert find_crossing(quick, slow).rounds == 6
    slow[SIZES[2]] = slow[SIZES[2]][:5]
    with pytest.raises(ResultsError, match="5 of 6 rounds that a fit needs"):
        find_crossing(quick, slow)
