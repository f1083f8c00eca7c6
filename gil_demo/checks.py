"""The errors that gil_demo raises of its own, and the checks of arguments.

A check takes what the value is called and the value, and returns the value or raises: a TypeError
where it is of the wrong type, a ValueError where it is not allowed. The text gives the bad value
and the allowed ones.
"""

import math
import numbers
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar


class GilDemoError(Exception):
    """Something went wrong that a reader can act on; its text is one sentence or two."""


class RunnerUnavailable(GilDemoError):
    """A runner that this machine cannot offer; the text names it and the reason."""


class WorkerDied(GilDemoError):
    """A worker process ended before its task did, or before it was ready to take one."""


class ResultsError(GilDemoError):
    """A results file or table cannot be read, written or drawn; the text names the place."""


MOST_STEPS = 10**10
MOST_SECONDS = 3600.0
MOST_ITEMS = 1_000_000
LEAST_SWITCH_INTERVAL = 1e-6
PACKAGES = ("loky", "matplotlib", "numpy", "pandas", "psutil")
Item = TypeVar("Item")


@cache
def check_packages() -> None:
    """Raise a GilDemoError where a package is missing, or a file of the reader's own hides it."""
    for name in PACKAGES:
        found = find_spec(name)
        if found is None:
            raise GilDemoError(
                f"the package {name} is not installed; "
                "pip install -r requirements.txt in the folder of this set gets it"
            )
        if found.submodule_search_locations is None:
            raise GilDemoError(
                f"{found.origin} stands in the way of the package {name}: rename that file, "
                "and start Python again"
            )


def most_workers() -> int:
    """Return the largest number of workers that a runner accepts here."""
    return limit_workers(os.cpu_count() or 1, sys.platform == "win32")


def limit_workers(cores: int, is_windows: bool) -> int:
    """Return the largest number of workers that a runner accepts: eight a core, at least 32."""
    most = max(32, 8 * cores)
    return min(most, 60) if is_windows else most  # it can wait for 63 processes


def check_whole_number(name: str, value: object, least: int, most: int) -> int:
    """Return the value as an int if it is a whole number in a range; a bool is none."""
    allowed = f"{name} must be a whole number from {least:,} to {most:,}"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{allowed}, not {shorten(value)}")
    number = int(value)  # NumPy has whole numbers of its own
    if not least <= number <= most:
        raise ValueError(f"{allowed}, not {shorten(number)}")
    return number


def check_workers(workers: object) -> int:
    """Return the number of workers if a runner accepts it here."""
    return check_whole_number("workers", workers, 1, most_workers())


def check_count(count: object) -> int:
    """Return the number of countdown steps if it is allowed."""
    return check_whole_number("count", count, 1, MOST_STEPS)


def check_number(name: str, value: object, most: float) -> float:
    """Return the value as a float if it is above 0 and at most `most`."""
    allowed = f"{name} must be a number above 0 and at most {most:g}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{allowed}, not {shorten(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not 0 < number <= most:  # false for nan, too
        raise ValueError(f"{allowed}, not {shorten(value)}")
    return number


def check_switch_interval(name: str, value: object) -> float:
    """Return the value as a float if it can be a switch interval, in seconds."""
    number = check_number(name, value, 1.0)
    if number < LEAST_SWITCH_INTERVAL:
        allowed = f"{name} must be a number from {LEAST_SWITCH_INTERVAL:g} to 1 (seconds)"
        raise ValueError(f"{allowed}, not {shorten(value)}")
    return number


def check_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """Return the value if it is one of the choices."""
    allowed = f"{name} must be one of {', '.join(choices)}"
    if not isinstance(value, str):
        raise TypeError(f"{allowed}, not {shorten(value)}")
    if value not in choices:
        raise ValueError(f"{allowed}, not {shorten(value)}")
    return value


def check_sequence(name: str, value: object) -> list[object]:
    """Return the value as a list if it is a sequence with something in it; a text is none."""
    is_text = isinstance(value, str | bytes)
    if is_text or not isinstance(value, Sequence):
        hint = "; give list(...) of it" * (isinstance(value, Iterable) and not is_text)
        raise TypeError(f"{name} must be a list, not {shorten(value)}{hint}")
    if not value:
        raise ValueError(f"{name} must hold at least one item, not none")
    try:
        is_long = len(value) > MOST_ITEMS
    except OverflowError:  # of a range that is longer than Python can tell
        is_long = True
    if is_long:
        raise ValueError(f"{name} must hold at most {MOST_ITEMS:,} items, not as {shorten(value)}")
    return list(value)


def check_unlike(name: str, values: object, check: Callable[[str, object], Item]) -> list[Item]:
    """Return the values as a list if each passes a check and none is there twice."""
    checked = [check(name, value) for value in check_sequence(name, values)]
    if len(set(checked)) < len(checked):
        raise ValueError(f"{name} must each be there once, not as in {shorten(values)}")
    return checked


def check_choices(name: str, one: str, values: object, choices: Sequence[str]) -> list[str]:
    """Return the values as a list if each is one of the choices and none is there twice."""
    return check_unlike(name, values, lambda _, value: check_choice(one, value, choices))


def check_path(name: str, value: object) -> Path:
    """Return the value as a path, if a file can have such a name."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be the name of a file, not {shorten(value)}")
    if "\0" in value:
        raise ValueError(f"{name} must be the name of a file, not {shorten(value)}")
    return Path(value)


def check_program(program: str | bytes | None) -> str:
    """Return the program that is to start another Python, if it can be run."""
    name = os.fsdecode(program or "")
    if not (Path(name).is_file() and os.access(name, os.X_OK)):
        raise GilDemoError(
            f"no other Python can be started, since {name!r} is no program: set sys.executable, or "
            "multiprocessing's set_executable, to the file of your Python"
        )
    return name


def state_count(number: int, what: str) -> str:
    """Return a number and what there is of it, in the plural unless it is one."""
    return f"{number:,} {what}{('es' if what[-1] == 's' else 's') * (number != 1)}"


def state_path(path: Path) -> str:
    """Return a path on one line, and only the end of a very long one."""
    text = " ".join(str(path).split())
    return text if len(text) <= 200 else f"...{text[-197:]}"


def state_failure(failure: BaseException) -> str:
    """State what was raised on one line: its type, and what it says, cut to 200 characters."""
    try:
        told = " ".join(str(failure).split())
    except Exception:  # of a reader's own class
        told = ""
    name, end = type(failure).__name__, "..." if len(told) > 200 else ""
    return f"{name}: {told[:200]}{end}" if told else name


def shorten(value: object) -> str:
    """Return the value's repr on one line, cut to 60 characters."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # of an int of too many digits, or of a reader's own class
        is_int = isinstance(value, int)
        return "a number of thousands of digits" if is_int else f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
