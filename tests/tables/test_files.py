import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.measuring.runs import RUNS
from gil_demo.tables import files as storage
from gil_demo.tables.files import load, save
from tests.made.runs import make_run


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("once") / "run.csv"
    return save(make_run(), file).read_bytes()


@pytest.fixture
def saved(content: bytes, tmp_path: Path) -> Path:
    """Give a file as `save` writes it."""
    path = tmp_path / "run.csv"
    path.write_bytes(content)
    return path


def change_cell(file: Path, column: str, value: str, row: int = 1) -> None:
    """Put another text in one cell of a file, row 1 being the first below the header."""
    lines = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines()]
    lines[row][list(RUNS.columns).index(column)] = value
    file.write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")


def change_column(file: Path, column: str, value: str) -> None:
    for row in range(1, len(file.read_text(encoding="utf-8").splitlines())):
        change_cell(file, column, value, row)


# save and load


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"physical_cores": None},
        {"recorded_on": 'a "small", old computer'},
        {"recorded_on": "café ☕"},
        {"run_id": "007", "python_version": "3.10", "operating_system": "NA"},
        {"gil_enabled": False, "cores_limited_by": "quota", "busy_percent": 0.0},
    ],
)
def test_a_saved_table_comes_back_equal(tmp_path: Path, facts: dict[str, Any]) -> None:
    table = make_run(**facts)
    path = save(table, tmp_path / "run.csv")
    assert path == tmp_path / "run.csv"
    assert_frame_equal(load(path), table)


def test_a_file_may_have_windows_line_ends_a_byte_order_mark_and_columns_of_its_own(
    saved: Path,
) -> None:
    table = load(saved)
    header, *lines = saved.read_text(encoding="utf-8").splitlines()
    text = "\r\n".join([f"{header},note", *[f"{line},mine" for line in lines], ""])
    saved.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert_frame_equal(load(saved), table)


def test_saving_over_a_file_replaces_it(saved: Path) -> None:
    other = make_run(run_id="other")
    save(other, saved)
    assert_frame_equal(load(saved), other)
    assert [path.name for path in saved.parent.iterdir()] == ["run.csv"]


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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")
def test_a_file_that_may_not_grow_is_one_error_and_nothing_half_written(saved: Path) -> None:
    before = saved.read_bytes()
    script = (
        "import resource, signal, sys\n"
        "from gil_demo import load, save\n"
        "from gil_demo.checks import ResultsError\n"
        "table = load(sys.argv[1])\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
        "try:\n"
        "    save(table, sys.argv[1])\n"
        "except ResultsError as reason:\n"
        "    print(reason)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(saved)],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert answer.stdout == f"cannot write {saved}: {os.strerror(errno.EFBIG)}\n"
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_a_place_that_can_not_be_written_is_a_results_error_that_names_it(saved: Path) -> None:
    with pytest.raises(ResultsError, match=r"cannot write .*run\.csv: No such file or directory"):
        save(make_run(), saved.parent / "missing" / "run.csv")
    for place in (saved / "run.csv", saved.parent):
        with pytest.raises(ResultsError, match="cannot write"):
            save(make_run(), place)
    assert list(saved.parent.iterdir()) == [saved]


def test_a_table_of_another_kind_is_not_saved(tmp_path: Path) -> None:
    for table in (pd.DataFrame({"a": [1]}), pd.DataFrame(), None, [1]):
        with pytest.raises(ResultsError, match=r"the table (is no table|must be)"):
            save(table, tmp_path / "run.csv")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_whether_a_file_can_be_written_is_found_out_without_touching_it(saved: Path) -> None:
    before = saved.read_bytes()
    storage.check_writable(saved)
    storage.check_writable(saved.with_name("new.csv"))
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_what_cannot_be_written_is_named_by_the_name_that_was_given(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = saved.parent / "missing" / "run.csv"
    with pytest.raises(ResultsError) as caught:
        storage.check_writable(missing)
    assert str(caught.value).startswith(f"cannot write {missing}: ")
    with pytest.raises(ResultsError, match="it is a folder; name a file"):
        storage.check_writable(saved.parent)
    monkeypatch.setattr(os, "fsync", fill_the_disk)
    with pytest.raises(ResultsError, match="No space left"):
        storage.check_writable(saved)
    assert list(saved.parent.iterdir()) == [saved]


# files that are no results


def test_a_missing_file_is_a_results_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"cannot read .*none\.csv: No such file or directory"):
        load(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda _: b"", "is empty"),
        (lambda _: b" \n\n \n", "is empty"),
        (lambda text: text[:-1], "cut short"),
        (lambda text: text[: text.index(b"\n") + 1], "has no rows"),
        (lambda text: b"".join(text.splitlines(True)[:-1]), "not whole"),
        (lambda text: text + b"".join(text.splitlines(True)[1:]), "not whole"),
        (lambda text: text + text, "row 25: experiment must be compare or scale"),
        (lambda _: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\n", "is not text in UTF-8"),
        (lambda _: b"\x00" * 50 + b"\n", "lacks the columns"),
        (lambda text: text.decode().encode("utf-16-le"), "cut short"),
        (lambda text: text.replace(b"Linux", "Línux".encode("latin-1")), "is not text in UTF-8"),
        (lambda text: text.replace(b",", b";"), "lacks the columns run_id"),
        (lambda text: text.replace(b",seconds,", b",secs,", 1), "lacks the columns seconds"),
        (lambda text: text.replace(b"tasks,", b"seconds,", 1), "lacks the columns tasks"),
        (lambda text: text.replace(b"\n", b",1.0\n").replace(b",1.0", b",seconds", 1), "than once"),
        (lambda text: text.replace(b"3.13.0", b"3.13.0,0", 1), "is not a CSV file of results"),
        (lambda text: text.replace(b"Linux", b'"Linux', 1), "is not a CSV file of results"),
        (lambda text: text.replace(b"CPython,True", b"CPython", 1), "row 1 has 26 values, not 27"),
        (lambda _: b"<html>\n<p>one, two, three</p>\n</html>\n", "is not a CSV file of results"),
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


def test_the_message_shows_a_long_value_cut_short(saved: Path) -> None:
    change_cell(saved, "seconds", "x" * 10_000)
    with pytest.raises(ResultsError) as caught:
        load(saved)
    assert len(str(caught.value)) < len(str(saved)) + 150
