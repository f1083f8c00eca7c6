import importlib.util
import json
import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from gil_demo.pythons import search as pythons
from gil_demo.pythons.search import (
    GARBLED,
    NOT_LOOKED_FOR,
    OTHERS,
    TIME_SPENT,
    Python,
    find_pythons,
    make_environment,
    read_json,
)
from gil_demo.running.scripts import Outcome
from tests.made import strangers
from tests.running.test_trials import assert_gone

VERSION = ".".join(map(str, sys.version_info[:3]))
HAS_FINDPYTHON = importlib.util.find_spec("findpython") is not None

needs_findpython = pytest.mark.skipif(not HAS_FINDPYTHON, reason="findpython is not installed")
needs_scripts = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows runs no scripts in the place of a program"
)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "IDENTIFY_SECONDS", 1.5)


@pytest.fixture
def folder_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder that comes first on PATH, and a computer with no other Pythons."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    for name in ("PYENV_ROOT", "ASDF_DATA_DIR", "RYE_PY_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    return folder


def test_this_python_is_found_first_and_can_be_run() -> None:
    first = find_pythons()[0]
    assert first.state == ""
    assert first.version == VERSION
    assert first.command[0] == sys.executable
    assert "-I" in first.command


def test_no_python_is_there_twice() -> None:
    names = [python.name for python in find_pythons()]
    assert len(names) == len(set(names))


def test_without_findpython_this_python_is_alone_and_what_to_install_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "findpython", None)
    *own, others = find_pythons()
    assert {python.version for python in own} == {VERSION}
    assert others == Python(OTHERS, state=NOT_LOOKED_FOR)
    assert "pip install findpython" in others.state


@needs_findpython
@needs_scripts
@pytest.mark.usefixtures("quick")
def test_hostile_interpreters_are_named_rows_and_nothing_of_them_is_left(
    folder_on_path: Path,
) -> None:
    expected = strangers.fill(folder_on_path)
    before = psutil.Process().memory_info().rss
    started = time.monotonic()
    found = {python.name: python for python in find_pythons()}
    assert time.monotonic() - started < 20
    assert psutil.Process().memory_info().rss - before < 100e6
    for name, state in expected.items():
        assert (name, found[name].state) == (name, state)
        assert found[name].command == ()
    for name in ("python3.92", "python3.97"):
        assert_gone(int((folder_on_path / f"{name}.pid").read_text()))


@needs_findpython
@needs_scripts
def test_a_python_of_path_is_found_by_whatever_name_and_once(
    folder_on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pythons.sys, "executable", "/nowhere/python")  # type: ignore[attr-defined]
    real = os.path.realpath(Path(sys.base_exec_prefix) / "bin" / "python3")
    for name in ("python", "python3", "python3.80"):
        (folder_on_path / name).symlink_to(real)
    found = [python for python in find_pythons() if python.version == VERSION]
    assert len({python.name for python in found}) == len(found) >= 1


@needs_findpython
@needs_scripts
@pytest.mark.parametrize("name", ["python.py", "python3.sh", "python3-config", "pythonista"])
def test_what_is_no_python_by_its_name_is_not_run(folder_on_path: Path, name: str) -> None:
    mark = folder_on_path / "was-run"
    strangers.write(folder_on_path, name, f"#!/bin/sh\ntouch {mark}\n")
    find_pythons()
    assert not mark.exists()


@needs_findpython
@needs_scripts
@pytest.mark.parametrize("place", ["shims", "here"])
def test_shims_and_folders_that_depend_on_where_one_is_are_left_alone(
    place: str, tmp_path: Path, folder_on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / place
    folder.mkdir()
    mark = tmp_path / "was-run"
    strangers.write(folder, "python3.99", f"#!/bin/sh\ntouch {mark}\n")
    monkeypatch.chdir(folder)
    entry = str(folder) if place == "shims" else "."
    monkeypatch.setenv("PATH", f"{entry}{os.pathsep}{folder_on_path}")
    assert "python3.99" not in {python.name for python in find_pythons()}
    assert not mark.exists()


@needs_scripts
def test_paths_that_are_given_are_asked_and_no_others(tmp_path: Path) -> None:
    failing = strangers.write(tmp_path, "python", strangers.FAILS)
    other = tmp_path / "more"
    other.mkdir()
    strangers.write(other, "python", strangers.GARBLES)
    found = find_pythons([failing, other / "python", Path(sys.executable)])
    assert [(python.name, python.state) for python in found[:2]] == [
        ("python", "failed"),
        ("python (2)", GARBLED),
    ]
    assert all(python.version == VERSION for python in found[2:])


@needs_scripts
def test_a_stranger_gets_no_more_than_half_a_minute_with_its_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pythons, "MOST_IDENTIFY_SECONDS", 0.0)
    failing = strangers.write(tmp_path, "python", strangers.FAILS)
    assert find_pythons([failing]) == [Python("python", state=TIME_SPENT)]


@needs_scripts
def test_an_eater_of_memory_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "MOST_BYTES", 3e8)
    eater = strangers.write(tmp_path, "python", strangers.EATS)
    (found,) = find_pythons([eater])
    assert found.state == "stopped for its memory"


@needs_scripts
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


def test_the_environment_of_a_stranger_holds_few_names() -> None:
    assert set(make_environment()) <= {"PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR"}  # fmt: skip # noqa: E501


@pytest.mark.parametrize(
    "answer",
    [
        ["CPython", "3.11.0"],
        ["CPython", "3.11.0", "no"],
        ["CPython", "3.11.0; rm", False],
        ["C Python", "3.11.0", False],
        ["CPython", "3" * 100, False],
        {"CPython": 1},
        "CPython",
        None,
    ],
)
@needs_scripts
def test_an_identity_that_is_none_is_something_else(answer: object, tmp_path: Path) -> None:
    liar = strangers.write(tmp_path, "python", f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    (found,) = find_pythons([liar])
    assert found.state == GARBLED


@needs_scripts
@pytest.mark.parametrize(
    ("version", "is_free", "names", "options"),
    [
        ("2.7.18", False, ["PyPy 2.7.18"], [("-E", "-s")]),
        ("3.10.1", False, ["PyPy 3.10.1"], [("-I",)]),
        (
            "3.14.0",
            True,
            ["PyPy 3.14.0t", "PyPy 3.14.0t, GIL on"],
            [("-I", "-X", "gil=0"), ("-I", "-X", "gil=1")],
        ),
    ],
)
def test_each_build_is_isolated_in_the_way_that_it_knows(
    version: str,
    is_free: bool,
    names: list[str],
    options: list[tuple[str, ...]],
    tmp_path: Path,
) -> None:
    told = json.dumps(["PyPy", version, is_free])
    path = strangers.write(tmp_path, "pypy", f"#!/bin/sh\necho '{told}'\n")
    found = find_pythons([path])
    assert [python.name for python in found] == names
    assert [python.command for python in found] == [(str(path), *more) for more in options]


@pytest.mark.parametrize(
    "output", ["", "\n", "{", "[" * 100_000, "9" * 10_000, "[1]\nand more", "\0"]
)
def test_what_is_no_json_reads_as_nothing(output: str) -> None:
    assert read_json(Outcome("finished", 0.1, output)) is None


def test_the_last_line_is_read() -> None:
    assert read_json(Outcome("finished", 0.1, "a warning\n[1, 2]\n")) == [1, 2]
