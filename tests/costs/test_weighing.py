"""Workers are weighed in interpreters of their own; so are the tests of it."""

import json
from collections.abc import Iterator

import psutil
import pytest

from gil_demo.costs import weighing
from gil_demo.costs.weighing import BYTES_A_ROW, make_held, read_held, set_held
from gil_demo.running.scripts import run_script
from tests.conftest import EACH_METHOD
from tests.made.costs import COLLECTS, COLLECTS_FROZEN, IMPORTS, LARGE, READS, SMALL, WAITS

TABLE_BYTES = 2_000_000
WEIGH = """
from gil_demo.costs.weighing import weigh

if __name__ == "__main__":
    weigh({method!r}, {size})
"""
OWN_MEMORY = """
from gil_demo.costs.weighing import measure_unique_bytes

measure_unique_bytes()
before = measure_unique_bytes()
held = bytearray(b"x") * 20_000_000
print(measure_unique_bytes() - before)
"""


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    yield
    weighing.held_table.clear()


@pytest.mark.parametrize("method", EACH_METHOD)
def test_each_situation_is_weighed_once_and_printed_as_one_line(method: str) -> None:
    outcome = run_script(WEIGH.format(method=method, size=TABLE_BYTES), 30.0)
    assert outcome.state == "finished", outcome
    rows, added = json.loads(outcome.output)
    expected = [(SMALL, WAITS), (SMALL, IMPORTS), (LARGE, WAITS), (LARGE, READS)]
    if method == "fork":
        expected += [(LARGE, COLLECTS), (LARGE, COLLECTS_FROZEN)]
    assert [(parent, deed) for parent, deed, *_ in rows] == expected
    for *_, unique, parents in rows:
        assert 0 < unique < psutil.virtual_memory().total
        assert 0 < parents < psutil.virtual_memory().total
    assert 0.5 * TABLE_BYTES < added < 3 * TABLE_BYTES
    weights = {(parent, deed): unique for parent, deed, unique, _ in rows}
    assert weights[SMALL, IMPORTS] > weights[SMALL, WAITS] + 10_000_000  # pandas
    assert weights[LARGE, READS] > weights[LARGE, WAITS]


def test_the_weight_is_this_process_s_own_memory() -> None:
    outcome = run_script(OWN_MEMORY)  # in this one there may be room for it that is not in use
    assert outcome.state == "finished", outcome
    assert 15_000_000 < int(outcome.output) < 30_000_000


def test_the_table_has_a_list_for_so_many_bytes_and_every_row_is_read() -> None:
    make_held(TABLE_BYTES)
    assert read_held() == TABLE_BYTES // BYTES_A_ROW
    assert weighing.held_table[3] == [3.0, "3"]
    set_held([[1.0, "1"]])
    assert read_held() == 1
