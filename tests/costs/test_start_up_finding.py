import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.costs.start_up import (
    describe_start_up,
    judge_start_up,
    summarise_start_up,
    title_start_up,
)
from gil_demo.tables.kinds import verdict
from tests.conftest import TableMaker, spread
from tests.made.costs import ORDINARY_STARTS, Starts, make_starts, make_weights
from tests.pool.test_finding import assert_plain

FORK, FORK_PANDAS = ("fork", "nothing"), ("fork", "pandas")
THREE: Starts = {
    **ORDINARY_STARTS,
    ("forkserver", "nothing"): (spread(0.02), spread(0.03)),
    ("forkserver", "pandas"): (spread(0.5), spread(0.03)),
}
WILD: Starts = {
    way: (spread(started[0], width=1.9), spread(gone[0], width=1.9))
    for way, (started, gone) in ORDINARY_STARTS.items()
}


def cut(starts: Starts, rounds: int) -> Starts:
    return {way: (started[:rounds], gone[:rounds]) for way, (started, gone) in starts.items()}


CASES: dict[str, tuple[Starts, dict[str, Any]]] = {
    "ordinary": (ORDINARY_STARTS, {}),
    "three methods": (THREE, {}),
    "one method": ({FORK: ORDINARY_STARTS[FORK]}, {}),
    "one round, one worker": (cut(ORDINARY_STARTS, 1), {"workers": 1}),
    "five rounds": (cut(ORDINARY_STARTS, 5), {}),
    "noise": (WILD, {}),
    "a microsecond": ({FORK: (spread(1e-6), spread(1e-6))}, {}),
    "a day": ({FORK: (spread(1e5), spread(1e5))}, {}),
    "64 workers": (THREE, {"workers": 64, "physical_cores": None}),
    "one core": (ORDINARY_STARTS, {"usable_cores": 1}),
    "busy": (ORDINARY_STARTS, {"busy_percent": 90.0}),
    "recorded": (THREE, {"recorded_on": "a laptop", "gil_enabled": False}),
}


def title_of(table: pd.DataFrame) -> str:
    return title_start_up(table, summarise_start_up(table))


def start_with_pandas(plain: Sequence[float], loaded: Sequence[float]) -> pd.DataFrame:
    gone = [0.01] * len(plain)
    return make_starts({FORK: (plain, gone), FORK_PANDAS: (loaded, gone)})


def test_starts_are_told_in_these_sentences() -> None:
    assert judge_start_up(make_starts()).splitlines() == [
        "By fork: two workers ready after 12 ms (11.9 ms to 12.1 ms), gone after another 15 ms.",
        "  If each of them imports pandas: 338 ms (335 ms to 341 ms) later.",
        "By spawn: two workers ready after 110 ms (109 ms to 111 ms), gone after another 30 ms.",
        "  If each of them imports pandas: 410 ms (406 ms to 414 ms) later.",
        "Eight rounds of each.",
    ]


def test_one_round_has_no_interval_and_says_nothing_about_differences() -> None:
    assert judge_start_up(make_starts(cut(ORDINARY_STARTS, 1), workers=1)).splitlines() == [
        "By fork: one worker ready after 11.9 ms, gone after another 14.8 ms.",
        "  If each of them imports pandas: ready after 346 ms.",
        "By spawn: one worker ready after 109 ms, gone after another 29.7 ms.",
        "  If each of them imports pandas: ready after 515 ms.",
        "One round of each.",
    ]


@pytest.mark.parametrize(
    ("plain", "loaded", "told"),
    [
        pytest.param([0.1] * 8, spread(0.3), "200 ms (197 ms to 203 ms) later", id="later"),
        pytest.param([0.3] * 8, spread(0.1), "200 ms (199 ms to 201 ms) sooner", id="sooner"),
        pytest.param(
            [0.1] * 8, spread(0.101, width=0.9), "ready after 101 ms, not clearly later",
            id="perhaps",
        ),
        pytest.param([0.1] * 8, [0.1] * 8, "ready after 100 ms, not clearly later", id="alike"),
    ],
)  # fmt: skip
def test_what_an_import_adds_is_told_where_its_interval_is_clear_of_nothing(
    plain: list[float], loaded: list[float], told: str
) -> None:
    assert f"  If each of them imports pandas: {told}." in judge_start_up(
        start_with_pandas(plain, loaded)
    )


@pytest.mark.parametrize(
    ("case", "title"),
    [
        ("ordinary", "12 ms by fork and 110 ms by spawn; pandas adds 338 ms to 410 ms"),
        ("one method", "12 ms by fork"),
        ("one round, one worker", "11.9 ms by fork and 109 ms by spawn"),
        (
            "three methods",
            "12 ms by fork, 20 ms by forkserver and 110 ms by spawn; pandas adds 338 ms to 480 ms",
        ),
    ],
)
def test_the_title_tells_each_method_and_what_pandas_adds(case: str, title: str) -> None:
    starts, facts = CASES[case]
    assert title_of(make_starts(starts, **facts)) == f"A pool was ready after {title}"


def test_the_title_of_one_method_tells_one_time_for_pandas() -> None:
    table = start_with_pandas([0.1] * 8, [0.3] * 8)
    assert title_of(table) == "A pool was ready after 100 ms by fork; pandas adds 200 ms"


def test_the_title_keeps_silent_about_pandas_where_it_is_not_clear() -> None:
    table = start_with_pandas([0.1] * 8, spread(0.101, width=0.9))
    assert "pandas" not in title_of(table)


@pytest.mark.parametrize("case", CASES)
def test_starts_are_told_in_plain_numbers(case: str) -> None:
    starts, facts = CASES[case]
    table = make_starts(starts, **facts)
    text = judge_start_up(table)
    assert_plain(title_of(table), describe_start_up(table), text)
    assert not re.search(r"\bone (workers|rounds)\b", text + describe_start_up(table))


def test_the_door_to_the_findings_leads_here() -> None:
    assert verdict(make_starts()) == judge_start_up(make_starts())


def test_the_conditions_tell_machine_workers_and_rounds() -> None:
    told = "CPython 3.13.0, Linux, two usable cores; pools of two workers; eight rounds of each"
    assert describe_start_up(make_starts()) == told
    alone = make_starts(cut(ORDINARY_STARTS, 1), workers=1)
    assert describe_start_up(alone).endswith("; pools of one worker; one round of each")


def test_a_busy_machine_is_told_first_and_one_core_is_no_reservation() -> None:
    first, *others = judge_start_up(make_starts(busy_percent=90.0)).splitlines()
    assert first.startswith("Mind: the machine was 90 % busy before the run; ")
    assert others == judge_start_up(make_starts()).splitlines()
    assert "Mind:" not in judge_start_up(make_starts(usable_cores=1))


def test_a_recorded_run_says_so_in_title_and_conditions() -> None:
    table = make_starts(recorded_on="a laptop", gil_enabled=False)
    assert title_of(table).startswith("Recorded run: a pool was ready after ")
    assert describe_start_up(table).startswith("Recorded on a laptop: CPython 3.13.0 without the ")


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    twice = pd.concat([make_starts(), make_starts(run_id="two")], ignore_index=True)
    loaded = make_starts()
    without_plain = loaded[loaded["loads"] == "pandas"]
    for bad in (None, pd.DataFrame(), make_run(), make_weights(), twice, without_plain):
        with pytest.raises(ResultsError):
            judge_start_up(bad)  # type: ignore[arg-type]


def test_starts_of_a_method_that_lacks_the_plain_one_are_refused_by_its_name() -> None:
    table = make_starts()
    lacking = table[(table["start_method"] != "spawn") | (table["loads"] == "pandas")]
    with pytest.raises(ResultsError, match="no starts without an import by spawn"):
        judge_start_up(lacking)
