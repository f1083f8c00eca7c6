import matplotlib as mpl

from gil_demo import sketch
from gil_demo.drawing.style import draw_png
from tests.charts import ODD_SETTINGS

LANES = {"thread 1", "thread 2", "its thread", "the lock", "its lock"}


def test_a_sketch_says_that_nothing_was_measured_and_who_holds_which_lock_when() -> None:
    for runner, lanes, running, waiting in (("threads", 3, 6, 6), ("processes", 4, 2, 0)):
        chart = sketch(runner)
        told = [text.get_text() for text in chart.axes[0].texts]
        assert told.count("runs") == running
        assert told.count("waits") == waiting
        assert sum(one in LANES for one in told) == lanes
        assert "A sketch, not measured" in chart.description
        assert chart.description.startswith(f"Chart. Two {runner}, ")
        with mpl.rc_context(ODD_SETTINGS):  # of the reader's, which change nothing
            assert draw_png(sketch(runner)) == draw_png(chart)
    holders = [text.get_text() for text in sketch("threads").axes[0].texts]
    assert [one for one in holders if one.startswith("held")] == ["held by 1", "held by 2"] * 3
