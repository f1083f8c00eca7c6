import numpy as np
import pandas as pd
import pytest

from gil_demo.drawing.parts import finish, measure_ends, measure_shares
from gil_demo.drawing.style import make_chart


def test_an_interval_that_is_not_there_has_no_length() -> None:
    rows = pd.DataFrame({"time": [2.0, 3.0], "time_low": [1.5, None], "time_high": [2.25, None]})
    assert measure_ends(rows, "time") == [[0.5, 0.0], [0.25, 0.0]]


def test_a_bin_is_as_dark_as_bars_cover_it() -> None:
    bars = pd.DataFrame({"start_seconds": [0.5, 0.1], "end_seconds": [1.5, 0.2]})
    shares = measure_shares(bars, np.array([0.0, 0.2, 1.0, 2.0]))
    assert list(shares) == pytest.approx([0.5, 0.625, 0.5])


def test_bars_across_edges_are_shared_out_and_what_is_left_of_them_is_out_of_sight() -> None:
    bars = pd.DataFrame({"start_seconds": [0.5, 2.0, 9.0], "end_seconds": [2.0, 2.5, 9.5]})
    assert list(measure_shares(bars, np.array([1.0, 2.0, 3.0, 4.0]))) == [1.0, 0.5, 0.0]


def test_a_lane_without_a_bar_in_sight_is_empty() -> None:
    bars = pd.DataFrame({"start_seconds": [1.0], "end_seconds": [2.0]})
    for lane, edges in ((bars[:0], [0.0, 3.0]), (bars, [0.0, 0.5, 1.0]), (bars, [2.0, 3.0])):
        assert not measure_shares(lane, np.array(edges)).any()


def test_a_chart_is_described_by_its_own_words() -> None:
    chart = finish(make_chart(6, 3), "It is so", "a laptop", "One took 1 s.")
    assert [line.get_text() for line in chart.texts] == ["It is so", "a laptop"]
    assert chart.description == "Chart. It is so. One took 1 s. Conditions: a laptop."
    assert finish(make_chart(6, 3), "A", "b", "").description == "Chart. A. Conditions: b."
