import io
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import uuid
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE
from unittest.mock import Mock

import pytest

from gil_demo import WorkerDied, __version__, cli, combine, load, save, summarise
from gil_demo.classroom.lines import write_line
from gil_demo.measuring import runs
from gil_demo.measuring.machine import Machine
from gil_demo.running import END_SECONDS
from gil_demo.running.guard import MARK, find_marked
from tests.conftest import needs_signals, wait_until
from tests.made.class_files import write_class
from tests.made.runs import make_run, make_scaling

PNG_BEGINNING = b"\x89PNG\r\n\x1a\n"
QUICK = ["--count", "20,000", "--budget", "0.3"]
MISSING = Path("missing", "run.csv")
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def commands_write_where_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def list_files() -> list[str]:
    return sorted(map(str, Path().iterdir()))


def run(*words: str, stdout: int = PIPE) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gil_demo", *words]
    return subprocess.run(command, stdout=stdout, stderr=PIPE, text=True, check=False, timeout=60)


def test_compare_prints_the_table_and_the_verdict_and_writes_where_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MPLBACKEND", "nonsense")  # a chart is drawn whatever the reader set there
    answer = run("compare", *QUICK, "--output", "run.csv")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert list_files() == ["run.csv", "run.png"]
    *told, line = answer.stdout.splitlines()[-5:]
    handed_in = "The same in a line, for a form or a chat:"
    assert told == ["table: run.csv", "chart: run.png", "", handed_in]
    assert line == write_line(load("run.csv"))
    header = "ran as workers rounds seconds start-up tear-down speed-up from to"
    assert answer.stdout.splitlines()[0].split() == header.split()
    table = load("run.csv")
    assert set(table["runner"]) == {"sequential", "threads", "processes"}
    assert set(table["count"]) == {20_000}
    told = summarise(table)["speed_up"].map("{:.3f}".format)
    words = ("Two threads ran at", "Two processes ran at", "stopped because", *told)
    assert all(word in answer.stdout for word in words)
    assert Path("run.png").read_bytes().startswith(PNG_BEGINNING)


@pytest.mark.usefixtures("no_wait")
def test_without_words_compare_is_run_with_its_options_and_names_its_files() -> None:
    words = ["--runners", "processes", "--workers", "3", "--start-method", "spawn"]
    assert cli.main([*QUICK, *words]) == 0
    table_file, chart_file = list_files()
    assert re.fullmatch(r"threads-versus-processes-.*\.csv", table_file)
    assert chart_file == table_file.replace(".csv", ".png")
    table = load(table_file)
    told = table[["runner", "tasks", "start_method"]].drop_duplicates().to_numpy().tolist()
    assert sorted(told) == [["processes", 3, "spawn"], ["sequential", 3, ""]]


@pytest.mark.usefixtures("nothing_may_be_measured")
def test_what_is_wrong_is_one_line_and_a_status_before_anything_starts(capsys: Capture) -> None:
    Path("folder.csv").mkdir()
    Path("chart.png").mkdir()
    for status, words, told in (
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
        (1, ["--output", str(MISSING)], f"gil_demo: cannot write {MISSING}: "),
        (1, ["--output", "folder.csv"], "cannot write folder.csv: it is a folder; name a file"),
        (1, ["--output", "chart.csv"], "cannot write chart.png: it is a folder; name a file"),
        (1, ["claims", "--output", "folder.csv"], "cannot write folder.csv: it is a folder"),
        (1, ["plot", "missing.csv"], "gil_demo: cannot read missing.csv: "),
        (1, ["gather", "folder.csv"], "gil_demo: folder.csv holds no file of timed runs"),
    ):
        assert cli.main(words) == status
        printed = capsys.readouterr()
        assert printed.out == ""
        assert re.fullmatch(f"(?=gil_demo: ).*{re.escape(told)}.*\n", printed.err)
        assert list_files() == ["chart.png", "folder.csv"]


@pytest.mark.usefixtures("no_wait")
def test_a_failed_measurement_is_one_line_and_status_1_and_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    death = WorkerDied("a worker process ended\n(exit code 3)")
    letter = UnicodeEncodeError("ascii", "×", 0, 1, "what is that")
    for failure, told in ((death, "a worker process ended (exit code 3)"), (letter, str(letter))):
        monkeypatch.setattr(runs, "take_samples", Mock(side_effect=failure))
        assert cli.main(["--runners", "threads", "--output", "run.csv"]) == 1
        assert capsys.readouterr().err == f"gil_demo: {told}\n"
        assert list_files() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts a whole console only")
def test_an_interrupt_ends_it_with_one_line_and_leaves_no_process_and_no_file() -> None:
    words = ["-m", "gil_demo", "--budget", "60", "--precision", "0.0001", "--output", "run.csv"]
    trial = uuid.uuid4().hex
    process = subprocess.Popen(
        [sys.executable, *words], stdout=PIPE, stderr=PIPE, text=True, start_new_session=True,
        env=os.environ | {MARK: trial},
    )  # fmt: skip
    assert wait_until(lambda: len(find_marked(trial)) >= 3)  # its workers are there, too
    os.killpg(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=30)
    assert (process.returncode, printed, errors) == (130, "", "gil_demo: interrupted\n")
    assert list_files() == []
    # a fork server goes when it sees that Python is gone
    assert wait_until(lambda: not find_marked(trial), END_SECONDS)


def test_an_interrupt_before_the_command_begins_ends_it_in_the_same_way(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setattr(cli, "main", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(SystemExit, match=r"^130$"):
        runpy.run_module("gil_demo", run_name="__main__")
    assert capsys.readouterr().err == "gil_demo: interrupted\n"


@pytest.mark.parametrize(
    "encoding",
    ["cp1251", *(pytest.param(one, marks=pytest.mark.thorough) for one in ("ascii", "cp437"))],
)
def test_gather_tells_of_each_file_in_letters_that_the_terminal_has_and_writes_class_and_charts(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("class").mkdir()
    write_class(Path("class"), ["zoë", "µ"])
    Path("class", "notes.txt").touch()
    Path("class", "☕.txt").touch()
    terminal = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert cli.main(["gather", "class", "--output", "all.csv"]) == 0
    terminal.seek(0)
    lines = terminal.read().splitlines()
    fault = "left out: it is no CSV file, and no row of it is a result"
    assert lines[:4] == ["Files read: 2 of 4.", f"notes.txt: {fault}", f"?.txt: {fault}", ""]
    assert lines[4].startswith("Two threads took ")
    assert " x the speed of the plain loop" in lines[5]
    charts = [f"all-{number}.png" for number in range(1, 5)]
    assert lines[-5:] == ["table: all.csv", *(f"chart: {name}" for name in charts)]
    assert list_files() == [*charts, "all.csv", "class"]
    assert set(load("all.csv")["file"]) == {"zoë", "µ"}


def test_plot_draws_a_chart_beside_each_file_and_numbers_those_of_several(capsys: Capture) -> None:
    Path("deep").mkdir()
    save(make_run(), "one.csv")
    save(combine([make_scaling(), make_scaling(run_id="b")]), Path("deep", "two.csv"))
    assert cli.main(["plot", "one.csv", str(Path("deep", "two.csv"))]) == 0
    charts = [Path("one.png"), Path("deep", "two-1.png"), Path("deep", "two-2.png")]
    assert capsys.readouterr().out.splitlines() == [f"chart: {chart}" for chart in charts]
    assert all(chart.read_bytes().startswith(PNG_BEGINNING) for chart in charts)
    assert cli.main(["plot", "one.csv", "--output", "chart.png"]) == 0
    assert Path("chart.png").read_bytes() == charts[0].read_bytes()
    # but nothing if one of the files is bad
    charts[0].unlink()
    save(make_run().query("runner != 'sequential'"), "loopless.csv")
    Path("bad.csv").write_text("nonsense\n")
    for bad, told in (("bad.csv", "bad.csv is no table"), ("loopless.csv", "no sequential rounds")):
        capsys.readouterr()
        assert cli.main(["plot", "one.csv", bad]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert re.fullmatch(f"gil_demo: .*{told}.*\n", printed.err)
    assert not charts[0].exists()


def test_check_says_in_one_line_that_all_is_ready_or_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    has_jupyter = all(map(find_spec, ("ipykernel", "jupyterlab")))  # not in every test run
    assert cli.main(["check"]) == (0 if has_jupyter else 1)
    ready = r"Ready: a pool, a chart and a kernel work here.* \(.* usable cores?\)\n"
    assert bool(re.fullmatch(ready, (printed := capsys.readouterr()).out)) == has_jupyter
    assert has_jupyter or re.search("No module named '(ipykernel|jupyterlab)'", printed.err)
    for trial, told in (
        ("import nothing_such", r".*No module named 'nothing_such'; pip install -r requirements"),
        ("raise OSError('no DLL')", r"OSError: no DLL; delete the folder \.venv, install again"),
        ("import time; time.sleep(60)", "a pool and a chart took more than 1 s; close other"),
    ):
        monkeypatch.setattr(cli, "_TRIAL", trial)
        if "sleep" in trial:
            monkeypatch.setattr(cli, "_TRIAL_SECONDS", 0.6)
        assert cli.main(["check"]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert re.fullmatch(f"gil_demo: not ready: {told}.*\n", printed.err)


def test_machine_is_told_in_words_and_each_command_explains_itself(capsys: Capture) -> None:
    assert cli.main(["machine"]) == 0
    shown = capsys.readouterr().out
    assert all(name.replace("_", " ") in shown for name in Machine._fields)
    assert not {"True", "False", "None"} & set(shown.split())
    for words, told in (
        (["--help"], ["compare", "plot", "machine", "Exit status: 0 done"]),
        (["compare", "--help"], ["--workers", "--count", "--runners", "--start-method"]),
        (["--version"], [f"gil_demo {__version__}\n"]),
    ):
        with pytest.raises(SystemExit, match=r"^0$"):
            cli.main(words)
        shown = capsys.readouterr().out
        assert all(word in shown for word in told)


def test_a_reader_that_leaves_early_or_wrong_words_cause_no_traceback_and_a_light_import(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    for word in ("machine", "--help"):
        reader, writer = os.pipe()
        os.close(reader)
        answer = run(word, stdout=writer)
        os.close(writer)
        assert (answer.returncode, answer.stderr) == (1, "")
    script = "import sys; from gil_demo.cli import main; status = main(['plot', '--nonsense']); "
    script += "print(status, {'pandas', 'matplotlib', 'numpy'} & set(sys.modules))"
    told = subprocess.check_output([sys.executable, "-c", script], stderr=PIPE, timeout=30)
    assert told.decode().splitlines() == ["2 set()"]


@needs_signals
def test_a_command_whose_output_was_closed_before_it_began_is_done_all_the_same() -> None:
    command = f"exec {shlex.quote(sys.executable)} -m gil_demo machine >&-"
    ended = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
