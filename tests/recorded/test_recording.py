import re
from pathlib import Path

import pandas as pd
import pytest

from gil_demo import cli as record_command
from gil_demo.checks import GilDemoError
from gil_demo.cli import FAILED, MISUSED, main
from gil_demo.measuring.machine import count_usable_cores, get_date
from gil_demo.recorded import RECORDED, recording
from gil_demo.recorded.recording import RECORDINGS, check_machine, describe_place, record
from gil_demo.tables.files import load
from gil_demo.tables.kinds import list_schemas
from gil_demo.tables.schema import choose_schema, convert
from tests.made.pythons import make_interpreters


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put quick recordings in place of the true ones; list their names."""
    taken = {"first": make_interpreters, "second": lambda: make_interpreters({}, {"a": "b"})}
    monkeypatch.setattr(recording, "RECORDINGS", taken)
    return [*taken]


def test_every_recording_that_is_shipped_can_be_taken_again() -> None:
    assert set(RECORDED) <= set(RECORDINGS)


def test_every_kind_of_table_is_recorded() -> None:
    experiments = {
        choice for schema in list_schemas() for choice in schema.columns["experiment"].choices
    }
    assert len(RECORDINGS) >= len(experiments) - 1


def test_a_recording_is_the_table_with_its_place_and_day(quick: list[str]) -> None:
    table = record(quick[0])
    assert set(table["recorded_on"]) == {f"{describe_place()} on {get_date()}"}
    convert(table, choose_schema(table, list_schemas()), "the table")
    pd.testing.assert_frame_equal(table.assign(recorded_on=""), make_interpreters())


def test_a_true_recording_is_one() -> None:
    table = record("tasks", "a machine of the test's own")
    assert set(table["recorded_on"]) == {f"a machine of the test's own on {get_date()}"}


def test_a_place_is_cores_and_a_system_and_names_nobody() -> None:
    place = describe_place()
    assert re.fullmatch(r"an? \d+-core (Linux|macOS|Windows) machine", place)
    assert f" {count_usable_cores()}-core " in place


def test_an_unknown_recording_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=", ".join(RECORDINGS)):
        record("nonsense")


@pytest.mark.parametrize("machine", ["", " \n", "x" * 61])
def test_a_machine_without_a_fitting_name_is_refused(machine: str) -> None:
    with pytest.raises(ValueError, match="machine must be a name of 1 to 60 letters"):
        check_machine(machine)


@pytest.mark.parametrize("machine", [5, None, b"mine"])
def test_a_machine_whose_name_is_no_text_is_refused(machine: object) -> None:
    with pytest.raises(TypeError, match="machine must be a name in words"):
        check_machine(machine)


def test_a_name_on_two_lines_is_put_on_one() -> None:
    assert check_machine(" an old\nlaptop ") == "an old laptop"


# the command


def test_the_command_writes_a_file_for_each_result(
    quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "folder"
    assert main(["record", "--output", str(folder), "--machine", "an old laptop"]) == 0
    assert sorted(file.name for file in folder.iterdir()) == [f"{name}.csv" for name in quick]
    for name in quick:
        table = load(folder / f"{name}.csv")
        assert set(table["recorded_on"]) == {f"an old laptop on {get_date()}"}
        assert f"{name}.csv" in capsys.readouterr().out or name != quick[0]


def test_the_command_takes_the_results_that_are_named(quick: list[str], tmp_path: Path) -> None:
    assert main(["record", quick[1], "--output", str(tmp_path)]) == 0
    assert [file.stem for file in tmp_path.iterdir()] == [quick[1]]


def test_one_that_fails_is_told_and_the_others_are_written(
    quick: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> pd.DataFrame:
        raise GilDemoError("not on this machine")

    monkeypatch.setitem(recording.RECORDINGS, quick[0], fail)
    assert main(["record", "--output", str(tmp_path)]) == FAILED
    printed = capsys.readouterr()
    assert f"{quick[0]} was left out: not on this machine" in printed.out
    assert f"1 of 2 were left out: {quick[0]}" in printed.err
    assert [file.stem for file in tmp_path.iterdir()] == [quick[1]]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nonsense"], "name must be one of first, second, not 'nonsense'"),
        (["--machine", " "], "machine must be a name of 1 to 60 letters"),
    ],
)
def test_a_wrong_argument_is_told_before_anything_is_measured_or_written(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", *words, "--output", str(tmp_path / "folder")]) == MISUSED
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_t_be_is_told(tmp_path: Path, quick: list[str]) -> None:
    del quick
    (tmp_path / "file").touch()
    assert main(["record", "--output", str(tmp_path / "file")]) == FAILED


def test_the_command_loads_no_pandas_before_it_runs() -> None:
    text = Path(record_command.__file__).read_text(encoding="utf-8")
    assert "import pandas" not in text
