import math
import random
import statistics

import pytest

from gil_demo.measuring.fits import find_middle, level_rounds, measure_doubt


def test_the_middle_of_ordinary_values_is_their_mean() -> None:
    values = [0.98, 1.0, 1.01, 1.03, 0.97]
    assert find_middle(values) == pytest.approx(statistics.fmean(values))
    assert find_middle(iter(values)) == find_middle(values)


def test_a_disturbed_value_does_not_move_the_middle() -> None:
    values = [0.98, 1.0, 1.01, 1.03, 0.97]
    assert find_middle([*values, 3.0]) == pytest.approx(statistics.fmean(values))
    assert find_middle([*values, 3.0, 2.0]) == pytest.approx(statistics.fmean(values))


def test_where_most_values_are_the_same_they_are_the_middle() -> None:
    assert find_middle([2.0, 2.0, 2.0, 9.0]) == 2.0
    assert find_middle([7.0]) == 7.0


def test_the_middle_needs_fewer_values_than_the_median_does() -> None:
    chance = random.Random(0)
    drawn = [[chance.gauss(1, 0.05) for _ in range(12)] for _ in range(2_000)]
    middles, medians = (
        [find(values) for values in drawn] for find in (find_middle, statistics.median)
    )
    assert statistics.pstdev(middles) < 0.93 * statistics.pstdev(medians)


def test_what_slows_a_whole_round_is_taken_out() -> None:
    truth = {"loop": 2.0, "threads": 3.0, "pool": 1.0}
    paces = [1.0, 2.0, 1.0, 1.3, 1.0]
    level = level_rounds({name: [cost * pace for pace in paces] for name, cost in truth.items()})
    for name, values in level.items():
        assert values == pytest.approx([truth[name]] * 5)


def test_a_disturbed_measurement_leaves_the_rest_of_its_round_alone() -> None:
    costs = {name: [cost] * 6 for name, cost in {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}.items()}
    costs["b"][2] = 20.0
    level = level_rounds(costs)
    assert level["b"][2] == pytest.approx(20.0)
    assert level["a"] == pytest.approx([1.0] * 6)
    assert costs["b"][2] == 20.0


def test_only_rounds_that_all_have_are_kept() -> None:
    level = level_rounds({"a": [1.0] * 4, "b": [2.0] * 3})
    assert {name: len(values) for name, values in level.items()} == {"a": 3, "b": 3}


@pytest.mark.parametrize("rounds", [8, 14, 100])
def test_the_doubt_of_means_is_that_of_the_textbook(rounds: int) -> None:
    chance = random.Random(rounds)
    ones = [chance.gauss(5, 1) for _ in range(rounds)]
    others = [one + chance.gauss(0, 1) for one in ones]
    doubt = measure_doubt(
        lambda chosen: (
            statistics.fmean(ones[n] for n in chosen),
            statistics.fmean(others[n] for n in chosen),
        ),
        rounds,
    )
    tolerance = 1e-9 if rounds <= 30 else 0.5  # of many rounds several are left out at once
    expected = statistics.variance(ones) / rounds
    assert doubt.first == pytest.approx(expected, rel=tolerance)
    assert doubt.second == pytest.approx(statistics.variance(others) / rounds, rel=tolerance)
    assert doubt.both == pytest.approx(
        statistics.covariance(ones, others) / rounds, rel=max(tolerance, 1e-9)
    )
    assert doubt.first * doubt.second >= doubt.both**2


@pytest.mark.parametrize(
    ("rounds", "quantile"), [(6, 2.571), (8, 2.365), (11, 2.228), (15, 2.145), (30, 2.045)]
)
def test_the_quantile_is_that_of_student_s_table(rounds: int, quantile: float) -> None:
    doubt = measure_doubt(lambda chosen: (float(len(chosen)), 0.0), rounds)
    assert doubt.quantile == pytest.approx(quantile, abs=0.005)
    assert doubt.first == doubt.both == doubt.second == 0


def test_many_rounds_are_left_out_in_a_bounded_number_of_parts() -> None:
    seen = []

    def fit(chosen: list[int]) -> tuple[float, float]:
        seen.append(len(chosen))
        return math.fsum(chosen), 0.0

    measure_doubt(fit, 1_000)  # type: ignore[arg-type]
    assert len(seen) == 30
    assert set(seen) <= {966, 967}
