from gil_demo.columns import RUNS
from tests.conftest import TableMaker


def test_a_fresh_table_has_the_columns_and_types_that_are_promised(make_run: TableMaker) -> None:
    table = make_run()
    assert list(table.columns) == list(RUNS.columns)
    assert {str(table[name].dtype) for name in ("workers", "round", "physical_cores")} == {"Int64"}
    assert table["seconds"].dtype == "float64"
    assert table["gil_enabled"].dtype == "bool"


def test_every_column_in_seconds_says_so_in_its_name() -> None:
    for name, column in RUNS.columns.items():
        assert (column.kind in ("seconds", "duration")) == name.endswith("seconds")
