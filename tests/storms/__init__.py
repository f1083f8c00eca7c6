"""The same thing at random moments, again and again; a failure's message names its moment."""

import random
import signal
import statistics
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.conftest import STUCK_SECONDS, interrupt_once_there

SEED = 20261122


class Moment(NamedTuple):
    number: int
    delay: float
    where: str


def each_moment(name: str, moments: int, most_seconds: float) -> Iterator[Moment]:
    """Give moments within so many seconds, the same ones under each name."""
    chance = random.Random(f"{SEED} {name}")
    for number in range(moments):
        delay = chance.uniform(0, most_seconds)
        if signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
            # let the alarm of `nothing_hangs` judge one moment, not the whole storm
            signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS, STUCK_SECONDS)
        yield Moment(number, delay, f"seed {SEED}, {name}, {number}: after {delay:.4f} s")


def report(what: str, seconds: Sequence[float]) -> None:
    print(
        f"{what}; the end came after {statistics.median(seconds):.3f} s (median), "
        f"{max(seconds):.3f} s (most); seed {SEED}"
    )


def interrupt_within(delay: float, mark: Path, work: Callable[[], object]) -> bool:
    """Interrupt some work after a delay, and tell whether it was."""
    mark.unlink(missing_ok=True)
    timer = threading.Timer(delay, mark.touch)
    interrupter = interrupt_once_there(mark)
    timer.start()
    with suppress(KeyboardInterrupt):
        try:
            work()
        finally:
            interrupter.join()  # which is where it comes if the work is done
            timer.join()
        return False
    return True
