"""The switch interval: how long a thread may keep the GIL while others wait for it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

PYTHON_INTERVAL = 0.005
"""Seconds that Python chooses unless told otherwise (sys.setswitchinterval's documentation)."""


@contextmanager
def switch_interval_of(seconds: float) -> Iterator[None]:
    """Set the switch interval of this Python for a while; put the old one back whatever happens."""
    before = sys.getswitchinterval()
    try:
        # half a microsecond more, since Python itself cuts off what is beyond whole ones
        sys.setswitchinterval(seconds + 5e-7)
        yield
    finally:
        sys.setswitchinterval(before + 5e-7)
