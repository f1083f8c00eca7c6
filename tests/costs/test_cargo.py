import subprocess
import sys
from multiprocessing.shared_memory import SharedMemory

import pytest

from gil_demo.costs import cargo
from gil_demo.costs.cargo import (
    block_held,
    keep,
    keep_all,
    make_bytes,
    measure_kept,
    measure_length,
    read_block,
)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cargo, "_kept", {})


@pytest.mark.parametrize("size", [0, 1, 70_000])
def test_bytes_of_any_length_are_made_and_measured(size: int) -> None:
    assert measure_length(make_bytes(size)) == size
    assert measure_length([0.5] * size) == size


def test_bytes_that_are_made_are_written() -> None:
    assert set(make_bytes(1_000)) == {ord("x")}


def test_what_is_kept_is_found_by_its_length() -> None:
    keep(b"four")
    keep_all([b"three", b"2"])
    assert [measure_kept(size) for size in (4, 5, 1)] == [4, 5, 1]


def test_what_is_not_kept_is_an_error() -> None:
    keep(b"four")
    with pytest.raises(KeyError):
        measure_kept(5)


@pytest.mark.parametrize("size", [1, 1_000, 10_000])
def test_a_block_is_read_as_far_as_asked_for(size: int) -> None:
    with block_held(b"x" * 10_000) as name:
        assert read_block(name, size) == size
        block = SharedMemory(name=name)  # reading has closed it, but left it there
        block.close()


def test_a_block_that_is_gone_is_an_error() -> None:
    with block_held(b"x") as name:
        pass
    with pytest.raises(FileNotFoundError):
        read_block(name, 1)


def test_a_worker_that_carries_loads_nothing_else_and_shared_memory_only_when_it_reads() -> None:
    script = (
        "import sys, multiprocessing.pool, multiprocessing.spawn\n"
        "before = set(sys.modules)\n"
        "import gil_demo.cargo\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert answer.stdout.split() == ["gil_demo", "gil_demo.cargo"]
