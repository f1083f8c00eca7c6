import math
import multiprocessing
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import WorkerDied
from gil_demo.measuring import runs as measurements
from gil_demo.measuring.machine import (
    count_usable_cores,
    describe_machine,
    is_gil_enabled,
    measure_busy_percent,
)
from gil_demo.measuring.rounds import Sample, Samples
from gil_demo.running.pools import list_start_methods
from gil_demo.running.workloads import trace_countdown
from gil_demo.tables.files import load, save
from gil_demo.turns import timeline as switching
from gil_demo.turns.sweep import SWITCHES, summarise_switches, sweep_switch_interval
from gil_demo.turns.timeline import SLICES, find_overlaps, summarise_trace, trace
from tests.conftest import interrupt_once_there
from tests.made import tasks

METHODS = list_start_methods()
RUNNERS = ["sequential", "threads", "processes"]
COUNT = 20_001
OWN = 0.005
STORM_RUNS = 20
STORM_TURNS = 8

needs_gil = pytest.mark.skipif(not is_gil_enabled(), reason="the GIL is off in this Python")
needs_no_gil = pytest.mark.skipif(is_gil_enabled(), reason="the GIL is on in this Python")
needs_two_cores = pytest.mark.skipif(
    count_usable_cores() < 2, reason="one core runs one thread at a time"
)


@pytest.fixture
def nothing_may_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was measured")

    monkeypatch.setattr(measurements, "measure_busy_percent", refuse)
    monkeypatch.setattr(switching, "take_samples", refuse)
    monkeypatch.setattr(switching, "trace_countdown", refuse)


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the half second in which the machine is watched."""
    monkeypatch.setattr(measurements, "measure_busy_percent", lambda: 12.34)


@pytest.fixture
def one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take one round of a sweep, of a hundredth of a second each, without a warm-up."""

    def take(variants: Mapping[str, Callable[[], Any]], **_: object) -> Samples[Any]:
        samples = [
            Sample(name, 1, position, run())
            for position, (name, run) in enumerate(variants.items(), start=1)
        ]
        return Samples(samples, "budget")

    monkeypatch.setattr(switching, "take_samples", take)
    monkeypatch.setattr(switching, "_measure_pace", lambda: 1e6)


@pytest.fixture(autouse=True)
def the_interval_is_as_before() -> Iterator[None]:
    """Fail a test after which the switch interval is another than before."""
    before = sys.getswitchinterval()
    yield
    after = sys.getswitchinterval()
    sys.setswitchinterval(OWN)
    assert after == before


def assert_whole(table: pd.DataFrame, runners: set[str], tmp_path: Path) -> None:
    assert list(table.columns) == list(SLICES.columns)
    assert set(table["experiment"]) == {"trace"}
    assert set(table["runner"]) == runners
    assert table["run_id"].nunique() == 1
    assert set(table["recorded_on"]) == {""}
    assert (table["end_seconds"] >= table["start_seconds"]).all()
    assert set(table.groupby("runner")["start_seconds"].min()) == {0.0}
    assert_frame_equal(load(save(table, tmp_path / "trace.csv")), table, check_exact=True)


# one trace


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", METHODS)
def test_a_trace_is_a_whole_table_of_slices(method: str, tmp_path: Path) -> None:
    table = trace(count=COUNT, start_method=method, switch_interval=0.002)
    assert_whole(table, {"threads", "processes"}, tmp_path)
    assert {str(table[name].dtype) for name in ("workers", "worker", "count")} == {"Int64"}
    assert table["start_seconds"].dtype == table["end_seconds"].dtype == "float64"
    assert set(table["workers"]) == {2}
    assert set(table["count"]) == {COUNT}
    assert set(table["switch_interval_seconds"]) == {0.002}
    is_process = table["runner"] == "processes"
    assert set(table.loc[is_process, "start_method"]) == {method}
    assert set(table.loc[~is_process, "start_method"]) == {""}
    assert set(table.loc[~is_process, "worker"]) == {1, 2}
    # a quick worker may take both parts; it is the first one then
    assert set(table.loc[is_process, "worker"]) <= {1, 2}
    assert 1 in set(table.loc[is_process, "worker"])
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("no_wait")
def test_the_plain_loop_has_one_worker_that_does_all_parts(tmp_path: Path) -> None:
    table = trace(["sequential"], count=COUNT, workers=3)
    assert_whole(table, {"sequential"}, tmp_path)
    assert set(table["worker"]) == {1}
    assert not find_overlaps(table).any()
    assert math.isnan(summarise_trace(table)["together"].iloc[0])


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("workers", [1, 3])
def test_every_thread_has_a_number_of_its_own(workers: int) -> None:
    table = trace(["threads"], workers=workers, count=COUNT)
    assert set(table["worker"]) == set(range(1, workers + 1))
    assert set(table["workers"]) == {workers}


@pytest.mark.usefixtures("no_wait")
def test_more_workers_than_steps_can_be_traced(tmp_path: Path) -> None:
    table = trace(["threads"], workers=4, count=1)
    assert_whole(table, {"threads"}, tmp_path)
    assert set(table["worker"]) == {1, 2, 3, 4}


@pytest.mark.usefixtures("no_wait")
def test_the_workers_of_a_trace_share_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    def note(n: int) -> list[tuple[float, float]]:
        done.append(n)
        return [(7.0, 8.0)]

    monkeypatch.setattr(switching, "trace_countdown", note)
    table = trace(["sequential", "threads"], workers=3, count=10)
    assert sorted(done[:3]) == sorted(done[3:]) == [3, 3, 4]
    assert set(table["start_seconds"]) == {0.0}
    assert set(table["end_seconds"]) == {1.0}


@pytest.mark.usefixtures("no_wait")
def test_the_clock_of_each_runner_begins_with_its_first_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slices = {4: [(9.0, 9.5), (10.0, 12.0)], 3: [(8.5, 9.0)]}
    monkeypatch.setattr(switching, "trace_countdown", slices.__getitem__)
    table = trace(["threads"], count=7)
    times = table[["worker", "start_seconds", "end_seconds"]].to_numpy().tolist()
    assert times == [[1, 0.5, 1.0], [1, 1.5, 3.5], [2, 0.0, 0.5]]


@pytest.mark.usefixtures("no_wait")
def test_the_facts_of_the_machine_stand_in_every_slice() -> None:
    table = trace(["threads"], count=COUNT)
    facts = describe_machine()
    for name in ("usable_cores", "python_version", "operating_system", "gil_enabled"):
        assert set(table[name]) == {getattr(facts, name)}
    assert set(table["busy_percent"]) == {12.3}


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("asked", [None, 0.02, 1])
def test_the_interval_is_in_force_during_the_trace_and_stands_in_the_table(
    monkeypatch: pytest.MonkeyPatch, asked: float | None
) -> None:
    seen: list[float] = []

    def note(n: int) -> list[tuple[float, float]]:
        seen.append(sys.getswitchinterval())
        return trace_countdown(n)

    monkeypatch.setattr(switching, "trace_countdown", note)
    sys.setswitchinterval(0.003)
    table = trace(["sequential"], count=10, switch_interval=asked)
    assert sys.getswitchinterval() == pytest.approx(0.003)
    sys.setswitchinterval(OWN)
    assert seen == pytest.approx([asked or 0.003] * 2)
    assert table["switch_interval_seconds"].tolist() == pytest.approx([asked or 0.003] * 2)


@pytest.mark.usefixtures("no_wait")
def test_nothing_else_of_the_program_is_changed() -> None:
    random.seed(5)
    before = (random.getstate(), multiprocessing.get_start_method(allow_none=True))
    trace(["threads"], count=COUNT)
    assert (random.getstate(), multiprocessing.get_start_method(allow_none=True)) == before


# what goes wrong in a trace


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("runner", RUNNERS)
def test_the_failure_of_a_trace_is_passed_on_and_the_interval_is_as_before(
    monkeypatch: pytest.MonkeyPatch, runner: str
) -> None:
    monkeypatch.setattr(switching, "trace_countdown", tasks.refuse)
    with pytest.raises(LookupError, match="no such thing as"):
        trace([runner], count=COUNT, switch_interval=0.02)
    assert sys.getswitchinterval() == OWN
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_dies_ends_the_trace(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    monkeypatch.setattr(switching, "trace_countdown", tasks.die)
    with pytest.raises(WorkerDied, match="exit code 3"):
        trace(["processes"], count=COUNT, start_method=method, switch_interval=0.02)
    assert sys.getswitchinterval() == OWN
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("no_wait")
def test_the_interval_is_as_before_where_a_runner_cannot_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no more of them")

    monkeypatch.setattr(switching, "choose_runner", refuse)
    with pytest.raises(OSError, match="no more of them"):
        trace(count=COUNT, switch_interval=0.02)
    assert sys.getswitchinterval() == OWN


def count_for_ever_at(monkeypatch: pytest.MonkeyPatch, mark: Path) -> None:
    """Let each part of a countdown leave a mark and never end."""
    monkeypatch.setattr(switching, "split", lambda _, parts: [str(mark)] * parts)
    monkeypatch.setattr(switching, "trace_countdown", tasks.countdown_for_ever)


@pytest.mark.usefixtures("no_wait", "nothing_hangs")
@pytest.mark.parametrize("runner", RUNNERS)
def test_an_interrupted_trace_leaves_the_interval_as_before_and_nothing_running(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runner: str
) -> None:
    count_for_ever_at(monkeypatch, tmp_path / "mark")
    interrupter = interrupt_once_there(tmp_path / "mark")
    with pytest.raises(KeyboardInterrupt):
        trace([runner], count=COUNT, switch_interval=0.02)
    interrupter.join()
    assert sys.getswitchinterval() == OWN
    assert multiprocessing.active_children() == []


# a sweep


@pytest.mark.usefixtures("no_wait")
def test_a_sweep_is_a_whole_table_of_rounds(tmp_path: Path) -> None:
    table = sweep_switch_interval([0.001], budget=0.1)
    assert list(table.columns) == list(SWITCHES.columns)
    assert set(table["experiment"]) == {"switch"}
    assert {str(table[name].dtype) for name in ("workers", "round", "position")} == {"Int64"}
    assert table["turn_seconds"].dtype == table["steps_per_second"].dtype == "float64"
    assert set(table["workers"]) == {2}
    assert set(table["recorded_on"]) == {""}
    assert table["run_id"].nunique() == 1
    assert set(table["rounds"]) == {table["round"].max()}
    for _, rows in table.groupby("round"):
        assert sorted(rows["switch_interval_seconds"]) == [0.001, OWN]
        assert sorted(rows["position"]) == [1, 2]
    assert_frame_equal(load(save(table, tmp_path / "sweep.csv")), table, check_exact=True)
    assert summarise_switches(table)["speed"].tolist()[1] == 1.0


@pytest.mark.usefixtures("no_wait", "one_round")
@pytest.mark.parametrize(
    ("asked", "measured"),
    [
        ([0.001], [0.001, OWN]),
        ([OWN], [OWN]),
        ([0.02, 0.001], [0.001, OWN, 0.02]),
        ((1e-6, 1), [1e-6, OWN, 1.0]),
        ([0.0050000001], [OWN, 0.0050000001]),
        ([0.00100000001, 0.00100000002], [0.00100000001, 0.00100000002, OWN]),
    ],
)
def test_every_interval_and_python_s_own_are_measured(
    asked: list[float], measured: list[float]
) -> None:
    table = sweep_switch_interval(asked)
    assert sorted(table["switch_interval_seconds"]) == measured


@pytest.mark.usefixtures("no_wait", "one_round")
@pytest.mark.parametrize("workers", [2, 3])
def test_each_round_runs_at_its_own_interval(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    seen: list[float] = []

    def note(n: int) -> list[tuple[float, float]]:
        seen.append(sys.getswitchinterval())
        return trace_countdown(n)

    monkeypatch.setattr(switching, "trace_countdown", note)
    table = sweep_switch_interval([0.02, 0.001], workers=workers)
    assert seen == pytest.approx([0.001] * workers + [OWN] * workers + [0.02] * workers)
    assert set(table["workers"]) == {workers}


@pytest.mark.usefixtures("no_wait", "one_round")
def test_a_round_tells_the_median_of_the_turns_that_were_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine, other = (
        [(0.0, 9.0), (10.0, 12.0), (17.0, 18.0)],
        [(9.0, 10.0), (12.0, 17.0), (18.0, 30.0)],
    )
    slices = {True: mine, False: other}
    monkeypatch.setattr(switching, "split", lambda *_: [1, 0])
    monkeypatch.setattr(switching, "trace_countdown", lambda n: slices[n == 1])
    table = sweep_switch_interval([1e-4, 0.0009, 0.001])
    turns = table.set_index("switch_interval_seconds")["turn_seconds"]
    assert turns[[0.001, OWN]].tolist() == [2.0, 2.0]
    # the trace is too coarse to tell a turn this short
    assert turns[[1e-4, 0.0009]].isna().all()


@pytest.mark.usefixtures("no_wait", "one_round")
def test_without_a_turn_that_was_handed_over_there_is_none_to_tell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(switching, "trace_countdown", lambda _: [(0.0, 1.0)])
    table = sweep_switch_interval([0.001])
    assert table["turn_seconds"].isna().all()
    assert_frame_equal(load(save(table, tmp_path / "sweep.csv")), table, check_exact=True)


@pytest.mark.usefixtures("no_wait")
def test_a_sweep_holds_everything_against_python_s_own_interval_within_its_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Noted(Exception):
        pass

    noted: dict[str, Any] = {}

    def note(variants: Mapping[str, object], **options: Any) -> None:
        noted.update(options, variants=list(variants))
        raise Noted

    monkeypatch.setattr(switching, "take_samples", note)
    for budget, seconds in ((None, switching.DEFAULT_SWEEP_SECONDS), (3, 3.0)):
        with pytest.raises(Noted):
            sweep_switch_interval([0.001, 0.02], budget=budget)
        assert noted["budget"] == seconds
        assert noted["baseline"] == noted["variants"][1]


@pytest.mark.usefixtures("no_wait", "one_round")
def test_the_failure_of_a_round_is_passed_on_and_the_interval_is_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(switching, "trace_countdown", tasks.refuse)
    with pytest.raises(LookupError, match="no such thing as"):
        sweep_switch_interval([0.02])
    assert sys.getswitchinterval() == OWN


@pytest.mark.usefixtures("no_wait", "one_round", "nothing_hangs")
def test_an_interrupted_sweep_leaves_the_interval_as_before_and_nothing_running(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    count_for_ever_at(monkeypatch, tmp_path / "mark")
    interrupter = interrupt_once_there(tmp_path / "mark")
    with pytest.raises(KeyboardInterrupt):
        sweep_switch_interval([0.001])
    interrupter.join()
    assert sys.getswitchinterval() == OWN


# bad arguments


@pytest.mark.usefixtures("nothing_may_be_measured", "no_process_may_start")
@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"runners": []}, ValueError, "runners must hold at least one"),
        ({"runners": "threads"}, TypeError, "runners must be a list"),
        (
            {"runners": ["fibres"]},
            ValueError,
            "sequential, threads, processes, interpreters, not 'fibres'",
        ),
        ({"runners": ["threads", "threads"]}, ValueError, "each be there once"),
        ({"runners": [None]}, TypeError, "runner must be one of"),
        ({"workers": 0}, ValueError, "workers must be .* not 0"),
        ({"workers": 10**6}, ValueError, "workers must be .* not 1000000"),
        ({"workers": 2.0}, TypeError, "workers must be .* not 2.0"),
        ({"workers": None}, TypeError, "workers must be .* not None"),
        ({"count": 0}, ValueError, "count must be .* not 0"),
        ({"count": 10**11}, ValueError, "from 1 to 10,000,000,000"),
        ({"count": True}, TypeError, "count must be .* not True"),
        ({"count": 1e6}, TypeError, "count must be .* not 1000000.0"),
        ({"switch_interval": 0}, ValueError, "switch_interval must be .* not 0"),
        ({"switch_interval": -0.005}, ValueError, "switch_interval must be .* not -0.005"),
        ({"switch_interval": 1e-9}, ValueError, "switch_interval must be .* not 1e-09"),
        ({"switch_interval": 2}, ValueError, "switch_interval must be .* not 2"),
        ({"switch_interval": math.nan}, ValueError, "switch_interval must be .* not nan"),
        ({"switch_interval": True}, TypeError, "switch_interval must be .* not True"),
        ({"switch_interval": "5 ms"}, TypeError, "switch_interval must be .* not '5 ms'"),
        ({"start_method": "vfork"}, ValueError, "start_method must be one of .* not 'vfork'"),
        ({"start_method": 3}, TypeError, "start_method must be"),
    ],
)
def test_a_bad_argument_of_a_trace_is_refused_before_anything_is_measured(
    arguments: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        trace(**arguments)
    assert sys.getswitchinterval() == OWN


@pytest.mark.usefixtures("nothing_may_be_measured", "no_process_may_start")
@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"intervals": []}, ValueError, "intervals must hold at least one"),
        ({"intervals": 0.005}, TypeError, "intervals must be a list, not 0.005"),
        ({"intervals": "0.005"}, TypeError, "intervals must be a list"),
        ({"intervals": None}, TypeError, "intervals must be a list, not None"),
        ({"intervals": {0.005}}, TypeError, "intervals must be a list"),
        ({"intervals": [0.005, 0.005]}, ValueError, "intervals must each be there once"),
        ({"intervals": [1, 1.0]}, ValueError, "intervals must each be there once"),
        ({"intervals": [0.005, 0]}, ValueError, "intervals must be .* not 0"),
        ({"intervals": [0.005, -1]}, ValueError, "intervals must be .* not -1"),
        ({"intervals": [1e-7]}, ValueError, "intervals must be .* not 1e-07"),
        ({"intervals": [1.5]}, ValueError, "intervals must be .* not 1.5"),
        ({"intervals": [math.nan]}, ValueError, "intervals must be .* not nan"),
        ({"intervals": [True]}, TypeError, "intervals must be .* not True"),
        ({"intervals": ["5 ms"]}, TypeError, "intervals must be .* not '5 ms'"),
        ({"workers": 1}, ValueError, "workers must be a whole number from 2 .* not 1"),
        ({"workers": 10**6}, ValueError, "workers must be .* not 1000000"),
        ({"workers": "2"}, TypeError, "workers must be .* not '2'"),
        ({"budget": 0}, ValueError, "budget must be .* not 0"),
        ({"budget": -1}, ValueError, "budget must be .* not -1"),
        ({"budget": math.inf}, ValueError, "budget must be .* not inf"),
        ({"budget": "15"}, TypeError, "budget must be .* not '15'"),
    ],
)
def test_a_bad_argument_of_a_sweep_is_refused_before_anything_is_measured(
    arguments: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        sweep_switch_interval(**arguments)
    assert sys.getswitchinterval() == OWN


# what the GIL does


def list_thread_overlaps(runs: int, count: int) -> "pd.Series[bool]":
    tables = [trace(["threads"], count=count, switch_interval=0.001) for _ in range(runs)]
    return pd.concat([find_overlaps(table) for table in tables])


@needs_gil
@pytest.mark.usefixtures("no_wait")
def test_with_the_gil_the_slices_of_threads_hardly_ever_overlap() -> None:
    overlaps = list_thread_overlaps(20, 1_500_000)
    assert len(overlaps) > 100
    assert overlaps.mean() < 0.01


@needs_no_gil
@needs_two_cores
@pytest.mark.usefixtures("no_wait")
def test_without_the_gil_the_slices_of_threads_overlap_many_times_as_often() -> None:
    # where others keep the machine busy, its cores are dealt out in turn, GIL or not: hence more
    # tries than one; with the GIL none of them could come near
    tries = (list_thread_overlaps(20, 2_000_000).mean() for _ in range(6))
    assert any(overlaps > 0.05 for overlaps in tries)


def measure_best_pace() -> float:
    """Return the most steps a second that this machine took in one of several tries."""
    steps, paces = 300_000, []
    for _ in range(20):
        start = time.perf_counter()
        trace_countdown(steps)
        paces.append(steps / (time.perf_counter() - start))
    return max(paces)


def take_storm() -> tuple[dict[float, list[float]], "pd.Series[bool]"]:
    """Trace two threads at three intervals in turn; return each run's turn, and who overlapped."""
    pace = measure_best_pace()
    turns: dict[float, list[float]] = {interval: [] for interval in (0.005, 0.02, 0.05)}
    overlaps = []
    for _ in range(STORM_RUNS):
        for interval, medians in turns.items():
            count = int(pace * interval * STORM_TURNS)
            table = trace(["threads"], count=count, switch_interval=interval)
            medians += summarise_trace(table)["turn_seconds"].tolist()
            overlaps.append(find_overlaps(table))
    return turns, pd.concat(overlaps)


@needs_gil
@pytest.mark.thorough
@pytest.mark.usefixtures("no_wait")
def test_a_turn_is_as_long_as_the_switch_interval_each_time() -> None:
    # a thread that waits on a busy machine gets its core late, so that turns are longer: hence
    # a second and a third try; what the GIL itself does can't fail on any
    told = []
    for _ in range(3):
        busy = measure_busy_percent()
        turns, overlaps = take_storm()
        assert overlaps.mean() < 0.01
        medians = {interval: statistics.median(turns[interval]) for interval in turns}
        assert all(median > 0.75 * interval for interval, median in medians.items()), medians
        if all(median < 1.25 * interval for interval, median in medians.items()):
            return
        told.append((busy, medians))
    # where others keep the machine busy, by a slice of the operating system's at most
    assert min(busy for busy, _ in told) > 20, told
    assert all(median < 1.25 * interval + 0.004 for interval, median in medians.items()), told
