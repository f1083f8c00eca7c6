import multiprocessing
from typing import Any

import pytest

from gil_demo import compare, list_runners
from gil_demo.measuring import runs
from gil_demo.running.runners import RUNNERS
from tests.charts import assert_apart, assert_readable, list_bars, read_across
from tests.made.runs import ORDINARY, Ratios, assert_one_run, make_run, spread
from tests.made.unchecked import draw, summarise, verdict

pytestmark = pytest.mark.usefixtures("no_wait")


def test_a_comparison_is_a_whole_table_of_real_runs(method: str) -> None:
    table = compare(count=10_001, start_method=method, budget=0.3)
    assert_one_run(table, ["runner", "workers", "start_method"])
    ways = summarise(table)[["runner", "workers", "start_method"]].to_numpy().tolist()
    assert ways == [["sequential", 1, ""], ["threads", 2, ""], ["processes", 2, method]]
    assert table[["tasks", "count"]].drop_duplicates().to_numpy().tolist() == [[2, 10_001]]
    assert multiprocessing.active_children() == []


def test_all_is_held_against_the_plain_loop_asked_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    both, unasked, alone = (
        compare(names, workers=3, count=10_001, budget=0.1)
        for names in (["sequential", "threads"], ["threads"], ["sequential"])
    )
    assert set(both["runner"]) == set(unasked["runner"]) == {"sequential", "threads"}
    assert set(both["tasks"]) == {3}
    assert summarise(alone)["time_ratio"].tolist() == [1.0]

    def note(_: object, baseline: Any, precision: float, budget: float, name: Any) -> None:
        raise LookupError(name(baseline), name(("threads", 2)), precision, 1.5 <= budget <= 3)

    monkeypatch.setattr(runs, "take_samples", note)
    with pytest.raises(
        LookupError, match=r"'sequential, 1 worker', 'threads, 2 workers', 0\.5, True"
    ):
        compare(precision=0.5, budget=3)


def test_each_runner_is_available_or_there_is_a_reason() -> None:
    listed = list_runners()
    assert listed["runner"].tolist() == [*RUNNERS]
    assert listed["available"].tolist() == [not reason for reason in listed["reason"]]
    assert listed["available"].tolist()[:3] == [True] * 3


def test_an_ordinary_run_is_told_and_drawn_beside_the_ideal() -> None:
    table, ended = make_run(), "\nEight rounds; stopped because"
    assert verdict(table) == (
        "Two threads ran at 0.97 × the speed of the plain loop (95 % interval 0.95 to 0.99): "
        "no faster.\n"
        "Two processes ran at 1.82 × the speed of the plain loop (95 % interval 1.78 to 1.86): "
        f"faster.{ended} every interval was narrow enough."
    )
    assert verdict(make_run(stopped_by="budget")).endswith(f"{ended} the time allowed was spent.")
    chart = draw(table)
    assert chart.description == (
        "Chart. No faster with two threads; two processes ran at 1.82 × the speed of the "
        "plain loop. Work and speed-ups: plain loop 207 ms, speed-up 1.00; two threads 214 ms, "
        "speed-up 0.97 (0.95 to 0.99); two processes 114 ms, speed-up 1.82 (1.78 to 1.86). "
        "Conditions: CPython 3.13.0, Linux, two usable cores, processes by fork; eight rounds of "
        "4,000,000 steps."
    )
    times, speed_ups = chart.axes
    names = [label.get_text() for label in times.get_yticklabels()]
    assert names == ["Plain loop", "Two threads", "Two processes"]
    bars = list_bars(times)
    assert {bar.get_x() for bar in bars} == {0.0} == {times.get_xlim()[0]}
    assert [bar.get_width() for bar in bars] == pytest.approx(summarise(table)["seconds"].tolist())
    for line, runner in zip(times.lines, ("sequential", "threads", "processes"), strict=True):
        assert read_across(line) == table.loc[table["runner"] == runner, "seconds"].tolist()
    told = [text.get_text() for text in speed_ups.texts]
    assert told == ["1.00 ×", "0.97 ×", "1.82 ×", "plain loop", "ideal: 2 cores"]
    bar, mark = speed_ups.lines[4:6]
    assert read_across(mark) == pytest.approx([1 / 0.55], rel=1e-4)
    assert read_across(bar) == pytest.approx([1.780, 1.856], rel=1e-3)
    assert [read_across(line)[0] for line in speed_ups.lines[-2:]] == [1, 2]
    assert speed_ups.get_xlim() == (0, 2.4)
    assert draw(make_run(count=1)).texts[1].get_text().endswith("; eight rounds of one step")
    assert draw(make_run(usable_cores=1)).axes[1].texts[-1].get_text() == "plain loop"
    # what the verdict doesn't tell the title doesn't, either
    title = draw(make_run({("threads", 2): spread(1.0, 8, 1.0)})).texts[0].get_text()
    assert title == "Too uneven here to say more with two threads"


def test_a_run_that_carries_no_verdict_says_why_and_what_to_do() -> None:
    busy = "the machine was 63 % busy before the run; close other programs and run again"
    few = "only five rounds, an interval needs six; allow more seconds (budget) or fewer steps"
    tripled = "Two threads ran at 0.33 × the speed of the plain loop"
    for reasons, rounds, facts in (
        ([], 6, {}),
        ([], 6, {"busy_percent": 13.0, "usable_cores": 8}),
        ([busy], 8, {"busy_percent": 63.0}),
        ([few], 5, {}),
        ([busy, few], 5, {"busy_percent": 63.0}),
    ):
        table = make_run({("threads", 2): spread(3.0, rounds)}, **facts)
        *withheld, told, _ = verdict(table).splitlines()
        assert withheld == [f"No verdict: {reason}." for reason in reasons]
        assert told.startswith(tripled)
        assert told.endswith(("loop.", ").")) == bool(reasons)
        title = f"No verdict: {reasons[0].split(';')[0]}" if reasons else tripled
        assert draw(table).texts[0].get_text() == title


def test_a_costly_start_up_is_told_with_what_it_makes_of_the_ratio() -> None:
    table = make_run({("processes", 2): [0.5] * 8})
    is_process = table["runner"] == "processes"
    table["seconds"] = [0.5 if one else 1.0 for one in is_process]
    table.loc[is_process, ["start_up_seconds", "tear_down_seconds"]] = [0.3, 0.1]
    told = "Start-up and tear-down took 400 ms more; counting that, 1.11 × the speed of the"
    assert f"faster.\n  {told} plain loop.\n" in verdict(table)
    (hatched,) = [bar for bar in list_bars(draw(table).axes[0]) if bar.get_hatch()]
    assert (hatched.get_x(), hatched.get_width()) == pytest.approx((0.5, 0.4))
    table.loc[is_process, "start_up_seconds"] = 0.6
    assert verdict(table).splitlines()[:2] == [
        "Two processes ran at 2.00 × the speed of the plain loop (95 % interval 1.96 to 2.04): "
        "faster once started, slower with the start-up.",
        "  Start-up and tear-down took 700 ms: that pays where the loop takes more than about "
        "1.4 s.",
    ]
    title = draw(table).texts[0].get_text()
    assert title == "Two processes ran at 2.00 × the speed of the plain loop, once started"
    # 5 % of the speed at most is not worth a word, and half a percent of the time no bar
    table.loc[is_process, ["start_up_seconds", "tear_down_seconds"]] = [0.001, 0.001]
    assert "Start-up" not in verdict(table)
    assert not any(bar.get_hatch() for bar in list_bars(draw(table).axes[0]))


def test_every_comparison_draws_with_its_texts_in_sight() -> None:
    wide: Ratios = {(runner, 12): spread(1.5, 8, 1.9) for runner in ("threads", "interpreters")}
    assert_readable(draw, make_run({key: [1.0] for key in ORDINARY}))
    for furthest in (2.9, 3.1, 12.0):
        ratios = {**ORDINARY, ("threads", 2): spread(1 / furthest)}
        (*_, axes) = assert_readable(draw, make_run(ratios)).axes
        assert_apart(axes, [text for text in axes.texts if "×" not in text.get_text()])
    assert_readable(draw, make_run({("threads", 2): spread(80.0), **ORDINARY}))
    uneven = assert_readable(draw, make_run({("threads", 2): spread(0.5, 8, 1.7)})).axes[1]
    assert uneven.get_xlim()[1] > 6  # the plain loop and the ideal are near each other
    assert_apart(uneven, uneven.texts[-2:])
    quick = assert_readable(draw, make_run(ORDINARY, seconds=1.23e-5, start_up_seconds=30.0))
    assert "plain loop 12.3 µs, speed-up 1.00" in quick.description
    facts = {"usable_cores": 12, "logical_cores": 12, "gil_enabled": False, "count": 10**10}
    assert_readable(draw, make_run(wide, **facts))
