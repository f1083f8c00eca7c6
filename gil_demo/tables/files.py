"""How a table is kept in a file: CSV in UTF-8, written whole or not at all, checked when read."""

import os
import tempfile
from io import StringIO
from pathlib import Path

import pandas as pd

from gil_demo.checks import ResultsError, check_path, state_path
from gil_demo.tables.kinds import choose_schema
from gil_demo.tables.schema import convert

MOST_BYTES = 50_000_000


def save(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a table to a CSV file, whole or not at all.

    Args:
        table: a table as the experiments, `load` or `combine` give it.
        path: the file; one that is there is replaced only when the new one is complete.

    Returns:
        The path of the file.

    Raises:
        TypeError: the path is neither a text nor a path.
        ValueError: no file can have such a name.
        ResultsError: the table is not of this kind, or the file can't be written.
    """
    target = check_path("path", path)
    checked = _convert(table, "the table")
    text = checked.to_csv(index=False, lineterminator="\n")
    return write_whole(target, text.encode())


def write_whole(target: Path, content: bytes) -> Path:
    """Write a file under another name and rename it when it is complete.

    Args:
        target: the file.
        content: what it shall hold.

    Returns:
        The file's path.

    Raises:
        ResultsError: it can't be written; a file that was there is as before.
    """
    scratch: Path | None = None
    place = state_path(target)
    try:
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
        scratch = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.chmod(0o666 & ~_get_umask())
        scratch.replace(target)
    except OSError as reason:
        raise ResultsError(f"cannot write {place}: {reason.strerror or reason}") from None
    finally:
        if scratch is not None:
            scratch.unlink(missing_ok=True)
    return target


def check_writable(target: Path) -> None:
    """Find out whether results could be written, before a measurement is begun.

    Args:
        target: the file that will be written.

    Raises:
        ResultsError: the folder is missing, not writable or full, or the path is a folder.
    """
    if target.is_dir():
        raise ResultsError(f"cannot write {state_path(target)}: it is a folder; name a file")
    try:
        write_whole(target.parent / f".{target.name}.trial", b"\0" * 200_000).unlink()
    except ResultsError as reason:
        raise ResultsError(str(reason).replace(f".{target.name}.trial", target.name)) from None


def load(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a table from a CSV file and check all of it.

    Args:
        path: a file that `save` wrote.

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
    text = _read_text(source)
    if not text.strip():
        raise ResultsError(f"{place} is empty; a results file begins with the names of columns")
    if not text.endswith("\n"):
        raise ResultsError(f"{place} is cut short: its last line has no end")
    try:
        # with a header pandas would rename a column that is there twice, and drop values from a
        # row that has too many; without one it refuses such a row
        lines = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False, header=None)
    except (ValueError, pd.errors.ParserError) as reason:
        first_line = str(reason).strip().splitlines()[0]
        raise ResultsError(f"{place} is not a CSV file of results: {first_line}") from None
    raw = lines[1:].set_axis(lines.iloc[0], axis="columns").reset_index(drop=True)
    return _convert(raw, place)


def _convert(table: pd.DataFrame, place: str) -> pd.DataFrame:
    return convert(table, choose_schema(table), place)


def _get_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _read_text(source: Path) -> str:
    place = state_path(source)
    try:
        if source.exists() and not source.is_file():
            raise ResultsError(f"cannot read {place}: it is no file; name a CSV file of results")
        size = source.stat().st_size
        if size > MOST_BYTES:
            raise ResultsError(
                f"{place} has {size:,} bytes; a results file has at most {MOST_BYTES:,}"
            )
        return source.read_bytes().decode("utf-8-sig")
    except OSError as reason:
        raise ResultsError(f"cannot read {place}: {reason.strerror or reason}") from None
    except UnicodeDecodeError as reason:
        raise ResultsError(
            f"{place} is not text in UTF-8 (byte {reason.start + 1:,}): save it as CSV UTF-8"
        ) from None
