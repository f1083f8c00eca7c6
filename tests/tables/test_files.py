import errno
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.tables import files as storage
from gil_demo.tables.files import load, save
from tests.made.runs import make_run


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Give a file as `save` writes it."""
    return save(make_run(), tmp_path / "run.csv")


# save and load


def test_a_saved_table_comes_back_equal(tmp_path: Path) -> None:
    odd = {"run_id": "007", "python_version": "3.10", "operating_system": "NA", "busy_percent": 0.0}
    for facts in ({"physical_cores": None}, {"recorded_on": 'a "small", café ☕'}, odd):
        table = make_run(**facts)
        path = save(table, tmp_path / "run.csv")  # which replaces the one before
        assert_frame_equal(load(path), table)
        assert list(tmp_path.iterdir()) == [path]


def test_a_file_may_have_windows_line_ends_a_byte_order_mark_and_columns_of_its_own(
    saved: Path,
) -> None:
    table = load(saved)
    header, *lines = saved.read_text(encoding="utf-8").splitlines()
    text = "\r\n".join([f"{header},note", *[f"{line},mine" for line in lines], ""])
    saved.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert_frame_equal(load(saved), table)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_a_saved_file_has_the_ordinary_permissions(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = save(make_run(), tmp_path / "run.csv")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


# writing that fails


def fill_the_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("place", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_scratch_file(
    saved: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    before = saved.read_bytes()
    owner: Any = os if place == "fsync" else Path
    monkeypatch.setattr(owner, place, fill_the_disk)
    with pytest.raises(ResultsError, match=r"cannot write .*run\.csv: No space left on device"):
        save(make_run(run_id="new"), saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_a_place_that_can_not_be_read_or_written_is_an_error_that_names_it(saved: Path) -> None:
    missing = saved.parent / "missing" / "run.csv"
    with pytest.raises(ResultsError, match=r"cannot write .*run\.csv: No such file or directory"):
        save(make_run(), missing)
    with pytest.raises(ResultsError, match=r"cannot read .*run\.csv: No such file or directory"):
        load(missing)
    for place in (saved / "run.csv", saved.parent):
        with pytest.raises(ResultsError, match="cannot write"):
            save(make_run(), place)
    assert list(saved.parent.iterdir()) == [saved]


def test_whether_a_file_can_be_written_is_found_out_without_touching_it(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, missing = saved.read_bytes(), saved.parent / "missing" / "run.csv"
    storage.check_writable(saved)
    storage.check_writable(saved.with_name("new.csv"))
    with pytest.raises(ResultsError, match=f"^cannot write {re.escape(str(missing))}: No such"):
        storage.check_writable(missing)
    with pytest.raises(ResultsError, match="it is a folder; name a file"):
        storage.check_writable(saved.parent)
    monkeypatch.setattr(os, "fsync", fill_the_disk)
    with pytest.raises(ResultsError, match=r"/run\.csv: No space left"):
        storage.check_writable(saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


# files that are no results


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda _: b" \n\n \n", "is empty"),
        (lambda text: text[:-1], "cut short"),
        (lambda text: text + b"".join(text.splitlines(True)[1:]), "not whole"),
        (lambda text: text + text, "row 25: experiment must be compare or scale"),
        (lambda _: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\n", "is not text in UTF-8 (byte 1)"),
        (lambda text: text.replace(b",", b";"), "lacks the columns run_id"),
        (lambda text: text.replace(b"CPython,True", b"CPython", 1), "row 1 has 26 values, not 27"),
        (lambda _: b"a" * 200_000 + b"\n", "is not a CSV file of results"),
    ],
)
def test_a_file_that_holds_no_whole_results_is_refused_by_name(
    saved: Path, change: Callable[[bytes], bytes], told: str
) -> None:
    content = change(saved.read_bytes())
    assert content != saved.read_bytes()
    saved.write_bytes(content)
    with pytest.raises(ResultsError) as caught:
        load(saved)
    assert str(caught.value).startswith(str(saved))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert saved.read_bytes() == content


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "MOST_BYTES", 1_000)
    monkeypatch.setattr(Path, "read_bytes", fill_the_disk)
    with pytest.raises(ResultsError, match=r"has [\d,]+ bytes; a results file has at most 1,000"):
        load(saved)
