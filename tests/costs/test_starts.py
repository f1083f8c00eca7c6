import math
import multiprocessing
from typing import Any

import pytest

from gil_demo.checks import GilDemoError
from gil_demo.costs.start_up import Start, check_start_methods, time_start
from tests.conftest import METHODS, list_workers

pytestmark = pytest.mark.usefixtures("nothing_hangs")


def test_no_start_methods_mean_all_the_machine_has_its_default_first() -> None:
    assert sorted(check_start_methods(None)) == sorted(METHODS)
    assert check_start_methods(None)[0] == METHODS[0]


def test_start_methods_are_taken_in_the_order_in_which_they_are_given() -> None:
    assert check_start_methods(METHODS[::-1]) == METHODS[::-1]
    assert check_start_methods(tuple(METHODS[:1])) == METHODS[:1]


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ([], ValueError, "at least one item"),
        ("spawn", TypeError, "must be a list, not 'spawn'"),
        (["spawn", "spawn"], ValueError, "must each be there once"),
        (["vfork"], ValueError, "must be one of .*, not 'vfork'"),
        ([None], TypeError, "must be one of .*, not None"),
        ([3], TypeError, "must be one of .*, not 3"),
        ({"spawn"}, TypeError, "must be a list"),
    ],
)
def test_what_are_no_start_methods_is_refused(
    given: Any, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        check_start_methods(given)


def test_asking_for_start_methods_fixes_none_for_the_program() -> None:
    before = multiprocessing.get_start_method(allow_none=True)
    check_start_methods(None)
    assert multiprocessing.get_start_method(allow_none=True) == before


def test_what_a_start_costs_is_both_parts_together() -> None:
    assert Start(0.5, 0.25).work == 0.75


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("load", ["nothing", "json"])
def test_a_start_is_timed_to_its_end_and_leaves_no_process(method: str, load: str) -> None:
    before = list_workers()
    start = time_start(2, method, load)
    assert list_workers() == before
    for part in start:
        assert 0 < part < math.inf


@pytest.mark.parametrize("method", METHODS)
def test_a_module_that_is_not_there_is_one_clear_error(method: str) -> None:
    before = list_workers()
    with pytest.raises(GilDemoError, match="ModuleNotFoundError: No module named 'no_such_module'"):
        time_start(2, method, "no_such_module")
    assert list_workers() == before
