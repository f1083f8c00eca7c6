from functools import partial
from itertools import product

import numpy as np
import pytest

from gil_demo import ResultsError, compare_start_up
from gil_demo.costs import start_up
from gil_demo.costs.start_up import LOADS
from gil_demo.measuring.rounds import Start
from tests.charts import assert_readable, list_bars, read_across
from tests.conftest import METHODS
from tests.made.costs import make_starts
from tests.made.runs import assert_one_run, spread
from tests.made.unchecked import draw, summarise, verdict

FORK, FORK_PANDAS = ("fork", "nothing"), ("fork", "pandas")
GONE = [0.01] * 8

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


def test_real_pools_are_a_whole_table(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_up, "list_start_methods", lambda: [method])
    table = compare_start_up(workers=1, budget=0.01)
    assert_one_run(table, ["start_method", "loads"])
    told = sorted(zip(table["start_method"], table["loads"], strict=True))
    assert told == [(method, load) for load in LOADS]  # one whole round, however small the budget
    assert (table[["start_up_seconds", "tear_down_seconds"]] > 0).all(axis=None)


def test_all_start_methods_are_timed_without_an_import_and_with_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[tuple[object, ...]] = []

    def pretend(workers: int, method: str, prepare: "partial[object] | None") -> Start:
        start = Start(1.0 + len(started), 0.5)
        started.append((workers, method, prepare.args[0] if prepare else "nothing", *start))
        return start

    monkeypatch.setattr(start_up, "time_start", pretend)
    table = compare_start_up(workers=3, budget=0.001)
    measured = ["workers", "start_method", "loads", "start_up_seconds", "tear_down_seconds"]
    told = list(table[measured].itertuples(index=False, name=None))
    assert told == started[-len(table) :]  # a warm-up round comes first
    assert {(method, load) for _, method, load, *_ in told} == {*product(METHODS, LOADS)}


def test_each_start_is_summed_up_and_an_import_is_held_against_none_round_by_round() -> None:
    plain = [0.1, 0.5, 0.1, 0.3, 0.2, 0.1]
    loaded = [one + 0.25 for one in plain]
    summary = summarise(make_starts({FORK_PANDAS: (loaded, plain), FORK: (plain, loaded)}))
    assert list(summary["loads"]) == ["nothing", "pandas"]
    figures = ["rounds", "start_up_seconds", "start_up_low", "start_up_high", "tear_down_seconds"]
    assert list(summary.loc[0, figures]) == pytest.approx([6, 0.15, 0.1, 0.5, 0.4])
    extra = summary[["extra_seconds", "extra_low", "extra_high"]].to_numpy()
    assert extra == pytest.approx(np.repeat([[0], [0.25]], 3, axis=1))
    table = make_starts()
    lacking = table[(table["start_method"] != "spawn") | (table["loads"] == "pandas")]
    with pytest.raises(ResultsError, match="no starts without an import by spawn"):
        summarise(lacking)


def test_starts_are_told_in_these_sentences() -> None:
    first, *others = verdict(make_starts(busy_percent=60.0)).splitlines()
    assert first.startswith("Note: the machine was 60 % busy before the run; ")
    assert others == [
        "By fork: two workers ready after 12 ms (11.9 ms to 12.1 ms), gone after another 15 ms.",
        "  If each of them imports pandas: 338 ms (335 ms to 341 ms) later.",
        "By spawn: two workers ready after 110 ms (109 ms to 111 ms), gone after another 30 ms.",
        "  If each of them imports pandas: 410 ms (406 ms to 414 ms) later.",
        "Eight rounds of each.",
    ]
    # what an import adds is told where rounds enough tell it from nothing
    for plain, loaded, told, title in (
        (0.1, spread(0.3), "200 ms (197 ms to 203 ms) later", "100 ms by fork; pandas adds 200 ms"),
        (0.3, spread(0.1), "200 ms (199 ms to 201 ms) sooner", "300 ms by fork"),
        (0.1, [0.1] * 8, "ready after 100 ms, not clearly later", "100 ms by fork"),
    ):
        rounds = len(loaded)
        starts = {FORK: ([plain] * rounds, GONE), FORK_PANDAS: (loaded, GONE)}
        table = make_starts(starts, workers=1)
        assert f"\n  If each of them imports pandas: {told}.\n" in verdict(table)
        assert draw(table).texts[0].get_text() == f"A pool was ready after {title}"
    table = make_starts({FORK: ([0.1], [0.01]), FORK_PANDAS: ([0.3], [0.01])}, workers=1)
    assert verdict(table).splitlines() == [  # of one round, which has no interval
        "No verdict: only one round, an interval needs six; allow more seconds (budget).",
        "By fork: one worker ready after 100 ms, gone after another 10 ms.",
        "  If each of them imports pandas: ready after 300 ms.",
        "One round of each.",
    ]
    assert draw(table).texts[0].get_text() == "No verdict: only one round, an interval needs six"


def test_the_chart_has_a_bar_for_each_start_and_a_mark_for_each_round() -> None:
    chart = assert_readable(draw, make_starts())
    assert [text.get_text() for text in chart.texts] == [
        "A pool was ready after 12 ms by fork and 110 ms by spawn; pandas adds 338 ms to 410 ms",
        "CPython 3.13.0, Linux, two usable cores; pools of two workers; eight rounds of each",
    ]
    told = "Medians: fork 12.0 ms, tear-down 15.0 ms; fork, with pandas 350.0 ms, tear-down 20.0 ms"
    assert f"{told}; " in chart.description
    (axes,) = chart.axes
    bars = [(bar.get_x(), bar.get_width()) for bar in list_bars(axes)]
    assert [width for _, width in bars[::2]] == pytest.approx([12, 350, 110, 520])
    assert np.ravel(bars[1::2]) == pytest.approx([12, 15, 350, 20, 110, 30, 520, 40])
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["fork", "fork, with pandas", "spawn", "spawn, with pandas"]
    assert read_across(axes.lines[2]) == pytest.approx([1000 * one for one in spread(0.11)])
    assert axes.get_xlim() == pytest.approx((0, 1.12 * 560))
    assert [text.get_text() for text in axes.texts] == ["12 ms", "350 ms", "110 ms", "520 ms"]
    for longest, end, stray in ((0.04, 40, ""), (0.0401, 20, "; one mark further right")):
        (axes,) = draw(make_starts({FORK: ([0.01] * 7 + [longest], GONE)})).axes
        assert axes.get_xlim() == pytest.approx((0, 1.12 * end))  # not squeezed by stray rounds
        assert axes.get_xlabel().endswith(f"tear-down (hatched){stray}")
