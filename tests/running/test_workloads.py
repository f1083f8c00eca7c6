import pickle
from collections.abc import Callable, Iterable
from functools import partial
from itertools import accumulate
from time import perf_counter

import pytest

from gil_demo.running import workloads
from gil_demo.running.workloads import CHUNK_STEPS, CUTS, countdown, trace_countdown

SetClock = Callable[[Iterable[float]], list[float]]


def test_the_countdown_takes_one_step_for_each_number() -> None:
    class Watched(int):
        steps = 0

        def __sub__(self, other: int) -> "Watched":
            Watched.steps += 1
            return Watched(int(self) - other)

    for n in (-5, 0, 7):
        countdown(Watched(n))
    assert Watched.steps == 7


def test_small_cuts_are_these() -> None:
    for count, parts, even, uneven in (
        (9, 1, [9], [9]),
        (10, 2, [5, 5], [1, 9]),
        (10, 3, [4, 3, 3], [1, 3, 6]),
        (16, 4, [4, 4, 4, 4], [1, 3, 5, 7]),
        (6, 4, [2, 2, 1, 1], [1, 1, 1, 3]),
    ):
        assert CUTS["even"](count, parts) == even
        assert CUTS["uneven"](count, parts) == uneven


def test_a_pool_of_two_cuts_a_list_into_eight_chunks() -> None:
    sizes = [workloads.compute_default_chunksize(tasks, 2) for tasks in (1, 8, 9, 100, 104)]
    assert sizes == [1, 1, 2, 13, 13]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Let the clock go by steps, from 0; each call returns the list of what is read from it."""

    def set_steps(steps: Iterable[float]) -> list[float]:
        times, shown = iter(accumulate(steps, initial=0.0)), []

        def read() -> float:
            shown.append(next(times))
            return shown[-1]

        monkeypatch.setattr(workloads, "perf_counter", read)
        return shown

    return set_steps


def test_the_clock_is_read_at_the_start_and_after_each_chunk(set_clock: SetClock) -> None:
    for n, chunks in ((-5, 0), (1, 1), (CHUNK_STEPS, 1), (CHUNK_STEPS + 1, 2)):
        shown = set_clock([0.25] * 9)
        assert trace_countdown(n) == [(0.0, 0.25 * chunks)]
        assert len(shown) == 1 + chunks


def test_a_slice_ends_where_a_gap_begins_and_the_next_one_begins_after(set_clock: SetClock) -> None:
    set_clock([1 / 64, 1 / 64, 1 / 8, 1 / 64, 1 / 2])
    slices = [(0.0, 2 / 64), (10 / 64, 11 / 64), (43 / 64, 43 / 64)]
    assert trace_countdown(5 * CHUNK_STEPS) == slices


def test_a_gap_is_long_both_beside_the_chunks_and_by_the_clock(set_clock: SetClock) -> None:
    for steps, slices in (
        ([1 / 32, 1 / 64, 5 / 64, 1 / 64], 1),  # no more than five times the quickest chunk
        ([1 / 32, 1 / 64, 5.125 / 64, 1 / 64], 2),
        ([1e-6, 1e-6, 0.9e-4, 1e-6], 1),  # less than a tenth of a millisecond
        ([1e-6, 1e-6, 1.1e-4, 1e-6], 2),
    ):
        set_clock(steps)
        assert len(trace_countdown(4 * CHUNK_STEPS)) == slices


def test_a_trace_that_is_cut_counts_down_the_rest_without_one(
    set_clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest: list[int] = []
    monkeypatch.setattr(workloads, "MOST_SLICES", 3)
    monkeypatch.setattr(workloads, "countdown", rest.append)
    shown = set_clock([1 / 64, *[1 / 2] * 20])
    slices = trace_countdown(9 * CHUNK_STEPS + 5)
    assert slices == [(0, 1 / 64), (33 / 64, 33 / 64), (65 / 64, 65 / 64)]
    assert rest == [5 * CHUNK_STEPS + 5]
    assert len(shown) == 5


def test_count_for_counts_chunk_after_chunk_until_the_time_is_over(
    set_clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    monkeypatch.setattr(workloads, "countdown", counted.append)
    set_clock([0.25, 0.5, 0.125, 0.125])
    workloads.count_for(1.0)
    assert counted == [CHUNK_STEPS] * 3


def test_tasks_may_bring_their_own_function_or_a_number() -> None:
    assert workloads.call(partial(divmod, 17, 5)) == (3, 2)
    first, begun = workloads.count_numbered(7, 1_000)
    second, done = workloads.count_pair((8, 0))
    assert (first, second) == (7, 8)
    assert begun <= done <= perf_counter()


def test_every_copy_of_a_counter_of_calls_goes_on_for_itself() -> None:
    counter = workloads.CallCounter()
    assert [counter(item) for item in ("one", None)] == [1, 2]
    one, other = (pickle.loads(pickle.dumps(counter)) for _ in range(2))
    assert [one(0), one(0), other(0), counter(0)] == [3, 4, 3, 3]
