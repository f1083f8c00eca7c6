"""A storm of kills: one worker of two is killed at a random moment, again and again.

A kill while tasks are under way ends the run in one clear error, soon. A kill during start-up
does so too, or does no harm: where it comes before the pool has been filled, `Pool` puts another
worker in the dead one's place. In either case the next run knows nothing of it.
"""

import random
import signal
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

import psutil
import pytest

from gil_demo import WorkerDied, processes
from gil_demo.running.pools import FILLING
from gil_demo.running.workloads import countdown
from tests.conftest import METHODS, STUCK_SECONDS, list_workers
from tests.made.tasks import give_back

SEED = 20261122
KILLS = 100
START_UP_KILLS = 60
LATEST_KILL_SECONDS = 0.4
MOST_SECONDS_TO_ERROR = 2.0
LONG_COUNT = 10_000_000_000  # minutes on any machine: no task ends before its kill
NUMBERS = [1, 2, 3, 4]

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
    pytest.mark.usefixtures("nothing_hangs", "pool_threads_may_stay"),
    pytest.mark.parametrize("method", METHODS),
]


class Killer:
    """Kills a worker some time from now, or as soon after that as there is one."""

    def __init__(self, delay: float, chance: random.Random) -> None:
        self.killed_at: float | None = None
        self._delay = delay
        self._chance = chance
        self._is_called_off = threading.Event()
        self._thread = threading.Thread(target=self._wait_and_kill, daemon=True)
        self._thread.start()

    def _wait_and_kill(self) -> None:
        self._is_called_off.wait(self._delay)
        while self.killed_at is None and not self._is_called_off.is_set():
            for victim in self._list_in_random_order():
                moment = time.monotonic()
                try:
                    victim.kill()
                except psutil.NoSuchProcess:
                    continue  # it has left in the meantime
                self.killed_at = moment
                break

    def _list_in_random_order(self) -> Sequence[psutil.Process]:
        workers = sorted(list_workers(), key=lambda worker: worker.pid)
        return self._chance.sample(workers, len(workers))

    def call_off(self) -> None:
        self._is_called_off.set()
        self._thread.join()


class Ending(NamedTuple):
    """How a run ended, and how long after its kill; None without a kill."""

    outcome: str
    seconds: float | None


def run_killed_at_work(method: str, delay: float, chance: random.Random) -> Ending:
    killer = None
    try:
        with processes(2, method) as run:
            killer = Killer(delay, chance)
            run(countdown, [LONG_COUNT, LONG_COUNT])
        outcome = "no error"
    except WorkerDied as reason:
        outcome = str(reason)
    return end(killer, outcome)


def run_killed_at_start(method: str, delay: float, chance: random.Random) -> Ending:
    killer = Killer(delay, chance)
    try:
        outcome = str(ask(method))
    except WorkerDied as reason:
        outcome = str(reason)
    return end(killer, outcome)


def end(killer: Killer | None, outcome: str) -> Ending:
    ended_at = time.monotonic()
    assert killer is not None, outcome
    killer.call_off()
    return Ending(outcome, None if killer.killed_at is None else ended_at - killer.killed_at)


def ask(method: str) -> list[object]:
    with processes(2, method) as run:
        return [span.answer for span in run(give_back, NUMBERS)]


def measure_start_up(method: str) -> float:
    """Return the seconds until a pool is ready; multiprocessing's helpers run from then on."""
    assert ask(method) == NUMBERS
    started_at = time.monotonic()
    with processes(2, method):
        return time.monotonic() - started_at


def allow_more_time() -> None:
    """Let the alarm of `nothing_hangs` judge one run, not the whole storm."""
    signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS, STUCK_SECONDS)


def is_clear(outcome: str) -> bool:
    return any(
        ending in outcome for ending in ("(signal SIGKILL) ", "(exit code not known) ", FILLING)
    )


def describe(endings: Sequence[Ending]) -> str:
    seconds = [ending.seconds for ending in endings if ending.seconds is not None]
    return (
        f"{len(seconds)} kills, the end came after {statistics.median(seconds):.3f} s (median), "
        f"{max(seconds):.3f} s (most); seed {SEED}"
    )


def test_each_kill_at_work_ends_in_one_clear_error_and_the_next_run_is_right(method: str) -> None:
    chance = random.Random(f"{SEED} {method}")
    measure_start_up(method)
    endings = []
    for number in range(KILLS):
        allow_more_time()
        delay = chance.uniform(0, LATEST_KILL_SECONDS)
        where = f"seed {SEED}, {method}, kill {number}, {delay:.4f} s after work began"
        ending = run_killed_at_work(method, delay, chance)
        assert list_workers() == set(), where
        assert "signal SIGKILL) with 2 tasks under way" in ending.outcome, f"{where}: {ending}"
        assert ask(method) == NUMBERS, where
        assert list_workers() == set(), where
        endings.append(ending)
    print(f"{method}:", describe(endings))
    assert all(
        ending.seconds is not None and ending.seconds < MOST_SECONDS_TO_ERROR for ending in endings
    ), describe(endings)


def test_each_kill_at_start_up_ends_in_one_clear_error_or_does_no_harm(method: str) -> None:
    chance = random.Random(f"{SEED} {method}")
    usual_seconds = measure_start_up(method)
    endings = []
    for number in range(START_UP_KILLS):
        allow_more_time()
        delay = chance.uniform(0, usual_seconds)
        where = f"seed {SEED}, {method}, kill {number}, {delay:.4f} s after start-up began"
        ending = run_killed_at_start(method, delay, chance)
        assert list_workers() == set(), where
        is_right = ending.outcome == str(NUMBERS)
        assert is_right or is_clear(ending.outcome), f"{where}: {ending}"
        assert ask(method) == NUMBERS, where
        assert list_workers() == set(), where
        endings.append(ending)
    errors = [ending for ending in endings if ending.outcome != str(NUMBERS)]
    print(f"{method}: {len(errors)} errors,", describe(endings))
    assert errors
    assert all((ending.seconds or 0) < MOST_SECONDS_TO_ERROR for ending in errors), describe(errors)
