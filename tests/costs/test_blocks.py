import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pytest

from gil_demo.checks import GilDemoError, WorkerDied
from gil_demo.costs import blocks
from gil_demo.costs.blocks import block_held, measure_room, start_tracker
from gil_demo.running.interrupts import held_back
from gil_demo.running.pools import pool_held, run_in_pool
from tests.conftest import EACH_METHOD, interrupt_once_there
from tests.costs.shelf import SHELF, find_left_behind, is_there, list_blocks
from tests.made import tasks

DATA = bytes(range(256)) * 4

pytestmark = pytest.mark.usefixtures("nothing_hangs")
each_method = pytest.mark.parametrize("method", EACH_METHOD)
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.fixture(autouse=True)
def no_block_left_behind() -> Iterator[None]:
    before = list_blocks()
    yield
    assert find_left_behind(before) == set()


def test_a_block_holds_the_data_while_it_is_held_and_has_a_name_of_its_own() -> None:
    with block_held(DATA) as name, block_held(b"x") as other:
        block = SharedMemory(name=name)
        assert block.buf is not None
        assert bytes(block.buf[: len(DATA)]) == DATA
        block.close()
        assert is_there(other)
    assert not is_there(name)
    assert not is_there(other)


@needs_signals
@pytest.mark.usefixtures("pool_threads_may_stay")
@each_method
def test_a_block_is_gone_after_the_worker_that_read_it_was_killed(method: str) -> None:
    start_tracker()
    with (
        pytest.raises(WorkerDied, match=r"SIGKILL|not known"),
        pool_held(1, method) as held,
        block_held(DATA) as name,
    ):
        run_in_pool(held, 1, tasks.kill_reader, [name])
    assert not is_there(name)


@needs_signals
def test_a_block_is_gone_after_a_real_interrupt(tmp_path: Path) -> None:
    def wait() -> None:
        (tmp_path / "held").touch()
        time.sleep(10)

    thread = interrupt_once_there(tmp_path / "held")
    with pytest.raises(KeyboardInterrupt), block_held(DATA) as name:
        wait()
    thread.join()
    assert not is_there(name)


def test_an_interrupt_before_the_removal_leaves_no_block(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        monkeypatch.setattr(blocks, "held_back", held_back)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), block_held(DATA) as name:
        monkeypatch.setattr(blocks, "held_back", interrupt)
    assert not is_there(name)


SCRIPT = """
import os, signal, sys, time
from gil_demo.costs.blocks import block_held, start_tracker
from gil_demo.costs.cargo import read_block
from gil_demo.running.pools import pool_held
from tests.costs.shelf import is_there
from tests.made.tasks import read_and_rest

if __name__ == "__main__":
    start_tracker()
    with block_held(b"x" * 5_000) as name:
        for _ in range(2):
            with pool_held(1, {method!r}) as held:
                assert held.take_pool().apply(read_block, (name, 5_000)) == 5_000
        assert is_there(name)
        print(name, flush=True)
        if {is_killed}:
            with pool_held(1, {method!r}) as held:
                answer = held.take_pool().apply_async(read_and_rest, (name,))
                time.sleep(0.2)
                os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not SHELF.is_dir(), reason="no /dev/shm to look at")
@pytest.mark.parametrize("is_killed", [True, False])
@each_method
def test_a_block_outlives_its_readers_and_is_gone_soon_after_its_parent(
    method: str, is_killed: bool, tmp_path: Path
) -> None:
    script = tmp_path / "lesson.py"
    script.write_text(SCRIPT.format(method=method, is_killed=is_killed))
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    name, told = process.communicate(timeout=20)
    assert process.returncode == (-signal.SIGKILL if is_killed else 0)
    assert is_killed or not told  # no warning of the resource tracker
    assert name  # the tracker removes its block once it has seen that all others are gone


def test_a_block_may_fill_half_of_what_is_free_and_anything_where_nobody_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
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


def test_a_refusal_of_the_system_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(blocks, "SharedMemory", refuse)
    told = r"the operating system refused 1,024 bytes of shared memory \(.*No space left"
    with pytest.raises(GilDemoError, match=told), block_held(DATA):
        pass
