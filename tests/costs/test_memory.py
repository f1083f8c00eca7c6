import json
import re
import time

import pytest

from gil_demo import GilDemoError, draw, summarise, verdict, weigh_workers
from gil_demo.costs import memory
from gil_demo.drawing.style import INK
from gil_demo.running.scripts import Outcome
from tests.charts import assert_readable, list_bars, read_across
from tests.conftest import EACH_METHOD, METHODS
from tests.made import costs as made
from tests.made.costs import LARGE, MEGABYTE, READS, SMALL, WAITS, Weights, make_weights
from tests.made.runs import assert_one_run

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


@pytest.mark.parametrize("method", EACH_METHOD)
def test_real_workers_are_a_whole_table(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LEAST_ROUNDS", 1)  # each takes a while
    monkeypatch.setattr(memory, "TABLE_BYTES", 2 * MEGABYTE)
    monkeypatch.setattr(memory, "list_start_methods", lambda: [method])
    table = weigh_workers(budget=0.01)
    assert_one_run(table, ["start_method", "parent", "deed"])
    situations = [key[1:] for key in made.ORDINARY_WEIGHTS][: 6 if method == "fork" else 4]
    assert list(zip(table["parent"], table["deed"], strict=True)) == situations
    assert table["table_bytes"].between(1 * MEGABYTE, 6 * MEGABYTE).all()
    weights = table.set_index(["parent", "deed"])["unique_bytes"]
    assert weights[SMALL, made.IMPORTS] > weights[SMALL, WAITS] + 10 * MEGABYTE  # pandas
    assert weights[LARGE, READS] > weights[LARGE, WAITS]


@pytest.mark.parametrize(("budget", "rounds"), [(0.001, 2), (60.0, 20)])
def test_there_are_two_to_twenty_rounds_of_every_start_method(
    budget: float, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[str] = []

    def note(script: str, _: float) -> Outcome:
        assert "40000000" in script
        weighed.append(next(method for method in METHODS if repr(method) in script))
        time.sleep(0.01)
        line = json.dumps([[[SMALL, WAITS, 3_000_000, 5_000_000]], 1_000_000 + len(weighed)])
        return Outcome("finished", 0.01, f"a warning\n{line}\n")

    monkeypatch.setattr(memory, "run_script", note)
    table = weigh_workers(budget=budget)
    assert_one_run(table, ["start_method", "parent", "deed"])
    assert set(table["rounds"]) == {rounds}
    assert list(table["start_method"]) == weighed == METHODS * rounds
    assert set(table["table_bytes"]) == {1_000_000 + (1 + len(weighed)) // 2}
    assert set(table["unique_bytes"]) == {3_000_000}
    assert set(table["parent_bytes"]) == {5_000_000}


@pytest.mark.parametrize("printed", ["", "Killed\n", "3\n"])
def test_a_script_without_weights_is_told(printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "run_script", lambda *_: Outcome("failed", 0.5, printed))
    told = rf"workers started by {METHODS[0]} could not be weighed: failed \(0\.5 s\)"
    with pytest.raises(GilDemoError, match=told):
        weigh_workers(budget=0.001)


def test_each_situation_is_summed_up_by_its_median_and_its_extremes() -> None:
    weights: Weights = {
        ("spawn", SMALL, WAITS): ([5, 9, 7], [1, 1, 1]),
        ("fork", LARGE, READS): ([40, 20, 30], [1, 1, 1]),
        ("fork", LARGE, WAITS): ([8, 8, 8], [1, 1, 1]),
    }
    summary = summarise(make_weights(weights, table_bytes=1_000))
    assert list(summary.itertuples(index=False, name=None)) == [
        ("fork", LARGE, WAITS, 3, 8.0, 8.0, 8.0, 1_000.0),
        ("fork", LARGE, READS, 3, 30.0, 20.0, 40.0, 1_000.0),
        ("spawn", SMALL, WAITS, 3, 7.0, 5.0, 9.0, 1_000.0),
    ]


def test_weights_are_told_in_these_sentences() -> None:
    lines = verdict(make_weights(busy_percent=90.0, usable_cores=1)).splitlines()
    assert lines[:9] == [
        "By fork, a worker has of its own:",
        "  3 MB (2.97 MB to 3.03 MB) if it waits.",
        "  45 MB (44.5 MB to 45.5 MB) if it imports pandas.",
        "  3.2 MB (3.17 MB to 3.23 MB) if it waits beside a parent with a table.",
        "  38 MB (37.6 MB to 38.4 MB) if it reads its parent's table.",
        "  40 MB (39.6 MB to 40.4 MB) if it collects garbage beside that table.",
        "  4 MB (3.96 MB to 4.04 MB) if it does so after gc.freeze in its parent.",
        "By spawn, a worker has of its own:",
        "  9 MB (8.91 MB to 9.09 MB) if it waits.",
    ]
    assert lines[12:] == [
        "A forked worker shared its parent's table of 40 MB until it read it: reading counts "
        "references, and so 87 % of it was copied.",
        "Two rounds of each; the least and the most are in brackets.",
    ]
    alone = verdict(make_weights({("fork", SMALL, WAITS): ([1], [1])})).splitlines()
    assert alone[1:] == ["  1 byte if it waits.", "One round of each."]


@pytest.mark.parametrize(
    ("waiting", "reading", "told", "marks"),
    [
        (3, 13, "Reading its parent's table copied 25 % of it", []),
        (3, 2.9, "Reading its parent's table copied 0 % of it", []),
        (3, 19, "A forked worker shared its .* and so 40 % of it was", []),
        (3, 20, "A forked worker shared its .* and so 42 % of it was", [40]),
        (10, 60, "Reading its parent's table copied 100 % of it", [40]),  # it hadn't shared it
    ],
)
def test_what_reading_copied_is_told_and_the_table_is_marked_where_it_has_a_place(
    waiting: float, reading: float, told: str, marks: list[float]
) -> None:
    weights: Weights = {
        ("fork", LARGE, deed): ([round(weight * MEGABYTE)] * 2, [5 * MEGABYTE] * 2)
        for deed, weight in ((WAITS, waiting), (READS, reading))
    }
    table = make_weights(weights)
    assert re.match(told, verdict(table).splitlines()[-2])
    chart = draw(table)
    ends = f"{min(waiting, reading):.3g} MB to {max(waiting, reading):.3g} MB"
    assert chart.texts[0].get_text() == f"A worker's own memory: {ends}"
    lines = chart.axes[0].lines
    assert [read_across(line)[0] for line in lines if line.get_color() != INK] == marks


def test_the_chart_has_a_bar_for_each_situation_in_groups_by_start_method() -> None:
    chart = assert_readable(draw, make_weights())
    (axes,) = chart.axes
    title, conditions = (text.get_text() for text in chart.texts)
    assert title.endswith(": 3 MB by fork and 9 MB by spawn; with pandas 45 MB to 55 MB")
    told = "cores; unique set size of one worker, its table 40 MB in the parent; two rounds of each"
    assert conditions.endswith(told)
    assert "Medians: fork, it waits: 3.0 MB; fork, it imports pandas: 45.0 MB;" in chart.description
    bars = list_bars(axes)
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
