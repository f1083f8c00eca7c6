import errno
import os
import re
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from pandas.testing import assert_frame_equal

from gil_demo import ResultsError, load
from gil_demo.tables import files as storage
from gil_demo.tables.files import check_writable, save
from tests.conftest import needs_signals
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
def test_a_saved_file_has_the_ordinary_permissions(saved: Path) -> None:
    before = os.umask(0o027)
    try:
        save(make_run(), saved)
    finally:
        os.umask(before)
    assert saved.stat().st_mode & 0o777 == 0o640


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
