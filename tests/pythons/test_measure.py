import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gil_demo import compare_interpreters, list_interpreters, load, save
from gil_demo.pythons import measure
from gil_demo.pythons.measure import Answer, join, read_answer
from gil_demo.pythons.search import GARBLED, Python
from gil_demo.pythons.table import MEASURED
from tests.conftest import assert_gone, interrupt_once_there
from tests.made import strangers

ROUNDS = {"sequential": [0.1, 0.2], "threads": [0.1, 0.3]}
GOOD: dict[str, Any] = {"gil_enabled": True, "steps": 1000, "rounds": ROUNDS}

pytestmark = pytest.mark.usefixtures("no_wait")


def write_liar(folder: Path, number: int, action: str) -> Path:
    """Write what answers like a Python and then, asked to count, behaves as it is told to."""
    identity = f'["CPython", "3.99.{number}", false]'
    source = f"if [ \"$1\" = -I ]; then {action}; else echo '{identity}'; fi"
    return strangers.write(folder, f"python3.99.{number}", source)


def test_this_python_is_measured_in_whole_rounds_and_no_row_says_where_it_lies(
    tmp_path: Path,
) -> None:
    table = compare_interpreters([sys.executable], budget=0.5)
    path = save(table, tmp_path / "run.csv")
    pd.testing.assert_frame_equal(load(path), table)
    assert str(Path(sys.executable).parent) not in path.read_text("utf-8")
    assert set(table["version"]) == {".".join(map(str, sys.version_info[:3]))}
    assert set(table["state"]) == {MEASURED}
    assert set(table["runner"]) == {"sequential", "threads", "processes"}
    for (name, _), rows in table.groupby(["interpreter", "runner"]):
        assert list(rows["round"]) == list(range(1, len(rows) + 1))
        assert len(rows) >= 2 * measure.PASSES
        assert set(rows["gil"]) == {"off" if str(name).endswith("t") else "on"}


def test_the_list_tells_what_would_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Python("CPython 3.9.0", ("x",), "", "3.9.0", "CPython"), Python("b", state="failed")]
    monkeypatch.setattr(measure, "find_pythons", lambda *_: found)
    assert list_interpreters().to_dict("list") == {
        "interpreter": ["CPython 3.9.0", "b"],
        "version": ["3.9.0", ""],
        "state": ["ready", "failed"],
    }


@strangers.needs_scripts
def test_hostile_interpreters_are_ended_and_told_beside_those_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "START_SECONDS", 1.0)
    mark, log = tmp_path / "pid", tmp_path / "log"
    actions = {
        1: (f"sleep 61 & echo $! > {mark}; exec sleep 61", "stopped after the time allowed"),
        2: (f"echo run >> {log}; exit 7", "failed"),
        3: (f"echo '{json.dumps(GOOD | {'steps': 0})}'", GARBLED),
        4: (f"echo '{json.dumps(GOOD)}'", MEASURED),
    }
    liars = [write_liar(tmp_path, number, action) for number, (action, _) in actions.items()]
    table = compare_interpreters(liars, budget=2.0)
    states = dict(zip(table["interpreter"], table["state"], strict=True))
    assert states == {f"CPython 3.99.{number}": state for number, (_, state) in actions.items()}
    threads = table[table["runner"] == "threads"]
    assert list(threads["seconds"]) == [0.1, 0.3] * measure.PASSES
    assert list(threads["round"]) == [1, 2, 3, 4]
    assert set(threads["steps"]) == {1000}
    assert log.read_text() == "run\n"  # one that failed isn't asked again
    assert_gone(int(mark.read_text()))


@strangers.needs_scripts
def test_an_interrupt_ends_the_interpreter_that_is_running(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    liar = write_liar(tmp_path, 1, f"echo $$ > {mark}.part; mv {mark}.part {mark}; exec sleep 60")
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        compare_interpreters([liar], budget=1.0)
    interrupter.join()
    assert_gone(int(mark.read_text()))


def test_an_answer_is_read_without_what_else_it_holds_and_none_that_can_t_be() -> None:
    rounds = ROUNDS | {"processes": [999.9, 0.1]}
    told = {"gil_enabled": False, "steps": 10**12, "rounds": rounds | {"fibres": []}, "more": 1}
    assert read_answer(told) == Answer("off", 10**12, rounds)
    assert read_answer(GOOD | {"steps": "1000"}) is None
    assert read_answer(GOOD | {"steps": 10**12 + 1}) is None
    assert read_answer(GOOD | {"rounds": {"sequential": [0.1]}}) is None
    for threads in ([], [0.1], [0.1, 0.0], [0.1, float("nan")], [0.1, 1000.0], None):
        bad = {"sequential": [0.1, 0.1], "threads": threads}
        assert read_answer(GOOD | {"rounds": bad}) is None, threads
    for times in ([], [0.1] * 10_001):
        assert read_answer(GOOD | {"rounds": dict.fromkeys(ROUNDS, times)}) is None


def test_times_of_two_passes_are_stretched_to_the_same_steps_and_one_failure_is_one() -> None:
    before = Answer("on", 1000, {"sequential": [1.0], "threads": [2.0], "processes": [1.0]})
    after = Answer("on", 500, {"sequential": [0.5], "threads": [1.5]})
    rounds = {"sequential": [1.0, 1.0], "threads": [2.0, 3.0]}
    assert join(before, after) == Answer("on", 1000, rounds)
    assert join(None, after) == after
    assert join(before, "failed") == join(None, "failed") == "failed"
