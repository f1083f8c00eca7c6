"""The variants are make-believe here: it is the sampler that is tested, not a machine."""

import random
from collections.abc import Callable
from itertools import cycle
from types import SimpleNamespace

import pytest

from gil_demo.measuring import rounds as sampling
from gil_demo.measuring.estimates import LEAST_ROUNDS
from gil_demo.measuring.rounds import Timing, estimate_ratio, make_rows, take_samples

Variant = Callable[[], Timing]


def take(*seconds: float) -> Variant:
    """Make a variant that takes these seconds in turn."""
    turns = cycle(seconds)
    return lambda: Timing(0.0, next(turns), 0.0)


def note(name: str, calls: list[str]) -> Variant:
    """Make a variant that takes a second and notes that it ran."""
    return lambda: calls.append(name) or Timing(0.0, 1.0, 0.0)  # type: ignore[func-returns-value]


class Clock:
    """A clock that moves on only when a variant runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(sampling, "time", SimpleNamespace(monotonic=lambda: self.now))

    def spend(self, seconds: float, variant: Variant) -> Variant:
        def run() -> Timing:
            self.now += seconds
            return variant()

        return run


def test_every_round_holds_every_variant_once_in_an_order_of_its_own() -> None:
    before, orders = random.getstate(), set()
    for _ in range(8):
        calls: list[str] = []
        quiet = {name: note(name, calls) for name in "abc"}
        taken = take_samples(quiet, "a", budget=60.0)
        assert taken.stopped_by == "precision"  # which the least rounds give, without noise
        assert [sample.round for sample in taken.samples] == [n for n in range(1, 7) for _ in "abc"]
        assert [sample.position for sample in taken.samples] == [1, 2, 3] * LEAST_ROUNDS
        assert [sample.variant for sample in taken.samples] == calls[3:]  # after the warm-up
        assert sorted(calls[:3]) == sorted(calls[-3:]) == ["a", "b", "c"]
        orders |= {"".join(calls[n : n + 3]) for n in range(0, len(calls), 3)}
    assert len(orders) > 1
    assert random.getstate() == before


def test_noise_that_all_variants_of_a_round_share_does_not_count() -> None:
    shared = {"a": take(1.0, 5.0, 2.0), "b": take(0.5, 2.5, 1.0)}
    taken = take_samples(shared, "a", precision=0.01, budget=60.0)
    assert taken.stopped_by == "precision"
    assert taken.samples[-1].round == LEAST_ROUNDS


@pytest.mark.parametrize(
    ("seconds", "rounds", "end"),
    [
        (0.5, 19, 110.0),  # a warm-up and nineteen rounds of half a second each
        (4.0, 1, 108.0),  # a round that would not fit is not begun
        (50.0, 1, 200.0),  # one round is taken even if it does not fit
    ],
)
def test_rounds_that_are_not_sharp_go_on_until_the_budget_is_spent(
    monkeypatch: pytest.MonkeyPatch, seconds: float, rounds: int, end: float
) -> None:
    clock = Clock(monkeypatch)
    noisy = clock.spend(seconds, take(1.0, 5.0, 2.0, 9.0, 3.0))
    taken = take_samples({"a": take(1.0), "b": take(2.0), "c": noisy}, "a", 0.01, 10.0)
    assert (taken.stopped_by, taken.samples[-1].round, clock.now) == ("budget", rounds, end)


def test_a_variant_alone_is_judged_by_its_own_times(monkeypatch: pytest.MonkeyPatch) -> None:
    for precision, told in ((1.0, ("precision", LEAST_ROUNDS)), (0.02, ("budget", 9))):
        alone = {"a": Clock(monkeypatch).spend(1.0, take(1.0, 1.2, 0.9, 1.1))}
        taken = take_samples(alone, "a", precision, 10.0)
        assert (taken.stopped_by, taken.samples[-1].round) == told


def test_a_budget_and_a_precision_have_defaults_and_bounds() -> None:
    assert sampling.check_limits(None, None) == (0.02, 8.0)
    assert sampling.check_limits(1, 3600) == (1.0, 3600.0)
    for name, value, most in (("budget", 0, 3600), ("precision", 1.01, 1)):
        with pytest.raises(ValueError, match=f"^{name} must be .* above 0 and at most {most}, not"):
            take_samples({}, "a", **{name: value})


def test_a_sample_becomes_a_row_with_the_facts_of_its_run() -> None:
    taken = take_samples({"a": take(0.2)}, "a", budget=5.0)
    rows = make_rows(taken, {"run_id": "one"}, lambda sample: {"seconds": sample.timing.work})
    assert rows[1] == {"run_id": "one", "round": 2, "rounds": 6, "position": 1, "seconds": 0.2}
    assert len(rows) == 6


def test_a_ratio_is_taken_inside_each_round() -> None:
    assert estimate_ratio([1.0, 20.0, 3.0], [2.0, 10.0, 6.0]).median == 0.5
    with pytest.raises(ValueError, match=r"shorter|longer"):
        estimate_ratio([1.0, 2.0], [1.0])
