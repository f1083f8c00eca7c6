"""What to examine, as a terminal names it: a function of a file or a module, and its arguments."""

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gil_demo.checks import GilDemoError, check_sequence, shorten, state_failure


def find_function(target: str) -> Callable[[Any], object]:
    """Import what FILE.py:FUNCTION or MODULE:FUNCTION names.

    A file's folder is put before all others, and that of its package before it, so that workers
    find both, too.
    """
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise ValueError(f"name FILE.py:FUNCTION or MODULE:FUNCTION, not {shorten(target)}")
    file, own = Path(place), Path.cwd()
    folder = own
    if place.endswith(".py"):
        if not file.is_file():
            raise ValueError(f"there is no file {place}")
        if not file.stem.isidentifier():
            raise ValueError(
                f"{file.name} can't be imported: letters, digits and _ may stand in its name"
            )
        place, own = file.stem, file.absolute().parent  # its neighbours are there, as in a script
        folder = own
        while (folder / "__init__.py").is_file():  # a package's, which may import its neighbours
            place, folder = f"{folder.name}.{place}", folder.parent
    sys.path[:0] = map(str, dict.fromkeys((folder, own)))
    try:
        module: Any = importlib.import_module(place)
    except ModuleNotFoundError as reason:
        if reason.name in (place, place.partition(".")[0]):
            raise ValueError(f"there is no module {place} here") from None
        raise GilDemoError(f"{target} can't be imported: {reason}") from reason
    except (Exception, SystemExit) as reason:
        raise GilDemoError(f"{target} can't be imported: {state_failure(reason)}") from reason
    found = getattr(module, "__file__", None) or ""
    if file.suffix == ".py" and os.path.realpath(found) != os.path.realpath(file):
        raise ValueError(f"{file.name} is called like a module of Python's own: rename it")
    for part in name.split("."):
        module = getattr(module, part, None)
    if not callable(module):
        raise ValueError(f"{place} has no function {name}")
    function: Callable[[Any], object] = module
    return function


def read_arguments(text: str | None, lines: Path | None) -> list[Any]:
    """Read arguments: a list in JSON, or a file with a JSON value on each line."""
    if (text is None) == (lines is None):
        raise ValueError("give either --arguments or --arguments-from")
    if text is not None:
        return check_sequence("arguments", _parse(text, "--arguments"))
    assert lines is not None
    try:
        told = lines.read_text(encoding="utf-8-sig").split("\n")  # as Notepad writes it, too
    except (OSError, UnicodeError) as reason:
        why = reason.strerror if isinstance(reason, OSError) else f"it is no UTF-8 ({reason})"
        raise ValueError(f"cannot read {lines}: {why}") from None
    numbered = [(number, line) for number, line in enumerate(told, start=1) if line.strip()]
    parsed = [_parse(line, f"line {number} of {lines}") for number, line in numbered]
    return check_sequence("arguments", parsed)


def _parse(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as reason:
        raise ValueError(f"{place} is no JSON ({reason})") from None
