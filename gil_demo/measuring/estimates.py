"""Numbers with their doubt: a centre of many rounds and the interval that carries it."""

import math
import statistics
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

LEAST_ROUNDS = 6
MORE_ROUNDS = "allow more seconds (budget)"
"""What gives more of them, as a clause."""

CONFIDENCE = 0.95
BETWEEN_PROGRAMS = 0.01


class Estimate(NamedTuple):
    """A centre, the ends of its interval (nan without one), and how many values there were."""

    centre: float
    low: float
    high: float
    rounds: int

    @property
    def half_width(self) -> float:
        """Half the interval as a part of the centre; infinite where there is no interval."""
        if math.isnan(self.low):
            return math.inf
        return (self.high - self.low) / 2 / self.centre


NOTHING = Estimate(math.nan, math.nan, math.nan, 0)
"""The estimate of no values at all."""


def estimate_median(values: Sequence[float]) -> Estimate:
    """Estimate the median that values, one a round, were drawn around.

    The interval runs between two of the sorted values, as far inside as 95 % confidence allows.
    Nothing is assumed about how the values are spread, save that they are independent (the
    order-statistic or sign-test interval; e.g. Conover, Practical Nonparametric Statistics,
    section 3.2). Fewer than six values can't give such an interval.
    """
    if not values:
        return NOTHING
    ordered, rounds = sorted(values), len(values)
    median = statistics.median(ordered)
    if rounds < LEAST_ROUNDS:
        return Estimate(median, math.nan, math.nan, rounds)
    rank = _find_rank(rounds)
    return Estimate(median, ordered[rank], ordered[rounds - 1 - rank], rounds)


def _find_rank(rounds: int) -> int:
    """Return how many values may be cut off at either end of the sorted values."""
    allowed = 2**rounds // round(2 / (1 - CONFIDENCE))  # of all ways to lie about the median
    rank, ways, below = 0, 1, 1
    while below <= allowed:
        rank += 1
        ways = ways * (rounds - rank + 1) // rank  # math.comb(rounds, rank)
        below += ways
    return rank - 1


_PAIRED_ROUNDS, _LEAST_VALUES = 14, 12


def estimate_ratio(ratios: Sequence[float]) -> Estimate:
    """Estimate the ratio that ratios, one a round in their order, were drawn around.

    The centre is the median of the means of any two logarithms, and the interval holds those
    centres that a signed-rank test doesn't refuse (Hodges and Lehmann, "Estimates of location
    based on rank tests", Annals of Mathematical Statistics 34, 1963; Hollander and Wolfe,
    Nonparametric Statistical Methods, section 3.4). Unlike a median it is at home between two
    humps: noise that comes in two speeds. Rounds that follow each other are a little alike, so
    where there are 14 or more, each two become one value; of 36 or more, each three; of 48 or more,
    each four; and so on.
    """
    if not ratios:
        return NOTHING
    values, rounds = np.log(ratios), len(ratios)
    if rounds >= _PAIRED_ROUNDS:
        joined = max(2, rounds // _LEAST_VALUES)
        values = values[rounds % joined :].reshape(-1, joined).mean(axis=1)
    first, second = _pair(len(values))
    means = np.sort((values[first] + values[second]) / 2)
    rank = _find_signed_rank(len(values))
    ends = [means[rank - 1], means[-rank]] if rank else [math.nan] * 2
    centre, low, high = np.exp([np.median(means), *ends]).tolist()
    return Estimate(centre, low, high, rounds)


def allow_for_programs(ratio: Estimate) -> Estimate:
    """Widen the interval of a ratio by what the rounds of one program can't show.

    Where a program's memory lies, and what the machine is doing at that time, moves the centre of
    all its rounds: by 1 % from one program to the next (standard deviation between runs, by
    DerSimonian and Laird, "Meta-analysis in clinical trials", Controlled Clinical Trials 7, 1986:
    0 to 1.0 % in three series, 84 runs in all, on a two-core machine, November 2026). So twice that
    is added to each side, as the root of the sum of squares.
    """
    centre, low, high, rounds = ratio
    sides = [math.hypot(math.log(end / centre), 2 * BETWEEN_PROGRAMS) for end in (low, high)]
    return Estimate(centre, centre / math.exp(sides[0]), centre * math.exp(sides[1]), rounds)


_pair = lru_cache(np.triu_indices)


@lru_cache
def _find_signed_rank(values: int) -> int:
    """Return which of the sorted means of any two values is the interval's end, 0 for none."""
    most = values * (values + 1) // 2
    chances = np.zeros(most + 1)  # of each sum of ranks
    chances[0] = 1
    for rank in range(1, values + 1):
        chances[rank:] += chances[:-rank].copy()
        chances /= 2
    return int(np.searchsorted(chances.cumsum(), (1 - CONFIDENCE) / 2, side="right"))


def select_by_round(table: "pd.DataFrame", column: str, **chosen: object) -> "pd.Series[float]":
    """Return a column of the rows that hold some values, by round, in order."""
    rows = table[list({*chosen, "round", column})]  # tables are wide, and rows are copied
    for name, value in chosen.items():
        rows = rows[rows[name] == value]
    by_round: pd.Series[float] = rows.set_index("round")[column].sort_index()
    return by_round


def spread(name: str, estimate: Estimate, centre: str = "") -> dict[str, float]:
    """Return an estimate as three columns: the centre, and the ends in _low and _high."""
    return {
        centre or name: estimate.centre,
        f"{name}_low": estimate.low,
        f"{name}_high": estimate.high,
    }
