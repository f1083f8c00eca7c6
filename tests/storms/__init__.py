"""The same thing at random moments, again and again; a failure's message names its moment."""

import signal
import statistics
from collections.abc import Sequence

from tests.conftest import STUCK_SECONDS

SEED = 20261122


def allow_more_time() -> None:
    """Let the alarm of `nothing_hangs` judge one moment, not the whole storm."""
    signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS, STUCK_SECONDS)


def report(what: str, seconds: Sequence[float]) -> None:
    print(
        f"{what}; the end came after {statistics.median(seconds):.3f} s (median), "
        f"{max(seconds):.3f} s (most); seed {SEED}"
    )
