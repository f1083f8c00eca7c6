"""A storm of interrupts while a function is examined: no worker and no thread stays."""

import time
from functools import partial
from pathlib import Path

import pytest

from gil_demo import countdown, examine
from tests.conftest import METHODS, STUCK_SECONDS, list_workers
from tests.storms import each_moment, interrupt_within, report

INTERRUPTS = 50

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.usefixtures("nothing_hangs", "pool_threads_may_stay", "no_wait"),
]


def test_each_interrupt_ends_an_examination_and_leaves_no_worker(tmp_path: Path) -> None:
    interrupted, seconds = 0, []
    for number, delay, where in each_moment("examine", INTERRUPTS, 1.5):
        method = METHODS[number % len(METHODS)]
        work = partial(examine, countdown, [20_000] * 50, budget=STUCK_SECONDS, start_method=method)
        began = time.monotonic()
        interrupted += interrupt_within(delay, tmp_path / "now", work)
        seconds.append(time.monotonic() - began - delay)
        assert list_workers() == set(), f"{where}, {method}"
    report(f"{interrupted} of {INTERRUPTS} interrupted", seconds)
    assert interrupted > 0.9 * INTERRUPTS
