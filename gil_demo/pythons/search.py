"""The Pythons of this computer: found where they are installed, asked who they are.

findpython lists the files without running any. Running is done here, since a library waits longer
for a stranger and keeps all that it prints: each candidate gets a few seconds, a scratch folder,
none of this process's settings, and is ended with all that came of it.
"""

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gil_demo.running.scripts import FINISHED, UNSTARTED, Outcome, run_isolated

IDENTIFY_SECONDS = 5.0
MOST_IDENTIFY_SECONDS = 40.0
MOST_BYTES = 1e9
GARBLED = "printed something else"
TIME_SPENT = "not asked: too many others took too long"
OTHERS = "other Pythons"
NOT_LOOKED_FOR = "not looked for: pip install findpython, and run again"
_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR")
_DEVELOPER_TOOLS = ("/Library/Developer/CommandLineTools", "/Applications/Xcode.app")
_IDENTITY = """
import json, platform, sysconfig
print(json.dumps([platform.python_implementation(), platform.python_version(),
                  bool(sysconfig.get_config_var("Py_GIL_DISABLED"))]))
"""


class Python(NamedTuple):
    """A Python of this computer, or what looks like one.

    Attributes:
        name: for example "CPython 3.13.5t"; the file's name where it could not be asked.
        command: how to run a script with it, isolated; empty where it can't be run.
        state: why it can't be run; empty where it can.
        version: for example "3.13.5"; empty where it could not be asked.
        implementation: for example "CPython"; empty likewise.
    """

    name: str
    command: tuple[str, ...] = ()
    state: str = ""
    version: str = ""
    implementation: str = ""


def find_pythons(paths: Sequence[Path] | None = None) -> list[Python]:
    """Find the Pythons of this computer, this one first, and ask each who it is.

    One that is there under several names is listed once; so is one of several with the same
    version. A free-threaded build is listed twice, without the GIL and with it.

    Args:
        paths: the files to ask; None means this Python and all that findpython finds.

    Returns:
        The Pythons, and what looks like one with the reason why it can't be run.
    """
    found: dict[str, Python] = {}
    known: set[str] = set()
    deadline = time.monotonic() + MOST_IDENTIFY_SECONDS
    for path in dict.fromkeys(_list_candidates() if paths is None else paths):
        place = os.path.realpath(path)
        if place in known:
            continue
        known.add(place)
        asked = _identify(path) if time.monotonic() < deadline else TIME_SPENT
        if isinstance(asked, str):
            name = _number(path.name, found)
            found[name] = Python(name, state=asked)
        else:
            for one in asked:
                found.setdefault(one.name, one)
    if paths is None and _import_findpython() is None:
        found[OTHERS] = Python(OTHERS, state=NOT_LOOKED_FOR)
    return list(found.values())


def make_environment() -> dict[str, str]:
    """Make an environment for a stranger: nothing of this one but what programs need to start."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def _list_candidates() -> list[Path]:
    candidates = [Path(sys.executable)]
    if _import_findpython() is not None:
        from findpython.providers import ALL_PROVIDERS
        from findpython.providers.path import PathProvider

        folders = _list_folders()
        others = [kind.create() for kind in ALL_PROVIDERS.values() if kind is not PathProvider]
        for provider in (PathProvider(folders), *filter(None, others)):
            candidates += sorted(python.executable for python in provider.find_pythons())
        candidates += _list_unusable(folders)
    return [path for path in candidates if not _is_stand_in(path)]


def _import_findpython() -> object:
    try:
        import findpython
    except ImportError:
        return None
    return findpython


def _list_folders() -> list[Path]:
    """List the folders of PATH that hold what was installed.

    Not those that depend on where one is, nor the shims of pyenv and its like: scripts that start
    a Python which is found anyway.
    """
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    return [folder for folder in folders if folder.is_absolute() and folder.name != "shims"]


def _list_unusable(folders: Sequence[Path]) -> Iterator[Path]:
    """List what is called like a Python but can't be run, and which findpython passes over."""
    from findpython.utils import looks_like_python, safe_iter_dir

    for folder in folders:
        for path in sorted(safe_iter_dir(folder)):
            if looks_like_python(path.name) and not path.is_dir() and not os.access(path, os.X_OK):
                yield path


def _is_stand_in(path: Path) -> bool:
    """Tell whether a file only looks like a Python: a script, or what offers to install one."""
    if path.suffix.lower() in (".py", ".sh", ".bash", ".csh", ".zsh", ".fish", ".bat"):
        return True
    if sys.platform == "win32":
        return path.is_file() and path.stat().st_size == 0
    if sys.platform == "darwin" and path.parent == Path("/usr/bin"):
        return not any(Path(place).exists() for place in _DEVELOPER_TOOLS)
    return False


def _identify(path: Path) -> list[Python] | str:
    """Ask a file who it is; return the ways to run it, or the reason why there is none."""
    command = [str(path.absolute()), "-E", "-s"]  # every Python since 2.7 knows these
    outcome = run_isolated(command, _IDENTITY, [], IDENTIFY_SECONDS, make_environment(), MOST_BYTES)
    if outcome.state != FINISHED:
        return describe_end(outcome)
    answer = read_json(outcome)
    match answer:
        case [str(implementation), str(version), bool(is_free)] if re.fullmatch(
            r"\w{1,20}", implementation
        ) and re.fullmatch(r"[\w.+]{3,20}", version):
            return _list_variants(path, implementation, version, is_free)
    return GARBLED


def _list_variants(path: Path, implementation: str, version: str, is_free: bool) -> list[Python]:
    isolation = ("-E", "-s") if version.startswith("2.") else ("-I",)
    command = (str(path.absolute()), *isolation)
    name = f"{implementation} {version}"
    plain = Python(name, command, "", version, implementation)
    if not is_free:
        return [plain]
    return [
        plain._replace(name=f"{name}t", command=(*command, "-X", "gil=0")),
        plain._replace(name=f"{name}t, GIL on", command=(*command, "-X", "gil=1")),
    ]


def describe_end(outcome: Outcome) -> str:
    """Say how a stranger ended that did not finish; of what it printed, nothing."""
    if outcome.state == UNSTARTED:
        return f"{outcome.state}: {outcome.output}"
    return outcome.state


def read_json(outcome: Outcome) -> object:
    """Read the JSON on the last line that was printed; None where there is none."""
    try:
        answer: object = json.loads(outcome.output.strip().splitlines()[-1])
    except (IndexError, ValueError, RecursionError):
        return None
    return answer


def _number(name: str, taken: dict[str, Python]) -> str:
    """Return a file's name, with a number where there is another of that name."""
    numbered = (name, *(f"{name} ({number})" for number in range(2, len(taken) + 2)))
    return next(one for one in numbered if one not in taken)
