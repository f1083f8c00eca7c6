import math
import random

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.costs.break_even import (
    COLD,
    KEPT,
    POOLS,
    RIVALS,
    Way,
    fit_ways,
    list_costs,
    measure_pace,
    summarise_break_even,
    summarise_lengths,
)
from gil_demo.tables.schema import list_rows
from tests.conftest import make_rows
from tests.made.costs import (
    FAIR,
    ORDINARY_LAWS,
    ORDINARY_POOLS,
    QUIET,
    STEP,
    STEPS,
    Law,
    find_true_crossing,
    make_lengths,
    make_transfers,
)
from tests.made.costs import Way as Runner

TABLES = 15


def find_truth(
    row: object, laws: dict[Runner, Law], pools: dict[str, tuple[float, float]]
) -> float:
    """Say where a row of the summary should find the crossing, in seconds of a task."""
    method, pool, rival = (getattr(row, name) for name in ("start_method", "pool", "rival"))
    started = pools[method] if pool == COLD else (0.0, 0.0)
    return find_true_crossing(laws[rival, ""], laws["processes", method], started)


def test_there_is_a_row_for_each_start_method_pool_and_rival() -> None:
    summary = summarise_break_even(make_lengths())
    told = list(zip(summary["start_method"], summary["pool"], summary["rival"], strict=True))
    assert told == [
        (method, pool, rival) for method in ("fork", "spawn") for pool in POOLS for rival in RIVALS
    ]
    assert set(summary["reason"]) == {""}


def test_without_noise_each_crossing_is_exact() -> None:
    for row in list_rows(summarise_break_even(make_lengths(noise=QUIET))):
        truth = find_truth(row, dict(ORDINARY_LAWS), dict(ORDINARY_POOLS))
        assert row.crossing_seconds == pytest.approx(truth, rel=1e-6)
        assert row.crossing_low == pytest.approx(row.crossing_high, rel=1e-6)


def test_the_number_of_tasks_is_counted_in() -> None:
    laws = {
        ("sequential", ""): Law(0.0, 4 * STEP),
        ("processes", "fork"): Law(0.004, 1.5 * STEP),
    }
    summary = summarise_break_even(make_lengths(laws, noise=QUIET, tasks=4))
    for row in list_rows(summary):
        truth = find_truth(row, laws, dict(ORDINARY_POOLS))
        assert row.crossing_seconds == pytest.approx(truth, rel=1e-6)


def test_under_fair_noise_each_crossing_is_within_a_tenth_and_most_intervals_hold() -> None:
    held = told = 0
    for case in range(TABLES):
        chance = random.Random(f"table {case}")
        laws = {
            ("sequential", ""): Law(chance.choice([0, 3e-6]), 2 * STEP),
            ("threads", ""): Law(chance.uniform(5e-5, 1.5e-4), 2 * STEP * chance.uniform(1, 1.1)),
            ("processes", "fork"): Law(4e-4, 2 * STEP * chance.uniform(0.5, 0.6)),
        }
        pools = {"fork": (chance.uniform(0.005, 0.02), chance.uniform(0.002, 0.02))}
        cold = find_true_crossing(laws["sequential", ""], laws["processes", "fork"], pools["fork"])
        longest = cold / STEP * chance.uniform(1, 8)
        steps = [int(longest / 4**place) for place in reversed(range(7))]
        rounds = chance.randint(8, 14)
        table = make_lengths(laws, pools, noise=FAIR, rounds=rounds, steps=steps, seed=case)
        pace = measure_pace(table) * STEP  # rounds are slower than the law, by their common noise
        for row in list_rows(summarise_break_even(table)):
            truth = find_truth(row, laws, pools) / pace
            assert row.reason == "", f"case {case}: {row}"
            assert row.crossing_seconds == pytest.approx(truth, rel=0.1), f"case {case}: {row}"
            held += row.crossing_low <= truth <= row.crossing_high
            told += 1
    assert told == 4 * TABLES
    assert held >= 0.85 * told, f"{held} of {told} intervals held"


def test_one_core_gives_reasons_and_no_crossing() -> None:
    laws = {way: law._replace(slope=2 * STEP) for way, law in ORDINARY_LAWS.items()}
    for seed in range(5):
        table = make_lengths(laws, noise=FAIR, rounds=10, seed=seed)
        summary = summarise_break_even(table)
        assert summary["crossing_seconds"].isna().all(), summary
        assert summary["crossing_low"].isna().all()
        assert summary["crossing_high"].isna().all()
        assert (summary["reason"] != "").all()


def test_too_few_rounds_are_a_reason() -> None:
    summary = summarise_break_even(make_lengths(rounds=5))
    assert set(summary["reason"]) == {"5 of 6 rounds that a fit needs: allow more seconds"}


def test_processes_are_held_against_the_rivals_that_ran() -> None:
    table = make_lengths()
    summary = summarise_break_even(table[table["runner"] != "threads"])
    assert set(summary["rival"]) == {"sequential"}


def test_a_table_without_processes_or_without_the_plain_loop_is_refused() -> None:
    table = make_lengths()
    with pytest.raises(ResultsError, match="no rounds of processes"):
        summarise_break_even(table[table["runner"] != "processes"])
    for summarise in (summarise_break_even, summarise_lengths, fit_ways, list_costs):
        with pytest.raises(ResultsError, match="no sequential rounds"):
            summarise(table[table["runner"] != "sequential"])


@pytest.mark.parametrize("summarise", [summarise_break_even, summarise_lengths, fit_ways])
def test_tables_of_another_kind_or_of_two_runs_are_refused(summarise) -> None:  # type: ignore[no-untyped-def]
    two = pd.concat([make_lengths(), make_lengths(run_id="two")], ignore_index=True)
    with pytest.raises(ResultsError, match="the table holds 2 runs"):
        summarise(two)
    for other in (make_transfers(), pd.DataFrame(make_rows()), None, make_lengths().head(0)):
        with pytest.raises(ResultsError):
            summarise(other)


def test_the_order_of_the_rows_does_not_matter() -> None:
    table = make_lengths(noise=FAIR)
    mixed = table.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(summarise_break_even(mixed), summarise_break_even(table))
    pd.testing.assert_frame_equal(summarise_lengths(mixed), summarise_lengths(table))


def test_each_way_and_length_is_summed_up_with_the_middle_half_of_its_rounds() -> None:
    summary = summarise_lengths(make_lengths(noise=FAIR))
    assert len(summary) == 6 * len(STEPS)
    assert (summary["seconds_low"] <= summary["seconds"]).all()
    assert (summary["seconds"] <= summary["seconds_high"]).all()


def test_a_cold_pool_costs_its_start_and_its_end_more_than_one_kept_open() -> None:
    summary = summarise_lengths(make_lengths(noise=QUIET))
    pools = summary[summary["runner"] == "processes"]
    seconds = pools.set_index(["start_method", "pool", "steps"])["seconds"].sort_index()
    for method, parts in ORDINARY_POOLS.items():
        for steps in STEPS:
            extra = seconds[method, COLD, steps] - seconds[method, KEPT, steps]
            assert extra == pytest.approx(sum(parts))


def test_the_length_of_a_task_is_told_by_the_pace_of_the_longest_plain_loops() -> None:
    table = make_lengths(noise=QUIET)
    assert measure_pace(table) == pytest.approx(1 / STEP)
    lengths = summarise_lengths(table)
    assert list(lengths["task_seconds"]) == pytest.approx(list(lengths["steps"] * STEP))


def test_the_line_of_each_way_is_its_law() -> None:
    lines = fit_ways(make_lengths(noise=QUIET))
    for (runner, method), law in ORDINARY_LAWS.items():
        way = Way(runner, method, KEPT if method else "")
        assert lines[way].overhead == pytest.approx(law.overhead, abs=1e-9)
        assert lines[way].slope == pytest.approx(law.slope / STEP)
    cold = lines[Way("processes", "spawn", COLD)]
    assert cold.overhead == pytest.approx(0.1304)


def test_costs_are_level_whatever_the_pace_of_their_round() -> None:
    table = make_lengths(noise=FAIR._replace(each=0.0, disturbed=0.0), rounds=9)
    for way, own in list_costs(table).items():
        for steps, values in own.items():
            assert values == pytest.approx([values[0]] * 9), (way, steps)


@pytest.mark.parametrize("seconds", [5e-324, 1e-300, 1e-13])
def test_a_time_that_nothing_takes_is_refused(seconds: float) -> None:
    table = make_lengths()
    table.loc[3, "seconds"] = seconds
    for summarise in (summarise_break_even, fit_ways, list_costs):
        with pytest.raises(ResultsError, match=r"seconds, which none takes$"):
            summarise(table)


def test_times_however_unlike_give_a_crossing_or_a_reason() -> None:
    for case in range(8):
        chance = random.Random(f"unlike {case}")
        table = make_lengths(noise=FAIR)
        for row in chance.sample(range(len(table)), chance.choice([1, 5, 50, len(table)])):
            table.loc[row, "seconds"] = chance.choice([1e-12, 1e-9, 1.0, 1e6])
        for row in list_rows(summarise_break_even(table)):
            found = (row.crossing_low, row.crossing_seconds, row.crossing_high)
            if row.reason:
                assert all(map(math.isnan, found))
            else:
                assert 0 < row.crossing_low <= row.crossing_seconds <= row.crossing_high
