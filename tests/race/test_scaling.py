from itertools import pairwise

import numpy as np
import pytest

from gil_demo import scale
from gil_demo.drawing.style import get_look
from tests.charts import assert_readable, read_across, read_up
from tests.made.runs import SCALED, Ratios, make_run, make_scaling, spread
from tests.made.unchecked import draw, verdict

MANY: Ratios = {
    (runner, workers): spread(1.02 if runner == "threads" else 1 / min(workers, 4))
    for runner in ("threads", "processes")
    for workers in (1, 2, 4, 8, 12)
}


@pytest.mark.usefixtures("no_wait")
def test_every_runner_is_measured_with_every_number_of_workers() -> None:
    table = scale([1, 3], budget=0.3)
    ways = set(zip(table["runner"], table["workers"], table["tasks"], strict=True))
    pooled = {(runner, number, number) for runner in ("processes", "threads") for number in (1, 3)}
    assert ways == {("sequential", 1, 3), *pooled}
    assert set(table["experiment"]) == {"scale"}


def test_a_scaling_is_told_by_its_most_workers_and_then_as_a_comparison() -> None:
    table = make_scaling()
    assert draw(table).description == (
        "Chart. No faster with four threads; four processes ran at 3.33 × the speed of the plain "
        "loop. Work and speed-ups: two threads 212 ms, speed-up 0.98 (0.96 to 1.00); four threads "
        "218 ms, speed-up 0.95 (0.93 to 0.97); two processes 114 ms, speed-up 1.82 (1.78 to 1.86); "
        "four processes 62.3 ms, speed-up 3.33 (3.26 to 3.40). Conditions: CPython 3.13.0, Linux, "
        "four usable cores, processes by fork; eight rounds of 4,000,000 steps."
    )
    assert verdict(table).startswith(verdict(make_run(SCALED, usable_cores=4)))
    title = draw(make_scaling(usable_cores=1)).texts[0].get_text()
    assert title == "No verdict: one usable core, no speed-up can show"
    assert draw(make_scaling({})).description.startswith("Chart. The plain loop alone. Cond")


def test_the_lines_run_through_the_speed_ups_and_the_ideal_bends_at_the_cores() -> None:
    axes = draw(make_scaling(MANY)).axes[0]
    for container, runner in zip(axes.containers, ("threads", "processes"), strict=True):
        line, _, (bars,) = container.lines
        assert line.get_color() == get_look(runner).colour
        assert read_across(line) == [1, 2, 4, 8, 12]
        ends = np.array([path.vertices[:, 1] for path in bars.get_paths()])
        assert (ends[:, 0] < read_up(line)).all()
        assert (ends[:, 1] > read_up(line)).all()
    threads, processes = (read_up(axes.containers[n].lines[0]) for n in (0, 1))
    assert threads == pytest.approx([1 / 1.02] * 5, rel=0.001)
    assert processes == pytest.approx([1, 2, 4, 4, 4], rel=0.001)
    assert [1, 4, 12] in [read_across(line) for line in axes.lines]
    assert [1, 4, 4] in [read_up(line) for line in axes.lines]
    assert [4, 4] in [read_across(line) for line in axes.lines]
    assert "4 usable cores" in [text.get_text() for text in axes.texts]
    assert axes.get_ylim()[0] == 0
    assert list(axes.get_xticks()) == [1, 2, 4, 8, 12]
    # more cores than workers are out of sight
    axes = draw(make_scaling(MANY, usable_cores=13, logical_cores=13)).axes[0]
    assert not any("usable" in text.get_text() for text in axes.texts)
    assert [1, 12, 12] in [read_up(line) for line in axes.lines]


def test_every_scaling_draws_with_its_texts_in_sight_and_the_labels_of_lines_apart() -> None:
    for table in (
        make_scaling({key: [1.0] for key in MANY}),
        make_scaling({key: spread(1.0, 8, 1.9) for key in MANY}, usable_cores=12),
        make_scaling({("threads", 2): spread(80.0)}, gil_enabled=False),
        make_scaling({("threads", 4): spread(80.0)}),
        make_scaling({key: spread(1.0) for key in MANY if key[1] <= 2}),
    ):
        axes = assert_readable(draw, table).axes[0]
        labels = [text for text in axes.texts if text.get_fontweight() == "bold"]
        names = {"ideal", "plain loop", *table["runner"]} - {"sequential"}
        assert sorted(text.get_text() for text in labels) == sorted(names)
        boxes = sorted((text.get_window_extent() for text in labels), key=lambda box: float(box.y0))
        assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))
        for cores in (text.get_window_extent() for text in axes.texts if text not in labels):
            assert not cores.count_overlaps(boxes)
