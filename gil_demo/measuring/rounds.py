"""How often things run: rounds in shuffled order, until their time is up.

On a shared machine the same loop can take half or twice as long from one second to the next.
So every variant runs once in each round, in shuffled order; ratios are taken inside a round,
where both sides met the same weather; and what these were drawn around is what counts.
"""

import math
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from gil_demo.checks import MOST_SECONDS, check_number
from gil_demo.measuring.estimates import LEAST_ROUNDS, estimate_ratio
from gil_demo.measuring.machine import read_usage, tell_shares
from gil_demo.measuring.progress import shown


class Timing(NamedTuple):
    """How long a run took, in seconds: from handing out its tasks until the last one was done."""

    work: float


class Start(NamedTuple):
    """How long workers took to get ready, and how long to leave, in seconds."""

    start_up_seconds: float
    tear_down_seconds: float

    @property
    def work(self) -> float:
        return self.start_up_seconds + self.tear_down_seconds


class Measured(Protocol):
    """What a run of a variant gives: anything with a figure whose ratios are to be taken."""

    @property
    def work(self) -> float:
        """The figure, above 0; the same unit for all variants."""


Outcome = TypeVar("Outcome", bound=Measured)


class Sample(NamedTuple, Generic[Outcome]):
    """One run: its round and its place in the round's shuffled order, both from 1."""

    variant: Any  # its key
    round: int
    position: int
    timing: Outcome


class Samples(NamedTuple, Generic[Outcome]):
    """All runs in their order, every round whole; `stopped_by` is "precision" or "budget"."""

    samples: list[Sample[Outcome]]
    stopped_by: str
    shares: Mapping[str, float]  # what others took of the cores meanwhile


def take_samples(
    variants: Mapping[Any, Callable[[], Outcome]],
    baseline: object,
    precision: float | None = None,
    budget: float | None = None,
    name: Callable[[Any], str] = str,
    most_rounds: float = math.inf,
    *,
    is_warm: bool = False,
    is_lasting: bool = True,
) -> Samples[Outcome]:
    """Run variants in interleaved rounds: a warm-up unless all is warm, and at least one more.

    The key of a variant is whatever tells it apart; `name` makes words of it, to be shown.

    They end when another round would not fit in the budget, in seconds, there were `most_rounds`,
    or half the 95 % interval of each variant's ratio to the baseline (of a variant alone, of its
    times) is at most `precision`, a part of its centre. That isn't done unasked: to stop at the
    first interval that is narrow enough is to choose those that chance made narrow, and of them
    86 % hold the centre, where of intervals at the end of a budget 96 % do (drawn from the rounds
    of 40 runs on a two-core machine, November 2026). `is_lasting` says that no round starts or
    ends a process: see `tell_shares`.
    """
    limit, seconds = check_limits(precision, budget)
    order = random.Random()  # the seed of the program's own chances is left alone
    samples: list[Sample[Outcome]] = []
    started = time.monotonic()
    with shown() as show:

        def run_round(number: int) -> float:
            round_started = time.monotonic()
            for position, key in enumerate(order.sample(list(variants), len(variants)), start=1):
                show(f"measuring: {time.monotonic() - started:.0f} of {seconds:.0f} s, {name(key)}")
                timing = variants[key]()
                if number:
                    samples.append(Sample(key, number, position, timing))
            return time.monotonic() - round_started

        longest, number = 0.0 if is_warm else run_round(0), 0
        usage, stopped_by = read_usage(), ""
        while not stopped_by:
            number += 1
            longest = max(longest, run_round(number))
            if (
                limit is not None
                and number >= LEAST_ROUNDS
                and _is_sharp(samples, variants, baseline, limit)
            ):
                stopped_by = "precision"
            elif number >= most_rounds or time.monotonic() - started + longest > seconds:
                stopped_by = "budget"
        return Samples(samples, stopped_by, tell_shares(usage, is_lasting=is_lasting))


def make_rows(
    taken: Samples[Outcome],
    facts: Mapping[str, object],
    describe: Callable[[Sample[Outcome]], Mapping[str, object]],
) -> list[dict[str, object]]:
    """Make a table's rows of samples: the run's facts, the round, and what `describe` tells."""
    rounds = taken.samples[-1].round
    return [
        {
            **facts,
            **taken.shares,
            "round": one.round,
            "rounds": rounds,
            "position": one.position,
            **describe(one),
        }
        for one in taken.samples
    ]


def check_limits(precision: object, budget: object) -> tuple[float | None, float]:
    """Return the precision, a part of the centre, if one is asked for, and the budget to use."""
    limit = None if precision is None else check_number("precision", precision, 1.0)
    return limit, check_budget(budget)


def check_budget(budget: object) -> float:
    """Return the budget to use, in seconds; None means the default."""
    return check_number("budget", 8.0 if budget is None else budget, MOST_SECONDS)


def _is_sharp(
    samples: Sequence[Sample[Outcome]], variants: Iterable[Any], baseline: object, limit: float
) -> bool:
    times = {key: [s.timing.work for s in samples if s.variant == key] for key in variants}
    loops = times.pop(baseline) if len(times) > 1 else [1.0] * len(samples)
    return all(
        estimate_ratio([a / b for a, b in zip(own, loops, strict=True)]).half_width <= limit
        for own in times.values()
    )
