import math
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.measuring.fits import compute_speed_up
from gil_demo.race.scaling import count_cores_at_once, summarise_scaling
from gil_demo.tables.schema import list_rows
from tests.conftest import TableMaker, spread
from tests.made.costs import make_lengths

CORES = {"usable_cores": 4, "logical_cores": 8, "physical_cores": 4}


def follow_the_law(
    parts: dict[str, float], cores: int = 4, rounds: int = 8, width: float = 0.0
) -> dict[tuple[str, int], list[float]]:
    return {
        (runner, workers): spread(1 / compute_speed_up(part, min(workers, cores)), rounds, width)
        for runner, part in parts.items()
        for workers in (1, 2, 4, 8)
    }


def test_each_way_of_running_has_its_parallel_part_and_its_limit(make_run: TableMaker) -> None:
    ratios = follow_the_law({"threads": 0.0, "processes": 0.9})
    summary = summarise_scaling(make_run(ratios, **CORES)).set_index("runner")
    assert list(summary.index) == ["processes", "threads"]
    assert set(summary["cores"]) == {4}
    assert set(summary["reason"]) == {""}
    assert summary["parallel_part"].to_dict() == pytest.approx({"processes": 0.9, "threads": 0.0})
    assert summary["limit"].to_dict() == pytest.approx({"processes": 10, "threads": 1})


@pytest.mark.parametrize("part", [0.0, 0.5, 0.97])
def test_the_interval_holds_the_truth_and_the_median(make_run: TableMaker, part: float) -> None:
    ratios = follow_the_law({"processes": part}, width=0.04)
    (row,) = list_rows(summarise_scaling(make_run(ratios, **CORES)))
    assert row.parallel_low <= part + 1e-9
    assert part - 1e-9 <= row.parallel_high
    assert row.parallel_low <= row.parallel_part <= row.parallel_high


@pytest.mark.parametrize(("ratio", "part", "limit"), [(0.4, 1.0, math.inf), (1.4, 0.0, 1.0)])
def test_what_noise_carries_beyond_the_law_is_cut_off(
    make_run: TableMaker, ratio: float, part: float, limit: float
) -> None:
    table = make_run({("processes", 2): spread(ratio)}, **CORES)
    (row,) = list_rows(summarise_scaling(table))
    assert (row.parallel_low, row.parallel_part, row.parallel_high) == (part, part, part)
    assert row.limit == limit


def test_one_core_and_too_few_rounds_are_reasons(make_run: TableMaker) -> None:
    alone = make_run(usable_cores=1, logical_cores=1, physical_cores=1)
    few = make_run(follow_the_law({"threads": 0.0, "processes": 0.9}, rounds=5), **CORES)
    for table, told in ((alone, "one core can't show"), (few, "5 of 6 rounds that a fit needs")):
        summary = summarise_scaling(table)
        assert len(summary) == 2
        for name in ("parallel_part", "parallel_low", "parallel_high", "limit"):
            assert summary[name].isna().all()
        assert summary["reason"].str.startswith(told).all()


def test_one_worker_alone_is_a_reason(make_run: TableMaker) -> None:
    (row,) = list_rows(summarise_scaling(make_run({("threads", 1): spread(1.0)}, **CORES)))
    assert "two workers or more" in row.reason


@pytest.mark.parametrize(
    ("usable", "physical", "cores"), [(2, 2, 2), (8, 4, 4), (1, 4, 1), (3, None, 3), (3, 8, 3)]
)
def test_physical_cores_count_as_far_as_they_may_be_used(
    make_run: TableMaker, usable: int, physical: int | None, cores: int
) -> None:
    table = make_run(usable_cores=usable, physical_cores=physical, logical_cores=16)
    assert count_cores_at_once(table) == cores
    assert set(summarise_scaling(table)["cores"]) == {cores}


def test_tables_that_show_no_scaling_are_refused(make_run: TableMaker) -> None:
    table = make_run()
    two: pd.DataFrame = pd.concat([table, make_run(run_id="two")], ignore_index=True)
    others: list[tuple[Any, str]] = [
        (two, "holds 2 runs"),
        (table[table["runner"] != "sequential"], "no sequential rounds"),
        (make_lengths(), "."),
        (None, "."),
    ]
    for other, told in others:
        with pytest.raises(ResultsError, match=told):
            summarise_scaling(other)


def test_a_run_of_the_plain_loop_alone_has_no_rows_and_all_columns(make_run: TableMaker) -> None:
    table = make_run()
    summary = summarise_scaling(table[table["runner"] == "sequential"])
    assert summary.empty
    assert list(summary.columns) == list(summarise_scaling(table).columns)
