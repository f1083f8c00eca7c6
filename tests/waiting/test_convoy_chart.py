import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text

from gil_demo.checks import ResultsError
from gil_demo.drawing.style import Chart, draw_png, get_look
from gil_demo.recorded import load_published
from gil_demo.tables.schema import list_rows
from gil_demo.waiting.convoy import (
    describe_exchanges,
    draw_convoy,
    draw_server_intervals,
    state_rate,
    summarise_exchanges,
    title_exchanges,
    title_server_sweep,
)
from gil_demo.words import state_seconds
from tests.conftest import make_rows, spread
from tests.made.waiting import SERVED, SWEPT, make_serve_table
from tests.race.test_speed_chart import assert_inside, draw_and_list_texts, read_across, read_up

OWN = 0.005
Rates = Mapping[tuple[str, float], Sequence[float]]
LOOKS = {"nothing": "sequential", "process": "processes", "thread": "threads"}


def scale(rates: Rates, factor: float) -> Rates:
    return {key: [factor * one for one in figures] for key, figures in rates.items()}


def cut(rates: Rates, rounds: int) -> Rates:
    return {key: list(figures)[:rounds] for key, figures in rates.items()}


LONG = {
    "recorded_on": "a 12-core desktop of a university's computer room, 2026-11-22",
    "gil_enabled": False,
    "usable_cores": 12,
    "logical_cores": 12,
}
CASES: dict[str, tuple[Rates, dict[str, Any]]] = {
    "ordinary": (SERVED, {}),
    "one round": (cut(SERVED, 1), {}),
    "five rounds": (cut(SERVED, 5), {}),
    "many rounds": ({key: spread(of[0], 200, 0.4) for key, of in SERVED.items()}, {}),
    "without process": ({key: of for key, of in SERVED.items() if key[0] != "process"}, {}),
    "without thread": ({key: of for key, of in SERVED.items() if key[0] != "thread"}, {}),
    "alone": ({("nothing", OWN): SERVED["nothing", OWN]}, {}),
    "no difference": ({key: spread(1e4) for key in SERVED}, {}),
    "very slow": (scale(SERVED, 1e-3), {}),
    "very fast": (scale(SERVED, 20), {}),
    "all between two powers of ten": ({key: spread(3.5e4) for key in SERVED}, {}),
    "noise": ({key: spread(of[0], 8, 1.9) for key, of in SERVED.items()}, {}),
    "one core": (SERVED, {"usable_cores": 1}),
    "recorded": (SERVED, LONG),
}
SWEEPS: dict[str, tuple[Rates, dict[str, Any]]] = {
    "ordinary": (SWEPT, {}),
    "one round": (cut(SWEPT, 1), {}),
    "five rounds": (cut(SWEPT, 5), {}),
    "one interval": ({key: SWEPT[key] for key in list(SWEPT)[:2]}, {}),
    "all intervals": (
        {("nothing", OWN): spread(3e4)}
        | {("thread", x): spread(0.5 / x) for x in (0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01)},
        {},
    ),
    "no difference": ({key: spread(1e4) for key in SWEPT}, {}),
    "very slow": (scale(SWEPT, 1e-2), {}),
    "very fast": (scale(SWEPT, 20), {}),
    "recorded": (SWEPT, LONG),
}


class Drawn(NamedTuple):
    """A chart with the table that it shows and the texts that a reader sees."""

    table: pd.DataFrame
    summary: pd.DataFrame
    chart: Chart
    texts: list[Text]


@cache
def draw_case(case: str, with_published: bool = False) -> Drawn:
    """Draw a table of neighbours once for all tests that look at it."""
    rates, facts = CASES[case]
    published = load_published("convoy") if with_published else None
    return draw_once(make_serve_table(rates, **facts), lambda table: draw_convoy(table, published))


@cache
def draw_sweep(case: str) -> Drawn:
    """Draw a table of a sweep once for all tests that look at it."""
    rates, facts = SWEEPS[case]
    return draw_once(make_serve_table(rates, **facts), draw_server_intervals)


def draw_once(table: pd.DataFrame, draw: Callable[[pd.DataFrame], Chart]) -> Drawn:
    """Draw a table, and let no warning pass."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chart = draw(table)
        return Drawn(table, summarise_exchanges(table), chart, list(draw_and_list_texts(chart)))


@pytest.fixture
def published() -> pd.DataFrame:
    return load_published("convoy")


def assert_apart(texts: list[Text], chart: Chart) -> None:
    """Fail unless the title and the conditions are clear of all other texts and of the axes."""
    heading = [text for text in texts if text in chart.texts]
    assert len(heading) == 2
    frames = [axes.get_window_extent() for axes in chart.axes]
    for text in heading:
        box = text.get_window_extent()
        assert not any(box.overlaps(frame) for frame in frames), text.get_text()
        for other in texts:
            if other is not text:
                assert not box.overlaps(other.get_window_extent()), other.get_text()


def find_lines(axes: Axes, look: str) -> list[Line2D]:
    colour = get_look(LOOKS[look]).colour
    return [line for line in axes.lines if line.get_color() == colour]


def list_annotations(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


# the neighbours


@pytest.mark.parametrize(
    ("case", "with_published"),
    [
        *[(case, False) for case in CASES],
        *[(case, True) for case in ("ordinary", "very slow", "very fast", "alone", "recorded")],
    ],
)
def test_every_table_draws_without_a_warning_and_its_texts_are_true_and_whole(
    case: str, with_published: bool
) -> None:
    table, summary, chart, texts = draw_case(case, with_published)
    assert_inside(texts, chart)
    assert_apart(texts, chart)
    title, conditions = title_exchanges(table, summary), describe_exchanges(table)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert title in chart.description
    assert conditions in chart.description
    assert "nan" not in chart.description
    for row in list_rows(summary):
        rate = state_rate(row.requests_per_second)
        assert f"{rate} requests a second" in chart.description
        assert f"{1000 * row.latency_median_seconds:.3f} ms each" in chart.description
        assert f"{1000 * row.latency_p99_seconds:.3f} ms" in chart.description
        assert rate in list_annotations(chart.axes[0])
        assert state_seconds(row.latency_median_seconds) in list_annotations(chart.axes[1])


@pytest.mark.parametrize("case", ["ordinary", "one round", "very slow", "very fast", "noise"])
def test_the_marks_stand_at_the_medians_in_the_colours_of_the_runners(case: str) -> None:
    _, summary, chart, _ = draw_case(case)
    left, right = chart.axes
    for place, row in enumerate(list_rows(summary)):
        (mark,) = find_lines(left, row.beside)
        assert read_across(mark) == pytest.approx([row.requests_per_second])
        assert read_up(mark) == [place]
        bar, mark = find_lines(right, row.beside)
        latencies = [row.latency_median_seconds, row.latency_p99_seconds]
        assert read_across(bar) == pytest.approx(latencies)
        assert read_across(mark) == pytest.approx(latencies[:1])
        assert mark.get_marker() == get_look(LOOKS[row.beside]).marker


def test_there_is_a_mark_for_each_round_of_its_own_neighbour() -> None:
    table, _, chart, _ = draw_case("ordinary")
    rates = table["requests"] / table["seconds"]
    clouds = [
        sorted(read_across(line)) for line in chart.axes[0].lines if len(read_across(line)) == 8
    ]
    expected = [
        sorted(rates[table["beside"] == name].tolist()) for name in ("nothing", "process", "thread")
    ]
    assert len(clouds) == 3
    for cloud, own in zip(clouds, expected, strict=True):
        assert cloud == pytest.approx(own)


def test_every_neighbour_is_labelled_and_both_axes_are_logarithmic() -> None:
    chart = draw_case("ordinary").chart
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert labels == ["Alone", "Beside a busy process", "Beside a busy thread"]
    assert [axes.get_xscale() for axes in chart.axes] == ["log", "log"]
    assert chart.axes[0].get_ylim()[0] > chart.axes[0].get_ylim()[1]


@pytest.mark.parametrize("case", CASES)
def test_the_labels_of_an_axis_differ_from_each_other_and_there_are_some(case: str) -> None:
    for axes in draw_case(case).chart.axes:
        labels = [label.get_text() for label in axes.get_xticklabels()]
        assert labels
        assert len(set(labels)) == len(labels)


def test_published_figures_are_drawn_and_labelled_as_published(published: pd.DataFrame) -> None:
    chart = draw_case("ordinary", with_published=True).chart
    rates = chart.axes[0]
    stars = [line for line in rates.lines if line.get_marker() == "*"]
    assert len(stars) == 1
    assert sorted(read_across(stars[0])) == sorted(published["requests_per_second"])
    told = [text for text in list_annotations(rates) if "published" in text]
    assert sorted(told) == [
        "published 2021: 100",
        "published 2021: 20,000",
        "published 2021: 30,000",
    ]
    places = dict(zip(read_across(stars[0]), read_up(stars[0]), strict=True))
    assert places[30_000] < places[20_000] < places[100]
    source = published["source"].iloc[0]
    assert f"Published by {source}: alone 30,000, " in chart.description


def test_without_published_figures_nothing_is_called_published(published: pd.DataFrame) -> None:
    chart = draw_case("ordinary").chart
    assert not [text for text in list_annotations(chart.axes[0]) if "published" in text]
    assert "ublished" not in chart.description
    before = published.copy(deep=True)
    draw_convoy(make_serve_table(), published)
    pd.testing.assert_frame_equal(published, before)


def test_only_published_figures_of_the_neighbours_measured_are_drawn(
    published: pd.DataFrame,
) -> None:
    rates, _ = CASES["without process"]
    axes = draw_convoy(make_serve_table(rates), published).axes[0]
    told = [text for text in list_annotations(axes) if "published" in text]
    assert sorted(told) == ["published 2021: 100", "published 2021: 30,000"]


def test_labels_between_the_axes_do_not_cover_each_other() -> None:
    for axes in draw_case("ordinary", with_published=True).chart.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]


# the switch interval


@pytest.mark.parametrize("case", SWEEPS)
def test_every_sweep_draws_without_a_warning_and_its_texts_are_true_and_whole(case: str) -> None:
    table, summary, chart, texts = draw_sweep(case)
    assert_inside(texts, chart)
    assert_apart(texts, chart)
    title, conditions = title_server_sweep(table, summary), describe_exchanges(table)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert title in chart.description
    assert conditions in chart.description
    assert "nan" not in chart.description
    for row in list_rows(summary):
        if row.beside == "thread":
            interval = state_seconds(row.switch_interval_seconds)
            assert f"{interval}: {row.requests_per_second:.1f}" in chart.description
        else:
            assert f"neighbour {row.requests_per_second:.1f}" in chart.description


@pytest.mark.parametrize("case", SWEEPS)
def test_the_line_runs_through_the_medians_with_the_line_of_one_request_an_interval(
    case: str,
) -> None:
    _, summary, chart, _ = draw_sweep(case)
    axes = chart.axes[0]
    busy = summary.query("beside == 'thread'")
    (line,) = find_lines(axes, "thread")
    across = (1000 * busy["switch_interval_seconds"]).tolist()
    assert read_across(line) == pytest.approx(across)
    assert read_up(line) == pytest.approx(busy["requests_per_second"].tolist())
    ideal = axes.get_lines()[0]
    assert ideal.get_label() == "one request an interval"
    assert read_up(ideal) == pytest.approx([1000 / interval for interval in across])
    (alone,) = find_lines(axes, "nothing")
    rate = summary["requests_per_second"].iloc[0]
    assert set(read_up(alone)) == {rate}
    assert f"alone: {state_rate(rate)}" in list_annotations(axes)
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "one request an interval",
        "beside a busy thread",
    ]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_a_sweep_has_a_mark_for_each_round_and_a_label_for_each_interval() -> None:
    axes = draw_sweep("ordinary").chart.axes[0]
    (cloud,) = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert len(read_across(cloud)) == 24
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.5", "5", "20"]


def test_the_default_intervals_have_labels_that_do_not_touch() -> None:
    axes = draw_sweep("all intervals").chart.axes[0]
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert len(boxes) == 6
    assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]


# both


@pytest.mark.parametrize(("draw", "rates"), [(draw_convoy, SERVED), (draw_server_intervals, SWEPT)])
def test_a_recorded_run_says_so_in_the_picture_and_the_description(
    draw: Callable[[pd.DataFrame], Chart], rates: Rates
) -> None:
    chart = draw(make_serve_table(rates, recorded_on="a laptop"))
    assert all(re.match("recorded", text.get_text(), re.IGNORECASE) for text in chart.texts)
    assert chart.texts[0].get_text().startswith("Recorded run:")
    assert "a laptop" in chart.description


@pytest.mark.parametrize(("draw", "rates"), [(draw_convoy, SERVED), (draw_server_intervals, SWEPT)])
def test_drawing_leaves_the_settings_and_the_table_as_they_are(
    draw: Callable[[pd.DataFrame], Chart], rates: Rates
) -> None:
    table = make_serve_table(rates)
    before = (dict(mpl.rcParams), table.copy(deep=True))
    assert draw_png(draw(table)).startswith(b"\x89PNG")
    assert dict(mpl.rcParams) == before[0]
    pd.testing.assert_frame_equal(table, before[1])


@pytest.mark.parametrize("draw", [draw_convoy, draw_server_intervals])
def test_a_table_of_another_kind_is_refused(draw: Callable[[Any], Chart]) -> None:
    both = pd.concat([make_serve_table(run_id="one"), make_serve_table(run_id="two")])
    table = make_serve_table()
    without = table[table["beside"] != "nothing"]
    for bad in (None, pd.DataFrame(), pd.DataFrame(make_rows()), both, without):
        with pytest.raises(ResultsError):
            draw(bad)


def test_a_sweep_drawn_as_a_run_is_refused_or_each_row_holds_its_own_rounds() -> None:
    with suppress(ResultsError):
        axes = draw_convoy(make_serve_table(SWEPT)).axes[0]
        clouds = [len(read_across(line)) for line in axes.lines if line.get_markersize() == 4]
        assert clouds == [8] * 4


def test_a_run_without_a_busy_thread_is_no_sweep() -> None:
    alone = make_serve_table({("nothing", OWN): spread(3e4)})
    with pytest.raises(ResultsError):
        draw_server_intervals(alone)
