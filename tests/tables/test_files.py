import csv
import errno
import io
import os
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo import ResultsError, load
from gil_demo.classroom.files import read_sheet
from gil_demo.measuring.runs import RUNS
from gil_demo.tables import files as storage
from gil_demo.tables.files import check_writable, save, undo_spreadsheet
from gil_demo.tables.kinds import KINDS, choose_schema
from gil_demo.tables.schema import SHARES, convert
from tests.conftest import needs_signals
from tests.made.kinds import make_once
from tests.made.runs import make_run

FULL = Mock(side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save(make_run(), tmp_path / "run.csv")


def test_a_saved_table_comes_back_equal_even_if_another_program_wrote_it_again(saved: Path) -> None:
    odd = {"run_id": "007", "python_version": "3.10", "operating_system": "NA", "busy_percent": 0.0}
    for facts in ({"physical_cores": None}, {"recorded_on": 'a "small", café ☕'}, odd):
        table = make_run(**facts)
        save(table, saved)  # which replaces the one before
        assert_frame_equal(load(saved), table)
        assert list(saved.parent.iterdir()) == [saved]
        header, *lines = saved.read_text(encoding="utf-8").splitlines()
        text = "\r\n".join([f"{header},note", *[f"{line},mine" for line in lines], ""])
        saved.write_bytes(b"\xef\xbb\xbf" + text.encode())  # after a byte order mark
        assert_frame_equal(load(saved), table)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_a_saved_file_has_the_ordinary_permissions_where_its_folder_knows_any(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o027)
    try:
        save(make_run(), saved)
    finally:
        os.umask(before)
    assert saved.stat().st_mode & 0o777 == 0o640
    monkeypatch.setattr(Path, "chmod", Mock(side_effect=OSError(errno.ENOTSUP, "not here")))
    save(make_run(run_id="new"), saved)
    assert set(load(saved)["run_id"]) == {"new"}


def test_a_trial_of_a_place_and_a_full_disk_leave_the_old_file_and_no_scratch_file(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_writable(saved)
    check_writable(saved.with_name("new.csv"))
    before, full = saved.read_bytes(), r"cannot write .*\brun\.csv: No space left on device"
    for owner, place in ((os, "fsync"), (Path, "replace")):
        monkeypatch.setattr(owner, place, FULL)
        with pytest.raises(ResultsError, match=full):
            save(make_run(run_id="new"), saved)
        with pytest.raises(ResultsError, match=full):
            check_writable(saved)
        monkeypatch.undo()
    monkeypatch.setattr(storage, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(Path, "open", FULL)  # of what a spreadsheet has open
    with pytest.raises(ResultsError, match=full):
        check_writable(saved)
    monkeypatch.undo()
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts the letters of whole paths")
def test_a_name_may_be_as_long_as_the_system_takes_it(tmp_path: Path) -> None:
    target = tmp_path / f"{'x' * 251}.csv"
    check_writable(target)
    assert save(make_run(), target).is_file()
    with pytest.raises(ResultsError, match=r"cannot write .*: File name too long"):
        check_writable(target.with_stem("x" * 252))
    assert list(tmp_path.iterdir()) == [target]


@needs_signals
def test_through_a_link_its_file_is_written_and_a_pipe_is_not_replaced(saved: Path) -> None:
    folder = saved.parent / "folder"
    folder.mkdir()
    for name in (saved.name, "new.csv"):
        link = folder / name
        link.symlink_to(Path("..", name))
        check_writable(link)
        assert save(make_run(run_id="linked"), link) == link
        assert link.is_symlink()
        assert set(load(saved.with_name(name))["run_id"]) == {"linked"}
    pipe = saved.with_name("pipe.csv")
    os.mkfifo(pipe)
    told = r"cannot write .*\bpipe\.csv: it is a pipe or a device; name a file"
    for write in (check_writable, partial(save, make_run())):
        with pytest.raises(ValueError, match=told):
            write(pipe)
    assert pipe.is_fifo()


def test_a_file_that_holds_no_whole_results_is_refused_by_name_and_too_large_a_one_unread(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = saved.read_bytes()
    for content, told in (
        (b" \n\n \n", "is empty"),
        (text[:-1], "cut short"),
        (text + text, "row 25: experiment must be compare or scale"),
        (b";;;\r\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\n", "is not text in UTF-8 (byte 1): use the file"),
        (text.replace(b"count,", b"round,", 1), "has the columns round more than once"),
        (text.replace(b"CPython,True", b"CPython", 1), "row 1 has 28 values, not 29"),
        (b"a" * 200_000 + b"\n", "is not a CSV file of results"),
    ):
        saved.write_bytes(content)
        with pytest.raises(ResultsError, match=rf"^{re.escape(str(saved))}.*{re.escape(told)}.*\Z"):
            load(saved)
        assert saved.read_bytes() == content
    monkeypatch.setattr(storage, "MOST_BYTES", 1_000)
    monkeypatch.setattr(Path, "read_bytes", FULL)
    with pytest.raises(ResultsError, match=r"has [\d,]+ bytes; a results file has at most 1,000"):
        load(saved)


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


# what plots a file, and what gathers those of a class
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
