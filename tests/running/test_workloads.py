import inspect
import pickle
from collections.abc import Iterable
from functools import partial
from itertools import accumulate, pairwise
from time import perf_counter

import pytest

from gil_demo.running import workloads
from gil_demo.running.workloads import (
    CHUNK_STEPS,
    call,
    count_for,
    countdown,
    split,
    trace_countdown,
)


def test_the_countdown_takes_one_step_for_each_number() -> None:
    class Watched(int):
        steps = 0

        def __sub__(self, other: int) -> "Watched":
            Watched.steps += 1
            return Watched(int(self) - other)

    countdown(Watched(7))
    assert Watched.steps == 7


@pytest.mark.parametrize("n", [0, -5])
def test_a_countdown_from_zero_or_below_is_over_at_once(n: int) -> None:
    assert countdown(n) is None  # type: ignore[func-returns-value]


def test_the_countdown_is_the_loop_that_the_lesson_prints() -> None:
    lines = [line.strip() for line in inspect.getsource(countdown).splitlines()]
    assert lines[0].startswith("def countdown(n")
    assert lines[-2:] == ["while n > 0:", "n -= 1"]


@pytest.mark.parametrize("count", [0, 1, 7, 10, 1_000_003])
@pytest.mark.parametrize("parts", [1, 2, 3, 12])
def test_the_parts_are_whole_add_up_and_differ_by_one_at_most(count: int, parts: int) -> None:
    shares = split(count, parts)
    assert len(shares) == parts
    assert sum(shares) == count
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)
    assert all(type(share) is int for share in shares)


# traces


def set_clock(monkeypatch: pytest.MonkeyPatch, steps: Iterable[float]) -> list[float]:
    """Let the clock go by these steps, from 0; return the list of what it shows as it is read."""
    times, shown = iter(accumulate(steps, initial=0.0)), []

    def read() -> float:
        shown.append(next(times))
        return shown[-1]

    monkeypatch.setattr(workloads, "perf_counter", read)
    return shown


@pytest.mark.parametrize("n", [0, 1, CHUNK_STEPS - 1, CHUNK_STEPS, CHUNK_STEPS + 1, 300_001])
def test_slices_are_in_order_and_apart_and_do_not_end_before_they_start(n: int) -> None:
    before = perf_counter()
    slices = trace_countdown(n)
    times = [time for slice_ in slices for time in slice_]
    assert len(slices) >= 1
    assert times == sorted(times)
    assert before <= times[0]
    assert times[-1] <= perf_counter()
    assert all(one[1] < other[0] for one, other in pairwise(slices))


@pytest.mark.parametrize("n", [0, -5])
def test_a_trace_of_no_steps_is_one_slice_of_no_length(n: int) -> None:
    ((start, end),) = trace_countdown(n)
    assert start == end


@pytest.mark.parametrize(
    ("n", "chunks"),
    [(1, 1), (CHUNK_STEPS, 1), (CHUNK_STEPS + 1, 2), (3 * CHUNK_STEPS, 3)],
)
def test_the_clock_is_read_once_at_the_start_and_after_each_chunk(
    monkeypatch: pytest.MonkeyPatch, n: int, chunks: int
) -> None:
    shown = set_clock(monkeypatch, [0.25] * 9)
    assert trace_countdown(n) == [(0.0, 0.25 * chunks)]
    assert len(shown) == 1 + chunks


def test_a_slice_ends_where_a_gap_begins_and_the_next_one_begins_where_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_clock(monkeypatch, [1 / 64, 1 / 64, 1 / 8, 1 / 64, 1 / 2, 1 / 64, 1 / 64])
    assert trace_countdown(7 * CHUNK_STEPS) == [
        (0.0, 2 / 64),
        (10 / 64, 11 / 64),
        (43 / 64, 45 / 64),
    ]


@pytest.mark.parametrize(("chunks", "slices"), [(4.875, 1), (5.0, 1), (5.125, 2), (8.0, 2)])
def test_more_than_five_times_the_quickest_chunk_is_a_gap(
    monkeypatch: pytest.MonkeyPatch, chunks: float, slices: int
) -> None:
    set_clock(monkeypatch, [1 / 32, 1 / 64, 1 / 16, chunks / 64, 1 / 64])
    assert len(trace_countdown(5 * CHUNK_STEPS)) == slices


@pytest.mark.parametrize(("gap", "slices"), [(0.9e-4, 1), (1.1e-4, 2)])
def test_less_than_a_tenth_of_a_millisecond_is_no_gap(
    monkeypatch: pytest.MonkeyPatch, gap: float, slices: int
) -> None:
    set_clock(monkeypatch, [1e-6, 1e-6, gap, 1e-6])
    assert len(trace_countdown(4 * CHUNK_STEPS)) == slices


def test_a_gap_in_the_last_chunk_ends_in_a_slice_of_no_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_clock(monkeypatch, [1 / 64, 1 / 64, 1 / 2])
    assert trace_countdown(3 * CHUNK_STEPS) == [(0.0, 2 / 64), (34 / 64, 34 / 64)]


@pytest.mark.parametrize("chunks", range(1, 9))
def test_there_are_never_more_slices_than_memory_is_meant_for(
    monkeypatch: pytest.MonkeyPatch, chunks: int
) -> None:
    monkeypatch.setattr(workloads, "MOST_SLICES", 3)
    set_clock(monkeypatch, [1 / 64, *[1 / 2] * 20])
    slices = trace_countdown(chunks * CHUNK_STEPS)
    assert len(slices) == min(chunks, 3)
    assert slices == sorted(slices)


def test_a_trace_that_is_cut_counts_down_the_rest_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rest: list[int] = []
    monkeypatch.setattr(workloads, "MOST_SLICES", 3)
    monkeypatch.setattr(workloads, "countdown", rest.append)
    shown = set_clock(monkeypatch, [1 / 64, *[1 / 2] * 20])
    slices = trace_countdown(9 * CHUNK_STEPS + 5)
    assert slices == [(0, 1 / 64), (33 / 64, 33 / 64), (65 / 64, 65 / 64)]
    assert rest == [5 * CHUNK_STEPS + 5]
    assert len(shown) == 5


# counting for a while


def test_count_for_counts_chunk_after_chunk_until_the_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[int] = []
    monkeypatch.setattr(workloads, "countdown", counted.append)
    set_clock(monkeypatch, [0.25, 0.5, 0.125, 0.125])
    count_for(1.0)
    assert counted == [CHUNK_STEPS] * 3


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_counting_for_no_time_is_over_at_once(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    counted: list[int] = []
    monkeypatch.setattr(workloads, "countdown", counted.append)
    count_for(seconds)
    assert counted == []


# calling


def test_a_task_that_brings_its_own_function_is_called_for_its_answer() -> None:
    assert call(partial(divmod, 17, 5)) == (3, 2)


def test_the_exception_of_such_a_task_is_passed_on() -> None:
    with pytest.raises(ZeroDivisionError):
        call(partial(divmod, 17, 0))


def test_a_worker_process_can_be_sent_every_workload() -> None:
    for workload in (countdown, trace_countdown, count_for, call):
        assert pickle.loads(pickle.dumps(workload)) is workload
