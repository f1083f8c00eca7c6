import os
import timeit
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gil_demo
from gil_demo import GilDemoError, ResultsError, combine
from gil_demo.drawing.style import get_look
from gil_demo.measuring import runs as measurements
from gil_demo.tables.schema import split_runs
from gil_demo.waiting import workloads as waiting
from gil_demo.waiting.workloads import WORKLOADS, check_predictions, compare_workloads
from tests.charts import assert_apart, assert_readable, read_across, read_up
from tests.made.runs import assert_one_run, make_run, spread
from tests.made.tasks import note_call
from tests.made.unchecked import draw, summarise, verdict
from tests.made.waiting import ORDINARY_SPEED_UPS, make_workload_table

MEASURED = pytest.mark.usefixtures("no_wait", "everything_as_before")
UNCLEAR = spread(1.5, 8, 1.2)


@MEASURED
def test_each_workload_has_a_whole_run(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, work in WORKLOADS.items():
        monkeypatch.setitem(WORKLOADS, name, work._replace(size=1))
    monkeypatch.setattr(waiting, "COMPUTING_SECONDS", 1e-6)
    budgets = []
    genuine: Any = measurements.measure

    def measure(*arguments: Any, budget: float, **options: Any) -> Any:
        budgets.append(budget)
        return genuine(*arguments, budget=0.01, **options)

    monkeypatch.setattr(waiting, "measure", measure)
    monkeypatch.setattr(measurements, "check_start_method", lambda _: method)
    table = compare_workloads([*WORKLOADS][::-1], budget=1.5)
    assert list(table["workload"].unique()) == [*WORKLOADS][::-1]
    for run in split_runs(table):
        assert_one_run(run, ["runner", "workers", "start_method"])
        variants = set(zip(run["runner"], run["workers"], run["start_method"], strict=True))
        assert variants == {("sequential", 1, ""), ("threads", 2, ""), ("processes", 2, method)}
    firsts = table[table["round"] == 1][["start_up_seconds", "tear_down_seconds"]]
    assert (firsts > 0).all(axis=None)
    compare_workloads(["sorting"])
    assert budgets == [0.25] * 6 + [2.5]


@MEASURED
def test_workers_get_the_documented_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = " ".join(str(compare_workloads.__doc__).split())
    words = {1024: "(1 MiB)", 30: "(30 ms"}
    waits = [work.size for work in WORKLOADS.values() if work.kind == "waits"]
    assert [words[size] in told for size in waits] == [True] * 3
    noted = WORKLOADS["sleeping"]._replace(function=partial(note_call, tmp_path))
    monkeypatch.setitem(WORKLOADS, "sleeping", noted)
    table = compare_workloads(["sleeping"], workers=3, budget=0.05)
    assert (set(table["count"]), set(table["tasks"])) == ({90}, {3})
    calls = [path.name.split() for path in tmp_path.iterdir()]
    rounds = int(table["rounds"].iloc[0]) + 1  # with the one to warm up
    assert {size for *_, size in calls} == {"30"}
    others = [number for number, *_ in calls if number != str(os.getpid())]
    assert (len(calls), len(others)) == (9 * rounds, 3 * rounds)
    assert len(set(others)) <= 3


@MEASURED
def test_workers_that_compute_get_what_takes_a_while_here(monkeypatch: pytest.MonkeyPatch) -> None:
    told = " ".join(str(compare_workloads.__doc__).split())
    assert f"what takes {1000 * waiting.COMPUTING_SECONDS:g} ms" in told
    asked: list[int] = []
    noted = WORKLOADS["hashing"]._replace(function=asked.append)
    monkeypatch.setitem(WORKLOADS, "hashing", noted)
    seconds = [0.4, 0.3, 0.5]  # for the size that is tried
    monkeypatch.setattr(timeit, "repeat", lambda trial, **_: trial() or seconds)
    table = compare_workloads(["hashing"], budget=0.01)
    assert asked[0] == noted.size
    wanted = noted.size * waiting.COMPUTING_SECONDS / min(seconds)
    assert set(table["count"]) == {2 * round(wanted, -1)}


@MEASURED
def test_a_task_that_the_system_refuses_is_an_error_that_names_its_workload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = WORKLOADS["writing a file"]._replace(function=os.close, size=10**6)  # no open file
    monkeypatch.setitem(WORKLOADS, "writing a file", refused)
    with pytest.raises(GilDemoError, match=r"^writing a file failed: .*Bad file descriptor$"):
        compare_workloads(["writing a file"], budget=0.01)


def make_judged(**threads: list[float]) -> pd.DataFrame:
    return make_workload_table({name: {"threads": ups} for name, ups in threads.items()})


def test_threads_help_where_the_whole_interval_says_so_in_one_run_of_each_workload() -> None:
    some = ([1.08] * 6, [1.07] * 6, [1.0] * 5 + [1.198], [1.0] * 5 + [1.2], [1.9] * 5)
    told = [summarise(make_judged(hashing=ups))["threads_help"].iloc[0] for ups in some]
    assert told == ["threads help", "they don't", "they don't", "not clear here", "no verdict"]
    table = make_judged(sorting=[1.0])
    twice = r"one run of each workload, out of sleeping, .*, sorting; it holds sorting, sorting$"
    with pytest.raises(ResultsError, match=twice):
        gil_demo.verdict(combine([table, table.assign(run_id="again")]))
    with pytest.raises(ResultsError, match="it holds countdown"):
        gil_demo.summarise(make_run(experiment="workloads"))


def test_a_prediction_is_right_or_wrong_or_cannot_be_told() -> None:
    table = make_judged(sleeping=spread(1.9), hashing=UNCLEAR, sorting=spread(0.9))
    told = check_predictions(table, iter(["sleeping", "hashing", "sorting"]))
    assert told.to_dict("list") == {
        "workload": ["sleeping", "hashing", "sorting"],
        "predicted": ["threads help"] * 3,
        "measured": ["threads help", "not clear here", "they don't"],
        "right": [True, None, False],
    }
    assert check_predictions(table, [])["right"].tolist() == [False, None, True]
    with pytest.raises(ValueError, match=r"\(sleeping, hashing, sorting\), not a, b$"):
        check_predictions(table, ["b", "sleeping", "a"])


def test_each_workload_has_a_line_with_its_speed_ups_below_what_is_to_mind() -> None:
    some = {name: ORDINARY_SPEED_UPS[name] for name in ("sleeping", "sorting")}
    lines = [
        "Sleeping: threads help. Speed-up of two threads 1.90 ×, of two processes 1.80 ×.",
        "Sorting: threads don't help. Speed-up of two threads 1.00 ×, of two processes 1.80 ×.",
    ]
    assert verdict(make_workload_table(some)).splitlines() == lines
    # what waits needs no core; what computes carries no verdict where others take the cores
    busy = make_workload_table(some, busy_percent=90.0)
    first, sleeping, sorting = verdict(busy).splitlines()
    assert first.startswith("Note: with sleeping, the machine was 90 % busy before the run; ")
    assert sleeping == lines[0]
    assert sorting.startswith("Sorting: no verdict: the machine was 90 % busy before the run; ")
    assert sorting.endswith(" again. Speed-up of two threads 1.00 ×, of two processes 1.80 ×.")
    title = "Threads helped with sleeping; no verdict on sorting"
    assert draw(busy).texts[0].get_text() == title
    assert check_predictions(busy, [])["right"].tolist() == [False, None]
    uneven = make_judged(hashing=spread(1.5, 8, 1.9))
    few = "Sleeping: no verdict: only one round, an interval needs six. Speed-up of two "
    assert verdict(make_judged(sleeping=[1.9])) == f"{few}threads 1.90 ×."
    assert verdict(uneven) == "Hashing: not clear here. Speed-up of two threads 0.31 to 2.49 ×."


def test_the_title_names_each_workload_with_its_answer_and_the_rounds_may_differ() -> None:
    every = make_judged(sleeping=spread(1.9, 7), hashing=UNCLEAR, sorting=spread(0.9, 30))
    unclear = make_judged(sleeping=UNCLEAR, sorting=[1.0])
    told = "Threads helped with sleeping; not with sorting; not clear here with hashing"
    for some, title, rounds in (
        (every, told, "7 to 30 rounds"),
        (unclear, "Not clear here with sleeping; no verdict on sorting", "1 to 8 rounds"),
        (make_judged(sorting=spread(1.0)), "Threads did not help with sorting", "eight rounds"),
    ):
        heading, conditions = (text.get_text() for text in draw(some).texts)
        assert heading == title
        assert conditions.endswith(f" cores; two workers already started, {rounds} of each")


def test_marks_and_intervals_stand_where_the_summary_says_in_the_runners_colours() -> None:
    backwards = {name: ORDINARY_SPEED_UPS[name] for name in [*WORKLOADS][::-1]}
    table = make_workload_table(backwards, workers=4)
    chart, summary = draw(table), summarise(table)
    conditions = "processes by fork; four workers already started, eight rounds of each"
    assert chart.texts[1].get_text().endswith(conditions)
    (axes,) = chart.axes
    labels = [label.get_text().lower() for label in axes.get_yticklabels()]
    assert labels == summary["workload"].tolist()[::3] == list(WORKLOADS)
    drawn = (("threads", -0.17, [1.9] * 5 + [1.0]), ("processes", 0.17, [1.8] * 6))
    for runner, shift, ups in drawn:
        own, colour = summary[summary["runner"] == runner], get_look(runner).colour
        lines = [line for line in axes.lines if line.get_color() == colour]
        bars, marks = lines[::2], lines[1::2]
        assert [read_across(mark)[0] for mark in marks] == pytest.approx(ups, rel=3e-3)
        ends = own[["speed_up_low", "speed_up_high"]].to_numpy()
        assert [read_across(bar) for bar in bars] == pytest.approx(ends)
        assert [read_up(mark)[0] for mark in marks] == pytest.approx([n + shift for n in range(6)])
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("1.90 ×  four threads") == 5
    kinds = ["waits"] * 3 + ["C code, lets go of the GIL"] * 2 + ["C code, keeps the GIL"]
    assert [text for text in texts if text in {*summary["kind"]}] == kinds
    free = [text.get_text() for text in draw(table.assign(gil_enabled=False)).axes[0].texts]
    assert free[-6:] == ["waits"] * 3 + ["C code"] * 3
    assert [read_across(line)[0] for line in axes.lines[-2:]] == [1, 4]
    told = " Speed-ups: sleeping: four threads 1.90 (1.86 to 1.94), four processes 1.80 (1"
    assert told in chart.description


def test_extreme_tables_draw_readably_with_labels_that_do_not_touch() -> None:
    runners = {"threads": spread(59.0, 8, 1.9), "processes": spread(0.01)}
    table = make_workload_table({"writing a file": runners, "compressing": runners}, 60)
    loop = table[table["runner"] == "sequential"]
    two = make_workload_table({"writing a file": {"threads": spread(9.0, 8, 1.9)}})
    for each in (two, table, loop):
        (axes,) = assert_readable(draw, each).axes
        assert_apart(axes, list(axes.texts))
    assert verdict(loop).endswith("Compressing: not clear here.")
    assert not [text for text in axes.texts if "at once" in text.get_text()]
