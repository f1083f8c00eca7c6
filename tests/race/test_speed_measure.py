import math
import multiprocessing
import random
from collections.abc import Callable
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import WorkerDied
from gil_demo.measuring import runs as measurements
from gil_demo.measuring.machine import describe_machine
from gil_demo.measuring.rounds import Timing
from gil_demo.measuring.runs import RUNS, summarise
from gil_demo.race import comparison as speed
from gil_demo.race.comparison import compare
from gil_demo.race.scaling import scale
from gil_demo.running.pools import list_start_methods
from gil_demo.running.runners import threads
from gil_demo.running.workloads import countdown
from gil_demo.tables.files import load, save
from tests.made import tasks

METHODS = list_start_methods()
COUNT = 10_001
BUDGET = 0.3


@pytest.fixture
def nothing_may_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was measured")

    monkeypatch.setattr(measurements, "measure_busy_percent", refuse)
    monkeypatch.setattr(measurements, "take_samples", refuse)


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the half second in which the machine is watched."""
    monkeypatch.setattr(measurements, "measure_busy_percent", lambda: 12.34)


@pytest.mark.parametrize("method", METHODS)
def test_compare_gives_a_whole_table_of_real_runs(method: str, tmp_path: Any) -> None:
    table = compare(count=COUNT, start_method=method, budget=BUDGET)
    assert list(table.columns) == list(RUNS.columns)
    assert set(table["runner"]) == {"sequential", "threads", "processes"}
    assert set(table["experiment"]) == {"compare"}
    assert set(table["tasks"]) == {2}
    assert set(table["count"]) == {COUNT}
    assert set(table.loc[table["runner"] == "processes", "start_method"]) == {method}
    assert set(table.loc[table["runner"] != "processes", "start_method"]) == {""}
    assert (table["seconds"] > 0).all()
    assert (table["start_up_seconds"] >= 0).all()
    assert set(table["recorded_on"]) == {""}
    assert table["run_id"].nunique() == 1
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table)
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("no_wait")
def test_every_round_holds_every_variant_and_the_places_from_one() -> None:
    table = compare(["threads"], count=COUNT, budget=0.1)
    for _, rows in table.groupby("round"):
        assert sorted(rows["position"]) == [1, 2]
        assert sorted(rows["runner"]) == ["sequential", "threads"]
    assert set(table["rounds"]) == {table["round"].max()}
    assert set(table["stopped_by"]) <= {"precision", "budget"}


@pytest.mark.usefixtures("no_wait")
def test_the_sequential_run_is_measured_asked_for_or_not() -> None:
    asked = compare(["sequential", "threads"], count=COUNT, budget=0.1)
    unasked = compare(["threads"], count=COUNT, budget=0.1)
    alone = compare(["sequential"], count=COUNT, budget=0.1)
    assert set(asked["runner"]) == set(unasked["runner"]) == {"sequential", "threads"}
    assert set(alone["runner"]) == {"sequential"}
    assert summarise(alone)["time_ratio"].tolist() == [1.0]


@pytest.mark.usefixtures("no_wait")
def test_the_facts_of_the_machine_stand_in_every_row() -> None:
    table = compare(["threads"], count=COUNT, budget=0.1)
    facts = describe_machine()
    for name in ("usable_cores", "python_version", "operating_system", "gil_enabled"):
        assert set(table[name]) == {getattr(facts, name)}
    assert set(table["busy_percent"]) == {12.3}


@pytest.mark.usefixtures("no_wait")
def test_two_runs_have_different_names() -> None:
    names = {compare(["threads"], count=COUNT, budget=0.1)["run_id"].iloc[0] for _ in range(2)}
    assert len(names) == 2


@pytest.mark.usefixtures("no_wait")
def test_scale_measures_every_runner_with_every_number_of_workers() -> None:
    table = scale([1, 3], count=COUNT, budget=BUDGET, start_method=METHODS[0])
    assert set(zip(table["runner"], table["workers"], table["tasks"], strict=True)) == {
        ("sequential", 1, 3),
        ("threads", 1, 1),
        ("threads", 3, 3),
        ("processes", 1, 1),
        ("processes", 3, 3),
    }
    assert set(table["experiment"]) == {"scale"}


@pytest.mark.usefixtures("no_wait")
def test_all_variants_do_the_same_steps_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    done: dict[str, set[tuple[int, ...]]] = {}

    def note(runner: Any, _workers: int, function: object, parts: list[int]) -> Timing:
        assert function is countdown
        done.setdefault(runner.__name__, set()).add(tuple(parts))
        return Timing(0.0, 1.0, 0.0)

    monkeypatch.setattr(measurements, "time_run", note)
    scale([1, 2, 3], runners=["threads"], count=10)
    assert done == {"sequential": {(4, 3, 3)}, "threads": {(10,), (5, 5), (4, 3, 3)}}


@pytest.mark.usefixtures("no_wait")
def test_nothing_else_of_the_program_is_changed() -> None:
    random.seed(5)
    before = (random.getstate(), multiprocessing.get_start_method(allow_none=True))
    compare(["threads"], count=COUNT, budget=0.1)
    assert (random.getstate(), multiprocessing.get_start_method(allow_none=True)) == before


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize("measure", [compare, scale])
@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"count": 0}, ValueError, "count must be"),
        ({"count": -1}, ValueError, "not -1"),
        ({"count": 1e6}, TypeError, "not 1000000.0"),
        ({"count": "10"}, TypeError, "not '10'"),
        ({"count": True}, TypeError, "not True"),
        ({"count": math.nan}, TypeError, "not nan"),
        ({"count": 10**11}, ValueError, "from 1 to 10,000,000,000"),
        ({"precision": math.nan}, ValueError, "precision must be .* not nan"),
        ({"precision": 2}, ValueError, "precision must be"),
        ({"precision": "0.1"}, TypeError, "precision must be"),
        ({"budget": 0}, ValueError, "budget must be .* not 0"),
        ({"budget": math.inf}, ValueError, "budget must be .* not inf"),
        ({"budget": "8"}, TypeError, "budget must be"),
        ({"start_method": "vfork"}, ValueError, "start_method must be one of .* not 'vfork'"),
        ({"start_method": 3}, TypeError, "start_method must be"),
        ({"runners": []}, ValueError, "runners must hold at least one"),
        ({"runners": "threads"}, TypeError, "runners must be a list"),
        (
            {"runners": ["fibres"]},
            ValueError,
            "processes, interpreters, cluster, ray, not 'fibres'",
        ),
        ({"runners": [threads]}, TypeError, "runner must be one of"),
        ({"runners": ["threads", "threads"]}, ValueError, "each be there once"),
    ],
)
def test_a_bad_argument_is_refused_before_anything_is_measured(
    measure: Callable[..., object],
    arguments: dict[str, object],
    error: type[Exception],
    told: str,
) -> None:
    with pytest.raises(error, match=told):
        measure(**arguments)


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize("workers", [0, -1, 10**6])
def test_workers_out_of_range_are_refused_before_anything_is_measured(workers: int) -> None:
    with pytest.raises(ValueError, match=f"workers must be .* not {workers}"):
        compare(workers=workers)
    with pytest.raises(ValueError, match=f"workers must be .* not {workers}"):
        scale([1, workers])


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize("workers", [True, 2.0, "2", None])
def test_workers_of_a_wrong_type_are_refused_before_anything_is_measured(workers: Any) -> None:
    with pytest.raises(TypeError, match="workers must be"):
        compare(workers=workers)
    with pytest.raises(TypeError, match="workers must be"):
        scale([1, workers])


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("workers", "error"),
    [([], ValueError), (4, TypeError), ("12", TypeError), ([2, 2], ValueError)],
)
def test_scale_needs_a_list_of_different_numbers(workers: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="workers must"):
        scale(workers)


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_dies_ends_the_measurement(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "countdown", tasks.die)
    # the sequential run would end this very process; the sampler is made to leave it out
    monkeypatch.setattr(
        measurements, "take_samples", lambda variants, **_: variants["processes, 2 workers"]()
    )
    with pytest.raises(WorkerDied, match="exit code 3"):
        compare(["processes"], count=COUNT, start_method=method)
    assert multiprocessing.active_children() == []
