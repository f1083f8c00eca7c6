import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from gil_demo import compare_interpreters, list_interpreters, load, save
from gil_demo.pythons import measure
from gil_demo.pythons.measure import Answer, join, read_answer
from gil_demo.pythons.search import GARBLED, Python
from gil_demo.pythons.table import INTERPRETERS, MEASURED
from gil_demo.tables.schema import convert
from tests.conftest import assert_gone, interrupt_once_there
from tests.made import strangers

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

pytestmark = pytest.mark.usefixtures("no_wait")
needs_scripts = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows runs no scripts in the place of a program"
)


def write_liar(folder: Path, number: int, action: str) -> Path:
    source = TWO_FACED.replace("{action}", action).replace("{number}", str(number))
    return strangers.write(folder, f"python3.99.{number}", source)


def find_states(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["interpreter"], table["state"], strict=True))


def test_this_python_is_measured_in_whole_rounds_and_no_row_says_where_it_lies(
    tmp_path: Path,
) -> None:
    table = compare_interpreters([sys.executable], budget=0.5)
    convert(table, INTERPRETERS, "the table")
    assert set(table["version"]) == {".".join(map(str, sys.version_info[:3]))}
    assert set(table["state"]) == {MEASURED}
    assert set(table["runner"]) == {"sequential", "threads", "processes"}
    for (name, _), rows in table.groupby(["interpreter", "runner"]):
        assert list(rows["round"]) == list(range(1, len(rows) + 1))
        assert len(rows) >= 2 * measure.PASSES
        assert set(rows["gil"]) == {"off" if str(name).endswith("t") else "on"}
    path = save(table, tmp_path / "run.csv")
    pd.testing.assert_frame_equal(load(path), table)
    text = path.read_text(encoding="utf-8")
    assert sys.executable not in text
    assert str(Path.home()) not in text


def test_the_list_tells_what_would_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Python("CPython 3.9.0", ("x",), "", "3.9.0", "CPython"), Python("b", state="failed")]
    monkeypatch.setattr(measure, "find_pythons", lambda *_: found)
    listed = list_interpreters()
    assert list(listed.columns) == ["interpreter", "version", "state"]
    assert listed.to_numpy().tolist() == [["CPython 3.9.0", "3.9.0", "ready"], ["b", "", "failed"]]
    monkeypatch.setattr(measure, "find_pythons", lambda *_: found[1:])
    assert find_states(compare_interpreters(budget=0.2)) == {"b": "failed"}


@needs_scripts
def test_hostile_interpreters_are_rows_of_the_table_beside_those_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "START_SECONDS", 1.0)
    mark, log = tmp_path / "pid", tmp_path / "log"
    actions = {
        1: ("exec sleep 61", "stopped after the time allowed"),
        2: ("exec head -c 1000000000 /dev/zero", "stopped for its output"),
        3: (f"echo run >> {log}; exit 7", "failed"),
        4: ("echo nonsense", GARBLED),
        5: (
            f"(setsid sleep 61 & echo $! > {mark}); sleep 61 & exec sleep 61",
            "stopped after the time allowed",
        ),
        6: (f"echo '{json.dumps(GOOD | {'steps': 0})}'", GARBLED),
        7: (f"echo '{json.dumps(GOOD)}'", MEASURED),
    }
    liars = [write_liar(tmp_path, number, action) for number, (action, _) in actions.items()]
    memory, started = psutil.Process().memory_info().rss, time.monotonic()
    table = compare_interpreters(liars, budget=1.0)
    assert time.monotonic() - started < 25
    assert psutil.Process().memory_info().rss - memory < 100e6
    states = find_states(table)
    assert states == {f"CPython 3.99.{number}": state for number, (_, state) in actions.items()}
    good = table[table["state"] == MEASURED]
    threads = good[good["runner"] == "threads"]
    assert list(threads["seconds"]) == [0.1, 0.3] * measure.PASSES
    assert list(threads["round"]) == [1, 2, 3, 4]
    assert set(good["steps"]) == {1000}
    assert log.read_text() == "run\n"  # one that failed isn't asked again
    assert_gone(int(mark.read_text()))
    assert not [one for one in psutil.process_iter() if is_named(one, ["sleep", "61"])]


def is_named(process: psutil.Process, command: list[str]) -> bool:
    try:
        return process.cmdline() == command
    except psutil.Error:
        return False


def test_a_good_answer_is_read_without_what_else_it_holds() -> None:
    processes = {"rounds": GOOD["rounds"] | {"processes": [0.1, 0.1], "fibres": []}}
    told = GOOD | processes | {"gil_enabled": False, "steps": 10**12, "more": 1}
    assert read_answer(told) == Answer("off", 10**12, GOOD["rounds"] | {"processes": [0.1, 0.1]})


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": "1000"},
        {"steps": 10**12 + 1},
        {"rounds": {"sequential": [0.1]}},
        {"rounds": {"sequential": [0.1], "threads": [0.1, 0.1]}},
        {"rounds": {"sequential": [0.1], "threads": [0.0]}},
        {"rounds": {"sequential": [0.1], "threads": [float("nan")]}},
        {"rounds": {"sequential": [0.1], "threads": [1000.0]}},
        {"rounds": {"sequential": [], "threads": []}},
        {"rounds": {"sequential": [0.1] * 10_001, "threads": [0.1] * 10_001}},
        {"rounds": {"sequential": [0.1], "threads": [0.1], "processes": [None]}},
    ],
)
def test_an_answer_that_can_t_be_is_none(changes: dict[str, object]) -> None:
    assert read_answer(GOOD | changes) is None


def test_times_of_two_passes_are_stretched_to_the_same_steps_and_one_failure_is_one() -> None:
    before = Answer("on", 1000, {"sequential": [1.0], "threads": [2.0], "processes": [1.0]})
    after = Answer("on", 500, {"sequential": [0.5], "threads": [1.5]})
    rounds = {"sequential": [1.0, 1.0], "threads": [2.0, 3.0]}
    assert join(before, after) == Answer("on", 1000, rounds)
    assert join(None, after) == after
    assert join(before, "failed") == join(None, "failed") == "failed"


@needs_scripts
def test_an_interrupt_ends_the_interpreter_that_is_running(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    liar = write_liar(tmp_path, 1, f"echo $$ > {mark}.part; mv {mark}.part {mark}; exec sleep 60")
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        compare_interpreters([liar], budget=1.0)
    interrupter.join()
    assert_gone(int(mark.read_text()))
