"""Laws fitted to rounds: rounds made level, lines and where they cross, Amdahl's law.

On a shared machine a round can take twice as long as the next, and a single measurement longer
still. Where many things are measured in each round, the round's own pace shows in all of them and
is taken out; and what was disturbed doesn't count.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import NormalDist, fmean, median
from typing import NamedTuple, TypeVar

import numpy as np

from gil_demo.checks import ResultsError
from gil_demo.measuring.estimates import CONFIDENCE, LEAST_ROUNDS, MORE_ROUNDS, NOTHING, Estimate

LEAST_SIZES = 3
ALWAYS_PAYS = "it pays at every size that was measured"
NEVER_PAYS = "it pays at no size that was measured"
Key = TypeVar("Key")


def find_middle(values: Iterable[float]) -> float:
    """Find the mean of those values that lie no further out than noise does.

    It needs fewer rounds than a median does to be as exact. Values are left out that lie more
    than three deviations from the median; a deviation is measured by the median, too (the rule
    of Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974).
    """
    all_of_them = list(values)
    centre = median(all_of_them)
    # of normal noise the standard deviation is 1.4826 times the median absolute deviation
    furthest = 3 * 1.4826 * median(abs(value - centre) for value in all_of_them)
    kept = [value for value in all_of_them if abs(value - centre) <= furthest]
    return fmean(kept) if furthest > 0 else centre


def level_rounds(costs: Mapping[Key, Sequence[float]]) -> dict[Key, list[float]]:
    """Take out of costs, one a round of each thing, what made a whole round dearer or cheaper.

    Where some have more rounds than others, the first ones count that all have.
    """
    rounds = min(len(values) for values in costs.values())
    usual = {key: median(values[:rounds]) for key, values in costs.items()}
    paces = [
        find_middle(values[number] / usual[key] for key, values in costs.items())
        for number in range(rounds)
    ]
    return {
        key: [cost / pace for cost, pace in zip(values, paces, strict=False)]
        for key, values in costs.items()
    }


class Doubt(NamedTuple):
    """How far two figures, taken from the same rounds, may be off."""

    first: float  # the variance of the first figure
    both: float  # the covariance of the two
    second: float  # the variance of the second figure
    quantile: float  # how many standard errors wide an interval is to either side


def measure_doubt(fit: Callable[[Sequence[int]], tuple[float, float]], rounds: int) -> Doubt:
    """Measure how far a fit of two figures to some rounds may be off, by leaving rounds out.

    The source: the jackknife of Tukey (Efron and Tibshirani, An Introduction to the Bootstrap,
    chapter 11). Of more than 30 rounds several are left out at once. The interval's width is a
    quantile of Student's distribution, by the series in Abramowitz and Stegun, 26.7.5.
    """
    parts = min(rounds, 30)
    figures = [fit([n for n in range(rounds) if n % parts != part]) for part in range(parts)]
    variances = (parts - 1) * np.cov(figures, rowvar=False, bias=True)
    freedom, z = parts - 1, NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    quantile = (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
    (first, both), (_, second) = variances.tolist()
    return Doubt(first, both, second, quantile)


def compute_speed_up(parallel_part: float, workers: float) -> float:
    """Compute Amdahl's speed-up: the parallel part is shared out, the rest is not.

    The source of the law: G. M. Amdahl, "Validity of the single processor approach to achieving
    large scale computing capabilities", AFIPS 1967.
    """
    return 1 / (1 - parallel_part + parallel_part / workers)


def fit_parallel_part(ratios: Mapping[int, Sequence[float]], cores: int) -> Estimate:
    """Fit Amdahl's parallel part to the times of ever more workers, over the plain loop's.

    Amdahl's law says of the time, as a multiple of the plain loop's, that it is 1 - p * (1 - 1/w)
    with w workers at work at once, which are no more than there are cores. The rounds are made
    level, and p is found by least squares of the relative errors; noise can carry it beyond 0 or 1.
    """
    at_once = {workers: min(workers, cores) for workers in ratios if min(workers, cores) > 1}
    if cores < 2:
        raise ResultsError("one core can't show how work is shared out: take a machine with more")
    if not at_once:
        raise ResultsError("no run had two workers or more")
    rounds = min(len(values) for values in ratios.values())
    if few := _find_lack(rounds):
        raise ResultsError(few)
    level = level_rounds({**ratios, 0: [1.0] * rounds})  # 0 stands for the plain loop

    def fit(chosen: Sequence[int]) -> float:
        times = {key: find_middle(values[n] for n in chosen) for key, values in level.items()}
        shares = {w: times[0] / times[w] for w in at_once}  # speed-ups, as weights
        return sum(
            (1 - 1 / at_once[w]) * (1 - 1 / share) * share**2 for w, share in shares.items()
        ) / sum((1 - 1 / at_once[w]) ** 2 * share**2 for w, share in shares.items())

    part = fit(range(rounds))
    doubt = measure_doubt(lambda chosen: (fit(chosen), 0.0), rounds)
    reach = doubt.quantile * math.sqrt(doubt.first)
    return Estimate(part, part - reach, part + reach, rounds)


def _find_lack(found: int) -> str:
    told = f"{found} of {LEAST_ROUNDS} rounds that a fit needs: {MORE_ROUNDS}"
    return told if found < LEAST_ROUNDS else ""


class Line(NamedTuple):
    """What a way of running costs: `overhead`, and `slope` for each unit of the task's size."""

    overhead: float
    slope: float

    def at(self, size: float) -> float:
        return self.overhead + self.slope * size


class DoubtfulLine(NamedTuple):
    """A fitted line, and how far its overhead (first) and its slope (second) may be off."""

    line: Line
    doubt: Doubt

    def reach(self, size: float) -> float:
        """Return how far the interval of the cost at a size reaches to either side."""
        variance = self.doubt.first + 2 * size * self.doubt.both + size**2 * self.doubt.second
        return self.doubt.quantile * math.sqrt(max(0.0, variance))

    def find_root(self) -> tuple[float, float, float]:
        """Return at which size the line falls to 0, and the ends of the interval.

        All three are nan unless it falls beyond doubt (Fieller, "Some problems in interval
        estimation", Journal of the Royal Statistical Society B 16, 1954).
        """
        allowed = self.doubt.quantile**2
        steep = self.line.slope**2 - allowed * self.doubt.second
        if self.line.slope >= 0 or steep <= 0:
            return math.nan, math.nan, math.nan
        size = -self.line.overhead / self.line.slope
        middle = self.line.overhead * self.line.slope - allowed * self.doubt.both
        flat = self.line.overhead**2 - allowed * self.doubt.first
        apart = math.sqrt(max(0.0, middle**2 - steep * flat))
        low, high = (-middle - apart) / steep, (-middle + apart) / steep
        return size, min(low, size), max(high, size)


def fit_costs(costs: Mapping[float, Sequence[float]]) -> Line:
    """Fit a line to what tasks of several sizes cost, one cost a round.

    Relative errors count, whatever the size; noise can carry the overhead or the slope below 0.
    """
    middles = np.array([find_middle(values) for values in costs.values()])
    slope, overhead = np.polyfit(list(costs), middles, 1, w=1 / middles)
    return Line(float(overhead), float(slope))


def fit_doubtful_costs(costs: Mapping[float, Sequence[float]]) -> DoubtfulLine:
    """Fit a line as `fit_costs` does, and say how far it may be off, by at least three rounds."""
    rounds = min(len(values) for values in costs.values())

    def fit(chosen: Sequence[int]) -> Line:
        return fit_costs({size: [costs[size][n] for n in chosen] for size in costs})

    return DoubtfulLine(fit(range(rounds)), measure_doubt(fit, rounds))


def look_for_crossing(
    quick_start: Mapping[float, Sequence[float]], slow_start: Mapping[float, Sequence[float]]
) -> tuple[Estimate, str]:
    """Look for the size of task from which the way with the slower start is the cheaper one.

    The rounds are made level and a line is fitted to each way, whose sizes are the same. The
    interval holds those at which the lines don't differ by more than their doubt. Where there is
    no such size, or none to tell, it gives nothing, and why.
    """
    ways, sizes = (quick_start, slow_start), sorted(quick_start)
    rounds = min((len(own) for way in ways for own in way.values()), default=0)
    if len(sizes) < LEAST_SIZES or sizes != sorted(slow_start):
        return NOTHING, f"a crossing needs {LEAST_SIZES} sizes that both ways ran"
    if few := _find_lack(rounds):
        return NOTHING, few
    level = level_rounds({(way, size): ways[way][size] for way in (0, 1) for size in sizes})

    def compare(chosen: Sequence[int]) -> Line:
        quick, slow = (
            fit_costs({size: [level[way, size][n] for n in chosen] for size in sizes})
            for way in (0, 1)
        )
        return Line(slow.overhead - quick.overhead, slow.slope - quick.slope)

    gap = DoubtfulLine(compare(range(rounds)), measure_doubt(compare, rounds))
    size, low, high = gap.find_root()
    first, last = ((gap.line.at(end), gap.reach(end)) for end in (sizes[0], sizes[-1]))
    if all(cost < -reach for cost, reach in (first, last)):
        return NOTHING, ALWAYS_PAYS
    if not low > 0 and all(cost > reach for cost, reach in (first, last)):
        return NOTHING, NEVER_PAYS
    furthest = 30 * sizes[-1]
    if low > sizes[-1] and high > furthest:
        return NOTHING, "it would pay far beyond the sizes that were measured"
    if not 0 < low <= size <= high <= min(10 * low, furthest):
        return NOTHING, "the rounds differ too much to tell from which size on it pays"
    return Estimate(size, low, high, rounds), ""
