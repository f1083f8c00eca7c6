import math
import time
from collections.abc import Sequence
from functools import partial
from importlib import import_module

import pytest

from gil_demo import ResultsError, compare_start_up, draw, summarise, verdict
from gil_demo.checks import GilDemoError
from gil_demo.costs import start_up
from gil_demo.costs.start_up import LOADS, Start, check_start_methods, time_start
from tests.charts import assert_readable, list_bars, read_across
from tests.conftest import EACH_METHOD, METHODS, list_workers
from tests.made.costs import make_starts
from tests.made.runs import assert_one_run, spread

FORK, FORK_PANDAS = ("fork", "nothing"), ("fork", "pandas")
GONE = [0.01] * 8

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


@pytest.mark.parametrize("method", EACH_METHOD)
def test_real_pools_are_a_whole_table(method: str) -> None:
    table = compare_start_up([method], workers=1, budget=0.01)
    assert_one_run(table, ["start_method", "loads"])
    told = set(zip(table["start_method"], table["loads"], strict=True))
    assert told == {(method, load) for load in LOADS}
    assert set(table["round"]) == {1}  # one whole round, however small the budget


def test_each_round_starts_all_in_an_order_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[object, ...]] = []

    def note(workers: int, method: str, prepare: "partial[object] | None") -> Start:
        started.append((workers, method, prepare.args[0] if prepare else "nothing"))
        time.sleep(0.001)
        return Start(len(started), 0.5)

    monkeypatch.setattr(start_up, "time_start", note)
    table = compare_start_up(METHODS[::-1], workers=3, budget=0.3)
    size = len(METHODS) * len(LOADS)
    told = zip(table["workers"], table["start_method"], table["loads"], strict=True)
    assert list(told) == started[size:]  # a warm-up round comes first
    assert list(table["start_up_seconds"]) == list(range(size + 1, len(started) + 1))
    assert set(table["tear_down_seconds"]) == {0.5}


def test_start_methods_are_taken_as_they_are_given_or_all_of_the_machine() -> None:
    assert check_start_methods(None) == METHODS
    assert check_start_methods(tuple(METHODS[::-1])) == METHODS[::-1]


def test_a_start_is_timed_in_two_parts_and_leaves_no_process() -> None:
    before = list_workers()
    start = time_start(2, METHODS[0], partial(import_module, "json"))
    assert list_workers() == before
    assert start.start_up > 0
    assert start.tear_down > 0
    assert Start(0.5, 0.25).work == 0.75
    with pytest.raises(GilDemoError, match="ModuleNotFoundError: No module named 'no_such_module'"):
        time_start(2, METHODS[0], partial(import_module, "no_such_module"))


def test_each_start_is_summed_up_and_an_import_is_held_against_none_round_by_round() -> None:
    plain = [0.1, 0.5, 0.1, 0.3, 0.2, 0.1]
    loaded = [one + 0.25 for one in plain]
    summary = summarise(make_starts({FORK_PANDAS: (loaded, plain), FORK: (plain, loaded)}))
    assert list(summary["loads"]) == ["nothing", "pandas"]
    assert summary.iloc[0, 2:].to_dict() == pytest.approx(
        {"rounds": 6, "start_up_seconds": 0.15, "start_up_low": 0.1, "start_up_high": 0.5}
        | {"tear_down_seconds": 0.4, "extra_seconds": 0, "extra_low": 0, "extra_high": 0}
    )
    assert list(summary.iloc[1, -3:]) == pytest.approx([0.25] * 3)


def test_starts_are_told_in_these_sentences() -> None:
    first, *others = verdict(make_starts(busy_percent=90.0)).splitlines()
    assert first.startswith("Mind: the machine was 90 % busy before the run; ")
    assert others == [
        "By fork: two workers ready after 12 ms (11.9 ms to 12.1 ms), gone after another 15 ms.",
        "  If each of them imports pandas: 338 ms (335 ms to 341 ms) later.",
        "By spawn: two workers ready after 110 ms (109 ms to 111 ms), gone after another 30 ms.",
        "  If each of them imports pandas: 410 ms (406 ms to 414 ms) later.",
        "Eight rounds of each.",
    ]


def test_few_rounds_have_no_interval_and_say_nothing_about_differences() -> None:
    table = make_starts({FORK: ([0.1], [0.01]), FORK_PANDAS: ([0.3], [0.01])}, workers=1)
    assert verdict(table).splitlines() == [
        "By fork: one worker ready after 100 ms, gone after another 10 ms.",
        "  If each of them imports pandas: ready after 300 ms.",
        "One round of each.",
    ]
    assert draw(table).texts[0].get_text() == "A pool was ready after 100 ms by fork"


@pytest.mark.parametrize(
    ("plain", "loaded", "told", "title"),
    [
        (0.1, spread(0.3), "200 ms (197 ms to 203 ms) later", "100 ms by fork; pandas adds 200 ms"),
        (0.3, spread(0.1), "200 ms (199 ms to 201 ms) sooner", "300 ms by fork"),
        (0.1, [0.1] * 8, "ready after 100 ms, not clearly later", "100 ms by fork"),
    ],
)
def test_what_an_import_adds_is_told_where_it_is_clear_of_nothing(
    plain: float, loaded: Sequence[float], told: str, title: str
) -> None:
    table = make_starts({FORK: ([plain] * 8, GONE), FORK_PANDAS: (loaded, GONE)})
    assert f"  If each of them imports pandas: {told}." in verdict(table)
    assert draw(table).texts[0].get_text() == f"A pool was ready after {title}"


def test_an_import_alone_is_summed_up_but_neither_judged_nor_drawn() -> None:
    table = make_starts()
    lacking = table[(table["start_method"] != "spawn") | (table["loads"] == "pandas")]
    assert math.isnan(summarise(lacking)["extra_seconds"].iloc[-1])
    for door in (verdict, draw):
        with pytest.raises(ResultsError, match="no starts without an import by spawn"):
            door(lacking)


def test_the_chart_has_a_bar_for_each_start_and_a_mark_for_each_round() -> None:
    chart = assert_readable(draw, make_starts())
    (axes,) = chart.axes
    assert [text.get_text() for text in chart.texts] == [
        "A pool was ready after 12 ms by fork and 110 ms by spawn; pandas adds 338 ms to 410 ms",
        "CPython 3.13.0, Linux, two usable cores; pools of two workers; eight rounds of each",
    ]
    assert (
        "Medians: fork 12.0 ms, tear-down 15.0 ms; fork, with pandas 350.0 ms, tear-down 20.0 ms; "
    ) in chart.description
    started, gone = list_bars(axes)[::2], list_bars(axes)[1::2]
    assert [bar.get_width() for bar in started] == pytest.approx([12, 350, 110, 520])
    assert [bar.get_x() for bar in gone] == pytest.approx([12, 350, 110, 520])
    assert [bar.get_width() for bar in gone] == pytest.approx([15, 20, 30, 40])
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["fork", "fork, with pandas", "spawn", "spawn, with pandas"]
    assert read_across(axes.lines[2]) == pytest.approx([1000 * one for one in spread(0.11)])
    assert axes.get_xlim() == pytest.approx((0, 1.12 * 560))
    assert [text.get_text() for text in axes.texts] == ["12 ms", "350 ms", "110 ms", "520 ms"]


@pytest.mark.parametrize(
    ("longest", "end", "stray"), [(0.04, 40.0, ""), (0.0401, 20.0, "; one mark further right")]
)
def test_stray_rounds_do_not_squeeze_the_bars(longest: float, end: float, stray: str) -> None:
    (axes,) = draw(make_starts({FORK: ([0.01] * 7 + [longest], GONE)})).axes
    assert axes.get_xlim() == pytest.approx((0, 1.12 * end))
    assert axes.get_xlabel().endswith(f"tear-down (hatched){stray}")
