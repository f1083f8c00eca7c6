import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from gil_demo.pythons import measure as interpreters
from gil_demo.pythons.measure import compare_interpreters, list_interpreters
from gil_demo.pythons.search import GARBLED, Python, find_pythons
from gil_demo.pythons.table import INTERPRETERS, MEASURED
from gil_demo.tables.files import load, save
from gil_demo.tables.schema import convert
from tests.made import strangers
from tests.pythons.test_search import VERSION, needs_scripts
from tests.running.test_trials import assert_gone

# What answers like a Python and then, asked to count, behaves as it is told to
TWO_FACED = """#!/bin/sh
if [ "$1" = -I ]; then {action}; else
  echo '["CPython", "3.99.{number}", false]'; fi
"""
GOOD: dict[str, Any] = {
    "gil_enabled": True,
    "steps": 1000,
    "rounds": {"sequential": [0.1, 0.2], "threads": [0.1, 0.3]},
}


def write_liar(folder: Path, number: int, action: str) -> Path:
    source = TWO_FACED.replace("{action}", action).replace("{number}", str(number))
    return strangers.write(folder, f"python3.99.{number}", source)


def answer(told: object) -> str:
    return f"echo '{json.dumps(told)}'"


def find_states(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["interpreter"], table["state"], strict=True))


def test_this_python_is_measured_in_whole_rounds() -> None:
    table = compare_interpreters([sys.executable], budget=1.0)
    convert(table, INTERPRETERS, "the table")
    assert set(table["version"]) == {VERSION}
    assert set(table["state"]) == {MEASURED}
    for _, rows in table.groupby(["interpreter", "runner"]):
        assert list(rows["round"]) == list(range(1, len(rows) + 1))
        assert len(rows) >= 2 * interpreters.PASSES
    assert {"sequential", "threads", "processes"} == set(table["runner"])


def test_the_gil_of_each_row_is_that_of_the_interpreter_not_of_this_one() -> None:
    table = compare_interpreters([sys.executable], budget=0.5)
    told = dict(zip(table["interpreter"], table["gil"], strict=True))
    for name, gil in told.items():
        assert gil == ("off" if name.endswith("t") else "on")


def test_a_table_comes_back_from_a_file_as_it_was(tmp_path: Path) -> None:
    table = compare_interpreters([sys.executable, tmp_path / "python"], budget=0.5)
    assert "could not be started: No such file or directory" in set(table["state"])
    pd.testing.assert_frame_equal(load(save(table, tmp_path / "run.csv")), table)


def test_nothing_in_the_table_names_a_path_or_the_reader() -> None:
    text = compare_interpreters([sys.executable], budget=0.3).to_csv()
    assert sys.executable not in text
    assert str(Path.home()) not in text
    assert os.sep + "bin" not in text


def test_the_list_tells_what_would_be_measured() -> None:
    listed = list_interpreters()
    assert list(listed.columns) == ["interpreter", "version", "state"]
    assert [*listed["interpreter"]] == [python.name for python in find_pythons()]
    assert listed["state"].iloc[0] == "ready"


@needs_scripts
def test_hostile_interpreters_are_rows_of_the_table_beside_those_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreters, "START_SECONDS", 1.0)
    mark = tmp_path / "python3.99.5.pid"
    actions = {
        1: ("exec sleep 60", "stopped after the time allowed"),
        2: ("exec head -c 1000000000 /dev/zero", "stopped for its output"),
        3: ("exit 7", "failed"),
        4: ("echo nonsense", GARBLED),
        5: (
            f"(setsid sleep 60 & echo $! > {mark}); sleep 60 & exec sleep 60",
            "stopped after the time allowed",
        ),
        6: (answer(GOOD | {"steps": 0}), GARBLED),
    }
    liars = [write_liar(tmp_path, number, action) for number, (action, _) in actions.items()]
    before, memory = set(psutil.pids()), psutil.Process().memory_info().rss
    started = time.monotonic()
    table = compare_interpreters([sys.executable, *liars], budget=2.0)
    assert time.monotonic() - started < 25
    assert psutil.Process().memory_info().rss - memory < 100e6
    states = find_states(table)
    assert {states[f"CPython 3.99.{number}"] for number in actions} > {"failed", GARBLED}
    for number, (_, state) in actions.items():
        assert states[f"CPython 3.99.{number}"] == state
    assert MEASURED in states.values()
    assert_gone(int(mark.read_text()))
    mine = [pid for pid in set(psutil.pids()) - before if _is_sleep(pid)]
    assert mine == []


def _is_sleep(pid: int) -> bool:
    try:
        return psutil.Process(pid).cmdline() == ["sleep", "60"]
    except psutil.Error:
        return False


@needs_scripts
@pytest.mark.parametrize(
    "changes",
    [
        {"gil_enabled": "yes"},
        {"steps": "1000"},
        {"steps": 10**13},
        {"rounds": {}},
        {"rounds": {"sequential": [0.1]}},
        {"rounds": {"sequential": [0.1], "threads": [0.1, 0.1]}},
        {"rounds": {"sequential": [0.1], "threads": [0.0]}},
        {"rounds": {"sequential": [0.1], "threads": [-0.1]}},
        {"rounds": {"sequential": [0.1], "threads": ["0.1"]}},
        {"rounds": {"sequential": [0.1], "threads": [float("nan")]}},
        {"rounds": {"sequential": [0.1], "threads": [float("inf")]}},
        {"rounds": {"sequential": [0.1], "threads": 0.1}},
        {"rounds": {"sequential": [], "threads": []}},
        {"rounds": {"sequential": [0.1], "threads": [0.1], "processes": [None]}},
    ],
)
def test_an_answer_that_can_t_be_is_something_else(
    changes: dict[str, object], tmp_path: Path
) -> None:
    liar = write_liar(tmp_path, 1, answer(GOOD | changes))
    assert find_states(compare_interpreters([liar], budget=0.2)) == {"CPython 3.99.1": GARBLED}


@needs_scripts
def test_a_good_answer_is_taken_as_it_is_in_each_pass(tmp_path: Path) -> None:
    table = compare_interpreters([write_liar(tmp_path, 1, answer(GOOD))], budget=0.2)
    threads = table[table["runner"] == "threads"]
    assert list(threads["seconds"]) == [0.1, 0.3] * interpreters.PASSES
    assert list(threads["round"]) == [1, 2, 3, 4]
    assert set(table["steps"]) == {1000}


def test_times_of_two_passes_are_stretched_to_the_same_steps() -> None:
    before = interpreters._Answer("on", 1000, {"sequential": [1.0], "threads": [2.0]})
    after = interpreters._Answer("on", 500, {"sequential": [0.5], "threads": [1.5]})
    joined = interpreters._join(before, after)
    assert joined == interpreters._Answer(
        "on", 1000, {"sequential": [1.0, 1.0], "threads": [2.0, 3.0]}
    )


def test_a_failure_in_either_pass_is_a_failure() -> None:
    good = interpreters._Answer("on", 1000, {"sequential": [1.0], "threads": [2.0]})
    assert interpreters._join(good, "failed") == "failed"
    assert interpreters._join(None, "failed") == "failed"


@needs_scripts
def test_one_that_failed_is_not_asked_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    compare_interpreters([write_liar(tmp_path, 1, f"echo run >> {log}; exit 1")], budget=0.2)
    assert log.read_text() == "run\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts a whole console only")
def test_an_interrupt_ends_the_interpreter_that_is_running(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    liar = write_liar(tmp_path, 1, f"echo $$ > {mark}.part; mv {mark}.part {mark}; exec sleep 60")

    def interrupt() -> None:
        deadline = time.monotonic() + 20
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        compare_interpreters([liar], budget=1.0)
    thread.join()
    assert_gone(int(mark.read_text()))


def test_nothing_found_is_a_table_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "find_pythons", lambda _: [Python("others", state="gone")])
    assert find_states(compare_interpreters(budget=0.2)) == {"others": "gone"}
