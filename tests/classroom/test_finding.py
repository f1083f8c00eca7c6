import re
from typing import Any

import pytest

from gil_demo.classroom.finding import (
    describe_class,
    head_class,
    judge_class,
    name_outliers,
    shorten_name,
)
from gil_demo.classroom.table import pick_machines
from tests.conftest import spread
from tests.made.classroom import Machines, make_class_table, number_machines


def test_a_class_is_told_in_three_sentences_of_its_figures() -> None:
    threads, processes, starts = judge_class(make_class_table()).splitlines()
    assert threads.startswith("Two threads took 1.05 × as long as the plain loop on the middle one")
    assert "five machines (half of them 1.02 to 1.10), far off finn;" in threads
    assert (
        "0.56 × as long as the plain loop on the middle one of one machine without the" in threads
    )
    assert threads.endswith("one left out, busy or with one core.")
    assert processes.startswith(
        "Two processes ran at 1.84 × the speed of the plain loop on the mid"
    )
    assert "of six machines" in processes
    assert "92 % of the ideal" in processes
    assert starts == (
        "To start and to end two processes took 15 ms with Linux, fork and 150 ms with "
        "macOS, spawn (medians)."
    )


@pytest.mark.parametrize("facts", [{"usable_cores": 1}, {"busy_percent": 95.0}, {"rounds": 3}])
def test_machines_that_can_t_carry_a_verdict_give_none(facts: dict[str, Any]) -> None:
    threads, processes, _ = judge_class(make_class_table(**facts)).splitlines()
    for sentence in (threads, processes):
        assert re.match("No verdict on .*: all of seven machines had one core, were busy", sentence)


def test_a_class_without_threads_or_processes_says_so() -> None:
    alone = make_class_table({"anna": {"threads": 1.0}})
    assert "No machine ran processes." in judge_class(alone)
    assert "No machine ran threads." in judge_class(make_class_table({"anna": {"processes": 0.5}}))


def test_few_machines_have_no_half_and_one_system_stands_alone() -> None:
    text = judge_class(make_class_table({"anna": {"threads": 1.01, "processes": 0.5}}))
    assert "half of them" not in text
    assert text.endswith("took 15 ms with Linux, fork (median).")


def test_many_outliers_are_counted() -> None:
    ratios = [*spread(1.0, 40, 0.05), *[2.0, 3.0, 2.5, 2.2, 2.1]]
    table = make_class_table(number_machines(ratios))
    assert (
        name_outliers(
            table[table["runner"] == "threads"], pick_machines(table, "threads")["time_ratio"]
        )[0]
        == "m041"
    )
    assert "far off m041, m042, m043 and two more" in judge_class(table)


@pytest.mark.parametrize(
    ("origin", "head"),
    [("", "Two"), ("a laptop", "Recorded runs: two"), ("made up from x", "Made-up class: two")],
)
def test_a_class_says_what_it_is_made_of(origin: str, head: str) -> None:
    table = make_class_table(recorded_on=origin)
    assert head_class("two", table) == head
    assert judge_class(table).startswith(head)
    told = {"": "", "a laptop": "seven recorded", "made up from x": "seven made up from recorded"}
    assert told[origin] in describe_class(table)


def test_one_made_up_machine_among_others_marks_the_class() -> None:
    machines: Machines = {
        "anna": {"threads": 1.0},
        "ben": {"threads": 1.0, "recorded_on": "made up"},
    }
    table = make_class_table(machines)
    assert judge_class(table).startswith("Made-up class: ")
    assert "one made up from recorded runs" in describe_class(table)


def test_conditions_name_the_systems_and_the_hollow_marks() -> None:
    assert describe_class(make_class_table()) == (
        "seven machines (Linux 5, macOS 1, Windows 1); 8 rounds each; "
        "hollow: busy, one core or few rounds"
    )


def test_long_names_are_cut() -> None:
    assert shorten_name("x" * 24) == "x" * 24
    assert len(shorten_name("x" * 25)) == 24
