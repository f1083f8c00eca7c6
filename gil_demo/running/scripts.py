"""Scripts in interpreters of their own: within limits, and nothing of them left behind."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from gil_demo.checks import MOST_SECONDS, check_number, check_program, state_count
from gil_demo.running import CHECK_SECONDS, guard
from gil_demo.running.guard import MARK, end_marked
from gil_demo.running.interrupts import held_back

MOST_OUTPUT_BYTES = 1_000_000
SHOWN_LINES = 18
_LOST = sys.maxsize  # for an exit code that was lost: where SIGCHLD is ignored, no one gets it
_TEMPORARY, _HOMES = ("TMPDIR", "TEMP", "TMP"), ("HOME", "USERPROFILE")
FINISHED, FAILED, UNSTARTED = "finished", "failed", "could not be started"
ENDED = "ended, exit code not known"
TOO_LONG, TOO_LOUD = "stopped after the time allowed", "stopped for its output"


class Outcome(NamedTuple):
    """How a script ended."""

    state: str  # one of those above
    seconds: float
    output: str  # what it printed, errors included, in the order in which it came

    def __str__(self) -> str:
        lines = self.output.rstrip().splitlines()
        left_out = len(lines) - SHOWN_LINES
        if left_out > 0:
            lines = [f"... {state_count(left_out, 'line')} left out ...", *lines[-SHOWN_LINES:]]
        return "\n".join([f"{self.state} ({self.seconds:.1f} s)", *lines])


def run_script(source: str, timeout: float = 10.0) -> Outcome:
    """Run a Python script in an interpreter of its own and leave nothing of it behind.

    The script is a file named lesson.py in a folder of its own, so that it behaves as one that
    a reader has saved and started. When it is over, for whatever reason, every process that it
    started is ended. It is stopped, too, when it prints more than a megabyte.

    Args:
        source: the script.
        timeout: seconds that it may run, above 0.

    Returns:
        How it ended and what it printed.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: the timeout is out of range, or the source can't be saved.
        GilDemoError: this Python doesn't know the file that it was started from.
    """
    if not isinstance(source, str):
        raise TypeError(f"source must be the text of a script, not {type(source).__name__}")
    seconds = check_number("timeout", timeout, MOST_SECONDS)
    source.encode()  # what can't be saved is refused before there is a folder
    own = {"PYTHONUNBUFFERED": "1", "PYTHON_COLORS": "0", "PYTHONIOENCODING": "utf-8"}
    return run_isolated([sys.executable], source, [], seconds, os.environ | own, is_at_home=False)


def find_answer(outcome: Outcome) -> Any:
    """Return what a script of ours answered in JSON, amid whatever else Python printed.

    Raises a ValueError where there is no answer.
    """
    found = re.search(r"<answer>(.*?)</answer>", outcome.output)
    return json.loads(found[1] if found else "")


def run_isolated(
    command: Sequence[str], source: str, arguments: Sequence[str], seconds: float,
    environment: Mapping[str, str], *, is_at_home: bool = True,
) -> Outcome:  # fmt: skip
    """Run a script in a folder of its own and within limits, and end all that came of it.

    With `is_at_home` that is its working folder and its home, too.
    """
    check_program(sys.executable)
    mark = uuid.uuid4().hex
    beginning = mark[:8]  # short, since the path of a socket may have few letters
    places = (*_TEMPORARY, *_HOMES) if is_at_home else _TEMPORARY
    process: subprocess.Popen[bytes] | None = None
    started = time.monotonic()
    try:
        with (
            tempfile.TemporaryFile() as output,
            _guarded(mark, Path(tempfile.gettempdir(), beginning)),
            tempfile.TemporaryDirectory(prefix=beginning, ignore_cleanup_errors=True) as folder,
        ):
            script = Path(folder, "lesson.py")
            script.write_text(source, encoding="utf-8")
            try:
                with held_back(is_inherited=False):
                    process = subprocess.Popen(
                        [*command, script.name if is_at_home else str(script), *arguments],
                        stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                        start_new_session=True, cwd=folder if is_at_home else None,
                        env={**environment, **dict.fromkeys(places, folder), MARK: mark},
                    )  # fmt: skip
                state = _watch(process, output, started + seconds)
                elapsed = time.monotonic() - started
                # what is said from now on, by the resource tracker, say, is not the script's
                size = os.fstat(output.fileno()).st_size
            finally:
                if process is not None:
                    with held_back():
                        _end(process, mark)
            output.seek(0)
            told = output.read(min(size, MOST_OUTPUT_BYTES))
    except OSError as reason:
        if process is not None:
            raise
        return Outcome(UNSTARTED, 0.0, reason.strerror or type(reason).__name__)
    text = told.decode(errors="replace").replace("\r\n", "\n")
    for place in (os.path.realpath(folder), folder):  # macOS has a link to its temporary files
        text = text.replace(place + os.sep, "").replace(place, ".")
    return Outcome(state, elapsed, text)


@contextmanager
def _guarded(mark: str, beginning: Path) -> Iterator[None]:
    """Have a process by the side that leaves nothing of a script if this one is killed.

    It is there before the script's folder is, and so knows only how the folder's path begins.
    """
    command = [sys.executable, "-P", guard.__file__, str(os.getpid()), mark, str(beginning)]
    watching: subprocess.Popen[bytes] | None = None
    try:
        with held_back(is_inherited=False):
            watching = subprocess.Popen(
                command, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        yield
    finally:
        if watching is not None:
            with held_back():
                watching.kill()
                watching.wait()


def _watch(process: "subprocess.Popen[bytes]", output: IO[bytes], deadline: float) -> str:
    """Wait until a process has ended, or has gone beyond a limit; say which."""
    while True:
        with held_back():  # an interrupt in its midst would leave a lock that the last wait needs
            code = process._internal_poll(_deadstate=_LOST)  # type: ignore[attr-defined]
        if os.fstat(output.fileno()).st_size > MOST_OUTPUT_BYTES:
            return TOO_LOUD
        if code is not None:
            return {0: FINISHED, _LOST: ENDED}.get(code, FAILED)
        if time.monotonic() > deadline:
            return TOO_LONG
        time.sleep(CHECK_SECONDS)


def _end(process: "subprocess.Popen[bytes]", mark: str) -> None:
    is_session = sys.platform != "win32"
    try:
        end_marked(mark, process.pid if is_session else None)
    finally:
        process.kill()  # if it has not been found by anything, or nothing can be looked at
        process.wait()
