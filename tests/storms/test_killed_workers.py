"""A storm of kills: one worker of two is killed at a random moment, again and again.

A kill while tasks are under way ends the run in one clear error, soon. A kill during start-up
does so too, or does no harm: where it comes before the pool has been filled, `Pool` puts another
worker in the dead one's place. In either case the next run knows nothing of it.
"""

import random
import sys
import threading
import time
from contextlib import suppress

import psutil
import pytest

from gil_demo import WorkerDied, countdown, processes
from gil_demo.running.pools import FILLING
from tests.conftest import METHODS, list_workers
from tests.made.tasks import give_back
from tests.storms import each_moment, report

KILLS = 100
START_UP_KILLS = 60
MOST_SECONDS_TO_ERROR = 2.0
NUMBERS = [1, 2, 3, 4]

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
    pytest.mark.usefixtures("nothing_hangs", "pool_threads_may_stay"),
    pytest.mark.parametrize("method", METHODS),
]


class Killer:
    """Kills a worker some time from now, or as soon after that as there is one."""

    def __init__(self, delay: float) -> None:
        self.killed_at: float | None = None
        self._is_called_off = threading.Event()
        self._thread = threading.Thread(target=self._wait_and_kill, args=[delay], daemon=True)
        self._thread.start()

    def _wait_and_kill(self, delay: float) -> None:
        self._is_called_off.wait(delay)
        while self.killed_at is None and not self._is_called_off.is_set():
            workers = sorted(list_workers(), key=lambda worker: worker.pid)
            moment = time.monotonic()
            with suppress(IndexError, psutil.NoSuchProcess):  # none is there yet, or it has left
                random.Random(delay).choice(workers).kill()
                self.killed_at = moment

    def measure_seconds(self) -> float:
        """Return the seconds since the kill; 0 if there was none, and none will come."""
        now = time.monotonic()
        self._is_called_off.set()
        self._thread.join()
        return now - (self.killed_at or now)


def ask(method: str) -> str:
    """Run tasks of nothing, and tell what they gave or what went wrong."""
    try:
        with processes(2, method) as run:
            return str([span.answer for span in run(give_back, NUMBERS)])
    except WorkerDied as reason:
        return str(reason)


def check_that_nothing_is_left(method: str, where: str) -> None:
    assert list_workers() == set(), where
    assert ask(method) == str(NUMBERS), where


def test_each_kill_at_work_ends_in_one_clear_error_and_the_next_run_is_right(method: str) -> None:
    seconds = []
    told = r"signal SIGKILL\) with 2 tasks under way"
    for _, delay, where in each_moment(f"{method}, at work", KILLS, 0.4):
        with (  # noqa: PT012
            pytest.raises(WorkerDied, match=told),
            processes(2, method) as run,
        ):
            killer = Killer(delay)
            run(countdown, [10**10] * 2)  # minutes on any machine: no task ends before its kill
        seconds.append(killer.measure_seconds())
        check_that_nothing_is_left(method, where)
    report(f"{method}: {KILLS} kills at work", seconds)
    assert max(seconds) < MOST_SECONDS_TO_ERROR


def test_each_kill_at_start_up_ends_in_one_clear_error_or_does_no_harm(method: str) -> None:
    ask(method)  # multiprocessing's helpers run from now on
    began = time.monotonic()
    with processes(2, method):
        usual_seconds = time.monotonic() - began
    seconds = []
    for _, delay, where in each_moment(f"{method}, at start-up", START_UP_KILLS, usual_seconds):
        killer = Killer(delay)
        outcome = ask(method)
        taken = killer.measure_seconds()
        if outcome != str(NUMBERS):
            clear = ("(signal SIGKILL) ", "(exit code not known) ", FILLING)
            assert any(ending in outcome for ending in clear), f"{where}: {outcome}"
            seconds.append(taken)
        check_that_nothing_is_left(method, where)
    report(f"{method}: {len(seconds)} errors of {START_UP_KILLS} kills at start-up", seconds)
    assert max(seconds) < MOST_SECONDS_TO_ERROR
