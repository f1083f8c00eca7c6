import json
import sys
from pathlib import Path
from typing import Any

import pytest

from gil_demo import compare_interpreters, list_interpreters
from gil_demo.pythons import measure
from gil_demo.pythons.measure import Answer, join, read_answer
from gil_demo.pythons.table import MEASURED
from gil_demo.running.pythons import GARBLED, Python
from tests.made.pythons import needs_scripts, write_stranger

ROUNDS = {"sequential": [0.1, 0.2], "threads": [0.1, 0.3]}
GOOD: dict[str, Any] = {"gil_enabled": True, "steps": 1000, "rounds": ROUNDS}

pytestmark = pytest.mark.usefixtures("no_wait")


def test_this_python_is_measured_in_whole_rounds_and_no_row_says_where_it_lies() -> None:
    table = compare_interpreters([sys.executable], budget=0.5)
    assert str(Path(sys.executable).parent) not in table.to_csv()
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
    listed = list_interpreters()
    assert list(listed) == ["interpreter", "version", "state"]
    assert listed.to_numpy().tolist() == [["CPython 3.9.0", "3.9.0", "ready"], ["b", "", "failed"]]


@needs_scripts
def test_hostile_interpreters_are_ended_and_told_beside_those_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "START_SECONDS", 0.3)
    log = tmp_path / "log"
    actions = (
        ("exec sleep 61", "stopped after the time allowed"),
        (f"echo run >> {log}; exit 7", "failed"),
        (f"echo '{json.dumps(GOOD | {'steps': 0})}'", GARBLED),
        (f"echo '{json.dumps(GOOD)}'", MEASURED),
    )
    liars = []
    for number, (action, _) in enumerate(actions):  # that answer like Pythons when asked who
        identity = f'["CPython", "3.99.{number}", false]'
        source = f"if [ \"$1\" = -I ]; then {action}; else echo '{identity}'; fi"
        liars.append(write_stranger(tmp_path, f"python3.99.{number}", source))
    table = compare_interpreters(liars, budget=0.4)
    states = dict(zip(table["interpreter"], table["state"], strict=True))
    assert states == {f"CPython 3.99.{n}": state for n, (_, state) in enumerate(actions)}
    threads = table[table["runner"] == "threads"]
    assert list(threads["seconds"]) == [0.1, 0.3] * measure.PASSES
    assert list(threads["round"]) == [1, 2, 3, 4]
    assert log.read_text() == "run\n"  # one that failed isn't asked again


def test_an_answer_is_read_without_what_else_it_holds_and_none_that_can_t_be() -> None:
    rounds = ROUNDS | {"processes": [999.9, 0.1]}
    told = {"gil_enabled": False, "steps": 10**12, "rounds": rounds | {"fibres": []}, "more": 1}
    assert read_answer(told) == Answer("off", 10**12, rounds)
    for steps in ("1000", 10**12 + 1):
        assert read_answer(GOOD | {"steps": steps}) is None
    for bad in ([], [0.1], [0.1, 0.0], [0.1, float("nan")], [0.1, 1000.0], None):
        threads = {"sequential": [0.1, 0.1], "threads": bad}
        assert read_answer(GOOD | {"rounds": threads}) is None, bad
    for alike in ({"sequential": [0.1]}, *(dict.fromkeys(ROUNDS, n * [0.1]) for n in (0, 10_001))):
        assert read_answer(GOOD | {"rounds": alike}) is None


def test_times_of_two_passes_are_stretched_to_the_same_steps_and_one_failure_is_one() -> None:
    before = Answer("on", 1000, {"sequential": [1.0], "threads": [2.0], "processes": [1.0]})
    after = Answer("on", 500, {"sequential": [0.5], "threads": [1.5]})
    both = Answer("on", 1000, {"sequential": [1.0, 1.0], "threads": [2.0, 3.0]})
    assert (join(before, after), join(None, after)) == (both, after)
    assert join(before, "failed") == join(None, "failed") == "failed"
