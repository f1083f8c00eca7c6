import math
import random
import re
from collections.abc import Sequence

import numpy as np
import pytest

from gil_demo.checks import ResultsError
from gil_demo.measuring import fits
from gil_demo.measuring.estimates import NOTHING, Estimate
from gil_demo.measuring.fits import Line
from tests.made.costs import FAIR, QUIET, Noise

CASES = 200
LEAST_HELD = 0.85 * CASES
SIZES = [10.0 * 4**place for place in range(7)]
LAWS = (Line(20.0, 1.0), Line(2_000.0, 0.5))


def measure_ways(
    laws: Sequence[Line], rounds: int, noise: Noise, seed: object, sizes: Sequence[float] = SIZES
) -> list[dict[float, list[float]]]:
    """Measure ways of running by their laws, with all the noise that there is."""
    chance = random.Random(f"ways {seed}")
    changes = [noise.blow(chance) for _ in range(rounds)]
    return [{size: [change(law.at(size)) for change in changes] for size in sizes} for law in laws]


def measure_scaling(
    part: float, workers: Sequence[int], cores: int, rounds: int, noise: Noise = QUIET
) -> dict[int, list[float]]:
    """Measure ever more workers by Amdahl's law, each round as multiples of its plain loop."""
    chance = random.Random(f"Amdahl {part}")
    changes = [noise.blow(chance) for _ in range(rounds)]
    loops = [change(1.0) for change in changes]
    laws = {number: 1 / fits.compute_speed_up(part, min(number, cores)) for number in workers}
    return {
        number: [change(law) / loop for change, loop in zip(changes, loops, strict=True)]
        for number, law in laws.items()
    }


def test_the_middle_is_the_mean_of_what_was_not_disturbed() -> None:
    values = [0.98, 1.0, 1.01, 1.03, 0.97]
    for disturbed in ([], [3.0, 2.0]):
        assert fits.find_middle(iter([*values, *disturbed])) == pytest.approx(0.998)
    assert fits.find_middle([2.0, 2.0, 2.0, 9.0]) == 2.0
    # the deviation of 1 to 5 is 1.4826, so that 8 is the last that counts
    assert fits.find_middle([1, 2, 3, 4, 5, 7.4]) == pytest.approx(22.4 / 6)
    assert fits.find_middle([1, 2, 3, 4, 5, 10.2]) == 3.0


def test_what_slows_a_whole_round_is_taken_out_and_one_disturbance_leaves_the_rest_alone() -> None:
    truth = {"loop": 2.0, "threads": 3.0, "pool": 1.0}
    costs = {name: [cost * pace for pace in (1, 2, 1, 1.3, 1)] for name, cost in truth.items()}
    costs["loop"].append(9.0)  # a round that not all have
    for name, values in fits.level_rounds(costs).items():
        assert values == pytest.approx([truth[name]] * 5)
    disturbed = [2, 2, 20, 2, 2, 2]
    level = fits.level_rounds({"a": [1.0] * 6, "b": disturbed, "c": [3] * 6, "d": [4] * 6})
    assert level["b"] == pytest.approx(disturbed)
    assert level["a"] == pytest.approx([1.0] * 6)


def test_the_doubt_of_means_is_the_textbook_s_and_its_quantile_that_of_student_s_table() -> None:
    chance = random.Random(0)
    ones = [chance.gauss(5, 1) for _ in range(100)]
    both = np.array([ones, [one + chance.gauss(0, 1) for one in ones]])
    for rounds, off in ((30, 1e-9), (100, 0.5)):  # of many rounds several are left out at once
        doubt = fits.measure_doubt(lambda chosen: tuple(both[:, chosen].mean(axis=1)), rounds)
        expected = np.cov(both[:, :rounds]).ravel()[[0, 1, 3]] / rounds
        assert doubt[:3] == pytest.approx(expected, rel=off)
    for rounds, quantile in ((6, 2.571), (11, 2.228), (30, 2.045)):
        doubt = fits.measure_doubt(lambda _: (1.0, 2.0), rounds)
        assert doubt == pytest.approx((0, 0, 0, quantile), abs=0.004)


def test_the_parallel_part_is_recovered_and_its_interval_holds() -> None:
    held = 0
    for case in range(CASES):
        cores, part, rounds = 2 + case % 15, case / CASES, 8 + case % 7
        workers = [number for number in (1, 2, 3, 4, 8, 16, 32) if number <= 2 * cores]
        ratios = measure_scaling(part, workers, cores, rounds, FAIR._replace(each=0.01))
        fitted = fits.fit_parallel_part(ratios, cores)
        assert fitted.centre == pytest.approx(part, abs=0.02)
        held += fitted.low <= part <= fitted.high
    assert held >= LEAST_HELD


def test_without_noise_the_parallel_part_is_exact_as_the_speed_up_is() -> None:
    for part, workers, speed_up in ((0, 8, 1), (1, 8, 8), (0.5, 2, 4 / 3), (0.9, math.inf, 10)):
        assert fits.compute_speed_up(part, workers) == pytest.approx(speed_up)
    for part in (0.0, 0.3, 1.0):
        fitted = fits.fit_parallel_part(measure_scaling(part, [1, 2, 4, 8], 4, 6), 4)
        assert fitted == pytest.approx((part, part, part, 6), abs=1e-12)
    # more workers than cores are taken for as many as work at once
    ratios = measure_scaling(0.9, [2, 4, 8, 16], 2, 8)
    assert fits.fit_parallel_part(ratios, 2).centre == pytest.approx(0.9)
    assert fits.fit_parallel_part(ratios, 16).centre == pytest.approx(0.5609, abs=1e-4)


def test_a_line_is_found_again_by_relative_errors_and_its_doubt_holds_its_truth() -> None:
    line = Line(100.0, 0.25)
    costs = {size: [line.at(size)] * 7 for size in SIZES}
    costs[10.0][3] *= 50
    assert fits.fit_costs(costs) == pytest.approx(line)
    costs[SIZES[-1]] = [1.1 * line.at(SIZES[-1])] * 7  # 1,000 more, ten times the overhead
    assert fits.fit_costs(costs).overhead == pytest.approx(100, rel=0.1)
    every = [measure_ways([Line(50, 2)], 10, Noise(each=0.05), case) for case in range(CASES)]
    lines = [fits.fit_doubtful_costs(costs) for (costs,) in every]
    held = sum(abs(one.line.at(1_000.0) - 2_050) <= one.reach(1_000.0) for one in lines)
    assert LEAST_HELD <= held < CASES


def test_a_line_falls_to_nothing_between_the_sizes_at_which_it_is_as_far_off_as_its_doubt() -> None:
    for both, second in ((0.3, 0.01), (-0.6, 0.02)):
        doubtful = fits.DoubtfulLine(Line(100.0, -1.0), fits.Doubt(25.0, both, second, 2.0))
        size, low, high = doubtful.find_root()
        assert low < size == 100 < high
        for end in (low, high):
            assert abs(doubtful.line.at(end)) == pytest.approx(doubtful.reach(end))
    never = fits.DoubtfulLine(Line(100.0, -1.0), fits.Doubt(25.0, 0.0, 0.25, 2.0))
    assert [math.isnan(figure) for figure in never.find_root()] == [True] * 3


def test_the_crossing_is_recovered_within_a_tenth_and_its_interval_holds() -> None:
    held = 0
    for case in range(CASES):
        chance = random.Random(f"crossing {case}")
        crossing = 10 ** chance.uniform(2, 7)
        steep = chance.uniform(1, 1.1)
        flat = chance.uniform(1, 1.2) / chance.choice([2, 2, 2, 3, 4])
        apart = crossing * (steep - flat)
        quick = Line(apart * chance.choice([0, 0.001, 0.01, 0.1]), steep)
        slow, longest = Line(quick.overhead + apart, flat), crossing * chance.uniform(1, 8)
        sizes = [longest / 4**place for place in range(7)]
        costs = measure_ways([quick, slow], 8 + case % 7, FAIR, case, sizes)
        found, _ = fits.look_for_crossing(*costs)
        assert found.centre == pytest.approx(crossing, rel=0.1)
        held += found.low <= crossing <= found.high
    assert held >= LEAST_HELD


def test_without_noise_the_crossing_is_exact_whatever_the_pace_of_a_round_and_the_unit() -> None:
    costs = measure_ways(LAWS, 8, Noise(common=2.0), 0)
    expected = pytest.approx(Estimate(3_960, 3_960, 3_960, 8), rel=1e-6)
    assert fits.look_for_crossing(*costs)[0] == expected
    in_seconds = [{size: [3e-8 * c for c in own[size]] for size in own} for own in costs]
    assert fits.look_for_crossing(*in_seconds)[0] == expected


def test_lines_that_do_not_meet_where_it_was_measured_are_refused() -> None:
    for slow, told in (
        (Line(2_000.0, 1.3), "it pays at no size that was measured"),
        (Line(0.0, 0.5), "it pays at every size that was measured"),
        (Line(1e7, 0.5), "it pays at no size that was measured|far beyond the sizes"),
        (Line(400.0, 1.0), "differ too much to tell from which size on it pays"),
        (Line(100.0, 2.0), "differ too much to tell from which size on"),  # the other way round
    ):
        for case in range(8):
            costs = measure_ways([Line(400.0, 1.0), slow], 10, FAIR, f"refused {case}")
            found, reason = fits.look_for_crossing(*costs)
            assert found == NOTHING
            assert re.search(told, reason)


def test_rounds_that_are_too_few_or_unlike_are_refused() -> None:
    quick, slow = measure_ways(LAWS, 9, QUIET, 0)
    few = [dict([*way.items()][:2]) for way in (quick, slow)]
    rest = {size: values for size, values in slow.items() if size != SIZES[0]}
    for one, other in (few, (quick, rest), ({}, {})):
        told = "a crossing needs 3 sizes that both ways ran"
        assert fits.look_for_crossing(one, other) == (NOTHING, told)
    slow[160.0] = slow[160.0][:6]
    assert fits.look_for_crossing(quick, slow)[0].rounds == 6
    del slow[160.0][5]
    assert "5 of 6 rounds that a fit needs" in fits.look_for_crossing(quick, slow)[1]
    with pytest.raises(ResultsError, match="5 of 6 rounds that a fit needs"):
        fits.fit_parallel_part({2: [0.5] * 9, 4: [0.3] * 5}, 4)
