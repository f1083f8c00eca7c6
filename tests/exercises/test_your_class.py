import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.exercises.your_class import check_lowest_share, check_medians, check_paces
from tests.conftest import TableMaker
from tests.exercises.answers import expect_judged, for_any_answer
from tests.made.classroom import make_class_table, number_machines

CHECKS = [check_paces, check_medians, check_lowest_share]


def make_paces(**paces: float) -> pd.DataFrame:
    """Make a class in which some machines are slower than the others."""
    table = make_class_table()
    table["seconds"] *= table["file"].map(paces).fillna(1.0)
    return table


@for_any_answer
def test_no_answer_makes_a_check_fail_with_an_error(answer: object) -> None:
    table = make_paces(ben=3.7)
    expect_judged(answer, *(check(answer, table) for check in CHECKS))


def test_paces_are_those_of_the_plain_loop() -> None:
    table = make_paces(ben=3.0, anna=0.8)
    judgement = check_paces(3.75, table)
    assert judgement.is_right
    assert "3.8 ×, from anna to ben" in judgement.words
    assert "upside down" in check_paces(1 / 3.75, table).words
    assert "a difference" in check_paces(0.6 - 0.16, table).words
    everything = table["seconds"].max() / table["seconds"].min()
    assert "threads and processes count" in check_paces(everything, table).words
    assert 'whose `runner` is "sequential"' in check_paces(2, table).words


def test_medians_are_taken_with_the_lock_and_without_it() -> None:
    table = make_class_table()
    threads = table[table["runner"] == "threads"].groupby("gil_enabled")
    judgement = check_medians(threads["time_ratio"].median(), table)
    assert judgement.is_right
    assert "0.56 without and 1.04 with the GIL; 1.04 for all together" in judgement.words
    assert check_medians({True: 1.045, False: 0.56}, table).is_right
    assert "those are means" in check_medians(threads["time_ratio"].mean(), table).words
    assert "those are speed-ups" in check_medians(threads["speed_up"].median(), table).words
    everything = table.groupby("gil_enabled")["time_ratio"].median()
    assert "the processes count, too" in check_medians(everything, table).words
    assert "each group's `time_ratio`" in check_medians({True: 9, False: 9}, table).words
    assert "one number for each of False, True" in check_medians(1.04, table).words


def test_a_class_may_have_the_lock_throughout() -> None:
    table = make_class_table(number_machines([1.0, 1.1, 1.2]))
    judgement = check_medians({True: 1.1}, table)
    assert judgement.is_right
    assert judgement.words.startswith("1.10 with the GIL")


def test_a_share_is_of_the_machines_own_ideal() -> None:
    table = make_class_table()
    pools = table[table["runner"] == "processes"]
    speed_ups, cores = pools["speed_up"], pools["usable_cores"]
    judgement = check_lowest_share(1 / 0.6 / 2, table)
    assert judgement.is_right
    assert "0.83, on cleo: its speed-up is 1.67, with 2 usable cores and 2 workers" in (
        judgement.words
    )
    assert "held against two" in check_lowest_share((speed_ups / 2).min(), table).words
    assert "two workers can't use" in check_lowest_share((speed_ups / cores).min(), table).words
    assert "lowest speed-up" in check_lowest_share(speed_ups.min(), table).words
    assert "smallest" in check_lowest_share(0.2, table).words


def test_the_smallest_share_is_told_from_the_largest_and_the_middle() -> None:
    machines = {
        name: {"threads": 1.0, "processes": ratio}
        for name, ratio in {"anna": 0.5, "ben": 0.6, "cleo": 0.9}.items()
    }
    table = make_class_table(machines)
    assert check_lowest_share(1 / 1.8, table).is_right
    assert "highest part" in check_lowest_share(1.0, table).words
    assert "in the middle" in check_lowest_share(1 / 1.2, table).words


def test_a_table_of_something_else_is_refused(make_run: TableMaker) -> None:
    for check in CHECKS:
        with pytest.raises(ResultsError):
            check(1, make_run())


def test_a_class_without_threads_or_processes_is_refused() -> None:
    table = make_class_table()
    with pytest.raises(ResultsError, match="nobody in the class ran threads"):
        check_medians(1, table[table["runner"] != "threads"])
    with pytest.raises(ResultsError, match="nobody in the class ran processes"):
        check_lowest_share(1, table[table["runner"] != "processes"])
