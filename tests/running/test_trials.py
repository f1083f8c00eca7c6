import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from gil_demo.running.scripts import MOST_OUTPUT_BYTES, SHOWN_LINES, Outcome, run_script
from tests.conftest import METHODS


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def assert_gone(pid: int) -> None:
    """Fail unless a process is gone, or goes within the moment that a killed one takes."""
    deadline = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_a_script_that_ends_well_has_finished() -> None:
    outcome = run_script("print('hello')")
    assert (outcome.state, outcome.output) == ("finished", "hello\n")


def test_a_script_that_raises_has_failed_and_its_traceback_is_in_the_output() -> None:
    outcome = run_script("raise LookupError('no such thing')")
    assert outcome.state == "failed"
    assert outcome.output.endswith("LookupError: no such thing\n")
    assert 'File "lesson.py", line 1' in outcome.output


def test_a_script_that_exits_with_a_status_has_failed() -> None:
    assert run_script("raise SystemExit(3)").state == "failed"


def test_a_script_that_hangs_is_stopped_after_the_time() -> None:
    outcome = run_script("print('begun')\nwhile True: pass", timeout=1.0)
    assert outcome.state == "stopped after the time allowed"
    assert outcome.output == "begun\n"
    assert outcome.seconds >= 1.0


def test_a_script_that_ignores_signals_is_stopped_all_the_same() -> None:
    script = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "while True: time.sleep(1)\n"
    )
    assert run_script(script, timeout=0.5).state == "stopped after the time allowed"


def test_a_flood_of_output_is_stopped_and_cut() -> None:
    outcome = run_script("while True: print('x' * 10_000)", timeout=20.0)
    assert outcome.state == "stopped for its output"
    assert len(outcome.output) <= MOST_OUTPUT_BYTES


def test_errors_and_output_come_in_the_order_in_which_they_were_written() -> None:
    script = "import sys\nfor n in range(3):\n    print(n)\n    print(-n - 1, file=sys.stderr)\n"
    assert run_script(script).output.split() == ["0", "-1", "1", "-2", "2", "-3"]


def test_a_script_has_nothing_to_read() -> None:
    assert "EOFError" in run_script("input()").output


def test_the_script_is_a_file_that_a_spawned_worker_can_load() -> None:
    script = (
        "import multiprocessing\n"
        "def double(n): return 2 * n\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(double, [1, 2]))\n"
    )
    assert run_script(script, 20.0).output == "[2, 4]\n"


@pytest.mark.parametrize(("end", "state"), [("", "finished"), ("1 / 0", "failed")])
def test_grandchildren_are_gone_when_the_script_has_ended(end: str, state: str) -> None:
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],\n"
        "                         stdout=subprocess.DEVNULL)\n"
        f"print(child.pid)\n{end}\n"
    )
    outcome = run_script(script, 20.0)
    assert outcome.state == state
    assert_gone(int(outcome.output.split()[0]))


def test_grandchildren_are_gone_when_the_script_was_stopped() -> None:
    script = (
        "import multiprocessing, time\n"
        "if __name__ == '__main__':\n"
        "    pool = multiprocessing.get_context('spawn').Pool(2)\n"
        "    print(*(child.pid for child in multiprocessing.active_children()))\n"
        "    time.sleep(60)\n"
    )
    outcome = run_script(script, 2.0)
    assert outcome.state == "stopped after the time allowed"
    pids = [int(word) for word in outcome.output.split()]
    assert len(pids) == 2
    for pid in pids:
        assert_gone(pid)


def test_nothing_of_the_script_is_left_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run_script("open(__file__ + '.left', 'w').close()\nraise SystemExit(1)")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    script = "import os\nprint(__file__, os.path.dirname(__file__))\nraise LookupError\n"
    outcome = run_script(script)
    assert outcome.output.startswith("lesson.py ")
    assert str(tmp_path) not in outcome.output
    assert str(tmp_path) not in str(outcome)


def test_letters_of_any_script_come_through() -> None:
    script = "import sys\nsys.stdout.reconfigure(encoding='utf-8')\nprint('Zürich, Ω, ☕')\n"
    assert run_script(script).output.rstrip() == "Zürich, Ω, ☕"


def test_bytes_that_are_no_text_do_no_harm() -> None:
    outcome = run_script("import sys\nsys.stdout.buffer.write(bytes([255, 254, 10]))\n")
    assert outcome.state == "finished"
    assert len(outcome.output) == 3


def test_the_text_of_an_outcome_shows_the_state_and_the_last_lines() -> None:
    lines = [f"line {number}" for number in range(100)]
    text = str(Outcome("failed", 1.26, "\n".join(lines) + "\n"))
    shown = text.splitlines()
    assert shown[0] == "failed (1.3 s)"
    assert shown[1] == f"... {100 - SHOWN_LINES} lines left out ..."
    assert shown[2:] == lines[-SHOWN_LINES:]


def test_the_text_of_a_short_outcome_leaves_nothing_out() -> None:
    assert str(Outcome("finished", 0.04, "one\ntwo\n")) == "finished (0.0 s)\none\ntwo"
    assert str(Outcome("finished", 0.04, "")) == "finished (0.0 s)"


@pytest.mark.parametrize("source", [None, 5, b"print()", ["print()"]])
def test_a_source_that_is_no_text_is_refused(source: str) -> None:
    with pytest.raises(TypeError, match="source must be the text of a script, not "):
        run_script(source)


@pytest.mark.parametrize(
    ("timeout", "error"),
    [(0, ValueError), (-1, ValueError), (float("nan"), ValueError), ("1", TypeError)],
)
def test_a_timeout_out_of_range_is_refused(timeout: float, error: type[Exception]) -> None:
    with pytest.raises(error, match="timeout must be a number above 0"):
        run_script("print()", timeout)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts a whole console only")
def test_an_interrupt_ends_the_script_and_what_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "pid.txt"
    script = (
        "import os, time\n"
        f"open({str(mark) + '.part'!r}, 'w').write(str(os.getpid()))\n"
        f"os.rename({str(mark) + '.part'!r}, {str(mark)!r})\n"
        "time.sleep(60)\n"
    )

    def interrupt() -> None:
        deadline = time.monotonic() + 20
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_script(script, 30.0)
    thread.join()
    assert_gone(int(mark.read_text()))


@pytest.mark.skipif(sys.platform == "win32", reason="a script can't interrupt itself there")
@pytest.mark.parametrize("method", METHODS)
def test_a_script_can_be_interrupted_in_the_midst_of_a_pool(method: str) -> None:
    script = f"""
import multiprocessing, os, signal, threading, time

if __name__ == "__main__":
    try:
        with multiprocessing.get_context({method!r}).Pool(2) as pool:
            threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
            pool.map(time.sleep, [5, 5])
    except KeyboardInterrupt:
        print("interrupted,", len(multiprocessing.active_children()), "left")
"""
    outcome = run_script(script, timeout=15)
    assert outcome.state == "finished"
    assert "interrupted, 0 left" in outcome.output
