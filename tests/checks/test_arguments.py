import math
import os
from collections.abc import Callable

import pytest

from gil_demo import checks as arguments


@pytest.mark.parametrize("value", [1, 2, 10])
def test_a_whole_number_in_the_range_is_given_back(value: int) -> None:
    assert arguments.check_whole_number("rounds", value, 1, 10) == value


@pytest.mark.parametrize("value", [True, 2.0, "2", None, math.nan, [2]])
def test_what_is_no_whole_number_is_a_type_error_that_names_it(value: object) -> None:
    with pytest.raises(TypeError) as caught:
        arguments.check_whole_number("rounds", value, 1, 10)
    assert str(caught.value) == f"rounds must be a whole number from 1 to 10, not {value!r}"


@pytest.mark.parametrize("value", [0, -1, 11])
def test_a_whole_number_outside_the_range_is_a_value_error_that_names_it(value: int) -> None:
    with pytest.raises(ValueError, match=f"rounds must be .* from 1 to 10, not {value}$"):
        arguments.check_whole_number("rounds", value, 1, 10)


def test_a_number_too_long_for_python_to_print_still_gives_a_short_message() -> None:
    with pytest.raises(ValueError, match="thousands of digits") as caught:
        arguments.check_count(10**5000)
    assert len(str(caught.value)) < 150


def test_the_most_workers_suit_the_machine_and_are_at_least_thirty_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for cores, most in [(None, 32), (1, 32), (4, 32), (64, 512)]:
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert arguments.most_workers() == most


def test_windows_gets_no_more_workers_than_it_can_wait_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert arguments.most_workers() == 60


@pytest.mark.parametrize("workers", [0, -2, 10**9])
def test_workers_out_of_range_are_refused(workers: int) -> None:
    with pytest.raises(ValueError, match=f"workers must be .* from 1 to .*not {workers}$"):
        arguments.check_workers(workers)


def test_a_count_runs_from_one_to_ten_thousand_million() -> None:
    assert arguments.check_count(1) == 1
    assert arguments.check_count(10**10) == 10**10
    for count in (0, -1, 10**10 + 1):
        with pytest.raises(ValueError, match="count must be"):
            arguments.check_count(count)


def test_a_number_comes_back_as_a_float() -> None:
    answer = arguments.check_number("budget", 3, 10.0)
    assert answer == 3.0
    assert isinstance(answer, float)


@pytest.mark.parametrize("value", [0, 0.0, -1, math.nan, math.inf, -math.inf, 10.1, 10**400])
def test_a_number_that_is_not_above_zero_and_finite_is_a_value_error(value: float) -> None:
    with pytest.raises(ValueError, match="budget must be a number above 0 and at most 10, not "):
        arguments.check_number("budget", value, 10.0)


@pytest.mark.parametrize("value", [True, "1", None, 1j, [1]])
def test_what_is_no_number_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match="budget must be a number above 0 and at most 10, not "):
        arguments.check_number("budget", value, 10.0)


def test_a_choice_is_given_back_and_another_word_is_refused_with_the_choices() -> None:
    assert arguments.check_choice("fruit", "pear", ["apple", "pear"]) == "pear"
    with pytest.raises(ValueError, match=r"^fruit must be one of apple, pear, not 'plum'$"):
        arguments.check_choice("fruit", "plum", ["apple", "pear"])
    with pytest.raises(TypeError, match=r"^fruit must be one of apple, pear, not 3$"):
        arguments.check_choice("fruit", 3, ["apple", "pear"])


@pytest.mark.parametrize("value", [[1, 2], (1, 2), range(1, 3)])
def test_a_sequence_comes_back_as_a_list(value: object) -> None:
    assert arguments.check_sequence("tasks", value) == [1, 2]


@pytest.mark.parametrize("value", ["12", b"12", {1, 2}, 12, None, (n for n in (1, 2))])
def test_what_is_no_sequence_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match=r"^tasks must be a list, not "):
        arguments.check_sequence("tasks", value)


@pytest.mark.parametrize("value", [[], (), range(0)])
def test_an_empty_sequence_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError, match=r"^tasks must hold at least one item, not none$"):
        arguments.check_sequence("tasks", value)


@pytest.mark.parametrize(
    "check",
    [
        lambda value: arguments.check_choice("fruit", value, ["apple"]),
        lambda value: arguments.check_choice("fruit", [value], ["apple"]),
        arguments.check_workers,
        arguments.check_count,
        lambda value: arguments.check_number("budget", value, 10.0),
        lambda value: arguments.check_sequence("tasks", value),
        arguments.shorten,
    ],
)
def test_a_long_value_does_not_make_a_long_message(check: Callable[[object], object]) -> None:
    try:
        message = str(check("x" * 10_000))
    except (TypeError, ValueError) as reason:
        message = str(reason)
    assert len(message) < 140
    assert message.endswith("...")
