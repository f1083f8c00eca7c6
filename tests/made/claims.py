import pandas as pd

from gil_demo.claims import CLAIMS, QUANTITIES
from tests.made.runs import Measured, make

ORDINARY: Measured = {
    "C1": (1.03, 1.01, 1.05),
    "C2": (0.98, 0.0),
    "C3": (2.0,),
    "C4": (0.5, 0.95, 0.75, 0.96),
    "C5": (2.0, 0.0004, 0.03, 13.0),
    "C6": (0.0, 6.0, 6.0),
    "C7": (1.0, 1.0, 0.0, 1.0),
}


def make_claims(changes: Measured | None = None, **facts: object) -> pd.DataFrame:
    """Make the table behind a scorecard, with what differs from an ordinary machine's."""
    values = {**ORDINARY, **(changes or {})}
    rows = [
        {"claim": claim, "quantity": name, "value": value}
        for claim, names in QUANTITIES.items()
        for name, value in zip(names, values[claim], strict=True)
    ]
    return make(CLAIMS, rows, {"run_id": "c1", "workers": 2, "start_method": "fork"} | facts)
