"""The switch interval: how long a thread may keep the GIL while others wait for it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gil_demo.checks import check_switch_interval

PYTHON_INTERVAL = 0.005
"""Seconds that Python chooses unless told otherwise (sys.setswitchinterval's documentation)."""


@contextmanager
def switch_interval_of(seconds: float) -> Iterator[None]:
    """Set the switch interval of this Python for a while; put the old one back whatever happens.

    Args:
        seconds: from a microsecond to a second.

    Raises:
        TypeError: it is no number.
        ValueError: it is out of range.
    """
    check_switch_interval("switch_interval", seconds)
    before = sys.getswitchinterval()
    try:
        _set(seconds)
        yield
    finally:
        _set(before)


def _set(seconds: float) -> None:
    """Set the interval to the nearest microsecond: Python itself would cut off what is beyond."""
    sys.setswitchinterval(seconds + 5e-7)
