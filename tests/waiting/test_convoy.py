import gc
import math
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo import draw, serve, summarise, sweep_server, verdict
from gil_demo.checks import ResultsError
from gil_demo.drawing.style import get_look
from gil_demo.recorded import load_published
from gil_demo.running.pools import processes
from gil_demo.waiting import convoy
from gil_demo.waiting.convoy import NEIGHBOURS, state_rate
from gil_demo.waiting.loopback import Exchange
from tests.charts import assert_apart, assert_readable, draw_and_list_texts, read_across, read_up
from tests.conftest import EACH_METHOD, interrupt_once_there
from tests.made.runs import assert_one_run, spread
from tests.made.waiting import SERVED, SWEPT, Rates, make_serve_table

OWN = 0.005
VARIANT = ["beside", "switch_interval_seconds"]
MEASURED = pytest.mark.usefixtures("no_wait", "lean", "everything_as_before")


@pytest.fixture
def lean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out nearly all of the requests, and what earlier pools left in cycles.

    Python swallows an interrupt that comes while it runs the finalizers of such a pool.
    """
    gc.collect()
    monkeypatch.setattr(convoy, "SECONDS", 0.01)
    monkeypatch.setattr(convoy, "INTERVALS", (0.0005, 0.02))


# the measurement


@MEASURED
@pytest.mark.parametrize("method", EACH_METHOD)
def test_serve_and_sweep_give_whole_tables(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convoy, "processes", partial(processes, start_method=method))
    table = serve(budget=0.05)
    assert_one_run(table, VARIANT)
    assert summarise(table)["beside"].tolist() == ["nothing", "process", "thread"]
    assert set(table["switch_interval_seconds"]) == {OWN}
    assert (table["seconds"] >= 0.01).all()
    swept = sweep_server(seconds=0.02, budget=0.05)
    assert_one_run(swept, VARIANT)
    assert summarise(swept)["switch_interval_seconds"].tolist() == [OWN, 0.0005, 0.02]
    assert (swept["seconds"] >= 0.02).all()
    assert set(swept["run_id"]) != set(table["run_id"])


@MEASURED
def test_while_requests_are_sent_the_neighbour_is_there_and_the_interval_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = {}
    genuine: Any = convoy._run_round
    before = set(threading.enumerate())

    def look(run: Any, *arguments: Any) -> Exchange:
        def run_and_look(function: Any, tasks: list[Any]) -> Any:
            busy = [t for t in {*threading.enumerate()} - before if t.name.endswith("(work)")]
            looks[arguments[2:]] = (len(busy), len(tasks), round(sys.getswitchinterval(), 5))
            return run(function, tasks)

        exchange: Exchange = genuine(run_and_look, *arguments)
        return exchange

    monkeypatch.setattr(convoy, "_run_round", look)
    serve(budget=0.01)
    assert looks == {
        ("nothing", OWN): (0, 1, OWN),
        ("thread", OWN): (1, 1, OWN),
        ("process", OWN): (0, 2, OWN),
    }
    sweep_server(seconds=0.01, budget=0.01)
    assert looks["thread", 0.02] == (1, 1, 0.02)


def lose_the_server(port: int, seconds: float) -> None:
    raise ConnectionError(f"nobody at {port} after {seconds} s")


@MEASURED
def test_a_client_that_fails_ends_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convoy, "send_requests", lose_the_server)
    with pytest.raises(ConnectionError, match=r"nobody at \d+ after 0\.01 s"):
        serve()


@MEASURED
@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_an_interrupt_beside_any_neighbour_leaves_nothing(
    neighbour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine: Any = convoy._run_round
    mark = tmp_path / "mark"

    def leave_a_mark(*arguments: Any) -> Any:
        if arguments[3] == neighbour:
            mark.touch()
        return genuine(*arguments)

    monkeypatch.setattr(convoy, "_run_round", leave_a_mark)
    monkeypatch.setattr(convoy, "SECONDS", 0.2)
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        serve(budget=60.0)
    interrupter.join()


@MEASURED
def test_an_interrupt_while_the_busy_thread_starts_does_not_lose_the_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genuine = threading.Thread.start

    def start_and_interrupt(thread: threading.Thread) -> None:
        genuine(thread)
        if thread.name.endswith("(work)"):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(threading.Thread, "start", start_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        serve(budget=60.0)


# the summary


def test_a_run_has_a_row_for_each_neighbour_with_its_medians() -> None:
    table = make_serve_table(
        {
            ("nothing", OWN): [1000.0, 2000.0, 4000.0],
            ("thread", OWN): [100.0, 200.0, 100.0],
            ("process", OWN): [500.0, 2000.0, 2000.0],
        }
    )
    expected = pd.DataFrame(
        {
            "beside": ["nothing", "process", "thread"],
            "switch_interval_seconds": [OWN] * 3,
            "rounds": [3, 3, 3],
            "requests_per_second": [2000.0, 2000.0, 100.0],
            "latency_median_seconds": [0.9 / 2000, 0.9 / 2000, 0.9 / 100],
            "latency_p99_seconds": [2 / 2000, 2 / 2000, 2 / 100],
            "fewer": [1.0, 2.0, 10.0],
            "fewer_low": [math.nan] * 3,
            "fewer_high": [math.nan] * 3,
        }
    )
    assert_frame_equal(summarise(table), expected)
    assert_frame_equal(summarise(table.sample(frac=1.0, random_state=3)), expected)


def test_ratios_are_taken_inside_the_rounds_and_six_carry_an_interval() -> None:
    shares = [3.0, 2.0, 4.0, 2.5, 5.0, 3.5]
    alone = [1000.0 * 2**number for number in range(6)]
    beside = [rate / share for rate, share in zip(alone, shares, strict=True)]
    row = summarise(make_serve_table({("nothing", OWN): alone, ("thread", OWN): beside})).iloc[1]
    assert (row["fewer_low"], row["fewer"], row["fewer_high"]) == pytest.approx((2.0, 3.25, 5.0))


def test_a_sweep_has_a_row_for_each_interval_the_shortest_first() -> None:
    summary = summarise(make_serve_table({key: SWEPT[key] for key in [*SWEPT][::-1]}))
    assert summary["beside"].tolist() == ["nothing", "thread", "thread", "thread"]
    assert summary["switch_interval_seconds"].tolist() == [0.005, 0.0005, 0.005, 0.02]
    assert summary["fewer"].tolist() == pytest.approx([1.0, 30.0, 300.0, 1200.0])


def test_a_run_that_lacks_the_server_alone_or_a_round_is_refused() -> None:
    table = make_serve_table()
    with pytest.raises(ResultsError, match="no rounds beside nothing to hold the others against"):
        summarise(table[table["beside"] != "nothing"])
    with pytest.raises(ResultsError, match=r"not whole: process, 0\.005 .*has 7 rows in 7 of 8"):
        summarise(table[:-1])


# the finding


def beside_thread(shares: list[float], **facts: object) -> pd.DataFrame:
    """Make a table in which the server answers a share of its requests beside a thread."""
    alone, beside = [1000.0] * len(shares), [1000 * share for share in shares]
    return make_serve_table({("nothing", OWN): alone, ("thread", OWN): beside}, **facts)


def test_each_neighbour_has_a_line_with_its_numbers() -> None:
    assert verdict(make_serve_table()).splitlines() == [
        "Alone: 30,000 requests a second, 30 µs each in the median,",
        "  1 % above 66.7 µs.",
        "Beside a busy process: 20,000 requests a second, 45 µs each in the median,",
        "  1 % above 100 µs; 1.5 × fewer than alone.",
        "Beside a busy thread: 100 requests a second, 9 ms each in the median,",
        "  1 % above 20 ms; 300 × fewer than alone.",
        "Eight rounds of each.",
    ]


def test_a_sweep_tells_the_interval_of_each_line() -> None:
    lines = verdict(make_serve_table(SWEPT)).splitlines()
    assert [line.split(":")[0] for line in lines[:-1:2]] == [
        "Alone",
        "Beside a busy thread, switch interval 500 µs",
        "Beside a busy thread, switch interval 5 ms",
        "Beside a busy thread, switch interval 20 ms",
    ]
    assert lines[-2] == "  1 % above 80 ms; 1,200 × fewer than alone."


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        (spread(0.5, 8, 0.9), "; 1.38 to 3.64 × fewer than alone."),
        (spread(1.0, 8, 1.6), "; no clear difference from alone."),
        (spread(2.0), "; 2 × as many as alone."),
        (spread(2.0, 8, 0.9), "; 1.1 to 2.9 × as many as alone."),
        ([0.1] * 5, "; 10 × fewer than alone."),
        ([1.2] * 5, " ms."),
    ],
)
def test_the_words_follow_the_interval(shares: list[float], told: str) -> None:
    assert verdict(beside_thread(shares)).splitlines()[-2].endswith(told)


def test_a_busy_machine_is_held_against_the_run_by_how_many_workers_there_were() -> None:
    lines = verdict(make_serve_table(busy_percent=50.0)).splitlines()
    assert lines[0].startswith("Mind: the machine was 50 % busy before the run")
    assert lines[1:] == verdict(make_serve_table()).splitlines()
    assert "Mind" not in verdict(beside_thread([0.1], busy_percent=50.0))


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (9.94, "9.9"),
        (10.0, "10"),
        (999.7, "1,000"),
        (1_234_567.0, "1,230,000"),
    ],
)
def test_a_rate_is_stated_with_three_digits_at_most(rate: float, text: str) -> None:
    assert state_rate(rate) == text


# the chart


@pytest.mark.parametrize(
    ("rates", "title"),
    [
        (
            SERVED,
            "Requests a second: 30,000 alone, 20,000 beside a busy process, "
            "100 beside a busy thread",
        ),
        (
            SWEPT,
            "Beside a busy thread: 1,000 requests a second at 500 µs, "
            "25 requests a second at 20 ms",
        ),
        (
            {("nothing", OWN): [3e4] * 8, ("thread", 0.02): [25.0] * 8},
            "Beside a busy thread: 25 requests a second at 20 ms",
        ),
    ],
)
def test_title_and_conditions_say_what_was_found_and_how(rates: Rates, title: str) -> None:
    interval = ", switch interval 5 ms" if rates is SERVED else ""
    assert [text.get_text() for text in draw(make_serve_table(rates)).texts] == [
        title,
        "CPython 3.13.0, Linux, two usable cores; echo server on loopback, its client in another "
        f"process{interval}; eight rounds of each",
    ]


def test_the_neighbours_have_a_cloud_and_a_median_each_and_their_latencies() -> None:
    table = make_serve_table()
    chart = draw(table)
    rates, latencies = chart.axes
    labels = [label.get_text() for label in rates.get_yticklabels()]
    assert labels == ["Alone", "Beside a busy process", "Beside a busy thread"]
    assert rates.get_ylim() == (2.6, -0.6)
    for place, (name, runner, median) in enumerate(
        [("nothing", "sequential", 3e4), ("process", "processes", 2e4), ("thread", "threads", 100)]
    ):
        own, look = table[table["beside"] == name], get_look(runner)
        cloud, mark = rates.lines[2 * place : 2 * place + 2]
        assert read_across(cloud) == pytest.approx(list(own["requests"] / own["seconds"]))
        assert read_across(mark) == pytest.approx([median])
        assert (read_up(mark), mark.get_color(), mark.get_marker()) == ([place], look[0], look[1])
        bar, mark = latencies.lines[2 * place : 2 * place + 2]
        assert read_across(bar) == pytest.approx([0.9 / median, 2 / median], rel=1e-3)
        assert read_across(mark) == read_across(bar)[:1]
    assert chart.description.split(". ")[2].startswith(
        "Medians: alone 30,000 requests a second, 0.030 ms each, 99 % below 0.067 ms; beside a "
    )


def test_published_figures_of_neighbours_measured_are_drawn_and_told_with_their_source() -> None:
    published = load_published("convoy")
    chart = draw(make_serve_table(), published=published)
    rates = chart.axes[0]
    (stars,) = [line for line in rates.lines if line.get_marker() == "*"]
    assert dict(zip(read_across(stars), read_up(stars), strict=True)) == {
        30_000: 0.3,
        20_000: 1.3,
        100: 2.3,
    }
    told = sorted(text.get_text() for text in rates.texts if "published" in text.get_text())
    assert told == ["published 2021: 100", "published 2021: 20,000", "published 2021: 30,000"]
    source = published["source"].iloc[0]
    assert f" Published by {source}: alone 30,000, " in chart.description
    assert_apart(rates, list(rates.texts))
    fewer = draw(beside_thread([0.1]), published=published).axes[0].texts
    assert sum("published" in text.get_text() for text in fewer) == 2


def test_figures_that_are_none_are_refused() -> None:
    for bad in (5, load_published("countdown"), load_published("convoy")[:0]):
        with pytest.raises(ResultsError, match='as load_published\\("convoy"\\) gives it'):
            draw(make_serve_table(SWEPT), published=bad)


def test_a_sweep_is_a_line_through_the_medians_beside_one_request_an_interval() -> None:
    chart = draw(make_serve_table(SWEPT))
    (axes,) = chart.axes
    ideal, cloud, busy, alone = axes.lines
    assert read_across(ideal) == read_across(busy) == [0.5, 5.0, 20.0]
    assert read_up(ideal) == pytest.approx([2000, 200, 50])
    assert read_up(busy) == pytest.approx([1000, 100, 25])
    assert len(read_across(cloud)) == 24
    assert read_up(alone) == pytest.approx([30_000] * 2)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.5", "5", "20"]
    assert [text.get_text() for text in axes.texts] == ["alone: 30,000"]
    told = "500 µs: 1000.0; 5 ms: 100.0; 20 ms: 25.0; without a neighbour 30000.0. "
    assert f" Requests a second by switch interval: {told}" in chart.description


@pytest.mark.parametrize(
    "rates",
    [
        {key: [1e-3 * rate for rate in rates] for key, rates in SERVED.items()},
        {key: spread(20 * rates[0], 60, 1.9) for key, rates in SERVED.items()},
        {("nothing", OWN): [3.5e4]},
        {key: spread(1e4) for key in SWEPT},
        {("nothing", OWN): spread(3e4)}
        | {("thread", interval): spread(0.5 / interval) for interval in convoy.INTERVALS},
    ],
)
def test_extreme_tables_draw_readably_with_labels_that_do_not_touch(rates: Rates) -> None:
    chart = assert_readable(
        draw, make_serve_table(rates, recorded_on="a 12-core desktop, 2026-11-22")
    )
    seen = draw_and_list_texts(chart)
    for axes in chart.axes:
        labels = [label for label in axes.get_xticklabels() if label in seen]
        assert labels
        assert_apart(axes, labels)
