import math
import re
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from gil_demo.running.intervals import PYTHON_INTERVAL, switch_interval_of


@pytest.fixture(autouse=True)
def python_s_own_interval() -> Iterator[None]:
    sys.setswitchinterval(PYTHON_INTERVAL)
    yield
    sys.setswitchinterval(PYTHON_INTERVAL)


def test_python_s_own_interval_is_five_milliseconds() -> None:
    assert sys.getswitchinterval() == PYTHON_INTERVAL == 0.005


@pytest.mark.parametrize("seconds", [1e-6, 0.0001, 0.001, 0.02, 1, 1.0])
def test_the_interval_holds_inside_the_block_and_the_old_one_is_back_after_it(
    seconds: float,
) -> None:
    with switch_interval_of(seconds):
        assert sys.getswitchinterval() == pytest.approx(seconds, abs=1.1e-6)
    assert sys.getswitchinterval() == PYTHON_INTERVAL


# Python keeps whole microseconds: 0.0001 times a million is just below 100 in floating point
@pytest.mark.parametrize("microseconds", [1, 2, 15, 19, 100, 1000, 2000, 50_000, 100_000, 999_999])
def test_whatever_the_old_interval_was_it_is_back_to_the_microsecond(microseconds: int) -> None:
    sys.setswitchinterval((microseconds + 0.5) / 1e6)
    before = sys.getswitchinterval()
    assert round(before * 1e6) == microseconds
    for _ in range(3):
        with switch_interval_of(0.02):
            pass
    assert sys.getswitchinterval() == before


def test_an_old_interval_that_could_not_be_asked_for_here_is_back_too() -> None:
    sys.setswitchinterval(30.0)
    with switch_interval_of(0.02):
        assert sys.getswitchinterval() == pytest.approx(0.02)
    assert sys.getswitchinterval() == 30.0


@pytest.mark.parametrize("failure", [LookupError, SystemExit, KeyboardInterrupt])
def test_the_old_interval_is_back_after_an_exception(failure: type[BaseException]) -> None:
    with pytest.raises(failure), switch_interval_of(0.02):
        raise failure
    assert sys.getswitchinterval() == PYTHON_INTERVAL


def test_the_old_interval_is_back_after_an_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt), switch_interval_of(0.02):
        signal.raise_signal(signal.SIGINT)
    assert sys.getswitchinterval() == PYTHON_INTERVAL


def test_an_interval_inside_another_gives_way_to_it_again() -> None:
    with switch_interval_of(0.02):
        with switch_interval_of(0.001):
            assert sys.getswitchinterval() == pytest.approx(0.001)
        assert sys.getswitchinterval() == pytest.approx(0.02)
        with pytest.raises(LookupError), switch_interval_of(0.05):
            raise LookupError
        assert sys.getswitchinterval() == pytest.approx(0.02)
    assert sys.getswitchinterval() == PYTHON_INTERVAL


def test_what_the_block_itself_sets_is_undone() -> None:
    with switch_interval_of(0.02):
        sys.setswitchinterval(0.5)
    assert sys.getswitchinterval() == PYTHON_INTERVAL


@pytest.mark.parametrize(
    ("seconds", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        (2, ValueError),
        (1e-9, ValueError),
        (True, TypeError),
        ("x", TypeError),
        (None, TypeError),
        ([0.005], TypeError),
    ],
)
def test_a_bad_interval_is_named_and_changes_nothing(seconds: Any, error: type[Exception]) -> None:
    entered = False
    told = f"switch_interval must be a number .*, not {re.escape(repr(seconds))}$"
    with pytest.raises(error, match=told), switch_interval_of(seconds):
        entered = True
    assert not entered
    assert sys.getswitchinterval() == PYTHON_INTERVAL
