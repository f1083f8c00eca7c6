import signal
import sys
import threading
from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest

import gil_demo
from gil_demo import GilDemoError, ResultsError, load_published, processes, serve
from gil_demo.drawing.style import get_look
from gil_demo.waiting import convoy
from tests.charts import assert_apart, assert_readable, list_texts, read_across, read_up
from tests.made.runs import assert_one_run, spread
from tests.made.unchecked import draw, summarise, verdict
from tests.made.waiting import SERVED, SWEPT, make_serve_table

OWN = 0.005
ALONE, BESIDE = ("nothing", OWN), ("thread", OWN)


@pytest.mark.usefixtures("no_wait", "everything_as_before")
def test_each_round_has_its_neighbour(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, before = {}, set(threading.enumerate())
    genuine: Any = convoy._run_round

    def look(run: Any, *arguments: Any) -> Any:
        def run_and_look(function: Any, tasks: list[Any]) -> Any:
            busy = [t for t in {*threading.enumerate()} - before if t.name.endswith("(work)")]
            looks[arguments[2:]] = (len(busy), len(tasks), round(sys.getswitchinterval(), 5))
            return run(function, tasks)

        return genuine(run_and_look, *arguments)

    monkeypatch.setattr(convoy, "SECONDS", 0.01)
    monkeypatch.setattr(convoy, "INTERVALS", (0.0005, 0.02))
    monkeypatch.setattr(convoy, "processes", partial(processes, start_method=method))
    monkeypatch.setattr(convoy, "_run_round", look)
    served, swept = serve(budget=0.01), convoy.sweep_server(seconds=0.02, budget=0.01)
    for table, seconds in ((served, 0.01), (swept, 0.02)):
        assert_one_run(table, ["beside", "switch_interval_seconds"])
        assert (table["seconds"] >= seconds).all()
    assert summarise(swept)["switch_interval_seconds"].tolist() == [OWN, 0.0005, 0.02]
    neighbours = {ALONE: (0, 1, OWN), BESIDE: (1, 1, OWN), ("process", OWN): (0, 2, OWN)}
    assert looks == neighbours | {("thread", one): (1, 1, one) for one in (0.0005, 0.02)}


@pytest.mark.usefixtures("no_wait", "everything_as_before")
def test_a_lost_connection_or_a_refused_thread_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for reason in (TimeoutError("timed out"), RuntimeError("can't start new thread")):
        monkeypatch.setattr(convoy, "_run_round", Mock(side_effect=reason))
        with pytest.raises(GilDemoError, match=f"^the requests to the server failed: {reason}$"):
            serve(budget=0.01)


@pytest.mark.usefixtures("everything_as_before")
def test_an_interrupt_does_not_lose_the_busy_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = threading.Thread.start

    def start_and_interrupt(thread: threading.Thread) -> None:
        genuine(thread)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(threading.Thread, "start", start_and_interrupt)
    with pytest.raises(KeyboardInterrupt), convoy._busy_thread():
        pass


def test_ratios_are_taken_inside_the_rounds_and_need_the_server_alone() -> None:
    alone = [1000.0 * 2**number for number in range(6)]
    shares = [3.0, 2.0, 4.0, 2.5, 5.0, 3.5]
    beside = [rate / share for rate, share in zip(alone, shares, strict=True)]
    table = make_serve_table({ALONE: alone, BESIDE: beside, ("process", OWN): alone})
    summary = summarise(table.sample(frac=1, random_state=3))
    assert summary["beside"].tolist() == ["nothing", "process", "thread"]
    medians = [2100, (0.9 / 1000 + 0.9 / 3200) / 2, (2 / 1000 + 2 / 3200) / 2]
    assert summary.iloc[2, 1:].tolist() == pytest.approx([OWN, 6, *medians, 10**0.5, 2, 5])
    with pytest.raises(ResultsError, match="no rounds beside nothing to hold the others against"):
        gil_demo.summarise(table[table["beside"] != "nothing"])


def test_each_neighbour_has_a_line_with_its_numbers_below_what_is_to_mind() -> None:
    lines = [
        "Alone: 30,000 requests a second, 33.3 µs each on average;",
        "  median 30 µs, 1 % above 66.7 µs.",
        "Beside a busy process: 20,000 requests a second, 50 µs each on average;",
        "  median 45 µs, 1 % above 100 µs; 1.5 × as many answers alone as here.",
        "Beside a busy thread: 100 requests a second, 10 ms each on average;",
        "  median 9 ms, 1 % above 20 ms; 300 × as many answers alone as here.",
        "Eight rounds of each; each × is taken inside the rounds.",
    ]
    assert verdict(make_serve_table()).splitlines() == lines
    first, *others = verdict(make_serve_table(busy_percent=50.0)).splitlines()
    assert first.startswith("Note: the machine was 50 % busy before the run")
    assert others == lines
    alone = make_serve_table({ALONE: [1000.0] * 6}, busy_percent=50.0)  # leaves a core to others
    assert verdict(alone).startswith("Alone")
    few = make_serve_table({ALONE: [1000.0] * 5})
    told = "only five rounds, an interval needs six"
    assert verdict(few).startswith(f"No verdict: {told}; allow more seconds (budget).\nAlone")
    assert draw(few).texts[0].get_text() == f"No verdict: {told}"


def test_the_words_follow_the_interval_and_rates_have_three_digits_at_most() -> None:
    for shares, told in (
        (spread(0.5, 8, 0.9), "; 1.52 to 2.95 × as many answers alone as here."),
        (spread(1.0, 8, 1.6), " × as many answers alone as here, no clear difference."),
        (spread(2.0), "; 2 × as many answers here as alone."),
        (spread(2.0, 8, 0.9), "; 1.36 to 2.63 × as many answers here as alone."),
        ([0.1] * 5, " ms."),  # too few rounds for an interval
    ):
        rates = {ALONE: [1000.0] * len(shares), BESIDE: [1000 * share for share in shares]}
        table = make_serve_table(rates)
        assert verdict(table).splitlines()[-2].endswith(told)
        is_told = draw(table).texts[0].get_text() == "No clear difference beside a busy thread"
        assert is_told == ("no clear difference" in told)
    told_rates = [convoy.state_rate(rate) for rate in (9.94, 10.0, 999.7, 1_234_567.0)]
    assert told_rates == ["9.9", "10", "1,000", "1,230,000"]


def test_each_neighbour_has_its_rounds_median_latencies_and_what_was_published_of_it() -> None:
    table, published = make_serve_table(), load_published("convoy")
    chart = draw(table, published=published)
    rates, latencies = chart.axes
    assert [text.get_text() for text in chart.texts] == [
        "1.5 × as many answers alone as beside a busy process; "
        "300 × as many answers alone as beside a busy thread",
        "CPython 3.13.0, Linux, two usable cores; echo server on loopback, its client in another "
        "process, switch interval 5 ms; eight rounds of each",
    ]
    labels = [label.get_text() for label in rates.get_yticklabels()]
    assert labels == ["Alone", "Beside a busy process", "Beside a busy thread"]
    neighbours = (("nothing", "sequential", 3e4), ("process", "processes", 2e4))
    for place, (name, runner, median) in enumerate((*neighbours, ("thread", "threads", 100))):
        own, look = table[table["beside"] == name], get_look(runner)
        cloud, mark = rates.lines[2 * place : 2 * place + 2]
        assert read_across(cloud) == pytest.approx(list(own["requests"] / own["seconds"]))
        assert read_across(mark) == pytest.approx([median])
        assert (read_up(mark), mark.get_color(), mark.get_marker()) == ([place], look[0], look[1])
        bar, mark = latencies.lines[2 * place : 2 * place + 2]
        assert read_across(bar) == pytest.approx([0.9 / median, 2 / median], rel=1e-3)
        assert read_across(mark) == read_across(bar)[:1]
    (stars,) = [line for line in rates.lines if line.get_marker() == "*"]
    places = dict(zip(read_across(stars), read_up(stars), strict=True))
    assert places == {30_000: 0.3, 20_000: 1.3, 100: 2.3}
    medians = "alone 30,000 requests a second, 0.030 ms each, 99 % below 0.067 ms; beside a "
    source = published["source"].iloc[0]
    for told in (f". Medians: {medians}", f" Published by {source}: alone 30,000, "):
        assert told in chart.description
    for other, figures in ((table, 5), (make_serve_table(SWEPT), published)):
        with pytest.raises(TypeError, match=r"^published must be what load_published"):
            draw(other, published=figures)
    fewer = draw(make_serve_table({ALONE: [3e4]}), published=published).axes[0].texts
    assert [text.get_text() for text in fewer][1:] == ["published 2021: 30,000"]


def test_a_sweep_is_a_line_through_the_medians_beside_one_request_an_interval() -> None:
    table = make_serve_table({key: SWEPT[key] for key in [*SWEPT][::-1]})
    assert summarise(table)["fewer"].tolist() == pytest.approx([1.0, 30.0, 300.0, 1200.0])
    line = "Beside a busy thread, switch interval 500 µs: 1,000 requests a second, 1 ms each"
    assert verdict(table).splitlines()[2].startswith(line)
    chart = draw(table)
    title = "1,000 requests a second at 500 µs, 25 requests a second at 20 ms"
    assert chart.texts[0].get_text() == f"Beside a busy thread: {title}"
    (axes,) = chart.axes
    ideal, _, busy, alone = axes.lines
    assert read_across(ideal) == read_across(busy) == [0.5, 5.0, 20.0]
    for line_of, rates in ((ideal, [2000, 200, 50]), (busy, [1000, 100, 25]), (alone, [3e4] * 2)):
        assert read_up(line_of) == pytest.approx(rates)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.5", "5", "20"]
    assert [text.get_text() for text in axes.texts] == ["alone: 30,000"]
    told = "500 µs: 1000.0; 5 ms: 100.0; 20 ms: 25.0; without a neighbour 30000.0. "
    assert f" Requests a second by switch interval: {told}" in chart.description


def test_extreme_tables_draw_readably_with_labels_that_do_not_touch() -> None:
    wide = {key: spread(20 * rates[0], 60, 1.9) for key, rates in SERVED.items()}
    swept = {("thread", interval): [0.5 / interval] for interval in convoy.INTERVALS}
    for rates in (wide, {ALONE: [3e4], **swept}):
        chart = assert_readable(draw, make_serve_table(rates, recorded_on="a 12-core desktop"))
        seen = list_texts(chart)
        for axes in chart.axes:
            assert_apart(axes, [label for label in axes.get_xticklabels() if label in seen])
