import gc
import multiprocessing
import os
import socket
import time
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gil_demo import check_predictions, combine, compare_workloads, draw, summarise, verdict
from gil_demo.checks import ResultsError
from gil_demo.drawing.style import get_look
from gil_demo.measuring import runs as measurements
from gil_demo.measuring.runs import BASELINE
from gil_demo.tables.schema import split_runs
from gil_demo.waiting import workloads as waiting
from gil_demo.waiting.workloads import WORKLOADS
from tests.charts import assert_apart, assert_readable, read_across, read_up
from tests.conftest import EACH_METHOD, interrupt_once_there
from tests.made.runs import assert_one_run, make_run, spread
from tests.made.tasks import note_call
from tests.made.waiting import ORDINARY_SPEED_UPS, make_workload_table

MEASURED = pytest.mark.usefixtures("no_wait", "lean_work", "everything_as_before")
UNCLEAR = spread(1.5, 8, 1.2)


@pytest.fixture
def lean_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out nearly all of the work, and what earlier pools left in cycles."""
    gc.collect()
    for name, work in WORKLOADS.items():
        monkeypatch.setitem(WORKLOADS, name, work._replace(size=1))


def replace(monkeypatch: pytest.MonkeyPatch, name: str, function: Any) -> None:
    monkeypatch.setitem(WORKLOADS, name, WORKLOADS[name]._replace(function=function))


def fail_in_worker(_: int) -> None:
    if multiprocessing.parent_process() is not None:
        raise OSError("the disk is full")


# the measurement


@MEASURED
@pytest.mark.parametrize("method", EACH_METHOD)
def test_there_is_a_whole_run_for_every_workload(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurements, "check_start_method", lambda _: method)
    table = compare_workloads(budget=0.1)
    runs = split_runs(table)
    assert [run["workload"].iloc[0] for run in runs] == list(WORKLOADS)
    for run in runs:
        assert_one_run(run, ["runner", "workers", "start_method"])
        variants = set(zip(run["runner"], run["workers"], run["start_method"], strict=True))
        assert variants == {("sequential", 1, ""), ("threads", 2, ""), ("processes", 2, method)}
    assert set(table["start_up_seconds"]) == set(table["tear_down_seconds"]) == {0.0}
    assert set(table["tasks"]) == {2}
    assert summarise(table)["workload"].tolist() == [name for name in WORKLOADS for _ in range(3)]


@pytest.mark.usefixtures("no_wait")
def test_the_work_has_the_size_that_is_documented() -> None:
    table = compare_workloads(["sleeping"], workers=3, budget=0.05)
    assert set(table["count"]) == {180}
    # each worker sleeps for 60 ms, the plain loop three times
    assert (table["seconds"] >= 0.059).all()
    assert (table.loc[table["runner"] == "sequential", "seconds"] >= 0.179).all()
    told = " ".join(str(compare_workloads.__doc__).split())
    words = {1024: "(1 MiB)", 16 * 1024: "(16 MiB)", 60: "(60 ms", 100_000: "(100,000 numbers)"}
    assert all(words[work.size] in told for work in WORKLOADS.values())


@MEASURED
def test_every_worker_gets_as_much_to_do_and_the_workers_are_started_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(monkeypatch, "sleeping", partial(note_call, tmp_path))
    table = compare_workloads(["sleeping"], budget=1.0)
    calls = [path.name.split() for path in tmp_path.iterdir()]
    rounds = int(table["rounds"].iloc[0]) + 1  # with the one to warm up
    assert {size for *_, size in calls} == {"1"}
    others = [number for number, *_ in calls if number != str(os.getpid())]
    assert (len(calls), len(others)) == (6 * rounds, 2 * rounds)
    assert len(set(others)) <= 2


@MEASURED
def test_workloads_come_in_the_order_asked_for_and_share_the_seconds_equally(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    budgets = []
    genuine: Any = measurements.measure

    def note(*arguments: Any, budget: float, **options: Any) -> Any:
        budgets.append(budget)
        return genuine(*arguments, budget=0.01, **options)

    monkeypatch.setattr(waiting, "measure", note)
    table = compare_workloads(["sorting", "asking a server", "hashing"], budget=1.5)
    assert list(dict.fromkeys(table["workload"])) == ["sorting", "asking a server", "hashing"]
    compare_workloads(["sorting"])
    assert budgets == [0.5, 0.5, 0.5, 2.5]


@MEASURED
def test_a_workload_that_fails_in_a_worker_ends_the_measurement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replace(monkeypatch, "writing a file", fail_in_worker)
    with pytest.raises(OSError, match="the disk is full"):
        compare_workloads(["writing a file", "sorting"], budget=0.05)


@MEASURED
def test_an_interrupt_while_a_client_waits_for_its_answer_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"

    def answer_much_later(connection: socket.socket) -> None:
        while connection.recv(64):
            mark.touch()
            time.sleep(0.1)
            connection.sendall(b"at last")

    monkeypatch.setattr(waiting, "answer_late", answer_much_later)
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        compare_workloads(["asking a server"], budget=60.0)
    interrupter.join()


# the summary


def make_judged(**threads: list[float]) -> pd.DataFrame:
    """Make a table with the speed-ups of threads with workloads of one word."""
    return make_workload_table({name: {"threads": ups} for name, ups in threads.items()})


@pytest.mark.parametrize(
    ("ups", "answer"),
    [
        ([1.06] * 6, "threads help"),
        ([1.05] * 6, "they don't"),
        ([1.0] * 5 + [1.2], "they don't"),
        ([1.0] * 5 + [1.21], "not clear here"),
        ([1.9] * 5, "not clear here"),
    ],
)
def test_threads_help_where_the_whole_interval_says_so(ups: list[float], answer: str) -> None:
    assert set(summarise(make_judged(hashing=ups))["threads_help"]) == {answer}


def test_there_are_rows_for_each_workload_in_their_order_with_kind_and_speed_up() -> None:
    summary = summarise(
        make_workload_table({name: ORDINARY_SPEED_UPS[name] for name in [*WORKLOADS][::-1]})
    )
    kinds = ["waits"] * 3 + ["C code, lets go of the GIL"] * 2 + ["C code, keeps the GIL"]
    assert summary["kind"].tolist()[::3] == kinds
    assert summary["workload"].tolist()[::3] == list(WORKLOADS)
    assert summary["speed_up"].tolist()[-3:] == pytest.approx([1.0, 1.0, 1.8], rel=1e-3)


def test_a_workload_that_is_there_twice_unknown_or_without_plain_loop_is_refused() -> None:
    table = make_workload_table({"sorting": {"threads": [1.0]}})
    told = r"one run of each workload, out of sleeping, .*, sorting; it holds sorting, sorting$"
    with pytest.raises(ResultsError, match=told):
        verdict(combine([table, table.assign(run_id="again")]))
    with pytest.raises(ResultsError, match="it holds countdown"):
        summarise(make_run(experiment="workloads"))
    with pytest.raises(ResultsError, match="no sequential rounds"):
        summarise(table[table["runner"] != BASELINE])


@pytest.mark.parametrize(
    ("helped", "right"),
    [
        (["sleeping"], [True, None, True]),
        (iter(["sleeping", "hashing", "sorting"]), [True, None, False]),
        ([], [False, None, True]),
        ({"sorting": 1}.keys(), [False, None, False]),
    ],
)
def test_a_prediction_is_right_or_wrong_or_cannot_be_told(
    helped: Any, right: list[bool | None]
) -> None:
    table = make_judged(sleeping=spread(1.9), hashing=UNCLEAR, sorting=spread(0.9))
    checked = check_predictions(table, helped)
    assert list(checked.columns) == ["workload", "predicted", "measured", "right"]
    assert checked["workload"].tolist() == ["sleeping", "hashing", "sorting"]
    assert checked["measured"].tolist() == ["threads help", "not clear here", "they don't"]
    assert checked["right"].tolist() == right


def test_predictions_about_what_was_not_measured_or_of_another_kind_of_table_are_refused() -> None:
    table = make_judged(sleeping=[1.9] * 2, sorting=[0.9] * 2)
    with pytest.raises(ValueError, match=r"\(sleeping, sorting\), not dreaming, writing a file$"):
        check_predictions(table, ["sleeping", "writing a file", "dreaming"])
    with pytest.raises(TypeError, match="helped must be a list, not 'sleeping'"):
        check_predictions(table, "sleeping")
    for bad, told in ((make_run(), "it holds countdown"), (table[:-1], "is not whole")):
        with pytest.raises(ResultsError, match=told):
            check_predictions(bad, [])


# the finding


def test_each_workload_has_a_line_with_its_speed_ups() -> None:
    lines = verdict(make_workload_table()).splitlines()
    assert len(lines) == 6
    assert lines[0] == (
        "Sleeping: threads help. Speed-up of two threads 1.90 ×, of two processes 1.80 ×."
    )
    assert lines[-1] == (
        "Sorting: threads don't help. Speed-up of two threads 1.00 ×, of two processes 1.80 ×."
    )
    uneven = make_judged(hashing=spread(1.5, 8, 1.9))
    assert verdict(uneven) == "Hashing: not clear here. Speed-up of two threads 0.08 to 2.92 ×."
    loop = uneven[uneven["runner"] == BASELINE]
    assert verdict(loop) == "Hashing: not clear here."
    assert_readable(draw, loop)


def test_a_busy_machine_is_told_once_even_if_it_became_so_later() -> None:
    lines = verdict(make_workload_table(busy_percent=90.0)).splitlines()
    assert lines[0].startswith("Mind: the machine was 90 % busy before the run")
    assert lines[1:] == verdict(make_workload_table()).splitlines()
    busy = make_workload_table({"sorting": {"threads": spread(1.0)}}, busy_percent=70.0)
    later = combine([make_judged(sleeping=spread(1.9)), busy])
    assert verdict(later).startswith("Mind: the machine was 70 % busy")


# the chart


@pytest.mark.parametrize(
    ("threads", "title"),
    [
        (
            {"sleeping": spread(1.9), "hashing": UNCLEAR, "sorting": spread(0.9)},
            "Threads helped with sleeping; not with sorting; not clear here with hashing",
        ),
        ({"sorting": spread(1.0)}, "Threads did not help with sorting"),
        ({"sleeping": UNCLEAR, "sorting": [1.0]}, "Not clear here with sleeping and sorting"),
    ],
)
def test_the_title_names_each_workload_with_its_answer(
    threads: dict[str, list[float]], title: str
) -> None:
    assert draw(make_judged(**threads)).texts[0].get_text() == title


def test_the_conditions_tell_machine_method_workers_and_rounds() -> None:
    assert draw(make_workload_table(workers=4)).texts[1].get_text() == (
        "CPython 3.13.0, Linux, two usable cores, processes by fork; four workers already started, "
        "eight rounds of each"
    )
    uneven = draw(make_judged(sleeping=spread(1.9, 7), sorting=spread(1.0, 30)))
    assert uneven.texts[1].get_text() == (
        "CPython 3.13.0, Linux, two usable cores; two workers already started, "
        "7 to 30 rounds of each"
    )


def test_marks_and_intervals_stand_where_the_summary_says_in_the_runners_colours() -> None:
    table = make_workload_table(workers=4)
    chart, summary = draw(table), summarise(table)
    (axes,) = chart.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[:2] == ["Sleeping", "Asking a server"]
    assert axes.get_ylim() == (5.55, -0.6)
    for runner, shift in (("threads", -0.17), ("processes", 0.17)):
        own, look = summary[summary["runner"] == runner], get_look(runner)
        lines = [line for line in axes.lines if line.get_color() == look.colour]
        bars, marks = lines[::2], lines[1::2]
        assert [read_across(mark)[0] for mark in marks] == pytest.approx(own["speed_up"].tolist())
        assert [read_across(bar) for bar in bars] == [
            pytest.approx(ends) for ends in own[["speed_up_low", "speed_up_high"]].to_numpy()
        ]
        assert [read_up(mark)[0] for mark in marks] == pytest.approx([n + shift for n in range(6)])
        assert {mark.get_marker() for mark in marks} == {look.marker}
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("1.90 ×  four threads") == 5
    assert [text for text in texts if "waits" in text] == ["waits"] * 3
    assert {"plain loop", "4 at once"} <= set(texts)
    assert [read_across(line)[0] for line in axes.lines[-2:]] == [1, 4]
    assert " Speed-ups: sleeping: four threads 1.90 (1.88 to 1.92), four processes 1.80 (1" in (
        chart.description
    )


LONG = {"recorded_on": "a 12-core desktop of a computer room, 2026-11-22", "usable_cores": 12}
FEW = ("writing a file", "compressing")


@pytest.mark.parametrize(
    ("runners", "workers"),
    [
        ({"threads": spread(0.01), "processes": spread(0.002)}, 2),
        ({"threads": spread(59.0, 8, 1.9), "processes": spread(20.0)}, 60),
        ({"threads": spread(1.0)}, 1),
    ],
)
def test_extreme_tables_draw_readably_with_labels_that_do_not_touch(
    runners: dict[str, list[float]], workers: int
) -> None:
    table = make_workload_table(dict.fromkeys(FEW, runners), workers, **LONG)
    (axes,) = assert_readable(draw, table).axes
    assert_apart(axes, list(axes.texts))
    assert any("at once" in text.get_text() for text in axes.texts) == (workers > 1)
