"""A storm of interrupts while data are carried: no block of shared memory and no worker stays."""

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gil_demo import compare_transport
from gil_demo.costs.blocks import block_held
from gil_demo.measuring import runs
from tests.conftest import METHODS, STUCK_SECONDS, interrupt_once_there, list_workers
from tests.costs.shelf import SHELF, find_left_behind, list_blocks
from tests.storms import SEED, allow_more_time, report

INTERRUPTS = 50

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not SHELF.is_dir(), reason="no /dev/shm to look at"),
    pytest.mark.usefixtures("nothing_hangs", "pool_threads_may_stay"),
]


def interrupt_within(delay: float, mark: Path, work: Callable[[], object]) -> bool:
    """Interrupt some work after a delay, and tell whether it was."""
    mark.unlink(missing_ok=True)
    timer = threading.Timer(delay, mark.touch)
    interrupter = interrupt_once_there(mark)
    timer.start()
    try:
        try:
            work()
        finally:
            interrupter.join()  # which is where it comes if the work is done
            timer.join()
    except KeyboardInterrupt:
        return True
    return False


def test_each_interrupt_of_the_transport_leaves_no_block_and_no_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "measure_busy_percent", lambda: 1.0)
    chance = random.Random(SEED)
    before, interrupted, seconds = list_blocks(), 0, []
    for number in range(INTERRUPTS):
        allow_more_time()
        method, delay = METHODS[number % len(METHODS)], chance.uniform(0, 0.6)
        where = f"seed {SEED}, interrupt {number}, {method}, after {delay:.3f} s"
        carry = partial(compare_transport, start_method=method, budget=STUCK_SECONDS)
        began = time.monotonic()
        interrupted += interrupt_within(delay, tmp_path / "now", carry)
        seconds.append(time.monotonic() - began - delay)
        assert find_left_behind(before) == set(), where
        assert list_workers() == set(), where
    report(f"{interrupted} of {INTERRUPTS} interrupted", seconds)
    assert interrupted > 0.9 * INTERRUPTS


def test_each_interrupt_while_blocks_come_and_go_leaves_none(tmp_path: Path) -> None:
    chance = random.Random(f"{SEED} blocks")
    before = list_blocks()

    def hold_for_ever() -> None:
        while True:
            with block_held(b"x" * 5_000):
                pass

    for number in range(INTERRUPTS):
        allow_more_time()
        delay = chance.uniform(0, 0.1)
        where = f"seed {SEED}, interrupt {number}, after {delay:.3f} s"
        assert interrupt_within(delay, tmp_path / "now", hold_for_ever), where
        assert find_left_behind(before) == set(), where
