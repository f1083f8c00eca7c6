import sys

import pytest

from gil_demo.running.intervals import PYTHON_INTERVAL, switch_interval_of


def test_the_interval_holds_inside_the_block_and_then_the_old_one_is_back() -> None:
    assert sys.getswitchinterval() == PYTHON_INTERVAL == 0.005
    try:
        # Python keeps whole microseconds: 0.0001 × 1,000,000 is below 100 in floating point
        for microseconds in (1, 2, 15, 19, 100, 1_000, 50_000, 999_999, 30_000_000):
            sys.setswitchinterval((microseconds + 0.5) / 1e6)
            before = sys.getswitchinterval()
            for seconds in (1e-6, 0.0001, 1):
                with pytest.raises(KeyboardInterrupt), switch_interval_of(seconds):  # noqa: PT012
                    assert sys.getswitchinterval() == pytest.approx(seconds, abs=1e-9)
                    raise KeyboardInterrupt
            assert sys.getswitchinterval() == before
    finally:
        sys.setswitchinterval(PYTHON_INTERVAL)
