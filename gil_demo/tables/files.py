"""How a table is kept in a file: CSV in UTF-8, written whole or not at all, checked when read.

What a spreadsheet made of a file that it saved again is undone where that has one meaning.
"""

import codecs
import csv
import datetime
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path

import pandas as pd

from gil_demo.checks import ResultsError, check_path, state_path
from gil_demo.tables.kinds import choose_schema
from gil_demo.tables.schema import Schema, convert

MOST_BYTES = 50_000_000
_SEPARATORS = ",;\t"
WAY_OUT = (
    "use the file as it was first saved, or in Excel: File > Save As > CSV UTF-8 (Comma delimited)"
)
_TRUTHS = dict.fromkeys(("TRUE", "WAHR", "VRAI", "VERDADERO", "VERO"), "True")
_TRUTHS |= dict.fromkeys(("FALSE", "FALSCH", "FAUX", "FALSO"), "False")
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
_VERSION = re.compile(r"0?(\d)\.(\d\d?)\.(?:20)?(\d\d)")
_DECIMAL = re.compile(r"^(-?\d+),(\d+(?:E[+-]?\d+)?)$")


def save(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a table to a CSV file, whole or not at all.

    Args:
        table: a table as the experiments, `load` or `combine` give it; columns that its kind
            doesn't have are left out.
        path: the file, or a link to it; one that is there is replaced only when the new one is
            complete.

    Returns:
        The path of the file.

    Raises:
        TypeError: the path is neither a text nor a path.
        ValueError: no file can have such a name, or a pipe or a device has it.
        ResultsError: the table is not of this kind, or the file can't be written.
    """
    target = check_path("path", path)
    checked = convert(table, choose_schema(table), "the table")
    return write_whole(target, checked.to_csv(index=False, lineterminator="\n").encode())


def write_whole(target: Path, content: bytes) -> Path:
    """Write a file, or what a link to one leads to, or leave all as it was."""
    with _refusals_told(target):
        _replace(_find_file(target), content)
    return target


def check_writable(target: Path) -> None:
    """Find out whether results could be written, before a measurement is begun."""
    with _refusals_told(target):
        file = _find_file(target)
        if sys.platform == "win32" and file.exists():  # what is open or read-only stays there
            file.open("r+b").close()
        with tempfile.TemporaryDirectory(prefix=".", dir=file.parent) as folder:
            _replace(Path(folder, file.name), b"\0" * 200_000)


@contextmanager
def _refusals_told(target: Path) -> Iterator[None]:
    """Turn what the system refuses into an error that names the file."""
    try:
        yield
    except OSError as reason:
        told = reason.strerror or reason
        raise ResultsError(f"cannot write {state_path(target)}: {told}") from None


def _find_file(target: Path) -> Path:
    """Return the file that a path leads to; what is there and is none must not be replaced."""
    if target.is_dir():
        raise ResultsError(f"cannot write {state_path(target)}: it is a folder; name a file")
    if target.exists() and not target.is_file():
        told = "it is a pipe or a device; name a file"
        raise ValueError(f"cannot write {state_path(target)}: {told}")
    return Path(os.path.realpath(target)) if target.is_symlink() else target


def _replace(target: Path, content: bytes) -> None:
    """Write a file under another name and rename it when it is complete."""
    scratch: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
        scratch = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        mask = os.umask(0)  # it can't be read without being set
        os.umask(mask)
        with suppress(OSError):  # some shared folders can't
            scratch.chmod(0o666 & ~mask)
        scratch.replace(target)
    finally:
        if scratch is not None:
            scratch.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a table from a CSV file and check all of it.

    Args:
        path: a file that `save` wrote, even if a spreadsheet has saved it again.

    Returns:
        The table, with the same columns and types as a fresh one.

    Raises:
        TypeError: the path is neither a text nor a path.
        ValueError: no file can have such a name.
        ResultsError: the file is missing, empty, too large, cut short or damaged; the text says
            where.
    """
    source = check_path("path", path)
    place = state_path(source)
    raw = pd.DataFrame(read_columns(source, place, MOST_BYTES))
    return convert(raw, choose_schema(raw), place)


def read_columns(
    source: Path, place: str, most: int, schema: Schema | None = None
) -> dict[str, list[str]]:
    """Read the texts of a file's columns, whatever program saved it; `place` is what to call it."""
    text = read_text(source, place, most)
    if not text.strip(f'{_SEPARATORS}" \r\n'):
        raise ResultsError(f"{place} is empty; a results file begins with the names of columns")
    if "\n" not in text:
        text = text.replace("\r", "\n")  # the end of a line in Excel's "CSV (Macintosh)"
    if not text.endswith("\n"):
        raise ResultsError(f"{place} is cut short: its last line has no end: {WAY_OUT}")
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    header, *rows = _read_rows(text, place, separator)
    if twice := [name for name in dict.fromkeys(header) if name and header.count(name) > 1]:
        raise ResultsError(f"{place} has the columns {', '.join(twice)} more than once")
    cells = map(list, zip(*rows, strict=True)) if rows else ([] for _ in header)
    columns = dict(zip(header, cells, strict=True))
    kind = schema or choose_schema(pd.DataFrame({name: columns[name][:1] for name in columns}))
    undo_spreadsheet(columns, kind, place, separator)
    former = {name: one.formerly for name, one in kind.columns.items() if one.formerly is not None}
    return {name: [told] * len(rows) for name, told in former.items()} | columns


def _read_rows(text: str, place: str, separator: str) -> list[list[str]]:
    fault = f"{place} is not a CSV file of results"
    try:
        lines = csv.reader(StringIO(text), delimiter=separator, strict=True)
        rows = [row for row in lines if any(row)]
    except csv.Error as reason:
        raise ResultsError(f"{fault}: {reason}") from None
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ResultsError(f"{fault}: row {number} has {len(row)} values, not {len(rows[0])}")
    return rows


def read_text(source: Path, place: str, most: int, errors: str = "strict") -> str:
    """Read a file of UTF-8, or UTF-16 with its mark; `place` is what to call it."""
    try:
        if source.exists() and not source.is_file():
            raise ResultsError(f"cannot read {place}: it is no file; name a CSV file of results")
        size = source.stat().st_size
        if size > most:
            raise ResultsError(f"{place} has {size:,} bytes; a results file has at most {most:,}")
        content = source.read_bytes()
        is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if is_wide else "utf-8-sig", errors)
    except OSError as reason:
        raise ResultsError(f"cannot read {place}: {reason.strerror or reason}") from None
    except UnicodeDecodeError as reason:
        raise ResultsError(
            f"{place} is not text in UTF-8 (byte {reason.start + 1:,}): {WAY_OUT}"
        ) from None


def undo_spreadsheet(
    columns: dict[str, list[str]], schema: Schema, place: str, separator: str
) -> None:
    """Turn a file's texts back to what `save` wrote; what is unclear stays, or is refused."""
    numbers = []
    for name in (name for name in schema.columns if name in columns):
        kind = schema.columns[name].kind
        if restore := _RESTORERS.get(name if kind == "text" else kind):
            restored = {text: restore(text) for text in set(columns[name])}
            columns[name] = [restored[text] for text in columns[name]]
        elif kind != "text":
            numbers.append(name)
        if kind == "yes_no":
            odd = {text for text in columns[name] if text.isupper()}  # in yet another language
            _refuse(columns[name], odd, place, f"{name} must be True or False")
    has_commas = separator != "," and any("," in "".join(columns[name]) for name in numbers)
    other, told = (".", "comma") if has_commas else (",", "point")
    for name in numbers:
        odd = {text for text in columns[name] if other in text}  # is 1,234 one or a thousand?
        _refuse(columns[name], odd, place, f"{name} must be a number with a decimal {told}")
        if has_commas:
            columns[name] = [_DECIMAL.sub(r"\1.\2", text) for text in columns[name]]


def _refuse(texts: list[str], odd: set[str], place: str, told: str) -> None:
    for row, text in enumerate(texts if odd else [], 1):
        if text in odd:
            raise ResultsError(f"{place}, row {row}: {told}, not {text[:40]!r}: {WAY_OUT}")


def _restore_version(text: str) -> str:
    """Return 3.11.7 for 03.11.2007, which a German spreadsheet makes of it."""
    found = _VERSION.fullmatch(text)
    return ".".join(str(int(part)) for part in found.groups()) if found else text


def _restore_date(text: str) -> str:
    """Return a date as year-month-day, unless it may be one of two days."""
    days = set()
    for form in _DATES:
        with suppress(ValueError):
            days.add(datetime.datetime.strptime(text, form).date().isoformat())
    return days.pop() if len(days) == 1 else text


_RESTORERS: dict[str, Callable[[str], str]] = {
    "yes_no": lambda text: _TRUTHS.get(text, text), "measured_on": _restore_date,
    "python_version": _restore_version, "version": _restore_version,
}  # fmt: skip
