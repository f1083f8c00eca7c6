"""Files that a spreadsheet saved again, at both doors: what plots one, and what gathers a class."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo import ResultsError, load, save
from gil_demo.classroom.files import read_sheet
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.files import undo_spreadsheet
from gil_demo.tables.kinds import KINDS, choose_schema
from gil_demo.tables.schema import SHARES, convert
from tests.made.kinds import make_once
from tests.made.runs import make_run

ENGLISH = {"True": "TRUE", "False": "FALSE", "2026-11-22": "11/22/2026"}
GERMAN = {
    "True": "WAHR", "False": "FALSCH", "2026-11-22": "22.11.2026", "3.11.7": "03.11.2007",
}  # fmt: skip


def save_again(
    table: pd.DataFrame, file: Path, words: dict[str, str], separator: str, encoding: str
) -> None:
    """Write a table as a spreadsheet does that puts words of its own in the place of some."""
    save(table, file)
    header, *rows = csv.reader(io.StringIO(file.read_text(encoding="utf-8")))
    columns = choose_schema(table).columns
    is_number = [columns[name].kind not in ("text", "yes_no") for name in header]
    mark = "." if separator == "," else ","
    cells = [
        [one.replace(".", mark).upper() if number else words.get(one, one) for one, number in pairs]
        for pairs in (zip(row, is_number, strict=True) for row in rows)
    ]
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator).writerows([header, *cells, [""] * len(header)])
    file.write_bytes(stream.getvalue().encode(encoding))


def load_sheet(file: Path) -> pd.DataFrame:
    return convert(pd.DataFrame(read_sheet(file)), RUNS, "the file")


both_doors = pytest.mark.parametrize("door", [load, load_sheet])
Door = Callable[[Path], pd.DataFrame]


@pytest.mark.parametrize("name", KINDS)
def test_what_a_spreadsheet_saved_again_is_the_table_that_it_was(name: str, file: Path) -> None:
    save_again(make_once(name), file, GERMAN, ";", "utf-8-sig")
    assert_frame_equal(load(file), make_once(name))


@both_doors
def test_a_run_comes_back_whole_at_both_doors(door: Door, file: Path) -> None:
    table = make_run(python_version="3.11.7", busy_percent=3.9, recorded_on="a café, 1,5 m wide")
    table["start_up_seconds"] /= 1e6  # written as 1,23E-05
    for words, separator, encoding in (
        *((ENGLISH, ",", "utf-8"), (ENGLISH, "\t", "utf-16")),
        *((GERMAN, ";", "utf-8-sig"), (GERMAN, "\t", "utf-8-sig")),
    ):
        save_again(table, file, words, separator, encoding)
        assert_frame_equal(door(file), table)
    file.write_bytes(file.read_bytes().replace(b"\r\n", b"\r"))  # "CSV (Macintosh)"
    assert_frame_equal(door(file), table)


@both_doors
def test_a_file_of_the_first_version_of_the_set_is_one_of_countdowns(
    door: Door, file: Path
) -> None:
    make_run().drop(columns=["workload", *SHARES]).to_csv(file, index=False)
    assert_frame_equal(door(file), make_run())


@both_doors
def test_what_may_mean_two_things_is_refused_with_its_row_and_the_way_out(
    door: Door, file: Path
) -> None:
    save(make_run(count=4_000), file)
    plain = file.read_text()
    save_again(make_run(count=4_000), file, GERMAN, ";", "utf-8")
    german = file.read_text()
    for text, told in (
        (
            plain.replace(",4000,", ',"4,000",', 1),
            "row 1: count .* decimal point, not '4,000': use",
        ),
        (german.replace(";4000;", ";4.000;", 1), "row 1: count .* decimal comma, not '4.000': use"),
        (
            german.replace("WAHR", "JA", 1),
            "row 1: gil_enabled must be True or False, not 'JA': use",
        ),
        (german.replace(";4000;", ";1,2,3;", 1), "row 1: count must be a whole .*, not '1,2,3'"),
    ):
        file.write_text(text)
        with pytest.raises(ResultsError, match=told):
            door(file)


def undo_one(name: str, shown: str) -> str:
    """Return what becomes of a text that a spreadsheet shows in a column."""
    columns = {name: [shown]}
    undo_spreadsheet(columns, RUNS, "the file", ",")
    return columns[name][0]


@pytest.mark.parametrize(
    ("shown", "day"),
    [
        ("22.11.2026", "2026-11-22"),
        ("05.11.2026", "2026-11-05"),
        ("11/22/2026", "2026-11-22"),
        ("22/11/2026", "2026-11-22"),
        ("11/11/2026", "2026-11-11"),
        ("2026/11/5", "2026-11-05"),
        ("5/11/2026", "5/11/2026"),
        ("22/11/26", "22/11/26"),
        ("31.11.2026", "31.11.2026"),
    ],
)
def test_a_date_is_read_where_it_can_be_of_one_day_only(shown: str, day: str) -> None:
    assert undo_one("measured_on", shown) == day


def test_a_version_that_was_taken_for_a_date_is_one_again() -> None:
    for shown in ("3.11.7", "03.11.2007", "3.11.2007", "03.11.07"):
        assert undo_one("python_version", shown) == "3.11.7"
    for version in ("3.9.18", "2.7.18", "3.13.0", "3.15.0a2"):
        assert undo_one("python_version", version) == version
