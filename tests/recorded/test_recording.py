import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from gil_demo.checks import GilDemoError
from gil_demo.cli import FAILED, MISUSED, main
from gil_demo.measuring.machine import count_usable_cores, get_date
from gil_demo.recorded import RECORDED, load_recorded, recording
from gil_demo.recorded.recording import RECORDINGS, check_machine, describe_place, record
from gil_demo.tables.files import load
from gil_demo.tables.kinds import KINDS
from tests.made.engines import make_engines
from tests.made.pythons import make_interpreters

Makers = dict[str, Callable[[], pd.DataFrame]]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Makers:
    """Put two quick recordings, first and second, in place of the true ones."""
    monkeypatch.setattr(recording, "RECORDINGS", {"first": "interpreters", "second": "engines"})
    makers: Makers = {"interpreters": make_interpreters, "engines": make_engines}
    taken = {KINDS[kind].measurement: make for kind, make in makers.items()}
    monkeypatch.setattr(recording, "find", taken.__getitem__)
    return taken


def test_every_kind_of_table_is_recorded_and_what_is_shipped_can_be_taken_again() -> None:
    assert set(RECORDINGS.values()) == set(KINDS) - {"class"}
    assert set(RECORDED) <= set(RECORDINGS)
    for name in RECORDED:
        assert set(load_recorded(name)["experiment"]) == {RECORDINGS[name]}
    with pytest.raises(ValueError, match=", ".join(RECORDED)):
        load_recorded("nonsense")


@pytest.mark.usefixtures("quick")
def test_a_recording_is_the_table_with_its_place_and_day() -> None:
    table = record("first")
    assert set(table["recorded_on"]) == {f"{describe_place()} on {get_date()}"}
    assert re.fullmatch(r"an? \d+-core (Linux|macOS|Windows) machine", describe_place())
    assert f" {count_usable_cores()}-core " in describe_place()
    pd.testing.assert_frame_equal(table.assign(recorded_on=""), make_interpreters())


@pytest.mark.usefixtures("no_wait")
def test_a_true_recording_is_one() -> None:
    table = record("tasks", " a machine of\nthe test's own")
    assert set(table["recorded_on"]) == {f"a machine of the test's own on {get_date()}"}
    assert len(table["task"].unique()) == 8


def test_a_machine_without_a_fitting_name_is_refused() -> None:
    for name in (" \n", "x" * 61):
        with pytest.raises(ValueError, match="machine must be a name of 1 to 60 letters, not of"):
            check_machine(name)
    with pytest.raises(TypeError, match="machine must be a name in words, not int"):
        check_machine(5)
    assert check_machine("x" * 60) == "x" * 60


@pytest.mark.usefixtures("quick")
def test_the_command_writes_a_file_for_each_result_or_for_those_that_are_named(
    tmp_path: Path, capsys: Capture
) -> None:
    folder = tmp_path / "new" / "folder"
    assert main(["record", "--output", str(folder), "--machine", "an old laptop"]) == 0
    files = [folder / "first.csv", folder / "second.csv"]
    assert sorted(folder.iterdir()) == files
    assert capsys.readouterr().out.splitlines() == [f"table: {file}" for file in files]
    assert set(load(files[1])["recorded_on"]) == {f"an old laptop on {get_date()}"}
    assert main(["record", "second", "--output", str(tmp_path / "one")]) == 0
    assert [file.name for file in (tmp_path / "one").iterdir()] == ["second.csv"]


def test_one_that_fails_is_told_and_the_others_are_written(
    quick: Makers, tmp_path: Path, capsys: Capture
) -> None:
    def fail() -> pd.DataFrame:
        raise GilDemoError("not on this machine")

    quick[KINDS["interpreters"].measurement] = fail
    assert main(["record", "--output", str(tmp_path)]) == FAILED
    printed = capsys.readouterr()
    assert "first was left out: not on this machine" in printed.out
    assert printed.err == "gil_demo: 1 of 2 were left out: first\n"
    assert [file.stem for file in tmp_path.iterdir()] == ["second"]


@pytest.mark.usefixtures("quick")
def test_a_wrong_argument_is_told_before_anything_is_measured_or_written(
    tmp_path: Path, capsys: Capture
) -> None:
    folder = str(tmp_path / "folder")
    for words, told in (
        (["nonsense"], "name must be one of first, second, not 'nonsense'"),
        (["--machine", " "], "machine must be a name of 1 to 60 letters"),
    ):
        assert main(["record", *words, "--output", folder]) == MISUSED
        assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    Path(folder).touch()
    assert main(["record", "--output", folder]) == FAILED
