"""What holds for the runs of several measurements of this room."""

import pytest

from gil_demo import ResultsError, compare_transport, verdict
from gil_demo.checks import WorkerDied
from gil_demo.costs import transport
from gil_demo.running.workers import is_gil_enabled
from tests.conftest import METHODS, finish
from tests.costs.shelf import find_left_behind, list_blocks
from tests.made import tasks
from tests.made.costs import make_lengths, make_starts, make_transfers, make_weights

thorough = pytest.mark.thorough
# GNU's C library keeps freed blocks for each thread that there ever was, unless asked for them
SCRIPT = """
import contextlib, ctypes, gc
import gil_demo

if __name__ == "__main__":
    from gil_demo.costs import break_even, memory, start_up, transport, weighing
    from gil_demo.measuring import machine, runs

    runs.measure_busy_percent = lambda: 1.0  # which would only wait
    machine._LEAST_SECONDS, machine._KEEPS_ENDED = 1e-9, False  # which it is on Linux alone
    memory.TABLE_BYTES = 2_000_000
    transport.SIZES = (1_000, {size})
    weights = []
    for _ in range({runs}):
        for method in {methods}:
            break_even.list_start_methods = start_up.list_start_methods = lambda: [method]
            assert gil_demo.{experiment}["others_percent"].isna().all()  # since workers end
        gc.collect()
        with contextlib.suppress(AttributeError, TypeError):  # another C library, Windows
            ctypes.CDLL(None).malloc_trim(0)
        weights.append(weighing.measure_unique_bytes())
    print(*weights)
"""
CALLS = (
    "compare_transport(start_method=method, budget=0.1)",
    "compare_start_up(workers=1, budget=0.1)",
    "sweep_task_length(budget=0.1)",
)


def test_a_run_lacks_no_round_and_is_of_one_kind() -> None:
    for table, alike, other in (
        (make_lengths(), "tasks", 7),
        (make_starts(), "workers", 7),
        (make_transfers(), "start_method", "no"),
        (make_weights(), "table_bytes", 7),
    ):
        with pytest.raises(ResultsError, match=r"is not whole: .* has [17] rows? in [17] of [28] "):
            verdict(table[1:])
        table.loc[0, alike] = other
        with pytest.raises(ResultsError, match=f"its rows differ in {alike}$"):
            verdict(table)


@pytest.mark.usefixtures("nothing_hangs", "no_wait", "pool_threads_may_stay")
def test_a_dead_worker_is_one_clear_error_and_leaves_no_block(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_blocks()
    monkeypatch.setattr(transport, "read_block", tasks.kill_reader)
    with pytest.raises(WorkerDied, match=r"with 1 task under way: \['kill_reader'\]"):
        compare_transport(start_method=method, budget=0.05)
    assert find_left_behind(before) == set()


@pytest.mark.parametrize(
    ("experiment", "methods", "runs", "size"),
    [
        (CALLS[0], METHODS[:1], 4, 10**6),
        *(pytest.param(one, METHODS, 7, 10**7, marks=thorough) for one in CALLS),
        pytest.param("weigh_workers(budget=0.1)", [None], 7, 10**7, marks=thorough),
    ],
)
def test_runs_in_a_row_leave_their_parent_about_as_large_as_it_was(
    experiment: str, methods: list[str], runs: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")  # only the first arena is ever given back in full
    script = SCRIPT.format(experiment=experiment, methods=methods, runs=runs, size=size)
    weights = [int(part) for part in finish(script, 300.0).split()]
    assert len(weights) == runs
    # without a GIL the second run may still take 12 MB for threads of its own, and none after it
    first = 0 if is_gil_enabled() else 1
    assert weights[-1] - weights[first] < 10_000_000, weights
