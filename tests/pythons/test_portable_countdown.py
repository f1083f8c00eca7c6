import ast
import json
import platform
import subprocess
import sys
from multiprocessing import Pipe
from pathlib import Path
from types import ModuleType
from unittest.mock import Mock, call

import pytest

from gil_demo.pythons import portable_countdown
from gil_demo.running.pythons import find_pythons
from gil_demo.sharing import portable_updates

SOURCE = Path(portable_countdown.__file__)


@pytest.mark.parametrize(
    "paths", [[Path(sys.executable)], pytest.param(None, marks=pytest.mark.thorough)]
)
def test_every_python_of_this_machine_runs_it_and_prints_one_line_of_json(
    paths: list[Path] | None,
) -> None:
    pythons = [python for python in find_pythons(paths) if not python.state]
    assert pythons
    for python in pythons:
        # in which no round fits, since a thread alone takes longer: the fewest are run
        command = [*python.command, str(SOURCE), "0.0001"]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert answer.stderr == "", python.name
        (line,) = answer.stdout.splitlines()
        told = json.loads(line)
        assert told["version"] == python.version
        assert told["implementation"] == python.implementation
        assert isinstance(told["gil_enabled"], bool)
        assert set(told["rounds"]) == {"sequential", "threads", "processes"}, told
        for times in told["rounds"].values():
            assert [seconds > 0 for seconds in times] == [True, True]


@pytest.mark.parametrize("module", [portable_countdown, portable_updates])
def test_it_is_python_2_and_imports_nothing_but_the_standard_library(module: ModuleType) -> None:
    new = ast.JoinedStr | ast.AnnAssign | ast.NamedExpr | ast.Nonlocal | ast.ImportFrom
    for node in ast.walk(ast.parse(Path(module.__file__ or "").read_text(encoding="ascii"))):
        assert not isinstance(node, new), ast.unparse(node)
        if isinstance(node, ast.FunctionDef):
            assert (node.returns, node.args.kwonlyargs) == (None, [])
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= sys.stdlib_module_names


def test_a_process_has_run_the_countdown_often_enough_before_it_says_that_it_is_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = Mock()
    told.recv.side_effect = EOFError
    monkeypatch.setattr(portable_countdown, "countdown", told.countdown)
    portable_countdown.answer_requests(told)
    assert told.mock_calls == [call.countdown(1)] * 10 + [call.send("ready"), call.recv()]


def test_a_countdown_is_no_shorter_than_processes_need_nor_too_long_for_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for pace, seconds, half in (
        (20e6, 4.0, 1_200_000),  # 60 ms for each process
        (20e6, 0.8, 500_000),
        (1e3, 4.0, 60),
        (1e15, 4.0, portable_countdown.MOST_STEPS),
    ):
        monkeypatch.setattr(
            portable_countdown, "measure_time", lambda _, half, pace=pace: 2 * half / pace
        )
        assert portable_countdown.find_half(seconds) == half


def test_where_there_are_no_processes_the_threads_are_timed_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse = Mock(side_effect=OSError("no processes here"))
    monkeypatch.setattr(portable_countdown, "start_processes", refuse)
    portable_countdown.main(["0.1"])
    told = json.loads(capsys.readouterr().out)
    assert set(told["rounds"]) == {"sequential", "threads"}
    assert told["processes_missing"] == "OSError: no processes here"
    half, rest = divmod(told["steps"], 2)
    assert (float(f"{half:.2g}"), rest) == (half, 0)
    assert told["gil_enabled"] == getattr(sys, "_is_gil_enabled", lambda: True)()


@pytest.mark.usefixtures("nothing_hangs")
def test_a_process_that_has_ended_is_waited_for_no_longer() -> None:
    mine, _theirs = Pipe()  # as long as this end is open, too, nothing tells of the other one
    with pytest.raises(EOFError, match="a process ended"):
        portable_countdown.hear(Mock(is_alive=lambda: False), mine)


def test_threads_take_turns_in_most_kinds_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "_is_gil_enabled", raising=False)
    for name, has_gil in (("CPython", True), ("PyPy", True), ("GraalVM", True), ("Jython", False)):
        monkeypatch.setattr(platform, "python_implementation", lambda name=name: name)
        assert portable_countdown.is_gil_enabled() == has_gil
