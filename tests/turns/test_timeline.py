import math
import multiprocessing
import random
import statistics
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from pandas.testing import assert_frame_equal

from gil_demo import draw, load, save, summarise, trace, verdict
from gil_demo.checks import ResultsError, WorkerDied
from gil_demo.drawing.style import get_look
from gil_demo.measuring.machine import count_usable_cores, is_gil_enabled, measure_busy_percent
from gil_demo.running.workloads import trace_countdown
from gil_demo.turns import timeline
from gil_demo.turns.timeline import SLICES, find_turns, measure_together
from tests.charts import (
    assert_readable,
    list_lane_names,
    list_lanes,
    list_pictures,
    read_across,
    read_up,
)
from tests.conftest import METHODS, interrupt_once_there
from tests.made import tasks
from tests.made.turns import Lanes, make_slices, run_at_once, take_turns

COUNT = 20_001
OWN = 0.005
EACH_METHOD = [METHODS[0], *(pytest.param(one, marks=pytest.mark.thorough) for one in METHODS[1:])]
LOOP: Lanes = {("sequential", 1): [(0.0, 0.03), (0.03, 0.06)]}

needs_gil = pytest.mark.skipif(not is_gil_enabled(), reason="the GIL is off in this Python")
needs_no_gil = pytest.mark.skipif(
    is_gil_enabled() or count_usable_cores() < 2,
    reason="the GIL is on in this Python, or one core runs one thread at a time",
)


# tracing


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", EACH_METHOD)
def test_a_trace_is_a_whole_table_of_slices(method: str, tmp_path: Path) -> None:
    table = trace(count=COUNT, start_method=method, switch_interval=0.002)
    assert_frame_equal(load(save(table, tmp_path / "trace.csv")), table, check_exact=True)
    assert list(table.columns) == list(SLICES.columns)
    variants = set(table[["runner", "start_method"]].itertuples(index=False, name=None))
    assert variants == {("threads", ""), ("processes", method)}
    facts = table[["run_id", "workers", "count", "switch_interval_seconds", "busy_percent"]]
    (told,) = set(facts.itertuples(index=False, name=None))
    assert told[1:] == (2, COUNT, 0.002, 12.3)
    assert set(table.groupby("runner")["start_seconds"].min()) == {0.0}
    assert set(table.loc[table["runner"] == "threads", "worker"]) == {1, 2}
    # a quick process may take both parts; it is the first one then
    assert 1 in set(table.loc[table["runner"] == "processes", "worker"]) <= {1, 2}
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("no_wait")
def test_workers_share_the_steps_and_the_clock_begins_with_the_first_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[int] = []
    slices = {4: [(9.0, 9.5), (10.0, 12.0)], 3: [(8.5, 9.0)]}

    def note(n: int) -> list[tuple[float, float]]:
        done.append(n)
        return slices[n]

    monkeypatch.setattr(timeline, "trace_countdown", note)
    table = trace(["sequential", "threads"], count=7)
    assert done[:2] == [4, 3]
    assert sorted(done[2:]) == [3, 4]
    rows = table[["runner", "worker", "start_seconds", "end_seconds"]].to_numpy().tolist()
    assert rows == [
        *(["sequential", 1, 0.5, 1.0], ["sequential", 1, 1.5, 3.5], ["sequential", 1, 0.0, 0.5]),
        *(["threads", 1, 0.5, 1.0], ["threads", 1, 1.5, 3.5], ["threads", 2, 0.0, 0.5]),
    ]


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("asked", [None, 0.02])
def test_the_interval_is_in_force_during_the_trace_and_stands_in_the_table(
    monkeypatch: pytest.MonkeyPatch, asked: float | None
) -> None:
    seen: list[float] = []

    def note(n: int) -> list[tuple[float, float]]:
        seen.append(sys.getswitchinterval())
        return trace_countdown(n)

    monkeypatch.setattr(timeline, "trace_countdown", note)
    sys.setswitchinterval(0.003)
    table = trace(["threads"], workers=3, count=1, switch_interval=asked)
    assert sys.getswitchinterval() == pytest.approx(0.003)
    sys.setswitchinterval(OWN)
    assert seen == pytest.approx([asked or 0.003] * 3)
    assert table["switch_interval_seconds"].tolist() == pytest.approx([asked or 0.003] * 3)
    assert table["worker"].tolist() == [1, 2, 3]  # though there is a step for only one of them


@pytest.mark.usefixtures("no_wait")
def test_the_failure_of_a_trace_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "trace_countdown", tasks.refuse)
    with pytest.raises(LookupError, match="no such thing as"):
        trace(["threads"], count=COUNT, switch_interval=0.02)


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", EACH_METHOD)
def test_a_worker_that_dies_ends_the_trace(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    monkeypatch.setattr(timeline, "trace_countdown", tasks.die)
    with pytest.raises(WorkerDied, match="exit code 3"):
        trace(["processes"], count=COUNT, start_method=method, switch_interval=0.02)
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("no_wait", "nothing_hangs")
@pytest.mark.parametrize("runner", ["threads", "processes"])
def test_an_interrupted_trace_leaves_the_interval_as_before_and_nothing_running(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runner: str
) -> None:
    monkeypatch.setattr(timeline, "split", lambda _, parts: [str(tmp_path / "mark")] * parts)
    monkeypatch.setattr(timeline, "trace_countdown", tasks.countdown_for_ever)
    interrupter = interrupt_once_there(tmp_path / "mark")
    with pytest.raises(KeyboardInterrupt):
        trace([runner], count=COUNT, switch_interval=0.02)
    interrupter.join()
    assert multiprocessing.active_children() == []


# what the GIL does


def measure_threads_together(count: int) -> float:
    tables = [trace(["threads"], count=count, switch_interval=0.001) for _ in range(10)]
    return statistics.fmean(summarise(table)["together"].iloc[0] for table in tables)


@needs_gil
@pytest.mark.usefixtures("no_wait")
def test_with_the_gil_threads_hardly_ever_run_together() -> None:
    assert measure_threads_together(1_500_000) < 0.01


@needs_no_gil
@pytest.mark.usefixtures("no_wait")
def test_without_the_gil_threads_run_together() -> None:
    # where others keep the machine busy, its cores are dealt out in turn, GIL or not: hence more
    # tries than one; with the GIL none of them could come near
    assert any(measure_threads_together(2_000_000) > 0.05 for _ in range(6))


@needs_gil
@pytest.mark.thorough
@pytest.mark.usefixtures("no_wait")
def test_a_turn_is_as_long_as_the_switch_interval() -> None:
    busy = []
    for _ in range(3):
        busy.append(measure_busy_percent())
        for interval, count in ((0.005, 2_000_000), (0.02, 8_000_000)):
            tables = [trace(["threads"], count=count, switch_interval=interval) for _ in range(10)]
            turn = statistics.median(summarise(one)["turn_seconds"].iloc[0] for one in tables)
            assert turn > 0.75 * interval
            if turn > 1.25 * interval:
                break
        else:
            return
    # a thread that waits on a busy machine gets its core late, so that turns are longer
    if min(busy) > 20:
        pytest.skip(f"other programs kept the machine busy: {busy}")
    pytest.fail(f"turns of {turn} s at an interval of {interval} s")


# turns, and the time together


@pytest.mark.parametrize(
    ("lanes", "turns"),
    [
        pytest.param(
            [[(0, 1), (1.5, 2), (3, 4)], [(2, 2.5), (2.5, 3)]],
            [(1, 0, 2, False), (2, 2, 3, False), (1, 3, 4, False)],
            id="until another worker runs",
        ),
        pytest.param(
            [[(0, 1), (2, 3)], [(1, 2), (3, 4), (5, 9)]],
            [(1, 0, 1, False), (2, 1, 2, True), (1, 2, 3, False), (2, 3, 9, False)],
            id="whoever goes on alone was not handed over",
        ),
        pytest.param(
            [[(0, 1), (2, 4), (5, 6)], [(1, 2), (3, 5), (6, 7)]],
            [
                *((1, 0, 1, False), (2, 1, 2, True), (1, 2, 4, False)),
                *((2, 3, 5, True), (1, 5, 6, False), (2, 6, 7, False)),
            ],
            id="what was not waited for was not handed over",
        ),
    ],
)
def test_a_turn_lasts_as_long_as_no_other_worker_runs(
    lanes: list[list[tuple[float, float]]], turns: list[tuple[int, float, float, bool]]
) -> None:
    table = make_slices({("threads", n): slices for n, slices in enumerate(lanes, start=1)})
    found = find_turns(table.sample(frac=1.0, random_state=4))
    columns = ["worker", "start_seconds", "end_seconds", "is_handed_over"]
    assert list(found[columns].itertuples(index=False, name=None)) == turns
    assert found["seconds"].tolist() == [end - start for _, start, end, _ in turns]


@pytest.mark.parametrize(
    ("lanes", "together"),
    [
        pytest.param([[(0, 2), (4, 6)], [(2, 4), (6, 8)]], 0.0, id="in turn"),
        pytest.param([[(0, 8)], [(0, 2), (6, 8)]], 0.5, id="half of the time"),
        pytest.param([[(0, 2), (8, 9)], [(1, 3), (5, 9)]], 1 / 3, id="partly, with pauses"),
        pytest.param([[(0, 1)], [(1, 2)]], math.nan, id="one after another"),
        pytest.param([[(0, 1), (2, 3)]], math.nan, id="alone"),
        pytest.param([[(2, 2)], [(2, 2)]], math.nan, id="no time at all"),
    ],
)
def test_the_time_together_is_that_with_two_at_once_out_of_that_with_anyone(
    lanes: list[list[tuple[float, float]]], together: float
) -> None:
    table = make_slices({("threads", n): slices for n, slices in enumerate(lanes, start=1)})
    assert measure_together(table) == pytest.approx(together, nan_ok=True)


def test_the_time_together_is_that_of_counting_every_second() -> None:
    order = random.Random(7)
    for _ in range(10):
        lanes: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for worker in range(1, order.randint(2, 4) + 1):
            times = sorted(map(float, order.choices(range(25), k=2 * order.randint(1, 5))))
            lanes["threads", worker] = list(zip(times[::2], times[1::2], strict=True))
        begun = sorted(slices[0][0] for slices in lanes.values())[1]
        ended = sorted(slices[-1][1] for slices in lanes.values())[-2]
        running = [
            sum(any(a <= second < b for a, b in slices) for slices in lanes.values())
            for second in range(25)
            if begun <= second < ended
        ]
        anyone, together = sum(n >= 1 for n in running), sum(n >= 2 for n in running)
        table = make_slices(lanes).sample(frac=1.0, random_state=3)
        expected = together / anyone if anyone else math.nan
        assert measure_together(table) == pytest.approx(expected, nan_ok=True)


def test_a_trace_is_summed_up_in_a_row_for_each_way_of_running() -> None:
    threads: Lanes = {
        ("threads", 1): [(0, 9), (10, 12), (17, 18)],
        ("threads", 2): [(9, 10), (12, 17), (18, 30)],
    }
    processes: Lanes = {("processes", 1): [(0, 2)], ("processes", 2): [(0.25, 1), (1.5, 2.25)]}
    alone: Lanes = {("sequential", 1): [(0, 3), (3, 3.75)]}
    summary = summarise(make_slices({**processes, **alone, **threads}))
    assert summary.columns.tolist() == [
        *("runner", "workers", "start_method", "slices", "seconds", "together"),
        *("turns", "turn_seconds"),
    ]
    rows = summary.astype(object).where(summary.notna(), None).to_numpy().tolist()
    assert rows == [
        ["sequential", 2, "", 2, 3.75, None, 0, None],
        ["threads", 2, "", 6, 30.0, 0.0, 3, 2.0],
        ["processes", 2, "fork", 3, 2.25, pytest.approx(1.25 / 1.75), 0, None],
    ]


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("end_seconds", 0.0, "row 3: the slice ends before it starts"),
        ("runner", "fibres", "row 3: runner must be sequential or threads or"),
        ("count", 7, "its rows differ in count"),
        ("switch_interval_seconds", 0.001, "its rows differ in switch_interval_seconds"),
        ("workers", 3, "its rows differ in workers"),
    ],
)
def test_a_damaged_trace_is_refused(column: str, value: object, told: str) -> None:
    table = make_slices()
    table.loc[2, column] = value  # type: ignore[call-overload]
    with pytest.raises(ResultsError, match=told):
        summarise(table)


# what is said


def test_an_ordinary_trace_is_told_with_its_turns() -> None:
    assert verdict(make_slices()) == (
        "Two threads took turns of 5 ms and were done after 60 ms.\n"
        "  Two or more ran at once for 0 % of the time in which they could.\n"
        "  Nine turns were handed over, after 5 ms in the median; the switch interval was 5 ms.\n"
        "Two processes ran at the same time and were done after 32 ms.\n"
        "  Two or more ran at once for 100 % of the time in which they could."
    )


@pytest.mark.parametrize(
    ("lanes", "workers", "told"),
    [
        pytest.param(
            {("processes", 1): [(0.0, 0.1)], ("processes", 2): [(0.1, 0.2)]}, 2,
            "Two processes ran one after another and were done after 200 ms.", id="apart",
        ),
        pytest.param(
            {("threads", 1): [(0.0, 0.1), (0.102, 0.2)]}, 1,
            "One thread ran alone and was done after 200 ms.", id="one worker",
        ),
        pytest.param(
            LOOP, 2, "Plain loop ran alone and was done after 60 ms.", id="the plain loop",
        ),
        pytest.param(
            take_turns(0.005, 4), 2,
            "Two threads took turns of 5 ms and were done after 20 ms.\n"
            "  Two or more ran at once for 0 % of the time in which they could.\n"
            "  One turn was handed over, after 5 ms in the median; the switch interval was 5 ms.",
            id="one turn",
        ),
    ],
)  # fmt: skip
def test_the_order_in_which_the_workers_ran_is_told(lanes: Lanes, workers: int, told: str) -> None:
    table = make_slices(lanes, workers=workers)
    assert verdict(table) == told
    assert draw(table).texts[0].get_text() == told.split(" and w")[0]


@pytest.mark.parametrize(
    ("percent", "told"),
    [
        (5, "one after another"),
        (6, "at the same time for 6 % of the time"),
        (79, "at the same time for 79 % of the time"),
        (80, "at the same time"),
    ],
)
def test_the_words_follow_the_share_of_the_time_together(percent: int, told: str) -> None:
    lanes: Lanes = {("threads", 1): [(0, 100)], ("threads", 2): [(0, percent - 1), (99, 100)]}
    assert draw(make_slices(lanes)).texts[0].get_text() == f"Two threads ran {told}"


def test_what_about_the_machine_spoils_a_trace_comes_first() -> None:
    lines = verdict(make_slices(usable_cores=1, busy_percent=63.0)).splitlines()
    assert lines[0].startswith("Mind: one usable core, no speed-up can show; ")
    assert lines[1].startswith("Mind: the machine was 63 % busy before the run; ")
    assert lines[2] == "Two threads took turns of 5 ms and were done after 60 ms."


def test_a_trace_that_was_cut_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOST_SLICES", 6)
    assert draw(make_slices(take_turns(0.005, 12))).texts[1].get_text() == (
        "CPython 3.13.0, Linux, two usable cores; one run of 4,000,000 steps, "
        "switch interval 5 ms; cut at 6 slices a worker"
    )
    # as many in all, but fewer of each worker
    assert "cut" not in draw(make_slices(take_turns(0.005, 15, 3))).description


# the chart


def test_the_description_tells_how_long_and_in_what_order_all_ran() -> None:
    assert draw(make_slices(), window=(0.01, 0.02)).description == (
        "Chart. Two threads took turns of 5 ms; two processes ran at the same time. Two threads "
        "done after 0.060 s, two or more at once for 0.0 % of the time, 9 turns of 5 ms; two "
        "processes done after 0.032 s, two or more at once for 100.0 % of the time. Conditions: "
        "CPython 3.13.0, Linux, two usable cores, processes by fork; one run of 4,000,000 steps, "
        "switch interval 5 ms. Shown: from 10.0 to 20.0 ms."
    )


def test_there_is_a_lane_for_each_worker_with_its_slices_and_the_end() -> None:
    lanes = {**run_at_once(0.032), **take_turns(0.005, 12), **LOOP}
    axes = draw(make_slices(lanes)).axes[0]
    names = list_lane_names(axes)
    assert names == {
        0.0: "Plain loop", 1.5: "Thread 1", 2.5: "Thread 2", 4.0: "Process 1", 5.0: "Process 2",
    }  # fmt: skip
    drawn = list_lanes(axes)
    assert [(colour, names[place]) for colour, place, _ in drawn] == [
        (get_look("sequential").colour, "Plain loop"),
        *((get_look("threads").colour.lower(), f"Thread {n}") for n in (1, 2)),
        *((get_look("processes").colour.lower(), f"Process {n}") for n in (1, 2)),
    ]
    assert np.ravel(drawn[1][2]) == pytest.approx(np.ravel(lanes["threads", 1]))
    assert np.ravel(drawn[4][2]) == pytest.approx([0, 0.032])
    assert axes.get_ylim() == (5.95, -0.6)
    assert axes.get_xlim() == (0, pytest.approx(60.12))
    assert axes.get_xlabel().startswith("milliseconds since the first worker began; a gap means")
    assert [text.get_text() for text in axes.texts] == [
        *("done after 60 ms", "done after 60 ms", "done after 32 ms")
    ]
    assert [read_across(line) for line in axes.lines][1:] == [
        pytest.approx([60, 60]), pytest.approx([32, 32])
    ]  # fmt: skip
    assert read_up(axes.lines[2]) == pytest.approx([3.52, 5.48])


def test_a_window_shows_that_part_of_the_time_and_all_lanes() -> None:
    axes = draw(make_slices(), window=(0.036, 0.039)).axes[0]
    assert axes.get_xlim() == pytest.approx((36, 39.078))
    assert len(list_lane_names(axes)) == 4
    assert [np.ravel(bars).tolist() for _, _, bars in list_lanes(axes)] == [
        pytest.approx([0.035, 0.04])
    ]
    assert not axes.texts  # who was done earlier or later isn't marked here


@pytest.mark.parametrize("window", [(0.01, 0.01), (-0.01, 0.02), (0.01, math.nan)])
def test_a_window_that_is_no_stretch_of_time_is_refused(window: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"window must be .*, not \("):
        draw(make_slices(), window=window)


def test_more_slices_than_can_be_told_apart_are_drawn_as_shares_and_the_axis_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timeline, "MOST_BARS", 13)
    axes = draw(make_slices(), window=(0.0, 0.064)).axes[0]
    assert "too many slices to draw each: the darker, the more it ran" in axes.get_xlabel()
    assert not list_lanes(axes)
    pictures = list_pictures(axes)
    assert [sum(picture.get_extent()[2:]) / 2 for picture in pictures] == [0, 1, 2.5, 3.5]
    pixels = np.asarray(pictures[0].get_array())
    assert to_hex(tuple(pixels[0, 0, :3])) == get_look("threads").colour.lower()
    # 25 bins a millisecond: a turn of 5 ms is 125 of them
    expected = [float(number // 125 % 2 == 0) for number in range(1500)] + [0.0] * 100
    assert pixels[0, :, 3] == pytest.approx(expected)
    few = draw(make_slices(), window=(0.0, 0.055)).axes[0]
    assert few.images
    assert not draw(make_slices(), window=(0.0, 0.049)).axes[0].images


@pytest.mark.parametrize(
    ("lanes", "options"),
    [
        pytest.param({**take_turns(0.005, 32, 16), **run_at_once(0.1, 16)}, {}, id="many workers"),
        pytest.param({**take_turns(0.005, 12), **run_at_once(1e-5)}, {}, id="quick processes"),
        pytest.param({("interpreters", 1): [(0.0, 0.0)]}, {}, id="no length"),
        pytest.param(take_turns(0.005, 12), {"window": (0.0599, 0.5)}, id="the end on the left"),
    ],
)
def test_every_timeline_draws_with_its_texts_in_sight(
    lanes: Lanes, options: dict[str, Any]
) -> None:
    assert_readable(partial(draw, **options), make_slices(lanes, start_method="forkserver"))
