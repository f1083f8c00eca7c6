import re
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.measuring.runs import BASELINE
from gil_demo.tables.kinds import combine
from gil_demo.tables.schema import list_rows
from gil_demo.waiting.workloads import (
    WORKLOADS,
    describe_workloads,
    judge_workloads,
    summarise_workloads,
    title_workloads,
)
from gil_demo.words import capitalise, state_times
from tests.conftest import make_rows, spread
from tests.made.waiting import make_workload_table

UNCLEAR = spread(1.5, 8, 1.2)


def make_judged(**threads: list[float]) -> pd.DataFrame:
    """Make a table with the speed-ups of threads with workloads of one word."""
    return make_workload_table({name: {"threads": ups} for name, ups in threads.items()})


def title_of(table: pd.DataFrame) -> str:
    return title_workloads(table, summarise_workloads(table))


# titles


@pytest.mark.parametrize(
    ("threads", "title"),
    [
        (
            {"sleeping": spread(1.9), "hashing": spread(1.8), "sorting": spread(0.9)},
            "Threads helped with sleeping and hashing; not with sorting",
        ),
        (
            {"sleeping": spread(1.9), "hashing": UNCLEAR, "sorting": spread(0.9)},
            "Threads helped with sleeping; not with sorting; not clear here with hashing",
        ),
        (
            {"sleeping": spread(1.9), "hashing": spread(1.9), "sorting": spread(1.9)},
            "Threads helped with sleeping, hashing and sorting",
        ),
        ({"sorting": spread(1.0)}, "Threads did not help with sorting"),
    ],
)
def test_the_title_names_each_workload_with_its_answer(
    threads: dict[str, list[float]], title: str
) -> None:
    assert title_of(make_judged(**threads)) == title


def test_a_title_without_any_answer_says_that_it_is_not_clear() -> None:
    title = title_of(make_judged(sleeping=UNCLEAR, sorting=UNCLEAR))
    assert "not clear here" in title.lower()
    assert "sleeping and sorting" in title
    assert not re.search(r"helped|did not", title)


@pytest.mark.parametrize(
    ("name", "ups"),
    [
        ("sleeping", spread(1.9)),
        ("writing a file", spread(0.9)),
        ("asking a server", UNCLEAR),
        ("hashing", [1.9]),
    ],
)
def test_title_and_verdict_agree_with_the_summary(name: str, ups: list[float]) -> None:
    table = make_workload_table({name: {"threads": ups, "processes": ups}})
    answer = summarise_workloads(table)["threads_help"].iloc[0]
    title, line = title_of(table), judge_workloads(table).splitlines()[-1]
    assert title.count(name) == 1
    assert title.startswith("Threads helped with") == (answer == "threads help")
    assert ("clear" in title) == ("not clear here" in line) == (answer == "not clear here")
    assert ("did not" in title) == ("threads don't help" in line) == (answer == "they don't")
    assert (": threads help." in line) == (answer == "threads help")


def test_a_recorded_table_says_so_in_title_and_conditions() -> None:
    table = make_workload_table(recorded_on="a small, old computer")
    assert title_of(table).startswith("Recorded run: threads helped with ")
    assert describe_workloads(table).startswith("Recorded on a small, old computer: ")


# verdicts


def test_each_workload_has_a_line_with_the_numbers_of_the_summary() -> None:
    table = make_workload_table()
    lines = judge_workloads(table).splitlines()
    assert [line.split(":")[0] for line in lines] == [capitalise(name) for name in WORKLOADS]
    assert lines[0] == (
        "Sleeping: threads help. Speed-up of two threads 1.90 ×, of two processes 1.80 ×."
    )
    assert lines[-1] == (
        "Sorting: threads don't help. Speed-up of two threads 1.00 ×, of two processes 1.80 ×."
    )


@pytest.mark.parametrize("width", [0.02, 0.3, 1.5])
@pytest.mark.parametrize("rounds", [1, 5, 8])
def test_the_numbers_of_a_line_are_those_of_the_summary(width: float, rounds: int) -> None:
    runners = {"threads": spread(1.7, rounds, width), "processes": spread(0.6, rounds, width)}
    table = make_workload_table({"hashing": runners})
    summary = summarise_workloads(table)
    line = judge_workloads(table)
    for row in list_rows(summary[summary["runner"] != BASELINE]):
        told = state_times(row.speed_up, row.speed_up_low, row.speed_up_high)
        assert f"two {row.runner} {told}" in line


def test_no_sentence_ever_shows_a_nan() -> None:
    for rounds in (1, 5, 6):
        ups = {"threads": spread(1.9, rounds), "processes": spread(1.8, rounds)}
        table = make_workload_table(dict.fromkeys(WORKLOADS, ups))
        for text in (judge_workloads(table), title_of(table), describe_workloads(table)):
            assert "nan" not in text


def test_one_core_and_a_busy_machine_are_each_told_once() -> None:
    ordinary = judge_workloads(make_workload_table())
    assert "Mind:" not in ordinary
    table = make_workload_table(usable_cores=1, busy_percent=90.0)
    lines = judge_workloads(table).splitlines()
    assert lines[0].startswith("Mind: one usable core")
    assert lines[1].startswith("Mind: the machine was 90 % busy before the run")
    assert lines[2:] == ordinary.splitlines()


def test_a_machine_that_became_busy_later_is_told() -> None:
    quiet = make_workload_table({"sleeping": {"threads": spread(1.9)}})
    busy = make_workload_table({"sorting": {"threads": spread(1.0)}}, busy_percent=70.0)
    assert judge_workloads(combine([quiet, busy])).startswith("Mind: the machine was 70 % busy")


def test_a_run_without_processes_has_a_line_too() -> None:
    line = judge_workloads(make_judged(sorting=spread(1.0)))
    assert line == "Sorting: threads don't help. Speed-up of two threads 1.00 ×."


def test_a_run_of_the_plain_loop_alone_makes_no_empty_claim() -> None:
    table = make_workload_table({"sorting": {"threads": spread(1.0)}})
    text = judge_workloads(table[table["runner"] == BASELINE])
    assert "Speed-up of ." not in text
    assert "Sorting: not clear here" in text


# conditions


def test_the_conditions_tell_python_system_cores_method_workers_and_rounds() -> None:
    told = describe_workloads(make_workload_table())
    for part in ("CPython 3.13.0", "Linux", "two usable cores", "by fork", "two workers already"):
        assert part in told
    assert told.endswith("eight rounds of each")
    assert "ecorded" not in told
    assert "four workers" in describe_workloads(make_workload_table(workers=4))
    assert "processes" not in describe_workloads(make_judged(sorting=spread(1.0)))


def test_rounds_that_differ_are_told_from_the_fewest_to_the_most() -> None:
    told = describe_workloads(make_judged(sleeping=spread(1.9, 7), sorting=spread(1.0, 30)))
    assert told.endswith("7 to 30 rounds of each")


def test_a_single_round_is_no_plural() -> None:
    assert "1 rounds" not in describe_workloads(make_judged(sleeping=[1.9], sorting=[1.0]))


# tables of another kind


@pytest.mark.parametrize(
    "bad",
    [
        None,
        pd.DataFrame(),
        pd.DataFrame(make_rows()),
        make_workload_table().drop(columns="round"),
        combine([make_workload_table(), make_workload_table(run_id="another")[:24]]),
    ],
)
def test_a_table_of_another_kind_is_refused(bad: Any) -> None:
    with pytest.raises(ResultsError):
        judge_workloads(bad)
