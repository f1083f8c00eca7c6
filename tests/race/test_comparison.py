import multiprocessing
from typing import Any

import pytest

from gil_demo import compare, draw, list_runners, summarise, verdict
from gil_demo.checks import WorkerDied
from gil_demo.measuring import runs
from gil_demo.race import comparison
from gil_demo.running.runners import RUNNERS
from tests.charts import assert_readable, list_bars, read_across
from tests.conftest import EACH_METHOD
from tests.made import tasks
from tests.made.runs import ORDINARY, Ratios, assert_one_run, make_run, spread

COUNT = 10_001

pytestmark = pytest.mark.usefixtures("no_wait")

# measuring


@pytest.mark.parametrize("method", EACH_METHOD)
def test_a_comparison_is_a_whole_table_of_real_runs(method: str) -> None:
    table = compare(count=COUNT, start_method=method, budget=0.3)
    assert_one_run(table, ["runner", "workers", "start_method"])
    ways = summarise(table)[["runner", "workers", "start_method"]].to_numpy().tolist()
    assert ways == [["sequential", 1, ""], ["threads", 2, ""], ["processes", 2, method]]
    assert table[["tasks", "count"]].drop_duplicates().to_numpy().tolist() == [[2, COUNT]]
    assert multiprocessing.active_children() == []


def test_the_plain_loop_is_measured_asked_for_or_not_and_may_be_alone() -> None:
    before = multiprocessing.get_start_method(allow_none=True)
    both, unasked, alone = (
        compare(names, workers=3, count=COUNT, budget=0.1)
        for names in (["sequential", "threads"], ["threads"], ["sequential"])
    )
    assert set(both["runner"]) == set(unasked["runner"]) == {"sequential", "threads"}
    assert set(both["tasks"]) == {3}
    assert summarise(alone)["time_ratio"].tolist() == [1.0]
    assert multiprocessing.get_start_method(allow_none=True) == before
    assert len({table["run_id"].iloc[0] for table in (both, unasked, alone)}) == 3


def test_everything_is_held_against_the_plain_loop_for_as_long_as_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def note(_: object, baseline: str, precision: float, budget: float) -> None:
        raise LookupError(baseline, precision, budget)

    monkeypatch.setattr(runs, "take_samples", note)
    with pytest.raises(LookupError, match=r"'sequential, 1 worker', 0\.5, 3"):
        compare(precision=0.5, budget=3)


@pytest.mark.parametrize("method", EACH_METHOD)
def test_a_worker_that_dies_ends_the_measurement(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "countdown", tasks.die_in_a_worker)
    with pytest.raises(WorkerDied, match=tasks.DIED):
        compare(["processes"], count=COUNT, start_method=method)
    assert multiprocessing.active_children() == []


def test_each_runner_is_available_or_there_is_a_reason() -> None:
    listed = list_runners()
    assert listed["runner"].tolist() == [*RUNNERS]
    assert listed["available"].tolist() == [not reason for reason in listed["reason"]]
    assert listed["available"].tolist()[:3] == [True] * 3


# what is said


def test_an_ordinary_run_is_told_with_its_intervals() -> None:
    assert verdict(make_run()) == (
        "Two threads took 1.03 × as long as the plain loop (95 % interval 1.02 to 1.04): "
        "about as fast.\n"
        "Two processes took 0.55 × as long as the plain loop (95 % interval 0.54 to 0.56): "
        "faster.\n"
        "Eight rounds; stopped because every interval was narrow enough."
    )
    assert verdict(make_run(stopped_by="budget")).endswith(
        "\nEight rounds; stopped because the time allowed was spent."
    )


@pytest.mark.parametrize(
    ("facts", "rounds", "reason"),
    [
        ({"usable_cores": 1}, 8, "one usable core, no speed-up can show; try a machine with more"),
        ({"busy_percent": 63.0}, 8, "the machine was 63 % busy before the run; close other "
         "programs and run again"),
        ({}, 5, "five rounds of 6 that an interval needs; allow more seconds or fewer steps"),
    ],
)  # fmt: skip
def test_a_run_that_carries_no_verdict_says_why_and_what_to_do(
    facts: dict[str, Any], rounds: int, reason: str
) -> None:
    table = make_run({("threads", 2): spread(3.0, rounds)}, **facts)
    first, second, _ = verdict(table).splitlines()
    assert first == f"No verdict: {reason}."
    assert second.startswith("Two threads took 3.00 × as long as the plain loop")
    assert second.endswith(("loop.", ")."))
    assert draw(table).texts[0].get_text() == f"No verdict: {reason.split(';')[0]}"


def test_six_rounds_and_a_busy_core_among_idle_ones_are_no_reasons() -> None:
    assert "No verdict" not in verdict(make_run({("threads", 2): spread(3.0, 6)}))
    assert "No verdict" not in verdict(make_run(busy_percent=13.0, usable_cores=8))
    several = verdict(make_run({("threads", 2): [1.0] * 3}, usable_cores=8, busy_percent=90.0))
    assert [line[:20] for line in several.splitlines()[:2]] == [
        *("No verdict: the mach", "No verdict: three ro")
    ]


def test_a_costly_start_up_is_told_with_what_it_makes_of_the_ratio() -> None:
    table = make_run({("processes", 2): [0.5] * 8})
    is_process = table["runner"] == "processes"
    table["seconds"] = [0.5 if one else 1.0 for one in is_process]
    table.loc[is_process, ["start_up_seconds", "tear_down_seconds"]] = [0.3, 0.1]
    assert (
        "faster.\n  Start-up and tear-down took 0.400 s more; counting that, "
        "0.90 × as long as the plain loop.\n"
    ) in verdict(table)
    (hatched,) = [bar for bar in list_bars(draw(table).axes[0]) if bar.get_hatch()]
    assert (hatched.get_x(), hatched.get_width()) == pytest.approx((0.5, 0.4))
    # 5 % of the speed at most is not worth a word, and half a percent of the time no bar
    table.loc[is_process, ["start_up_seconds", "tear_down_seconds"]] = [0.001, 0.001]
    assert "Start-up" not in verdict(table)
    assert not any(bar.get_hatch() for bar in list_bars(draw(table).axes[0]))


def test_a_wide_interval_stands_in_the_title_in_place_of_the_median() -> None:
    title = draw(make_run({("threads", 2): spread(1.0, 8, 1.0)})).texts[0].get_text()
    assert title == "Two threads took 0.50 to 1.50 × as long as the plain loop"


# the chart


def test_the_description_tells_the_medians_and_the_conditions() -> None:
    assert draw(make_run()).description == (
        "Chart. Two threads took 1.03 × as long as the plain loop; two processes 0.55 ×. "
        "Medians: plain loop 0.207 s, speed-up 1.00; two threads 0.214 s, speed-up 0.97 "
        "(0.96 to 0.98); two processes 0.114 s, speed-up 1.82 (1.80 to 1.84). Conditions: "
        "CPython 3.13.0, Linux, two usable cores, processes by fork; eight rounds of 4,000,000 "
        "steps."
    )


def test_bars_are_as_long_as_the_medians_with_a_mark_for_each_round() -> None:
    table = make_run()
    times = draw(table).axes[0]
    names = [label.get_text() for label in times.get_yticklabels()]
    assert names == ["Plain loop", "Two threads", "Two processes"]
    bars = list_bars(times)
    assert {bar.get_x() for bar in bars} == {0.0} == {times.get_xlim()[0]}
    assert [bar.get_width() for bar in bars] == pytest.approx(summarise(table)["seconds"].tolist())
    for line, runner in zip(times.lines, ("sequential", "threads", "processes"), strict=True):
        assert read_across(line) == table.loc[table["runner"] == runner, "seconds"].tolist()


def test_speed_ups_stand_between_the_plain_loop_and_the_ideal() -> None:
    axes = draw(make_run()).axes[1]
    told = [text.get_text() for text in axes.texts]
    assert told == ["1.00 ×", "0.97 ×", "1.82 ×", "plain loop", "ideal: 2 cores"]
    bar, mark = axes.lines[4:6]
    assert read_across(mark) == pytest.approx([1 / 0.55])
    assert read_across(bar) == pytest.approx([1 / 0.5555, 1 / 0.5445])
    assert [read_across(line)[0] for line in axes.lines[-2:]] == [1, 2]
    assert axes.get_xlim() == (0, 2.4)
    assert draw(make_run(usable_cores=1)).axes[1].texts[-1].get_text() == "plain loop"


@pytest.mark.parametrize(
    ("ratios", "facts"),
    [
        ({key: [1.0] for key in ORDINARY}, {}),
        ({("threads", 2): spread(80.0), **ORDINARY}, {}),
        (ORDINARY, {"seconds": 1e-7, "start_up_seconds": 30.0}),
        ({(runner, 12): spread(1.5, 8, 1.9) for runner in ("threads", "interpreters")},
         {"usable_cores": 12, "logical_cores": 12, "gil_enabled": False, "count": 10**10}),
    ],
    ids=["one round", "very slow", "slow start", "many workers"],
)  # fmt: skip
def test_every_comparison_draws_with_its_texts_in_sight(ratios: Ratios, facts: Any) -> None:
    assert_readable(draw, make_run(ratios, **facts))
