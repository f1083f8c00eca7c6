import pytest

from gil_demo.costs import weighing
from gil_demo.costs.weighing import BYTES_A_ROW, make_held, read_held, set_held
from gil_demo.running.scripts import run_script

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
    assert 15_000_000 < int(outcome.output) < 30_000_000


def test_the_table_has_lists_and_every_row_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighing, "held_table", [])
    make_held(2_000_000)
    assert read_held() == 2_000_000 // BYTES_A_ROW
    assert weighing.held_table[3] == [3.0, "3"]
    set_held([[1.0, "1"]])
    assert read_held() == 1
