import threading
import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from gil_demo.checks import GilDemoError
from gil_demo.running.pools import processes
from gil_demo.running.runners import RUNNERS, find_missing, get_runner, sequential, threads
from gil_demo.running.spans import Runner
from gil_demo.running.subinterpreters import interpreters
from gil_demo.running.workloads import countdown
from tests.conftest import METHODS, interrupt_once_there, run_once
from tests.made import tasks

pytestmark = pytest.mark.usefixtures("nothing_hangs")

there = pytest.mark.skipif(bool(find_missing("interpreters")), reason="needs Python 3.14")
every_runner = pytest.mark.parametrize(
    "runner",
    [
        sequential,
        threads,
        partial(processes, start_method=METHODS[0]),
        *(
            pytest.param(partial(processes, start_method=name), marks=pytest.mark.thorough)
            for name in METHODS[1:]
        ),
        pytest.param(interpreters, marks=there),
    ],
    ids=["sequential", "threads", *METHODS, "interpreters"],
)


@every_runner
def test_each_run_gives_one_span_a_task_in_the_tasks_order(runner: Runner) -> None:
    given = ["one", None, {"three": 3}, 4, 5]
    with runner(2) as run:
        moments = [time.perf_counter()]
        spans = run(tasks.give_back, given)
        moments += [min(span.start for span in spans), max(span.end for span in spans)]
        moments += [time.perf_counter(), run(countdown, range(1))[0].start]
    assert [(span.task, span.answer) for span in spans] == list(enumerate(given))
    assert all(span.start <= span.end for span in spans)
    assert moments == sorted(moments)


def test_sequential_tasks_run_one_after_another_in_the_thread_that_calls() -> None:
    spans = run_once(sequential, lambda _: threading.get_ident(), [1, 2])
    assert [span.worker for span in spans] == [0, 0]
    assert {span.answer for span in spans} == {threading.get_ident()}
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_every_task_gets_a_thread_of_its_own_and_all_of_them_run_at_once() -> None:
    meeting = threading.Barrier(3)
    spans = run_once(threads, lambda _: meeting.wait(10), [1, 2, 3], workers=1)
    assert [span.worker for span in spans] == [0, 1, 2]
    assert {span.answer for span in spans} == {0, 1, 2}


@pytest.mark.usefixtures("no_process_may_start")
@pytest.mark.parametrize("runner", [sequential, threads])
def test_bad_tasks_are_refused_before_anything_starts(runner: Runner) -> None:
    with pytest.raises(TypeError, match="tasks must be a list, not "):
        run_once(runner, countdown, "55")


def test_every_runner_is_found_by_its_name() -> None:
    names = ["sequential", "threads", "processes", "interpreters", "cluster", "ray"]
    assert [get_runner(name).__name__ for name in RUNNERS] == names


@every_runner
def test_an_exception_of_a_task_is_passed_on_and_the_next_run_is_right(runner: Runner) -> None:
    with runner(2) as run:
        with pytest.raises(LookupError, match=r"^no such thing as tea$"):
            run(tasks.refuse, ["tea", "tea"])
        assert [span.task for span in run(countdown, [9, 9])] == [0, 1]
    with pytest.raises(LookupError), runner(2):
        raise LookupError


def test_a_task_that_asks_python_to_exit_is_no_task_that_is_missing() -> None:
    with pytest.raises(SystemExit):
        run_once(threads, tasks.leave, [1, 2])


@every_runner
def test_an_interrupt_ends_the_tasks_and_all_workers(runner: Runner, tmp_path: Path) -> None:
    mark = tmp_path / "started"
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        run_once(runner, tasks.countdown_for_ever, [str(mark)] * 2)
    interrupter.join()
    assert len(run_once(runner, countdown, [9, 9])) == 2


def test_threads_that_are_refused_are_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(GilDemoError, match=r"refused 2 threads \(can't .*\): ask for fewer"):
        run_once(threads, countdown, [9, 9])
