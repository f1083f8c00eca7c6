from collections.abc import Mapping

import pandas as pd
import pytest

from gil_demo.classroom.gathering import find_spares, read_name
from tests.made.turns import FACTS


def make_summary(*runs: Mapping[str, object]) -> pd.DataFrame:
    """Make a summary of runs of one way each; told is what is unlike the others."""
    plain = FACTS | {"runner": "threads", "workers": 2, "start_method": "", "seconds": 0.2}
    plain |= {"time_ratio": 1.1, "cold_speed_up": 0.9}
    rows = [plain | {"key": f"{n}", "run_id": f"r{n}", **run} for n, run in enumerate(runs)]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("anna.csv", ("anna", "", 0)),
        ("Anna (2).CSV", ("anna", "", 2)),
        ("anna-20261124-101500.csv", ("anna", "20261124-101500", 0)),
        ("anna_20261124-101500 (1).csv", ("anna", "20261124-101500", 1)),
        ("anna-2.csv", ("anna-2", "", 0)),
        ("20261124-101500.csv", ("20261124-101500", "", 0)),
        ("(1).csv", ("(1)", "", 0)),
    ],
)
def test_a_name_says_whose_it_is_of_which_moment_and_which_copy(
    name: str, labels: tuple[str, str, int]
) -> None:
    assert read_name(name) == labels


def test_a_run_that_is_there_twice_counts_once() -> None:
    runs = make_summary({"name": "a.csv", "run_id": "x"}, {"name": "b.csv", "run_id": "x"})
    assert find_spares(runs) == {"1": "the same run is in a.csv"}


def test_a_run_of_the_same_id_with_other_figures_is_told_apart_from_a_copy() -> None:
    runs = make_summary(
        {"name": "a.csv", "run_id": "x"}, {"name": "b.csv", "run_id": "x", "seconds": 0.3}
    )
    assert find_spares(runs) == {"1": "a run of the same id, but not alike, is in a.csv"}


def test_of_runs_under_one_name_the_last_counts() -> None:
    early = {"name": "anna.csv", "measured_on": "2026-11-23"}
    late = {"name": "anna (1).csv", "measured_on": "2026-11-22"}
    assert find_spares(make_summary(early, late)) == {"1": "measured again later: anna.csv counts"}
    same_day = make_summary({"name": "anna (1).csv"}, {"name": "anna.csv"})
    assert [*find_spares(same_day)] == ["1"]
    moments = make_summary(
        {"name": "anna-20261124-101500.csv"}, {"name": "anna-20261124-091500.csv"}
    )
    assert [*find_spares(moments)] == ["1"]


@pytest.mark.parametrize(
    "unlike",
    [
        {"name": "ben.csv"},
        {"python_version": "3.14.0"},
        {"usable_cores": 8},
        {"operating_system": "Windows"},
        {"workers": 4},
        {"gil_enabled": False},
    ],
)
def test_runs_of_other_names_machines_or_questions_all_count(unlike: dict[str, object]) -> None:
    assert find_spares(make_summary({"name": "anna.csv"}, {"name": "anna (1).csv"} | unlike)) == {}


def test_the_name_that_the_set_gives_is_nobodys() -> None:
    names = [f"threads-versus-processes-20261124-10150{n}.csv" for n in range(3)]
    assert find_spares(make_summary(*({"name": name} for name in names))) == {}
