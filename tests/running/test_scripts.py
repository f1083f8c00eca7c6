import sys
import tempfile
import threading
from pathlib import Path

import pytest

from gil_demo.running.scripts import MOST_OUTPUT_BYTES, SHOWN_LINES, Outcome, run_script
from tests.conftest import METHODS, assert_gone, interrupt_once_there

SLEEP = "[sys.executable, '-c', 'import time; time.sleep(60)']"
unix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.mark.parametrize(
    ("source", "state", "output"),
    [
        ("print('first')\nraise SystemExit(3)", "failed", "first\n"),
        (
            "import sys\nfor n in (1, 2): print(n); print(-n, file=sys.stderr)",
            "finished",
            "1\n-1\n2\n-2\n",
        ),
        (
            "import os, sys\nprint(repr(sys.stdin.read()), __file__, os.path.dirname(__file__))",
            "finished",
            "'' lesson.py .\n",
        ),
        (
            "import os\nos.write(1, 'Zürich\\r\\n☕'.encode() + bytes([255]))",
            "finished",
            "Zürich\n☕\ufffd",
        ),
    ],
)
def test_a_script_ends_so_and_prints_this(source: str, state: str, output: str) -> None:
    outcome = run_script(source)
    assert (outcome.state, outcome.output) == (state, output)


def test_nothing_of_the_script_is_left_on_the_disk_and_its_folder_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    outcome = run_script("open(__file__ + '.left', 'w').close()\nraise LookupError('no such')")
    assert list(tmp_path.iterdir()) == []
    assert outcome.state == "failed"
    assert 'File "lesson.py", line 2' in outcome.output
    assert outcome.output.endswith("LookupError: no such\n")
    assert str(tmp_path) not in outcome.output


@unix_only
def test_a_script_that_hangs_and_ignores_signals_is_stopped_after_the_time() -> None:
    outcome = run_script(
        "import signal\n"
        "for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)\n"
        "print('begun')\nwhile True: pass",
        timeout=1.0,
    )
    assert (outcome.state, outcome.output) == ("stopped after the time allowed", "begun\n")
    assert 1.0 <= outcome.seconds < 9.0


# the second has ended before anybody looks
@pytest.mark.parametrize("source", ["while True: print('x' * 10_000)", "print('x' * 1_010_000)"])
def test_a_flood_of_output_is_stopped_and_cut(source: str) -> None:
    outcome = run_script(source, timeout=20.0)
    assert outcome.state == "stopped for its output"
    assert len(outcome.output) == MOST_OUTPUT_BYTES


def test_the_workers_of_a_pool_that_a_script_left_are_gone() -> None:
    outcome = run_script(
        "import multiprocessing, os\n"
        "if __name__ == '__main__':\n"
        f"    pool = multiprocessing.get_context({METHODS[-1]!r}).Pool(2)\n"
        "    print(*pool.map(abs, [2, -4]))\n"
        "    print(*(child.pid for child in multiprocessing.active_children()), flush=True)\n"
        "    os._exit(0)\n",
        20.0,
    )
    assert outcome.state == "finished"
    answers, pids, *_ = outcome.output.splitlines()  # helpers may complain after them
    assert answers == "2 4"
    for pid in pids.split():
        assert_gone(int(pid))


@unix_only
@pytest.mark.parametrize(
    "start",
    [
        f"subprocess.Popen({SLEEP}, env={{}})  # known by its session",
        f"subprocess.Popen({SLEEP}, start_new_session=True)  # known by its mark",
        f"subprocess.Popen({SLEEP}, env={{}}, start_new_session=True)  # known by its parent\n"
        "print(child.pid)\ntime.sleep(60)",
    ],
)
def test_what_a_script_started_is_ended_too(start: str) -> None:
    outcome = run_script(f"import subprocess, sys, time\nchild = {start}\nprint(child.pid)", 2.0)
    assert_gone(int(outcome.output.split()[0]))


def test_processes_of_another_script_live_on() -> None:
    outcomes: list[Outcome] = []
    source = "import time\ntime.sleep(1.5)\nprint('done')"
    other = threading.Thread(target=lambda: outcomes.append(run_script(source)))
    other.start()
    assert run_script("").state == "finished"
    other.join()
    assert outcomes[0].output == "done\n"


def test_the_text_of_an_outcome_shows_the_state_and_the_last_lines() -> None:
    lines = [f"line {number}" for number in range(1_000 + SHOWN_LINES)]
    shown = str(Outcome("failed", 1.26, "\n".join(lines) + "\n")).splitlines()
    assert shown == ["failed (1.3 s)", "... 1,000 lines left out ...", *lines[1_000:]]
    short = "\n".join(lines[:SHOWN_LINES])
    assert str(Outcome("finished", 0.04, short + "\n")) == f"finished (0.0 s)\n{short}"


@unix_only
def test_an_interrupt_ends_the_script_and_what_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "pid.txt"
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        run_script(
            "import os, time\n"
            f"open({str(mark) + '.part'!r}, 'w').write(str(os.getpid()))\n"
            f"os.rename({str(mark) + '.part'!r}, {str(mark)!r})\n"
            "time.sleep(60)\n",
            30.0,
        )
    interrupter.join()
    assert_gone(int(mark.read_text()))
