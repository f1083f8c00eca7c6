"""A storm of interrupts where much is started: no shared memory and no worker stays."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gil_demo import compare_transport, countdown, examine
from gil_demo.costs.blocks import block_held
from tests.conftest import METHODS, STUCK_SECONDS, list_workers
from tests.costs.shelf import SHELF, find_left_behind, list_blocks
from tests.storms import each_moment, interrupt_within, report

INTERRUPTS = 50

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.usefixtures("nothing_hangs", "pool_threads_may_stay", "no_wait"),
]
on_a_shelf = pytest.mark.skipif(not SHELF.is_dir(), reason="no /dev/shm to look at")


def carry(method: str) -> None:
    compare_transport(start_method=method, budget=STUCK_SECONDS)


def hold_for_ever(_: str) -> None:
    while True:
        with block_held(b"x" * 5_000):
            pass


def look_into(method: str) -> None:
    examine(countdown, [20_000] * 50, budget=STUCK_SECONDS, start_method=method)


@pytest.mark.parametrize(
    ("work", "most_seconds"),
    [
        pytest.param(carry, 0.6, marks=on_a_shelf),
        pytest.param(hold_for_ever, 0.1, marks=on_a_shelf),
        (look_into, 1.5),
    ],
)
def test_each_interrupt_leaves_no_block_and_no_worker(
    work: Callable[[str], None], most_seconds: float, tmp_path: Path
) -> None:
    before, interrupted, seconds = list_blocks(), 0, []
    for number, delay, where in each_moment(work.__name__, INTERRUPTS, most_seconds):
        method = METHODS[number % len(METHODS)]
        began = time.monotonic()
        interrupted += interrupt_within(delay, tmp_path / "now", partial(work, method))
        seconds.append(time.monotonic() - began - delay)
        assert find_left_behind(before) == list_workers() == set(), f"{where}, {method}"
    report(f"{interrupted} of {INTERRUPTS} interrupted", seconds)
    assert interrupted > 0.9 * INTERRUPTS
