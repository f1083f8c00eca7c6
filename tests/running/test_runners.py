import multiprocessing
import re
import threading
import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from gil_demo.checks import GilDemoError
from gil_demo.engines.clusters import cluster
from gil_demo.engines.rays import ray
from gil_demo.running.pools import processes
from gil_demo.running.runners import RUNNERS, find_reason, sequential, threads
from gil_demo.running.spans import Runner
from gil_demo.running.subinterpreters import interpreters
from gil_demo.running.workloads import countdown
from tests.conftest import METHODS, interrupt_once_there, run_once
from tests.made import tasks

COUNT = 10_000

pytestmark = pytest.mark.usefixtures("nothing_hangs")

EVERY_RUNNER = [
    pytest.param(sequential, id="sequential"),
    pytest.param(threads, id="threads"),
    *[pytest.param(partial(processes, start_method=name), id=name) for name in METHODS],
]
if not find_reason("interpreters"):
    EVERY_RUNNER.append(pytest.param(interpreters, id="interpreters"))
IN_THIS_PROCESS = [
    pytest.param(sequential, id="sequential"),
    pytest.param(threads, id="threads"),
]


@pytest.mark.parametrize("runner", EVERY_RUNNER)
def test_there_is_one_span_a_task_in_the_order_of_the_tasks(runner: Runner) -> None:
    started = time.perf_counter()
    spans = run_once(runner, countdown, [COUNT, 1, COUNT, 0, COUNT])
    ended = time.perf_counter()
    assert [span.task for span in spans] == [0, 1, 2, 3, 4]
    assert all(started <= span.start <= span.end <= ended for span in spans)


@pytest.mark.parametrize("runner", EVERY_RUNNER)
def test_a_span_carries_what_its_task_gave_back(runner: Runner) -> None:
    spans = run_once(runner, tasks.give_back, ["one", None, {"three": 3}])
    assert [span.answer for span in spans] == ["one", None, {"three": 3}]


@pytest.mark.parametrize("runner", EVERY_RUNNER)
def test_workers_are_numbered_from_zero_in_the_order_of_their_first_tasks(runner: Runner) -> None:
    spans = run_once(runner, countdown, [COUNT] * 6)
    by_start = sorted(spans, key=lambda span: span.start)
    firsts = list(dict.fromkeys(span.worker for span in by_start))
    assert firsts == list(range(len(firsts)))


def test_sequential_tasks_do_not_overlap_and_have_one_worker() -> None:
    spans = run_once(sequential, countdown, [COUNT] * 3)
    assert {span.worker for span in spans} == {0}
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_every_task_gets_a_thread_of_its_own() -> None:
    seen: list[int] = []
    spans = run_once(threads, lambda _: seen.append(threading.get_ident()), [1, 2, 3])
    assert {span.worker for span in spans} == {0, 1, 2}
    assert len(seen) == 3
    assert threading.get_ident() not in seen


def test_sequential_runs_in_the_thread_that_calls() -> None:
    seen: list[int] = []
    run_once(sequential, lambda _: seen.append(threading.get_ident()), [1, 2])
    assert seen == [threading.get_ident()] * 2


@pytest.mark.parametrize("runner", EVERY_RUNNER)
def test_one_runner_can_run_twice_before_it_is_left(runner: Runner) -> None:
    with runner(2) as run:
        first = run(countdown, [COUNT, COUNT])
        second = run(countdown, [COUNT])
    assert [span.task for span in first] == [0, 1]
    assert [span.task for span in second] == [0]
    assert max(span.end for span in first) <= second[0].start


@pytest.mark.parametrize("runner", EVERY_RUNNER)
def test_after_a_runner_was_left_no_process_of_it_lives(runner: Runner) -> None:
    run_once(runner, countdown, [COUNT, COUNT])
    assert multiprocessing.active_children() == []


def test_a_range_of_tasks_will_do() -> None:
    assert len(run_once(threads, countdown, range(3))) == 3


@pytest.mark.usefixtures("no_process_may_start")
@pytest.mark.parametrize("runner", EVERY_RUNNER)
@pytest.mark.parametrize("workers", [True, 2.0, "2", None, [2]])
def test_workers_of_a_wrong_type_are_refused_before_anything_starts(
    runner: Runner, workers: object
) -> None:
    with pytest.raises(TypeError, match=re.escape(f"not {workers!r}")):
        run_once(runner, countdown, [COUNT], workers)


@pytest.mark.usefixtures("no_process_may_start")
@pytest.mark.parametrize("runner", EVERY_RUNNER)
@pytest.mark.parametrize("workers", [0, -1, 10**6, 10**30])
def test_workers_out_of_range_are_refused_before_anything_starts(
    runner: Runner, workers: int
) -> None:
    with pytest.raises(ValueError, match=f"workers must be a whole number .* not {workers}"):
        run_once(runner, countdown, [COUNT], workers)


@pytest.mark.usefixtures("no_process_may_start")
@pytest.mark.parametrize("runner", IN_THIS_PROCESS)
def test_an_empty_list_of_tasks_is_refused_before_anything_starts(runner: Runner) -> None:
    with pytest.raises(ValueError, match="tasks must hold at least one item, not none"):
        run_once(runner, countdown, [])


@pytest.mark.usefixtures("no_process_may_start")
@pytest.mark.parametrize("runner", IN_THIS_PROCESS)
@pytest.mark.parametrize("given", [5, "55", {5}, None])
def test_tasks_that_are_no_list_are_refused_before_anything_starts(
    runner: Runner, given: object
) -> None:
    with pytest.raises(TypeError, match="tasks must be a list, not "):
        run_once(runner, countdown, given)


def test_every_runner_is_listed_by_its_name() -> None:
    assert set(RUNNERS.items()) == {
        ("sequential", sequential),
        ("threads", threads),
        ("processes", processes),
        ("interpreters", interpreters),
        ("cluster", cluster),
        ("ray", ray),
    }


@pytest.mark.parametrize("runner", EVERY_RUNNER)
def test_an_exception_of_a_task_is_passed_on_with_its_type_and_text(runner: Runner) -> None:
    with pytest.raises(LookupError, match="no such thing as tea"):
        run_once(runner, tasks.refuse, ["tea", "tea"])
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("runner", EVERY_RUNNER)
def test_after_a_failed_task_the_next_run_is_right(runner: Runner) -> None:
    with runner(2) as run:
        with pytest.raises(LookupError):
            run(tasks.refuse_the_first, [0, 1])
        assert [span.task for span in run(countdown, [COUNT, COUNT])] == [0, 1]


@pytest.mark.parametrize("runner", EVERY_RUNNER)
def test_an_exception_between_two_runs_leaves_no_process(runner: Runner) -> None:
    with pytest.raises(LookupError), runner(2):
        raise LookupError
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("runner", IN_THIS_PROCESS)
def test_a_task_that_asks_python_to_exit_is_no_task_that_is_missing(runner: Runner) -> None:
    with pytest.raises(SystemExit):
        run_once(runner, tasks.leave, [1, 2])


@pytest.mark.parametrize("runner", EVERY_RUNNER)
def test_an_interrupt_ends_the_tasks_and_leaves_no_process_and_no_thread(
    runner: Runner, tmp_path: Path
) -> None:
    before = set(threading.enumerate())
    mark = tmp_path / "started"
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        run_once(runner, tasks.countdown_for_ever, [str(mark)] * 2)
    assert multiprocessing.active_children() == []
    interrupter.join()
    assert set(threading.enumerate()) <= before
    assert len(run_once(runner, countdown, [COUNT, COUNT])) == 2


def test_threads_that_the_system_refuses_are_one_clear_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(GilDemoError, match=r"refused 2 threads .*: ask for fewer"):
        run_once(threads, countdown, [COUNT, COUNT])
