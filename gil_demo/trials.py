"""Scripts that may fail or hang, run in an interpreter of their own that is gone afterwards."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from gil_demo.arguments import MOST_SECONDS, check_number
from gil_demo.interrupts import held_back

MOST_OUTPUT_BYTES = 1_000_000
SHOWN_LINES = 18
CHECK_SECONDS = 0.05
ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "PYTHON_COLORS": "0"}


class Outcome(NamedTuple):
    """How a script ended.

    Attributes:
        state: "finished", "failed", "stopped after the time allowed" or "stopped for its
            output".
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
    started is ended.

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
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        script, printed = Path(folder, "lesson.py"), Path(folder, "printed.txt")
        script.write_text(source, encoding="utf-8")
        started = time.monotonic()
        with printed.open("wb") as stream:
            state = _run(script, stream.fileno(), printed, seconds)
        elapsed = time.monotonic() - started
        output = printed.read_bytes()[:MOST_OUTPUT_BYTES].decode(errors="replace")
    return Outcome(state, elapsed, output.replace(folder + os.sep, "").replace(folder, "."))


def _run(script: Path, stream: int, printed: Path, seconds: float) -> str:
    process = None
    try:
        with held_back(is_inherited=False):
            process = subprocess.Popen(
                [sys.executable, str(script)],
                stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
                start_new_session=True, env=os.environ | ENVIRONMENT,
            )  # fmt: skip
        return _watch(process, printed, seconds)
    finally:
        if process is not None:
            with held_back():
                _end_with_children(process)


def _watch(process: "subprocess.Popen[bytes]", printed: Path, seconds: float) -> str:
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        if time.monotonic() > deadline:
            return "stopped after the time allowed"
        if printed.stat().st_size > MOST_OUTPUT_BYTES:
            return "stopped for its output"
        time.sleep(CHECK_SECONDS)
    return "finished" if process.returncode == 0 else "failed"


def _end_with_children(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and all that came of it: by its session, or on Windows one by one."""
    import psutil

    try:
        children = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        children = []
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    process.wait()
