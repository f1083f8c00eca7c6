import gc
import math
import multiprocessing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import WorkerDied, most_workers
from gil_demo.measuring import runs as measurements
from gil_demo.pool import methods
from gil_demo.pool import tasks as columns
from gil_demo.pool.methods import ARRIVALS, compare_methods, summarise_methods
from gil_demo.running.workloads import compute_default_chunksize
from gil_demo.tables.files import load, save
from tests.conftest import METHODS, interrupt_once_there
from tests.made import tasks
from tests.made.pool import make_arrivals

COUNTS = (20_000, 100, 1, 1_000, 100)
LONG = (10**9, 10**9)
SLACK_SECONDS = 0.05
LEAN: dict[str, Any] = {"counts": (5, 5), "start_method": METHODS[0]}

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the half second in which the machine is watched."""
    monkeypatch.setattr(measurements, "measure_busy_percent", lambda: 12.34)


@pytest.fixture
def no_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the map that comes before the methods."""
    monkeypatch.setattr(methods, "_map", lambda *_: iter(()))


@pytest.fixture
def nothing_to_collect() -> None:
    """Collect what interrupted pools of earlier tests left in cycles.

    Python swallows an interrupt that comes while it runs the finalizers of such a pool.
    """
    gc.collect()


@pytest.fixture
def nothing_may_be_measured(monkeypatch: pytest.MonkeyPatch, no_process_may_start: None) -> None:
    del no_process_may_start

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was measured")

    monkeypatch.setattr(measurements, "measure_busy_percent", refuse)


def select(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the answers of a method, in the order in which they came."""
    return table[table["method"] == name].sort_values("place")


# tables of real runs


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_the_answer_of_every_task_once(method: str, tmp_path: Path) -> None:
    table = compare_methods(counts=COUNTS, start_method=method)
    assert list(table.columns) == list(ARRIVALS.columns)
    assert dict(table.dtypes) == dict(make_arrivals().dtypes)
    assert list(dict.fromkeys(table["method"])) == list(columns.METHODS)
    assert set(table["experiment"]) == {"methods"}
    assert set(table["start_method"]) == {method}
    assert set(table["busy_percent"]) == {12.3}
    assert table["run_id"].nunique() == 1
    for name in columns.METHODS:
        answers = select(table, name)
        assert answers["place"].tolist() == [1, 2, 3, 4, 5]
        assert sorted(answers["task"]) == [1, 2, 3, 4, 5]
        assert answers["returned_seconds"].nunique() == 1
        assert answers["arrived_seconds"].is_monotonic_increasing
    assert [COUNTS[task - 1] for task in table["task"]] == table["steps"].tolist()
    # the workers' clock and the caller's are one
    assert (table["end_seconds"] >= 0).all()
    assert (table["arrived_seconds"] >= table["end_seconds"]).all()
    assert (table["arrived_seconds"] >= table["returned_seconds"]).all()
    assert summarise_methods(table)["answers"].tolist() == [5] * 5
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table, check_exact=True)
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("name", ["map", "starmap"])
def test_a_map_gives_all_answers_at_once_and_in_order(name: str) -> None:
    answers = select(compare_methods([name], counts=COUNTS, start_method=METHODS[0]), name)
    assert answers["task"].tolist() == [1, 2, 3, 4, 5]
    assert answers["returned_seconds"].iloc[0] >= answers["end_seconds"].max()


@pytest.mark.usefixtures("no_wait")
def test_imap_gives_the_answers_in_the_list_s_order() -> None:
    answers = select(compare_methods(["imap"], counts=COUNTS, start_method=METHODS[0]), "imap")
    assert answers["task"].tolist() == [1, 2, 3, 4, 5]
    # an answer waits for those before it
    assert (answers["arrived_seconds"] >= answers["end_seconds"].cummax()).all()


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("name", ["imap_unordered", "apply_async"])
def test_some_methods_give_the_answers_as_the_tasks_end(name: str) -> None:
    counts = (1_000_000, 100, 100, 100)
    answers = select(compare_methods([name], counts=counts, start_method=METHODS[0]), name)
    for end, next_end in pairwise(answers["end_seconds"]):
        # between its end and its answer's departure a worker may lose its core for a moment
        assert end <= next_end + SLACK_SECONDS


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("name", columns.METHODS)
def test_one_worker_gives_the_answers_in_the_list_s_order(name: str) -> None:
    table = compare_methods([name], counts=(9, 200, 1), workers=1, start_method=METHODS[0])
    answers = select(table, name).sort_values("end_seconds")
    assert answers["task"].tolist() == [1, 2, 3]
    assert set(table["workers"]) == {1}


@pytest.mark.usefixtures("no_wait")
def test_the_chunksize_is_the_pool_s_own_for_a_map_and_one_for_the_others() -> None:
    table = compare_methods(counts=[5] * 19, start_method=METHODS[0])
    own = compute_default_chunksize(19, 2)
    for name in columns.METHODS:
        expected = own if name in ("map", "starmap") else 1
        assert set(select(table, name)["chunksize"]) == {expected}


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    "names", [["imap"], ("apply_async", "map"), ["imap_unordered", "imap", "starmap"]]
)
def test_the_methods_are_called_in_the_order_asked_for(names: Any) -> None:
    table = compare_methods(names, **LEAN)
    assert list(dict.fromkeys(table["method"])) == list(names)


@pytest.mark.usefixtures("no_wait")
def test_one_task_is_enough_for_every_method() -> None:
    table = compare_methods(counts=[1], workers=2, start_method=METHODS[0])
    assert table["task"].tolist() == [1] * len(columns.METHODS)


# runs that end early


@pytest.mark.usefixtures("no_wait", "no_warm_up")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", columns.METHODS)
def test_a_worker_that_dies_ends_every_method(
    name: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine: Any = methods._CALLS[name]
    # what dies takes one argument, however a method hands out a pair of them
    monkeypatch.setitem(methods._CALLS, name, lambda held, _: genuine(held, [(1,), (2,)]))
    monkeypatch.setattr(methods, "count_pair", tasks.die)
    monkeypatch.setattr(methods, "count_numbered", tasks.die)
    with pytest.raises(WorkerDied, match=r"exit code 3.* with 2 tasks under way"):
        compare_methods([name], counts=(5, 5), start_method=method)
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("no_wait", "no_warm_up")
@pytest.mark.parametrize("name", ["map", "imap", "imap_unordered"])
def test_the_failure_of_a_task_is_passed_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "count_pair", tasks.refuse)
    with pytest.raises(LookupError, match="no such thing as"):
        compare_methods([name], **LEAN)
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("no_wait", "no_warm_up", "nothing_to_collect")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", columns.METHODS)
def test_an_interrupt_in_the_midst_of_a_method_leaves_nothing(
    name: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    genuine: Any = methods._CALLS[name]

    def leave_a_mark(*arguments: Any) -> Any:
        mark.touch()
        return genuine(*arguments)

    monkeypatch.setitem(methods._CALLS, name, leave_a_mark)
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        compare_methods([name], counts=LONG, start_method=method)
    interrupter.join()
    assert multiprocessing.active_children() == []


# bad arguments


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"methods": []}, ValueError, "methods must hold at least one item, not none"),
        ({"methods": "map"}, TypeError, "methods must be a list, not 'map'"),
        ({"methods": None}, TypeError, "methods must be a list, not None"),
        ({"methods": {"map"}}, TypeError, "methods must be a list"),
        ({"methods": ["amap"]}, ValueError, "one of map, starmap, .* not 'amap'"),
        ({"methods": ["map", ""]}, ValueError, "not ''"),
        ({"methods": ["imap", "imap"]}, ValueError, "methods must each be there once"),
        ({"methods": [5]}, TypeError, "not 5"),
        ({"methods": [True]}, TypeError, "not True"),
        ({"methods": [["map"]]}, TypeError, r"not \['map'\]"),
        ({"counts": []}, ValueError, "counts must hold at least one item, not none"),
        ({"counts": "12"}, TypeError, "counts must be a list, not '12'"),
        ({"counts": None}, TypeError, "counts must be a list, not None"),
        ({"counts": 3}, TypeError, "counts must be a list, not 3"),
        ({"counts": [1, "2"]}, TypeError, "count must be a whole number .* not '2'"),
        ({"counts": [True]}, TypeError, "not True"),
        ({"counts": [1.0]}, TypeError, "not 1.0"),
        ({"counts": [None]}, TypeError, "not None"),
        ({"counts": [0]}, ValueError, "not 0"),
        ({"counts": [-1]}, ValueError, "not -1"),
        ({"counts": [10**10 + 1]}, ValueError, "not 10000000001"),
        ({"counts": range(1, 10**7)}, ValueError, "counts must hold at most 1,000,000 items"),
        ({"workers": 0}, ValueError, "workers must be .* not 0"),
        ({"workers": most_workers() + 1}, ValueError, "workers must be"),
        ({"workers": 2.0}, TypeError, "workers must be .* not 2.0"),
        ({"workers": math.nan}, TypeError, "workers must be .* not nan"),
        ({"workers": True}, TypeError, "workers must be .* not True"),
        ({"workers": "2"}, TypeError, "workers must be .* not '2'"),
        ({"workers": None}, TypeError, "workers must be .* not None"),
        ({"start_method": "vfork"}, ValueError, "start_method must be one of .* not 'vfork'"),
        ({"start_method": ""}, ValueError, "start_method must be one of .* not ''"),
        ({"start_method": 3}, TypeError, "start_method must be .* not 3"),
        ({"start_method": True}, TypeError, "start_method must be .* not True"),
    ],
)
def test_a_bad_argument_is_refused_before_anything_is_started(
    arguments: Any, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        compare_methods(**arguments)
