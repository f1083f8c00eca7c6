"""How a pool of workers begins: each prepared once, or one clear error."""

import sys
import time
from functools import partial
from pathlib import Path

import pytest

from gil_demo.checks import GilDemoError, WorkerDied
from gil_demo.running.pools import pool_held, run_in_pool
from gil_demo.running.scripts import run_script
from gil_demo.running.workers import MOST_LETTERS
from tests.conftest import METHODS, list_workers
from tests.made import tasks

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.mark.parametrize("method", METHODS)
def test_each_worker_is_prepared_once_before_the_pool_is_ready(method: str, tmp_path: Path) -> None:
    log = tmp_path / "prepared.txt"
    with pool_held(2, method, partial(tasks.add_process, str(log))) as held:
        prepared = log.read_text().split()
        assert sorted(prepared) == sorted(str(worker.pid) for worker in held.crew)
        run_in_pool(held, 1, tasks.give_back, [1, 2, 3, 4])
    assert log.read_text().split() == prepared


@pytest.mark.parametrize("method", METHODS)
def test_what_prepares_a_worker_is_there_for_its_tasks(method: str) -> None:
    with pool_held(1, method, partial(tasks.remember, "tea")) as held:
        assert [span.answer for span in run_in_pool(held, 1, tasks.recall, [0, 0])] == ["tea"] * 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("workers", [1, 3])
def test_a_preparation_that_raises_ends_the_start_with_one_clear_error(
    method: str, workers: int, capfd: pytest.CaptureFixture[str]
) -> None:
    before = list_workers()
    began = time.monotonic()
    told = "^a worker process could not get ready for work: LookupError: no such thing as tea$"
    with (
        pytest.raises(GilDemoError, match=told),
        pool_held(workers, method, partial(tasks.refuse, "tea")),
    ):
        pytest.fail("the pool was not ready")
    assert time.monotonic() - began < 10
    assert list_workers() == before
    assert capfd.readouterr().err == ""
    with pool_held(workers, method) as held:
        assert len(run_in_pool(held, 1, tasks.give_back, [1, 2])) == 2


def test_a_long_reason_is_cut_and_stands_on_one_line() -> None:
    long = "letters and\nlines " * 1_000
    with (
        pytest.raises(GilDemoError) as caught,
        pool_held(2, METHODS[0], partial(tasks.refuse, long)),
    ):
        pass
    _, _, reason = str(caught.value).partition("work: ")
    assert "\n" not in reason
    assert len(reason) <= MOST_LETTERS


@pytest.mark.usefixtures("pool_threads_may_stay")
@pytest.mark.parametrize("method", METHODS)
def test_a_preparation_that_ends_its_process_is_one_clear_error(method: str) -> None:
    before = list_workers()
    with (
        pytest.raises(WorkerDied, match=r"\(exit code 3\) before it was ready|being filled$"),
        pool_held(2, method, partial(tasks.die, None)),
    ):
        pytest.fail("the pool was not ready")
    assert list_workers() == before


@pytest.mark.parametrize("method", METHODS)
def test_a_preparation_that_cannot_be_imported_ends_a_script_with_one_error(method: str) -> None:
    script = (
        "from functools import partial\n"
        "from importlib import import_module\n"
        "from gil_demo.lifetimes import pool_held\n"
        "if __name__ == '__main__':\n"
        f"    with pool_held(2, {method!r}, partial(import_module, 'no_such_module')):\n"
        "        pass\n"
    )
    outcome = run_script(script, 20.0)
    assert outcome.state == "failed"
    assert outcome.output.count("Traceback") == 1
    assert outcome.output.rstrip().endswith(
        "could not get ready for work: ModuleNotFoundError: No module named 'no_such_module'"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.usefixtures("pool_threads_may_stay")
@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_is_killed_while_it_prepares_is_one_clear_error(method: str) -> None:
    with (
        pytest.raises(WorkerDied, match=r"signal SIGKILL|exit code not known|being filled"),
        pool_held(2, method, partial(tasks.kill_oneself, "victim")),
    ):
        pytest.fail("the pool was not ready")
