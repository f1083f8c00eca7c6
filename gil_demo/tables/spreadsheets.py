"""What a spreadsheet makes of a file that it saves again, undone where that has one meaning."""

import datetime
import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from gil_demo.checks import ResultsError
from gil_demo.tables.schema import Schema

WAY_OUT = (
    "use the file as it was first saved, or in Excel: File > Save As > CSV UTF-8 (Comma delimited)"
)
_TRUTHS = dict.fromkeys(("TRUE", "WAHR", "VRAI", "VERDADERO", "VERO"), "True")
_TRUTHS |= dict.fromkeys(("FALSE", "FALSCH", "FAUX", "FALSO"), "False")
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
_VERSION = re.compile(r"0?(\d)\.(\d\d?)\.(?:20)?(\d\d)")
_DECIMAL = re.compile(r"^(-?\d+),(\d+(?:E[+-]?\d+)?)$")


def undo(columns: dict[str, list[str]], schema: Schema, place: str, separator: str) -> None:
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


def _restore_truth(text: str) -> str:
    return _TRUTHS.get(text, text)


def _restore_version(text: str) -> str:
    """Return 3.11.7 for 03.11.2007, which a German spreadsheet makes of it."""
    found = _VERSION.fullmatch(text)
    return ".".join(str(int(part)) for part in found.groups()) if found else text


@lru_cache  # files of a class share a few dates
def _restore_date(text: str) -> str:
    """Return a date as year-month-day, unless it may be one of two days."""
    days = set()
    for form in _DATES:
        with suppress(ValueError):
            days.add(datetime.datetime.strptime(text, form).date().isoformat())
    return days.pop() if len(days) == 1 else text


_RESTORERS: dict[str, Callable[[str], str]] = {
    "yes_no": _restore_truth, "measured_on": _restore_date,
    "python_version": _restore_version, "version": _restore_version,
}  # fmt: skip
