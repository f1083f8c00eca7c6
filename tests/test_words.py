import math

import pytest

from gil_demo import words
from tests.made.runs import make_run

NAN = math.nan


@pytest.mark.parametrize(
    ("runner", "workers", "name"),
    [
        ("sequential", 1, "plain loop"),
        ("threads", 1, "one thread"),
        ("processes", 12, "twelve processes"),
        ("processes", 13, "13 processes"),
        ("threads", 1200, "1,200 threads"),
        ("fibres", 1, "one fibres worker"),
        ("fibres", 3, "three fibres workers"),
    ],
)
def test_workers_are_named_in_words(runner: str, workers: int, name: str) -> None:
    assert words.name_workers(runner, workers) == name


def test_lists_and_counts_are_put_in_words() -> None:
    assert words.capitalise("the GIL") == "The GIL"
    assert words.capitalise("") == ""
    told = [words.list_in_words(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])]
    assert told == ["a", "a and b", "a, b and c"]
    assert words.count_in_words(1, "round") == "one round"
    assert words.count_in_words(0, "round") == "zero rounds"
    assert words.count_in_words(2, "is", "are") == "two are"


def test_figures_are_stated_in_the_unit_that_suits_them_with_three_digits() -> None:
    seconds = [4.5e-7, 9.994e-4, 9.996e-4, 0.25, 0.9996, 12.345, 999.4, 1234.5]
    assert [words.state_seconds(one) for one in seconds] == [
        *("0.45 µs", "999 µs", "1 ms", "250 ms", "1 s", "12.3 s", "999 s", "1,234 s"),
    ]
    sizes = [1, 0, 999, 999.6, 25_000, 1.5e6, 3e9, 2e12]
    assert [words.state_bytes(one) for one in sizes] == [
        *("1 byte", "0 bytes", "999 bytes", "1 kB", "25 kB", "1.5 MB", "3 GB", "2,000 GB"),
    ]
    assert words.state_range(0.25, 0.2, 0.3) == "250 ms (200 ms to 300 ms)"
    assert words.state_range(0.25, NAN, NAN) == "250 ms"
    assert words.state_share(0.256) == "26 %"
    assert words.state_times(1.5, 1.4, 1.6) == words.state_times(1.5, NAN, NAN) == "1.50 ×"
    assert words.state_times(1.5, 0.5, 2.5) == "0.50 to 2.50 ×"


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (1.06, 1.2, "slower"),
        (0.8, 0.94, "faster"),
        (0.95, 1.05, "about as fast"),
        (0.7, 1.3, "too uneven here to say more"),
        (NAN, NAN, "too uneven here to say more"),
        (0.96, 1.2, "no faster"),
        (0.8, 1.04, "no slower"),
        (0.9, 1.1, "no clear difference"),
    ],
)
def test_a_ratio_is_called_by_its_whole_interval(low: float, high: float, told: str) -> None:
    assert words.call_ratio(low, high) == told


def test_conditions_name_the_computer_and_where_a_recorded_run_was() -> None:
    computer = "CPython 3.13.0, Linux, two usable cores"
    assert words.describe_conditions(make_run(), "x") == f"{computer}, processes by fork; x"
    for facts, told in (
        ({"gil_enabled": False}, "CPython 3.13.0 without the GIL, Linux, two usable cores"),
        ({"usable_cores": 1}, "CPython 3.13.0, Linux, one usable core"),
        ({"recorded_on": "a laptop"}, f"Recorded on a laptop: {computer}"),
        ({"recorded_on": "made up here"}, f"Made up here: {computer}"),
    ):
        assert words.describe_computer(make_run(**facts).iloc[0]) == told


def test_a_title_says_first_that_a_run_was_recorded_or_made_up() -> None:
    assert words.head("it is so", make_run()) == "It is so"
    assert words.head("it is so", make_run(recorded_on="a laptop")) == "Recorded run: it is so"
    assert words.head("it is so", make_run(recorded_on="made up")) == "Made-up run: it is so"


def test_a_busy_machine_or_one_core_carries_no_verdict() -> None:
    busy = "the machine was 80 % busy before the run; close other programs and run again"
    one = "one usable core, no speed-up can show; try a machine with more"
    for facts, workers, told in (
        ({}, 2, []),
        ({"busy_percent": 25.0}, 2, []),
        ({"busy_percent": 80.0}, 2, [busy]),
        ({"busy_percent": 80.0, "usable_cores": 8}, 2, []),
        ({"busy_percent": 80.0, "usable_cores": 8}, 3, [busy]),
        ({"usable_cores": 1}, 2, [one]),
        ({"usable_cores": 1, "busy_percent": 80.0}, 2, [one, busy]),
    ):
        assert words.find_machine_reservations(make_run(**facts).iloc[0], workers) == told
