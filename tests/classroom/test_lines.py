import json
import platform
import re
import zlib
from pathlib import Path

import pandas as pd
import pytest

from gil_demo import ResultsError, gather, save, verdict
from gil_demo.classroom.lines import read_countdown, read_line, write_line
from gil_demo.pythons import portable_countdown
from gil_demo.running.pools import list_start_methods
from tests.made.runs import make_run, spread

NOISY = {("threads", 2): spread(1.1, width=0.3), ("processes", 2): spread(0.6, width=0.2)}
RUN = make_run(NOISY, start_up_seconds=0.0123456, operating_system="Free BSD")
LINE = write_line(RUN)
COUNTDOWN: dict[str, object] = {
    "architecture": "x86_64", "busy_percent": None, "cores": 2, "gil_enabled": True,
    "implementation": "CPython", "measured_on": "2026-11-26", "operating_system": "Linux",
    "processes_missing": "",
    "rounds": {"sequential": [0.2] * 6, "threads": [0.3] * 6, "processes": [0.1] * 6},
    "start_method": "fork", "start_up": 0.05, "steps": 400_000, "tear_down": 0.002,
    "version": "2.7.18",
}  # fmt: skip


def paste(folder: Path, *rows: str) -> Path:
    (folder / "class.txt").write_text("\n".join(rows), encoding="utf-8")
    return folder


def seal(body: str) -> str:
    return f"gil_demo;{body};sum={zlib.crc32(body.encode()):08x}"


def test_a_line_says_what_the_file_says_and_names_nobody(tmp_path: Path) -> None:
    pasted, filed = tmp_path / "pasted", tmp_path / "filed"
    pasted.mkdir()
    filed.mkdir()
    save(RUN, filed / "anna.csv")
    one, other = (gather(place).table for place in (paste(pasted, f"anna: {LINE}"), filed))
    pd.testing.assert_frame_equal(one, other, rtol=1e-3)
    assert verdict(one) == verdict(other)
    # nothing that a form, a chat or a spreadsheet would change
    assert re.fullmatch(r"gil_demo; [\w.,=;% -]+; sum=[0-9a-f]{8}", LINE)
    assert len(LINE) < 1_000
    assert platform.node() not in LINE


def test_a_row_is_read_with_its_name_and_a_bad_one_is_named_with_the_reason(tmp_path: Path) -> None:
    other, third = (write_line(make_run(run_id=run_id)) for run_id in "bc")
    rows = [f'dr. ben, "{LINE}"', "", f"- {other} thanks", "Hello", LINE[:200], f"=x {LINE}"]
    (tmp_path / "notes.txt").write_text("nothing")
    paste(tmp_path, *rows, LINE.replace("Free", "Open"), f"{{zoë}} {third}")
    class_file = tmp_path / "class.txt"
    class_file.write_bytes(class_file.read_text(encoding="utf-8").encode("cp1252"))  # no UTF-8
    gathered = gather(tmp_path)
    assert list(gathered.table["file"].unique()) == ["dr. ben", "class 3", "{zo\ufffd}"]
    whole = "left out: it is no whole line: copy all of it, from gil_demo to sum="
    assert str(gathered).splitlines() == [
        "Files and rows read: 3 of 8.",
        f"class.txt, row 4: {whole}",
        f"class.txt, row 5: {whole}",
        "class.txt, row 6: set aside: the same run is in dr. ben",
        "class.txt, row 7: left out: the line doesn't fit its checksum: it was changed on its way",
        "notes.txt: left out: it is no CSV file, and no row of it is a result",
    ]


def test_a_moment_before_a_name_is_none_of_it(tmp_path: Path) -> None:
    rows = (
        ("anna", "[27.11.2026, 10:15:03] anna: "),
        ("ben", "27.11.26, 10:15 - ben: "),
        ("Meier, cleo", '"2026/11/27 3:28:05 PM GMT+1","Meier, cleo","'),
        ("dan", '11/27/2026 15:28:05,dan,"'),
        ("12345", "12345: "),
        ("class 6", "2026-11-27 10:15: "),
    )
    lines = [write_line(make_run(run_id=f"r{n}")) for n in range(len(rows))]
    pasted = paste(tmp_path, *(f"{row[1]}{line}" for row, line in zip(rows, lines, strict=True)))
    assert list(gather(pasted).table["file"].unique()) == [name for name, _ in rows]


def test_a_run_that_is_in_a_file_and_in_a_line_counts_once(tmp_path: Path) -> None:
    save(RUN, tmp_path / "anna.csv")
    gathered = gather(paste(tmp_path, LINE))
    assert list(gathered.table["file"].unique()) == ["anna"]
    assert gathered.files["reason"].iloc[1] == "the same run is in anna.csv"


def test_blanks_may_come_and_go_but_no_other_letter() -> None:
    _, rows = read_line(LINE)
    for changed in (LINE.replace(" ", ""), LINE.replace("=", "= \n"), f"{LINE}\r"):
        assert read_line(changed)[1] == rows
    for place in range(len("gil_demo; "), len(LINE)):
        for letters in ("", "0" if LINE[place] != "0" else "1"):
            if LINE[place] != " ":
                with pytest.raises(ResultsError, match=r"checksum|whole line"):
                    read_line(LINE[:place] + letters + LINE[place + 1 :])


def test_a_line_that_was_made_up_is_checked_as_a_file_is(tmp_path: Path) -> None:
    body = LINE.replace(" ", "").removeprefix("gil_demo;").split(";sum=")[0]
    cases = (
        ("run_id=a1b2c3;", "", "row 1: run_id must be a value"),
        ("Free%20BSD", "%3Dcmd()", "row 1: operating_system begins as a spreadsheet's formula"),
        ("2026-11-22", "today", "row 1: measured_on is no date"),
        ("rounds=8", "rounds=0", "row 1: rounds must be a whole number"),
        ("way=", "weg=", "the line has no rows"),
        ("0.2301", "nan", "row 2: seconds must be a number above 0"),
        ("1.096", "0", "row 2: time_ratio must be a number above 0"),
        ("threads,2,,", "processes,2,fork,", "has a way of running twice in run a1b2c3"),
        (";python_version=3.13.0", "", "row 1: python_version must be a value"),
        ("1.096", "1e9", "threads took 1e+09 × as long as the plain loop, which no machine does"),
    )
    rows = [seal(body.replace(old, new)) for old, new, _ in cases]
    files = gather(paste(tmp_path, *rows, LINE)).files
    for (old, _, told), reason in zip(cases, files["reason"], strict=False):
        assert old in body
        assert told in reason
    assert files["state"].iloc[-1] == "read"


def test_what_the_portable_countdown_prints_is_read_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    portable_countdown.main(["0.1"])
    made = json.dumps(COUNTDOWN)
    curly = re.sub('"(.*?)"', r"“\1”", made)
    doubled = made.replace('"', '""')  # as in a cell of a spreadsheet
    paste(tmp_path, capsys.readouterr().out, f"ben: {curly}", f'cleo,"{doubled}"')
    (tmp_path / "class.txt").rename(tmp_path / "class.TXT")
    table = gather(tmp_path).table
    assert list(table["file"].unique()) == ["class 1", "ben"]
    own, ben = (table[table["file"] == file].set_index("runner") for file in ("class 1", "ben"))
    assert set(own["python_version"]) == {platform.python_version()}
    assert own["start_method"]["processes"] == list_start_methods()[0]
    assert ben["start_method"]["processes"] == "fork"
    assert list(ben["workers"]) == [1, 2, 2]
    assert list(ben["time_ratio"].round(3)) == [1, 1.5, 0.5]
    assert ben["start_up_seconds"].to_dict() == {"sequential": 0, "threads": 0, "processes": 0.05}
    assert set(ben["python_version"]) == {"2.7.18"}


def test_a_damaged_line_of_the_portable_countdown_is_refused(tmp_path: Path) -> None:
    whole = json.dumps(COUNTDOWN)
    uneven = {"rounds": {"sequential": [0.2, 0.2], "threads": [0.3]}}
    bad = [COUNTDOWN | change for change in (uneven, {"cores": 0}, {"operating_system": "=x"})]
    for row in (whole[:200], "{}", whole.replace('"threads"', '"dance"'), "gil_enabled {[1]}"):
        with pytest.raises(ResultsError, match="no whole line of portable"):
            read_countdown(row)
    rows = [whole, *map(json.dumps, bad)]
    reasons = gather(paste(tmp_path, *rows)).files["reason"]
    assert list(reasons.str.replace(r"run p\w{8}", "RUN", regex=True)) == [
        "",
        "the file, RUN is not whole: threads, 2 workers has 1 row in 1 of 2 rounds",
        "the file, row 1: usable_cores must be a whole number of 1 or more, not '0'",
        "row 1: operating_system begins as a spreadsheet's formula does",
    ]
