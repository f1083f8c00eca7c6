import math
import sys
from typing import Any

import pytest

import gil_demo
from gil_demo import ResultsError, sweep_switch_interval
from gil_demo.drawing.style import get_look
from gil_demo.measuring.estimates import estimate_ratio
from gil_demo.running.workloads import trace_countdown
from gil_demo.turns import sweep
from tests.charts import assert_readable, read_across, read_up
from tests.made.runs import assert_one_run, spread
from tests.made.turns import Rounds, make_switches
from tests.made.unchecked import draw, summarise, verdict

pytestmark = pytest.mark.usefixtures("no_wait")


def test_a_sweep_holds_intervals_against_python_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "INTERVALS", (0.001, 0.005))
    table = sweep_switch_interval(budget=0.1)
    assert_one_run(table, ["switch_interval_seconds"])
    assert set(table["switch_interval_seconds"]) == {0.001, 0.005}
    assert set(table["workers"]) == {2}

    def note(variants: dict[float, Any], baseline: float, *, budget: float, name: Any) -> None:
        raise LookupError([run.args[0] for run in variants.values()], name(baseline), budget)

    monkeypatch.setattr(sweep, "take_samples", note)
    with pytest.raises(LookupError, match=r"\[0.001, 0.005\], '0.005 s', 15"):
        sweep_switch_interval()


def test_each_round_takes_at_least_six_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, int]] = []

    def note(n: int) -> list[tuple[float, float]]:
        seen.append((round(sys.getswitchinterval(), 5), n))
        return trace_countdown(n // 1000)

    monkeypatch.setattr(sweep, "trace_countdown", note)
    for interval in (0.001, 0.005, 0.03):
        sweep._run_round(interval, pace=1e6)
    assert seen == [(0.001, 50_000)] * 2 + [(0.005, 50_000)] * 2 + [(0.03, 90_000)] * 2


def test_a_round_tells_the_median_turn_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    slices = [[(9.0, 10.0), (12.0, 17.0), (18.0, 30.0)], [(0.0, 9.0), (10.0, 12.0), (17.0, 18.0)]]
    monkeypatch.setattr(sweep, "split", lambda *_: [1, 0])
    monkeypatch.setattr(sweep, "trace_countdown", slices.__getitem__)
    turns = [sweep._run_round(one, 1e6).turn_seconds for one in (0.0009, 0.001, 0.005)]
    # the trace is too coarse to tell a turn below a millisecond
    assert turns == pytest.approx([math.nan, 2.0, 2.0], nan_ok=True)
    monkeypatch.setattr(sweep, "trace_countdown", lambda _: [(0.0, 1.0)])
    assert math.isnan(sweep._run_round(0.005, 1e6).turn_seconds)  # none was handed over


def test_a_sweep_is_summed_up_in_a_row_for_each_interval_the_shortest_first() -> None:
    rounds: Rounds = {
        0.02: ([0.021, 0.022, 0.026], [330.0, 190.0, 110.0]),
        0.005: ([0.005, 0.007, 0.006], [300.0, 200.0, 100.0]),
        1e-6: ([None, None, None], [150.0, 50.0, 60.0]),
        0.001: ([None, 0.001, None], [270.0, 190.0, 60.0]),
    }
    table = make_switches(rounds).sample(frac=1.0, random_state=6)
    summary = summarise(table)
    assert summary["switch_interval_seconds"].tolist() == [1e-6, 0.001, 0.005, 0.02]
    turns = summary["turn_seconds"].tolist()
    assert turns == pytest.approx([math.nan, 0.001, 0.006, 0.022], nan_ok=True)
    # paired by round: 0.5, 0.25 and 0.6, not 60 out of 200
    speeds = [estimate_ratio(own).centre for own in ([0.5, 0.25, 0.6], [0.9, 0.95, 0.6])]
    assert summary["speed"].tolist()[:3] == pytest.approx([*speeds, 1.0])
    assert summary.filter(regex="_low|_high").isna().all(axis=None)  # too few rounds
    with pytest.raises(ResultsError, match="the table has no rounds at 5 ms to compare with"):
        gil_demo.summarise(table[table["switch_interval_seconds"] != 0.005])


def test_a_sweep_is_told_and_drawn_with_each_round_and_the_medians() -> None:
    table = make_switches()
    assert verdict(table) == (
        "1 µs: turns too short, or too few, to see; 0.40 × the speed at 5 ms (0.40 to 0.40).\n"
        "1 ms: turns of 1.1 ms (1.09 ms to 1.11 ms); 0.97 × the speed at 5 ms (0.97 to 0.97).\n"
        "5 ms: turns of 5.2 ms (5.15 ms to 5.25 ms); 1.00 × the speed at 5 ms.\n"
        "20 ms: turns of 20.3 ms (20.1 ms to 20.5 ms); 1.03 × the speed at 5 ms (1.03 to 1.03).\n"
        "Eight rounds at each interval."
    )
    one = verdict(make_switches({0.005: ([0.005], [3e7])}))
    assert verdict(make_switches(busy_percent=90.0)).startswith("Note: the machine was 90 % busy")
    few = "No verdict: only one round, an interval needs six; allow more seconds (budget)."
    assert (
        one == f"{few}\n5 ms: turns of 5 ms; 1.00 × the speed at 5 ms.\nOne round at each interval."
    )
    told = " ".join(verdict(table).splitlines()[:-1])
    chart = draw(table)
    assert chart.description == (
        "Chart. Turns of 1.1 ms at an interval of 1 ms and 20.3 ms at an interval of 20 ms; "
        f"at 1 µs 0.40 × the speed at 5 ms. By switch interval: {told} Conditions: CPython 3.13.0, "
        "Linux, two usable cores; two threads, eight rounds at each interval."
    )
    turns, speeds = chart.axes
    ideal, marks, line = turns.lines
    assert read_across(ideal) == read_up(ideal) == pytest.approx([0.5, 26])
    assert read_up(marks) == pytest.approx((table["turn_seconds"].dropna() * 1000).tolist())
    assert line.get_color() == get_look("threads").colour
    assert read_across(line) == pytest.approx([1, 5, 20])
    assert read_up(line) == pytest.approx([1.1, 5.2, 20.3])
    curve, _, _ = speeds.containers[0].lines
    assert read_across(curve) == pytest.approx([0.001, 1, 5, 20])
    assert read_up(curve) == pytest.approx([0.4, 29 / 30, 1, 31 / 30])
    assert speeds.get_ylim() == (0, 1.25)


def test_the_title_tells_what_is_clear_and_texts_are_in_sight() -> None:
    unclear: Rounds = {
        1e-6: ([None] * 8, spread(3e7, width=0.3)),
        0.005: (spread(0.005), [3e7] * 8),
        1.0: (spread(1, width=1.9), spread(4e8)),
    }
    titles: dict[str, Rounds] = {
        "Turns of 5.2 ms at an interval of 5 ms": {0.005: (spread(0.0052), spread(3e7))},
        "The threads took no turns that the trace could see": {0.005: ([None] * 6, [1.0] * 6)},
        "Turns of 5 ms at an interval of 5 ms and 1 s at an interval of 1 s; "
        "no clear change of speed at 1 µs": unclear,
        "No verdict: only one round, an interval needs six": {0.005: ([0.005], [1.0])},
    }
    for title, rounds in titles.items():
        assert assert_readable(draw, make_switches(rounds)).texts[0].get_text() == title
