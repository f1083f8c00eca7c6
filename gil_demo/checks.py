"""The errors that gil_demo raises of its own; a wrong argument is a ValueError or TypeError."""

import os
import sys
from collections.abc import Callable, Sequence
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

Item = TypeVar("Item")


def most_workers() -> int:
    """Return the largest number of workers that a runner accepts on this machine.

    Returns:
        Eight for each logical core and at least 32; at most 60 on Windows, where a process can
        wait for 63 others.
    """
    most = max(32, 8 * (os.cpu_count() or 1))
    return min(most, 60) if sys.platform == "win32" else most


def check_whole_number(name: str, value: object, least: int, most: int) -> int:
    """Return the value if it is a whole number in a range.

    Args:
        name: what the value is, for the message.
        value: what was given.
        least: smallest allowed value.
        most: largest allowed value.

    Raises:
        TypeError: the value is no int (a bool is none either).
        ValueError: the value lies outside the range.
    """
    allowed = f"{name} must be a whole number from {least:,} to {most:,}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{allowed}, not {shorten(value)}")
    if not least <= value <= most:
        raise ValueError(f"{allowed}, not {shorten(value)}")
    return value


def check_workers(workers: object) -> int:
    """Return the number of workers if a runner accepts it here; see `check_whole_number`."""
    return check_whole_number("workers", workers, 1, most_workers())


def check_count(count: object) -> int:
    """Return the number of countdown steps if it is allowed; see `check_whole_number`."""
    return check_whole_number("count", count, 1, MOST_STEPS)


def check_number(name: str, value: object, most: float) -> float:
    """Return the value as a float if it is above 0 and at most `most`.

    Args:
        name: what the value is, for the message.
        value: what was given.
        most: largest allowed value.

    Raises:
        TypeError: the value is no int or float.
        ValueError: the value is nan, infinite or outside the range.
    """
    allowed = f"{name} must be a number above 0 and at most {most:g}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{allowed}, not {shorten(value)}")
    if not 0 < value <= most:  # false for nan, too
        raise ValueError(f"{allowed}, not {shorten(value)}")
    return float(value)


def check_part(name: str, value: object) -> float:
    """Return the value as a float if it is a part of a whole, from 0 to 1.

    Args:
        name: what the value is, for the message.
        value: what was given.

    Raises:
        TypeError: the value is no int or float.
        ValueError: the value is nan or lies outside 0 to 1.
    """
    allowed = f"{name} must be a number from 0 to 1"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{allowed}, not {shorten(value)}")
    if not 0 <= value <= 1:  # false for nan, too
        raise ValueError(f"{allowed}, not {shorten(value)}")
    return float(value)


def check_switch_interval(name: str, value: object) -> float:
    """Return the value as a float if it can be a switch interval, in seconds.

    Args:
        name: what the value is, for the message.
        value: what was given.

    Raises:
        TypeError: the value is no int or float.
        ValueError: the value is nan or lies outside a microsecond to a second.
    """
    if check_number(name, value, 1.0) < LEAST_SWITCH_INTERVAL:
        raise ValueError(
            f"{name} must be a number from {LEAST_SWITCH_INTERVAL:g} to 1 (seconds), "
            f"not {shorten(value)}"
        )
    return float(value)  # type: ignore[arg-type]


def check_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """Return the value if it is one of the choices.

    Args:
        name: what the value is, for the message.
        value: what was given.
        choices: the allowed values.

    Raises:
        TypeError: the value is no string.
        ValueError: the value is not among the choices.
    """
    allowed = f"{name} must be one of {', '.join(choices)}"
    if not isinstance(value, str):
        raise TypeError(f"{allowed}, not {shorten(value)}")
    if value not in choices:
        raise ValueError(f"{allowed}, not {shorten(value)}")
    return value


def check_sequence(name: str, value: object) -> list[object]:
    """Return the value as a list if it is a sequence with something in it.

    Args:
        name: what the value is, for the message.
        value: what was given; a string counts as one value, not as a sequence.

    Raises:
        TypeError: the value is no sequence.
        ValueError: the sequence is empty, or holds more than a million items.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a list, not {shorten(value)}")
    if not value:
        raise ValueError(f"{name} must hold at least one item, not none")
    if is_endless(value):
        raise ValueError(f"{name} must hold at most {MOST_ITEMS:,} items, not as {shorten(value)}")
    return list(value)


def is_endless(value: Sequence[object]) -> bool:
    """Tell whether a sequence is longer than any that is taken."""
    try:
        return len(value) > MOST_ITEMS
    except OverflowError:  # a range may be longer than Python can count
        return True


def check_unlike(name: str, values: object, check: Callable[[str, object], Item]) -> list[Item]:
    """Return the values as a list if each passes a check and none is there twice.

    Args:
        name: what the values are, for the message.
        values: what was given.
        check: takes the name and one value, returns the value or raises.

    Raises:
        TypeError: the values are no sequence, or one is of the wrong type.
        ValueError: there are none, one is not allowed, or one is there twice.
    """
    checked = [check(name, value) for value in check_sequence(name, values)]
    if len(set(checked)) < len(checked):
        raise ValueError(f"{name} must each be there once, not as in {shorten(values)}")
    return checked


def check_path(name: str, value: object) -> Path:
    """Return the value as a path.

    Args:
        name: what the value is, for the message.
        value: what was given.

    Raises:
        TypeError: the value is neither a text nor a path.
        ValueError: no file can have such a name.
    """
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be the name of a file, not {shorten(value)}")
    if "\0" in value:
        raise ValueError(f"{name} must be the name of a file, not {shorten(value)}")
    return Path(value)


def state_path(path: Path) -> str:
    """Return a path on one line, and only the end of a very long one."""
    text = " ".join(str(path).split())
    return text if len(text) <= 200 else f"...{text[-197:]}"


def shorten(value: object) -> str:
    """Return the value's repr on one line, cut to 60 characters."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # an int of more digits than Python converts to text
        return "a number of thousands of digits"
    except Exception:  # what a stranger's repr may raise
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
