import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gil_demo import WorkerDied, __version__, cli, combine, load, save, summarise
from gil_demo.measuring import runs
from gil_demo.measuring.machine import Machine
from gil_demo.running import END_SECONDS
from tests.made.class_files import write_class
from tests.made.runs import make_run, make_scaling

PNG_BEGINNING = b"\x89PNG\r\n\x1a\n"
QUICK = ["--count", "20,000", "--budget", "0.3"]
MISSING = Path("missing", "run.csv")
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of one's own: the commands write where they stand."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(*words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    piped: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    command = [sys.executable, "-m", "gil_demo", *words]
    return subprocess.run(command, text=True, check=False, timeout=60, **piped)


def test_compare_prints_the_table_and_the_verdict_and_writes_where_it_says(here: Path) -> None:
    answer = run("compare", *QUICK, "--output", "run.csv")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert sorted(path.name for path in here.iterdir()) == ["run.csv", "run.png"]
    assert answer.stdout.splitlines()[-2:] == ["table: run.csv", "chart: run.png"]
    header = "ran as workers rounds seconds start-up tear-down speed-up from to"
    assert answer.stdout.splitlines()[0].split() == header.split()
    table = load("run.csv")
    assert set(table["runner"]) == {"sequential", "threads", "processes"}
    assert set(table["count"]) == {20_000}
    told = summarise(table)["speed_up"].map("{:.3f}".format)
    for word in ("Two threads took", "Two processes took", "stopped because", *told):
        assert word in answer.stdout
    assert Path("run.png").read_bytes().startswith(PNG_BEGINNING)


@pytest.mark.usefixtures("no_wait")
def test_without_words_compare_is_run_with_its_options_and_names_its_files(here: Path) -> None:
    words = ["--runners", "processes", "--workers", "3", "--start-method", "spawn"]
    assert cli.main([*QUICK, *words]) == 0
    table_file, chart_file = sorted(here.iterdir())
    assert table_file.name.startswith("threads-versus-processes-")
    assert chart_file == table_file.with_suffix(".png")
    table = load(table_file)
    assert set(table["runner"]) == {"sequential", "processes"}
    assert set(table["tasks"]) == {3}
    assert set(table["start_method"]) == {"", "spawn"}


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("status", "words", "told"),
    [
        (2, ["--workers", "0"], "workers must be a whole number from 1 to"),
        (2, ["--workers", "1,5"], "must be a whole number, not '1,5'"),
        (2, ["--precision", "fine"], "must be a number, not 'fine'"),
        (2, ["--output", "run.txt"], "ends in .csv, not run.txt"),
        (2, ["--out", "run.csv"], "unrecognized arguments"),
        (2, ["plot", "a.csv", "b.csv", "--output", "c.png"], "one chart, but there are 2 files"),
        (2, ["plot", "a.csv", "--output", "a.csv"], "ends in .png, not a.csv"),
        (2, ["claims", "--output", "run.png"], "ends in .csv, not run.png"),
        (2, ["gather"], "arguments are required: FOLDER"),
        (2, ["gather", ".", "--output", "all.png"], "ends in .csv, not all.png"),
        (1, ["--output", str(MISSING)], f"gil_demo: cannot write {MISSING}: No such file"),
        (1, ["--output", "folder.csv"], "cannot write folder.csv: it is a folder; name a file"),
        (1, ["--output", "chart.csv"], "cannot write chart.png: it is a folder; name a file"),
        (1, ["claims", "--output", "folder.csv"], "cannot write folder.csv: it is a folder"),
        (1, ["plot", "missing.csv"], "gil_demo: cannot read missing.csv: No such file"),
        (1, ["gather", "folder.csv"], "gil_demo: folder.csv holds no file of timed runs"),
    ],
)
def test_what_is_wrong_is_one_line_and_a_status_before_anything_is_measured(
    status: int, words: list[str], told: str, capsys: Capture, here: Path
) -> None:
    Path("folder.csv").mkdir()
    Path("chart.png").mkdir()
    assert cli.main(words) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("gil_demo: ")
    assert told in printed.err
    assert printed.err.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["chart.png", "folder.csv"]


@pytest.mark.usefixtures("no_wait")
def test_a_failed_measurement_is_one_line_and_status_1_and_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, here: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise WorkerDied("a worker process ended\n(exit code 3)")

    monkeypatch.setattr(runs, "take_samples", fail)
    assert cli.main(["--output", "run.csv"]) == 1
    assert capsys.readouterr().err == "gil_demo: a worker process ended (exit code 3)\n"
    assert list(here.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts a whole console only")
def test_an_interrupt_ends_it_with_one_line_and_leaves_no_process_and_no_file(here: Path) -> None:
    words = ["--budget", "60", "--precision", "0.0001", "--output", "run.csv"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gil_demo", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    time.sleep(1.8)
    os.killpg(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=30)
    assert (process.returncode, printed, errors) == (130, "", "gil_demo: interrupted\n")
    assert list(here.iterdir()) == []
    deadline = time.monotonic() + END_SECONDS  # a fork server goes when it sees that Python is gone
    with pytest.raises(ProcessLookupError):  # noqa: PT012 - nobody of its session is left
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)


def test_plot_draws_a_chart_beside_each_file_and_numbers_those_of_several_runs(
    capsys: Capture, here: Path
) -> None:
    (here / "deep").mkdir()
    save(make_run(), "one.csv")
    save(combine([make_scaling(), make_scaling(run_id="b")]), Path("deep", "two.csv"))
    assert cli.main(["plot", "one.csv", str(Path("deep", "two.csv"))]) == 0
    charts = [Path("one.png"), Path("deep", "two-1.png"), Path("deep", "two-2.png")]
    assert capsys.readouterr().out.splitlines() == [f"chart: {chart}" for chart in charts]
    assert all(chart.read_bytes().startswith(PNG_BEGINNING) for chart in charts)
    assert cli.main(["plot", "one.csv", "--output", "chart.png"]) == 0
    assert Path("chart.png").read_bytes() == charts[0].read_bytes()


def test_plot_draws_nothing_if_one_of_the_files_is_bad(capsys: Capture, here: Path) -> None:
    save(make_run(), "good.csv")
    save(make_run().query("runner != 'sequential'"), "loopless.csv")
    Path("bad.csv").write_text("nonsense\n")
    for bad, told in (("bad.csv", "bad.csv has no rows"), ("loopless.csv", "no sequential rounds")):
        assert cli.main(["plot", "good.csv", bad]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1, told
    assert not (here / "good.png").exists()


def test_gather_says_what_became_of_each_file_and_writes_the_class_and_its_charts(
    capsys: Capture, here: Path
) -> None:
    (here / "class").mkdir()
    write_class(here / "class", ["anna", "ben"])
    (here / "class" / "notes.txt").touch()
    assert cli.main(["gather", "class", "--output", "all.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["2 of 3 files read.", "notes.txt: left out: it is no CSV file", ""]
    assert lines[3].startswith("Two threads took ")
    charts = [f"all-{number}.png" for number in range(1, 5)]
    assert lines[-5:] == ["table: all.csv", *(f"chart: {name}" for name in charts)]
    assert sorted(path.name for path in here.iterdir()) == [*charts, "all.csv", "class"]
    assert set(load("all.csv")["file"]) == {"anna", "ben"}


def test_machine_tells_every_fact_in_words(capsys: Capture) -> None:
    assert cli.main(["machine"]) == 0
    shown = capsys.readouterr().out
    assert all(name.replace("_", " ") in shown for name in Machine._fields)
    assert not {"True", "False", "None"} & set(shown.split())


def test_each_command_explains_itself(capsys: Capture) -> None:
    for words, told in (
        (["--help"], ["compare", "plot", "machine", "Exit status: 0 done"]),
        (["compare", "--help"], ["--workers", "--count", "--runners", "--start-method"]),
        (["--version"], [f"gil_demo {__version__}\n"]),
    ):
        with pytest.raises(SystemExit) as caught:
            cli.main(words)
        assert caught.value.code == 0
        shown = capsys.readouterr().out
        assert all(word in shown for word in told)


def test_a_reader_that_leaves_early_and_wrong_words_cause_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    answer = run("machine", stdout=writer)
    os.close(writer)
    assert (answer.returncode, answer.stderr) == (1, "")
    refused = run("--workers", "0")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1


def test_a_light_import_is_all_that_wrong_arguments_cost() -> None:
    script = "import sys; from gil_demo.cli import main; status = main(['plot', '--nonsense']); "
    script += "print(status, {'pandas', 'matplotlib', 'numpy'} & set(sys.modules))"
    words = [sys.executable, "-c", script]
    answer = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30)
    assert answer.stdout == "2 set()\n"
