import gc
import multiprocessing
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gil_demo import WorkerDied, map_tasks
from gil_demo.pool import methods, tasks
from gil_demo.running.pools import pool_held, run_in_pool
from tests.conftest import interrupt_once_there
from tests.made.tasks import die, tell_death

LONG = 10**9
pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


def take_answers(name: str, start_method: str) -> None:
    with pool_held(2, start_method) as held:
        list(methods.time_answers(name, held, (LONG, LONG)))


MEASURES: dict[str, Callable[..., Any]] = {
    "map_tasks": partial(map_tasks, [LONG, LONG]),
    **{name: partial(take_answers, name) for name in ("map", "imap", "apply_async")},
}
each_measure = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)


@each_measure
def test_a_worker_that_dies_ends_a_measurement(
    measure: Callable[..., Any], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "countdown", die)
    monkeypatch.setattr(methods, "count_pair", die)
    monkeypatch.setattr(methods, "count_numbered", die)
    with pytest.raises(WorkerDied, match=f"{tell_death(method)} with 2 tasks under way"):
        measure(start_method=method)
    assert multiprocessing.active_children() == []


@each_measure
def test_an_interrupt_in_the_midst_of_a_measurement_leaves_nothing(
    measure: Callable[..., Any], method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave_a_mark(function: Any, *arguments: Any) -> Any:
        (tmp_path / "mark").touch()
        return function(*arguments)

    monkeypatch.setattr(tasks, "run_in_pool", partial(leave_a_mark, run_in_pool))
    for name, genuine in methods.METHODS.items():
        late = partial(leave_a_mark, genuine.call)
        monkeypatch.setitem(methods.METHODS, name, genuine._replace(call=late))
    gc.collect()  # an interrupt that meets the finalizer of an earlier test's pool is swallowed
    interrupt_once_there(tmp_path / "mark")
    with pytest.raises(KeyboardInterrupt):
        measure(start_method=method)
    assert multiprocessing.active_children() == []
