import pytest

from gil_demo.measuring import runs as measurements
from gil_demo.measuring.machine import describe_machine
from gil_demo.measuring.runs import choose_runner, collect_facts, time_run
from gil_demo.running.runners import sequential, threads
from gil_demo.running.workloads import countdown
from gil_demo.tables.schema import MACHINE
from tests.conftest import METHODS, run_once


def test_a_timed_run_has_three_parts_that_are_not_negative() -> None:
    timing = time_run(sequential, 1, countdown, [1000, 1000])
    assert all(part >= 0 for part in timing)


def test_the_facts_are_those_of_this_machine_and_every_run_has_an_id_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measurements, "measure_busy_percent", lambda: 12.34)
    first, second = collect_facts("compare"), collect_facts("compare")
    assert set(first) == {"run_id", "experiment", *MACHINE}
    assert first["run_id"] != second["run_id"]
    assert first["busy_percent"] == 12.3
    assert first["usable_cores"] == describe_machine().usable_cores
    assert first["recorded_on"] == ""


def test_a_runner_is_chosen_by_name_and_processes_by_start_method() -> None:
    assert choose_runner("threads", METHODS[0]) is threads
    for method in METHODS:
        assert len(run_once(choose_runner("processes", method), countdown, [1, 1])) == 2
