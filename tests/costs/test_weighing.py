"""Workers are weighed in interpreters of their own; so are the tests of it."""

import json
from collections.abc import Iterator

import psutil
import pytest

from gil_demo.costs import weighing
from gil_demo.costs.memory import DEEDS, PARENTS
from gil_demo.costs.weighing import BYTES_A_ROW, make_held, read_held, set_held
from gil_demo.running.scripts import run_script
from tests.conftest import METHODS

TABLE_BYTES = 2_000_000
SMALL, LARGE = PARENTS
WAITS, IMPORTS, READS, COLLECTS, COLLECTS_FROZEN = DEEDS
WEIGH = """
from gil_demo.costs.weighing import weigh

if __name__ == "__main__":
    weigh({method!r}, {size})
"""


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    yield
    weighing._held.clear()


@pytest.mark.parametrize("method", METHODS)
def test_each_situation_is_weighed_once_and_printed_as_one_line(method: str) -> None:
    outcome = run_script(WEIGH.format(method=method, size=TABLE_BYTES), 30.0)
    assert outcome.state == "finished", outcome
    (line,) = outcome.output.splitlines()
    rows, added = json.loads(line)
    expected = [(SMALL, WAITS), (SMALL, IMPORTS), (LARGE, WAITS), (LARGE, READS)]
    if method == "fork":
        expected += [(LARGE, COLLECTS), (LARGE, COLLECTS_FROZEN)]
    assert [(parent, deed) for parent, deed, *_ in rows] == expected
    for *_, unique, parents in rows:
        assert type(unique) is int
        assert 0 < unique < psutil.virtual_memory().total
        assert 0 < parents < psutil.virtual_memory().total
    assert 0.5 * TABLE_BYTES < added < 3 * TABLE_BYTES
    weights = {(parent, deed): unique for parent, deed, unique, _ in rows}
    assert weights[SMALL, IMPORTS] > weights[SMALL, WAITS] + 10_000_000  # pandas
    assert weights[LARGE, READS] > weights[LARGE, WAITS]


OWN_MEMORY = """
from gil_demo.costs.weighing import measure_unique_bytes

measure_unique_bytes()
before = measure_unique_bytes()
held = bytearray(b"x") * 20_000_000
print(measure_unique_bytes() - before)
"""


def test_the_weight_is_this_process_s_own_memory() -> None:
    outcome = run_script(OWN_MEMORY)  # in this one there may be room for it that is not in use
    assert outcome.state == "finished", outcome
    assert int(outcome.output) > 15_000_000


def test_the_table_has_a_row_for_so_many_bytes_and_every_row_is_read() -> None:
    make_held(TABLE_BYTES)
    assert read_held() == TABLE_BYTES // BYTES_A_ROW
    set_held([[1.0, "1"]])
    assert read_held() == 1


def test_every_row_is_a_list_of_its_own() -> None:
    make_held(BYTES_A_ROW * 10)
    rows = weighing._held
    assert len({id(row) for row in rows}) == 10
    assert rows[3] == [3.0, "3"]


def test_weighing_loads_no_pandas_into_the_parent() -> None:
    script = "import sys\nimport gil_demo.weighing\nprint('pandas' in sys.modules)\n"
    assert run_script(script).output == "False\n"
