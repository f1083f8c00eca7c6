import math
import re
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.measuring.runs import RUNS, summarise
from gil_demo.race.comparison import (
    describe_conditions,
    find_reservations,
    title_comparison,
    title_scaling,
)
from gil_demo.tables.kinds import combine, verdict
from gil_demo.tables.schema import make_table
from gil_demo.words import MARGIN, capitalise, name_workers
from tests.conftest import TableMaker, make_rows, spread

OBSTACLES = [
    ({"usable_cores": 1}, "one usable core"),
    ({"busy_percent": 63.0}, "the machine was 63 % busy before the run"),
    ({"busy_percent": 100.0}, "the machine was 100 % busy before the run"),
]


def find_line(text: str, start: str) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return line


# what a run can't show


def test_an_ordinary_run_has_no_reservations(make_run: TableMaker) -> None:
    assert find_reservations(make_run()) == []
    assert "No verdict" not in verdict(make_run())


@pytest.mark.parametrize(("facts", "told"), OBSTACLES)
def test_there_is_no_verdict_where_the_machine_cannot_carry_one(
    make_run: TableMaker, facts: dict[str, object], told: str
) -> None:
    table = make_run(**facts)
    first_line = verdict(table).splitlines()[0]
    assert first_line.startswith("No verdict: ")
    assert told in first_line
    assert not re.search(r"slower|faster|as fast|uneven", verdict(table))
    for title in (title_comparison(table), title_scaling(table)):
        assert title.startswith("No verdict: ")
        assert told in title


def test_each_reservation_says_what_to_do_about_it(make_run: TableMaker) -> None:
    for facts in ({"usable_cores": 1}, {"busy_percent": 63.0}):
        (reservation,) = find_reservations(make_run(**facts))
        assert re.search(r"; (try|close|allow) ", reservation)


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_there_is_no_verdict_below_six_rounds(rounds: int) -> None:
    table = make_table(make_rows({("threads", 2): spread(3.0, rounds)}), RUNS)
    assert verdict(table).startswith("No verdict: ")
    assert "of 6 that an interval needs" in verdict(table)
    assert not re.search(r"slower|faster|as fast", verdict(table))
    assert title_comparison(table).startswith("No verdict: ")


def test_six_rounds_are_enough() -> None:
    table = make_table(make_rows({("threads", 2): spread(3.0, 6)}), RUNS)
    assert find_reservations(table) == []


def test_a_busy_core_among_idle_ones_does_not_matter(make_run: TableMaker) -> None:
    assert find_reservations(make_run(busy_percent=13.0, usable_cores=8, logical_cores=8)) == []
    assert find_reservations(make_run(busy_percent=90.0, usable_cores=8, logical_cores=8)) != []


def test_several_obstacles_are_all_told(make_run: TableMaker) -> None:
    table = make_run({("threads", 2): spread(1.0, 3)}, usable_cores=1, busy_percent=90.0)
    assert len(find_reservations(table)) == 3
    assert verdict(table).count("No verdict: ") == 3


def test_even_without_a_verdict_the_numbers_are_told(make_run: TableMaker) -> None:
    table = make_run(usable_cores=1)
    assert "Two threads took 1.03 × as long as" in verdict(table)


# what it shows


@pytest.mark.parametrize(
    ("centre", "width", "call"),
    [
        (1.5, 0.02, ": slower."),
        (0.5, 0.02, ": faster."),
        (1.0, 0.02, ": about as fast."),
        (1.04, 0.04, ": no faster."),
        (0.96, 0.06, ": no slower."),
        (1.0, 1.6, ": too uneven here to say more."),
        (3.0, 0.9, ": slower."),
        (0.3, 0.9, ": faster."),
    ],
)
def test_the_words_follow_the_interval(centre: float, width: float, call: str) -> None:
    table = make_table(make_rows({("threads", 2): spread(centre, 8, width)}), RUNS)
    assert find_line(verdict(table), "Two threads").endswith(call)


@pytest.mark.parametrize("centre", [0.5, 0.94, 0.97, 1.0, 1.03, 1.06, 2.0])
@pytest.mark.parametrize("width", [0.01, 0.1, 1.0])
def test_faster_and_slower_are_said_only_where_the_whole_interval_says_so(
    centre: float, width: float
) -> None:
    table = make_table(make_rows({("threads", 2): spread(centre, 8, width)}), RUNS)
    line = find_line(verdict(table), "Two threads")
    row = summarise(table).iloc[1]
    assert line.endswith(": faster.") == (row["time_ratio_high"] < 1 - MARGIN)
    assert line.endswith(": slower.") == (row["time_ratio_low"] > 1 + MARGIN)
    if line.endswith(": about as fast."):
        assert row["time_ratio_low"] >= 1 - MARGIN
        assert row["time_ratio_high"] <= 1 + MARGIN
    if line.endswith(": no faster."):
        assert row["time_ratio_low"] > 1 - MARGIN
    if line.endswith(": no slower."):
        assert row["time_ratio_high"] < 1 + MARGIN


def test_the_numbers_of_a_sentence_are_those_of_the_table(make_run: TableMaker) -> None:
    table = make_run()
    for row in summarise(table).to_dict("records")[1:]:
        line = find_line(verdict(table), capitalise(name_workers(row["runner"], row["workers"])))
        assert f"took {row['time_ratio']:.2f} × as long as" in line
        low, high = row["time_ratio_low"], row["time_ratio_high"]
        assert f"(95 % interval {low:.2f} to {high:.2f})" in line


def test_a_costly_start_up_is_told_with_what_it_makes_of_the_ratio() -> None:
    rows = make_rows({("processes", 2): [0.5] * 8})
    for row in rows:
        row["seconds"] = 1.0 if row["runner"] == "sequential" else 0.5
        if row["runner"] == "processes":
            row |= {"start_up_seconds": 0.3, "tear_down_seconds": 0.1}
    text = verdict(make_table(rows, RUNS))
    assert "0.400 s more" in text
    assert "0.90 × as long" in text


def test_a_start_up_that_costs_nothing_is_not_told(make_run: TableMaker) -> None:
    assert " s more" not in verdict(make_run())


@pytest.mark.parametrize(
    ("stopped_by", "told"),
    [("precision", "narrow enough"), ("budget", "the time allowed was spent")],
)
def test_the_last_line_says_how_many_rounds_and_why_no_more(
    make_run: TableMaker, stopped_by: str, told: str
) -> None:
    last_line = verdict(make_run(stopped_by=stopped_by)).splitlines()[-1]
    assert last_line.startswith("Eight rounds; ")
    assert told in last_line


def test_several_runs_have_no_verdict_together(make_run: TableMaker) -> None:
    both = combine([make_run(run_id="one"), make_run(run_id="two")])
    for say in (verdict, find_reservations, title_comparison, title_scaling):
        with pytest.raises(ResultsError, match="the table holds 2 runs"):
            say(both)


# titles


def test_the_title_of_a_comparison_holds_each_ratio(make_run: TableMaker) -> None:
    title = title_comparison(make_run())
    assert title.startswith("Two threads took 1.03 × as long as ")
    assert title.endswith("; two processes 0.55 ×")


def test_the_title_of_a_scaling_holds_the_speed_ups_of_the_most_workers() -> None:
    ratios = {
        ("threads", 2): spread(1.0),
        ("threads", 4): spread(1.25),
        ("processes", 2): spread(0.5),
        ("processes", 4): spread(0.4),
    }
    table = make_table(make_rows(ratios, usable_cores=4, logical_cores=4), RUNS)
    title = title_scaling(table)
    assert title.startswith("Four threads ran at 0.80 × the speed of ")
    assert title.endswith("; four processes at 2.50 ×")


def test_a_wide_interval_stands_in_the_title_in_place_of_the_median() -> None:
    table = make_table(make_rows({("threads", 2): spread(1.0, 8, 1.0)}), RUNS)
    row = summarise(table).iloc[1]
    assert f"{row['time_ratio_low']:.2f} to {row['time_ratio_high']:.2f} ×" in title_comparison(
        table
    )


@pytest.mark.parametrize("centre", [0.3, 1.0, 1.1])
@pytest.mark.parametrize("width", [0.01, 1.2])
@pytest.mark.parametrize("facts", [{}, {"usable_cores": 1}])
def test_title_and_verdict_never_contradict_each_other(
    centre: float, width: float, facts: dict[str, Any]
) -> None:
    table = make_table(make_rows({("threads", 2): spread(centre, 8, width)}, **facts), RUNS)
    title, text = title_comparison(table), verdict(table)
    assert title.startswith("No verdict") == text.startswith("No verdict")
    if not title.startswith("No verdict"):
        numbers = [float(number) for number in re.findall(r"\d+\.\d+", title)]
        low, high = summarise(table).iloc[1][["time_ratio_low", "time_ratio_high"]]
        assert all(low - 0.005 <= number <= high + 0.005 for number in numbers)


def test_a_table_of_the_sequential_run_alone_has_a_title_and_a_verdict() -> None:
    table = make_table(make_rows({}), RUNS)
    for title in (title_comparison(table), title_scaling(table)):
        assert title.endswith("alone")
    assert verdict(table).startswith("Eight rounds; ")


# conditions


def test_the_conditions_tell_python_system_cores_method_rounds_and_steps(
    make_run: TableMaker,
) -> None:
    told = describe_conditions(make_run())
    for part in ("CPython 3.13.0", "Linux", "two usable cores", "fork", "eight rounds"):
        assert part in told
    assert "4,000,000 steps" in told
    assert "ecorded" not in told
    assert "GIL" not in told


def test_a_recorded_run_says_so_in_title_and_conditions(make_run: TableMaker) -> None:
    table = make_run(recorded_on="a 2-core virtual machine")
    assert describe_conditions(table).lower().startswith("recorded on")
    assert "a 2-core virtual machine" in describe_conditions(table)
    for title in (title_comparison(table), title_scaling(table)):
        assert title.lower().startswith("recorded")


def test_a_gil_that_was_off_is_told(make_run: TableMaker) -> None:
    assert "without the GIL" in describe_conditions(make_run(gil_enabled=False))


def test_threads_alone_have_no_start_method_to_tell() -> None:
    table = make_table(make_rows({("threads", 2): spread(1.0)}), RUNS)
    assert "processes" not in describe_conditions(table)


# words


@pytest.mark.parametrize("spoil", [lambda t: t.drop(columns="round"), lambda _: pd.DataFrame()])
def test_a_table_of_another_kind_is_refused(make_run: TableMaker, spoil: TableMaker) -> None:
    for say in (verdict, find_reservations, title_comparison, title_scaling):
        with pytest.raises(ResultsError):
            say(spoil(make_run()))


# warnings about the machine


def test_no_sentence_ever_shows_a_nan() -> None:
    for rounds in (1, 5, 6, 9):
        table = make_table(make_rows({("threads", 2): spread(1.0, rounds)}), RUNS)
        assert math.isnan(summarise(table).iloc[1]["time_ratio_low"]) == (rounds < 6)
        for text in (verdict(table), title_comparison(table), title_scaling(table)):
            assert "nan" not in text
