"""Numbers with their doubt: a median and the interval that carries it."""

import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

LEAST_ROUNDS = 6
CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A median, the ends of its interval (nan without one), and how many values there were."""

    median: float
    low: float
    high: float
    rounds: int

    @property
    def half_width(self) -> float:
        """Half the interval as a part of the median; infinite where there is no interval."""
        if math.isnan(self.low):
            return math.inf
        return (self.high - self.low) / 2 / self.median


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
        raise ValueError("values must hold at least one number, not none")
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


def select_by_round(table: "pd.DataFrame", column: str, **chosen: object) -> "pd.Series[float]":
    """Return a column of the rows that hold some values, by round."""
    rows = table
    for name, value in chosen.items():
        rows = rows[rows[name] == value]
    by_round: pd.Series[float] = rows.set_index("round")[column]
    return by_round


def spread(name: str, estimate: Estimate, median: str = "") -> dict[str, float]:
    """Return an estimate as three columns: the median, and the ends in _low and _high."""
    return {
        median or name: estimate.median,
        f"{name}_low": estimate.low,
        f"{name}_high": estimate.high,
    }
