import math
import re
import warnings
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage
from matplotlib.text import Annotation, Text

from gil_demo.checks import ResultsError
from gil_demo.drawing.lanes import BINS, MOST_BARS, measure_shares
from gil_demo.drawing.style import Chart, draw_png, get_look
from gil_demo.tables.kinds import draw_each
from gil_demo.turns import timeline as switching
from gil_demo.turns.sweep import (
    describe_switches,
    draw_switch_intervals,
    summarise_switches,
    title_switches,
)
from gil_demo.turns.timeline import describe_trace, draw_timeline, summarise_trace, title_trace
from gil_demo.words import state_seconds
from tests.conftest import TableMaker, spread
from tests.made.turns import (
    PROCESSES_AT_ONCE,
    THREADS_IN_TURN,
    Lanes,
    Rounds,
    make_slices,
    make_switches,
    run_at_once,
    take_turns,
)
from tests.race.test_speed_chart import assert_inside, draw_and_list_texts, read_across, read_up

Draw = Callable[[pd.DataFrame], Chart]
MakeTable = Callable[..., pd.DataFrame]

LOOP: Lanes = {("sequential", 1): [(0.0, 0.03), (0.03, 0.06)]}
MANY_CORES = {"usable_cores": 32, "logical_cores": 32}
RECORDED = {"recorded_on": "a 12-core desktop of a university's computer room, 2026-11-22"}
TRACES: dict[str, tuple[Lanes | None, dict[str, Any]]] = {
    "ordinary": (None, {}),
    "all three": ({**PROCESSES_AT_ONCE, **THREADS_IN_TURN, **LOOP}, {}),
    "threads alone": (THREADS_IN_TURN, {}),
    "the plain loop alone": (LOOP, {"workers": 2}),
    "one worker": ({("threads", 1): [(0.0, 0.03)], ("processes", 1): [(0.0, 0.03)]}, {}),
    "twelve workers": ({**take_turns(0.005, 40, 12), **run_at_once(0.1, 12)}, MANY_CORES),
    "thirty-two workers": ({**take_turns(0.005, 64, 32), **run_at_once(0.1, 32)}, MANY_CORES),
    "quick processes": ({**THREADS_IN_TURN, **run_at_once(1e-5)}, {}),
    "a tiny trace": (take_turns(1e-9, 4), {}),
    "a long trace": (take_turns(250.0, 12), {"count": 10**10}),
    "many slices": (take_turns(1e-5, MOST_BARS + 100), {}),
    "one core": (None, {"usable_cores": 1}),
    "recorded": (None, RECORDED | {"gil_enabled": False, "start_method": "forkserver"}),
}
SWEEPS: dict[str, tuple[Rounds | None, dict[str, Any]]] = {
    "ordinary": (None, {}),
    "one interval": ({0.005: (spread(0.005), spread(3e7))}, {}),
    "one round": ({n: ([n], [3e7]) for n in (0.001, 0.005, 0.02)}, {}),
    "no turns": ({1e-6: ([None] * 8, spread(1e7)), 0.005: ([None] * 8, spread(3e7))}, {}),
    "turns at times": ({n: ([None, n, None], [3e7] * 3) for n in (0.001, 0.005)}, {}),
    "from end to end": ({n: (spread(n), spread(3e7)) for n in (1e-6, 0.005, 1.0)}, {}),
    "much faster": ({0.005: (spread(0.005), spread(1e7)), 1.0: (spread(1), spread(4e8))}, {}),
    "noise": ({n: (spread(n, 8, 1.9), spread(3e7, 8, 1.9)) for n in (0.001, 0.005)}, {}),
    "many": (
        {n: (spread(n), spread(3e7)) for n in (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05)},
        {},
    ),
    "recorded": (None, RECORDED | {"workers": 12}),
}


@pytest.fixture(params=TRACES)
def traced(request: pytest.FixtureRequest) -> pd.DataFrame:
    lanes, facts = TRACES[request.param]
    return make_slices(lanes, **facts)


@pytest.fixture(params=SWEEPS)
def swept(request: pytest.FixtureRequest) -> pd.DataFrame:
    rounds, facts = SWEEPS[request.param]
    return make_switches(rounds, **facts)


def draw_strictly(draw: Draw, table: pd.DataFrame) -> tuple[Chart, list[Text]]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chart = draw(table)
        return chart, list(draw_and_list_texts(chart))


def assert_apart_from_the_heading(chart: Chart, texts: list[Text]) -> None:
    """Fail if a text or a plot touches the title above or the conditions below."""
    title, conditions = (line.get_window_extent() for line in chart.texts)
    boxes = [("a plot", axes.get_window_extent()) for axes in chart.axes]
    boxes += [
        (text.get_text(), text.get_window_extent()) for text in texts if text not in chart.texts
    ]
    for name, box in boxes:
        assert not box.overlaps(title), f"{name} at {box.extents}, title at {title.extents}"
        assert not box.overlaps(conditions), f"{name} at {box.extents} on the conditions"


def list_bars(axes: Axes) -> list[tuple[str, float, list[tuple[float, float]]]]:
    """List the lanes of bars: colour, place from the top, and from where to where in seconds."""
    lanes = []
    for bars in axes.collections:
        assert isinstance(bars, PolyCollection)
        boxes = [path.get_extents() for path in bars.get_paths()]
        colours = {to_hex(tuple(colour)) for colour in np.asarray(bars.get_facecolor())}
        places = {float(box.y0 + box.y1) / 2 for box in boxes}
        if boxes:
            (colour,), (place,) = colours, places
            lanes.append((colour, place, [(box.x0 / 1000, box.x1 / 1000) for box in boxes]))
    return lanes


def list_lane_names(axes: Axes) -> dict[float, str]:
    labels = [label.get_text() for label in axes.get_yticklabels()]
    return dict(zip(map(float, axes.get_yticks()), labels, strict=True))


# a timeline


def test_every_trace_draws_without_a_warning_and_its_texts_are_true_and_whole(
    traced: pd.DataFrame,
) -> None:
    chart, texts = draw_strictly(draw_timeline, traced)
    assert_inside(texts, chart)
    assert_apart_from_the_heading(chart, texts)
    summary = summarise_trace(traced)
    title, conditions = title_trace(traced, summary), describe_trace(traced)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert title in chart.description
    assert conditions in chart.description
    assert not re.search(r"\bnan\b", chart.description)
    for row in summary.to_dict("records"):
        assert f"done after {row['seconds']:.3f} s" in chart.description
        if row["turns"]:
            turns = f"{row['turns']} turns of {state_seconds(row['turn_seconds'])}"
            assert turns in chart.description
        if not math.isnan(row["together"]):
            together = f"at once for {100 * row['together']:.1f} % of the time"
            assert together in chart.description


def test_there_is_a_lane_for_each_worker_threads_above_processes() -> None:
    processes, threads = run_at_once(0.1, 3), take_turns(0.005, 9, 3)
    backwards = dict(reversed(list({**processes, **threads, **LOOP}.items())))
    axes = draw_timeline(make_slices(backwards)).axes[0]
    names = list_lane_names(axes)
    assert [names[place] for place in sorted(names)] == [
        "Plain loop",
        *("Thread 1", "Thread 2", "Thread 3"),
        *("Process 1", "Process 2", "Process 3"),
    ]
    bottom, top = axes.get_ylim()
    assert top < min(names) < max(names) < bottom  # from the top down


def test_the_bars_are_where_the_slices_are_in_the_colour_of_their_runner() -> None:
    table = make_slices({**PROCESSES_AT_ONCE, **THREADS_IN_TURN, **LOOP})
    axes = draw_timeline(table).axes[0]
    names = list_lane_names(axes)
    nouns = {"Thread": "threads", "Process": "processes", "Plain": "sequential"}
    drawn = 0
    for colour, place, bars in list_bars(axes):
        noun, number = names[place].split()
        runner = nouns[noun]
        assert colour == get_look(runner).colour.lower()
        lane = table[table["runner"] == runner]
        if runner != "sequential":
            lane = lane[lane["worker"] == int(number)]
        expected = lane[["start_seconds", "end_seconds"]].to_numpy().ravel()
        assert np.ravel(bars) == pytest.approx(expected)
        drawn += len(bars)
    assert drawn == len(table)
    assert axes.get_xlim()[0] == 0
    assert axes.get_xlim()[1] == pytest.approx(60, rel=0.01)
    assert "too many" not in axes.get_xlabel()


def test_the_lanes_are_the_same_whatever_the_order_of_the_rows() -> None:
    table = make_slices()
    shuffled = table.sample(frac=1.0, random_state=7)
    lanes, again = (list_bars(draw_timeline(one).axes[0]) for one in (table, shuffled))
    assert [lane[:2] for lane in lanes] == [lane[:2] for lane in again]
    assert [sorted(lane[2]) for lane in again] == [lane[2] for lane in lanes]


def test_where_the_last_worker_of_a_runner_was_done_is_marked() -> None:
    axes = draw_timeline(make_slices()).axes[0]
    across = [read_across(line) for line in axes.lines]
    assert across == [pytest.approx([60.0, 60.0]), pytest.approx([32.0, 32.0])]
    assert [text.get_text() for text in axes.texts] == ["done after 60 ms", "done after 32 ms"]
    for line, workers in zip(axes.lines, ((0, 1), (2.5, 3.5)), strict=True):
        low, high = sorted(read_up(line))
        assert low < workers[0] < workers[1] < high


# part of a timeline


def test_a_window_shows_that_part_of_the_time() -> None:
    chart = draw_timeline(make_slices(), (0.011, 0.021))
    axes = chart.axes[0]
    left, right = axes.get_xlim()
    assert [left, right] == pytest.approx([11, 21], rel=0.01)
    threads = sorted(
        bar
        for colour, _, bars in list_bars(axes)
        for bar in bars
        if colour == get_look("threads").colour.lower()
    )
    assert np.ravel(threads) == pytest.approx([0.010, 0.015, 0.015, 0.020, 0.020, 0.025])
    # who was done later is not marked as done here, but still told of in words
    assert not axes.texts
    assert "done after 0.060 s" in chart.description


def test_the_lanes_of_a_window_are_those_of_all_workers() -> None:
    axes = draw_timeline(make_slices(), (0.05, 0.055)).axes[0]
    assert list(list_lane_names(axes).values()) == [
        *("Thread 1", "Thread 2", "Process 1", "Process 2"),
    ]


@pytest.mark.parametrize(
    "window",
    [(0.0, 0.06), (0, 1), (0.031, 0.04), (0.0319, 0.04), (0.0, 0.0321), (0.0599, 0.5), (5, 6)],
)
def test_every_window_draws_with_its_texts_in_sight(window: tuple[float, float]) -> None:
    chart, texts = draw_strictly(lambda table: draw_timeline(table, window), make_slices())
    shown = []
    for text in texts:
        # what is told of a point out of sight is not drawn
        if isinstance(text, Annotation) and not window[0] <= text.xy[0] / 1000 <= window[1]:
            continue
        shown.append(text)
    assert_inside(shown, chart)


@pytest.mark.parametrize(
    "window",
    [
        *((0.02, 0.01), (0.01, 0.01), (-0.01, 0.02), (0, math.inf)),
        *((math.nan, 0.02), (0.01, math.nan), (-2, -1)),
    ],
)
def test_a_window_that_is_no_stretch_of_time_is_refused(window: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"window must be .*, not \("):
        draw_timeline(make_slices(), window)


# more slices than can be told apart


@pytest.fixture
def few_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switching, "MOST_BARS", 11)


def list_pictures(axes: Axes) -> list[AxesImage]:
    return [image for image in axes.images if isinstance(image, AxesImage)]


@pytest.mark.usefixtures("few_bars")
def test_more_slices_than_bars_are_drawn_as_shares_and_the_axis_says_so() -> None:
    some, more = make_slices(take_turns(0.005, 11)), make_slices(take_turns(0.005, 12))
    bars, shares = draw_timeline(some).axes[0], draw_timeline(more).axes[0]
    assert "too many" not in bars.get_xlabel()
    assert not bars.images
    assert len(list_bars(bars)) == 2
    assert "too many slices to draw each: the darker, the more it ran" in shares.get_xlabel()
    assert not list_bars(shares)
    assert len(shares.images) == 2


@pytest.mark.usefixtures("few_bars")
def test_the_shares_lie_in_the_lane_of_their_worker_in_the_colour_of_its_runner() -> None:
    axes = draw_timeline(make_slices(), (0.0, 0.064)).axes[0]
    names = list_lane_names(axes)
    pictures = {}
    for image in list_pictures(axes):
        left, right, bottom, top = image.get_extent()
        assert [left, right] == pytest.approx([0, 64])
        pixels = np.asarray(image.get_array())
        assert pixels.shape == (1, BINS, 4)
        name = names[(bottom + top) / 2]
        runner = "threads" if name.startswith("Thread") else "processes"
        assert to_hex(tuple(pixels[0, 0, :3])) == get_look(runner).colour.lower()
        pictures[name] = pixels[0, :, 3]
    assert list(pictures) == ["Thread 1", "Thread 2", "Process 1", "Process 2"]
    # 25 bins a millisecond: a turn of 5 ms is 125 of them
    for number, name in enumerate(("Thread 1", "Thread 2")):
        expected = [float(bin_ // 125 % 2 == number) for bin_ in range(1500)] + [0.0] * 100
        assert pictures[name] == pytest.approx(expected)
    for name in ("Process 1", "Process 2"):
        assert pictures[name] == pytest.approx([1.0] * 800 + [0.0] * 800)


@pytest.mark.parametrize(
    ("slices", "shares"),
    [
        pytest.param([], [0, 0, 0, 0], id="none"),
        pytest.param([(0, 4)], [1, 1, 1, 1], id="all of the time"),
        pytest.param([(0.5, 1.25)], [0.5, 0.25, 0, 0], id="across an edge"),
        pytest.param([(1, 2)], [0, 1, 0, 0], id="from edge to edge"),
        pytest.param([(2, 2.25), (2.5, 2.75)], [0, 0, 0.5, 0], id="two in one"),
        pytest.param([(3.25, 3.25)], [0, 0, 0, 0], id="of no length"),
        pytest.param([(0, 0.5), (0.5, 1.5), (1.5, 1.5)], [1, 0.5, 0, 0], id="touching"),
        pytest.param([(3.5, 9)], [0, 0, 0, 0.5], id="beyond the end"),
        pytest.param([(-1, 0.25), (3.75, 4)], [0.25, 0, 0, 0.25], id="before the start"),
        pytest.param([(2.5, 3), (0.25, 0.5)], [0.25, 0, 0.5, 0], id="in no order"),
    ],
)
def test_the_share_of_a_bin_is_the_part_of_it_in_which_the_worker_ran(
    slices: list[tuple[float, float]], shares: list[float]
) -> None:
    lane = pd.DataFrame(slices, columns=["start_seconds", "end_seconds"], dtype="float64")
    measured = measure_shares(lane, np.array([0.0, 1.0, 2.0, 3.0, 4.0]))
    assert measured.tolist() == shares


def test_the_shares_of_all_bins_add_up_to_the_time_in_which_the_worker_ran() -> None:
    times = np.sort(np.random.default_rng(3).uniform(0.0, 2.0, 5000))
    lane = pd.DataFrame({"start_seconds": times[::2], "end_seconds": times[1::2]})
    edges = np.linspace(0.0, 2.0, 77)
    shares = measure_shares(lane, edges)
    assert ((shares >= 0) & (shares <= 1)).all()
    ran = float((lane["end_seconds"] - lane["start_seconds"]).sum())
    assert float((shares * np.diff(edges)).sum()) == pytest.approx(ran)


def test_a_hundred_thousand_slices_make_one_picture() -> None:
    starts = np.arange(50_000) * 2e-5
    table = pd.concat(
        [
            make_slices({("threads", worker): [(0.0, 1.0)]}, workers=2).loc[[0] * 50_000].assign(
                start_seconds=starts + shift, end_seconds=starts + shift + 1e-5
            )
            for worker, shift in ((1, 0.0), (2, 1e-5))
        ],
        ignore_index=True,
    )  # fmt: skip
    chart = draw_timeline(table)
    assert "too many slices" in chart.axes[0].get_xlabel()
    assert len(chart.axes[0].images) == 2
    assert not list_bars(chart.axes[0])
    assert draw_png(chart).startswith(b"\x89PNG")


def test_a_window_on_many_slices_shows_its_few_as_bars() -> None:
    table = make_slices(take_turns(1e-5, MOST_BARS + 100))
    assert draw_timeline(table).axes[0].images
    axes = draw_timeline(table, (0.0, 0.001)).axes[0]
    assert not axes.images
    assert sum(len(bars) for _, _, bars in list_bars(axes)) == 101


# switch intervals


def test_every_sweep_draws_without_a_warning_and_its_texts_are_true_and_whole(
    swept: pd.DataFrame,
) -> None:
    chart, texts = draw_strictly(draw_switch_intervals, swept)
    assert_inside(texts, chart)
    assert_apart_from_the_heading(chart, texts)
    summary = summarise_switches(swept)
    title, conditions = title_switches(swept, summary), describe_switches(swept)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert title in chart.description
    assert conditions in chart.description
    assert not re.search(r"\bnan\b", chart.description)
    for row in summary.to_dict("records"):
        assert f"{row['speed']:.2f} × the speed at 5 ms" in chart.description
        if not math.isnan(row["turn_seconds"]):
            assert f"turns of {state_seconds(row['turn_seconds'])}, " in chart.description


def test_the_lines_of_a_sweep_run_through_the_medians_and_there_is_a_mark_for_each_round() -> None:
    table = make_switches()
    turns, speeds = draw_switch_intervals(table).axes
    summary = summarise_switches(table)
    colour = get_look("threads").colour
    (line,) = [line for line in turns.lines if line.get_color() == colour]
    assert read_across(line) == pytest.approx([1, 5, 20])
    assert read_up(line) == pytest.approx((summary["turn_seconds"][1:] * 1000).tolist())
    (marks,) = [line for line in turns.lines if line.get_linestyle() == "None"]
    expected = (table["turn_seconds"] * 1000).tolist()
    assert read_up(marks) == pytest.approx(expected, nan_ok=True)
    (curve,) = [line for line in speeds.lines if line.get_linestyle() == "-" and line.get_marker()
                == get_look("threads").marker]  # fmt: skip
    assert read_up(curve) == pytest.approx(summary["speed"].tolist())
    assert read_across(curve) == pytest.approx([0.001, 1, 5, 20])
    assert speeds.get_ylim()[0] == 0


def test_a_turn_as_long_as_the_interval_lies_on_the_dashed_line() -> None:
    turns = draw_switch_intervals(make_switches()).axes[0]
    (ideal,) = [line for line in turns.lines if line.get_linestyle() == "--"]
    assert read_across(ideal) == read_up(ideal)
    assert "turn = interval" in [text.get_text() for text in turns.texts]


# both


DRAWINGS = [
    pytest.param(draw_timeline, make_slices, id="timeline"),
    pytest.param(draw_switch_intervals, make_switches, id="switch intervals"),
]


@pytest.mark.parametrize(("draw", "make"), DRAWINGS)
def test_a_recorded_run_says_so_in_the_picture_and_the_description(
    draw: Draw, make: MakeTable
) -> None:
    chart = draw(make(recorded_on="a laptop"))
    assert all(text.get_text().startswith("Recorded ") for text in chart.texts)
    assert "Recorded run: " in chart.description
    assert "a laptop" in chart.description


@pytest.mark.parametrize(("draw", "make"), DRAWINGS)
def test_drawing_leaves_the_settings_and_the_table_as_they_are(draw: Draw, make: MakeTable) -> None:
    table = make()
    before = (dict(mpl.rcParams), table.copy(deep=True))
    assert draw_png(draw(table)) == draw_png(draw(table))
    assert dict(mpl.rcParams) == before[0]
    pd.testing.assert_frame_equal(table, before[1])


@pytest.mark.parametrize(("draw", "make"), DRAWINGS)
def test_the_door_to_the_charts_leads_here(draw: Draw, make: MakeTable) -> None:
    table = make()
    (chart,) = draw_each(table)
    assert chart.description == draw(table).description


@pytest.mark.parametrize(("draw", "make"), DRAWINGS)
def test_a_table_of_another_kind_is_refused(
    draw: Draw, make: MakeTable, make_run: TableMaker
) -> None:
    both = pd.concat([make(run_id="one"), make(run_id="two")], ignore_index=True)
    other = make_switches() if make is make_slices else make_slices()
    for bad in (None, pd.DataFrame(), both, other, make_run(), make().drop(columns="run_id")):
        with pytest.raises(ResultsError):
            draw(bad)  # type: ignore[arg-type]
