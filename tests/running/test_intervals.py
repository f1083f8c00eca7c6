import sys
from collections.abc import Iterator

import pytest

from gil_demo.running.intervals import PYTHON_INTERVAL, switch_interval_of


@pytest.fixture(autouse=True)
def python_s_own_interval() -> Iterator[None]:
    sys.setswitchinterval(PYTHON_INTERVAL)
    yield
    sys.setswitchinterval(PYTHON_INTERVAL)


def test_the_interval_holds_inside_the_block_and_the_old_one_is_back_however_it_ends() -> None:
    for seconds in (1e-6, 0.0001, 0.02, 1):
        assert sys.getswitchinterval() == PYTHON_INTERVAL == 0.005
        with pytest.raises(KeyboardInterrupt), switch_interval_of(seconds):
            assert sys.getswitchinterval() == pytest.approx(seconds, abs=1e-9)
            raise KeyboardInterrupt
    assert sys.getswitchinterval() == PYTHON_INTERVAL


def test_whatever_the_old_interval_was_it_is_back_to_the_microsecond() -> None:
    # Python keeps whole microseconds: 0.0001 times a million is just below 100 in floating point
    for microseconds in (1, 2, 15, 19, 100, 1_000, 50_000, 999_999, 30_000_000):
        sys.setswitchinterval((microseconds + 0.5) / 1e6)
        before = sys.getswitchinterval()
        assert round(before * 1e6) == microseconds
        for _ in range(3):
            with switch_interval_of(0.02):
                pass
        assert sys.getswitchinterval() == before
