"""Runs in a row leave their parent about as large as it was, in a script of its own.

GNU's C library keeps freed blocks of megabytes for each thread that there ever was; it is asked to
give them back, so that what is weighed is what the experiment holds.
"""

import pytest

from gil_demo.running.scripts import run_script
from tests.conftest import METHODS

MOST_GROWTH_BYTES = 10_000_000
SCRIPT = """
import contextlib
import ctypes
import gc
import psutil

if __name__ == "__main__":
    from gil_demo import {experiment}
    from gil_demo.costs import memory, transport
    from gil_demo.measuring import runs as measurements

    measurements.measure_busy_percent = lambda: 1.0  # which would only wait
    memory.TABLE_BYTES = 2_000_000
    transport.SIZES = (1_000, {size})
    weights = []
    for _ in range({runs}):
        for method in {methods}:
            assert len({experiment}({how}))
        gc.collect()
        with contextlib.suppress(AttributeError, TypeError):  # another C library, Windows
            ctypes.CDLL(None).malloc_trim(0)
        weights.append(psutil.Process().memory_full_info().uss)
    print(*weights)
"""


ALL = {
    "compare_transport": "start_method=method, budget=0.1",
    "compare_start_up": "[method], workers=1, budget=0.1",
    "weigh_workers": "budget=0.1",
    "sweep_task_length": "[method], budget=0.1",
}


@pytest.mark.parametrize(
    ("experiment", "methods", "runs", "size"),
    [
        ("compare_transport", METHODS[:1], 3, 10**6),
        *(pytest.param(name, METHODS, 6, 10**7, marks=pytest.mark.thorough) for name in ALL),
    ],
)
def test_runs_in_a_row_give_their_memory_back(
    experiment: str, methods: list[str], runs: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")  # only the first arena is ever given back in full
    told = {"experiment": experiment, "how": (how := ALL[experiment]), "runs": runs, "size": size}
    told["methods"] = methods if "method" in how else [None]  # the rest run them all
    outcome = run_script(SCRIPT.format(**told), 300.0)
    assert outcome.state == "finished", outcome
    weights = [int(part) for part in outcome.output.split()]
    assert len(weights) == runs
    assert weights[-1] - weights[0] < MOST_GROWTH_BYTES, weights
