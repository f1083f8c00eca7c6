import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gil_demo.running import pythons
from gil_demo.running.pythons import GARBLED, OTHERS, TIME_SPENT, Python, ask, find_pythons
from tests.made.pythons import needs_scripts, write_stranger

VERSION = ".".join(map(str, sys.version_info[:3]))
OWN = os.path.realpath(sys.executable)

pytestmark = needs_scripts


@pytest.fixture
def folder_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder that is all of PATH, on a computer with no other Pythons."""
    pytest.importorskip("findpython")
    folder = tmp_path / "bin"
    folder.mkdir()
    here = SimpleNamespace(executable="/nowhere/python", platform=sys.platform)
    monkeypatch.setattr(pythons, "sys", here)
    monkeypatch.setenv("PATH", str(folder))
    for name in ("PYENV_ROOT", "ASDF_DATA_DIR", "RYE_PY_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    return folder


def test_without_findpython_this_python_is_alone_and_what_to_install_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "findpython", None)
    program = tmp_path / "python.sh"  # a name of what only looks like a Python
    program.symlink_to(OWN)
    monkeypatch.setattr(pythons, "sys", SimpleNamespace(executable=str(program)))
    *own, others = find_pythons()
    assert own[0].command[:2] == (str(program), "-I")
    assert {(python.state, python.version) for python in own} == {("", VERSION)}
    assert others == Python(OTHERS, (), "not looked for: pip install findpython, and run again")


def test_hostile_interpreters_are_named_rows(
    folder_on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pythons, "IDENTIFY_SECONDS", 0.7)
    actions = ("exec /bin/sleep 60", "exec /usr/bin/yes", "exit 3", "exit 3")
    for number, action in enumerate(actions):
        write_stranger(folder_on_path, f"python3.9{number}", action)
    (folder_on_path / "python3.92").chmod(0o600)
    (folder_on_path / "python3.94").symlink_to(folder_on_path / "nowhere")
    states = {python.name: python.state for python in find_pythons()}
    assert states == states | {
        "python3.90": "stopped after the time allowed",
        "python3.91": "stopped for its output",
        "python3.92": "could not be started: Permission denied",
        "python3.93": "failed",
        "python3.94": "could not be started: No such file or directory",
    }


def test_a_python_is_found_once_whatever_its_names_and_nothing_is_run_that_is_none(
    tmp_path: Path, folder_on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = f"/bin/touch {tmp_path / 'was-run'}"
    for name in ("python.py", "python3.sh", "python3-config", "pythonista"):
        write_stranger(folder_on_path, name, spy)
    for place in ("shims", "here"):  # a folder that depends on where one is
        write_stranger(tmp_path / place, "python3.99", spy)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", os.pathsep.join([f"{tmp_path}/shims", ".", str(folder_on_path)]))
    for name in ("python", "python3", "python3.80"):
        (folder_on_path / name).symlink_to(OWN)
    names = [python.name for python in find_pythons() if python.version == VERSION]
    assert len(set(names)) == len(names) >= 1
    assert not (tmp_path / "was-run").exists()


def test_paths_that_are_given_are_asked_alone_and_see_none_of_the_settings_of_this_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("SECRET", "told to nobody")
    spy = write_stranger(tmp_path, "python", f'env > {seen}\necho "$@" >> {seen}\nexit 3')
    other = write_stranger(tmp_path / "more", "python", "echo '{}'")
    found = [Python("python", state="failed"), Python("python (2)", state=GARBLED)]
    assert find_pythons([spy, other, spy]) == found
    told = seen.read_text()
    assert "-E -s lesson.py" in told
    for private in ("SECRET", "PYTHON", f"HOME={Path.home()}\n"):
        assert private not in told
    monkeypatch.setattr(pythons, "MOST_IDENTIFY_SECONDS", 0.0)
    late = [Python(name, state=TIME_SPENT) for name in ("python", "/")]  # each has a name
    assert find_pythons([other, Path("/")]) == late


def test_each_build_is_isolated_in_the_way_that_it_knows_and_liars_are_not_believed(
    tmp_path: Path,
) -> None:
    free = {"PyPy 3.14.0t": ["-I", "-X", "gil=0"], "PyPy 3.14.0t, GIL on": ["-I", "-X", "gil=1"]}
    for version, is_free, ways in (
        ("2.7.18", False, {"PyPy 2.7.18": ["-E", "-s"]}),
        ("3.3.7", False, {"PyPy 3.3.7": ["-E", "-s"]}),
        ("3.10.1", False, {"PyPy 3.10.1": ["-I"]}),
        ("3.14.0", True, free),
        ("3.11.0", "no", {}),
        ("3.11; rm", True, {}),
        ("3" * 21, True, {}),
    ):
        identity = json.dumps(["PyPy", version, is_free])
        path = write_stranger(tmp_path, "pypy", f"echo '{identity}'")
        pythons = [
            Python(name, (str(path), *options), "", version, "PyPy")
            for name, options in ways.items()
        ]
        assert find_pythons([path]) == (pythons or [Python("pypy", state=GARBLED)])


def test_the_last_line_is_read_and_what_is_no_json_is_something_else() -> None:
    for printed, told in (
        ("'a warning\\n[1, 2]'", ([1, 2], "")),
        *((what, (None, GARBLED)) for what in ("''", "'[' * 100_000", "'9' * 10_000")),
    ):
        assert ask([sys.executable], f"print({printed})", [], 5.0) == told
