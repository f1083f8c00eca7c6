"""What tests of real pools have in common."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import METHODS, interrupt_once_there


@pytest.fixture(
    params=[METHODS[0], *(pytest.param(one, marks=pytest.mark.thorough) for one in METHODS[1:])]
)
def method(request: pytest.FixtureRequest) -> str:
    """Give the platform's default start method, and now and then the others, too."""
    return str(request.param)


@pytest.fixture
def interrupted(tmp_path: Path) -> Callable[[Any], Callable[..., Any]]:
    """Give a function after whose call, by then under way, an interrupt comes."""
    gc.collect()  # an interrupt that meets the finalizer of an earlier test's pool is swallowed

    def make(function: Any) -> Callable[..., Any]:
        interrupt_once_there(tmp_path / "mark")

        def leave_a_mark(*arguments: Any) -> Any:
            (tmp_path / "mark").touch()
            return function(*arguments)

        return leave_a_mark

    return make
