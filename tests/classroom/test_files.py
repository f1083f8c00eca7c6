import os
import sys
from pathlib import Path

import pytest

from gil_demo import ResultsError
from gil_demo.classroom.files import MOST_FILE_BYTES, list_files, read_rows, read_sheet, show_text
from tests.made.runs import make_run
from tests.made.turns import make_slices

GOOD = make_run().to_csv(index=False)


def test_what_is_no_file_of_timed_runs_is_refused_with_the_reason(file: Path) -> None:
    for text, told in (
        (GOOD.replace("seconds,tear", "sec,tear"), "lacks the columns seconds$"),
        (GOOD.splitlines()[0] + "\n", "the file has no rows"),
        (GOOD.replace("Linux", "=cmd|' /C calc'!A0", 1), "row 1: operating_system begins"),
        (GOOD.replace("Linux", "<b>"), "operating_system holds what is no plain text"),
        (GOOD.replace("Linux", "a\x1b[2J"), "holds what is no plain text"),
        (GOOD.replace("Linux", "x" * 121), "operating_system has 121 letters"),
        (GOOD.replace("2026-11-22", "11/12/2026"), "measured_on is no date of the form .* Save As"),
        (GOOD.replace("3.13.0", "three"), "python_version is no version of Python"),
        (make_slices().to_csv(index=False), "it holds slices.*, not timed runs"),
        ("Name,Line\nanna,gil_demo; a=b; sum=0\n", "pasted: let its name end in .txt$"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ResultsError, match=told) as caught:
            read_sheet(file)
        assert "anna" not in str(caught.value)


def test_what_is_no_csv_file_of_an_ordinary_size_is_not_read(file: Path, tmp_path: Path) -> None:
    folder, other, sheet = (tmp_path / name for name in ("folder.csv", "notes.txt", "b.xlsx"))
    folder.mkdir()
    other.touch()
    sheet.touch()
    table = tmp_path / "anna.csv.txt"
    table.write_text(GOOD, encoding="utf-16")  # as Excel's "Unicode Text" is
    with pytest.raises(ResultsError, match=r"^it is a table: let its name end in \.csv$"):
        read_rows(table)
    file.touch()
    os.truncate(file, 10**9)  # of which the disk holds next to nothing
    size = f"1,000,000,000 bytes; .* at most {MOST_FILE_BYTES:,}"
    for path, told in (
        *((folder, "it is a folder"), (other, "it is no CSV file$"), (file, size)),
        (sheet, "it is no CSV file: .* in Excel: File > Save As"),
    ):
        with pytest.raises(ResultsError, match=told):
            read_sheet(path)
    for path in (file, tmp_path / "missing"):
        with pytest.raises(ResultsError, match="cannot read"):
            list_files(path)


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes as on Linux and macOS")
@pytest.mark.usefixtures("nothing_hangs")
def test_links_are_not_followed_and_pipes_are_not_waited_for(file: Path, tmp_path: Path) -> None:
    link, pipe = tmp_path / "link.csv", tmp_path / "pipe.csv"
    link.symlink_to(file)
    os.mkfifo(pipe)
    for path, told in ((link, "it is a link"), (pipe, "it is no file")):
        with pytest.raises(ResultsError, match=told):
            read_sheet(path)


def test_a_strangers_text_is_shown_as_text() -> None:
    assert show_text("zoë 2") == "zoë 2"
    assert show_text("=1+1") == "'=1+1"
    assert show_text("a\nb\x1b[31m") == "a\\x0ab\\x1b[31m"
    assert show_text("\u202egnp\udcff") == "\\u202egnp\\udcff"
    assert show_text(r"$x$ \(x\)") == r"\x24x\x24 \x5c(x\x5c)"
