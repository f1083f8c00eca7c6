"""Variants measured in turn: interleaved rounds in shuffled order."""

import random
from collections.abc import Callable, Mapping
from typing import TypeVar

from gil_demo.measuring.progress import shown

Figure = TypeVar("Figure")


def take_rounds(
    title: str, variants: Mapping[str, Callable[[], Figure]], rounds: int, warm_ups: int = 1
) -> dict[str, list[Figure]]:
    """Measure every variant once a round, each round in an order of its own.

    Args:
        title: what is being measured, for the line that shows how far it is.
        variants: what to measure, by name; each call gives one figure.
        rounds: how many rounds are counted.
        warm_ups: how many rounds come before and are not.

    Returns:
        The figures of each variant, in the order of the rounds.
    """
    figures: dict[str, list[Figure]] = {name: [] for name in variants}
    with shown() as show:
        for number in range(1 - warm_ups, rounds + 1):
            for name in random.sample(list(variants), len(variants)):
                show(f"{title}: round {max(number, 0)} of {rounds}, {name}")
                figure = variants[name]()
                if number > 0:
                    figures[name].append(figure)
    return figures
