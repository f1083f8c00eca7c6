import os
import subprocess
import sys
import time

import psutil
import pytest

from gil_demo.running.scripts import MARK, end_family, make_mark, measure_memory
from tests.running.test_trials import assert_gone

SLEEP = "import time; time.sleep(60)"


def start(source: str, mark: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", source],
        stdout=subprocess.PIPE, start_new_session=True, env=os.environ | mark,
    )  # fmt: skip


def test_every_mark_is_another() -> None:
    marks = [make_mark() for _ in range(100)]
    assert all(list(mark) == [MARK] for mark in marks)
    assert len({mark[MARK] for mark in marks}) == 100


def test_a_process_is_ended_with_its_children() -> None:
    mark = make_mark()
    child = f"subprocess.Popen([sys.executable, '-c', {SLEEP!r}])"
    process = start(f"import subprocess, sys\nprint({child}.pid, flush=True)\n{SLEEP}", mark)
    with process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        end_family(process, mark)
        assert process.returncode not in (None, 0)
        assert_gone(pid)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no sessions on Windows")
def test_one_that_left_the_session_and_lost_its_parent_is_ended_too() -> None:
    mark = make_mark()
    orphan = f"[sys.executable, '-c', {SLEEP!r}], start_new_session=True"
    source = f"import subprocess, sys\nprint(subprocess.Popen({orphan}).pid, flush=True)"
    with start(source, mark) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.wait()
        assert psutil.pid_exists(pid)
        end_family(process, mark)
        assert_gone(pid)


def test_processes_with_another_mark_live_on() -> None:
    mine, other = make_mark(), make_mark()
    with start(SLEEP, mine) as process, start(SLEEP, other) as neighbour:
        end_family(process, mine)
        time.sleep(0.1)
        assert neighbour.poll() is None
        end_family(neighbour, other)


def test_the_memory_of_a_process_grows_with_what_it_holds_and_with_its_children() -> None:
    mark = make_mark()
    hold = "hoard = b'x' * 80_000_000"
    child = f"subprocess.Popen([sys.executable, '-c', {f'{hold}; {SLEEP}'!r}])"
    with start(f"import subprocess, sys\n{hold}\n{child}\n{SLEEP}", mark) as process:
        deadline = time.monotonic() + 20
        while measure_memory(process, is_whole=True) < 175e6 and time.monotonic() < deadline:
            time.sleep(0.05)
        alone = measure_memory(process, is_whole=False)
        assert alone >= 80e6
        assert measure_memory(process, is_whole=True) >= alone + 80e6
        end_family(process, mark)
    assert measure_memory(process, is_whole=True) == 0
