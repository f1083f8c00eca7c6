"""A storm of interrupts: a real Jupyter kernel is stopped at a random moment, again and again.

What a reader does with the stop button: the cell ends, the kernel stays, and the next cell runs.
"""

import os
import queue
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from gil_demo.running.guard import MARK, find_marked
from tests.conftest import METHODS, STUCK_SECONDS, list_workers, wait_until
from tests.storms import each_moment, report

INTERRUPTS = 50
jupyter = pytest.importorskip("jupyter_client.manager")  # not everywhere where threads run free
TRIAL = uuid.uuid4().hex

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts a kernel by an event"),
]

SET_UP = "from gil_demo import compare, countdown, map_tasks, processes, sweep_list_length, threads"
WORK = [
    "table = compare(start_method={method!r}, budget=20)",
    "table = map_tasks([1_000_000] * 60, start_method={method!r})",
    "table = sweep_list_length(start_method={method!r}, budget=20)",
    "while True:\n    with processes(2, {method!r}) as run:\n        run(countdown, [9] * 9)",
    "with threads(2) as run:\n    run(countdown, [10**9] * 2)",
]
QUESTION = """
with processes(2, {method!r}) as run:
    answers = [span.task for span in run(countdown, [1000] * {tasks})]
print(answers)
"""


@pytest.fixture
def kernel() -> Iterator[tuple[Any, Any]]:
    """Start a kernel that carries a mark, which all its processes inherit."""
    manager, client = jupyter.start_new_kernel(
        kernel_name="python3", env=os.environ | {MARK: TRIAL}
    )
    try:
        assert run(client, SET_UP) == ("ok", "")
        yield manager, client
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel()  # at once, it would leave its semaphores and a folder


def wait_until_it_is(state: str, client: Any, cell: str) -> str:
    """Wait until a cell is busy or the kernel idle again; return what it printed meanwhile."""
    printed, deadline = "", time.monotonic() + STUCK_SECONDS
    while True:
        message = client.get_iopub_msg(timeout=max(0, deadline - time.monotonic()))
        if message["parent_header"].get("msg_id") == cell:
            printed += str(message["content"].get("text", ""))
            if message["content"].get("execution_state") == state:
                return printed


def wait_for_end(client: Any, cell: str) -> tuple[str, str]:
    """Tell how a cell ended, "ok" or the name of its error, and what it printed."""
    printed = wait_until_it_is("idle", client, cell)
    while (reply := client.get_shell_msg(timeout=STUCK_SECONDS))["parent_header"]["msg_id"] != cell:
        pass
    return reply["content"].get("ename", reply["content"]["status"]), printed


def run(client: Any, code: str) -> tuple[str, str]:
    return wait_for_end(client, client.execute(code))


def test_an_interrupted_kernel_answers_the_next_cell_and_leaves_no_worker(kernel: Any) -> None:
    manager, client = kernel
    process = int(run(client, "import os; print(os.getpid())")[1])
    seconds, statuses = [], []
    for number, delay, moment in each_moment("kernel", INTERRUPTS, 0.9):
        method, work = METHODS[number % len(METHODS)], WORK[number % len(WORK)]
        where = f"{moment} of {work!r} by {method}"
        cell = client.execute(work.format(method=method))
        wait_until_it_is("busy", client, cell)
        time.sleep(delay)
        interrupted_at = time.monotonic()
        manager.interrupt_kernel()
        try:
            statuses.append(wait_for_end(client, cell)[0])
        except queue.Empty:
            pytest.fail(f"the cell did not end: {where}")
        seconds.append(time.monotonic() - interrupted_at)
        assert statuses[-1] in ("KeyboardInterrupt", "ok"), f"{statuses[-1]}: {where}"
        reply = run(client, QUESTION.format(method=method, tasks=number + 1))
        assert reply == ("ok", f"{list(range(number + 1))}\n"), where
        assert list_workers(process) == set(), where
    report(f"{statuses.count('KeyboardInterrupt')} of {INTERRUPTS} cells interrupted", seconds)
    assert statuses.count("KeyboardInterrupt") > 0.9 * INTERRUPTS


def test_a_kernel_that_is_stopped_in_the_midst_of_work_leaves_nothing(kernel: Any) -> None:
    manager, client = kernel
    for method in METHODS:
        run(client, QUESTION.format(method=method, tasks=3))
    assert find_marked(TRIAL)
    manager.interrupt_kernel()
    manager.shutdown_kernel()
    assert wait_until(lambda: not find_marked(TRIAL))
