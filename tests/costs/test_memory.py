import json
import re
import time
from unittest.mock import Mock

import psutil
import pytest

from gil_demo import GilDemoError, weigh_workers
from gil_demo.costs import memory
from gil_demo.drawing.style import INK
from gil_demo.running.scripts import Outcome
from tests.charts import assert_readable, list_bars, read_across
from tests.conftest import METHODS
from tests.made import costs as made
from tests.made.costs import LARGE, MEGABYTE, READS, SMALL, WAITS, make_weights
from tests.made.runs import assert_one_run
from tests.made.unchecked import draw, verdict

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


def test_real_workers_are_a_whole_table(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LEAST_ROUNDS", 1)  # each takes a while
    monkeypatch.setattr(memory, "TABLE_BYTES", 4 * MEGABYTE)  # a parent may have one to spare
    monkeypatch.setattr(memory, "list_start_methods", lambda: [method])
    table = weigh_workers(budget=0.01)
    assert_one_run(table, ["start_method", "parent", "deed"])
    situations = [key[1:] for key in made.ORDINARY_WEIGHTS][: 6 if method == "fork" else 4]
    assert list(zip(table["parent"], table["deed"], strict=True)) == situations
    assert table["table_bytes"].between(2 * MEGABYTE, 12 * MEGABYTE).all()
    weights = table.set_index(["parent", "deed"])["unique_bytes"]
    assert weights[SMALL, made.IMPORTS] > weights[SMALL, WAITS] + 10 * MEGABYTE  # pandas
    assert weights[LARGE, READS] > weights[LARGE, WAITS]


def test_there_are_two_to_twenty_rounds_of_every_start_method_with_weights_in_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def pretend(script: str, _: float) -> Outcome:
        time.sleep(0.01)
        method = next(method for method in METHODS if f"weigh({method!r}, 40000000)" in script)
        line = json.dumps([[[SMALL, WAITS, len(method)]], 1_000])
        return Outcome("finished", 0.01, f"a warning<answer>{line}</answer>noise")

    monkeypatch.setattr(memory, "measure_unique_bytes", Mock())
    monkeypatch.setattr(memory, "run_script", pretend)
    for budget, rounds in ((0.001, 2), (60.0, 20)):
        table = weigh_workers(budget=budget)
        assert_one_run(table, ["start_method", "parent", "deed"])
        assert list(table["start_method"]) == METHODS * rounds
        assert list(table["unique_bytes"]) == [len(method) for method in METHODS] * rounds
        facts = table[["rounds", "table_bytes"]].drop_duplicates()
        assert facts.to_numpy().tolist() == [[rounds, 1_000]]
    told = rf"workers started by {METHODS[0]} could not be weighed: failed \(0\.5 s\)"
    failed = Mock(return_value=Outcome("failed", 0.5, "Killed\n"))
    monkeypatch.setattr(memory, "run_script", failed)
    with pytest.raises(GilDemoError, match=told):
        weigh_workers(budget=0.001)


@pytest.mark.usefixtures("nothing_may_be_measured")
def test_where_the_system_does_not_tell_it_is_said_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for fault in (OSError(22, "Invalid parameter"), AttributeError("uss"), psutil.AccessDenied(1)):
        monkeypatch.setattr(psutil.Process, "memory_full_info", Mock(side_effect=fault))
        told = rf"^this system doesn't tell how much memory .* of its own \({re.escape(str(fault))}"
        with pytest.raises(GilDemoError, match=told):
            weigh_workers()


def test_weights_are_told_in_these_sentences() -> None:
    lines = verdict(make_weights(busy_percent=90.0, usable_cores=1)).splitlines()
    assert lines[:9] == [
        "By fork, a worker has of its own:",
        "  3 MB (2.97 MB to 3.03 MB) if it waits.",
        "  45 MB (44.5 MB to 45.5 MB) if it imports pandas.",
        "  3.2 MB (3.17 MB to 3.23 MB) if it waits beside a parent with a list.",
        "  38 MB (37.6 MB to 38.4 MB) if it reads its parent's list.",
        "  40 MB (39.6 MB to 40.4 MB) if it collects garbage beside that list.",
        "  4 MB (3.96 MB to 4.04 MB) if it does so after gc.freeze in its parent.",
        "By spawn, a worker has of its own:",
        "  9 MB (8.91 MB to 9.09 MB) if it waits.",
    ]
    assert lines[12:] == [
        "A forked worker shared its parent's list of 40 MB until it read it: reading counts "
        "references, and so 87 % of it was copied.",
        "Two rounds of each; the least and the most are in brackets.",
    ]
    alone = verdict(make_weights({("fork", SMALL, WAITS): [[1]]})).splitlines()
    assert alone[1:] == ["  1 byte if it waits.", "One round of each."]
    three = verdict(make_weights({("fork", SMALL, WAITS): [[5_000, 12_000, 7_000]]}))
    assert "\n  7 kB (5 kB to 12 kB) if it waits.\n" in three  # the median


def test_what_reading_copied_is_told_and_the_table_is_marked_where_it_has_a_place() -> None:
    for waiting, reading, ends, told, marks in (
        (3, 13, "3 MB to 13 MB", "Reading its parent's list copied 25 % of it", []),
        (3, 2.9, "2.9 MB to 3 MB", "Reading its parent's list copied 0 % of it", []),
        (3, 19, "3 MB to 19 MB", "A forked worker shared its .* and so 40 % of it was", []),
        (3, 20, "3 MB to 20 MB", "A forked worker shared its .* and so 42 % of it was", [40]),
        # it hadn't shared it
        (10, 60, "10 MB to 60 MB", "Reading its parent's list copied 100 % of it", [40]),
    ):
        waits, reads = ([round(MEGABYTE * weight)] * 2 for weight in (waiting, reading))
        table = make_weights({("fork", LARGE, WAITS): [waits], ("fork", LARGE, READS): [reads]})
        assert re.match(told, verdict(table).splitlines()[-2])
        chart = draw(table)
        assert chart.texts[0].get_text() == f"A worker's own memory: {ends}"
        lines = chart.axes[0].lines
        assert [read_across(line)[0] for line in lines if line.get_color() != INK] == marks


def test_the_chart_has_a_bar_for_each_situation_in_groups_by_start_method() -> None:
    chart = assert_readable(draw, make_weights())
    (axes,) = chart.axes
    title, conditions = (text.get_text() for text in chart.texts)
    assert title.endswith(": 3 MB by fork and 9 MB by spawn; with pandas 45 MB to 55 MB")
    told = "cores; unique set size of one worker, a list of 40 MB in its parent; two rounds of each"
    assert conditions.endswith(told)
    assert "Medians: fork, it waits: 3.0 MB; fork, it imports pandas: 45.0 MB;" in chart.description
    bars = list_bars(axes)
    assert [bar.get_width() for bar in bars] == [3, 45, 3.2, 38, 40, 4, 9, 55, 9, 50]
    assert [bool(bar.get_hatch()) for bar in bars] == [0, 0, 1, 1, 1, 1, 0, 0, 1, 1]
    ends = [read_across(line) for line in axes.lines if line.get_color() == INK]
    assert ends[1] == pytest.approx([44.55, 45.45])
    assert [label.get_text() for label in axes.get_yticklabels()][:6] == [
        *("waits", "imports pandas", "waits; its parent has a list", "reads that list"),
        *("collects garbage beside it", "the same after gc.freeze"),
    ]
    placed = {text.get_text(): text.xy[1] for text in axes.texts}  # type: ignore[attr-defined]
    assert (placed["fork"], placed["spawn"]) == (0, 6.75)
    assert axes.get_xlim() == pytest.approx((0, 1.16 * 55.55))
