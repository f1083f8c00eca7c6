"""A storm of killed parents: a Jupyter kernel, or a program that runs a script, is killed at once.

Nothing may be left of either: no process, no folder, no semaphore and no block of shared memory.
But a fork server's folder may stay, and is counted, if the kill came before the server's start.
"""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from gil_demo.running.guard import MARK, find_marked
from tests.conftest import METHODS, wait_until
from tests.storms import Moment, each_moment, report

KERNELS, SCRIPTS, MOST_SECONDS = 100, 50, 5.0

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform != "linux", reason="semaphores can be seen on Linux alone"),
]

POOL = """
from gil_demo import countdown, processes
from gil_demo.costs.blocks import block_held
while True:
    with processes(2, {method!r}) as run, block_held(bytes(100_000)):
        open("up", "w").close()
        run(countdown, [3_000_000] * 2)
"""
SCRIPT = """
from gil_demo import run_script
open("up", "w").close()
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


@pytest.mark.parametrize("method", METHODS)
def test_a_kernel_killed_at_any_moment_leaves_nothing(method: str, tmp_path: Path) -> None:
    pytest.importorskip("ipykernel")  # not everywhere where threads run free
    work = f"--IPKernelApp.exec_lines={[f'exec({POOL.format(method=method)!r})']}"
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "connection.json", work]
    # alone, as a system short of memory does
    kill_often(command, os.kill, f"{method}, kernels", KERNELS, tmp_path)
    assert count_left(tmp_path, "pymp-") <= (KERNELS / 50 if method == "forkserver" else 0)


def test_a_program_killed_while_it_runs_a_script_leaves_nothing(tmp_path: Path) -> None:
    # with all of its group, as a kernel that is restarted at once
    kill_often([sys.executable, "-c", SCRIPT], os.killpg, "scripts", SCRIPTS, tmp_path)
    assert count_left(tmp_path, "[!u]") == 0  # all but up


def count_left(place: Path, name: str) -> int:
    """Count the folders of a name that stay, and print how many."""
    wait_until(lambda: not [*place.glob(f"*/{name}*")], MOST_SECONDS)
    left = len([*place.glob(f"*/{name}*")])
    print(f"{left} folders {name} left")
    return left


def kill_often(
    command: Sequence[str], kill: Callable[[int, int], None], name: str, moments: int, place: Path
) -> None:
    def start_and_kill(moment: Moment) -> float:
        folder, mark = place / str(moment.number), uuid.uuid4().hex
        folder.mkdir()
        has_been_killed = False
        while not has_been_killed:  # a kernel ends by itself where a port of its has been taken
            parent = subprocess.Popen(
                command, cwd=folder, env=os.environ | {MARK: mark, "TMPDIR": str(folder)},
                start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            with parent:
                # every second one is killed at its work, the others at any time
                is_at_work = moment.number % 2 == 0
                while not is_at_work and parent.poll() is None:
                    is_at_work = (folder / "up").exists()
                    time.sleep(0.01)
                time.sleep(moment.delay)
                shared = find_shared(mark)
                if has_been_killed := parent.poll() is None:
                    kill(parent.pid, signal.SIGKILL)
        began = time.monotonic()
        while left := [*find_marked(mark), *filter(Path.exists, shared)]:
            assert time.monotonic() < began + MOST_SECONDS, f"{moment.where}: {left}"
            time.sleep(0.01)
        return time.monotonic() - began

    with ThreadPoolExecutor(2) as executor:
        seconds = [*executor.map(start_and_kill, each_moment(name, moments, 1.0))]
    report(f"{name}: {moments} killed", seconds)


def find_shared(mark: str) -> set[Path]:
    """Find the semaphores and blocks of shared memory that the processes of a mark have."""
    paths: set[str] = set()
    for process in find_marked(mark):
        with suppress(psutil.Error):
            paths |= {one.path for one in process.memory_maps()}
    return {Path(path) for path in paths if path.startswith("/dev/shm/")}
