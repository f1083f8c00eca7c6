import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gil_demo.pythons import portable_countdown
from gil_demo.pythons.portable_countdown import (
    LEAST_ROUND_SECONDS,
    find_half,
    is_gil_enabled,
    measure_time,
    take_rounds,
)
from gil_demo.pythons.search import Python, find_pythons

SOURCE = Path(portable_countdown.__file__)
PYTHONS = [python for python in find_pythons() if not python.state]


@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: python.name)
def test_every_python_of_this_machine_runs_it_and_prints_one_line_of_json(python: Python) -> None:
    answer = subprocess.run(
        [*python.command, str(SOURCE), "0.3"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert answer.stderr == ""
    (line,) = answer.stdout.splitlines()
    told = json.loads(line)
    assert told["version"] == python.version
    assert told["implementation"] == python.implementation
    assert isinstance(told["gil_enabled"], bool)
    assert set(told["rounds"]) == {"sequential", "threads", "processes"}
    lengths = {len(times) for times in told["rounds"].values()}
    assert len(lengths) == 1
    assert min(lengths) >= 2
    assert all(seconds > 0 for times in told["rounds"].values() for seconds in times)


def test_this_python_is_among_those_that_run_it() -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    assert any(version in python.name for python in PYTHONS)


def test_it_imports_nothing_but_the_standard_library() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    names = {
        (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert names <= set(sys.stdlib_module_names)


def test_half_a_countdown_is_long_enough_to_be_timed() -> None:
    half = find_half()
    assert half % portable_countdown.FIRST_STEPS == 0
    # the same steps may take half as long a moment later, but not a tenth
    assert measure_time(portable_countdown.run_sequentially, half) > LEAST_ROUND_SECONDS / 10


def test_every_way_runs_once_a_round_and_once_before() -> None:
    calls: list[str] = []
    ways = {name: (lambda name=name: calls.append(name)) for name in ("a", "b", "c")}
    rounds = take_rounds(ways, 0.0)
    assert {name: len(times) for name, times in rounds.items()} == {"a": 2, "b": 2, "c": 2}
    for start in (0, 3, 6):
        assert sorted(calls[start : start + 3]) == ["a", "b", "c"]


def test_where_there_are_no_processes_the_threads_are_timed_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise OSError("no processes here")

    monkeypatch.setattr(portable_countdown, "start_processes", refuse)
    portable_countdown.main(["0.1"])
    told = json.loads(capsys.readouterr().out)
    assert set(told["rounds"]) == {"sequential", "threads"}
    assert told["processes_missing"] == "OSError: no processes here"


def test_the_gil_is_as_the_interpreter_says() -> None:
    assert is_gil_enabled() == getattr(sys, "_is_gil_enabled", lambda: True)()
