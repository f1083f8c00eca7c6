import math
import multiprocessing
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex

import gil_demo
from gil_demo import ResultsError, sweep_switch_interval, trace
from gil_demo.drawing.style import get_look
from gil_demo.measuring.machine import count_usable_cores
from gil_demo.running.runners import switch_interval_of
from gil_demo.running.workers import is_gil_enabled
from gil_demo.running.workloads import trace_countdown
from gil_demo.turns import sweep, timeline
from tests.charts import assert_readable, list_lane_names, list_lanes, read_across, read_up
from tests.conftest import interrupt_once_there
from tests.made import tasks
from tests.made.turns import Lanes, make_slices, run_at_once, take_turns
from tests.made.unchecked import draw, summarise, verdict

Slices = list[tuple[float, float]]
LOOP: Lanes = {("sequential", 1): [(0.0, 0.03), (0.03, 0.06)]}
LOOK = {name: get_look(name).colour.lower() for name in ("sequential", "threads", "processes")}
pytestmark = pytest.mark.usefixtures("no_wait")


def make_threads(*lanes: Slices) -> Any:
    return make_slices({("threads", n): slices for n, slices in enumerate(lanes, start=1)})


def test_a_trace_is_a_whole_table_of_slices(method: str) -> None:
    table = trace(count=20_001, start_method=method, switch_interval=0.002)
    assert list(table.columns) == list(timeline.SLICES.columns)
    ways = table[["runner", "start_method"]].drop_duplicates().to_numpy().tolist()
    assert ways == [["threads", ""], ["processes", method]]
    facts = table[["workers", "count", "switch_interval_seconds", "busy_percent"]]
    assert facts.drop_duplicates().to_numpy().tolist() == [[2, 20_001, 0.002, 12.3]]
    assert set(table.groupby("runner")["start_seconds"].min()) == {0.0}
    # a quick process may take both parts; it is the first one then
    assert 1 in set(table.loc[table["runner"] == "processes", "worker"]) <= {1, 2}
    assert multiprocessing.active_children() == []


def test_the_clock_begins_with_the_first_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    slices = {4: [(9.0, 9.5), (10.0, 12.0)], 3: [(8.5, 9.0)]}
    monkeypatch.setattr(timeline, "trace_countdown", slices.__getitem__)
    table = trace(["sequential", "threads"], count=7)
    rows = table[["runner", "worker", "start_seconds", "end_seconds"]].to_numpy().tolist()
    assert rows == [
        *(["sequential", 1, 0.5, 1.0], ["sequential", 1, 1.5, 3.5], ["sequential", 1, 0.0, 0.5]),
        *(["threads", 1, 0.5, 1.0], ["threads", 1, 1.5, 3.5], ["threads", 2, 0.0, 0.5]),
    ]


def test_a_trace_runs_at_the_interval_that_it_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def note(n: int) -> Slices:
        seen.append(sys.getswitchinterval())
        return trace_countdown(n)

    monkeypatch.setattr(timeline, "trace_countdown", note)
    with switch_interval_of(2.0):  # the reader's own is kept, however long it is
        for asked in (None, 0.02):
            table = trace(["threads"], workers=3, count=1, switch_interval=asked)
            told = table["switch_interval_seconds"].tolist()
            assert told == pytest.approx([asked or 2.0] * 3)
            assert table["worker"].tolist() == [1, 2, 3]  # though one of them has a step
    assert seen == pytest.approx([2.0] * 3 + [0.02] * 3)
    with switch_interval_of(1.0):
        sys.setswitchinterval(1e-7)  # which Python tells as 0
        assert set(trace(["threads"], count=1)["switch_interval_seconds"]) == {1e-6}


@pytest.mark.usefixtures("nothing_hangs")
@pytest.mark.parametrize("runner", ["threads", "processes", None])
def test_an_interrupted_trace_or_sweep_leaves_the_interval_as_before_and_nothing_running(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runner: str | None
) -> None:
    monkeypatch.setattr(sweep, "measure_steps_per_second", lambda: 1e6)
    for module in (sweep, timeline):
        monkeypatch.setattr(module, "split", lambda _, parts: [str(tmp_path / "mark")] * parts)
        monkeypatch.setattr(module, "trace_countdown", tasks.countdown_for_ever)
    interrupter = interrupt_once_there(tmp_path / "mark")
    with pytest.raises(KeyboardInterrupt):
        trace([runner], switch_interval=0.02) if runner else sweep_switch_interval()
    interrupter.join()
    assert multiprocessing.active_children() == []


def trace_threads(
    figure: str, count: int, interval: float = 0.001, traces: int = 10
) -> list[float]:
    tables = [trace(["threads"], count=count, switch_interval=interval) for _ in range(traces)]
    return [float(summarise(table)[figure].iloc[0]) for table in tables]


def test_threads_run_together_only_where_there_is_no_gil() -> None:
    if is_gil_enabled():
        # of a trace without a hand-over nothing is known
        assert np.nanmedian(trace_threads("together", 1_500_000, traces=5)) < 0.01
    elif count_usable_cores() > 1:
        # on a busy machine they are dealt out in turn, GIL or not, unless they run for long
        counts = (2_000_000, 20_000_000, 40_000_000)
        assert any(share > 0.05 for n in counts for share in trace_threads("together", n))


@pytest.mark.thorough
@pytest.mark.skipif(not is_gil_enabled(), reason="the GIL is off in this Python")
def test_a_turn_is_as_long_as_the_switch_interval() -> None:
    intervals, counts = (0.005, 0.02), (2_000_000, 8_000_000)
    each = [
        [*map(partial(trace_threads, "turn_seconds", traces=1), counts, intervals)]
        for _ in range(10)
    ]
    short, long = np.nanmedian(each, axis=0)[:, 0]  # none is handed over in some runs
    assert short > 0.75 * intervals[0]
    assert long > 0.75 * intervals[1]
    # on a busy machine, or one core, a thread gets its core some milliseconds late
    assert long - short == pytest.approx(intervals[1] - intervals[0], rel=0.4)


def test_a_turn_lasts_as_long_as_no_other_worker_runs() -> None:
    paused = [[(0, 1), (1.5, 2), (3, 4)], [(2, 2.5), (2.5, 3)]]
    handed = [[(0, 1), (2, 4), (5, 6)], [(1, 2), (3, 5), (6, 7)]]
    for lanes, *turns in (
        (paused, [1, 0, 2, False], [2, 2, 3, False], [1, 3, 4, False]),
        (
            *(handed, [1, 0, 1, False], [2, 1, 2, True], [1, 2, 4, False]),
            *([2, 3, 5, True], [1, 5, 6, False], [2, 6, 7, False]),
        ),
    ):
        found = timeline.find_turns(make_threads(*lanes).sample(frac=1.0, random_state=4))
        assert found.drop(columns="seconds").to_numpy().tolist() == turns
        assert (found["seconds"] == found["end_seconds"] - found["start_seconds"]).all()


def test_the_time_together_is_that_with_two_at_once() -> None:
    cases: tuple[tuple[list[Slices], float], ...] = (
        ([[(0, 2), (4, 6)], [(2, 4), (6, 8)]], 0.0),
        ([[(0, 2), (8, 9)], [(1, 3), (5, 9)]], 1 / 3),  # with pauses
        ([[(0, 4)], [(0, 2)], [(1, 8)]], 1.0),
        ([[(0, 1)], [(1, 2)]], math.nan),  # one after another
        ([[(0, 1), (2, 3)]], math.nan),
        ([[(0, 1), (9, 9)], [(2, 2), (9, 9)]], math.nan),  # no time of anyone
    )
    for lanes, together in cases:
        table = make_threads(*lanes).sample(frac=1.0, random_state=3)
        assert timeline.measure_together(table) == pytest.approx(together, nan_ok=True)


def test_a_trace_is_summed_up_in_a_row_for_each_way_of_running() -> None:
    processes: Lanes = {("processes", 1): [(0, 2)], ("processes", 2): [(0.25, 1), (1.5, 2.25)]}
    alone: Lanes = {("sequential", 1): [(0, 3), (3, 3.75)]}
    first, second = [(0, 9), (10, 12), (17, 18)], [(9, 10), (12, 17), (18, 30)]
    lanes: Lanes = {**processes, **alone, ("threads", 1): first, ("threads", 2): second}
    summary = summarise(make_slices(lanes))
    rows = summary.astype(object).where(summary.notna(), None).to_numpy().tolist()
    assert rows == [
        ["sequential", 1, 0.005, 3.75, None, 0, None, False],
        ["threads", 2, 0.005, 30.0, 0.0, 3, 2.0, True],
        ["processes", 2, 0.005, 2.25, pytest.approx(1.25 / 1.75), 0, None, False],
    ]
    table = make_slices()
    table.loc[2, "end_seconds"] = 0.0
    with pytest.raises(ResultsError, match="row 3: the slice ends before it starts"):
        gil_demo.summarise(table)


def test_the_order_in_which_the_workers_ran_is_told() -> None:
    cases: tuple[tuple[Lanes, str], ...] = (
        ({("processes", 1): [(0.0, 0.1)], ("processes", 2): [(0.1, 0.2)]},
         "Two processes ran one after another and were done after 200 ms."),
        ({("threads", 1): [(0.0, 0.1), (0.2, 0.22)], ("threads", 2): [(0.1, 0.2)]},
         "Two threads took turns and were done after 220 ms.\n"
         "  For 0 % of the time in which two or more had work, two or more ran."),
        ({("threads", 1): [(0.0, 0.1), (0.102, 0.2)]},
         "One thread ran alone and was done after 200 ms."),
        ({**LOOP, **run_at_once(0.032)},
         "Plain loop ran alone and was done after 60 ms.\n"
         "Two processes ran at the same time and were done after 32 ms.\n"
         "  For 100 % of the time in which two or more had work, two or more ran."),
        (take_turns(0.005, 4),
         "Two threads took turns of 5 ms and were done after 20 ms.\n"
         "  For 0 % of the time in which two or more had work, two or more ran.\n"
         "  One turn was handed over, after a median of 5 ms; the switch interval was 5 ms."),
        ({("processes", 1): [(0.0, 0.005), (0.01, 0.015)],
          ("processes", 2): [(0.005, 0.01), (0.015, 0.02)]},  # which share a core and no lock
         "Two processes took turns of 5 ms and were done after 20 ms.\n"
         "  For 0 % of the time in which two or more had work, two or more ran."),
    )  # fmt: skip
    for lanes, told in cases:
        table = make_slices(lanes)
        assert verdict(table) == told
        assert draw(table).texts[0].get_text().startswith(told.split(" and w")[0])
    # one that was quick did the work of both
    told = verdict(make_slices({("processes", 1): [(0.0, 0.1)]}, workers=2))
    assert told == "One process ran alone and was done after 100 ms."
    mind, told, *_ = verdict(make_slices(busy_percent=63.0)).splitlines()
    assert mind.startswith("Note: the machine was 63 % busy before the run; ")
    assert told == "Two threads took turns of 5 ms and were done after 60 ms."
    for percent, told in (
        *((5, "one after another"), (6, "at the same time for 6 % of the time")),
        *((79, "at the same time for 79 % of the time"), (80, "at the same time")),
    ):
        table = make_threads([(0, 100)], [(0, percent - 1), (99, 100)])
        assert draw(table).texts[0].get_text() == f"Two threads ran {told}"


def test_a_window_shows_that_part_of_the_time_and_tells_of_all_of_it() -> None:
    window = (np.float64(0.036), np.float64(0.039))  # as a table gives them
    chart = draw(make_slices(), window=window)
    assert chart.description == (
        "Chart. Two threads took turns of 5 ms; two processes ran at the same time. Two threads "
        "took turns of 5 ms and were done after 60 ms. For 0 % of the time in which two or more "
        "had work, two or more ran. Nine turns were handed over, after a median of 5 ms; the "
        "switch interval was 5 ms. Two processes ran at the same time and were done after 32 ms. "
        "For 100 % of the time in which two or more had work, two or more ran. Conditions: "
        "CPython 3.13.0, Linux, two usable cores, processes by fork; one run of 4,000,000 steps, "
        "switch interval 5 ms. Shown: from 36.0 to 39.0 ms."
    )
    axes = chart.axes[0]
    assert axes.get_xlim() == pytest.approx((36, 39.006))
    assert len(list_lane_names(axes)) == 4
    assert np.ravel([bars for _, _, bars in list_lanes(axes)]) == pytest.approx([0.035, 0.04])
    told = draw(make_slices(take_turns(0.005, 4), count=1)).description
    assert " One turn was handed over, " in told
    assert "; one run of one step, " in told
    assert not axes.texts  # who was done earlier or later isn't marked here
    assert draw(make_slices(), window=(np.int64(0), 1)).axes[0].get_xlim()[0] == 0
    sides = [text.get_ha() for text in draw(make_slices(), window=(0.03, 0.07)).axes[0].texts]
    assert sides == ["right", "left"]  # of the threads, and of the processes


def test_there_is_a_lane_for_each_worker_with_its_slices_and_the_end() -> None:
    lanes = {**run_at_once(0.032), **take_turns(0.005, 12), **LOOP}
    axes = draw(make_slices(lanes)).axes[0]
    names = ["Plain loop", "Thread 1", "Thread 2", "Process 1", "Process 2"]
    assert list_lane_names(axes) == dict(zip([0.0, 1.5, 2.5, 4.0, 5.0], names, strict=True))
    colours, places, bars = zip(*list_lanes(axes), strict=True)
    assert places == (0.0, 1.5, 2.5, 4.0, 5.0)
    assert colours[::2] == tuple(LOOK.values())
    assert np.ravel(bars[1]) == pytest.approx(np.ravel(lanes["threads", 1]))
    assert np.ravel(bars[4]) == pytest.approx([0, 0.032])
    assert axes.get_ylim() == (5.95, -0.6)
    assert axes.get_xlim() == (0, pytest.approx(60.12))
    assert axes.get_xlabel().startswith("milliseconds since the first worker began; a gap means")
    assert [text.get_text() for text in axes.texts[1:]] == ["done after 60 ms", "done after 32 ms"]
    assert read_across(axes.lines[2]) == pytest.approx([32, 32])
    assert read_up(axes.lines[2]) == pytest.approx([3.52, 5.48])


def test_many_slices_are_cut_or_drawn_as_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOST_SLICES", 6)
    told = "; one run of 4,000,000 steps, switch interval 5 ms; cut at 6 slices a worker"
    assert draw(make_slices(take_turns(0.005, 12))).texts[1].get_text().endswith(told)
    # as many in all, but fewer of each worker
    assert "cut" not in draw(make_slices(take_turns(0.005, 15, 3))).description
    monkeypatch.setattr(timeline, "MOST_BARS", 13)
    axes = draw(make_slices(), window=(0.0, 0.064)).axes[0]
    assert "too many slices to draw each: the darker, the more it ran" in axes.get_xlabel()
    assert not list_lanes(axes)
    assert [sum(image.get_extent()[2:]) / 2 for image in axes.images] == [0, 1, 2.5, 3.5]
    pixels = np.asarray(axes.images[0].get_array())
    assert to_hex(tuple(pixels[0, 0, :3])) == LOOK["threads"]
    # 25 bins a millisecond: a turn of 5 ms is 125 of them
    expected = [float(number // 125 % 2 == 0) for number in range(1500)] + [0.0] * 100
    assert pixels[0, :, 3] == pytest.approx(expected)
    assert draw(make_slices(), window=(0.0, 0.055)).axes[0].images
    assert not draw(make_slices(), window=(0.0, 0.049)).axes[0].images


def test_every_timeline_draws_with_its_texts_in_sight() -> None:
    cases: tuple[tuple[Lanes, dict[str, Any]], ...] = (
        ({**take_turns(0.005, 32, 16), **run_at_once(0.1, 16)}, {}),
        ({**take_turns(0.005, 12), **run_at_once(1e-5)}, {}),
        ({("interpreters", 1): [(0.0, 0.0)]}, {}),
        (take_turns(0.005, 12), {"window": (0.0599, 0.5)}),  # the end on the left
    )
    for lanes, options in cases:
        assert_readable(partial(draw, **options), make_slices(lanes, start_method="forkserver"))
