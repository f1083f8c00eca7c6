import math
import re
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

import gil_demo
from gil_demo import ResultsError, sweep_chunksize, sweep_list_length
from gil_demo.measuring.estimates import estimate_ratio
from gil_demo.pool import lists
from gil_demo.running.pools import run_in_pool
from gil_demo.running.spans import Span
from tests import charts
from tests.conftest import METHODS
from tests.made.pool import make_chunks, make_lengths, put
from tests.made.runs import spread
from tests.made.unchecked import draw, summarise, verdict

ROUNDS = (spread(0.2), spread(0.9))
LEAN: dict[str, Any] = {"budget": 0.05, "start_method": METHODS[0]}
in_a_pool = pytest.mark.usefixtures("nothing_hangs", "no_wait")


@in_a_pool
def test_a_round_has_each_length(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNT", 1_000)
    table = sweep_list_length([5, 1], budget=0.05, start_method=method)
    for _, rows in table.groupby("round"):
        assert (sorted(rows["tasks"]), sorted(rows["position"])) == ([1, 2, 5], [1, 2, 3])
    facts = {"chunksize": 1, "default_chunksize": 1, "count": 1_000, "start_method": method}
    assert table[[*facts]].drop_duplicates().to_dict("records") == [facts]
    assert (table["busy_seconds"] <= table["seconds"] * table["workers"]).all()
    assert (table["busy_seconds"] != table["seconds"]).all()
    assert sorted(set(sweep_list_length(workers=3, **LEAN)["tasks"])) == list(range(1, 14))


@in_a_pool
def test_what_is_measured_is_the_cut_that_the_row_names(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()

    def note(held: Any, chunksize: int, function: Any, items: Any) -> Any:
        seen.add((chunksize, *items))
        return run_in_pool(held, chunksize, function, items)

    monkeypatch.setattr(lists, "run_in_pool", note)
    monkeypatch.setattr(lists, "COUNT", 30)
    sweep_list_length([3], **LEAN)
    assert seen == {(1, 15, 15), (1, 10, 10, 10)}
    seen.clear()
    monkeypatch.setattr(lists, "TASKS", 5)
    table = sweep_chunksize(**LEAN)
    cuts = {"even": (6, 6, 6, 6, 6), "uneven": (1, 3, 6, 8, 12)}
    assert seen == {(size, *cut) for size in (1, 3, 5, 25) for cut in cuts.values()}
    expected = [(work, 5, size, 1) for work in cuts for size in (1, 3, 5, 25)]
    for _, rows in table.groupby("round"):
        assert sorted(rows[lists.VARIANT].itertuples(index=False)) == expected


def test_a_map_s_time_is_the_caller_s_and_its_work_that_of_its_tasks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([1.0, 3.0])
    monkeypatch.setattr(lists, "time", SimpleNamespace(perf_counter=lambda: next(moments)))
    spans = [Span(0, 0, 1.0, 1.5), Span(1, 1, 1.25, 2.0)]
    monkeypatch.setattr(lists, "run_in_pool", Mock(return_value=spans))
    assert lists._time_map(Mock(), lists._Cut("even", 2, 1)) == (2.0, 1.25)


def test_a_sweep_that_is_not_whole_or_that_there_can_not_be_is_refused() -> None:
    lengths, chunks = make_lengths(), make_chunks()
    baseline = "the table lacks the rounds that the others are held against"
    for table, told in (
        (put(lengths, 2, "count", 3_999_999), "no single run: its rows differ in count"),
        (put(lengths, 5, "round", 1), "whole: even, 1 tasks, .* has 8 rows in 7 of 8 rounds"),
        (put(lengths, 2, "seconds", 0.0), ", row 2: seconds must be a number above 0, not '0.0'"),
        (make_lengths(count=3), ", row 4: there are more tasks than steps"),
        (make_lengths(workers=10_001), ": workers must be at most 10,000, not 10001"),
        (lengths.query("tasks != 2"), baseline),
        (chunks.query("chunksize != 250 | work == 'even'"), baseline),
    ):
        with pytest.raises(ResultsError, match=f"{told}$"):
            gil_demo.verdict(table)
    assert len(gil_demo.summarise(make_lengths(count=4))) == 4


def test_a_sweep_is_summed_up_in_a_row_for_each_cut_against_the_pool_s_own() -> None:
    rounds = {3: ([0.3, 0.4, 0.9], [0.5, 0.75, 0.625]), 2: ([0.1, 0.2, 0.3], [1.0, 0.5, 0.75])}
    summary = summarise(make_lengths(rounds).sample(frac=1.0, random_state=3))
    unknown = pytest.approx([math.nan] * 2, nan_ok=True)
    assert summary.to_dict("list") == {
        "work": ["even", "even"], "tasks": [2, 3], "chunksize": [1, 1],
        "default_chunksize": [1, 1], "rounds": [3, 3], "seconds": [0.2, 0.4],
        "busy_share": pytest.approx([0.75, 0.625]),
        "busy_share_low": unknown, "busy_share_high": unknown,
        "ideal_share": pytest.approx([1.0, 0.75], rel=1e-5),
        "time_ratio": pytest.approx([1.0, 3 * (2 / 3) ** 0.25]),  # of 3, 2 and 3, round by round
        "time_ratio_low": unknown, "time_ratio_high": unknown,
    }  # fmt: skip
    worst = summarise(make_chunks()).iloc[-1]  # of uneven tasks, held against the same work
    ends = worst[["time_ratio_low", "time_ratio_high"]].tolist()
    assert ends == pytest.approx(estimate_ratio(spread(1.5))[1:3])
    # the second half of a list that grows is three quarters of its work
    assert worst["ideal_share"] == pytest.approx(2 / 3, rel=0.01)
    # it is that of whoever is free taking the next chunk
    for sizes, chunksize, workers, share in (
        ([1, 1, 1, 1], 3, 2, 4 / 6), ([1, 1, 1, 1], 99, 2, 0.5), ([1, 2, 3, 4], 1, 2, 10 / 12),
        ([6, 1, 1, 1, 1, 1], 1, 2, 11 / 12), ([7], 1, 4, 0.25),
    ):  # fmt: skip
        assert lists.compute_ideal_share(sizes, chunksize, workers) == pytest.approx(share)


def test_a_sweep_of_lengths_is_told_and_drawn_beside_a_sawtooth() -> None:
    table = make_lengths()
    told = verdict(make_lengths(usable_cores=1)).splitlines()
    assert [*told[:3], *told[5:]] == [
        "Note: one usable core, no speed-up can show; try a machine with more.",
        "One task: on average a worker was busy for 49 % of the time; without any overhead 50 %.",
        "Two tasks: on average a worker was busy for 96 % of the time; without any overhead 100 %.",
        "Eight rounds of each.",
    ]
    chart = draw(table)
    assert chart.description == (
        "Chart. How busy two workers were: two tasks 96 %, three tasks 72 %, four tasks 94 %. "
        "On average a worker was busy: one task 49.0 % (ideal 50.0 %); two tasks 96.0 % (ideal "
        "100.0 %); three tasks 72.0 % (ideal 75.0 %); four tasks 94.0 % (ideal 100.0 %). "
        "Conditions: CPython 3.13.0, Linux, two usable cores, two workers by fork, already "
        "started; 4,000,000 steps, chunksize 1; eight rounds of each."
    )
    axes = chart.axes[0]
    marks, ideal = axes.lines[:2]
    shares = 100 * table["busy_seconds"] / table["seconds"] / 2
    assert charts.read_up(marks) == pytest.approx(shares.tolist())
    assert charts.read_up(ideal) == pytest.approx([50, 100, 75, 100], rel=1e-4)
    line, _, (bars,) = axes.containers[0]
    assert charts.read_across(line) == [1, 2, 3, 4]
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1, 2, 3, 4]
    assert charts.read_up(line) == pytest.approx([49, 96, 72, 94])
    assert bars.get_paths()[1].vertices[:, 1].tolist() == pytest.approx([95.04, 96.96])
    assert axes.get_ylim() == (0, 108)
    lone = draw(make_lengths(dict.fromkeys((1, 2), ROUNDS), 1))
    assert lone.texts[0].get_text() == "How busy one worker was: one task 90 %, two tasks 90 %"


def test_a_sweep_of_chunks_is_told_and_drawn_with_a_line_each_for_even_and_uneven_tasks() -> None:
    table = make_chunks()
    told = verdict(table).splitlines()
    assert [*told[:3], *told[5:]] == [
        "Even tasks, chunksize 1: 1.30 × the time of the pool's own size.",
        "Even tasks, chunksize 250: the pool's own size.",
        "Even tasks, chunksize 1,000: about as fast as the pool's own size.",
        "Uneven tasks, chunksize 1,000: 1.50 × the time of the pool's own size.",
        "Eight rounds of each.",
    ]
    pair = make_chunks({("even", 1): spread(1.3, 6), ("even", 250): [1.0] * 6})
    assert draw(pair).description == (
        "Chart. Even tasks in chunks of 1 took 1.30 × as long as in the pool's own 250. Time by "
        "chunksize, over that of the pool's own: even tasks by 1 1.30 ×, workers busy 68 %; even "
        "tasks by 250 1.00 ×, workers busy 88 %. Conditions: CPython 3.13.0, Linux, two usable "
        "cores, two workers by fork, already started; 4,000,000 steps, 2,000 tasks; six "
        "rounds of each."
    )
    summary, axes = summarise(table), draw(table).axes[0]
    for (line, *_), work, marker in zip(axes.containers, ("even", "uneven"), "s^", strict=True):
        assert line.get_marker() == marker
        assert charts.read_across(line) == [1, 250, 1_000]
        assert charts.read_up(line) == summary["time_ratio"][summary["work"] == work].tolist()
    lines = [(charts.read_across(line), charts.read_up(line)) for line in axes.lines]
    assert ([250, 250], [0, 1]) in lines  # from the bottom of the plot to its top
    assert ([0, 1], [1, 1]) in lines  # from its left to its right
    assert axes.get_ylim() == (0, pytest.approx(1.12 * estimate_ratio(spread(1.5)).high))
    assert draw(make_chunks({("even", 250): [1.0]})).axes[0].get_xlim() == (125, 500)
    low = make_chunks({("even", 250): [1.0], ("even", 1_000): [0.9]})
    for drawn, side in ((axes, "right"), (draw(low).axes[0], "left")):
        (name,) = drawn.texts
        assert (name.get_text(), name.get_ha()) == ("the pool's own: 250", side)


def test_a_difference_is_told_where_its_interval_is_clear_of_the_margin() -> None:
    slower, not_slower = r"Even tasks in .* took 1\.\d\d", "No chunksize was clearly slower than"
    few = "No verdict: only five rounds, an interval needs six$"
    for ratios, told, title in (
        (spread(2.0, width=0.8), r"1\.\d\d to 2\.\d\d × the time", slower),
        (spread(1.04), "about as fast as the pool's own size", not_slower),
        (spread(0.97), "about as fast as the pool's own size", not_slower),
        (spread(1.2, width=0.5), "no faster than the pool's own size", not_slower),
        (spread(0.5), "0.50 × the time", not_slower),
        ([1.3] * 5, "265 ms.\nEven tasks, chunksize 250: 204 ms, the pool's own size", few),
    ):
        table = make_chunks({("even", 250): [1.0] * len(ratios), ("even", 1): ratios})
        assert re.search(f"^Even tasks, chunksize 1: {told}", verdict(table), re.M), ratios
        assert re.match(title, draw(table).texts[0].get_text()), ratios
        assert verdict(table).startswith("No verdict: only five rounds") == (title == few)


def test_the_texts_of_any_sweep_are_whole_and_apart() -> None:
    for table in (
        make_lengths(dict.fromkeys(range(1, 42), ROUNDS)),
        make_lengths(dict.fromkeys((2, 1_000, 100_000), ROUNDS)),
        make_lengths({2: ([0.2], [0.9]), 3: ([0.3], [0.7])}),
        make_chunks({("even", 250): [1.0] * 8, ("even", 1): spread(12_345.6)}),
        make_chunks({("even", size): [1.0] for size in (1, 24, 25, 96)}, workers=21),
    ):
        axes = (chart := charts.assert_readable(draw, table)).axes[0]
        charts.assert_apart(axes, charts.list_texts(chart))
        charts.assert_plain(verdict(table))
