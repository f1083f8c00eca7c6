"""The variants are make-believe here: it is the sampler that is tested, not a machine."""

import math
import random
from collections.abc import Callable
from itertools import count, cycle
from types import SimpleNamespace

import pytest

from gil_demo.measuring import rounds as sampling
from gil_demo.measuring.estimates import LEAST_ROUNDS
from gil_demo.measuring.rounds import Timing, estimate_ratio, make_rows, take_samples

Variant = Callable[[], Timing]


def take_exactly(seconds: float) -> Variant:
    return lambda: Timing(0.0, seconds, 0.0)


def take_in_turn(*seconds: float) -> Variant:
    turns = cycle(seconds)
    return lambda: Timing(0.0, next(turns), 0.0)


QUIET = {"a": take_exactly(1.0), "b": take_exactly(2.0), "c": take_exactly(0.5)}


class Clock:
    """A clock that moves on only when a variant runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(sampling, "time", SimpleNamespace(monotonic=lambda: self.now))

    def spend(self, variant: Variant, seconds: float) -> Variant:
        def run() -> Timing:
            self.now += seconds
            return variant()

        return run


def test_every_round_holds_every_variant_once_at_places_from_one() -> None:
    taken = take_samples(QUIET, "a", budget=5.0)
    rounds = sorted({sample.round for sample in taken.samples})
    assert rounds == list(range(1, len(rounds) + 1))
    for number in rounds:
        samples = [sample for sample in taken.samples if sample.round == number]
        assert sorted(sample.variant for sample in samples) == ["a", "b", "c"]
        assert [sample.position for sample in samples] == [1, 2, 3]


def test_the_order_differs_between_rounds_and_the_chances_of_the_program_are_left_alone() -> None:
    before = random.getstate()
    orders = set()
    for _ in range(8):
        names = [sample.variant for sample in take_samples(QUIET, "a", budget=5.0).samples]
        orders |= {"".join(names[n : n + 3]) for n in range(0, len(names), 3)}
    assert len(orders) > 1
    assert random.getstate() == before


def test_samples_come_in_the_order_in_which_the_variants_ran() -> None:
    calls: list[str] = []

    def note(name: str) -> Variant:
        def run() -> Timing:
            calls.append(name)
            return Timing(0.0, 1.0, 0.0)

        return run

    taken = take_samples({"a": note("a"), "b": note("b")}, "a", budget=5.0)
    assert [sample.variant for sample in taken.samples] == calls[2:]


def test_the_warm_up_runs_every_variant_once_and_is_not_counted() -> None:
    numbers = count(1)
    taken = take_samples({"a": lambda: Timing(0.0, float(next(numbers)), 0.0)}, "a", 1.0, 5.0)
    assert [sample.timing.work for sample in taken.samples][:2] == [2.0, 3.0]
    assert next(numbers) == len(taken.samples) + 2


def test_variants_without_noise_stop_at_the_least_rounds_by_precision() -> None:
    taken = take_samples(QUIET, "a", budget=60.0)
    assert taken.stopped_by == "precision"
    assert max(sample.round for sample in taken.samples) == LEAST_ROUNDS


def test_noise_that_all_variants_of_a_round_share_does_not_count() -> None:
    weather = count(0)

    def work(part: float) -> Variant:
        # both variants of a round see the same weather: it changes every second call
        return lambda: Timing(0.0, part * (1 + next(weather) // 2 % 5), 0.0)

    taken = take_samples({"a": work(1.0), "b": work(0.5)}, "a", precision=0.01, budget=60.0)
    assert taken.stopped_by == "precision"
    assert max(sample.round for sample in taken.samples) == LEAST_ROUNDS


def test_noisy_variants_stop_when_the_budget_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    noisy = take_in_turn(1.0, 5.0, 2.0, 9.0, 3.0)
    variants = {"a": clock.spend(take_exactly(1.0), 0.25), "b": clock.spend(noisy, 0.25)}
    taken = take_samples(variants, "a", precision=0.01, budget=10.0)
    assert taken.stopped_by == "budget"
    # a warm-up and nineteen rounds of half a second each fill ten seconds
    assert max(sample.round for sample in taken.samples) == 19
    assert clock.now <= 110.0


def test_a_round_that_would_not_fit_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    taken = take_samples({"a": clock.spend(take_exactly(1.0), 4.0)}, "a", budget=10.0)
    assert [sample.round for sample in taken.samples] == [1]
    assert clock.now == 108.0


def test_one_round_is_taken_even_if_it_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    taken = take_samples({"a": clock.spend(take_exactly(1.0), 50.0)}, "a", budget=10.0)
    assert [sample.round for sample in taken.samples] == [1]
    assert taken.stopped_by == "budget"


def test_a_wide_precision_stops_sooner_than_a_narrow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def count_rounds(precision: float) -> int:
        clock = Clock(monkeypatch)
        noisy = clock.spend(take_in_turn(1.0, 1.2, 0.9, 1.1, 1.0), 0.1)
        taken = take_samples({"a": take_exactly(1.0), "b": noisy}, "a", precision, 10.0)
        return max(sample.round for sample in taken.samples)

    assert count_rounds(1.0) == LEAST_ROUNDS
    assert count_rounds(0.02) > LEAST_ROUNDS


def test_every_ratio_must_be_sharp_and_not_only_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = Clock(monkeypatch).spend(take_in_turn(1.0, 5.0, 2.0), 0.5)
    variants = {"a": take_exactly(1.0), "b": take_exactly(2.0), "c": noisy}
    assert take_samples(variants, "a", budget=10.0).stopped_by == "budget"


def test_a_variant_alone_is_judged_by_its_own_times(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    noisy = clock.spend(take_in_turn(1.0, 5.0, 2.0), 0.5)
    assert take_samples({"a": noisy}, "a", budget=10.0).stopped_by == "budget"
    assert take_samples({"a": take_exactly(1.0)}, "a").stopped_by == "precision"


def test_an_error_of_a_variant_is_passed_on() -> None:
    def fail() -> Timing:
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        take_samples({"a": fail}, "a")


def refuse_to_run() -> Timing:
    raise AssertionError("a variant ran")


@pytest.mark.parametrize(
    ("limits", "error", "told"),
    [
        ({"budget": 0}, ValueError, "budget must be a number above 0 and at most 3600, not 0$"),
        ({"budget": 3601.0}, ValueError, "budget must be .* not 3601.0$"),
        ({"budget": "8"}, TypeError, "budget must be .* not '8'$"),
        ({"precision": 1.01}, ValueError, "precision must be a number above 0 and at most 1, not"),
        ({"precision": math.nan}, ValueError, "precision must be .* not nan$"),
        ({"precision": False}, TypeError, "precision must be .* not False$"),
    ],
)
def test_a_limit_out_of_range_is_refused_before_anything_runs(
    limits: dict[str, float], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        take_samples({"a": refuse_to_run}, "a", **limits)


def test_a_budget_and_a_precision_have_defaults_and_may_be_as_large_as_is_allowed() -> None:
    assert (sampling.check_precision(None), sampling.check_budget(None)) == (0.02, 8.0)
    assert (sampling.check_precision(1), sampling.check_budget(3600)) == (1.0, 3600.0)


def test_a_sample_becomes_a_row_with_the_facts_of_its_run() -> None:
    taken = take_samples({"a": lambda: Timing(0.1, 0.2, 0.3)}, "a", budget=5.0)
    rows = make_rows(taken, {"run_id": "one"}, lambda sample: {"seconds": sample.timing.work})
    assert rows[1] == {"run_id": "one", "round": 2, "rounds": 6, "position": 1, "seconds": 0.2}
    assert len(rows) == 6


def test_a_ratio_is_taken_inside_each_round() -> None:
    estimate = estimate_ratio([1.0, 20.0, 3.0], [2.0, 10.0, 6.0])
    assert estimate.median == 0.5


def test_a_ratio_needs_as_many_times_on_both_sides() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        estimate_ratio([1.0, 2.0], [1.0])
