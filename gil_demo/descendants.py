"""A process and all that came of it: how much memory it takes, and its end to the last of it."""

import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

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
