"""A run in one line, which can be pasted into a form or a chat: written, and read again."""

import json
import math
import re
import zlib
from typing import Any
from urllib.parse import quote, unquote

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.classroom.files import check_texts
from gil_demo.classroom.table import CLASS
from gil_demo.measuring.runs import BASELINE, RUNS, summarise
from gil_demo.tables.schema import MACHINE, Schema

_TIMES = ["seconds", "start_up_seconds", "tear_down_seconds"]
_RATIOS = ["time_ratio", "time_ratio_low", "time_ratio_high"]
_WAY = ["runner", "workers", "start_method", *_TIMES, *_RATIOS]
_LINE = re.compile(r"gil_demo;(.*);sum=([0-9a-f]{8})")
_QUOTES = str.maketrans("“”„″", '""""')  # a chat's own, for those that were pasted
_TOLD = ("implementation", "gil_enabled", "operating_system", "architecture", "measured_on")


def write_line(table: pd.DataFrame) -> str:
    """Put one run of `compare` into a line, with a checksum at its end."""
    first = table.iloc[0]
    facts = {name: _show(first[name]) for name in ("run_id", "rounds", *MACHINE)}
    ways = summarise(table)[_WAY].itertuples(index=False)
    parts = [f"{name}={text}" for name, text in facts.items() if text]
    body = ";".join([*parts, *(f"way={','.join(map(_show, way))}" for way in ways)])
    return f"gil_demo;{body};sum={_sum(body)}".replace(";", "; ")


def _show(value: Any) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else quote(str(value), safe="")


def _sum(body: str) -> str:
    return f"{zlib.crc32(body.encode(errors='replace')):08x}"


def read_line(row: str) -> tuple[str, dict[str, list[str]]]:
    """Read a line that was pasted: the name that stands before it, and the texts of `CLASS`."""
    name, _, line = row.partition("gil_demo;")
    found = _LINE.match("gil_demo;" + "".join(line.split()))  # blanks get lost, and come
    if found is None:
        raise ResultsError("it is no whole line: copy all of it, from gil_demo to sum=")
    if _sum(found[1]) != found[2]:
        raise ResultsError("the line doesn't fit its checksum: it was changed on its way")
    pairs = [part.partition("=")[::2] for part in found[1].split(";")]
    facts = dict(pairs) | {"experiment": "class", "file": "pasted"}
    ways = [dict(zip(_WAY, text.split(","), strict=False)) for key, text in pairs if key == "way"]
    rows = [facts | way | _find_speeds(way) for way in ways]
    return name, _list_texts([{key: unquote(row[key]) for key in row} for row in rows], CLASS)


def _find_speeds(way: dict[str, str]) -> dict[str, str]:
    """Find what follows from times and ratios; what is no number is refused when it is checked."""
    seconds, start_up, tear_down = (_read_number(way.get(name, "")) for name in _TIMES)
    ratio, low, high = (_divide(1, _read_number(way.get(name, ""))) for name in _RATIOS)
    speeds = {"speed_up": ratio, "speed_up_low": high, "speed_up_high": low}
    speeds["cold_speed_up"] = _divide(ratio * seconds, seconds + start_up + tear_down)
    return {name: "" if math.isnan(speed) else repr(speed) for name, speed in speeds.items()}


def _read_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _divide(whole: float, part: float) -> float:
    return whole / part if part else math.nan


def _list_texts(rows: list[dict[str, Any]], schema: Schema) -> dict[str, list[str]]:
    """List the texts of each column, checked as those of a file are."""
    columns = {name: [str(row.get(name, "")) for row in rows] for name in schema.columns}
    for name, column in schema.columns.items():
        if column.kind == "text":
            check_texts(name, [text for text in columns[name] if text])
    return columns


def read_countdown(row: str) -> tuple[str, dict[str, list[str]]]:
    """Read what portable_countdown.py printed: the name before it, and the texts of `RUNS`."""
    text = row.translate(_QUOTES)
    if '{""' in text:  # a spreadsheet doubles them
        text = text.replace('""', '"')
    name, _, line = text.partition("{")
    try:
        told, _ = json.JSONDecoder().raw_decode(f"{{{line}")
        rows = _list_rounds(told, f"p{_sum(json.dumps(told, sort_keys=True))}")
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        told_so = "it is no whole line of portable_countdown.py: copy all of it"
        raise ResultsError(told_so) from None
    return name, _list_texts(rows, RUNS)


def _list_rounds(told: dict[str, Any], run_id: str) -> list[dict[str, object]]:
    facts = {name: told[name] for name in _TOLD} | {
        "run_id": run_id, "experiment": "compare", "workload": "countdown", "tasks": 2,
        "count": told["steps"], "rounds": len(told["rounds"][BASELINE]), "position": 1,
        "stopped_by": "budget", "python_version": told["version"],
        "busy_percent": "" if told["busy_percent"] is None else told["busy_percent"],
        **dict.fromkeys(("usable_cores", "logical_cores"), told["cores"]),
        **dict.fromkeys(("start_up_seconds", "tear_down_seconds"), 0),
    }  # fmt: skip
    own: dict[str, dict[str, object]] = {BASELINE: {"workers": 1}, "threads": {"workers": 2}}
    own["processes"] = {
        "workers": 2, "start_method": told["start_method"],
        "start_up_seconds": told["start_up"], "tear_down_seconds": told["tear_down"],
    }  # fmt: skip
    return [
        {**facts, **own[way], "runner": way, "round": number, "seconds": seconds}
        for way, times in told["rounds"].items()
        for number, seconds in enumerate(times, start=1)
    ]
