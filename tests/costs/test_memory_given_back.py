"""Memory is given back: ten runs in a row leave their parent about as large as it was.

In a script of its own, so that it's the experiment that is weighed and not the tests. GNU's C
library keeps freed blocks of megabytes for each thread that there ever was; it is asked to give
them back, so that what is weighed is what the experiment holds.
"""

import pytest

from gil_demo.running.scripts import run_script
from tests.conftest import METHODS

RUNS = 10
MOST_GROWTH_BYTES = 10_000_000
QUICK = {
    "compare_transport": f"[1_000, 1_000_000], start_method={METHODS[0]!r}, budget=0.1",
    "sweep_task_length": f"{METHODS[:1]!r}, budget=0.1",
}
THOROUGH = {
    "compare_start_up": "workers=1, budget=0.1",
    "compare_transport": "[1_000, 1_000_000, 10_000_000], start_method=method, budget=1.0",
    "weigh_workers": "table_bytes=2_000_000, budget=0.1",
    "sweep_task_length": "budget=0.1",
}
SCRIPT = """
import contextlib
import ctypes
import gc
import psutil

if __name__ == "__main__":
    from gil_demo import {experiment}
    from gil_demo.measuring import runs as measurements

    measurements.measure_busy_percent = lambda: 1.0  # which would only wait

    def weigh():
        gc.collect()
        with contextlib.suppress(AttributeError, TypeError):  # another C library, Windows
            ctypes.CDLL(None).malloc_trim(0)
        return psutil.Process().memory_full_info().uss

    def run():
        for method in {methods!r}:
            table = {experiment}({how})
            assert len(table)

    run()
    before = weigh()
    weights = []
    for number in range({runs}):
        run()
        weights.append(weigh() - before)
    print(*weights)
"""


def measure_growth(experiment: str, how: str, methods: list[str], seconds: float) -> list[int]:
    """Return by how many bytes the parent's own memory has grown after each of ten runs."""
    script = SCRIPT.format(experiment=experiment, how=how, methods=methods, runs=RUNS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MALLOC_ARENA_MAX", "1")  # only the first arena is ever given back in full
        outcome = run_script(script, seconds)
    assert outcome.state == "finished", outcome
    return [int(part) for part in outcome.output.split()]


@pytest.mark.parametrize("experiment", QUICK)
def test_ten_runs_in_a_row_give_their_memory_back(experiment: str) -> None:
    growth = measure_growth(experiment, QUICK[experiment], METHODS[:1], 60.0)
    assert len(growth) == RUNS
    assert growth[-1] < MOST_GROWTH_BYTES, growth


@pytest.mark.thorough
@pytest.mark.parametrize("experiment", THOROUGH)
def test_ten_runs_in_a_row_by_every_start_method_give_their_memory_back(experiment: str) -> None:
    methods = METHODS if "method" in THOROUGH[experiment] else METHODS[:1]  # the rest run them all
    growth = measure_growth(experiment, THOROUGH[experiment], methods, 300.0)
    print(f"{experiment}: {max(growth) / 1e6:.2f} MB at most, {growth[-1] / 1e6:.2f} MB at the end")
    assert len(growth) == RUNS
    assert growth[-1] < MOST_GROWTH_BYTES, growth
