"""How much memory a worker has of its own: weighed, summed up, told and drawn."""

import json
import re
import time

import pytest

from gil_demo import GilDemoError, ResultsError, draw, summarise, verdict, weigh_workers
from gil_demo.costs import memory
from gil_demo.drawing.style import INK
from gil_demo.running.scripts import Outcome
from tests.charts import assert_readable, list_bars, read_across
from tests.conftest import METHODS, list_workers
from tests.made.costs import (
    LARGE,
    MEGABYTE,
    ORDINARY_WEIGHTS,
    READS,
    SMALL,
    WAITS,
    Weights,
    make_weights,
)
from tests.made.runs import assert_one_run

pytestmark = pytest.mark.usefixtures("nothing_hangs")


def choose(*, method: str = "", parent: str = "") -> Weights:
    """Choose some of the ordinary weights."""
    return {
        key: weights
        for key, weights in ORDINARY_WEIGHTS.items()
        if key[0].startswith(method) and key[1].startswith(parent)
    }


def read_beside(waiting: float, reading: float, rounds: int = 2) -> Weights:
    """Weigh a forked worker beside a parent with a table, in megabytes."""
    return {
        ("fork", LARGE, deed): ([round(weight * MEGABYTE)] * rounds, [5 * MEGABYTE] * rounds)
        for deed, weight in ((WAITS, waiting), (READS, reading))
    }


@pytest.mark.usefixtures("no_wait")
def test_real_workers_of_every_start_method_are_a_whole_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "LEAST_ROUNDS", 1)  # each takes a while
    monkeypatch.setattr(memory, "TABLE_BYTES", MEGABYTE)
    before = list_workers()
    table = weigh_workers(budget=0.01)
    assert list_workers() == before
    assert_one_run(table, ["start_method", "parent", "deed"])
    sizes = table.groupby("start_method").size().to_dict()
    assert sizes == {method: 6 if method == "fork" else 4 for method in METHODS}
    assert table["table_bytes"].nunique() == 1


@pytest.fixture
def weighed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which start methods would be weighed, and let each script print what it should."""
    methods: list[str] = []

    def note(script: str, _: float) -> Outcome:
        assert "40000000" in script
        methods.append(next(method for method in METHODS if repr(method) in script))
        time.sleep(0.01)
        line = json.dumps([[[SMALL, WAITS, 3_000_000, 5_000_000]], 1_000_000 + len(methods)])
        return Outcome("finished", 0.01, f"a warning\n{line}\n")

    monkeypatch.setattr(memory, "run_script", note)
    return methods


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(("budget", "rounds"), [(0.001, 2), (60.0, 20)])
def test_there_are_two_to_twenty_rounds_of_every_start_method(
    budget: float, rounds: int, weighed: list[str]
) -> None:
    table = weigh_workers(budget=budget)
    assert_one_run(table, ["start_method", "parent", "deed"])
    assert set(table["rounds"]) == {rounds}
    assert list(table["start_method"]) == weighed == METHODS * rounds
    assert set(table["table_bytes"]) == {1_000_000 + (1 + len(weighed)) // 2}
    assert set(table["unique_bytes"]) == {3_000_000}
    assert set(table["parent_bytes"]) == {5_000_000}


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("printed", ["", "Killed\n", "3\n"])
def test_a_script_that_weighs_nothing_is_one_clear_error(
    printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "run_script", lambda *_: Outcome("failed", 0.5, printed))
    told = rf"workers started by {METHODS[0]} could not be weighed: failed \(0\.5 s\)"
    with pytest.raises(GilDemoError, match=told):
        weigh_workers(budget=0.001)


def test_a_run_lacks_no_round_and_has_one_size_of_table() -> None:
    table = make_weights()
    with pytest.raises(ResultsError, match="is not whole: fork, small, waits has 1 rows in 1 of 2"):
        verdict(table.drop(index=0))
    with pytest.raises(ResultsError, match=r"its rows differ in table_bytes$"):
        verdict(table.assign(table_bytes=range(1, len(table) + 1)))


def test_each_situation_is_summed_up_by_its_median_and_its_extremes() -> None:
    weights: Weights = {
        ("spawn", SMALL, WAITS): ([5, 9, 7], [1, 1, 1]),
        ("fork", LARGE, READS): ([40, 20, 30], [1, 1, 1]),
        ("fork", LARGE, WAITS): ([8, 8, 8], [1, 1, 1]),
        ("fork", SMALL, WAITS): ([3, 3, 3], [1, 1, 1]),
    }
    assert summarise(make_weights(weights, table_bytes=1_000)).to_dict("list") == {
        "start_method": ["fork", "fork", "fork", "spawn"],
        "parent": [SMALL, LARGE, LARGE, SMALL],
        "deed": [WAITS, WAITS, READS, WAITS],
        "rounds": [3, 3, 3, 3],
        "unique_bytes": [3.0, 8.0, 30.0, 7.0],
        "unique_low": [3.0, 8.0, 20.0, 5.0],
        "unique_high": [3.0, 8.0, 40.0, 9.0],
        "table_bytes": [1_000.0] * 4,
    }


def test_weights_are_told_in_these_sentences() -> None:
    assert verdict(make_weights(busy_percent=90.0, usable_cores=1)).splitlines() == [
        "By fork, a worker has of its own:",
        "  3 MB (2.97 MB to 3.03 MB) if it waits.",
        "  45 MB (44.5 MB to 45.5 MB) if it imports pandas.",
        "  3.2 MB (3.17 MB to 3.23 MB) if it waits beside a parent with a table.",
        "  38 MB (37.6 MB to 38.4 MB) if it reads its parent's table.",
        "  40 MB (39.6 MB to 40.4 MB) if it collects garbage beside that table.",
        "  4 MB (3.96 MB to 4.04 MB) if it does so after gc.freeze in its parent.",
        "By spawn, a worker has of its own:",
        "  9 MB (8.91 MB to 9.09 MB) if it waits.",
        "  55 MB (54.5 MB to 55.5 MB) if it imports pandas.",
        "  9 MB (8.91 MB to 9.09 MB) if it waits beside a parent with a table.",
        "  50 MB (49.5 MB to 50.5 MB) if it reads its parent's table.",
        "A forked worker shared its parent's table of 40 MB until it read it: reading counts "
        "references, and so 87 % of it was copied.",
        "Two rounds of each; the least and the most are in brackets.",
    ]
    assert verdict(make_weights({("fork", SMALL, WAITS): ([1], [1])})).splitlines() == [
        "By fork, a worker has of its own:",
        "  1 byte if it waits.",
        "One round of each.",
    ]


@pytest.mark.parametrize(
    ("waiting", "reading", "told"),
    [
        pytest.param(3, 23, "A forked worker shared its .* and so 50 % of it was", id="half"),
        pytest.param(3, 13, "Reading its parent's table copied 25 % of it", id="a quarter"),
        pytest.param(3, 2.9, "Reading its parent's table copied 0 % of it", id="less"),
        pytest.param(3, 99, "A forked worker shared its .* and so 100 % of it was", id="more"),
        pytest.param(10, 30, "Reading its parent's table copied 50 % of it", id="not shared"),
    ],
)
def test_what_reading_copied_is_told_from_nothing_to_all_of_the_table(
    waiting: float, reading: float, told: str
) -> None:
    line = verdict(make_weights(read_beside(waiting, reading))).splitlines()[-2]
    assert re.match(told, line)


@pytest.mark.parametrize(
    ("weights", "title", "size"),
    [
        (ORDINARY_WEIGHTS, "3 MB by fork and 9 MB by spawn; with pandas 45 MB to 55 MB", 40),
        (choose(method="spawn"), "9 MB by spawn; with pandas 55 MB", 40),
        (choose(parent=SMALL), "3 MB by fork and 9 MB by spawn; with pandas 45 MB to 55 MB", None),
        (read_beside(3, 19), "3 MB to 19 MB", None),  # a line at 40 MB would squeeze the bars
        (read_beside(3, 20), "3 MB to 20 MB", 40),
    ],
)
def test_the_title_tells_the_weights_and_the_table_is_marked_where_it_has_a_place(
    weights: Weights, title: str, size: float | None
) -> None:
    chart = assert_readable(draw, make_weights(weights))
    assert chart.texts[0].get_text() == f"A worker's own memory: {title}"
    (axes,) = chart.axes
    told = [text for text in axes.texts if text.get_text() == "size of the parent's table"]
    has_sharing = "copied" in verdict(make_weights(weights))
    assert has_sharing == (("fork", LARGE, READS) in weights)
    marked = [read_across(line) for line in axes.lines if line.get_color() != INK]
    assert marked == ([] if size is None else [[size, size]])
    assert len(told) == len(marked)


def test_the_chart_has_a_bar_for_each_situation_in_groups_by_start_method() -> None:
    chart = assert_readable(draw, make_weights())
    (axes,) = chart.axes
    assert chart.texts[1].get_text() == (
        "CPython 3.13.0, Linux, two usable cores; unique set size of one worker, its table 40 MB "
        "in the parent; two rounds of each"
    )
    assert (
        "Medians: fork, it waits: 3.0 MB; fork, it imports pandas: 45.0 MB; "
        "fork, it waits beside a parent with a table: 3.2 MB; "
    ) in chart.description
    bars = list_bars(axes)
    assert [bar.get_x() for bar in bars] == [0] * 10
    assert [bar.get_width() for bar in bars] == [3, 45, 3.2, 38, 40, 4, 9, 55, 9, 50]
    shared = [False, False, True, True, True, True, False, False, True, True]
    assert [bool(bar.get_hatch()) for bar in bars] == shared
    ends = [read_across(line) for line in axes.lines if line.get_color() == INK]
    assert ends[1] == pytest.approx([44.55, 45.45])
    assert list(axes.get_yticks()) == [0, 1, 2, 3, 4, 5, 6.75, 7.75, 8.75, 9.75]
    assert [label.get_text() for label in axes.get_yticklabels()][:6] == [
        *("waits", "imports pandas", "waits; its parent has a table", "reads that table"),
        *("collects garbage beside it", "the same after gc.freeze"),
    ]
    placed = {text.get_text(): text.xy[1] for text in axes.texts}  # type: ignore[attr-defined]
    assert (placed["fork"], placed["spawn"]) == (0, 6.75)
    assert axes.get_xlim() == pytest.approx((0, 1.16 * 55.55))
