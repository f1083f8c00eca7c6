import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

import pytest

from gil_demo.running import workloads
from gil_demo.running.workloads import CHUNK_STEPS, CUTS, countdown, trace_countdown

SetClock = Callable[[Sequence[float]], Iterator[float]]


def test_the_countdown_takes_one_step_for_each_number() -> None:
    class Watched(int):
        steps = 0

        def __sub__(self, other: int) -> "Watched":
            Watched.steps += 1
            return Watched(int(self) - other)

    for n in (-5, 0, 7):
        countdown(Watched(n))
    assert Watched.steps == 7


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="only Python 3.11 waits")
def test_a_new_worker_s_countdown_runs_at_its_full_speed_at_once() -> None:
    script = "import dis, gil_demo.running.workloads as it; dis.dis(it.countdown, adaptive=True)"
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "RESUME_QUICK" in told.stdout


def test_small_cuts_are_these() -> None:
    for count, parts, even, uneven in (
        (10, 2, [5, 5], [1, 9]),
        (10, 3, [4, 3, 3], [1, 3, 6]),
        (6, 4, [2, 2, 1, 1], [1, 1, 1, 3]),
    ):
        assert CUTS["even"](count, parts) == even
        assert CUTS["uneven"](count, parts) == uneven


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Let the clock go by steps, from 0; each call returns what is still to be read from it."""

    def set_steps(steps: Sequence[float]) -> Iterator[float]:
        times = accumulate(steps, initial=0.0)
        monkeypatch.setattr(workloads, "perf_counter", times.__next__)
        return times

    return set_steps


def test_the_clock_is_read_at_the_start_and_after_each_chunk(set_clock: SetClock) -> None:
    for n, chunks in ((-5, 0), (1, 1), (CHUNK_STEPS, 1), (CHUNK_STEPS + 1, 2)):
        unread = set_clock([0.25] * 9)
        assert trace_countdown(n) == [(0.0, 0.25 * chunks)]
        assert len(list(unread)) == 9 - chunks
    unread = set_clock([0.25, 0.5, 0.125, 0.125, 0.25])
    workloads.count_for(1.0)
    assert list(unread) == [1.25]


def test_a_gap_that_is_long_beside_the_chunks_and_by_the_clock_ends_a_slice(
    set_clock: SetClock,
) -> None:
    set_clock([1 / 64, 1 / 64, 1 / 8, 1 / 64, 1 / 2])
    assert trace_countdown(5 * CHUNK_STEPS) == [(0, 1 / 32), (5 / 32, 11 / 64), (43 / 64, 43 / 64)]
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
    unread = set_clock([1 / 64, *[1 / 2] * 20])
    slices = trace_countdown(9 * CHUNK_STEPS + 5)
    cut = [(0, 1 / 64), (33 / 64, 33 / 64), (65 / 64, 65 / 64)]
    assert slices == [*cut, (129 / 64, 129 / 64)]  # when it was done
    assert rest == [5 * CHUNK_STEPS + 5]
    assert len(list(unread)) == 16
