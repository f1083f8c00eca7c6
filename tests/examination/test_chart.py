import pytest

from gil_demo import combine, draw, verdict
from tests.charts import assert_readable, list_bars
from tests.made.examination import CPU_BOUND, WAITING, make_examination


def test_each_way_has_a_bar_from_zero_and_a_cold_start_is_hatched() -> None:
    chart = assert_readable(draw, make_examination(CPU_BOUND))
    (axes,) = chart.axes
    bars = list_bars(axes)
    assert [bar.get_x() for bar in bars if not bar.get_hatch()] == [0, 0, 0, 0]
    (start,) = (bar for bar in bars if bar.get_hatch())
    assert start.get_width() == pytest.approx(0.03)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["Plain loop", "Threads", "Cold pool", "Kept pool"]
    assert "cold pool 2.11 s (2.1" in chart.description


@pytest.mark.parametrize("ratios", [CPU_BOUND, WAITING, {"threads": 1.0}])
def test_the_title_is_the_recommendation_of_the_verdict(ratios: dict[str, float]) -> None:
    table = make_examination(ratios)
    title = draw(table).texts[0].get_text()
    assert verdict(table).startswith(title.split(",")[0])


def test_runs_of_several_machines_or_pythons_have_bars_of_their_own() -> None:
    other = make_examination(WAITING, run_id="b", operating_system="Windows", rounds=20)
    chart = assert_readable(draw, combine([make_examination(), other]))
    assert len(chart.axes[0].get_yticklabels()) == 8
    title = chart.texts[0].get_text()
    assert title == (
        "Cold pool (CPython 3.13.0, Linux, two usable cores); "
        "threads (CPython 3.13.0, Windows, two usable cores)"
    )
    assert chart.texts[1].get_text() == "Two runs, 8 to 20 rounds of each"


def test_the_title_of_many_runs_counts_their_ways() -> None:
    kinds = (CPU_BOUND, CPU_BOUND, WAITING)
    runs = [make_examination(one, run_id=f"r{place}") for place, one in enumerate(kinds)]
    title = draw(combine(runs)).texts[0].get_text()
    assert title == "Cold pool (two runs); threads (one run)"
