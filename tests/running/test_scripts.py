import os
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from gil_demo.checks import GilDemoError
from gil_demo.running.guard import MARK, read_environment
from gil_demo.running.scripts import (
    MOST_OUTPUT_BYTES,
    SHOWN_LINES,
    Outcome,
    find_answer,
    run_isolated,
    run_script,
)
from tests.conftest import (
    assert_gone,
    assert_nothing_left,
    interrupt_once_there,
    make_marked_environment,
    needs_signals,
    wait_until,
)


def test_a_script_s_output_comes_in_its_order_and_nothing_of_it_is_left_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    outcome = run_script(
        "import os, sys\n"
        "for n in (1, 2): print(n); print(-n, file=sys.stderr)\n"
        "os.write(1, 'Zürich\\r\\n☕'.encode() + bytes([255]))\n"
        "print(repr(sys.stdin.read()), __file__, os.path.dirname(__file__))\n"
        "open(__file__ + '.left', 'w').close()\nraise LookupError('no such')\n"
    )
    assert list(tmp_path.iterdir()) == []
    assert outcome.state == "failed"
    assert outcome.output.startswith("1\n-1\n2\n-2\nZürich\n☕\ufffd'' lesson.py .\n")
    assert 'File "lesson.py", line 6' in outcome.output
    assert outcome.output.endswith("LookupError: no such\n")


@needs_signals
def test_a_folder_is_not_shown_by_another_name_of_its_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(link))
    assert run_script("import os; print(os.path.realpath(__file__))").output == "lesson.py\n"


@needs_signals
def test_a_script_that_hangs_and_ignores_signals_is_stopped_after_the_time() -> None:
    outcome = run_script(
        "import signal\n"
        "for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)\n"
        "print('begun')\nwhile True: pass",
        timeout=1.0,
    )
    assert (outcome.state, outcome.output) == ("stopped after the time allowed", "begun\n")
    assert 1.0 <= outcome.seconds < 9.0


def test_a_script_prints_any_letter_whatever_the_terminal_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert run_script("print('× ☕')").output == "× ☕\n"


def test_a_flood_of_output_is_stopped_and_cut() -> None:
    # the second has ended before anybody looks
    for source in ("while True: print('x' * 10_000, end='')", "print('x' * 1_010_000)"):
        outcome = run_script(source, timeout=20.0)
        assert outcome.state == "stopped for its output"
        assert len(outcome.output) == MOST_OUTPUT_BYTES


@needs_signals
def test_what_a_script_started_is_ended_too() -> None:
    start = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], "
    for options, then in (
        ("env={}", ""),  # known by its session
        ("start_new_session=True", ""),  # known by its mark
        ("env={}, start_new_session=True", "time.sleep(60)"),  # known by its parent
    ):
        script = f"import subprocess, sys, time\nprint({start}{options}).pid)\n{then}"
        assert_gone(int(run_script(script, 1.0).output))


@needs_signals
def test_a_process_is_known_by_its_mark_while_it_goes_from_one_program_to_the_next() -> None:
    again = "import os, sys; os.execv(sys.executable, sys.orig_argv)"
    command = [sys.executable, "-I", "-S", "-c", again]
    environment = os.environ | {"LONG": "-" * 100_000, MARK: "this"}
    process = subprocess.Popen(command, env=environment)
    try:
        seen = psutil.Process(process.pid)
        marks = {read_environment(seen).get(MARK) for _ in range(5_000)}
    finally:
        process.kill()
        process.wait()
    assert marks == {"this"}  # some looks see no environment at first, or a part


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/shm is Linux's")  # Wine shows it, too
def test_a_script_s_shared_memory_and_semaphores_go_with_it_and_its_helpers_keep_silent() -> None:
    outcome = run_script(
        "import multiprocessing, os, time\n"
        "from multiprocessing.shared_memory import SharedMemory\n"
        "if __name__ == '__main__':\n"
        "    before = set(os.listdir('/dev/shm'))\n"
        "    pool = multiprocessing.get_context('spawn').Pool(2)\n"
        "    block = SharedMemory(create=True, size=1_000_000)\n"
        "    print(*set(os.listdir('/dev/shm')) - before, flush=True)\n    time.sleep(60)",
        1.5,
    )
    (line,) = outcome.output.splitlines()
    assert len(line.split()) >= 7  # six semaphores and a block
    assert wait_until(lambda: not any(Path("/dev/shm", name).exists() for name in line.split()))


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/shm is Linux's")
def test_a_semaphore_that_a_script_had_no_time_to_tell_anybody_of_goes_with_it() -> None:
    name = f"mp-{uuid.uuid4().hex}"
    outcome = run_script(
        "import _multiprocessing, time\n"
        f"lock = _multiprocessing.SemLock(0, 1, 1, '/{name}', False)\n"
        f"print(len(open('/dev/shm/sem.{name}', 'rb').read()))\ntime.sleep(60)",
        1.0,
    )
    assert outcome.output == "32\n"
    assert not Path("/dev/shm", f"sem.{name}").exists()


@needs_signals
def test_an_exit_code_that_the_system_does_not_tell_is_said_to_be_unknown() -> None:
    outcome = run_script(
        "import signal\nfrom gil_demo import run_script\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "for status in (0, 3): print(run_script(f'raise SystemExit({status})').state)\n"
    )
    assert outcome.output == "ended, exit code not known\n" * 2


@needs_signals
@pytest.mark.parametrize(  # the first leaves a program no time; it hears none of the others
    "name",
    ["SIGKILL", *(pytest.param(one, marks=pytest.mark.thorough) for one in ("SIGTERM", "SIGHUP"))],
)
def test_a_script_whose_parent_is_ended_goes_with_its_folder(name: str, tmp_path: Path) -> None:
    start = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    script = f"import os, subprocess, sys, time; {start}; open('up', 'w'); time.sleep(60)"
    program = f"from gil_demo import run_script; run_script({script!r}, 60)"
    own = make_marked_environment(tmp_path)
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env=own) as parent:
        assert wait_until((tmp_path / "up").exists)
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) == 3  # the guard, the script, and what it started
        parent.send_signal(signal.Signals[name])
    (tmp_path / "up").unlink()
    assert wait_until(lambda: not any(child.is_running() for child in children), 5.0)
    assert_nothing_left(own)


@needs_signals
@pytest.mark.parametrize("deed", ["die()", "make(*words); die()"])
def test_a_parent_killed_before_its_script_starts_leaves_no_folder(
    deed: str, tmp_path: Path
) -> None:
    program = (
        "import os, signal, tempfile\n"
        "make, die = tempfile.mkdtemp, lambda: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"def make_and_die(*words): {deed}\n"
        "tempfile.mkdtemp = make_and_die\n"
        "from gil_demo import run_script; run_script('')"
    )
    own = make_marked_environment(tmp_path)
    ended = subprocess.run([sys.executable, "-c", program], env=own, timeout=30)
    assert ended.returncode == -signal.SIGKILL
    assert_nothing_left(own)


def test_what_can_t_be_looked_at_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    look = psutil.Process.environ

    def look_at_few(process: psutil.Process) -> dict[str, str]:
        if process.pid % 2:
            raise psutil.AccessDenied(process.pid)
        return look(process)

    monkeypatch.setattr(psutil.Process, "environ", look_at_few)
    assert run_script("while True: pass", 0.2).state == "stopped after the time allowed"


def test_a_script_is_ended_even_where_nothing_can_be_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = set(psutil.Process().children())
    monkeypatch.setattr(psutil, "pids", list[int]().pop)  # it fails so where there is no /proc
    with pytest.raises(IndexError):
        run_script("while True: pass", 0.2)
    monkeypatch.undo()
    assert set(psutil.Process().children()) <= before


def test_a_script_without_a_place_on_the_disk_could_not_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert run_script("").state == "could not be started"


def test_an_answer_is_found_amid_whatever_else_is_printed() -> None:
    outcome = run_script("print('noise', end=''); print('<answer>[1, 2]</answer>')")
    assert find_answer(outcome) == [1, 2]
    with pytest.raises(ValueError, match="Expecting value"):
        find_answer(outcome._replace(output="[1, 2]"))


def test_a_python_that_cannot_start_another_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "^no other Python can be started, since '{}' is no program: set sys.executable, or "
    for program in (None, "", "/nowhere/python"):
        monkeypatch.setattr(sys, "executable", program)
        with pytest.raises(GilDemoError, match=told.format(program or "")):
            run_script("")
        with pytest.raises(GilDemoError, match=told.format(program or "")):
            run_isolated(["python"], "", [], 1.0, {})


def test_processes_of_another_script_live_on(tmp_path: Path) -> None:
    up, over = tmp_path / "up", tmp_path / "over"
    source = (
        "import pathlib, time\n"
        f"pathlib.Path({str(up)!r}).touch()\n"
        f"while not pathlib.Path({str(over)!r}).exists(): time.sleep(0.01)\n"
        "print('done')"
    )
    with ThreadPoolExecutor(1) as executor:
        other = executor.submit(run_script, source)
        assert wait_until(up.exists)
        assert run_script("").state == "finished"
        over.touch()
        assert other.result().output == "done\n"


class InterruptedLock:
    """A lock that an interrupt meets right after somebody has got it without a wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.release = self._lock.release

    def acquire(self, blocking: bool = True) -> bool:
        is_had = self._lock.acquire(blocking)
        if not blocking:
            signal.raise_signal(signal.SIGINT)
        return is_had

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


@needs_signals
@pytest.mark.usefixtures("nothing_hangs")
def test_an_interrupt_in_the_midst_of_a_look_at_a_script_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, *words: Any, **named: Any) -> None:
            super().__init__(*words, **named)
            self._waitpid_lock = InterruptedLock()

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_script("import time\ntime.sleep(60)\n", 30.0)


def test_the_text_of_an_outcome_shows_the_state_and_the_last_lines() -> None:
    lines = [f"line {number}" for number in range(1_000 + SHOWN_LINES)]
    shown = str(Outcome("failed", 1.26, "\n".join(lines) + "\n")).splitlines()
    assert shown == ["failed (1.3 s)", "... 1,000 lines left out ...", *lines[1_000:]]
    longer = str(Outcome("failed", 1.26, "\n".join(lines[: SHOWN_LINES + 1]))).splitlines()
    assert longer[1] == "... 1 line left out ..."
    short = "\n".join(lines[:SHOWN_LINES])
    assert str(Outcome("finished", 0.04, short + "\n")) == f"finished (0.0 s)\n{short}"


@needs_signals
def test_an_interrupt_ends_the_script(tmp_path: Path) -> None:
    part, mark = tmp_path / "part", tmp_path / "pid"
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        run_script(
            "import os, time\n"
            f"print(os.getpid(), file=open({str(part)!r}, 'w'), flush=True)\n"
            f"os.rename({str(part)!r}, {str(mark)!r})\ntime.sleep(60)\n",
            30.0,
        )
    interrupter.join()
    assert_gone(int(mark.read_text()))
