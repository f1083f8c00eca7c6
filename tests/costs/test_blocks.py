import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pytest

from gil_demo.checks import GilDemoError
from gil_demo.costs import blocks
from gil_demo.costs.blocks import block_held, measure_room
from gil_demo.costs.cargo import read_block
from gil_demo.running.interrupts import held_back
from tests.conftest import needs_signals, wait_until, watch_finalizers
from tests.costs.shelf import SHELF, find_left_behind, list_blocks

DATA = bytes(range(256)) * 4

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.fixture(autouse=True)
def no_block_left_behind() -> Iterator[None]:
    before = list_blocks()
    yield
    assert find_left_behind(before) == set()


def test_a_block_has_the_data_and_a_name_of_its_own_and_is_gone_afterwards_and_on_an_interrupt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt() -> None:
        monkeypatch.setattr(blocks, "held_back", held_back)
        signal.raise_signal(signal.SIGINT)

    with block_held(DATA) as name, block_held(b"x" * 4_000) as other:
        block = SharedMemory(name=name)
        assert block.buf is not None
        assert bytes(block.buf[: len(DATA)]) == DATA
        block.close()
        # the other is read as far as asked for, and stays
        assert [read_block(other, size) for size in (1, 4_000)] == [1, 4_000]
    met = watch_finalizers(monkeypatch, SharedMemory)
    with block_held(DATA):
        pass
    assert met == [False]
    with pytest.raises(KeyboardInterrupt), block_held(DATA) as left:
        interrupt()
    with pytest.raises(KeyboardInterrupt), block_held(DATA) as late:
        monkeypatch.setattr(blocks, "held_back", interrupt)
    for gone in (name, other, left, late):
        with pytest.raises(FileNotFoundError):
            SharedMemory(name=gone)


SCRIPT = """
import os, signal, time
from gil_demo.costs.blocks import block_held
from gil_demo.costs.cargo import read_block
from gil_demo.running.pools import pool_held, start_tracker
from tests.made.tasks import read_and_rest

if __name__ == "__main__":
    start_tracker()
    with block_held(b"x" * 5_000) as name:
        for _ in range(2):
            with pool_held(1, {method!r}) as held:
                assert held.take_pool().apply(read_block, (name, 5_000)) == 5_000
        assert read_block(name, 5_000) == 5_000
        print(name, flush=True)
        if {is_killed}:
            with pool_held(1, {method!r}) as held:
                answer = held.take_pool().apply_async(read_and_rest, (name,))
                time.sleep(0.2)
                os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not SHELF.is_dir(), reason="no /dev/shm to look at")
@pytest.mark.parametrize("is_killed", [pytest.param(True, marks=needs_signals), False])
def test_a_block_outlives_its_readers_and_is_gone_soon_after_its_parent(
    method: str, is_killed: bool, tmp_path: Path
) -> None:
    script = tmp_path / "lesson.py"
    script.write_text(SCRIPT.format(method=method, is_killed=is_killed))
    ended = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=20,
        start_new_session=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert ended.returncode == (-signal.SIGKILL if is_killed else 0)
    assert is_killed or not ended.stderr  # no warning of the resource tracker
    assert ended.stdout  # the tracker removes its block once it has seen that all others are gone


KILLED_EARLY = """
import os, signal
from gil_demo.costs.blocks import block_held

def end(block, size):
    print(os.readlink(f"/proc/self/fd/{block}"), size, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

os.ftruncate = end  # SharedMemory's second step
with block_held(b"x" * 5_000):
    pass
"""


@needs_signals
@pytest.mark.skipif(not SHELF.is_dir(), reason="no /dev/shm to look at")
def test_a_block_is_gone_soon_after_a_kill_that_came_right_after_its_creation() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED_EARLY], capture_output=True, text=True, timeout=20
    )
    assert ended.returncode == -signal.SIGKILL
    path, size = ended.stdout.split()
    assert size == "5000"
    assert Path(path).parent == SHELF
    assert wait_until(lambda: not Path(path).exists(), 10)


def test_a_block_may_fill_half_of_what_is_free_and_what_the_system_grants_where_nobody_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=6_000))
    monkeypatch.setattr(blocks, "_MOUNT", tmp_path)
    with block_held(b"x" * 3_000):
        pass
    told = "has 0 MB free here, too little for a block of 0 MB: take less data$"
    with pytest.raises(GilDemoError, match=told), block_held(b"x" * 3_001):
        pass
    monkeypatch.setattr(blocks, "_MOUNT", Path("/no/such/folder"))
    assert measure_room() > 10**15
    told = r"the operating system refused 1,024 bytes of shared memory \(.*No space left"
    for refused in (
        "gil_demo.costs.blocks.SharedMemory",
        "multiprocessing.resource_tracker.register",
    ):
        with monkeypatch.context() as patched:
            patched.setattr(refused, refuse)
            with pytest.raises(GilDemoError, match=told), block_held(DATA):
                pass
