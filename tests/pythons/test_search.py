import importlib.util
import json
import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from gil_demo.pythons import search
from gil_demo.pythons.search import GARBLED, OTHERS, TIME_SPENT, Python, ask, find_pythons
from tests.conftest import assert_gone
from tests.made import strangers

VERSION = ".".join(map(str, sys.version_info[:3]))

needs_findpython = pytest.mark.skipif(
    importlib.util.find_spec("findpython") is None, reason="findpython is not installed"
)
pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows runs no scripts in the place of a program"
)


@pytest.fixture
def folder_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder that comes first on PATH, and a computer with no other Pythons."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    for name in ("PYENV_ROOT", "ASDF_DATA_DIR", "RYE_PY_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    return folder


@needs_findpython
def test_this_python_is_found_first_and_none_is_there_twice() -> None:
    found = find_pythons()
    assert found[0].command[:2] == (sys.executable, "-I")
    assert (found[0].state, found[0].version) == ("", VERSION)
    assert len({python.name for python in found}) == len(found)


def test_without_findpython_this_python_is_alone_and_what_to_install_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "findpython", None)
    *own, others = find_pythons()
    assert {python.version for python in own} == {VERSION}
    state = "not looked for: pip install findpython, and run again"
    assert others == Python(OTHERS, state=state)


@needs_findpython
def test_hostile_interpreters_are_named_rows_and_nothing_of_them_is_left(
    folder_on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "IDENTIFY_SECONDS", 1.5)
    expected = strangers.fill(folder_on_path)
    memory, started = psutil.Process().memory_info().rss, time.monotonic()
    found = {python.name: python for python in find_pythons()}
    assert time.monotonic() - started < 20
    assert psutil.Process().memory_info().rss - memory < 100e6
    for name, state in expected.items():
        assert (name, found[name].state) == (name, state)
        assert found[name].command == ()
    for name in ("python3.92", "python3.97"):
        assert_gone(int((folder_on_path / f"{name}.pid").read_text()))


@needs_findpython
def test_a_python_is_found_once_whatever_its_names_and_nothing_is_run_that_is_none(
    tmp_path: Path, folder_on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = f"#!/bin/sh\ntouch {tmp_path / 'was-run'}\n"
    for name in ("python.py", "python3.sh", "python3-config", "pythonista"):
        strangers.write(folder_on_path, name, spy)
    for place in ("shims", "here"):  # a folder that depends on where one is
        (tmp_path / place).mkdir()
        strangers.write(tmp_path / place, "python3.99", spy)
    monkeypatch.chdir(tmp_path / "here")
    path = [str(tmp_path / "shims"), ".", os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    real = os.path.realpath(Path(sys.base_exec_prefix) / "bin" / "python3")
    for name in ("python", "python3", "python3.80"):
        (folder_on_path / name).symlink_to(real)
    monkeypatch.setattr(search.sys, "executable", "/nowhere/python")  # type: ignore[attr-defined]
    found = find_pythons()
    own = [python for python in found if python.version == VERSION]
    assert len({python.name for python in own}) == len(own) >= 1
    assert "python3.99" not in {python.name for python in found}
    assert not (tmp_path / "was-run").exists()


def test_paths_that_are_given_are_asked_and_no_others(tmp_path: Path) -> None:
    failing = strangers.write(tmp_path, "python", strangers.FAILS)
    (tmp_path / "more").mkdir()
    other = strangers.write(tmp_path / "more", "python", strangers.GARBLES)
    found = find_pythons([failing, other, failing, Path(sys.executable)])
    told = [(python.name, python.state) for python in found[:2]]
    assert told == [("python", "failed"), ("python (2)", GARBLED)]
    assert {python.version for python in found[2:]} == {VERSION}


def test_when_the_time_for_all_is_up_nobody_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_IDENTIFY_SECONDS", 0.0)
    failing = strangers.write(tmp_path, "python", strangers.FAILS)
    assert find_pythons([failing]) == [Python("python", state=TIME_SPENT)]


def test_a_stranger_sees_none_of_the_settings_of_this_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("SECRET", "told to nobody")
    spy = strangers.write(tmp_path, "python", f'#!/bin/sh\nenv > {seen}\necho "$@" >> {seen}\n')
    find_pythons([spy])
    told = seen.read_text()
    assert "SECRET" not in told
    assert "PYTHON" not in told
    assert "-E -s lesson.py" in told
    assert f"HOME={Path.home()}\n" not in told


@pytest.mark.parametrize(
    "answer",
    [
        ["CPython", "3.11.0", "no"],
        ["CPython", "3.11.0; rm", False],
        ["CPython", "3" * 21, False],
    ],
)
def test_an_identity_that_is_none_is_something_else(answer: object, tmp_path: Path) -> None:
    liar = strangers.write(tmp_path, "python", f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    (found,) = find_pythons([liar])
    assert found.state == GARBLED


@pytest.mark.parametrize(
    ("version", "is_free", "ways"),
    [
        ("2.7.18", False, {"PyPy 2.7.18": ("-E", "-s")}),
        ("3.10.1", False, {"PyPy 3.10.1": ("-I",)}),
        (
            "3.14.0",
            True,
            {
                "PyPy 3.14.0t": ("-I", "-X", "gil=0"),
                "PyPy 3.14.0t, GIL on": ("-I", "-X", "gil=1"),
            },
        ),
    ],
)
def test_each_build_is_isolated_in_the_way_that_it_knows(
    version: str, is_free: bool, ways: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    told = json.dumps(["PyPy", version, is_free])
    path = strangers.write(tmp_path, "pypy", f"#!/bin/sh\necho '{told}'\n")
    assert find_pythons([path]) == [
        Python(name, (str(path), *options), "", version, "PyPy") for name, options in ways.items()
    ]


def test_the_last_line_is_read_and_what_is_no_json_is_something_else() -> None:
    command = [sys.executable]
    assert ask(command, "print('a warning\\n[1, 2]')", [], 5.0) == ([1, 2], "")
    for printed in ("''", "'{'", "'[' * 100_000", "'9' * 10_000", "'[1]\\nand more'"):
        assert ask(command, f"print({printed})", [], 5.0) == (None, GARBLED)
