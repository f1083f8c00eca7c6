"""Fresh Python interpreters for the variants of a benchmark, none of which is left behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

SCRIPTS = Path(__file__).parent / "scripts"
MOST_SECONDS = 120.0


@contextmanager
def started(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Start an interpreter with pipes to it; end it and its children if they are still there."""
    # not in a session of its own: Linux deals out busy cores by session first (autogroups), so
    # that two independent interpreters would get more of them than two workers of one pool
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=_make_environment(),
    )  # fmt: skip
    try:
        yield process
    finally:
        _end(process)


def tell(process: "subprocess.Popen[str]", line: str) -> None:
    """Send an interpreter a line."""
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def hear(process: "subprocess.Popen[str]") -> str:
    """Return the next line that an interpreter prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended early:\n{process.communicate()[1]}")
    return line


def run_python(*arguments: str) -> str:
    """Run an interpreter to its end and return what it printed."""
    with started(*arguments) as process:
        output, errors = process.communicate(timeout=MOST_SECONDS)
    if process.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{errors}")
    return output


def run_script(name: str, *arguments: object) -> list[float]:
    """Run one of the scripts and return the numbers on the last line that it printed."""
    output = run_python(str(SCRIPTS / name), *map(str, arguments))
    return [float(number) for number in output.splitlines()[-1].split()]


def _make_environment() -> dict[str, str]:
    """Let Python keep compiled modules, as it does for readers: installed ones have theirs."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _end(process: "subprocess.Popen[str]") -> None:
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        if process.poll() is None:
            parent = psutil.Process(process.pid)
            family = [*parent.children(recursive=True), parent]
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()
