"""Laws fitted to what was measured: Amdahl's, and where one way overtakes another.

Each fit takes plain numbers, one for each round, and either gives an estimate with its interval
or says why there is none.
"""

import math
import random
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gil_demo.errors import ResultsError
from gil_demo.estimates import CONFIDENCE, LEAST_ROUNDS, Estimate, estimate_median

LEAST_SIZES = 3
_RESAMPLES = 400
_WIDEST_FACTOR = 10.0
_FURTHEST_FACTOR = 30.0


class Line(NamedTuple):
    """What a way of running costs: `overhead`, and `slope` for each unit of the task's size."""

    overhead: float
    slope: float

    def at(self, size: float) -> float:
        """Return the cost of a task of a size."""
        return self.overhead + self.slope * size


def compute_speed_up(parallel_part: float, workers: float) -> float:
    """Compute Amdahl's speed-up: the parallel part is shared out, the rest is not.

    Args:
        parallel_part: the part of the work that can be shared out, from 0 to 1.
        workers: how many there are, each with a core of its own.

    Returns:
        How many times as fast as one worker. The source of the law: G. M. Amdahl, "Validity of
        the single processor approach to achieving large scale computing capabilities", AFIPS
        1967.
    """
    return 1 / (1 - parallel_part + parallel_part / workers)


def fit_parallel_part(ratios: Mapping[int, Sequence[float]], cores: int) -> Estimate:
    """Fit Amdahl's parallel part to the times of ever more workers.

    Amdahl's law says of the time, as a multiple of the plain loop's, that it is 1 - p * (1 - 1/w)
    with w workers at work at once. So each round gives a p by weighted least squares, and their
    median counts. More workers than cores work no more at once than there are cores.

    Args:
        ratios: for each number of workers the times as multiples of the plain loop's, one a
            round, in the same order of rounds for all.
        cores: how many workers can truly work at once.

    Returns:
        The parallel part: 1 for work that is shared out without loss, 0 where more workers change
        nothing; noise can carry it a little beyond either.

    Raises:
        ResultsError: it can't be fitted; the text says why.
    """
    at_once = {workers: min(workers, cores) for workers in ratios if min(workers, cores) > 1}
    if cores < 2:
        raise ResultsError("one core can't show how work is shared out: take a machine with more")
    if not at_once:
        raise ResultsError("there must be a run with two workers or more to fit Amdahl's law to")
    rounds = min(len(ratios[workers]) for workers in at_once)
    if rounds < LEAST_ROUNDS:
        raise ResultsError(
            f"{rounds} of {LEAST_ROUNDS} rounds that a fit needs: allow more seconds"
        )
    weights = {
        workers: (1 - 1 / at_once[workers]) / statistics.median(ratios[workers]) ** 2
        for workers in at_once
    }
    scale = sum(weight * (1 - 1 / at_once[workers]) for workers, weight in weights.items())
    return estimate_median(
        [
            sum(weight * (1 - ratios[workers][number]) for workers, weight in weights.items())
            / scale
            for number in range(rounds)
        ]
    )


def fit_line(sizes: Sequence[float], costs: Sequence[float]) -> Line:
    """Fit a line to costs so that relative errors count, whatever the size.

    Args:
        sizes: positive numbers, at least two of them unlike.
        costs: positive numbers, one for each size.

    Returns:
        The line with the least sum of squared relative errors.
    """
    weights = [1 / cost**2 for cost in costs]
    s, sx, sxx = (
        sum(w * size**power for w, size in zip(weights, sizes, strict=True)) for power in (0, 1, 2)
    )
    sy = sum(w * cost for w, cost in zip(weights, costs, strict=True))
    sxy = sum(w * size * cost for w, size, cost in zip(weights, sizes, costs, strict=True))
    slope = (s * sxy - sx * sy) / (s * sxx - sx * sx)
    return Line((sy - slope * sx) / s, slope)


def fit_costs(costs: Mapping[float, Sequence[float]]) -> Line:
    """Fit a line to the medians of what tasks of several sizes cost, one cost a round."""
    return fit_line(list(costs), [statistics.median(values) for values in costs.values()])


def find_crossing(
    quick_start: Mapping[float, Sequence[float]], slow_start: Mapping[float, Sequence[float]]
) -> Estimate:
    """Find the size of task from which the way with the slower start is the cheaper one.

    A line is fitted to the median costs of either way; the crossing of the two is the answer. Its
    interval comes from drawing the rounds again, with replacement, and fitting anew (the
    percentile bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13).

    Args:
        quick_start: for each size of task the costs of one way, one a round; the unit is that in
            which a step of the plain loop costs 1, taken round by round.
        slow_start: likewise for the other way, of the same sizes and rounds.

    Returns:
        The size, in the unit of the sizes.

    Raises:
        ResultsError: there is no such size, or it can't be told; the text says why.
    """
    sizes = sorted(quick_start)
    rounds = min(len(values) for way in (quick_start, slow_start) for values in way.values())
    if len(sizes) < LEAST_SIZES or sizes != sorted(slow_start):
        raise ResultsError(f"a crossing needs {LEAST_SIZES} sizes that both ways ran")
    if rounds < LEAST_ROUNDS:
        raise ResultsError(
            f"{rounds} of {LEAST_ROUNDS} rounds that a fit needs: allow more seconds"
        )
    everyone = range(rounds)
    size = _cross(quick_start, slow_start, everyone)
    if size == math.inf:
        raise ResultsError("at no size of task did the two meet")
    if size < sizes[0]:
        raise ResultsError("it pays at every size that was measured")
    chance = random.Random(0)  # the same table gives the same interval
    drawn = sorted(
        _cross(quick_start, slow_start, chance.choices(everyone, k=rounds))
        for _ in range(_RESAMPLES)
    )
    tail = int((1 - CONFIDENCE) / 2 * _RESAMPLES)
    low, high = max(0.0, drawn[tail]), drawn[-1 - tail]
    if size > sizes[-1] * _FURTHEST_FACTOR:
        raise ResultsError("they would meet far beyond the sizes that were measured")
    if not low > 0 or high > low * _WIDEST_FACTOR:
        raise ResultsError("the rounds differ too much to tell where the two meet")
    return Estimate(size, low, high, rounds)


def _cross(
    quick_start: Mapping[float, Sequence[float]],
    slow_start: Mapping[float, Sequence[float]],
    rounds: Sequence[int],
) -> float:
    """Return where the lines of some rounds cross: infinite where the slower start never pays."""
    quick, slow = (
        fit_costs({size: [way[size][number] for number in rounds] for size in way})
        for way in (quick_start, slow_start)
    )
    if slow.slope >= quick.slope:
        return math.inf if slow.overhead >= quick.overhead else 0.0
    return (slow.overhead - quick.overhead) / (quick.slope - slow.slope)
