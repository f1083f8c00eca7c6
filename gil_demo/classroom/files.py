"""Files that others have put into a folder: read with care, or refused with the reason.

Whatever they hold is data. Nothing of it is run, no link is followed, and what is shown of it is
plain text.
"""

import csv
import os
import re
import stat
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from gil_demo.checks import ResultsError, state_path
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.kinds import list_schemas

MOST_FILES = 5_000
MOST_FILE_BYTES = 5_000_000
MOST_LETTERS = 120
ADDED_LATER = {"workload": "countdown"}
"""Columns that the first versions of the set did not write, with what they would have said."""

_FORMULA_BEGINNINGS = ("=", "+", "-", "@")
_UNLIKE_TEXT = set("<>$\\`")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_VERSION = re.compile(r"\d{1,3}\.\d{1,3}[0-9a-z.+]{0,20}")
_TEXTS = [name for name, column in RUNS.columns.items() if column.kind == "text"]
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Sheet(NamedTuple):
    """What one file of timed runs holds, as text.

    Attributes:
        columns: the texts of each column of `RUNS`, from top to bottom.
        size: bytes of the file.
    """

    columns: dict[str, list[str]]
    size: int


def list_files(folder: Path) -> list[str]:
    """List the names of what is in a folder, in the order of the alphabet.

    Raises:
        ResultsError: it is no folder, can't be read, or holds too many files.
    """
    place = state_path(folder)
    try:
        names = os.listdir(folder)  # noqa: PTH208, since a Path of a stranger's name may not print
    except OSError as reason:
        raise ResultsError(f"cannot read {place}: {reason.strerror or reason}") from None
    if len(names) > MOST_FILES:
        raise ResultsError(
            f"{place} holds {len(names):,} files; a class has {MOST_FILES:,} at most"
        )
    return sorted(names, key=lambda name: (name.casefold(), name))


def show_text(text: str) -> str:
    """Return a stranger's text so that it stays text wherever it is shown.

    What can't be printed, and what a notebook would typeset, is written as its code; a beginning
    that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    shown = "".join(
        letter if letter.isprintable() and letter not in "$\\" else _encode(letter)
        for letter in text
    )
    return f"'{shown}" if shown.startswith(_FORMULA_BEGINNINGS) else shown


def _encode(letter: str) -> str:
    number = ord(letter)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"


def read_sheet(file: Path) -> Sheet:
    """Read a file of timed runs.

    Args:
        file: the file.

    Returns:
        The texts of its columns; nothing is known yet of the numbers among them.

    Raises:
        ResultsError: it is no such file; the text says why, without the file's name.
    """
    text = _read_text(file)
    if not text.strip():
        raise ResultsError("it is empty")
    if not text.endswith("\n"):
        raise ResultsError("it is cut short: its last line has no end")
    try:
        header, *rows = [row for row in csv.reader(StringIO(text), strict=True) if row]
    except (csv.Error, ValueError) as reason:
        raise ResultsError(f"it is no CSV file of results ({reason})") from None
    _check_header(header)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise ResultsError(f"row {number} has {len(row)} values, not {len(header)}")
    if not rows:
        raise ResultsError("it has no rows")
    columns = dict(zip(header, (list(column) for column in zip(*rows, strict=True)), strict=True))
    for name, usual in ADDED_LATER.items():
        columns.setdefault(name, [usual] * len(rows))
    for name in _TEXTS:
        _check_texts(name, columns[name])
    return Sheet({name: columns[name] for name in RUNS.columns}, len(text))


def _read_text(file: Path) -> str:
    try:
        if file.is_symlink():
            raise ResultsError("it is a link; only files in the folder itself are read")
        if file.is_dir():
            raise ResultsError("it is a folder; what is in it isn't read")
        if file.suffix.lower() != ".csv":
            raise ResultsError("it is no CSV file")
        descriptor = os.open(file, _FLAGS)
        with os.fdopen(descriptor, "rb") as stream:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise ResultsError("it is no file")
            content = b"" if facts.st_size > MOST_FILE_BYTES else stream.read(MOST_FILE_BYTES + 1)
        size = max(facts.st_size, len(content))
        if size > MOST_FILE_BYTES:
            raise ResultsError(
                f"it has {size:,} bytes; a file of a class has at most {MOST_FILE_BYTES:,}"
            )
        return content.decode("utf-8-sig")
    except OSError as reason:
        raise ResultsError(f"it cannot be read ({reason.strerror or 'no reason given'})") from None
    except UnicodeDecodeError as reason:
        raise ResultsError(
            f"it is not text in UTF-8 (byte {reason.start + 1:,}): save it as CSV UTF-8"
        ) from None


def _check_header(header: list[str]) -> None:
    if len(header) == 1 and header[0].count(";") > 1:
        raise ResultsError("its values are parted by semicolons: save it as CSV with commas")
    missing = [name for name in RUNS.columns if name not in header and name not in ADDED_LATER]
    if missing:
        for schema in list_schemas():
            if schema is not RUNS and set(schema.columns) <= set(header):
                raise ResultsError(f"it holds {schema.name}, not timed runs")
        raise ResultsError(f"it lacks the columns {', '.join(missing)}")
    twice = sorted(name for name in RUNS.columns if header.count(name) > 1)
    if twice:
        raise ResultsError(f"it has the columns {', '.join(twice)} more than once")


def _check_texts(name: str, values: list[str]) -> None:
    """Refuse texts that no version of the set writes, such as a spreadsheet's formulas."""
    for value in dict.fromkeys(values):
        if value.startswith(_FORMULA_BEGINNINGS):
            fault = "begins as a spreadsheet's formula does"
        elif not value.isprintable() or _UNLIKE_TEXT & set(value):
            fault = "holds what is no plain text"
        elif len(value) > MOST_LETTERS:
            fault = f"has {len(value):,} letters"
        elif name == "measured_on" and not _DATE.fullmatch(value):
            fault = "is no date of the form 2026-11-24"
        elif name == "python_version" and not _VERSION.fullmatch(value):
            fault = "is no version of Python"
        else:
            continue
        raise ResultsError(f"row {values.index(value) + 1}: {name} {fault}")
