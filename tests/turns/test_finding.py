import math
import re
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.tables.kinds import verdict
from gil_demo.turns import timeline as switching
from gil_demo.turns.sweep import (
    describe_switches,
    judge_switches,
    summarise_switches,
    title_switches,
)
from gil_demo.turns.timeline import (
    AT_ONCE,
    IN_TURN,
    describe_trace,
    judge_trace,
    summarise_trace,
    title_trace,
)
from gil_demo.words import state_seconds, state_share
from tests.conftest import TableMaker, spread
from tests.made.turns import (
    PROCESSES_AT_ONCE,
    Lanes,
    Rounds,
    make_slices,
    make_switches,
    run_at_once,
    take_turns,
)

PARTLY: Lanes = {("threads", 1): [(0.0, 0.1)], ("threads", 2): [(0.0, 0.025), (0.075, 0.1)]}
APART: Lanes = {("processes", 1): [(0.0, 0.1)], ("processes", 2): [(0.1, 0.2)]}
ALONE: Lanes = {("threads", 1): [(0.0, 0.1), (0.102, 0.2)]}
LOOP: Lanes = {("sequential", 1): [(0.0, 0.1), (0.1, 0.2)]}
TRACES: dict[str, tuple[Lanes, dict[str, Any]]] = {
    "ordinary": ({**take_turns(0.005, 12), **PROCESSES_AT_ONCE}, {}),
    "all three": ({**LOOP, **take_turns(0.005, 12), **PROCESSES_AT_ONCE}, {}),
    "partly": (PARTLY, {}),
    "apart": (APART, {}),
    "one worker": (ALONE, {"workers": 1}),
    "the plain loop": (LOOP, {"workers": 2}),
    "one turn each": (take_turns(0.005, 2), {}),
    "no length": ({("threads", 1): [(0.0, 0.0)], ("threads", 2): [(0.0, 0.0)]}, {}),
    "twelve workers": (
        {**take_turns(0.05, 60, 12), **run_at_once(0.3, 12)},
        {"usable_cores": 12, "logical_cores": 12},
    ),
    "one core": ({**take_turns(0.005, 12), **take_turns(0.004, 9, runner="processes")},
        {"usable_cores": 1},
    ),
    "recorded": (take_turns(0.005, 12), {"recorded_on": "a laptop"}),
    "without the GIL": (run_at_once(0.1, runner="threads"), {"gil_enabled": False}),
}  # fmt: skip
SWEEPS: dict[str, tuple[Rounds | None, dict[str, Any]]] = {
    "ordinary": (None, {}),
    "one round": ({0.005: ([0.005], [3e7]), 0.02: ([0.02], [3e7])}, {}),
    "no turns": ({1e-6: ([None] * 6, [1e7] * 6), 0.005: ([None] * 6, [3e7] * 6)}, {}),
    "turns at times": ({0.005: ([None, 0.005, None], [3e7] * 3)}, {}),
    "its own interval alone": ({0.005: (spread(0.005), spread(3e7))}, {}),
    "noise": (
        {n: (spread(n, width=1.9), spread(3e7, width=1.9)) for n in (1e-6, 0.005, 1.0)},
        {},
    ),
    "recorded": (None, {"recorded_on": "a laptop"}),
}


@pytest.fixture(params=TRACES)
def traced(request: pytest.FixtureRequest) -> pd.DataFrame:
    lanes, facts = TRACES[request.param]
    return make_slices(lanes, **facts)


@pytest.fixture(params=SWEEPS)
def swept(request: pytest.FixtureRequest) -> pd.DataFrame:
    rounds, facts = SWEEPS[request.param]
    return make_switches(rounds, **facts)


def title_of(table: pd.DataFrame) -> str:
    return title_trace(table, summarise_trace(table))


def title_of_sweep(table: pd.DataFrame) -> str:
    return title_switches(table, summarise_switches(table))


# a trace


@pytest.mark.parametrize(
    ("lanes", "title"),
    [
        pytest.param(take_turns(0.005, 12), "Two threads took turns of 5 ms", id="turns"),
        pytest.param(take_turns(0.5, 30, 3), "Three threads took turns of 500 ms", id="three"),
        pytest.param(
            PROCESSES_AT_ONCE, "Two processes ran at the same time", id="at the same time"
        ),
        pytest.param(
            PARTLY, "Two threads ran at the same time for 50 % of the time", id="partly"
        ),
        pytest.param(APART, "Two processes ran one after another", id="apart"),
        pytest.param(take_turns(1.0, 2), "Two threads ran one after another", id="a turn each"),
        pytest.param(ALONE, "One thread ran alone", id="one worker"),
        pytest.param(LOOP, "Plain loop ran alone", id="the plain loop"),
        pytest.param(
            {**PROCESSES_AT_ONCE, **take_turns(0.005, 12)},
            "Two threads took turns of 5 ms; two processes ran at the same time",
            id="both",
        ),
    ],
)  # fmt: skip
def test_the_title_of_a_trace_tells_in_what_order_the_workers_ran(lanes: Lanes, title: str) -> None:
    table = make_slices(lanes)
    assert title_of(table) == title
    for part in title.split("; "):
        order = part.split(" ", 2)[2]
        assert order in judge_trace(table)


@pytest.mark.parametrize("together", [0.0, 0.04, 0.06, 0.3, 0.79, 0.81, 1.0])
def test_the_words_follow_the_share_of_the_time_together(together: float) -> None:
    # in each second the first worker runs alone until the second one joins it or relieves it
    first = [(second, second + 0.5 * (1 + together)) for second in range(9)]
    second = [(start + 0.5 * (1 - together), start + 1.0) for start in range(9)]
    table = make_slices({("threads", 1): first, ("threads", 2): second})
    share = summarise_trace(table)["together"].iloc[0]
    title = title_of(table)
    assert title.startswith("Two threads took turns of") == (share <= IN_TURN)
    assert title.endswith("ran at the same time") == (share >= AT_ONCE)
    assert (f"for {state_share(share)} of the time" in title) == (IN_TURN < share < AT_ONCE)


def test_the_numbers_of_a_judgement_are_those_of_the_summary_and_none_is_a_nan(
    traced: pd.DataFrame,
) -> None:
    summary, text = summarise_trace(traced), judge_trace(traced)
    for sentence in (title_trace(traced, summary), text, describe_trace(traced)):
        assert not re.search(r"\bnan\b", sentence)
    interval = state_seconds(traced["switch_interval_seconds"].iloc[0])
    for row in summary.to_dict("records"):
        assert f"done after {state_seconds(row['seconds'])}." in text
        if not math.isnan(row["together"]):
            assert f"at once for {state_share(row['together'])} of the time" in text
        if row["turns"]:
            assert f"after {state_seconds(row['turn_seconds'])} in the median" in text
            assert f"the switch interval was {interval}" in text
    assert ("handed over" in text) == bool(summary["turns"].any())
    assert verdict(traced) == text


def test_the_number_of_turns_that_were_handed_over_is_told_in_words() -> None:
    # four turns: the first one and each worker's last one are not counted
    assert "  One turn was handed over, after 5 ms in" in judge_trace(
        make_slices(take_turns(0.005, 4))
    )
    assert "  17 turns were handed over, after 5 ms in" in judge_trace(
        make_slices(take_turns(0.005, 20))
    )


def test_one_is_done_and_several_are_done() -> None:
    for lanes, sentence in (
        (ALONE, "One thread ran alone and was done after 200 ms."),
        (APART, "Two processes ran one after another and were done after 200 ms."),
        (LOOP, "Plain loop ran alone and was done after 200 ms."),
    ):
        assert sentence in judge_trace(make_slices(lanes, workers=1 if lanes is ALONE else 2))


@pytest.mark.parametrize("seconds", [9.996e-4, 0.99951, 1234.5])
def test_times_are_told_without_powers_of_ten(seconds: float) -> None:
    assert "e+" not in judge_trace(make_slices(run_at_once(seconds)))


def test_an_ordinary_trace_has_nothing_to_mind() -> None:
    assert "Mind:" not in judge_trace(make_slices())


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"usable_cores": 1}, "Mind: one usable core"),
        ({"busy_percent": 63.0}, "Mind: the machine was 63 % busy"),
    ],
)
def test_what_about_the_machine_spoils_a_trace_comes_first(
    facts: dict[str, Any], told: str
) -> None:
    lines = judge_trace(make_slices(**facts)).splitlines()
    assert lines[0].startswith(told)
    assert lines[0].endswith(".")
    assert "Two threads took turns of 5 ms" in lines[1]


def test_the_conditions_of_a_trace_tell_machine_method_steps_and_interval() -> None:
    told = describe_trace(make_slices(start_method="spawn", switch_interval_seconds=0.002))
    for part in ("CPython 3.13.0", "Linux", "two usable cores", "processes by spawn"):
        assert part in told
    assert "one run of 4,000,000 steps, switch interval 2 ms" in told
    assert "ecorded" not in told
    assert "GIL" not in told
    assert "cut" not in told


def test_threads_alone_have_no_start_method_to_tell() -> None:
    assert "processes" not in describe_trace(make_slices(take_turns(0.005, 12)))


def test_a_gil_that_was_off_is_told() -> None:
    assert "without the GIL" in describe_trace(make_slices(gil_enabled=False))
    assert "without the GIL" in describe_switches(make_switches(gil_enabled=False))


def test_a_trace_that_was_cut_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switching, "MOST_SLICES", 6)
    assert "cut at 6 slices a worker" in describe_trace(make_slices(take_turns(0.005, 12)))
    assert "cut" not in describe_trace(make_slices(take_turns(0.005, 10)))
    # as many in all, but fewer of each worker
    assert "cut" not in describe_trace(make_slices(take_turns(0.005, 15, 3)))


# a sweep


def test_the_title_of_a_sweep_tells_the_turns_at_both_ends() -> None:
    title = title_of_sweep(make_switches())
    assert title.startswith(
        "Turns of 1.1 ms at an interval of 1 ms and 20.3 ms at an interval of 20 ms; "
    )
    assert title.endswith("0.40 × the speed at 1 µs")


def test_the_title_of_a_sweep_with_turns_at_one_interval_tells_those() -> None:
    title = title_of_sweep(make_switches({0.005: (spread(0.0052), spread(3e7))}))
    assert title == "Turns of 5.2 ms at an interval of 5 ms"


def test_the_title_of_a_sweep_without_turns_says_so() -> None:
    title = title_of_sweep(make_switches({0.005: ([None] * 8, spread(3e7))}))
    assert title == "The threads took no turns that the trace could see"


def test_a_speed_that_may_be_the_same_is_not_told_as_another() -> None:
    rounds: Rounds = {1e-6: ([None] * 8, spread(3e7, width=0.3)), 0.005: ([None] * 8, [3e7] * 8)}
    row = summarise_switches(make_switches(rounds)).iloc[0]
    assert row["speed_low"] < 1 < row["speed_high"]
    assert "no clear change of speed at 1 µs" in title_of_sweep(make_switches(rounds))


def test_every_interval_has_its_line_with_the_numbers_of_the_summary(
    swept: pd.DataFrame,
) -> None:
    summary, text = summarise_switches(swept), judge_switches(swept)
    for sentence in (title_switches(swept, summary), text, describe_switches(swept)):
        assert not re.search(r"\bnan\b", sentence)
    lines, rows = text.splitlines(), summary.to_dict("records")
    assert len(lines) == len(rows) + 1
    for line, row in zip(lines, rows, strict=False):
        assert line.startswith(f"{state_seconds(row['switch_interval_seconds'])}: ")
        assert f"{row['speed']:.2f} × the speed at 5 ms" in line
        if math.isnan(row["turn_seconds"]):
            assert "turns too short, or too few, to see" in line
        else:
            assert f"turns of {state_seconds(row['turn_seconds'])}" in line
        if not math.isnan(row["turn_low"]):
            low, high = state_seconds(row["turn_low"]), state_seconds(row["turn_high"])
            assert f"({low} to {high})" in line
    assert verdict(swept) == text


def test_the_last_line_of_a_sweep_tells_how_many_rounds_there_were() -> None:
    assert judge_switches(make_switches()).splitlines()[-1] == "Eight rounds at each interval."
    one = make_switches({0.005: ([0.005], [3e7])})
    assert judge_switches(one).splitlines()[-1] == "One round at each interval."


def test_the_conditions_of_a_sweep_tell_machine_threads_and_rounds() -> None:
    told = describe_switches(make_switches(workers=3))
    for part in ("CPython 3.13.0", "Linux", "two usable cores", "three threads"):
        assert part in told
    assert told.endswith("eight rounds at each interval")


# both


def test_a_recorded_run_says_so_in_title_and_conditions() -> None:
    machine = "a 2-core virtual machine"
    trace, sweep = make_slices(recorded_on=machine), make_switches(recorded_on=machine)
    assert title_of(trace).startswith("Recorded run: two threads took turns of 5 ms; ")
    assert title_of_sweep(sweep).startswith("Recorded run: turns of 1.1 ms")
    for told in (describe_trace(trace), describe_switches(sweep)):
        assert told.startswith("Recorded on a 2-core virtual machine: ")


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    twice = pd.concat([make_slices(), make_slices(run_id="two")], ignore_index=True)
    swept_twice = pd.concat([make_switches(), make_switches(run_id="two")], ignore_index=True)
    for bad in (None, pd.DataFrame(), make_run(), twice, swept_twice):
        for judge in (judge_trace, judge_switches):
            with pytest.raises(ResultsError):
                judge(bad)  # type: ignore[arg-type]
