"""Rounds made level: what slowed a whole round is taken out, and what was disturbed doesn't count.

On a shared machine a round can take twice as long as the next, and a single measurement longer
still. Where many things are measured in each round, the round's own pace shows in all of them.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import NormalDist, fmean, median
from typing import NamedTuple, TypeVar

from gil_demo.estimates import CONFIDENCE

_FURTHEST_DEVIATIONS = 3.0
_DEVIATIONS = 1.4826  # standard deviations in a median absolute deviation, for normal noise
_MOST_PARTS = 30

Key = TypeVar("Key")


class Doubt(NamedTuple):
    """How far two figures, taken from the same rounds, may be off.

    Attributes:
        first: the variance of the first figure.
        both: the covariance of the two.
        second: the variance of the second figure.
        quantile: how many standard errors wide an interval is to either side.
    """

    first: float
    both: float
    second: float
    quantile: float


def find_middle(values: Iterable[float]) -> float:
    """Find the mean of those values that lie no further out than noise does.

    It needs fewer rounds than a median does to be as exact. Values are left out that lie more
    than three deviations from the median; a deviation is measured by the median, too (the rule
    of Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974).

    Args:
        values: at least one number.

    Returns:
        The mean of the values that count.
    """
    all_of_them = list(values)
    centre = median(all_of_them)
    furthest = _FURTHEST_DEVIATIONS * _DEVIATIONS * median(abs(v - centre) for v in all_of_them)
    kept = [value for value in all_of_them if abs(value - centre) <= furthest]
    return fmean(kept) if furthest > 0 else centre


def level_rounds(costs: Mapping[Key, Sequence[float]]) -> dict[Key, list[float]]:
    """Take out of costs what made everything in a round dearer or cheaper.

    Args:
        costs: for each thing that was measured its positive costs, one a round, in the same
            order of rounds for all.

    Returns:
        The costs as they would have been in a round of the usual pace; where some have more
        rounds than others, the first ones that all have.
    """
    rounds = min(len(values) for values in costs.values())
    usual = {key: median(values[:rounds]) for key, values in costs.items()}
    paces = [
        find_middle(values[number] / usual[key] for key, values in costs.items())
        for number in range(rounds)
    ]
    return {
        key: [values[number] / paces[number] for number in range(rounds)]
        for key, values in costs.items()
    }


def measure_doubt(fit: Callable[[Sequence[int]], tuple[float, float]], rounds: int) -> Doubt:
    """Measure how far a fit of two figures may be off, by leaving rounds out in turn.

    The source: the jackknife of Tukey (Efron and Tibshirani, An Introduction to the Bootstrap,
    chapter 11). Of many rounds several are left out at once. The interval's width is a quantile
    of Student's distribution, by the series in Abramowitz and Stegun, 26.7.5.

    Args:
        fit: takes the numbers of some rounds, from 0, and gives the figures that they tell.
        rounds: how many there are, at least three.

    Returns:
        The doubt of what the fit tells from all rounds.
    """
    parts = min(rounds, _MOST_PARTS)
    figures = [fit([n for n in range(rounds) if n % parts != part]) for part in range(parts)]
    firsts, seconds = ([pair[place] for pair in figures] for place in (0, 1))
    off = [
        (one - fmean(firsts), other - fmean(seconds))
        for one, other in zip(firsts, seconds, strict=True)
    ]
    scale = (parts - 1) / parts
    return Doubt(
        scale * math.fsum(one * one for one, _ in off),
        scale * math.fsum(one * other for one, other in off),
        scale * math.fsum(other * other for _, other in off),
        _find_quantile(parts - 1),
    )


def _find_quantile(freedom: int) -> float:
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
