"""A process and all that came of it: how much memory it takes, and its end to the last of it."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from gil_demo.checks import MOST_SECONDS, check_number
from gil_demo.running.interrupts import held_back

if TYPE_CHECKING:
    import psutil

MARK = "GIL_DEMO_TRIAL"

END_SECONDS = 5.0

_LOOK_SECONDS = 0.01


def make_mark() -> dict[str, str]:
    """Make a variable for a process's environment, by which its descendants will be known.

    They inherit it, even those that leave the session or lose their parent.
    """
    return {MARK: uuid.uuid4().hex}


def measure_memory(process: "subprocess.Popen[bytes]", *, is_whole: bool) -> int:
    """Measure the memory that a process holds.

    Args:
        process: the process.
        is_whole: whether its children are counted, too; looking for them takes milliseconds.

    Returns:
        Bytes in physical memory; what processes share is counted for each of them.
    """
    import psutil

    try:
        parent = psutil.Process(process.pid)
        family = [parent, *parent.children(recursive=True)] if is_whole else [parent]
    except psutil.Error:
        return 0
    return sum(_measure_one(member) for member in family)


def _measure_one(process: "psutil.Process") -> int:
    import psutil

    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def end_family(process: "subprocess.Popen[bytes]", mark: dict[str, str]) -> None:
    """Kill a process and all that came of it: its session, its children, and all that are marked.

    Args:
        process: the process; it leads a session of its own, where there are sessions.
        mark: what `make_mark` gave, which it was started with.
    """
    import psutil

    family = _list_children(process)
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    _kill(family)
    process.wait()
    deadline = time.monotonic() + END_SECONDS
    # one that is killed may have had a child a moment before
    while (left := _list_marked(mark)) and time.monotonic() < deadline:
        _kill(left)
        psutil.wait_procs(left, timeout=_LOOK_SECONDS)


def _list_children(process: "subprocess.Popen[bytes]") -> "list[psutil.Process]":
    import psutil

    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        return []


def _list_marked(mark: dict[str, str]) -> "list[psutil.Process]":
    import psutil

    (name, value), marked = next(iter(mark.items())), []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(name) == value and process.status() != psutil.STATUS_ZOMBIE:
                marked.append(process)
    return marked


def _kill(processes: "list[psutil.Process]") -> None:
    import psutil

    for process in processes:
        with suppress(psutil.Error):
            process.kill()


MOST_OUTPUT_BYTES = 1_000_000

SHOWN_LINES = 18

CHECK_SECONDS = 0.05

CHECK_FAMILY_SECONDS = 0.5

READ_BYTES = 65_536

ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "PYTHON_COLORS": "0"}

FINISHED, FAILED, UNSTARTED = "finished", "failed", "could not be started"

TOO_LONG, TOO_LOUD, TOO_LARGE = (
    "stopped after the time allowed",
    "stopped for its output",
    "stopped for its memory",
)

ENDS = (FINISHED, FAILED, UNSTARTED, TOO_LONG, TOO_LOUD, TOO_LARGE)


class Outcome(NamedTuple):
    """How a script ended.

    Attributes:
        state: "finished", "failed", "could not be started", "stopped after the time allowed",
            "stopped for its output" or "stopped for its memory".
        seconds: how long it ran.
        output: what it printed, errors included, in the order in which it came.
    """

    state: str
    seconds: float
    output: str

    def __str__(self) -> str:
        lines = self.output.rstrip().splitlines()
        left_out = len(lines) - SHOWN_LINES
        if left_out > 0:
            lines = [f"... {left_out:,} lines left out ...", *lines[-SHOWN_LINES:]]
        return "\n".join([f"{self.state} ({self.seconds:.1f} s)", *lines])


def run_script(source: str, timeout: float = 10.0) -> Outcome:
    """Run a Python script in an interpreter of its own and leave nothing of it behind.

    The script is a file named lesson.py in a folder of its own, so that it behaves as one that
    a reader has saved and started. When it is over, for whatever reason, every process that it
    started is ended. It is stopped, too, when it prints more than a megabyte, or takes more than
    half of the machine's memory.

    Args:
        source: the script.
        timeout: seconds that it may run, above 0.

    Returns:
        How it ended and what it printed.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: the timeout is out of range.
    """
    if not isinstance(source, str):
        raise TypeError(f"source must be the text of a script, not {type(source).__name__}")
    seconds = check_number("timeout", timeout, MOST_SECONDS)
    source.encode()  # what can't be saved is refused before there is a folder
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        script = _save(source, folder)
        outcome = run_command(
            [sys.executable, str(script)], seconds, os.environ | ENVIRONMENT, count_half_memory()
        )
    told = outcome.output.replace(folder + os.sep, "").replace(folder, ".")
    return outcome._replace(output=told)


def run_isolated(
    command: Sequence[str],
    source: str,
    arguments: Sequence[str],
    seconds: float,
    environment: Mapping[str, str],
    most_bytes: float,
) -> Outcome:
    """Run a script by some interpreter in a folder of its own, and leave nothing of it behind.

    Args:
        command: the interpreter with its options.
        source: the script.
        arguments: what follows it on the command line.
        seconds: how long it may run.
        environment: all of its environment; the folder is added as its home and scratch folder.
        most_bytes: how much memory it may take.

    Returns:
        How it ended and what it printed.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        script = _save(source, folder)
        own = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), folder)
        return run_command(
            [*command, script.name, *arguments], seconds, {**environment, **own}, most_bytes, folder
        )


def _save(source: str, folder: str) -> Path:
    script = Path(folder, "lesson.py")
    script.write_text(source, encoding="utf-8")
    return script


def count_half_memory() -> float:
    """Return half of the machine's physical memory, in bytes."""
    import psutil

    return float(psutil.virtual_memory().total) / 2


def run_command(
    command: Sequence[str],
    seconds: float,
    environment: Mapping[str, str],
    most_bytes: float,
    folder: str | None = None,
) -> Outcome:
    """Run a command within limits, and end every process that came of it.

    Args:
        command: the program and its arguments.
        seconds: how long it may run.
        environment: all of its environment.
        most_bytes: how much memory it and its children may take.
        folder: where it runs; None means where this process does.

    Returns:
        How it ended and what it printed, a megabyte at most.
    """
    mark = make_mark()
    process: subprocess.Popen[bytes] | None = None
    output = _Output()
    started = time.monotonic()
    try:
        with held_back(is_inherited=False):
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                start_new_session=True, env={**environment, **mark}, cwd=folder,
            )  # fmt: skip
            output.follow(process)
        state = _watch(process, output, seconds, most_bytes)
    except OSError as reason:
        if process is not None:
            raise
        return Outcome(UNSTARTED, 0.0, reason.strerror or type(reason).__name__)
    finally:
        if process is not None:
            with held_back():
                elapsed = time.monotonic() - started
                end_family(process, mark)
                output.close()
    return Outcome(state, elapsed, output.get_text())


class _Output:
    """What a process prints: read as it comes, up to a limit, and no further.

    A flood then fills the pipe and stops there, and nothing of it is kept.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._kept = bytearray()
        self._reader: threading.Thread | None = None

    def follow(self, process: "subprocess.Popen[bytes]") -> None:
        self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while not self.is_over and (piece := os.read(stream.fileno(), READ_BYTES)):
                self._kept += piece
                self.is_over = len(self._kept) > MOST_OUTPUT_BYTES

    def close(self) -> None:
        """Wait for what is left in the pipe, which ends when nobody holds it any more."""
        if self._reader is not None:
            self._reader.join(CHECK_SECONDS * 20)

    def get_text(self) -> str:
        return bytes(self._kept[:MOST_OUTPUT_BYTES]).decode(errors="replace").replace("\r\n", "\n")


def _watch(
    process: "subprocess.Popen[bytes]", output: _Output, seconds: float, most_bytes: float
) -> str:
    started = looked = time.monotonic()
    while process.poll() is None:
        now = time.monotonic()
        if now - started > seconds:
            return TOO_LONG
        if output.is_over:
            return TOO_LOUD
        is_due = now - looked > CHECK_FAMILY_SECONDS
        if measure_memory(process, is_whole=is_due) > most_bytes:
            return TOO_LARGE
        looked = now if is_due else looked
        time.sleep(CHECK_SECONDS)
    if output.is_over:
        return TOO_LOUD
    return FINISHED if process.returncode == 0 else FAILED
