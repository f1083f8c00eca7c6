import subprocess
import sys

import pytest

from gil_demo.costs import cargo
from gil_demo.costs.blocks import block_held
from gil_demo.costs.cargo import keep, make_bytes, measure_kept, measure_length, read_block


def test_data_are_made_measured_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_bytes(3) == b"xxx"
    assert measure_length([0.5] * 7) == 7
    monkeypatch.setattr(cargo, "_kept", {})
    keep(b"four")
    keep(b"three", b"2")
    assert [measure_kept(size) for size in (4, 5, 1)] == [4, 5, 1]


def test_a_block_is_read_as_far_as_asked_for_and_stays() -> None:
    with block_held(b"x" * 10_000) as name:
        assert [read_block(name, size) for size in (1, 10_000)] == [1, 10_000]


@pytest.mark.parametrize("module", ["cargo", "weighing"])
def test_a_worker_that_carries_or_is_weighed_loads_nothing_heavy(module: str) -> None:
    script = f"import sys, gil_demo.costs.{module}; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", script], text=True, timeout=30).split()
    assert f"gil_demo.costs.{module}" in loaded
    assert not {"numpy", "pandas", "matplotlib", "psutil", "IPython"} & set(loaded)
