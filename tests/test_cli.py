import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from pandas.testing import assert_frame_equal

from gil_demo import cli
from gil_demo.measuring.runs import summarise
from gil_demo.tables.files import load, save
from gil_demo.tables.kinds import combine
from tests.conftest import TableMaker, make_rows, spread
from tests.made.class_files import write_class

PNG_BEGINNING = b"\x89PNG\r\n\x1a\n"
QUICK = ["--count", "20,000", "--budget", "0.3"]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of one's own: the commands write where they stand."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def nothing_may_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was measured")

    monkeypatch.setattr("gil_demo.measurements.measure_busy_percent", refuse)
    monkeypatch.setattr("gil_demo.measurements.take_samples", refuse)


def run(*words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "gil_demo", *words],
        capture_output=True, text=True, check=False, timeout=60, **options,
    )  # fmt: skip


# compare


def test_compare_prints_the_table_and_the_verdict_and_writes_where_it_says(
    empty_folder: Path,
) -> None:
    answer = run("compare", *QUICK, "--output", "run.csv")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert sorted(path.name for path in empty_folder.iterdir()) == ["run.csv", "run.png"]
    assert answer.stdout.splitlines()[-2:] == ["table: run.csv", "chart: run.png"]
    for word in ("speed-up", "Two threads took", "Two processes took", "stopped because"):
        assert word in answer.stdout
    table = load("run.csv")
    assert set(table["runner"]) == {"sequential", "threads", "processes"}
    assert set(table["count"]) == {20_000}
    assert Path("run.png").read_bytes().startswith(PNG_BEGINNING)


def test_without_words_compare_is_run_and_names_its_files_itself(empty_folder: Path) -> None:
    assert cli.main([*QUICK, "--runners", "threads"]) == 0
    table_file, chart_file = sorted(empty_folder.iterdir())
    assert table_file.name.startswith("threads-versus-processes-")
    assert chart_file == table_file.with_suffix(".png")


def test_the_options_reach_the_measurement(empty_folder: Path) -> None:
    words = ["--runners", "processes", "--workers", "3", "--start-method", "spawn"]
    assert cli.main(["compare", *QUICK, *words, "--output", str(empty_folder / "a.csv")]) == 0
    table = load("a.csv")
    assert set(table["runner"]) == {"sequential", "processes"}
    assert set(table["tasks"]) == {3}
    assert set(table["start_method"]) == {"", "spawn"}


def test_the_printed_table_holds_the_numbers_of_the_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main([*QUICK, "--runners", "threads", "--output", "run.csv"]) == 0
    shown = capsys.readouterr().out
    for speed_up in summarise(load("run.csv"))["speed_up"]:
        assert f"{speed_up:.3f}" in shown


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--workers", "0"], "workers must be a whole number from 1 to"),
        (["--workers", "-2"], "workers must be a whole number from 1 to"),
        (["--workers", "99999999"], "not 99999999"),
        (["--workers", "two"], "must be a whole number, not 'two'"),
        (["--workers", "2.5"], "must be a whole number, not '2.5'"),
        (["--workers", "1,5"], "must be a whole number, not '1,5'"),
        (["--count", "0"], "count must be a whole number from 1 to"),
        (["--count", "-5"], "not -5"),
        (["--count", "1e6"], "must be a whole number, not '1e6'"),
        (["--count", "9" * 5000], "must be a whole number"),
        (["--precision", "nan"], "precision must be a number above 0 and at most 1, not nan"),
        (["--precision", "0"], "precision must be a number above 0 and at most 1, not 0.0"),
        (["--precision", "fine"], "must be a number, not 'fine'"),
        (["--budget", "0"], "budget must be a number above 0 and at most 3600, not 0.0"),
        (["--budget", "inf"], "not inf"),
        (["--budget", "-1"], "not -1.0"),
        (["--runners", "fibres"], "processes, interpreters, cluster, ray, not 'fibres'"),
        (["--runners", "threads", "threads"], "each be there once"),
        (["--runners"], "expected at least one argument"),
        (["--start-method", "vfork"], "not 'vfork'"),
        (["--output", "run.txt"], "ends in .csv, not run.txt"),
        (["--output", "run"], "ends in .csv, not run"),
        (["--outputs", "run.csv"], "unrecognized arguments"),
        (["--out", "run.csv"], "unrecognized arguments"),
        (["compare", "more"], "unrecognized arguments: more"),
        (["measure"], "invalid choice: 'measure'"),
        (["plot"], "required: FILE"),
        (["plot", "a.csv", "b.csv", "--output", "c.png"], "names one chart, but there are 2 files"),
        (["machine", "--workers", "2"], "unrecognized arguments"),
    ],
)
def test_a_wrong_argument_is_one_line_and_status_2_before_anything_is_measured(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str], empty_folder: Path
) -> None:
    assert cli.main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("gil_demo: ")
    assert told in printed.err
    assert printed.err.count("\n") == 1
    assert list(empty_folder.iterdir()) == []


@pytest.mark.usefixtures("nothing_may_be_measured")
def test_a_missing_folder_for_the_output_fails_before_anything_is_measured(
    capsys: pytest.CaptureFixture[str], empty_folder: Path
) -> None:
    assert cli.main(["--output", "missing/run.csv"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"gil_demo: cannot write {Path('missing', 'run.csv')}: ")
    assert error.count("\n") == 1
    assert list(empty_folder.iterdir()) == []


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize("name", ["run.csv", "run.png"])
def test_a_folder_in_the_place_of_the_output_fails_before_anything_is_measured(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(name).mkdir()
    assert cli.main(["--output", "run.csv"]) == 1
    assert "it is a folder; name a file" in capsys.readouterr().err


def test_a_failed_measurement_is_one_line_and_status_1_and_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], empty_folder: Path
) -> None:
    from gil_demo.checks import WorkerDied

    def fail(*_: object, **__: object) -> None:
        raise WorkerDied("a worker process ended\n(exit code 3)")

    monkeypatch.setattr("gil_demo.measurements.take_samples", fail)
    assert cli.main(["--output", "run.csv"]) == 1
    assert capsys.readouterr().err == "gil_demo: a worker process ended (exit code 3)\n"
    assert list(empty_folder.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts a whole console only")
@pytest.mark.parametrize("delay", [0.8, 1.8])
def test_an_interrupt_ends_it_with_one_line_and_leaves_no_process_and_no_file(
    delay: float, empty_folder: Path
) -> None:
    words = ["--budget", "60", "--precision", "0.0001", "--output", "run.csv"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gil_demo", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=30)
    assert (process.returncode, printed, errors) == (130, "", "gil_demo: interrupted\n")
    assert list(empty_folder.iterdir()) == []
    deadline = time.monotonic() + 5
    while list_session(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list_session(process.pid) == []


def list_session(session: int) -> list[psutil.Process]:
    """List the living processes of a session; a zombie is none."""
    members = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members


# plot


def test_plot_draws_a_chart_beside_each_file(
    make_run: TableMaker, capsys: pytest.CaptureFixture[str], empty_folder: Path
) -> None:
    ratios = {("threads", 2): spread(1.0), ("threads", 4): spread(1.0)}
    (empty_folder / "deep").mkdir()
    save(make_run(), "one.csv")
    save(make_run(ratios, experiment="scale"), Path("deep", "two.csv"))
    assert cli.main(["plot", "one.csv", str(Path("deep", "two.csv"))]) == 0
    charts = [Path("one.png"), Path("deep", "two.png")]
    assert capsys.readouterr().out.splitlines() == [f"chart: {chart}" for chart in charts]
    assert all(chart.read_bytes().startswith(PNG_BEGINNING) for chart in charts)
    assert charts[0].read_bytes() != charts[1].read_bytes()


def test_plot_numbers_the_charts_of_a_file_of_several_runs(
    make_run: TableMaker, empty_folder: Path
) -> None:
    save(combine([make_run(run_id="one"), make_run(run_id="two")]), "both.csv")
    assert cli.main(["plot", "both.csv"]) == 0
    names = sorted(path.name for path in empty_folder.iterdir())
    assert names == ["both-1.png", "both-2.png", "both.csv"]


def test_plot_writes_where_it_is_told(make_run: TableMaker, empty_folder: Path) -> None:
    save(make_run(), "run.csv")
    assert cli.main(["plot", "run.csv", "--output", "chart.png"]) == 0
    assert sorted(path.name for path in empty_folder.iterdir()) == ["chart.png", "run.csv"]


def test_plot_never_writes_a_picture_over_a_results_file(
    make_run: TableMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    table = make_run()
    save(table, "run.csv")
    assert cli.main(["plot", "run.csv", "--output", "run.csv"]) == 2
    assert "ends in .png, not run.csv" in capsys.readouterr().err
    assert_frame_equal(load("run.csv"), table)


def test_plot_draws_nothing_if_one_of_the_files_is_bad(
    make_run: TableMaker, capsys: pytest.CaptureFixture[str], empty_folder: Path
) -> None:
    save(make_run(), "good.csv")
    Path("bad.csv").write_text("nonsense\n")
    assert cli.main(["plot", "good.csv", "bad.csv"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("gil_demo: bad.csv ")
    assert printed.err.count("\n") == 1
    assert not (empty_folder / "good.png").exists()


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_plot_of_what_is_no_file_is_status_1(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plot", name]) == 1
    assert capsys.readouterr().err.startswith(f"gil_demo: cannot read {name}: ")


def test_plot_of_a_run_without_sequential_rounds_is_one_line_and_status_1(
    make_run: TableMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    table = make_run()
    save(table[table["runner"] != "sequential"], "run.csv")
    assert cli.main(["plot", "run.csv"]) == 1
    printed = capsys.readouterr().err
    assert "no sequential rounds" in printed
    assert printed.count("\n") == 1


# machine, help and pipes


def test_machine_tells_every_fact_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    from gil_demo.measuring.machine import Machine

    assert cli.main(["machine"]) == 0
    shown = capsys.readouterr().out
    for name in Machine._fields:
        assert name.replace("_", " ") in shown
    assert not {"True", "False", "None"} & set(shown.split())


def test_help_explains_each_command_and_the_exit_status() -> None:
    answer = run("--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    for word in ("compare", "plot", "machine", "Exit status"):
        assert word in answer.stdout


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("compare", ["--workers", "--count", "--runners", "--start-method", "--precision"]),
        ("plot", ["FILE", "--output"]),
        ("machine", ["Describe this machine"]),
    ],
)
def test_each_command_explains_itself(
    command: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in words)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    from gil_demo import __version__

    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"gil_demo {__version__}\n"


def test_the_process_exits_with_the_status_and_without_a_traceback() -> None:
    answer = run("--workers", "0")
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert "Traceback" not in answer.stderr


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "gil_demo", "machine"],
            stdout=writer, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        os.close(writer)
    assert answer.returncode == 1
    assert answer.stderr == ""


def test_a_light_import_is_all_that_wrong_arguments_cost() -> None:
    script = (
        "import sys\n"
        "from gil_demo.cli import main\n"
        "status = main(['plot', '--nonsense'])\n"
        "print(status, {'pandas', 'matplotlib', 'numpy'} & set(sys.modules))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert answer.stdout == "2 set()\n"


def test_the_rows_that_the_tests_make_hold_every_column() -> None:
    from gil_demo.measuring.runs import RUNS

    assert all(set(row) == set(RUNS.columns) for row in make_rows())


# gather


def test_gather_says_what_became_of_each_file_and_writes_the_class_and_its_charts(
    empty_folder: Path,
) -> None:
    (empty_folder / "class").mkdir()
    write_class(empty_folder / "class", ["anna", "ben"])
    (empty_folder / "class" / "notes.txt").touch()
    answer = run("gather", "class", "--output", "all.csv")
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert lines[:2] == ["2 of 3 files read.", "notes.txt: left out: it is no CSV file"]
    assert lines[3].startswith("Two threads took ")
    charts = [f"all-{number}.png" for number in range(1, 5)]
    assert lines[-5:] == ["table: all.csv", *(f"chart: {name}" for name in charts)]
    assert sorted(path.name for path in empty_folder.iterdir()) == [*charts, "all.csv", "class"]
    assert set(load("all.csv")["file"]) == {"anna", "ben"}
    assert all(Path(name).read_bytes().startswith(PNG_BEGINNING) for name in charts)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["missing"], 1, "cannot read missing: No such file or directory"),
        (["."], 1, "holds no file of timed runs"),
        ([], 2, "arguments are required: FOLDER"),
        ([".", "--output", "all.png"], 2, "ends in .csv, not all.png"),
    ],
)
def test_a_class_that_cannot_be_gathered_is_one_line(
    capsys: pytest.CaptureFixture[str], words: list[str], status: int, told: str
) -> None:
    assert cli.main(["gather", *words]) == status
    assert told in capsys.readouterr().err
