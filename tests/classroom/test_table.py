import pandas as pd
import pytest

from gil_demo import ResultsError, summarise
from gil_demo.classroom.table import CLASS, find_outliers, name_groups, pick_machines
from gil_demo.tables.schema import convert
from tests.made.classroom import make_class_table
from tests.made.runs import spread


def test_a_class_is_summed_up_by_its_middle_and_its_ends() -> None:
    summary = summarise(make_class_table()).set_index("runner")
    assert list(summary.loc["threads"]) == [7, 1.04, 0.56, 2.3]
    assert list(summary.loc["processes"]) == [7, 0.55, 0.52, 1.01]
    alone = make_class_table({"anna": {"threads": 1.2}})
    assert list(summarise(alone)["runner"]) == ["threads"]


def test_each_machine_gives_one_row_the_run_with_two_workers_or_the_next_more() -> None:
    several = pd.concat(
        make_class_table({"anna": {"threads": ratio, "workers": workers, **processes}})
        for workers, ratio, processes in ((4, 1.4, {"processes": 0.5}), (2, 1.2, {}), (3, 1.3, {}))
    )
    assert list(pick_machines(several, "threads")["time_ratio"]) == [1.2]
    assert list(pick_machines(several, "processes")["workers"]) == [4]


def test_machines_are_grouped_by_system_and_by_python_and_judged_or_not() -> None:
    table = make_class_table()
    processes = pick_machines(table, "processes")
    assert list(processes["system"])[:3] == ["Linux, fork", "Linux, fork", "macOS, spawn"]
    assert set(pick_machines(table, "threads")["system"]) == {"Linux", "macOS", "Windows"}
    assert name_groups(processes, "python") == ["3.9", "3.13", "3.13 without the GIL"]
    many = {f"m{n}": {"threads": 1.0, "python_version": f"3.{n % 15}"} for n in range(40)}
    groups = name_groups(pick_machines(make_class_table(many), "threads"), "python")
    assert groups == [*(f"3.{n}" for n in range(10)), "all others"]
    assert list(processes["is_judged"]) == [True] * 6 + [False]
    other = make_class_table({"pia": {"threads": 1.0, "implementation": "PyPy"}})
    assert list(pick_machines(other, "threads")["python"]) == ["PyPy 3.13"]


def test_values_far_from_the_others_are_found_farthest_first() -> None:
    for values, far in (
        ([*spread(1.0, 12, 0.1), 2.4, 0.3], [13, 12]),
        (spread(1.0, 12, 0.5), []),
        ([1.0, 1.0, 1.0, 1.0, 1.2], []),
        ([1.0, 1.0, 1.0, 1.0, 1.3], [4]),
        ([1.0, 1.0, 1.0, 5.0], []),
        ([], []),
    ):
        assert list(find_outliers(pd.Series(values, dtype=float)).index) == far


def test_a_table_of_a_class_is_checked() -> None:
    table = make_class_table()
    with pytest.raises(ResultsError, match="has a way of running twice in run run-anna"):
        convert(pd.concat([table, table[:1]]), CLASS, "the table")
    uneven = table.assign(file=["bob", *table["file"][1:]])
    with pytest.raises(ResultsError, match=r"run run-anna is no single run: .* differ in file$"):
        convert(uneven, CLASS, "the table")
