"""From which length of task processes pay: found, told and drawn."""

import math
import random
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pandas as pd
import pytest
from matplotlib.axes import Axes

from gil_demo import ResultsError, draw, summarise, verdict
from gil_demo.drawing.style import SOFT_INK
from gil_demo.tables.schema import list_rows
from tests.charts import assert_readable, list_bars, read_across, read_up
from tests.made.costs import (
    FAIR,
    FORK,
    LOOP,
    ORDINARY_LAWS,
    ORDINARY_POOLS,
    STEP,
    STEPS,
    THREADS,
    Law,
    Noise,
    Way,
    find_true_crossing,
    make_lengths,
)

# without a GIL two threads take as long as one, and start at once
FREE = {LOOP: Law(0, 2 * STEP), THREADS: Law(1e-4, 1.02 * STEP), FORK: Law(4e-4, 1.05 * STEP)}
NEVER = {LOOP: Law(0, 2 * STEP), FORK: Law(4e-4, 2.1 * STEP)}
ALWAYS = {LOOP: Law(0, 2 * STEP), FORK: Law(0, STEP)}
CASES: dict[str, dict[str, Any]] = {
    "ordinary": {},
    "threads win": {"laws": FREE, "gil_enabled": False},
    "never": {"laws": NEVER},
    "always": {"laws": ALWAYS, "pools": {"fork": (1e-6, 1e-6)}},
    "always when kept": {"laws": ALWAYS},
    "kept alone": {"steps": (100, 1_000, 10_000)},
    "cold by fork alone": {"pools": {"fork": (0.01, 0.01), "spawn": (5.0, 1.0)}},
    "alike": {"pools": {"fork": (0.01, 0.01), "spawn": (0.01, 0.01)}},
    "one length": {"steps": STEPS[-1:], "tasks": 1},
    "five rounds": {"rounds": 5},
    "noise": {"noise": Noise(0.9, 3, 0.4)},
    "one core": {"usable_cores": 1},
    "busy": {"busy_percent": 95.0},
    "beyond": {"steps": STEPS[:4]},
}
WITHHELD = ("one core", "busy")


@cache
def make_case(case: str) -> pd.DataFrame:
    return make_lengths(**CASES[case])


def find_truth(row: Any, laws: Mapping[Way, Law]) -> float:
    """Say where a row of the summary should find the crossing, in seconds of a task."""
    pool = ORDINARY_POOLS[row.start_method] if row.pool == "cold" else (0.0, 0.0)
    return find_true_crossing(laws[row.rival, ""], laws["processes", row.start_method], pool)


def list_upright(axes: Axes) -> list[float]:
    """List where dashed lines stand from the bottom of a panel to its top."""
    return [
        read_across(line)[0]
        for line in axes.lines
        if line.get_color() == SOFT_INK and read_up(line) == [0, 1]
    ]


@pytest.mark.parametrize(
    ("laws", "tasks"),
    [
        pytest.param(ORDINARY_LAWS, 2, id="two tasks"),
        pytest.param({LOOP: Law(0, 4 * STEP), FORK: Law(0.004, 1.5 * STEP)}, 4, id="four tasks"),
    ],
)
def test_without_noise_each_crossing_is_exact(laws: Mapping[Way, Law], tasks: int) -> None:
    summary = summarise(make_lengths(laws, tasks=tasks))
    told = list(zip(summary["start_method"], summary["pool"], summary["rival"], strict=True))
    assert told == [
        (method, pool, rival)
        for runner, method in laws if runner == "processes"
        for pool in ("cold", "kept open")
        for rival in ("sequential", "threads") if (rival, "") in laws
    ]  # fmt: skip
    for row in list_rows(summary):
        truth = find_truth(row, laws)
        found = (row.crossing_low, row.crossing_seconds, row.crossing_high)
        assert found == pytest.approx((truth, truth, truth), rel=1e-6)
        assert row.reason == ""


def test_under_fair_noise_each_crossing_is_within_a_tenth() -> None:
    table = make_lengths(noise=FAIR, rounds=12)
    loops = table[(table["runner"] == "sequential") & (table["steps"] == STEPS[-1])]
    slowed = (loops["seconds"] / (2 * STEP * STEPS[-1])).median()  # by the rounds' common noise
    for row in list_rows(summarise(table.sample(frac=1, random_state=1))):
        truth = slowed * find_truth(row, ORDINARY_LAWS)
        assert row.crossing_seconds == pytest.approx(truth, rel=0.1)
        assert row.crossing_low < row.crossing_seconds < row.crossing_high


def test_times_however_unlike_give_a_crossing_or_a_reason() -> None:
    for case in range(3):
        chance = random.Random(case)
        table = make_lengths(noise=FAIR)
        for row in chance.sample(range(len(table)), chance.choice([1, 5, 50, len(table)])):
            table.loc[row, "seconds"] = chance.choice([1e-12, 1e-9, 1.0, 1e6])
        for row in list_rows(summarise(table)):
            found = (row.crossing_low, row.crossing_seconds, row.crossing_high)
            assert all(map(math.isnan, found)) if row.reason else 0 < found[0] <= found[2]


@pytest.mark.parametrize("runner", ["sequential", "processes"])
def test_a_table_without_processes_or_without_the_plain_loop_is_refused(runner: str) -> None:
    table = make_lengths()
    with pytest.raises(ResultsError, match=f"has no .*{runner}"):
        summarise(table[table["runner"] != runner])


def test_a_sweep_is_told_by_start_method_pool_and_rival() -> None:
    laws = {way: ORDINARY_LAWS[way] for way in (LOOP, THREADS, FORK)}
    assert verdict(make_lengths(laws)).splitlines() == [
        "By fork:",
        "  Against the plain loop, a task shorter than 21.5 ms (21.5 ms to 21.5 ms) isn't worth a "
        "cold pool.",
        "  Against threads, a task shorter than 20 ms (20 ms to 20 ms) isn't worth a cold pool.",
        "  Against the plain loop, a pool kept open pays from tasks of 421 µs (421 µs to 421 µs) "
        "on.",
        "  Against threads, a pool kept open pays from tasks of 198 µs (198 µs to 198 µs) on.",
        "Eight rounds of each.",
    ]


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("always", "  A pool kept open against the plain loop: it pays at every size that was .*"),
        ("threads win", "  A cold pool against threads: at no size of task did the two meet."),
        ("five rounds", "  A cold pool against threads: 5 of 6 rounds that a fit needs: allow .*"),
        ("busy", "No verdict: the machine was 95 % busy before the run; close other programs .*"),
    ],
)
def test_what_was_not_found_or_not_carried_is_told_with_its_reason(case: str, told: str) -> None:
    lines = verdict(make_case(case)).splitlines()
    assert any(re.fullmatch(told, line) for line in lines)
    if case in WITHHELD:
        assert lines[1:] == ["Eight rounds of each."]


@pytest.mark.parametrize(
    ("case", "title", "marks"),
    [
        (
            "ordinary",
            "A cold pool pays from tasks of 21.5 ms (fork) to 137 ms (spawn); one kept open from "
            "421 µs",
            [2, 2],
        ),
        (
            "threads win",
            "A cold pool pays from tasks of 21.5 ms; one kept open from 421 µs; against threads "
            "at no length",
            [2],
        ),
        ("never", "No break-even: at no size of task did the two meet", [0]),
        ("always", "A cold pool pays at every length; one kept open at every length", [0]),
        (
            "always when kept",
            "A cold pool pays from tasks of 20 ms; one kept open at every length",
            [1],
        ),
        ("kept alone", "A pool kept open pays from tasks of 421 µs", [1, 1]),
        (
            "cold by fork alone",
            "A cold pool pays from tasks of 21.5 ms (fork); one kept open from 421 µs",
            [2, 1],
        ),
        ("alike", "A cold pool pays from tasks of 21.5 ms; one kept open from 421 µs", [2, 2]),
        ("one length", "No break-even: a crossing needs 3 sizes that both ways ran", [0, 0]),
        (
            "noise",
            "No break-even: the rounds differ too much to tell where the two meet",
            [0, 0],
        ),
        ("one core", "No verdict: one usable core, no speed-up can show", [0, 0]),
        ("busy", "No verdict: the machine was 95 % busy before the run", [0, 0]),
    ],
)
def test_the_title_tells_from_which_length_pools_pay_and_the_crossings_are_marked(
    case: str, title: str, marks: list[int]
) -> None:
    chart = draw(make_case(case))
    assert chart.texts[0].get_text() == title
    for parts in (list_upright, list_bars, lambda axes: axes.texts):
        assert [len(parts(axes)) for axes in chart.axes] == marks
    dotted = [line for line in chart.axes[0].lines if line.get_linestyle() == ":"]
    assert bool(dotted) == (case == "kept alone")


def test_the_description_and_the_conditions_tell_the_numbers() -> None:
    chart = assert_readable(draw, make_case("threads win"))
    assert chart.texts[1].get_text() == (
        "CPython 3.13.0 without the GIL, Linux, two usable cores; two tasks at once, of 34.2 µs "
        "to 140 ms each; eight rounds of each"
    )
    assert (
        "From which length of task processes pay: fork, cold, against the plain loop: 21.47 ms "
        "(21.47 to 21.47); fork, cold, against threads: at no size of task did the two meet; "
    ) in chart.description
    assert (
        "The longest tasks took: cold pool by fork 0.1674 s; pool kept open by fork 0.1474 s; "
        "plain loop 0.2800 s; threads 0.1429 s."
    ) in chart.description
    alone = draw(make_case("one length"))
    assert "; one task at once, of 280 ms each; " in alone.texts[1].get_text()


def test_each_panel_has_a_line_for_each_way_and_labels_at_the_crossings() -> None:
    chart = assert_readable(draw, make_case("ordinary"))
    assert [axes.get_title(loc="left") for axes in chart.axes] == ["by fork", "by spawn"]
    for axes, start in zip(chart.axes, (0.02, 0.13), strict=True):
        lines = {str(line.get_label()): line for line in axes.lines}
        ends = {name: read_up(line)[-1] for name, line in lines.items() if " " in name[1:]}
        assert ends == pytest.approx(
            {"plain loop": 0.28, "cold pool": 0.1474 + start, "pool kept open": 0.1474}
        )
        assert read_across(lines["threads"])[-1] == pytest.approx(0.14)
        assert lines["cold pool"].get_linestyle() == "--"
    assert list_upright(chart.axes[1]) == pytest.approx([0.1304 / 0.95, 0.0004 / 0.95])
    cold, kept = chart.axes[1].texts
    assert (cold.get_text(), kept.get_text()) == ("137 ms", "421 µs")
    assert (cold.get_horizontalalignment(), kept.get_horizontalalignment()) == (
        "right",
        "left",
    )  # towards the middle


def test_beyond_the_longest_task_the_fitted_lines_go_on_to_the_crossing() -> None:
    chart = assert_readable(draw, make_case("beyond"))
    dotted = [line for line in chart.axes[0].lines if line.get_linestyle() == ":"]
    far = 1.5 * find_true_crossing(ORDINARY_LAWS[LOOP], ORDINARY_LAWS[FORK], (0.012, 0.008))
    assert [read_across(line)[1] for line in dotted] == pytest.approx([far] * 3)
    heights = [2 * far, 0.0204 + 1.05 * far, 0.0004 + 1.05 * far]
    assert [read_up(line)[1] for line in dotted] == pytest.approx(heights)
