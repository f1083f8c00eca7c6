import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

from gil_demo.pythons import search
from gil_demo.pythons.search import GARBLED, OTHERS, TIME_SPENT, Python, ask, find_pythons
from tests.made import strangers

VERSION = ".".join(map(str, sys.version_info[:3]))

needs_findpython = pytest.mark.skipif(
    importlib.util.find_spec("findpython") is None, reason="findpython is not installed"
)
pytestmark = strangers.needs_scripts


@pytest.fixture
def folder_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder that is all of PATH, on a computer with no other Pythons."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in ("PYENV_ROOT", "ASDF_DATA_DIR", "RYE_PY_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    return folder


def test_without_findpython_this_python_is_alone_and_what_to_install_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "findpython", None)
    *own, others = find_pythons()
    assert own[0].command[:2] == (sys.executable, "-I")
    assert {(python.state, python.version) for python in own} == {("", VERSION)}
    state = "not looked for: pip install findpython, and run again"
    assert others == Python(OTHERS, state=state)


@needs_findpython
def test_hostile_interpreters_are_named_rows(
    folder_on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "IDENTIFY_SECONDS", 1.5)
    strangers.write(folder_on_path, "python3.90", "exec /bin/sleep 60")
    strangers.write(folder_on_path, "python3.91", "exec /usr/bin/yes")
    strangers.write(folder_on_path, "python3.92", "exit 3").chmod(0o600)
    strangers.write(folder_on_path, "python3.93", "exit 3")
    (folder_on_path / "python3.94").symlink_to(folder_on_path / "nowhere")
    monkeypatch.setattr(search.sys, "executable", "/nowhere/python")  # type: ignore[attr-defined]
    found = {python.name: python for python in find_pythons()}
    states = {name: one.state for name, one in found.items() if name.startswith("python3.9")}
    assert states == {
        "python3.90": "stopped after the time allowed",
        "python3.91": "stopped for its output",
        "python3.92": "could not be started: Permission denied",
        "python3.93": "failed",
        "python3.94": "could not be started: No such file or directory",
    }


@needs_findpython
def test_a_python_is_found_once_whatever_its_names_and_nothing_is_run_that_is_none(
    tmp_path: Path, folder_on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = f"/bin/touch {tmp_path / 'was-run'}"
    for name in ("python.py", "python3.sh", "python3-config", "pythonista"):
        strangers.write(folder_on_path, name, spy)
    for place in ("shims", "here"):  # a folder that depends on where one is
        (tmp_path / place).mkdir()
        strangers.write(tmp_path / place, "python3.99", spy)
    monkeypatch.chdir(tmp_path / "here")
    path = [str(tmp_path / "shims"), ".", os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    for name in ("python", "python3", "python3.80"):
        (folder_on_path / name).symlink_to(os.path.realpath(sys.executable))
    monkeypatch.setattr(search.sys, "executable", "/nowhere/python")  # type: ignore[attr-defined]
    names = [python.name for python in find_pythons() if python.version == VERSION]
    assert len(set(names)) == len(names) >= 1
    assert not (tmp_path / "was-run").exists()


def test_paths_that_are_given_are_asked_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = strangers.write(tmp_path, "python", "exit 3")
    (tmp_path / "more").mkdir()
    other = strangers.write(tmp_path / "more", "python", "echo '{}'")
    assert find_pythons([failing, other, failing]) == [
        Python("python", state="failed"),
        Python("python (2)", state=GARBLED),
    ]
    monkeypatch.setattr(search, "MOST_IDENTIFY_SECONDS", 0.0)
    assert find_pythons([failing]) == [Python("python", state=TIME_SPENT)]


def test_a_stranger_sees_none_of_the_settings_of_this_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("SECRET", "told to nobody")
    find_pythons([strangers.write(tmp_path, "python", f'env > {seen}\necho "$@" >> {seen}')])
    told = seen.read_text()
    assert "-E -s lesson.py" in told
    for private in ("SECRET", "PYTHON", f"HOME={Path.home()}\n"):
        assert private not in told


def test_each_build_is_isolated_in_the_way_that_it_knows_and_liars_are_not_believed(
    tmp_path: Path,
) -> None:
    free = {"PyPy 3.14.0t": ("-I", "-X", "gil=0"), "PyPy 3.14.0t, GIL on": ("-I", "-X", "gil=1")}
    for identity, ways in (
        (["PyPy", "2.7.18", False], {"PyPy 2.7.18": ("-E", "-s")}),
        (["PyPy", "3.10.1", False], {"PyPy 3.10.1": ("-I",)}),
        (["PyPy", "3.14.0", True], free),
    ):
        path = strangers.write(tmp_path, "pypy", f"echo '{json.dumps(identity)}'")
        assert find_pythons([path]) == [
            Python(name, (str(path), *options), "", str(identity[1]), "PyPy")
            for name, options in ways.items()
        ]
    for lie in (["PyPy", "3.11.0", "no"], ["PyPy", "3.11; rm", True], ["PyPy", "3" * 21, True]):
        path = strangers.write(tmp_path, "pypy", f"echo '{json.dumps(lie)}'")
        assert find_pythons([path]) == [Python("pypy", state=GARBLED)]


def test_the_last_line_is_read_and_what_is_no_json_is_something_else() -> None:
    command = [sys.executable]
    assert ask(command, "print('a warning\\n[1, 2]')", [], 5.0) == ([1, 2], "")
    for printed in ("''", "'[' * 100_000", "'9' * 10_000"):
        assert ask(command, f"print({printed})", [], 5.0) == (None, GARBLED)
