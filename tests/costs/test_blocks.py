"""Blocks of shared memory are gone after errors, kills, interrupts and the loss of a parent."""

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
from gil_demo.costs.cargo import read_block
from gil_demo.running.interrupts import held_back
from gil_demo.running.pools import pool_held, run_in_pool
from gil_demo.running.scripts import run_script
from tests.conftest import EACH_METHOD, interrupt_once_there
from tests.costs.shelf import SHELF, find_left_behind, is_there, list_blocks
from tests.made import tasks

DATA = bytes(range(256)) * 4

pytestmark = pytest.mark.usefixtures("nothing_hangs")
needs_shelf = pytest.mark.skipif(not SHELF.is_dir(), reason="no /dev/shm to look at")
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


def test_an_error_inside_is_passed_on_and_the_block_is_gone() -> None:
    with pytest.raises(LookupError, match=r"^inside$"), block_held(DATA) as name:
        raise LookupError("inside")
    assert not is_there(name)


@pytest.mark.parametrize("method", EACH_METHOD)
def test_a_block_outlives_the_workers_that_read_it(method: str) -> None:
    start_tracker()
    with block_held(DATA) as name:
        for _ in range(2):
            with pool_held(1, method) as held:
                assert held.take_pool().apply(read_block, (name, len(DATA))) == len(DATA)
            assert is_there(name)


@needs_signals
@pytest.mark.usefixtures("pool_threads_may_stay")
@pytest.mark.parametrize("method", EACH_METHOD)
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
    names = []

    def hold() -> None:
        with block_held(DATA) as name:
            names.append(name)
            (tmp_path / "held").touch()
            time.sleep(10)

    thread = interrupt_once_there(tmp_path / "held")
    with pytest.raises(KeyboardInterrupt):
        hold()
    thread.join()
    assert not is_there(names[0])


def test_an_interrupt_just_before_the_removal_leaves_no_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt() -> None:
        monkeypatch.setattr(blocks, "held_back", held_back)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), block_held(DATA) as name:
        monkeypatch.setattr(blocks, "held_back", interrupt)
    assert not is_there(name)


LOST = """
import os, signal, sys, time
from gil_demo.costs.blocks import block_held, start_tracker
from gil_demo.running.pools import pool_held
from tests.made.tasks import read_and_rest

if __name__ == "__main__":
    start_tracker()
    with pool_held(1, {method!r}) as held, block_held(b"x" * 5_000) as name:
        answer = held.take_pool().apply_async(read_and_rest, (name,))
        print(name, flush=True)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@needs_shelf
@pytest.mark.parametrize("method", EACH_METHOD)
def test_a_block_is_gone_soon_after_its_parent_was_killed(method: str, tmp_path: Path) -> None:
    script = tmp_path / "lesson.py"
    script.write_text(LOST.format(method=method))
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    assert name
    assert process.wait(timeout=20) == -signal.SIGKILL
    process.stdout.close()
    deadline = time.monotonic() + 10  # until the tracker has seen that all others are gone
    while is_there(name) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_there(name)


COMPARE = """
if __name__ == "__main__":
    from gil_demo.costs import transport  # which each spawned worker would load, too

    transport.SIZES = (1_000, 20_000)
    table = transport.compare_transport(start_method={method!r}, budget=0.1)
    print(sorted(set(table["way"])))
"""


@pytest.mark.parametrize("method", EACH_METHOD)
def test_a_script_that_shares_memory_ends_without_a_warning(method: str) -> None:
    outcome = run_script(COMPARE.format(method=method), 20.0)
    ways = ["argument", "initializer", "kept", "pickling", "result", "shared memory"]
    assert (outcome.state, outcome.output) == ("finished", f"{ways}\n")


def test_a_block_may_fill_half_of_what_is_free_and_anything_where_nobody_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=6_000))
    monkeypatch.setattr(blocks, "_MOUNT", tmp_path)
    assert measure_room() == 3_000
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
