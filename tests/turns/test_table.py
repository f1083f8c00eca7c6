import math
import random
from collections.abc import Callable
from itertools import pairwise

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.turns.sweep import summarise_switches
from gil_demo.turns.timeline import find_overlaps, find_turns, measure_together, summarise_trace
from tests.conftest import TableMaker, spread
from tests.made.turns import Lanes, Rounds, make_slices, make_switches, run_at_once, take_turns

Turn = tuple[int, float, float, bool]
Summarise = Callable[[pd.DataFrame], pd.DataFrame]
MakeTable = Callable[..., pd.DataFrame]


def list_turns(table: pd.DataFrame) -> list[Turn]:
    turns = find_turns(table)
    assert (turns["seconds"] == turns["end_seconds"] - turns["start_seconds"]).all()
    columns = ("worker", "start_seconds", "end_seconds", "is_handed_over")
    return list(zip(*(turns[name].tolist() for name in columns), strict=True))


def make_random_lanes(order: random.Random, workers: int, runner: str = "threads") -> Lanes:
    """Let workers run at random whole seconds; slices may touch and may have no length."""
    lanes = {}
    for worker in range(1, workers + 1):
        times = sorted(order.choices(range(25), k=2 * order.randint(1, 5)))
        lanes[runner, worker] = [
            (float(start), float(end)) for start, end in zip(times[::2], times[1::2], strict=True)
        ]
    return lanes


# turns


def test_a_turn_lasts_until_another_worker_runs() -> None:
    lanes: Lanes = {
        ("threads", 1): [(0, 1), (1.5, 2), (3, 4)],
        ("threads", 2): [(2, 2.5), (2.5, 3)],
    }
    assert list_turns(make_slices(lanes)) == [
        (1, 0, 2, False),
        (2, 2, 3, False),
        (1, 3, 4, False),
    ]


def test_all_turns_but_the_first_and_each_worker_s_last_are_handed_over() -> None:
    assert list_turns(make_slices(take_turns(0.5, 6))) == [
        (1, 0.0, 0.5, False),
        (2, 0.5, 1.0, True),
        (1, 1.0, 1.5, True),
        (2, 1.5, 2.0, True),
        (1, 2.0, 2.5, False),
        (2, 2.5, 3.0, False),
    ]


def test_a_worker_that_goes_on_alone_was_not_handed_over() -> None:
    lanes: Lanes = {("threads", 1): [(0, 1), (2, 3)], ("threads", 2): [(1, 2), (3, 4), (5, 9)]}
    assert list_turns(make_slices(lanes)) == [
        (1, 0, 1, False),
        (2, 1, 2, True),
        (1, 2, 3, False),
        (2, 3, 9, False),
    ]


def test_a_worker_alone_has_one_turn() -> None:
    table = make_slices({("sequential", 1): [(0, 1), (1.25, 2), (2, 4)]})
    assert list_turns(table) == [(1, 0, 4, False)]


def test_turns_that_overlap_keep_their_own_ends() -> None:
    lanes: Lanes = {("processes", 1): [(0, 4)], ("processes", 2): [(1, 2), (2.5, 3)]}
    assert list_turns(make_slices(lanes)) == [(1, 0, 4, False), (2, 1, 3, False)]


def test_the_workers_of_another_runner_part_no_turn() -> None:
    threads: Lanes = {("threads", 1): [(0, 1), (2, 3)], ("threads", 2): [(1, 2)]}
    processes: Lanes = {("processes", 1): [(0, 0.5), (0.75, 2)], ("processes", 2): [(2, 3)]}
    turns = find_turns(make_slices({**threads, **processes}))
    assert list(turns.columns) == [
        *("runner", "worker", "start_seconds", "end_seconds", "seconds", "is_handed_over"),
    ]
    assert list(turns["runner"]) == ["threads"] * 3 + ["processes"] * 2
    assert list(turns["worker"]) == [1, 2, 1, 1, 2]
    assert list(turns["seconds"]) == [1, 1, 1, 2, 1]


def test_the_order_of_the_slices_does_not_matter() -> None:
    table = make_slices(take_turns(0.5, 9, workers=3))
    shuffled = table.sample(frac=1.0, random_state=4)
    assert_frame_equal(find_turns(shuffled), find_turns(table))


@pytest.mark.parametrize("seed", range(10))
def test_turns_hold_every_slice_and_change_hands_each_time(seed: int) -> None:
    table = make_slices(make_random_lanes(random.Random(seed), workers=3))
    turns = find_turns(table)
    assert all(one != next_one for one, next_one in pairwise(turns["worker"]))
    for row in table.to_dict("records"):
        is_around = (
            (turns["worker"] == row["worker"])
            & (turns["start_seconds"] <= row["start_seconds"])
            & (turns["end_seconds"] >= row["end_seconds"])
        )
        assert is_around.any()


# overlaps


def test_slices_that_touch_do_not_overlap() -> None:
    assert not find_overlaps(make_slices(take_turns(0.5, 6))).any()


def test_a_slice_that_began_long_ago_still_overlaps() -> None:
    lanes: Lanes = {
        ("threads", 1): [(0, 10), (10, 11), (12, 13)],
        ("threads", 2): [(1, 2), (3, 4), (20, 21)],
        ("threads", 3): [(12.5, 12.75)],
    }
    overlaps = find_overlaps(make_slices(lanes))
    assert overlaps.tolist() == [True, False, True, True, True, False, True]


def test_slices_of_another_runner_do_not_count_as_overlapping() -> None:
    threads, processes = take_turns(0.5, 2), take_turns(0.5, 2, runner="processes")
    assert not find_overlaps(make_slices({**threads, **processes})).any()


def test_each_overlap_stands_under_the_row_number_of_its_slice() -> None:
    lanes: Lanes = {("threads", 1): [(0, 1), (4, 5)], ("threads", 2): [(0.5, 2), (7, 8)]}
    table = make_slices(lanes).set_axis([40, 10, 30, 20], axis="index")
    overlaps = find_overlaps(table.sort_index())
    assert overlaps.to_dict() == {40: True, 10: False, 30: True, 20: False}
    assert overlaps.dtype == "bool"


@pytest.mark.parametrize("seed", range(25))
def test_overlaps_are_those_of_comparing_each_slice_with_each(seed: int) -> None:
    order = random.Random(seed)
    lanes: Lanes = {
        **make_random_lanes(order, workers=order.randint(1, 4)),
        **make_random_lanes(order, workers=2, runner="processes"),
    }
    table = make_slices(lanes).sample(frac=1.0, random_state=seed)
    rows = table.to_dict("records")
    expected = [
        any(
            mine["runner"] == other["runner"]
            and mine["worker"] != other["worker"]
            and mine["start_seconds"] < other["end_seconds"]
            and other["start_seconds"] < mine["end_seconds"]
            for other in rows
        )
        for mine in rows
    ]
    assert find_overlaps(table).tolist() == expected


# together


@pytest.mark.parametrize(
    ("lanes", "together"),
    [
        pytest.param([[(0, 2), (4, 6)], [(2, 4), (6, 8)]], 0.0, id="in turn"),
        pytest.param([[(0, 8)], [(0, 8)]], 1.0, id="at once"),
        pytest.param([[(0, 8)], [(0, 2), (6, 8)]], 0.5, id="half of the time"),
        pytest.param([[(0, 4)], [(1, 3)]], 1.0, id="all of the time in which both had work"),
        pytest.param([[(0, 1), (3, 4)], [(0, 1), (3, 4)]], 1.0, id="with a pause for both"),
        pytest.param([[(0, 2), (8, 9)], [(1, 3), (5, 9)]], 1 / 3, id="partly, with pauses"),
        pytest.param([[(0, 9)], [(4, 6)], [(5, 8)]], 1.0, id="three, two at a time"),
        pytest.param([[(0, 4)], [(4, 8)], [(2, 6)]], 1.0, id="three, in pairs"),
        pytest.param([[(0, 1)], [(1, 2)]], math.nan, id="one after another"),
        pytest.param([[(0, 1)], [(5, 6)]], math.nan, id="one long after another"),
        pytest.param([[(0, 1), (2, 3)]], math.nan, id="alone"),
        pytest.param([[(2, 2)], [(2, 2)]], math.nan, id="no time at all"),
    ],
)
def test_the_time_together_is_that_with_two_at_once_out_of_that_with_anyone(
    lanes: list[list[tuple[float, float]]], together: float
) -> None:
    table = make_slices({("threads", n): slices for n, slices in enumerate(lanes, start=1)})
    assert measure_together(table) == pytest.approx(together, nan_ok=True)


@pytest.mark.parametrize("seed", range(25))
def test_the_time_together_is_that_of_counting_every_second(seed: int) -> None:
    order = random.Random(seed)
    lanes = make_random_lanes(order, workers=order.randint(2, 4))
    begun = sorted(slices[0][0] for slices in lanes.values())[1]
    ended = sorted(slices[-1][1] for slices in lanes.values())[-2]
    running = [
        sum(any(a <= second < b for a, b in slices) for slices in lanes.values())
        for second in range(25)
        if begun <= second < ended
    ]
    anyone, together = sum(n >= 1 for n in running), sum(n >= 2 for n in running)
    expected = together / anyone if anyone else math.nan
    table = make_slices(lanes).sample(frac=1.0, random_state=seed)
    assert measure_together(table) == pytest.approx(expected, nan_ok=True)


# one trace


def test_a_trace_is_summed_up_in_a_row_for_each_way_of_running() -> None:
    threads: Lanes = take_turns(0.5, 7)
    processes: Lanes = {("processes", 1): [(0, 2)], ("processes", 2): [(0.25, 1), (1.5, 2.25)]}
    alone: Lanes = {("sequential", 1): [(0, 3), (3, 3.75)]}
    summary = summarise_trace(make_slices({**processes, **alone, **threads}))
    assert summary.columns.tolist() == [
        *("runner", "workers", "start_method", "slices", "seconds", "together"),
        *("turns", "turn_seconds"),
    ]
    rows = summary.astype(object).where(summary.notna(), None).to_numpy().tolist()
    together = 1.25 / 1.75
    assert rows == [
        ["sequential", 2, "", 2, 3.75, None, 0, None],
        ["threads", 2, "", 7, 3.5, 0.0, 4, 0.5],
        ["processes", 2, "fork", 3, 2.25, pytest.approx(together), 0, None],
    ]


def test_the_turn_is_the_median_of_those_that_were_handed_over() -> None:
    lanes: Lanes = {
        ("threads", 1): [(0, 9), (10, 12), (17, 18)],
        ("threads", 2): [(9, 10), (12, 17), (18, 30)],
    }
    (row,) = summarise_trace(make_slices(lanes)).to_dict("records")
    assert (row["turns"], row["turn_seconds"]) == (3, 2.0)


def test_the_order_of_the_slices_does_not_matter_to_the_summary() -> None:
    table = make_slices()
    shuffled = table.sample(frac=1.0, random_state=5)
    assert_frame_equal(summarise_trace(shuffled), summarise_trace(table))


def test_a_trace_of_no_length_can_be_summed_up() -> None:
    (row,) = summarise_trace(make_slices({("threads", 1): [(0, 0)]})).to_dict("records")
    assert (row["slices"], row["seconds"], row["turns"]) == (1, 0.0, 0)
    assert math.isnan(row["together"])


def test_a_trace_of_an_unknown_runner_is_refused() -> None:
    with pytest.raises(ResultsError, match="fibres"):
        summarise_trace(make_slices(run_at_once(1.0, runner="fibres")))


# one sweep


def test_a_sweep_is_summed_up_in_a_row_for_each_interval_the_shortest_first() -> None:
    rounds: Rounds = {
        0.02: ([0.021, 0.022, 0.026], [330.0, 190.0, 110.0]),
        0.005: ([0.005, 0.007, 0.006], [300.0, 200.0, 100.0]),
        1e-6: ([None, None, None], [150.0, 50.0, 60.0]),
        0.001: ([None, 0.001, None], [270.0, 190.0, 60.0]),
    }
    summary = summarise_switches(make_switches(rounds))
    assert summary.columns.tolist() == [
        *("switch_interval_seconds", "rounds", "turn_seconds", "turn_low", "turn_high"),
        *("steps_per_second", "speed", "speed_low", "speed_high"),
    ]
    assert summary["switch_interval_seconds"].tolist() == [1e-6, 0.001, 0.005, 0.02]
    assert summary["rounds"].tolist() == [3, 3, 3, 3]
    turns = summary["turn_seconds"].tolist()
    assert turns == pytest.approx([math.nan, 0.001, 0.006, 0.022], nan_ok=True)
    assert summary["steps_per_second"].tolist() == [60, 190, 200, 190]
    # paired by round: the median of 0.5, 0.25 and 0.6, not 60 out of 200
    assert summary["speed"].tolist() == pytest.approx([0.5, 0.9, 1.0, 1.1])


def test_below_six_rounds_a_sweep_has_medians_but_no_intervals() -> None:
    summary = summarise_switches(make_switches({0.005: ([0.005] * 5, [100.0] * 5)}))
    assert summary[["turn_seconds", "speed"]].notna().all(axis=None)
    assert summary[["turn_low", "turn_high", "speed_low", "speed_high"]].isna().all(axis=None)


def test_intervals_of_turn_and_speed_hold_their_medians() -> None:
    rounds = {
        0.005: (spread(0.005), [100.0] * 8),
        0.02: (spread(0.02, width=0.5), spread(100.0, width=0.3)),
    }
    for row in summarise_switches(make_switches(rounds)).to_dict("records"):
        assert row["turn_low"] <= row["turn_seconds"] <= row["turn_high"]
        assert row["speed_low"] <= row["speed"] <= row["speed_high"]
    own = summarise_switches(make_switches(rounds)).iloc[0]
    assert {own[name] for name in ("speed", "speed_low", "speed_high")} == {1.0}


def test_the_order_of_the_rounds_does_not_matter() -> None:
    table = make_switches()
    shuffled = table.sample(frac=1.0, random_state=6)
    assert_frame_equal(summarise_switches(shuffled), summarise_switches(table))


def test_a_sweep_without_python_s_own_interval_is_refused() -> None:
    with pytest.raises(ResultsError, match=r"5 ms|0\.005"):
        summarise_switches(make_switches({0.001: ([0.001] * 3, [100.0] * 3)}))


def test_a_sweep_whose_rounds_have_no_own_interval_beside_them_is_refused() -> None:
    table = make_switches({n: ([n] * 2, [100.0] * 2) for n in (0.001, 0.005)})
    is_own = table["switch_interval_seconds"] == 0.005
    apart = table[is_own == (table["round"] == 1)]
    with pytest.raises(ResultsError):
        summarise_switches(apart)


# what is no such table


KINDS = [
    pytest.param(summarise_trace, make_slices, id="trace"),
    pytest.param(summarise_switches, make_switches, id="sweep"),
]


@pytest.mark.parametrize(("summarise", "make"), KINDS)
def test_several_runs_are_not_summed_up_as_one(summarise: Summarise, make: MakeTable) -> None:
    both = pd.concat([make(run_id="one"), make(run_id="two")], ignore_index=True)
    with pytest.raises(ResultsError, match="the table holds 2 runs"):
        summarise(both)


@pytest.mark.parametrize(("summarise", "make"), KINDS)
def test_what_is_no_such_table_is_refused(
    summarise: Summarise, make: MakeTable, make_run: TableMaker
) -> None:
    other = make_switches() if make is make_slices else make_slices()
    for bad in (None, 5, [1], pd.DataFrame(), make().iloc[:0], make_run(), other):
        with pytest.raises(ResultsError, match=r"the table (must be|is no table|has no rows)"):
            summarise(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(("summarise", "make"), KINDS)
def test_the_table_itself_is_left_as_it_is(summarise: Summarise, make: MakeTable) -> None:
    table = make()
    before = table.copy(deep=True)
    summarise(table)
    if make is make_slices:
        find_turns(table)
        find_overlaps(table)
    assert_frame_equal(table, before)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("start_seconds", -0.5, "row 3: start_seconds must be a number from 0"),
        ("end_seconds", math.inf, "row 3: end_seconds must be a number from 0"),
        ("end_seconds", 0.0, "row 3: the slice ends before it starts"),
        ("start_seconds", math.nan, "row 3: start_seconds must be a value"),
        ("worker", 0, "row 3: worker must be a whole number of 1 or more"),
        ("count", 7, "its rows differ in count"),
        ("switch_interval_seconds", 0.001, "its rows differ in switch_interval_seconds"),
        ("usable_cores", 8, "its rows differ in usable_cores"),
        ("experiment", "compare", "row 3: experiment must be trace"),
    ],
)
def test_a_damaged_trace_is_refused(column: str, value: object, told: str) -> None:
    table = make_slices()
    table.loc[2, column] = value  # type: ignore[call-overload]
    with pytest.raises(ResultsError, match=told):
        summarise_trace(table)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("turn_seconds", 0.0, "row 3: turn_seconds must be a number above 0"),
        ("turn_seconds", math.inf, "row 3: turn_seconds must be a number above 0"),
        ("steps_per_second", math.nan, "row 3: steps_per_second must be a value"),
        ("steps_per_second", -1.0, "row 3: steps_per_second must be a number above 0"),
        ("switch_interval_seconds", 0.0, "row 3: switch_interval_seconds must be"),
        ("rounds", 7, "its rows differ in rounds"),
        ("gil_enabled", False, "its rows differ in gil_enabled"),
        ("experiment", "trace", "row 3: experiment must be switch"),
    ],
)
def test_a_damaged_sweep_is_refused(column: str, value: object, told: str) -> None:
    table = make_switches()
    table.loc[2, column] = value  # type: ignore[call-overload]
    with pytest.raises(ResultsError, match=told):
        summarise_switches(table)
