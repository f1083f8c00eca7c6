import re
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pandas as pd
import pytest

from gil_demo import GilDemoError, load, load_recorded
from gil_demo.cli import FAILED, MISUSED, main
from gil_demo.measuring.machine import count_usable_cores, get_date
from gil_demo.recorded import RECORDED, recording
from gil_demo.recorded.recording import RECORDINGS, describe_place, record
from gil_demo.tables.kinds import KINDS, draw_each
from tests.made.engines import make_engines
from tests.made.pythons import make_interpreters

Makers = dict[str, Callable[[], pd.DataFrame]]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Makers:
    """Put two quick recordings, first and second, in place of the true ones."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recording, "RECORDINGS", {"first": "interpreters", "second": "engines"})
    makers: Makers = {KINDS["interpreters"].measurement: make_interpreters}
    makers[KINDS["engines"].measurement] = make_engines
    monkeypatch.setattr(recording, "find", makers.__getitem__)
    return makers


def test_every_kind_of_table_is_recorded_and_what_is_shipped_can_be_taken_again() -> None:
    assert set(RECORDINGS.values()) == set(KINDS) - {"class", "examine"}
    assert set(RECORDED) <= set(RECORDINGS)
    for name in RECORDED:
        table = load_recorded(name)
        assert set(table["experiment"]) == {RECORDINGS[name]}
        (chart,) = draw_each(table)
        assert chart.description.startswith("Chart. Recorded run: ")


@pytest.mark.usefixtures("quick")
def test_a_recording_is_the_table_with_its_place_and_day(monkeypatch: pytest.MonkeyPatch) -> None:
    table = record("first")
    assert set(table["recorded_on"]) == {f"{describe_place()} on {get_date()}"}
    place = rf"an? {count_usable_cores()}-core (Linux|macOS|Windows) machine"
    assert re.fullmatch(place, describe_place())
    pd.testing.assert_frame_equal(table.assign(recorded_on=""), make_interpreters())
    for told in ("a 2", "an 8", "an 11", "a 12", "an 18", "an 80"):
        cores = Mock(return_value=int(told.split()[1]))
        monkeypatch.setattr(recording, "count_usable_cores", cores)
        assert describe_place().startswith(f"{told}-core ")


@pytest.mark.usefixtures("no_wait")
def test_a_true_recording_can_be_made() -> None:
    assert len(record("tasks")["task"].unique()) == 8


def test_the_command_writes_a_file_for_each_result_and_tells_which_it_could_not(
    quick: Makers, capsys: Capture
) -> None:
    folder = Path("new", "folder")
    assert main(["record", "--output", str(folder)]) == 0
    files = [folder / "first.csv", folder / "second.csv"]
    assert sorted(folder.iterdir()) == files
    assert capsys.readouterr().out.splitlines() == [f"table: {file}" for file in files]
    assert set(load(files[1])["recorded_on"]) == {f"{describe_place()} on {get_date()}"}
    assert main(["record", "second", "--output", "one"]) == 0
    assert [*Path("one").iterdir()] == [Path("one", "second.csv")]
    quick[KINDS["interpreters"].measurement] = Mock(side_effect=GilDemoError("not on this machine"))
    assert main(["record", "--output", "rest"]) == FAILED
    printed = capsys.readouterr()
    assert "first was left out: not on this machine" in printed.out
    assert printed.err == "gil_demo: 1 of 2 were left out: first\n"
    assert [*Path("rest").iterdir()] == [Path("rest", "second.csv")]


@pytest.mark.usefixtures("quick")
def test_a_wrong_argument_is_told_before_anything_is_measured_or_written(capsys: Capture) -> None:
    assert main(["record", "nonsense"]) == MISUSED
    assert "name must be one of first, second, not 'nonsense'" in capsys.readouterr().err
    assert list(Path().iterdir()) == []
    Path("recorded-here").touch()
    assert main(["record"]) == FAILED
