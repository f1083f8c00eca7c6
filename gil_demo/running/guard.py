"""Ends all that came of a script: when it is over, or, run as a program, when its parent is gone.

guard.py PARENT MARK BEGINNING
"""

import os
import re
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "GIL_DEMO_TRIAL"
_LOOK_SECONDS = 0.5
_END_SECONDS = 5.0
_BEGIN_SECONDS = 1.0


def find_marked(mark: str, session: int | None = None, name: str = MARK) -> set[psutil.Process]:
    """Find the living processes that carry a mark or are of a session, and all their children.

    A child that has left the session and lost its parent is known only by the mark in its
    environment; one that was given an environment of its own, only by its parent or session. What
    the system doesn't let anybody look at (as /proc with hidepid) is none of ours.
    """
    found: set[psutil.Process] = set()
    for pid in psutil.pids():
        with suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            is_member = session is not None and os.getsid(pid) == session
            if process not in found and (is_member or read_environment(process).get(name) == mark):
                found |= {process, *process.children(recursive=True)}
    return {process for process in found if _is_alive(process)}


def end_marked(mark: str, session: int | None = None, name: str = MARK) -> None:
    """Kill the processes that `find_marked` finds, and those that they start meanwhile.

    multiprocessing's resource tracker is left to remove their semaphores and shared memory; it
    leaves when all others have. What they had not told it of yet, Linux shows.
    """
    semaphores: set[int] = set()
    deadline = time.monotonic() + _END_SECONDS
    while time.monotonic() < deadline:
        found = find_marked(mark, session, name)
        trackers = {process for process in found if _is_tracker(process)}
        if found == trackers:
            break
        for process in found - trackers:
            with suppress(psutil.Error):
                semaphores |= _find_semaphores(process)
                process.kill()
    for tracker in psutil.wait_procs(trackers, timeout=_END_SECONDS)[1]:
        with suppress(psutil.Error):
            tracker.kill()
    for file in Path("/dev/shm").glob("sem.mp-*") if semaphores else ():
        with suppress(OSError):
            if file.stat().st_ino in semaphores:
                file.unlink()


def read_environment(process: psutil.Process) -> dict[str, str]:
    """Read a process's environment, and again where it begins another program meanwhile.

    Between the old program and the new one Linux shows a process without environment and command
    line: for a fifth of a millisecond, or, on a busy machine, for 15. A long environment is read
    in parts, and ends where the old program does.
    """
    deadline = time.monotonic() + _BEGIN_SECONDS
    while True:
        before = _find_program(process)
        environment = process.environ()
        is_whole = before is not None and _find_program(process) == before
        if is_whole or time.monotonic() > deadline:
            return environment
        time.sleep(0.001)


def _find_program(process: psutil.Process) -> list[bytes] | None:
    """Find where in memory a program's code, arguments and environment are; None before they are.

    The fields are proc_pid_stat(5)'s; a kernel's own thread and what has ended have no memory.
    """
    if sys.platform != "linux":
        return []
    fields = Path(f"/proc/{process.pid}/stat").read_bytes().rpartition(b")")[2].split()
    memory, code, arguments_and_environment = fields[20], fields[23], fields[45:49]
    is_beginning = memory != b"0" and code == b"0"
    return None if is_beginning else [code, *arguments_and_environment]


def _find_semaphores(process: psutil.Process) -> set[int]:
    """Find a process's semaphores, by their files' numbers, and have it make no more of them."""
    if sys.platform != "linux":
        return set()
    process.suspend()
    with suppress(OSError):
        shown = Path(f"/proc/{process.pid}/maps").read_bytes()
        return set(map(int, re.findall(rb"(\d+) +/dev/shm/sem\.", shown)))
    return set()


def _is_tracker(process: psutil.Process) -> bool:
    with suppress(psutil.Error, OSError):
        read_environment(process)  # with it the command line has come
        return "multiprocessing.resource_tracker" in " ".join(process.cmdline())
    return False


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _guard(parent: int, mark: str, beginning: Path) -> None:
    """Wait until a process has ended, in whatever way; then leave nothing of its script.

    The script's folder, whose path has this beginning, may not have come to be.
    """
    with suppress(psutil.Error):
        process = psutil.Process(parent)
        while _is_alive(process):
            time.sleep(_LOOK_SECONDS)
    end_marked(mark)
    for folder in beginning.parent.glob(f"{beginning.name}*"):
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _guard(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
