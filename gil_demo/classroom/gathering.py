"""A class's files put together: each read or named with the reason, and each machine once."""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.checks import ResultsError, check_path, state_path
from gil_demo.classroom.files import list_files, read_rows, read_sheet, show_text
from gil_demo.classroom.lines import read_countdown, read_line
from gil_demo.classroom.table import CLASS
from gil_demo.measuring.runs import BASELINE, RUNS, VARIANT, summarise_each
from gil_demo.tables.schema import MACHINE, Schema, convert, list_rows

READ, SET_ASIDE, LEFT_OUT = "read", "set aside", "left out"
UNNAMED = "threads-versus-processes"  # as the set itself begins the name of a file: nobody's
_EXPERIMENTS = ("compare", "scale")
_MOST_LETTERS, _MOST_NAME = 200, 60
_ROW = ", row "
# what a chat or a form puts before a name, such as "[27.11.2026, 10:15] "
_MOMENT = re.compile(
    r"\W?\d{1,4}([./-])\d{1,2}\1\d{2,4},? \d{1,2}:\d\d(:\d\d)?( [AP]M)?( GMT[+-]\d+)?\W+",
    re.IGNORECASE,
)
Sheets = dict[int, dict[str, list[str]]]


class Gathered(NamedTuple):
    """A class: its table, and what became of each file."""

    table: pd.DataFrame  # a row for each way of running on each machine; see `CLASS`
    files: pd.DataFrame  # for each file: file, state (read, set aside or left out) and reason

    def __repr__(self) -> str:
        told = [f"{row.file}: {row.state}: {row.reason}" for row in list_rows(self._pick_told())]
        return "\n".join([self._count(), *told])

    def _repr_html_(self) -> str:
        # mark-up in names of files is escaped, and what looks like a formula isn't typeset
        with pd.option_context("display.html.use_mathjax", False, "display.max_colwidth", None):
            shown = self._pick_told().to_html(index=False, max_rows=60, border=0)
        return f"<p>{self._count()}</p>{shown}"

    def _pick_told(self) -> pd.DataFrame:
        return self.files[self.files["reason"] != ""]

    def _count(self) -> str:
        rows = " and rows" * bool(self.files["file"].str.contains(_ROW).any())
        return f"Files{rows} read: {(self.files['state'] == READ).sum():,} of {len(self.files):,}."


class _Report:
    """What became of each file and row, by its number in the list of names."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.owners: list[str] = []  # a row's is the name that stands in it
        self.fates: list[tuple[str, str]] = []

    def add(self, name: str) -> int:
        """Take in what can be read, until something else is noted, and return its number."""
        self.names.append(name)
        self.owners.append(name)
        self.fates.append((READ, ""))
        return len(self.names) - 1

    def note(self, number: int, state: str, reason: str) -> None:
        shown = show_text(reason)
        is_long = len(shown) > _MOST_LETTERS
        self.fates[number] = (state, f"{shown[:_MOST_LETTERS]}..." if is_long else shown)

    def tabulate(self) -> pd.DataFrame:
        rows = [(show_text(name), *fate) for name, fate in zip(self.names, self.fates, strict=True)]
        return pd.DataFrame(rows, columns=["file", "state", "reason"])


def gather(folder: str | os.PathLike[str]) -> Gathered:
    """Put the results files of a folder together, and say what became of each.

    Every file is read whole and checked, or named with the reason. In a text (.txt) each row is a
    line that `python -m gil_demo` or portable_countdown.py printed at its end, with a name before
    it if you like; a date and a time there are none of it. The runs of `compare` and `scale` count,
    of this version of the set or an older one. Folders inside the folder are not entered, links are
    not followed, and hidden files, whose names begin with a dot, are passed over. A run that is
    there twice counts once. Of several runs of one machine under one name, in the same ways, the
    last counts; names count as one that differ in a date and time or a number in brackets, such as
    "anna.csv" and "anna (1).csv". The name that the set itself gives to a file is nobody's.

    Args:
        folder: the folder with the files; their names are all that is kept of their owners.

    Returns:
        The class's table, and a table of the files, and the rows of texts.

    Raises:
        TypeError: the folder is neither a text nor a path.
        ValueError: no folder can have such a name.
        ResultsError: it is no folder, holds too many files, or none that can be read.
    """
    place = check_path("folder", folder)
    report = _Report()
    summary = _sum_up(place, report)
    if summary.empty:
        first = [f"{row.file}: {row.reason}" for row in list_rows(report.tabulate().head(3))]
        told = f" ({'; '.join(first)[:_MOST_LETTERS]})" if first else ""
        raise ResultsError(f"{state_path(place)} holds no file of timed runs{told}")
    summary["name"] = [report.owners[number] for number in summary["number"]]
    spares = find_spares(summary)
    _note_spares(summary, spares, report)
    kept = summary[~summary["key"].isin(list(spares))]
    stems = [show_text(re.sub(r"(?i)\.csv$", "", name))[:_MOST_LETTERS] for name in kept["name"]]
    table = convert(kept.assign(experiment="class", file=stems), CLASS, "the class's table")
    return Gathered(table.reset_index(drop=True), report.tabulate())


def _read_all(folder: Path, report: _Report) -> tuple[Sheets, Sheets]:
    """Read the runs of files, and those that were summed up before they were pasted."""
    sheets: Sheets = {}
    pasted: Sheets = {}
    for name in list_files(folder):
        try:
            if not name.lower().endswith(".txt"):
                sheet = read_sheet(folder / name)
                sheets[report.add(name)] = sheet
                continue
            rows = read_rows(folder / name)
        except ResultsError as reason:
            report.note(report.add(name), LEFT_OUT, str(reason))
            continue
        for row, text in rows:
            number = report.add(f"{name}{_ROW}{row}")
            try:
                if "{" in text and "gil_demo;" not in text:
                    owner, sheets[number] = read_countdown(text)
                else:
                    owner, pasted[number] = read_line(text)
            except ResultsError as reason:
                report.note(number, LEFT_OUT, str(reason))
            else:
                owner = _MOMENT.sub("", owner, count=1).strip(' \t,:;"')[:_MOST_NAME]
                is_name = any(map(str.isalnum, owner))  # and no "- " or "> "
                report.owners[number] = owner if is_name else f"{name[:-4]} {row}"
    return sheets, pasted


def _sum_up(folder: Path, report: _Report) -> pd.DataFrame:
    """Sum up the runs of files and lines; `key` tells a run, `number` its file or row."""
    sheets, pasted = _read_all(folder, report)
    summaries = _sum_up_sheets(sheets, report) + _convert_together(pasted, CLASS, report)
    if not summaries:
        return pd.DataFrame()
    summary = pd.concat(summaries, ignore_index=True)
    parts = summary["run_id"].str.split(" ", n=1, expand=True)
    summary = summary.assign(key=summary["run_id"], number=parts[0].astype(int), run_id=parts[1])
    return summary[~summary["number"].isin(_note_implausible(summary, report))]


def _sum_up_sheets(sheets: Sheets, report: _Report) -> list[pd.DataFrame]:
    """Check files together, and sum up their runs, if there are any."""
    tables = _convert_together(sheets, RUNS, report)
    if not tables:
        return []
    table = pd.concat(tables, ignore_index=True)
    held = table["run_id"][table["runner"] == BASELINE].unique()
    kept = table[table["experiment"].isin(_EXPERIMENTS) & table["run_id"].isin(held)]
    _note_others(table, kept, report)
    if kept.empty:
        return []
    facts = kept.drop_duplicates("run_id")[["run_id", *MACHINE]]
    return [summarise_each(kept).merge(facts, on="run_id", validate="many_to_one")]


def _convert_together(sheets: Sheets, schema: Schema, report: _Report) -> list[pd.DataFrame]:
    """Check sheets together, which is quick; where that fails, each half of them apart."""
    if not sheets:
        return []
    columns: dict[str, list[str]] = {name: [] for name in schema.columns}
    for number, sheet in sheets.items():
        for name, values in sheet.items():
            is_key = name == "run_id"
            columns[name] += [one and f"{number} {one}" for one in values] if is_key else values
    try:
        place = "the file" if schema is RUNS else "the line"
        return [convert(pd.DataFrame(columns), schema, place)]
    except ResultsError as reason:
        if len(sheets) == 1:
            report.note(number, LEFT_OUT, str(reason).replace(f"run {number} ", "run "))
            return []
    files, half = [*sheets.items()], len(sheets) // 2
    halves = (dict(files[:half]), dict(files[half:]))
    return [table for part in halves for table in _convert_together(part, schema, report)]


def _note_others(table: pd.DataFrame, kept: pd.DataFrame, report: _Report) -> None:
    others = table[~table["run_id"].isin(kept["run_id"].unique())].drop_duplicates("run_id")
    held = {key.split(" ")[0] for key in kept["run_id"].unique()}
    for row in list_rows(others):
        number = row.run_id.split(" ")[0]
        fault = f"a run of {row.experiment}, not of {' or '.join(_EXPERIMENTS)}"
        if row.experiment in _EXPERIMENTS:
            fault = "no sequential rounds to hold the others against"
        state, where = (READ, "beside others it") if number in held else (LEFT_OUT, "it")
        report.note(int(number), state, f"{where} has {fault}")


def _note_implausible(summary: pd.DataFrame, report: _Report) -> set[int]:
    """Note the files whose figures no machine gives, or that lack some; return their numbers."""
    ends = summary["time_ratio_low"].lt(1e-6) | summary["time_ratio_high"].gt(1e6)
    starts = summary[["start_up_seconds", "tear_down_seconds"]]
    faults = {
        "{0.runner} took {0.time_ratio_low:.3g} to {0.time_ratio_high:.3g} × as long as the plain "
        "loop, which no machine does": ends,
        "{0.runner} took {0.start_up_seconds:.3g} s to start, {0.seconds:.3g} s to work and "
        "{0.tear_down_seconds:.3g} s to end, which no machine does": (
            ~summary["cold_speed_up"].between(1e-6, 1e6)
        ),
        "it doesn't say how long {0.runner} took to start or to end": starts.isna().any(axis=1),
        "{0.runner} took {0.time_ratio:.3g} × as long as the plain loop, which no machine does": (
            ~summary["time_ratio"].between(1e-3, 1e3)
        ),
        "{0.usable_cores:,} cores are more than a machine has": summary["usable_cores"] > 4_096,
    }
    odd: set[int] = set()
    for told, is_so in faults.items():
        for row in list_rows(summary[is_so]):
            report.note(row.number, LEFT_OUT, told.format(row))
            odd.add(row.number)
    return odd


def _note_spares(summary: pd.DataFrame, spares: dict[str, str], report: _Report) -> None:
    for number, own in summary.drop_duplicates("key").groupby("number"):
        if reasons := [spares[key] for key in own["key"] if key in spares]:
            state = SET_ASIDE if len(reasons) == len(own) else READ
            told = "" if state == SET_ASIDE else f"{len(reasons)} of {len(own)} runs set aside: "
            report.note(int(str(number)), state, told + reasons[0])


# runs that are there twice, and runs that were done again
_NAME = re.compile(r"(.+?)(?:[-_ ]?(\d{8}-\d{6}))?(?: ?\((\d{1,6})\))?(?:\.csv)?", re.IGNORECASE)
_SAME_MACHINE = [
    *("python_version", "implementation", "gil_enabled", "operating_system", "architecture"),
    *("usable_cores", "logical_cores", "cores_limited_by"),
]


def find_spares(summary: pd.DataFrame) -> dict[str, str]:
    """Find the runs of a class that another run stands for, by their keys, with the reasons."""
    figures = summary[["seconds", "time_ratio"]].map("{:.4g}".format)  # as in a line
    rows = pd.Series(summary[VARIANT].join(figures).itertuples(index=False, name=None))
    told = {key: (*own,) for key, own in rows.groupby([*summary["key"]])}
    spares: dict[str, str] = {}
    first: dict[str, Any] = {}
    again: dict[Any, list[Any]] = {}
    for run in list_rows(summary.drop_duplicates("key")):
        other, owner = first.setdefault(run.run_id, run), read_name(run.name)[0]
        if other is not run:
            is_same = told[run.key] == told[other.key]
            fault = "the same run" if is_same else "a run of the same id, but not alike,"
            spares[run.key] = f"{fault} is in {show_text(other.name)}"
        elif owner != UNNAMED:
            ways = tuple(row[: len(VARIANT)] for row in told[run.key])
            machine = (str(getattr(run, fact)) for fact in _SAME_MACHINE)
            again.setdefault((owner, ways, *machine), []).append(run)
    for alike in again.values():
        *earlier, last = sorted(alike, key=lambda run: (run.measured_on, *read_name(run.name)[1:]))
        why = f"measured again later: {show_text(last.name)} counts"
        spares |= {run.key: why for run in earlier}
    return spares


def read_name(name: str) -> tuple[str, str, int]:
    """Read what the name of a file says of whose it is, of which moment, and which copy."""
    found = _NAME.fullmatch(name)
    if found is None:  # a line break, for one
        return name.casefold(), "", 0
    return found[1].casefold(), found[2] or "", int(found[3] or 0)
