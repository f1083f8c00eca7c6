"""The Pythons of this computer: found where they are installed, asked who they are.

findpython lists the files without running any. Running is done here, since a library waits longer
for a stranger and keeps all that it prints: each candidate gets a few seconds, a scratch folder,
none of this process's settings, and is ended with all that came of it.
"""

import importlib.util
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gil_demo.running.scripts import ENDED, FINISHED, UNSTARTED, run_isolated

IDENTIFY_SECONDS = 5.0
MOST_IDENTIFY_SECONDS = 40.0
GARBLED = "printed something else"
TIME_SPENT = "not asked: too many others took too long"
OTHERS = "other Pythons"
NOT_LOOKED_FOR = "not looked for: pip install findpython, and run again"
_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR")  # needed to start
_DEVELOPER_TOOLS = ("/Library/Developer/CommandLineTools", "/Applications/Xcode.app")
_WITHOUT_ISOLATION = ("2.", "3.0.", "3.1.", "3.2.", "3.3.")  # which don't know -I
_IDENTITY = """
import json, platform, sysconfig
print(json.dumps([platform.python_implementation(), platform.python_version(),
                  bool(sysconfig.get_config_var("Py_GIL_DISABLED"))]))
"""


class Python(NamedTuple):
    """A Python of this computer; or what looks like one, and `state` says why it can't be run."""

    name: str
    command: tuple[str, ...] = ()
    state: str = ""
    version: str = ""
    implementation: str = ""


def find_pythons(paths: Sequence[Path] | None = None) -> list[Python]:
    """Find the Pythons of this computer, this one first and each version once, and who they are."""
    found: dict[str, Python] = {}
    known: set[str] = set()
    deadline = time.monotonic() + MOST_IDENTIFY_SECONDS
    for path in _list_candidates() if paths is None else paths:
        place = os.path.realpath(path)
        if place in known:
            continue
        known.add(place)
        asked = _identify(path) if time.monotonic() < deadline else TIME_SPENT
        if isinstance(asked, str):
            called = path.name or str(path)  # of a root and of here it is empty
            names = (called, *(f"{called} ({number})" for number in range(2, len(known) + 1)))
            asked = [Python(next(name for name in names if name not in found), state=asked)]
        for one in asked:
            found.setdefault(one.name, one)
    if paths is None and not _has_findpython():
        found[OTHERS] = Python(OTHERS, state=NOT_LOOKED_FOR)
    return list(found.values())


def _list_candidates() -> list[Path]:
    own = [Path(sys.executable)] if sys.executable else []
    installed = _list_installed() if _has_findpython() else []
    return [*own, *(path for path in installed if not _is_stand_in(path))]


def _list_installed() -> Iterator[Path]:
    """List what findpython finds, and what is called like a Python but can't be run."""
    from findpython.providers import ALL_PROVIDERS
    from findpython.providers.path import PathProvider
    from findpython.utils import looks_like_python, safe_iter_dir

    named = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    # shims of pyenv and its like are scripts that start a Python which is found anyway
    folders = [folder for folder in named if folder.is_absolute() and folder.name != "shims"]
    others = [kind.create() for kind in ALL_PROVIDERS.values() if kind is not PathProvider]
    for provider in (PathProvider(folders), *filter(None, others)):
        yield from sorted(python.executable for python in provider.find_pythons())
    for path in (path for folder in folders for path in sorted(safe_iter_dir(folder))):
        if looks_like_python(path.name) and not path.is_dir() and not os.access(path, os.X_OK):
            yield path


def _has_findpython() -> bool:
    return importlib.util.find_spec("findpython") is not None


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
    program = str(path.absolute())
    # every Python since 2.7 knows these options
    answer, reason = ask([program, "-E", "-s"], _IDENTITY, [], IDENTIFY_SECONDS)
    match answer:
        case [str(implementation), str(version), bool(is_free)] if re.fullmatch(
            r"\w{1,20} [\w.+]{3,20}", name := f"{implementation} {version}"
        ):
            isolation = ("-E", "-s") if version.startswith(_WITHOUT_ISOLATION) else ("-I",)
            ways = {f"{name}t": ("-X", "gil=0"), f"{name}t, GIL on": ("-X", "gil=1")}
            return [
                Python(way, (program, *isolation, *options), "", version, implementation)
                for way, options in (ways if is_free else {name: ()}).items()
            ]
    return reason or GARBLED


def ask(
    command: Sequence[str], source: str, arguments: Sequence[str], seconds: float
) -> tuple[object, str]:
    """Run a script by a stranger; return the JSON on its last line, or why there is none."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    outcome = run_isolated(command, source, arguments, seconds, environment)
    if outcome.state not in (FINISHED, ENDED):
        why = f": {outcome.output}" if outcome.state == UNSTARTED else ""
        return None, f"{outcome.state}{why}"
    try:
        return json.loads(outcome.output.strip().splitlines()[-1]), ""
    except (IndexError, ValueError, RecursionError):
        return None, GARBLED
