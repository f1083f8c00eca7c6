import re
from functools import cache
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.costs.break_even import (
    describe_break_even,
    judge_break_even,
    summarise_break_even,
    title_break_even,
)
from gil_demo.tables.kinds import verdict
from gil_demo.words import state_range
from tests.conftest import TableMaker
from tests.made.costs import (
    ORDINARY_LAWS,
    STEP,
    STEPS,
    Law,
    Noise,
    find_true_crossing,
    make_lengths,
    make_starts,
)
from tests.pool.test_finding import assert_plain

LOOP, THREADS, FORK = ("sequential", ""), ("threads", ""), ("processes", "fork")
FORK_ALONE = {way: ORDINARY_LAWS[way] for way in (LOOP, THREADS, FORK)}
# without a GIL two threads take as long as one, and start at once
FREE = {LOOP: Law(0, 2 * STEP), THREADS: Law(1e-4, 1.02 * STEP), FORK: Law(4e-4, 1.05 * STEP)}
NEVER = {LOOP: Law(0, 2 * STEP), FORK: Law(4e-4, 2.1 * STEP)}
ALWAYS = {LOOP: Law(0, 2 * STEP), FORK: Law(0, STEP)}
QUICK = {"fork": (1e-6, 1e-6)}
CASES: dict[str, dict[str, Any]] = {
    "ordinary": {},
    "one method": {"laws": FORK_ALONE},
    "no threads": {"laws": {way: ORDINARY_LAWS[way] for way in (LOOP, FORK)}},
    "threads win": {"laws": FREE, "gil_enabled": False},
    "never": {"laws": NEVER},
    "always": {"laws": ALWAYS, "pools": QUICK},
    "kept alone": {"steps": (100, 1_000, 10_000)},
    "cold by fork alone": {"pools": {"fork": (0.01, 0.01), "spawn": (5.0, 1.0)}},
    "always when kept": {"laws": ALWAYS},
    "alike": {"pools": {"fork": (0.01, 0.01), "spawn": (0.01, 0.01)}},
    "one length": {"steps": STEPS[-1:]},
    "two lengths": {"steps": STEPS[-2:]},
    "one round": {"rounds": 1},
    "five rounds": {"rounds": 5},
    "noise": {"noise": Noise(0.9, 3, 0.4)},
    "one task": {"tasks": 1},
    "64 tasks": {"tasks": 64, "usable_cores": 64, "busy_percent": 0.0},
    "one core": {"usable_cores": 1},
    "busy": {"busy_percent": 95.0},
    "recorded": {"recorded_on": "a laptop", "gil_enabled": False},
}


@cache
def make_case(case: str) -> pd.DataFrame:
    return make_lengths(**CASES[case])


@cache
def judge(case: str) -> str:
    return judge_break_even(make_case(case))


@cache
def title_of(case: str) -> str:
    table = make_case(case)
    return title_break_even(table, summarise_break_even(table))


def test_a_sweep_is_told_by_start_method_pool_and_rival() -> None:
    lines = judge("ordinary").splitlines()
    assert [line.split(" of ")[0].split(" than ")[0] for line in lines] == [
        part
        for method in ("fork", "spawn")
        for part in (
            f"By {method}:",
            "  Against the plain loop, a task shorter",
            "  Against threads, a task shorter",
            "  Against the plain loop, a pool kept open pays from tasks",
            "  Against threads, a pool kept open pays from tasks",
        )
    ] + ["Eight rounds"]
    assert all(line.endswith((":", "isn't worth a cold pool.", " on.", "each.")) for line in lines)


def test_the_lengths_that_are_told_are_true_to_the_laws() -> None:
    table, text = make_case("one method"), judge("one method")
    for row in summarise_break_even(table).to_dict("records"):
        pool = (0.012, 0.008) if row["pool"] == "cold" else (0.0, 0.0)
        rival = FORK_ALONE[row["rival"], ""]
        truth = find_true_crossing(rival, FORK_ALONE[FORK], pool)
        assert row["crossing_seconds"] == pytest.approx(truth, rel=0.1)
        ends = (row["crossing_seconds"], row["crossing_low"], row["crossing_high"])
        assert state_range(*ends) in text


@pytest.mark.parametrize(
    ("case", "title"),
    [
        (
            "ordinary",
            r"A cold pool pays from tasks of 2\d(\.\d)? ms \(fork\) to 1\d\d ms \(spawn\); "
            r"one kept open from 4\d\d µs",
        ),
        (
            "one method",
            r"A cold pool pays from tasks of 2\d(\.\d)? ms; one kept open from 4\d\d µs",
        ),
        (
            "threads win",
            r"A cold pool pays from tasks of 2\d(\.\d)? ms; one kept open from 4\d\d µs; "
            "against threads at no length",
        ),
        ("never", "No break-even: at no size of task did the two meet"),
        ("always", "A cold pool pays at every length; one kept open at every length"),
        (
            "always when kept",
            r"A cold pool pays from tasks of .* ms; one kept open at every length",
        ),
        ("kept alone", r"A pool kept open pays from tasks of 4\d\d µs"),
        (
            "cold by fork alone",
            r"A cold pool pays from tasks of 2\d(\.\d)? ms \(fork\); one kept open .*",
        ),
        ("alike", r"A cold pool pays from tasks of 2\d(\.\d)? ms; one kept open from .*"),
        ("one length", "No break-even: a crossing needs 3 sizes that both ways ran"),
        ("one round", "No break-even: 1 of 6 rounds that a fit needs"),
        ("five rounds", "No break-even: 5 of 6 rounds that a fit needs"),
        ("noise", "No break-even.*"),
        ("one core", "No verdict: one usable core, no speed-up can show"),
        ("busy", "No verdict: the machine was 95 % busy before the run"),
        ("recorded", "Recorded run: a cold pool pays from tasks of .*"),
    ],
)
def test_the_title_tells_from_which_length_pools_pay_or_why_that_is_open(
    case: str, title: str
) -> None:
    assert re.fullmatch(title, title_of(case))


def test_crossings_that_are_alike_are_told_by_the_longest_of_them() -> None:
    found = summarise_break_even(make_case("alike"))
    kept = found[(found["rival"] == "sequential") & (found["pool"] == "kept open")]
    micro = max(kept["crossing_seconds"]) * 1e6
    assert title_of("alike").endswith(f"one kept open from {micro:.3g} µs")


def test_processes_that_never_pay_or_always_are_told_so() -> None:
    never, always = (judge(case) for case in ("never", "always"))
    for pool in ("A cold pool", "A pool kept open"):
        assert f"{pool} against the plain loop: at no size of task did the two meet." in never
        assert f"{pool} against the plain loop: it pays at every size that was" in always
    assert "isn't worth" not in never + always


def test_where_threads_win_no_length_is_told_from_which_processes_beat_them() -> None:
    lines = judge("threads win").splitlines()
    against = [line for line in lines if "threads" in line]
    assert against == [
        "  A cold pool against threads: at no size of task did the two meet.",
        "  A pool kept open against threads: at no size of task did the two meet.",
    ]


def test_without_threads_nothing_is_said_about_them() -> None:
    assert "threads" not in judge("no threads") + title_of("no threads")


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("one core", "one usable core, no speed-up can show; try a machine with more"),
        (
            "busy",
            "the machine was 95 % busy before the run; close other programs and run again",
        ),
    ],
)
def test_on_a_machine_that_does_not_carry_it_no_length_is_told(case: str, reason: str) -> None:
    assert judge(case).splitlines() == [
        f"No verdict: {reason}.", "Eight rounds of each.",
    ]  # fmt: skip


@pytest.mark.parametrize("case", ["one round", "five rounds"])
def test_too_few_rounds_tell_no_length(case: str) -> None:
    rounds = CASES[case]["rounds"]
    lines = judge(case).splitlines()
    told = f"{rounds} of 6 rounds that a fit needs: allow more seconds."
    assert [line for line in lines if "against" in line] == [
        f"  {pool} against {rival}: {told}"
        for _ in ("fork", "spawn")
        for pool in ("A cold pool", "A pool kept open")
        for rival in ("the plain loop", "threads")
    ]
    assert not re.search(r"\d [mµ]?s\b", "\n".join(lines))


@pytest.mark.parametrize("case", CASES)
def test_a_sweep_is_told_in_plain_numbers(case: str) -> None:
    text, conditions = judge(case), describe_break_even(make_case(case))
    assert_plain(title_of(case), conditions, text)
    assert not re.search(r"\bone (rounds|tasks)\b", text + conditions)


def test_the_door_to_the_findings_leads_here() -> None:
    assert verdict(make_case("ordinary")) == judge("ordinary")


def test_the_conditions_tell_machine_tasks_lengths_and_rounds() -> None:
    machine = "CPython 3.13.0, Linux, two usable cores"
    lengths = r"3\d(\.\d)? µs to 1\d\d ms"
    ordinary = rf"{machine}; two tasks at once, of {lengths} each; eight rounds of each"
    assert re.fullmatch(ordinary, describe_break_even(make_case("ordinary")))
    alone = describe_break_even(make_case("one length"))
    assert re.fullmatch(rf"{machine}; two tasks at once, of 1\d\d ms each; .*", alone)
    assert "; one task at once, of " in describe_break_even(make_case("one task"))
    assert describe_break_even(make_case("recorded")).startswith("Recorded on a laptop: ")


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    table = make_case("one method")
    twice = pd.concat([table, table.assign(run_id="two")], ignore_index=True)
    without_loop = table[table["runner"] != "sequential"]
    without_processes = table[table["runner"] != "processes"]
    for bad in (
        *(None, pd.DataFrame(), make_run(), make_starts(), twice, without_loop),
        without_processes,
    ):
        with pytest.raises(ResultsError):
            judge_break_even(bad)  # type: ignore[arg-type]
