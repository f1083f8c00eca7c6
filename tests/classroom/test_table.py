import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.classroom.table import (
    CLASS,
    MOST_GROUPS,
    OTHERS,
    find_outliers,
    is_made_up,
    name_groups,
    pick_machines,
)
from gil_demo.tables.schema import convert
from tests.conftest import spread
from tests.made.classroom import Machines, make_class_table


def test_each_machine_gives_one_row_the_run_with_two_workers_or_the_next_more() -> None:
    tables = [
        make_class_table({"anna": {"threads": ratio, "processes": 0.5, "workers": workers}})
        for workers, ratio in ((4, 1.4), (2, 1.2), (3, 1.3))
    ]
    several = pd.concat(
        [tables[0], *(table[table["runner"] == "threads"] for table in tables[1:])],
        ignore_index=True,
    )
    assert list(pick_machines(several, "threads")["time_ratio"]) == [1.2]
    assert list(pick_machines(several, "processes")["workers"]) == [4]


def test_machines_are_grouped_by_system_and_by_python() -> None:
    table = make_class_table()
    processes = pick_machines(table, "processes")
    assert list(processes["system"])[:3] == ["Linux, fork", "Linux, fork", "macOS, spawn"]
    assert set(pick_machines(table, "threads")["system"]) == {"Linux", "macOS", "Windows"}
    pythons = name_groups(processes, "python")
    assert pythons == ["3.9", "3.13", "3.13 without the GIL"]
    other = make_class_table({"pia": {"threads": 1.0, "implementation": "PyPy"}})
    assert list(pick_machines(other, "threads")["python"]) == ["PyPy 3.13"]


def test_more_groups_than_fit_share_one_line() -> None:
    machines = {f"m{n}": {"threads": 1.0, "python_version": f"3.{n % 15}"} for n in range(40)}
    groups = name_groups(pick_machines(make_class_table(machines), "threads"), "python")
    assert len(groups) == MOST_GROUPS + 1
    assert groups[-1] == OTHERS


@pytest.mark.parametrize(
    ("values", "far"),
    [
        ([*spread(1.0, 12, 0.1), 2.4], [12]),
        ([*spread(1.0, 12, 0.1), 0.3], [12]),
        (spread(1.0, 12, 0.5), []),
        ([1.0, 1.0, 1.0, 1.0, 1.2], []),
        ([1.0, 1.0, 1.0, 1.0, 1.3], [4]),
        ([1.0, 1.0, 5.0], []),
        ([], []),
    ],
)
def test_values_far_from_the_others_are_found(values: list[float], far: list[int]) -> None:
    found = find_outliers(pd.Series(values, dtype=float))
    assert list(found.index[found]) == far


def test_a_class_is_made_up_if_any_of_it_is() -> None:
    machines: Machines = {
        "anna": {"threads": 1.0},
        "ben": {"threads": 1.0, "recorded_on": "made up"},
    }
    assert is_made_up(make_class_table(machines))
    assert not is_made_up(make_class_table(recorded_on="a laptop"))


def test_a_table_of_a_class_is_checked() -> None:
    table = make_class_table()
    pd.testing.assert_frame_equal(convert(table, CLASS, "the table"), table)
    with pytest.raises(ResultsError, match="has a way of running twice in run run-anna"):
        convert(pd.concat([table, table[:1]]), CLASS, "the table")
    uneven = table.assign(usable_cores=[7, *table["usable_cores"][1:]])
    with pytest.raises(ResultsError, match="run run-anna is no single run: its rows differ in us"):
        convert(uneven, CLASS, "the table")
