import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.measuring.runs import RUNS
from gil_demo.race.comparison import judge_speed
from gil_demo.race.scaling import judge_scaling, select_fits, summarise_scaling, title_amdahl
from gil_demo.tables.kinds import verdict
from gil_demo.tables.schema import make_table
from tests.conftest import TableMaker, make_rows, spread
from tests.made.costs import make_starts
from tests.pool.test_finding import assert_plain

Ratios = Mapping[tuple[str, int], Sequence[float]]

FOUR_CORES = {"usable_cores": 4, "logical_cores": 4, "physical_cores": 4}


def make_scaling(ratios: Ratios, **facts: object) -> pd.DataFrame:
    """Make the table of a run with ever more workers, on four cores unless told otherwise."""
    chosen = {"experiment": "scale"} | FOUR_CORES | facts
    rows = make_rows({key: list(own) for key, own in ratios.items()}, **chosen)  # type: ignore[arg-type]
    return make_table(rows, RUNS)


def share_out(
    part: float,
    workers: Sequence[int] = (1, 2, 4),
    cores: int = 4,
    runner: str = "processes",
    rounds: int = 8,
) -> Ratios:
    """Let ever more workers share out a part of the work by Amdahl's law."""
    return {
        (runner, number): spread(1 - part * (1 - 1 / min(number, cores)), rounds)
        for number in workers
    }


STUCK = {("threads", number): spread(1.03) for number in (1, 2, 4)}
EXACTLY_ALL = {("processes", number): [1 / number] * 8 for number in (2, 4)}
EXACTLY_NONE = {("processes", number): [1.0] * 8 for number in (2, 4)}
OVER_BOTH_ENDS = {("processes", number): spread(0.75, width=1.9) for number in (2, 4)}
CASES: dict[str, tuple[Ratios, dict[str, Any]]] = {
    "ordinary": ({**STUCK, **share_out(0.95)}, {}),
    "exactly all": (EXACTLY_ALL, {}),
    "exactly none": (EXACTLY_NONE, {}),
    "over both ends": (OVER_BOTH_ENDS, {}),
    "nearly all": (share_out(0.996), {}),
    "a third": (share_out(0.33), {}),
    "the plain loop alone": ({}, {}),
    "one worker": ({("processes", 1): spread(1.0)}, {}),
    "one round": (share_out(0.9, rounds=1), {}),
    "five rounds": (share_out(0.9, rounds=5), {}),
    "one core": (share_out(0.9), {"usable_cores": 1}),
    "one physical core": (share_out(0.5, (1, 2), 2), {"usable_cores": 2, "physical_cores": 1}),
    "busy": (share_out(0.9), {"busy_percent": 99.0}),
    "unknown physical cores": (share_out(0.9), {"physical_cores": None}),
    "a quota": (share_out(0.9, cores=3), {"usable_cores": 3, "cores_limited_by": "quota"}),
    "64 workers": (
        share_out(0.98, (1, 8, 64), 64),
        {"usable_cores": 64, "physical_cores": 64, "logical_cores": 64, "busy_percent": 0.0},
    ),
    "without the GIL": (
        {**share_out(0.95, runner="threads"), **share_out(0.9)}, {"gil_enabled": False},
    ),
    "recorded": (share_out(0.95), {"recorded_on": "a laptop"}),
}  # fmt: skip


@cache
def make_case(case: str) -> pd.DataFrame:
    ratios, facts = CASES[case]
    return make_scaling(ratios, **facts)


@cache
def judge(case: str) -> str:
    return judge_scaling(make_case(case))


@cache
def fit(case: str) -> pd.DataFrame:
    return summarise_scaling(make_case(case))


@cache
def title_of(case: str, parallel_part: float | None = None) -> str:
    return title_amdahl(make_case(case), fit(case), parallel_part)


def list_told(case: str) -> list[str]:
    """List the sentences that follow those about speed, the one about cores left out."""
    text, speed = judge(case), judge_speed(make_case(case))
    assert text.startswith(speed)
    return [line for line in text[len(speed) :].splitlines() if line and "Cores: " not in line]


def test_each_way_is_told_with_its_part_and_its_limit() -> None:
    processes, threads = list_told("ordinary")
    found = re.fullmatch(
        r"Processes shared out 95\.0 % of the work \(94\.\d % to 95\.\d %\): "
        r"with cores without end, 1\d\.\d to 2\d\.\d times as fast as the plain loop\.",
        processes,
    )
    assert found
    assert threads == (
        "Threads shared out 0.0 % of the work (0.0 % to 0.0 %): more of them change little."
    )


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("exactly all", r"shared out 100\.0 % .*\(100\.0 % to 100\.0 %\): no limit shows\."),
        ("exactly none", r"shared out 0\.0 % .*\(0\.0 % to 0\.0 %\): more of them change little\."),
        ("over both ends", r"shared out 0\.0 % to 100\.0 % of the work: too wide to say more\."),
        (
            "nearly all",
            r"shared out 99\.\d % .*: with cores without end, \d\d+\.\d or more times as fast .*",
        ),
        ("a third", r"shared out 33\.0 % .*: more of them change little\."),
        (
            "one worker",
            "no fit, since there must be a run with two workers or more to fit Amdahl's law to.",
        ),
        (
            "one physical core",
            "no fit, since one core can't show how work is shared out: take a machine with more.",
        ),
    ],
)
def test_a_part_is_told_as_far_as_its_interval_carries(case: str, told: str) -> None:
    (line,) = list_told(case)
    assert re.match(f"Processes:? {told}", line), line


@pytest.mark.parametrize("case", ["one round", "five rounds", "one core", "busy"])
def test_what_the_run_does_not_carry_is_withheld(case: str) -> None:
    assert list_told(case) == []
    assert judge(case).startswith("No verdict: ")
    assert title_of(case).startswith("No verdict: ")
    assert select_fits(make_case(case), fit(case)).empty
    assert "The law is fitted" not in judge(case)
    assert "shared out" not in judge(case) + title_of(case)


@pytest.mark.parametrize(
    ("case", "cores"),
    [
        ("ordinary", "4 logical, 4 physical, 4 usable. The law is fitted to four workers at once."),
        ("one core", "4 logical, 4 physical, 1 usable."),
        ("one physical core", "4 logical, 1 physical, 2 usable."),
        (
            "unknown physical cores",
            "4 logical, an unknown number physical, 4 usable. "
            "The law is fitted to four workers at once.",
        ),
        (
            "a quota",
            "4 logical, 4 physical, 3 usable, limited by quota. "
            "The law is fitted to three workers at once.",
        ),
    ],
)
def test_the_cores_are_told_last_and_a_fit_only_where_there_is_one(case: str, cores: str) -> None:
    assert judge(case).splitlines()[-1] == f"Cores: {cores}"


def test_the_plain_loop_alone_is_told_without_cores_or_fits() -> None:
    case = "the plain loop alone"
    assert judge(case) == judge_speed(make_case(case))
    assert title_of(case) == "No fit of Amdahl's law: too little to fit it to"


@pytest.mark.parametrize(
    ("case", "title"),
    [
        ("ordinary", "Processes shared out 95.0 %; threads shared out 0.0 % of the work"),
        ("exactly all", "Processes shared out 100.0 % of the work"),
        ("over both ends", "Processes shared out 0.0 % to 100.0 % of the work"),
        ("without the GIL", "Processes shared out 90.0 %; threads shared out 95.0 % of the work"),
        ("recorded", "Recorded run: processes shared out 95.0 % of the work"),
        ("one worker", "No fit of Amdahl's law: too little to fit it to"),
        ("one physical core", "No fit of Amdahl's law: too little to fit it to"),
    ],
)
def test_the_title_tells_the_parts(case: str, title: str) -> None:
    assert title_of(case) == title


@pytest.mark.parametrize(
    ("part", "title"),
    [
        (0.0, "If 0.0 % can be shared out: at most 1 ×"),
        (0.5, "If 50.0 % can be shared out: at most 2 ×"),
        (0.995, "If 99.5 % can be shared out: at most 200 ×"),
        (0.9999, "If 100.0 % can be shared out: at most 10,000 ×"),
        (1.0, "If 100.0 % can be shared out: no limit"),
    ],
)
def test_the_title_of_a_chosen_part_tells_its_limit(part: float, title: str) -> None:
    assert title_of("ordinary", part) == title
    assert title_of("busy", part) == title
    assert title_of("recorded", part) == f"Recorded run: {title.replace('If', 'if')}"


@pytest.mark.parametrize("case", CASES)
def test_scaling_is_told_in_plain_numbers(case: str) -> None:
    assert_plain(title_of(case), judge(case))
    assert not re.search(r"\bone (rounds|workers)\b|-0\.0", judge(case))


def test_the_door_to_the_findings_leads_here() -> None:
    assert verdict(make_case("ordinary")) == judge("ordinary")


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    twice: pd.DataFrame = pd.concat([make_run(), make_run(run_id="two")], ignore_index=True)
    table = make_case("ordinary")
    without_loop = table[table["runner"] == "threads"]
    bad: Any
    for bad in (None, pd.DataFrame(), make_starts(), twice, without_loop):
        with pytest.raises(ResultsError):
            judge_scaling(bad)
