import os
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from gil_demo import checks


def test_what_is_allowed_comes_back_in_its_type() -> None:
    assert [checks.check_whole_number("rounds", value, 1, 10) for value in (1, 10)] == [1, 10]
    assert checks.check_count(10**10) == 10**10
    assert type(checks.check_whole_number("rounds", np.int64(2), 1, 10)) is int
    assert repr(checks.check_number("budget", 10, 10.0)) == "10.0"
    assert repr(checks.check_number("budget", np.int64(2), 10.0)) == "2.0"
    assert checks.check_switch_interval("interval", 1e-6) == 1e-6


def test_an_error_names_the_value_in_few_letters_and_what_is_allowed() -> None:
    for value, error in (
        *((True, TypeError), (np.True_, TypeError), ("2", TypeError)),
        *((0, ValueError), (11, ValueError)),
    ):
        told = f"^rounds must be a whole number from 1 to 10, not {value!r}$"
        with pytest.raises(error, match=told):
            checks.check_whole_number("rounds", value, 1, 10)
    with pytest.raises(ValueError, match=r"^fruit must be one of apple, pear, not 'plum'$"):
        checks.check_choice("fruit", "plum", ["apple", "pear"])
    with pytest.raises(ValueError, match=r"^n must be a number above 0 and at most 10, not 0$"):
        checks.check_number("n", 0, 10.0)
    with pytest.raises(ValueError, match=r"^interval must be a number from 1e-06 to 1 \(seconds\)"):
        checks.check_switch_interval("interval", 9e-7)
    with pytest.raises(ValueError, match=r"^n must each be there once, not as in \['a', 'a'\]$"):
        checks.check_unlike("n", ["a", "a"], lambda _, value: value)
    assert checks.shorten("x" * 58) == repr("x" * 58)
    assert checks.shorten("x" * 59) == f"'{'x' * 56}..."
    assert checks.shorten(10**5000) == "a number of thousands of digits"
    assert checks.shorten([10**5000]) == "a list"
    shy = type("Shy", (), {"__repr__": Mock(side_effect=RuntimeError)})
    assert checks.shorten(shy()) == "a Shy"
    assert checks.state_path(Path("a\nb" * 99)) == f"...{('a b' * 99)[-197:]}"


def test_the_most_workers_suit_the_machine_and_its_system(monkeypatch: pytest.MonkeyPatch) -> None:
    for system, cores, most in (
        *(("linux", None, 32), ("linux", 1, 32), ("linux", 64, 512)),
        *(("win32", 4, 32), ("win32", 64, 60)),
    ):
        monkeypatch.setattr(sys, "platform", system)
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert checks.most_workers() == most
