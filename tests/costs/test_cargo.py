"""What a worker does with data."""

import subprocess
import sys

import pytest

from gil_demo.costs import cargo
from gil_demo.costs.blocks import block_held
from gil_demo.costs.cargo import keep, make_bytes, measure_kept, measure_length, read_block


def test_bytes_are_made_written_and_measured() -> None:
    assert make_bytes(3) == b"xxx"
    assert measure_length(make_bytes(70_000)) == 70_000
    assert measure_length([0.5] * 7) == 7


def test_what_is_kept_is_found_by_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cargo, "_kept", {})
    keep(b"four")
    keep(b"three", b"2")
    assert [measure_kept(size) for size in (4, 5, 1)] == [4, 5, 1]
    with pytest.raises(KeyError):
        measure_kept(2)


def test_a_block_is_read_as_far_as_asked_for_and_stays() -> None:
    with block_held(b"x" * 10_000) as name:
        assert [read_block(name, size) for size in (1, 10_000)] == [1, 10_000]
    with pytest.raises(FileNotFoundError):
        read_block(name, 1)


@pytest.mark.parametrize("module", ["cargo", "weighing"])
def test_a_worker_that_carries_or_is_weighed_loads_nothing_heavy(module: str) -> None:
    script = (
        "import sys, multiprocessing.pool, multiprocessing.spawn\n"
        "before = set(sys.modules)\n"
        f"import gil_demo.costs.{module}\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    loaded = answer.stdout.split()
    if module == "cargo":
        assert loaded == ["gil_demo", "gil_demo.costs", "gil_demo.costs.cargo"]
    assert not {"numpy", "pandas", "matplotlib", "psutil", "IPython"} & set(loaded)
