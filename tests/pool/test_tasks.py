import multiprocessing
from typing import Any

import numpy as np
import pytest

import gil_demo
from gil_demo import ResultsError, map_tasks, observe_chunksize
from gil_demo.drawing.parts import LANE
from gil_demo.drawing.style import get_look
from gil_demo.pool import tasks
from gil_demo.running.workloads import compute_default_chunksize
from tests import charts
from tests.conftest import METHODS
from tests.made.pool import Crew, make_map, put, take_turns_in_a_pool
from tests.made.unchecked import draw, summarise, verdict

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


def test_a_map_is_a_table_of_its_tasks(method: str) -> None:
    counts = [500, 1, 3_000, 20, 20]
    table = map_tasks(counts, start_method=method)
    assert table[["task", "steps"]].to_numpy().tolist() == [*map(list, enumerate(counts, start=1))]
    facts = {"workers": 2, "chunksize": 1, "tasks": 5, "start_method": method, "busy_percent": 12.3}
    assert table[[*facts]].drop_duplicates().to_dict("records") == [facts]
    assert summarise(table)["tasks"].sum() == 5
    assert multiprocessing.active_children() == []


def test_a_worker_runs_whole_chunks_and_one_task_at_a_time() -> None:
    table = map_tasks([2_000] * 11, workers=3, chunksize=4, start_method=METHODS[0])
    assert set(table["chunksize"]) == {4}
    assert all(table["worker"][first : first + 4].nunique() == 1 for first in (0, 4, 8))
    for _, own in table.groupby("worker"):
        assert (own["start_seconds"] >= own["end_seconds"].shift(fill_value=0.0)).all()
    firsts = table.groupby("worker")["start_seconds"].min()
    assert firsts.index.tolist() == list(range(1, len(firsts) + 1))
    assert firsts.is_monotonic_increasing


def test_the_chunksize_that_is_observed_is_the_one_that_is_computed(method: str) -> None:
    assert observe_chunksize(100, start_method=method) == compute_default_chunksize(100, 2) == 13
    assert observe_chunksize(8, 2, method) == compute_default_chunksize(8, 2) == 1
    assert observe_chunksize(100, 3, method) == compute_default_chunksize(100, 3) == 9


def test_a_map_with_a_wrong_value_or_without_a_task_is_refused() -> None:
    whole = make_map()
    for table, told in (
        (put(whole, 3, "ready_seconds", 0.05), "no single run: its rows differ in ready_seconds"),
        (put(whole, 3, "task", 1), ", run a7b8c9 is not whole: it has 5 rows for 5 tasks"),
        (whole[1:], ", run a7b8c9 is not whole: it has 4 rows for 5 tasks"),
        (put(whole, 3, "worker", 3), ", run a7b8c9 names a worker beyond its 2"),
        (put(whole, 3, "start_seconds", 0.099), ", row 3: start_seconds is before ready_seconds"),
        (put(whole, 3, "end_seconds", 0.501), ", row 3: done_seconds is before end_seconds"),
        (make_map(done=0.5, gone=0.49), ", row 1: gone_seconds is before done_seconds"),
        (make_map({1: [(0.1, 0.1)]}, done=0.1), ", row 1: the map took no time at all, .*"),
        (make_map(workers=10_001), ": workers must be at most 10,000, not 10001"),
        (make_map(tasks=1_000_001), ": tasks must be at most 1,000,000, not 1000001"),
    ):
        with pytest.raises(ResultsError, match=f"{told}$"):
            gil_demo.verdict(table)
    assert len(gil_demo.summarise(make_map(workers=10_000))) == 10_000


def test_a_map_is_summed_up_and_told_in_a_row_for_each_worker() -> None:
    crew: Crew = {1: [(1.0, 2.0), (2.25, 3.0), (3.75, 4.0)], 2: [(1.0, 4.5)]}
    table = make_map(crew, ready=1.0, done=5.0, steps=[10, 35, 8, 3], workers=3)
    summary = summarise(table.sample(frac=1.0, random_state=3))
    assert summary.to_dict("list") == {
        "worker": [1, 2, 3], "tasks": [3, 1, 0], "steps": [21, 35, 0],
        "busy_seconds": [2.0, 3.5, 0.0], "busy_share": [0.5, 0.875, 0.0],
        "gap_seconds": pytest.approx([0.5, np.nan, np.nan], nan_ok=True),
    }  # fmt: skip
    assert verdict(table).splitlines() == [
        "Start-up took 1 s, the work 4 s, tear-down 30 ms.",
        "Worker 1: three tasks, busy for 50 % of the time.",
        "Worker 2: one task, busy for 88 % of the time.",
        "Worker 3: no task.",
        "At most two tasks were under way at the same time.",
    ]
    assert verdict(make_map(busy_percent=90.0)).startswith("Note: the machine was 90 % busy")
    no_pause = make_map({1: [(1.0, 1.0), (1.0, 2.0)]})[::-1]  # the first took no time
    assert list(summarise(no_pause)["gap_seconds"]) == [0.0]
    in_turn: Crew = {1: [(1, 2)], 2: [(2, 3)]}
    in_parts: Crew = {1: [(1, 9)], 2: [(2, 3), (4, 5)]}
    last: Crew = {1: [(1, 2), (3, 9)], 2: [(4, 8)]}
    at_once = [in_turn, in_parts, last, {1: [(1, 9)], 2: [(2, 8)], 3: [(3, 4)]}]
    assert [tasks.count_most_at_once(make_map(crew)) for crew in at_once] == [1, 2, 2, 3]
    assert tasks.count_most_at_once(make_map({1: [(0.1, 0.1)]})) == 1


def test_a_chart_of_a_map_is_told_in_these_words() -> None:
    alone: Crew = {1: [(0.1, 0.2), (0.2, 0.4)]}
    many = make_map(take_turns_in_a_pool(30), done=0.4)
    for table, title in (
        (many, "30 tasks on two workers: 15 each, workers busy for 50 % of the time"),
        (make_map(alone, done=0.5), "Two tasks on one worker, busy for 75 % of the time"),
        (make_map(alone, workers=60), "Two tasks on 60 workers: 59 workers had nothing to do"),
    ):
        assert draw(table).texts[0].get_text() == title
    assert "; one run of one step, " in draw(make_map({1: [(0.1, 0.2)]}, steps=[1])).description
    table = make_map(steps=[1_000_000] * 5, chunksize=1_234, start_method="spawn")
    assert draw(table).description == (
        "Chart. Five tasks on two workers: from two to three each, workers busy for 80 % of the "
        "time. Tasks: worker 1 ran 3 in 270 ms; worker 2 ran 2 in 370 ms. The pool: ready after "
        "100 ms, all answers after 500 ms, gone after 530 ms. Conditions: CPython 3.13.0, "
        "Linux, two usable cores, processes by spawn; one run of 5,000,000 steps, chunksize 1,234."
    )


def test_the_bars_are_where_the_tasks_are_and_the_pool_s_own_time_is_shaded() -> None:
    table = make_map(workers=3)
    axes = draw(table.sample(frac=1.0, random_state=3)).axes[0]
    assert charts.list_lane_names(axes) == {float(n): f"Worker {n}" for n in (1, 2, 3)}
    lanes = charts.list_lanes(axes)
    assert [place for _, place, _ in lanes] == pytest.approx([1, 2])
    for colour, place, bars in lanes:
        assert colour == get_look("processes").colour.lower()
        own = table.loc[table["worker"] == round(place), ["start_seconds", "end_seconds"]]
        assert np.ravel(sorted(bars)) == pytest.approx(own.to_numpy().ravel())
    assert axes.get_ylim() == pytest.approx((3.5 + (1 - LANE) / 2, 0.5 - (1 - LANE) / 2))
    assert axes.get_xlim() == pytest.approx((0, 530))
    assert axes.get_xlabel() == "milliseconds since the pool was asked for; a bar is a task"
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in charts.list_bars(axes)]
    assert spans == [pytest.approx((0, 100)), pytest.approx((500, 530))]
    names = {text.get_text(): text.xy for text in axes.texts if hasattr(text, "xy")}
    assert names == {"start-up": (0, 1), "tear-down": pytest.approx((530, 1))}


def list_numbers(axes: Any) -> dict[str, tuple[float, float]]:
    return {t.get_text(): t.get_position() for t in axes.texts if t.get_text().isdigit()}


def test_a_bar_with_room_for_it_bears_the_number_of_its_task_but_in_thin_lanes() -> None:
    crew: Crew = {1: [(0.1, 0.2), (0.2, 0.205), (0.205, 0.4)], 2: [(0.1, 0.41)]}
    places = {"1": (150, 1), "4": (302.5, 1), "2": (255, 2)}
    numbers = list_numbers(draw(make_map(crew)).axes[0])
    assert numbers == {number: pytest.approx(place) for number, place in places.items()}
    thick, thin = (
        draw(make_map(take_turns_in_a_pool(2 * workers, workers), ready=0.0)).axes[0]
        for workers in (24, 25)
    )
    assert thick.get_yticks().tolist() == list(range(1, 25))
    assert "48" in list_numbers(thick)
    assert len(thin.get_yticks()) < 15
    assert not list_numbers(thin)


def test_too_many_tasks_are_drawn_as_shades(monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_map({1: [(0.1, 0.2)], 2: [(0.1, 0.36)]}, done=0.38, gone=0.4)
    monkeypatch.setattr(tasks, "MOST_BARS", 2)
    assert len(charts.list_lanes(draw(table).axes[0])) == 2
    monkeypatch.setattr(tasks, "MOST_BARS", 1)
    axes = draw(table).axes[0]
    assert "too many tasks to draw each: the darker, the busier" in axes.get_xlabel()
    assert charts.list_lanes(axes) == []
    pixels = np.asarray(axes.images[0].get_array())  # four a millisecond
    assert pixels[0, :, 3] == pytest.approx([0.0] * 400 + [1.0] * 400 + [0.0] * 800)


def test_the_texts_of_any_map_are_whole_and_apart() -> None:
    late = make_map({1: [(99.0, 99.001)]}, ready=99.0, workers=60, usable_cores=32)
    for table in (make_map(take_turns_in_a_pool(200, 10)), late):
        axes = charts.assert_readable(draw, table).axes[0]
        charts.assert_apart(axes, [text for text in axes.texts if text.get_text().isdigit()])
