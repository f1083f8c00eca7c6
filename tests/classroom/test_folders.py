import os
import sys
from pathlib import Path

import pytest

from gil_demo.checks import ResultsError
from gil_demo.classroom.files import MOST_FILE_BYTES, list_files, read_sheet, show_text
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.schema import make_table
from tests.conftest import make_rows
from tests.made.turns import make_slices

GOOD = make_table(make_rows(), RUNS).to_csv(index=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "anna.csv"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_a_file_is_read_as_the_texts_of_its_columns(file: Path) -> None:
    sheet = read_sheet(file)
    assert list(sheet.columns) == list(RUNS.columns)
    assert sheet.columns["runner"][:3] == ["sequential", "threads", "processes"]
    assert sheet.size == len(GOOD)


def test_a_file_may_come_from_windows_and_from_the_first_version_of_the_set(file: Path) -> None:
    old = make_table(make_rows(), RUNS).drop(columns="workload").to_csv(index=False)
    file.write_bytes(b"\xef\xbb\xbf" + old.replace("\n", "\r\n").encode())
    assert set(read_sheet(file).columns["workload"]) == {"countdown"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (GOOD[:-1].encode(), "it is cut short"),
        (GOOD.encode("utf-16"), r"not text in UTF-8 \(byte 1\)"),
        (GOOD.replace("Linux", "Linüx").encode("latin-1"), "not text in UTF-8"),
        (GOOD.replace(",", ";").encode(), "parted by semicolons"),
        (GOOD.replace("seconds,tear", "sec,tear").encode(), "lacks the columns seconds$"),
        (GOOD.replace("count,", "count,note,").encode(), "row 1 has 27 values, not 28"),
        (GOOD.replace("busy_percent", "count").encode(), "lacks the columns busy_percent"),
        ((GOOD.splitlines()[0] + "\n").encode(), "it has no rows"),
        (GOOD.replace("Linux", '"Linux').encode(), "no CSV file of results"),
        (GOOD.replace("Linux", "=cmd|' /C calc'!A0", 1).encode(), "row 1: operating_system begins"),
        (GOOD.replace("Linux", "@SUM(1)").encode(), "begins as a spreadsheet's formula does"),
        (GOOD.replace("Linux", "<b>").encode(), "operating_system holds what is no plain text"),
        (GOOD.replace("Linux", "a\x1b[2J").encode(), "holds what is no plain text"),
        (GOOD.replace("Linux", "x" * 200).encode(), "operating_system has 200 letters"),
        (GOOD.replace("2026-11-22", "22.11.2026").encode(), "measured_on is no date of the form"),
        (GOOD.replace("3.13.0", "three").encode(), "python_version is no version of Python"),
        (make_slices().to_csv(index=False).encode(), "it holds slices.*, not timed runs"),
    ],
)
def test_what_is_no_file_of_timed_runs_is_refused_with_the_reason(
    file: Path, content: bytes, told: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(ResultsError, match=told) as caught:
        read_sheet(file)
    assert "anna" not in str(caught.value)


def test_a_column_that_is_there_twice_is_refused(file: Path) -> None:
    table = make_table(make_rows(), RUNS)
    table.insert(0, "count", table["count"], allow_duplicates=True)
    file.write_text(table.to_csv(index=False), encoding="utf-8")
    with pytest.raises(ResultsError, match="has the columns count more than once"):
        read_sheet(file)


def test_a_file_of_a_gigabyte_is_not_read(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.truncate(10**9)  # of which the disk holds next to nothing
    with pytest.raises(ResultsError, match=f"1,000,000,000 bytes; .* at most {MOST_FILE_BYTES:,}"):
        read_sheet(file)


def test_neither_links_nor_folders_nor_other_kinds_are_read(file: Path, tmp_path: Path) -> None:
    link, folder, other = tmp_path / "link.csv", tmp_path / "folder.csv", tmp_path / "notes.txt"
    folder.mkdir()
    other.write_text(GOOD, encoding="utf-8")
    for path, told in ((folder, "it is a folder"), (other, "it is no CSV file")):
        with pytest.raises(ResultsError, match=told):
            read_sheet(path)
    try:
        link.symlink_to(file)
    except OSError:
        pytest.skip("this system allows no links here")
    with pytest.raises(ResultsError, match="it is a link"):
        read_sheet(link)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
@pytest.mark.usefixtures("nothing_hangs")
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ResultsError, match="it is no file"):
        read_sheet(tmp_path / "pipe.csv")


def test_names_are_listed_in_the_order_of_the_alphabet(tmp_path: Path) -> None:
    for name in ("b.csv", "A.csv", "c.txt"):
        (tmp_path / name).touch()
    assert list_files(tmp_path) == ["A.csv", "b.csv", "c.txt"]


def test_what_is_no_folder_is_refused(file: Path) -> None:
    for path in (file, file.parent / "missing"):
        with pytest.raises(ResultsError, match="cannot read"):
            list_files(path)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("anna", "anna"),
        ("zoë 2", "zoë 2"),
        ("=1+1", "'=1+1"),
        ("-anna", "'-anna"),
        ("a\nb\x1b[31m", "a\\x0ab\\x1b[31m"),
        ("\u202egnp", "\\u202egnp"),
        ("\udcff", "\\udcff"),
        ("$x$", "\\x24x\\x24"),
        (r"\(x\)", r"\x5c(x\x5c)"),
    ],
)
def test_a_strangers_text_is_shown_as_text(text: str, shown: str) -> None:
    assert show_text(text) == shown
    assert show_text(text).isprintable()
