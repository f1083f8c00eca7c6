from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from gil_demo import draw, scale, verdict
from gil_demo.drawing.style import get_look
from tests.charts import assert_readable, draw_and_list_texts, read_across, read_up
from tests.conftest import METHODS
from tests.made.runs import SCALED, Ratios, make_run, make_scaling, spread

MANY: Ratios = {
    (runner, workers): spread(1.02 if runner == "threads" else 1 / min(workers, 4))
    for runner in ("threads", "processes")
    for workers in (1, 2, 4, 8, 12)
}


@pytest.mark.usefixtures("no_wait")
def test_every_runner_is_measured_with_every_number_of_workers() -> None:
    table = scale([1, 3], count=10_001, budget=0.3, start_method=METHODS[0])
    ways = (
        table[["runner", "workers", "tasks"]].drop_duplicates().sort_values(["runner", "workers"])
    )
    assert ways.to_numpy().tolist() == [
        *(["processes", 1, 1], ["processes", 3, 3]),
        *(["sequential", 1, 3], ["threads", 1, 1], ["threads", 3, 3]),
    ]
    assert table[["experiment", "count"]].drop_duplicates().to_numpy().tolist() == [
        ["scale", 10_001]
    ]


def test_the_title_and_the_description_tell_the_most_workers() -> None:
    assert draw(make_scaling()).description == (
        "Chart. Four threads ran at 0.95 × the speed of the plain loop; four processes at 3.33 ×. "
        "Medians: two threads 0.212 s, speed-up 0.98 (0.97 to 0.99); four threads 0.218 s, "
        "speed-up 0.95 (0.94 to 0.96); two processes 0.114 s, speed-up 1.82 (1.80 to 1.84); "
        "four processes 0.062 s, speed-up 3.33 (3.30 to 3.37). Conditions: CPython 3.13.0, Linux, "
        "four usable cores, processes by fork; eight rounds of 4,000,000 steps."
    )


def test_a_run_that_carries_no_verdict_and_the_plain_loop_alone_have_titles() -> None:
    title = draw(make_scaling(usable_cores=1)).texts[0].get_text()
    assert title == "No verdict: one usable core, no speed-up can show"
    assert draw(make_scaling({})).description.startswith("Chart. The plain loop alone. Medians: .")


def test_the_verdict_begins_as_that_of_a_comparison() -> None:
    compared = verdict(make_run(SCALED, usable_cores=4))
    assert verdict(make_scaling()).startswith(compared)


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


def test_more_cores_than_workers_are_out_of_sight() -> None:
    axes = draw(make_scaling(MANY, usable_cores=13, logical_cores=13)).axes[0]
    assert not any("usable" in text.get_text() for text in axes.texts)
    assert [1, 12, 12] in [read_up(line) for line in axes.lines]


def test_the_labels_at_the_ends_of_the_lines_do_not_touch() -> None:
    ratios = {(runner, n): spread(1.0) for runner in ("threads", "processes") for n in (1, 2)}
    chart = draw(make_scaling(ratios))
    draw_and_list_texts(chart)
    labels = [text for text in chart.axes[0].texts if text.get_weight() == "bold"]
    names = [text.get_text() for text in labels]
    assert sorted(names) == ["ideal", "plain loop", "processes", "threads"]
    boxes = sorted((text.get_window_extent() for text in labels), key=lambda box: float(box.y0))
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))


@pytest.mark.parametrize(
    ("ratios", "facts"),
    [
        ({key: [1.0] for key in MANY}, {}),
        ({key: spread(1.0, 8, 1.9) for key in MANY}, {"usable_cores": 12}),
        ({("threads", 2): spread(80.0)}, {"gil_enabled": False}),
    ],
    ids=["one round", "noise", "very slow"],
)
def test_every_scaling_draws_with_its_texts_in_sight(ratios: Ratios, facts: Any) -> None:
    assert_readable(draw, make_scaling(ratios, **facts))
