import re
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.pool.lists import (
    describe_lists,
    judge_lists,
    summarise_lists,
    title_chunks,
    title_lengths,
)
from gil_demo.pool.tasks import describe_map, judge_map, summarise_map, title_map
from gil_demo.tables.kinds import verdict
from gil_demo.words import state_share
from tests.conftest import TableMaker, spread
from tests.made.pool import (
    Chunks,
    Crew,
    Lengths,
    make_chunks,
    make_lengths,
    make_map,
    take_turns_in_a_pool,
)

MACHINE = "CPython 3.13.0, Linux, two usable cores"
ALONE: Crew = {1: [(0.1, 0.2), (0.2, 0.4)]}
MAPS: dict[str, tuple[Crew | None, dict[str, Any]]] = {
    "ordinary": (None, {}),
    "one worker": (ALONE, {}),
    "one task": ({1: [(0.1, 0.5)]}, {}),
    "one task for two": ({1: [(0.1, 0.5)]}, {"workers": 2}),
    "sixty workers": (take_turns_in_a_pool(120, 60), {}),
    "nobody else": ({1: [(0.1, 0.5)]}, {"workers": 60}),
    "tasks of no length": ({1: [(0.1, 0.1)], 2: [(0.1, 0.1)]}, {}),
    "no time at all": ({1: [(0.1, 0.1)]}, {"done": 0.1, "gone": 0.1}),
    "a long run": ({1: [(0.1, 99_999.0)], 2: [(50_000.0, 99_999.0)]}, {}),
    "recorded": (None, {"recorded_on": "a laptop"}),
    "one core": (None, {"usable_cores": 1}),
}
LENGTHS: dict[str, tuple[Lengths | None, dict[str, Any]]] = {
    "ordinary": (None, {}),
    "as many as workers": ({2: (spread(0.2), spread(0.9))}, {}),
    "one worker": ({1: (spread(0.4), spread(0.9)), 5: (spread(0.4), spread(0.9))}, {"workers": 1}),
    "one round": ({2: ([0.2], [0.9]), 3: ([0.3], [0.7])}, {}),
    "noise": ({n: (spread(0.2, width=1.9), spread(0.5, width=1.9)) for n in (1, 2, 5)}, {}),
    "many": ({n: (spread(0.2), spread(0.9)) for n in (2, 3, 100_000)}, {}),
    "hardly busy": ({n: (spread(9_999.0), spread(1e-9)) for n in (2, 3)}, {}),
    "recorded": (None, {"recorded_on": "a laptop"}),
}
CHUNKS: dict[str, tuple[Chunks | None, dict[str, Any]]] = {
    "ordinary": (None, {}),
    "its own alone": ({("even", 250): [1.0] * 8}, {}),
    "one round": ({("even", 250): [1.0], ("even", 1): [12_345.6]}, {}),
    "noise": ({("even", 250): [1.0] * 8, ("even", 1): spread(1.3, width=1.9)}, {}),
    "far slower": ({("even", 250): [1.0] * 8, ("even", 1): spread(12_345.6)}, {}),
    "recorded": (None, {"recorded_on": "a laptop"}),
}


def assert_plain(*texts: str) -> None:
    """Fail where a text holds a nan, a power of ten, or nothing."""
    for text in texts:
        assert text.strip()
        assert not re.search(r"\bnan\b|\binf\b|\de[+-]?\d", text), text


def title_of(table: pd.DataFrame) -> str:
    if table["experiment"].iloc[0] == "map":
        return title_map(table, summarise_map(table))
    title = title_lengths if table["experiment"].iloc[0] == "lengths" else title_chunks
    return title(table, summarise_lists(table))


# a map


def test_a_map_is_told_in_these_sentences() -> None:
    table = make_map({1: [(0.1, 0.2), (0.21, 0.3)], 2: [(0.1, 0.25)]}, done=0.35, workers=3)
    assert judge_map(table).splitlines() == [
        "Start-up took 100 ms, the work 250 ms, tear-down 30 ms.",
        "Worker 1: two tasks, busy for 76 % of the work.",
        "Worker 2: one task, busy for 60 % of the work.",
        "Worker 3: no task.",
        "At most two tasks ran at the same time.",
    ]


@pytest.mark.parametrize(
    ("crew", "facts", "title"),
    [
        pytest.param(
            {1: [(0.1, 0.2), (0.2, 0.3)], 2: [(0.1, 0.3)]}, {"done": 0.3},
            "Three tasks on two workers: from one to two each, workers busy for 100 % of the work",
            id="uneven",
        ),
        pytest.param(
            take_turns_in_a_pool(30, 2), {"done": 0.4},
            "30 tasks on two workers: 15 each, workers busy for 50 % of the work",
            id="even",
        ),
        pytest.param(
            ALONE, {"done": 0.5}, "Two tasks on one worker, busy for 75 % of the work", id="alone"
        ),
        pytest.param(
            ALONE, {"workers": 2}, "Two tasks on two workers: one worker had nothing to do",
            id="one unused",
        ),
        pytest.param(
            {1: [(0.1, 0.2)]}, {"workers": 60},
            "One task on 60 workers: 59 workers had nothing to do",
            id="many unused",
        ),
    ],
)  # fmt: skip
def test_the_title_of_a_map_tells_who_ran_how_many_tasks(
    crew: Crew, facts: dict[str, Any], title: str
) -> None:
    assert title_of(make_map(crew, **facts)) == title


@pytest.mark.parametrize("case", MAPS)
def test_a_map_is_told_in_plain_numbers(case: str) -> None:
    crew, facts = MAPS[case]
    table = make_map(crew, **facts)
    text, summary = judge_map(table), summarise_map(table)
    assert_plain(title_of(table), describe_map(table), text)
    lines = text.splitlines()
    assert len(lines) == len(summary) + 2
    for line, row in zip(lines[1:], summary.to_dict("records"), strict=False):
        assert line.startswith(f"Worker {row['worker']}: ")
        assert ("no task." in line) == (row["tasks"] == 0)
    assert "At most zero" not in text
    assert verdict(table) == text


def test_the_conditions_of_a_map_tell_machine_method_steps_and_chunksize() -> None:
    table = make_map(steps=[1_000_000] * 5, chunksize=1_234, start_method="spawn")
    told = f"{MACHINE}, processes by spawn; one run of 5,000,000 steps, chunksize 1,234"
    assert describe_map(table) == told


# a sweep of lengths


def test_a_sweep_of_lengths_is_told_in_these_sentences() -> None:
    assert judge_lists(make_lengths()).splitlines() == [
        "One task: workers busy for 49 % of the time; without any overhead 50 %.",
        "Two tasks: workers busy for 96 % of the time; without any overhead 100 %.",
        "Three tasks: workers busy for 72 % of the time; without any overhead 75 %.",
        "Four tasks: workers busy for 94 % of the time; without any overhead 100 %.",
        "Eight rounds of each.",
    ]


@pytest.mark.parametrize(
    ("lengths", "workers", "title"),
    [
        ((1, 2, 3, 4), 2, "two workers were: two tasks 90 %, three tasks 90 %, four tasks 90 %"),
        ((2, 3), 2, "two workers were: two tasks 90 %, three tasks 90 %"),
        ((2,), 2, "two workers were: two tasks 90 %"),
        ((1, 2, 2_000), 1, "one worker was: one task 90 %, two tasks 90 %, 2,000 tasks 90 %"),
        ((1, 13), 13, "13 workers were: 13 tasks 90 %"),
    ],
)
def test_the_title_of_lengths_tells_as_many_as_workers_one_more_and_the_most(
    lengths: tuple[int, ...], workers: int, title: str
) -> None:
    table = make_lengths({n: ([0.2] * 8, [0.9] * 8) for n in lengths}, workers)
    assert title_of(table) == f"How busy {title}"


@pytest.mark.parametrize("case", LENGTHS)
def test_a_sweep_of_lengths_is_told_in_plain_numbers(case: str) -> None:
    lengths, facts = LENGTHS[case]
    table = make_lengths(lengths, **facts)
    text = judge_lists(table)
    assert_plain(title_of(table), describe_lists(table), text)
    for row in summarise_lists(table).to_dict("records"):
        assert f"busy for {state_share(row['busy_share'])} of the time" in text
        assert f"without any overhead {state_share(row['ideal_share'])}." in text
    assert verdict(table) == text


# a sweep of chunks


def test_a_sweep_of_chunks_is_told_in_these_sentences() -> None:
    assert judge_lists(make_chunks()).splitlines() == [
        "Even tasks, chunksize 1: 1.30 × the time of the pool's own size.",
        "Even tasks, chunksize 250: the pool's own size.",
        "Even tasks, chunksize 1,000: no clear difference from the pool's own size.",
        "Uneven tasks, chunksize 1: 1.31 × the time of the pool's own size.",
        "Uneven tasks, chunksize 250: the pool's own size.",
        "Uneven tasks, chunksize 1,000: 1.50 × the time of the pool's own size.",
        "Eight rounds of each.",
    ]


@pytest.mark.parametrize(
    ("ratios", "told"),
    [
        pytest.param(spread(2.0), "2.00 × the time", id="sharp"),
        pytest.param(spread(2.0, width=0.8), r"1\.\d\d to 2\.\d\d × the time", id="wide"),
        pytest.param(spread(1.04), "no clear difference", id="hardly slower"),
        pytest.param(spread(1.2, width=0.5), "no clear difference", id="perhaps slower"),
        pytest.param(spread(0.5), "0.50 × the time", id="faster"),
        pytest.param([1.3] * 5, "1.30 × the time", id="too few rounds for an interval"),
    ],
)
def test_a_difference_is_told_where_its_interval_is_clear_of_the_margin(
    ratios: list[float], told: str
) -> None:
    table = make_chunks({("even", 250): [1.0] * len(ratios), ("even", 1): ratios})
    assert re.search(f"^Even tasks, chunksize 1: {told}", judge_lists(table))


def test_the_title_of_chunks_tells_the_slowest_size() -> None:
    told = "Uneven tasks in chunks of 1,000 took 1.50 × as long as in the pool's own 250"
    assert title_of(make_chunks()) == told


@pytest.mark.parametrize("ratios", [spread(1.0), spread(1.3, width=1.9), [9.0] * 5, spread(0.5)])
def test_a_size_that_may_be_as_fast_is_not_told_as_slower(ratios: list[float]) -> None:
    table = make_chunks({("even", 250): [1.0] * len(ratios), ("even", 1): ratios})
    assert title_of(table) == "No chunksize was clearly slower than the pool's own 250"


@pytest.mark.parametrize("case", CHUNKS)
def test_a_sweep_of_chunks_is_told_in_plain_numbers(case: str) -> None:
    chunks, facts = CHUNKS[case]
    table = make_chunks(chunks, **facts)
    text = judge_lists(table)
    assert_plain(title_of(table), describe_lists(table), text)
    assert len(text.splitlines()) == len(summarise_lists(table)) + 1
    assert verdict(table) == text


# both sweeps


def test_the_conditions_of_a_sweep_tell_machine_workers_and_cut() -> None:
    ordinary = f"{MACHINE}, two workers by fork, already started; 4,000,000 steps"
    assert describe_lists(make_lengths()) == f"{ordinary}, chunksize 1; eight rounds of each"
    assert describe_lists(make_chunks()) == f"{ordinary}, 2,000 tasks; eight rounds of each"


@pytest.mark.parametrize("make", [make_lengths, make_chunks])
@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"usable_cores": 1}, "Mind: one usable core, no speed-up can show"),
        ({"busy_percent": 63.0}, "Mind: the machine was 63 % busy before the run"),
    ],
)
def test_what_about_the_machine_spoils_a_sweep_comes_first(
    make: Any, facts: dict[str, Any], told: str
) -> None:
    lines = judge_lists(make(**facts)).splitlines()
    assert lines[0].startswith(told)
    assert lines[0].endswith(".")
    assert "Mind:" not in judge_lists(make())


@pytest.mark.parametrize("make", [make_map, make_lengths, make_chunks])
def test_a_recorded_run_says_so_in_title_and_conditions(make: Any) -> None:
    table = make(recorded_on="a laptop", gil_enabled=False)
    describe = describe_map if make is make_map else describe_lists
    assert re.match("Recorded run: [a-z]", title_of(table))
    assert describe(table).startswith("Recorded on a laptop: CPython 3.13.0 without the GIL, ")
    assert "ecorded" not in title_of(make()) + describe(make())


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    twice = pd.concat([make_map(), make_map(run_id="two")], ignore_index=True)
    swept_twice = pd.concat([make_chunks(), make_chunks(run_id="two")], ignore_index=True)
    for bad in (None, pd.DataFrame(), make_run(), twice, swept_twice):
        for judge in (judge_map, judge_lists):
            with pytest.raises(ResultsError):
                judge(bad)  # type: ignore[arg-type]
