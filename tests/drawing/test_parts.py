import numpy as np
import pandas as pd

from gil_demo.drawing.parts import measure_ends, measure_shares


def test_an_interval_that_is_not_there_is_not_drawn() -> None:
    rows = pd.DataFrame({"time": [2.0, 3.0], "time_low": [1.5, None], "time_high": [2.25, None]})
    below, above = measure_ends(rows, "time")
    assert (below[0], above[0]) == (0.5, 0.25)
    assert np.isnan([below[1], above[1]]).all()


def test_a_bin_is_as_dark_as_bars_cover_it_and_what_is_left_of_all_is_out_of_sight() -> None:
    for bars, edges, shares in (
        ([(0.5, 1.5), (0.125, 0.25)], [0.0, 0.25, 1.25, 2.25], [0.5, 0.75, 0.25]),
        ([(0.5, 2.0), (2.0, 2.5), (9.0, 9.5)], [1.0, 2.0, 3.0, 4.0], [1.0, 0.5, 0.0]),
        ([], [0.0, 3.0], [0.0]),
        ([(1.0, 2.0)], [0.0, 0.5, 1.0], [0.0, 0.0]),
        ([(1.0, 2.0)], [2.0, 3.0], [0.0]),
    ):
        lane = pd.DataFrame(bars, columns=["start_seconds", "end_seconds"], dtype=float)
        assert list(measure_shares(lane, np.array(edges))) == shares
