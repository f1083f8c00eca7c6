import pytest

from gil_demo.checks import ResultsError
from gil_demo.exercises.start_here import check_rounds, check_speed_up, check_spread
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.schema import make_table
from tests.conftest import TableMaker, make_rows, spread
from tests.exercises.answers import expect_judged, for_any_answer


@for_any_answer
def test_no_answer_makes_a_check_fail_with_an_error(answer: object) -> None:
    table = make_table(make_rows(), RUNS)
    checks = (check_rounds, check_spread, check_speed_up)
    expect_judged(answer, *(check(answer, table) for check in checks))


def test_rounds_are_told_from_rows_and_from_ways_of_running(make_run: TableMaker) -> None:
    table = make_run()
    assert check_rounds(8, table).is_right
    assert "number of rows" in check_rounds(24, table).words
    assert "ways of running" in check_rounds(3, table).words
    assert "different values" in check_rounds(5, table).words


def test_a_spread_may_be_rounded_and_may_not_be_upside_down(make_run: TableMaker) -> None:
    table = make_run({("threads", 2): spread(1.0, width=0.6), ("processes", 2): spread(0.5)})
    seconds = table.groupby("runner")["seconds"]
    ratios = seconds.max() / seconds.min()
    assert check_spread(ratios, table).is_right
    assert check_spread(ratios.round(2).to_dict(), table).is_right
    assert check_spread(ratios.to_frame(), table).is_right
    assert "for threads" in check_spread(ratios, table).words
    assert "upside down" in check_spread(1 / ratios, table).words
    assert "a difference" in check_spread(seconds.max() - seconds.min(), table).words
    assert "take `max()`" in check_spread(ratios + 1, table).words
    assert "one number for each" in check_spread(1.3, table).words
    assert "['threads']" in check_spread(ratios[["threads"]], table).words


def test_a_speed_up_is_the_median_of_the_rounds_ratios(make_run: TableMaker) -> None:
    times = {("threads", 2): spread(1.3), ("processes", 2): [0.4, 0.5, 0.5, 0.8, 0.9]}
    table = make_run(times | {("threads", 2): [1.3] * 5})
    assert check_speed_up(2.0, table).is_right
    assert "upside down" in check_speed_up(0.5, table).words
    assert "of threads" in check_speed_up(1 / 1.3, table).words
    assert "median of the ratios" in check_speed_up(2.5, table).words


def test_a_ratio_of_medians_is_told_from_a_median_of_ratios(make_run: TableMaker) -> None:
    table = make_run({("threads", 2): [1.3] * 5, ("processes", 2): [0.5, 0.5, 0.5, 0.9, 0.9]})
    slow_moments = {1: 1.0, 2: 3.0, 3: 3.0, 4: 1.0, 5: 1.0}
    table["seconds"] *= table["round"].map(slow_moments)
    rounds = table.pivot(index="round", columns="runner", values="seconds").median()
    naive = rounds["sequential"] / rounds["processes"]
    assert "ratio of two medians" in check_speed_up(naive, table).words


def test_a_table_of_something_else_is_refused(make_run: TableMaker) -> None:
    with pytest.raises(ResultsError):
        check_rounds(8, make_run().drop(columns="round"))
