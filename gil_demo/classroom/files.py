"""Files that others have put into a folder: read with care, or refused with the reason.

Whatever they hold is data. Nothing of it is run, no link is followed, and what is shown of it is
plain text.
"""

import os
import re
from pathlib import Path

from gil_demo.checks import ResultsError, state_path
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.files import WAY_OUT, read_columns, read_text
from gil_demo.tables.kinds import list_schemas

MOST_FILES = 2_000
MOST_FILE_BYTES = 1_000_000
MARKS = ("gil_demo;", "sum=", "gil_enabled")
"""What a row of a text holds where it is a result, or the rest of one."""
_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")
_FORMULA_BEGINNINGS = ("=", "+", "-", "@")
_UNLIKE_TEXT = set("<>$\\`")
_FORMS = {
    "measured_on": (re.compile(r"\d{4}-\d{2}-\d{2}"), "is no date of the form 2026-11-24"),
    "python_version": (re.compile(r"\d{1,3}\.\d{1,3}[0-9a-z.+]{0,20}"), "is no version of Python"),
}


def list_files(folder: Path) -> list[str]:
    """List the names of what is in a folder, in the order of the alphabet, but hidden ones."""
    place = state_path(folder)
    try:
        every = os.listdir(folder)  # noqa: PTH208, since a Path of a stranger's name may not print
    except OSError as reason:
        raise ResultsError(f"cannot read {place}: {reason.strerror or reason}") from None
    names = [name for name in every if not name.startswith(".")]  # macOS makes one for each file
    if len(names) > MOST_FILES:
        told = f"{len(names):,} files; a class has {MOST_FILES:,} at most"
        raise ResultsError(f"{place} holds {told}")
    return sorted(names, key=lambda name: (name.casefold(), name))


def show_text(text: str) -> str:
    """Return a stranger's text so that nothing prints oddly, typesets or computes what is in it."""
    shown = "".join(
        letter
        if letter.isprintable() and letter not in "$\\"
        else f"\\x{ord(letter):02x}"
        if letter < "\u0100"
        else f"\\u{ord(letter):04x}"
        for letter in text
    )
    return f"'{shown}" if shown.startswith(_FORMULA_BEGINNINGS) else shown


def read_sheet(file: Path) -> dict[str, list[str]]:
    """Read the texts of each column of `RUNS` from a file, which an error doesn't name."""
    _check_file(file)
    if file.suffix.lower() != ".csv":
        told = f": {WAY_OUT}" if file.suffix.lower() in _SPREADSHEETS else ""
        raise ResultsError(f"it is no CSV file{told}")
    read = read_columns(file, "the file", MOST_FILE_BYTES, RUNS)
    _check_header(read)
    columns = {name: read[name] for name in RUNS.columns}
    if not columns["run_id"]:
        raise ResultsError("the file has no rows")
    for name, column in RUNS.columns.items():
        if column.kind == "text":
            check_texts(name, columns[name])
    return columns


def read_rows(file: Path) -> list[tuple[int, str]]:
    """Read the rows of a text into which results were pasted, with their numbers."""
    _check_file(file)
    # a result is in ASCII; the name before it need not be, nor be in UTF-8
    rows = read_text(file, "the file", MOST_FILE_BYTES, errors="replace").splitlines()
    if rows and "experiment" in rows[0] and "gil_enabled" in rows[0]:
        raise ResultsError("it is a table: let its name end in .csv")
    if not any(mark in row for row in rows for mark in MARKS):
        raise ResultsError("it is no CSV file, and no row of it is a result")
    return [(number, row) for number, row in enumerate(rows, 1) if row.strip()]


def _check_file(file: Path) -> None:
    if file.is_symlink():
        raise ResultsError("it is a link; only files in the folder itself are read")
    if file.is_dir():
        raise ResultsError("it is a folder; what is in it isn't read")


def _check_header(read: dict[str, list[str]]) -> None:
    if missing := [name for name in RUNS.columns if name not in read]:
        if any(mark in text for texts in read.values() for text in texts for mark in MARKS):
            raise ResultsError("it holds rows that were pasted: let its name end in .txt")
        for schema in list_schemas():
            if schema is not RUNS and set(schema.columns) <= set(read):
                raise ResultsError(f"it holds {schema.name}, not timed runs")
        raise ResultsError(f"it lacks the columns {', '.join(missing)}")


def check_texts(name: str, values: list[str]) -> None:
    """Refuse texts that no version of the set writes, such as a spreadsheet's formulas."""
    form, unlike = _FORMS.get(name, (re.compile(".*"), ""))
    for value in dict.fromkeys(values):
        if value.startswith(_FORMULA_BEGINNINGS):
            fault = "begins as a spreadsheet's formula does"
        elif not value.isprintable() or _UNLIKE_TEXT & set(value):
            fault = "holds what is no plain text"
        elif len(value) > 120:
            fault = f"has {len(value):,} letters"
        elif not form.fullmatch(value):
            fault = f"{unlike}: {WAY_OUT}"
        else:
            continue
        raise ResultsError(f"row {values.index(value) + 1}: {name} {fault}")
