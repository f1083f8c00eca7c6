from typing import Any

import pytest

from gil_demo import ResultsError, verdict
from tests.made.costs import make_lengths, make_starts, make_transfers, make_weights


@pytest.mark.parametrize(
    ("make", "lacking", "alike"),
    [
        (make_lengths, "sequential, .* has 7 rows in 7 of 8 rounds", "tasks"),
        (make_starts, "fork, nothing has 7 rows in 7 of 8 rounds", "workers"),
        (make_transfers, "bytes, pickling, .* has 7 rows in 7 of 8 rounds", "start_method"),
        (make_weights, "fork, small, waits has 1 rows in 1 of 2 rounds", "table_bytes"),
    ],
)
def test_a_run_lacks_no_round_and_is_of_one_kind(make: Any, lacking: str, alike: str) -> None:
    table = make()
    with pytest.raises(ResultsError, match=f"is not whole: {lacking}"):
        verdict(table.drop(index=0))
    table[alike] = table[alike].where(table.index > 0, "spawn" if alike == "start_method" else 7)
    with pytest.raises(ResultsError, match=f"its rows differ in {alike}$"):
        verdict(table)
