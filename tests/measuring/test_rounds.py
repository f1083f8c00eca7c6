import random
from collections.abc import Callable
from functools import partial
from itertools import cycle
from types import SimpleNamespace

import pytest

from gil_demo.measuring import rounds as sampling
from gil_demo.measuring.estimates import LEAST_ROUNDS
from gil_demo.measuring.rounds import Timing, make_rows, take_samples

Variant = Callable[[], Timing]


def take(*seconds: float, first: Callable[[], object] = list) -> Variant:
    """Make a variant that takes these seconds in turn, each time after something else."""
    turns = cycle(seconds)

    def run() -> Timing:
        first()
        return Timing(next(turns))

    return run


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the seconds by which a clock has moved on."""
    seconds: list[float] = []
    monkeypatch.setattr(sampling, "time", SimpleNamespace(monotonic=lambda: 100.0 + sum(seconds)))
    return seconds


def test_every_round_holds_every_variant_once_in_an_order_of_its_own() -> None:
    before, orders = random.getstate(), set()
    for _ in range(8):
        calls: list[str] = []
        quiet = {name: take(1.0, first=partial(calls.append, name)) for name in "abc"}
        taken = take_samples(quiet, "a", 0.02, budget=60.0)
        assert taken.stopped_by == "precision"  # which the least rounds give, without noise
        assert [sample.round for sample in taken.samples] == [n for n in range(1, 7) for _ in "abc"]
        assert [sample.position for sample in taken.samples] == [1, 2, 3] * LEAST_ROUNDS
        assert [sample.variant for sample in taken.samples] == calls[3:]  # after the warm-up
        assert sorted(calls[:3]) == sorted(calls[-3:]) == ["a", "b", "c"]
        orders |= {"".join(calls[n : n + 3]) for n in range(0, len(calls), 3)}
    assert len(orders) > 1
    assert random.getstate() == before


def test_rounds_that_are_not_sharp_go_on_until_the_budget_is_spent(spent: list[float]) -> None:
    assert sampling.check_limits(None, None) == (None, 8.0)
    for seconds, rounds, in_all in (
        (0.5, 19, 10.0),  # a warm-up and nineteen rounds of half a second each
        (4.0, 1, 8.0),  # a round that would not fit is not begun
        (50.0, 1, 100.0),  # one round is taken even if it does not fit
    ):
        spent.clear()
        noisy = take(1.0, 5.0, 2.0, 9.0, 3.0, first=partial(spent.append, seconds))
        taken = take_samples({"a": take(1.0), "b": take(2.0), "c": noisy}, "a", 0.01, 10.0)
        assert (taken.stopped_by, taken.samples[-1].round) == ("budget", rounds)
        assert sum(spent) == in_all


def test_noise_that_a_round_shares_does_not_count_and_one_variant_is_judged_by_its_own_times(
    spent: list[float],
) -> None:
    shared = {"a": take(1.0, 5.0, 2.0), "b": take(0.5, 2.5, 1.0)}
    taken = take_samples(shared, "a", precision=0.01, budget=60.0)
    assert (taken.stopped_by, taken.samples[-1].round) == ("precision", LEAST_ROUNDS)
    asked: tuple[float | None, ...] = (1.0, 0.02, None)  # what isn't asked for stops nothing
    for precision, told in zip(
        asked, (("precision", LEAST_ROUNDS), ("budget", 9), ("budget", 9)), strict=True
    ):
        spent.clear()
        alone = {"a": take(1.0, 1.2, 0.9, 1.1, first=partial(spent.append, 1.0))}
        taken = take_samples(alone, "a", precision, 10.0)
        assert (taken.stopped_by, taken.samples[-1].round) == told


def test_a_sample_becomes_a_row_with_what_others_took_while_all_rounds_ran(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sampling, "tell_shares", lambda usage, **how: {"others": usage, **how})
    monkeypatch.setattr(sampling, "read_usage", lambda: 7.0)
    taken = take_samples({"a": take(0.2)}, "a", 0.02, budget=5.0, is_lasting=False)
    rows = make_rows(taken, {"run_id": "one"}, lambda sample: {"seconds": sample.timing.work})
    told = {"run_id": "one", "round": 2, "rounds": 6, "position": 1, "seconds": 0.2}
    assert rows[1] == told | {"others": 7.0, "is_lasting": False}
    assert len(rows) == 6
