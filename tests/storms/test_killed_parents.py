"""A storm of killed parents: a Jupyter kernel, or a program that runs a script, is killed at once.

Nothing may be left of either: no process, no folder, no semaphore and no block of shared memory.
But a fork server's folder, with its socket, stays where no worker was alive to remove it.
"""

import os
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gil_demo.running.guard import MARK, find_marked
from tests.conftest import METHODS, wait_until
from tests.storms import Moment, each_moment, report

KERNELS, SCRIPTS, MOST_SECONDS = 100, 50, 5.0
SHARED = Path("/dev/shm")

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not SHARED.is_dir(), reason="semaphores can be seen on Linux alone"),
]

POOL = """
from gil_demo import countdown, processes
from gil_demo.costs.blocks import block_held
while True:
    with processes(2, {method!r}) as run, block_held(bytes(100_000)):
        run(countdown, [3_000_000] * 2)
"""
SCRIPT = """
from gil_demo import run_script
while True:
    run_script('''
import multiprocessing, time
from multiprocessing.shared_memory import SharedMemory
if __name__ == "__main__":
    pool = multiprocessing.get_context("spawn").Pool(2)
    block = SharedMemory(create=True, size=100_000)
    time.sleep(0.5)
''', 30)
"""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of its client
@pytest.mark.parametrize("method", METHODS)
def test_a_kernel_killed_at_any_moment_leaves_nothing(method: str, tmp_path: Path) -> None:
    pytest.importorskip("jupyter_client")

    def kill(moment: Moment) -> float:
        folder, mark = make_place(tmp_path, moment)
        own = os.environ | {MARK: mark, "TMPDIR": str(folder)}
        kernel, client = start_kernel(own)
        client.execute(POOL.format(method=method))
        time.sleep(moment.delay)
        os.kill(kernel.provisioner.pid, signal.SIGKILL)  # alone, as a system short of memory does
        try:
            return time_end(mark, folder, moment)
        finally:
            client.stop_channels()
            kernel.shutdown_kernel(now=True)

    endure(kill, f"{method}: {KERNELS} kernels killed", f"{method}, kernels", KERNELS)
    left = [folder.name for folder in tmp_path.glob("*/pymp-*")]
    print(f"{method}: {len(left)} folders of fork servers left")
    assert len(left) <= (KERNELS / 10 if method == "forkserver" else 0)


def test_a_program_killed_while_it_runs_a_script_leaves_nothing(tmp_path: Path) -> None:
    def kill(moment: Moment) -> float:
        folder, mark = make_place(tmp_path, moment)
        own = os.environ | {MARK: mark, "TMPDIR": str(folder)}
        command = [sys.executable, "-c", SCRIPT]
        with subprocess.Popen(command, env=own, start_new_session=True) as program:
            time.sleep(moment.delay)
            os.killpg(program.pid, signal.SIGKILL)  # as a kernel that is restarted at once
        return time_end(mark, folder, moment)

    endure(kill, f"{SCRIPTS} programs killed", "scripts", SCRIPTS)


def endure(kill: Any, what: str, name: str, moments: int) -> None:
    before = set(SHARED.iterdir())
    with ThreadPoolExecutor(2) as executor:
        seconds = [*executor.map(kill, each_moment(name, moments, 1.5))]
    report(what, seconds)
    assert wait_until(lambda: set(SHARED.iterdir()) <= before, MOST_SECONDS)


def start_kernel(environment: dict[str, str]) -> tuple[Any, Any]:
    """Start a kernel; again if a port that it was given has been taken meanwhile."""
    from jupyter_client.manager import start_new_kernel

    for _ in range(2):
        with suppress(RuntimeError):  # "Kernel died before replying"
            return start_new_kernel(kernel_name="python3", env=environment)
    return start_new_kernel(kernel_name="python3", env=environment)


def make_place(tmp_path: Path, moment: Moment) -> tuple[Path, str]:
    folder = tmp_path / str(moment.number)
    folder.mkdir()
    return folder, uuid.uuid4().hex


def time_end(mark: str, folder: Path, moment: Moment) -> float:
    """Return the seconds until nothing is left; fail if something stays."""
    began = time.monotonic()
    while left := [*find_marked(mark), *folder.glob("tmp*/")]:
        assert time.monotonic() < began + MOST_SECONDS, f"{moment.where}: {left}"
        time.sleep(0.01)
    return time.monotonic() - began
