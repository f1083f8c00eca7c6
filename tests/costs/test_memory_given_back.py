"""Memory is given back: five runs in a row leave their parent about as large as it was.

In a script of its own, so that it's the experiment that is weighed and not the tests. GNU's C
library keeps freed blocks of megabytes for each thread that there ever was; it is asked to give
them back, so that what is weighed is what the experiment holds.
"""

import pytest

from gil_demo.running.scripts import run_script
from tests.conftest import METHODS

RUNS = 5
MOST_GROWTH_BYTES = 10_000_000
HOW = {
    "compare_start_up": "workers=1, budget=0.1",
    "compare_transport": "start_method=method, budget=1.0",
    "weigh_workers": "budget=0.1",
    "sweep_task_length": "budget=0.1",
}
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
    transport.SIZES = {sizes}

    def weigh():
        gc.collect()
        with contextlib.suppress(AttributeError, TypeError):  # another C library, Windows
            ctypes.CDLL(None).malloc_trim(0)
        return psutil.Process().memory_full_info().uss

    def run():
        for method in {methods!r}:
            assert len({experiment}({how}))

    run()
    before = weigh()
    weights = []
    for number in range({runs}):
        run()
        weights.append(weigh() - before)
    print(*weights)
"""


def check_growth(
    monkeypatch: pytest.MonkeyPatch,
    experiment: str,
    how: str,
    *,
    methods: list[str],
    sizes: tuple[int, ...],
    seconds: float,
) -> None:
    """Fail where the parent's own memory has grown after five runs."""
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")  # only the first arena is ever given back in full
    script = SCRIPT.format(experiment=experiment, how=how, methods=methods, sizes=sizes, runs=RUNS)
    outcome = run_script(script, seconds)
    assert outcome.state == "finished", outcome
    growth = [int(part) for part in outcome.output.split()]
    assert len(growth) == RUNS
    assert growth[-1] < MOST_GROWTH_BYTES, growth


def test_five_runs_in_a_row_give_their_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    check_growth(
        monkeypatch, "compare_transport", "start_method=method, budget=0.1",
        methods=METHODS[:1], sizes=(1_000, 1_000_000), seconds=60.0,
    )  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("experiment", HOW)
def test_five_runs_in_a_row_by_every_start_method_give_their_memory_back(
    experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = METHODS if "method" in HOW[experiment] else METHODS[:1]  # the rest run them all
    check_growth(
        monkeypatch, experiment, HOW[experiment],
        methods=methods, sizes=(1_000, 1_000_000, 10_000_000), seconds=300.0,
    )  # fmt: skip
