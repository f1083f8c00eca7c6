import re
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.costs.memory import describe_memory, judge_memory, summarise_memory, title_memory
from gil_demo.tables.kinds import verdict
from tests.conftest import TableMaker
from tests.made.costs import (
    LARGE,
    MEGABYTE,
    ORDINARY_WEIGHTS,
    READS,
    SMALL,
    WAITS,
    Weights,
    make_starts,
    make_weights,
)
from tests.pool.test_finding import assert_plain


def cut(weights: Weights, rounds: int) -> Weights:
    return {key: (own[:rounds], parent[:rounds]) for key, (own, parent) in weights.items()}


def choose(*, method: str = "", parent: str = "") -> Weights:
    return {
        key: weights
        for key, weights in ORDINARY_WEIGHTS.items()
        if key[0].startswith(method) and key[1].startswith(parent)
    }


def read_beside(waiting: float, reading: float, rounds: int = 2) -> Weights:
    """Weigh a forked worker beside a parent with a table, in megabytes."""
    return {
        ("fork", LARGE, deed): ([round(weight * MEGABYTE)] * rounds, [5 * MEGABYTE] * rounds)
        for deed, weight in ((WAITS, waiting), (READS, reading))
    }


CASES: dict[str, tuple[Weights, dict[str, Any]]] = {
    "ordinary": (ORDINARY_WEIGHTS, {}),
    "one method": (choose(method="spawn"), {}),
    "one worker": ({("fork", SMALL, WAITS): ([MEGABYTE], [MEGABYTE])}, {}),
    "one round": (cut(ORDINARY_WEIGHTS, 1), {}),
    "beside a table alone": (choose(parent=LARGE), {}),
    "a byte": ({("fork", SMALL, WAITS): ([1], [1])}, {"table_bytes": 1}),
    "a small table": (ORDINARY_WEIGHTS, {"table_bytes": 1_000}),
    "a huge table": (ORDINARY_WEIGHTS, {"table_bytes": 10**12}),
    "less after reading": (read_beside(3, 2.9), {}),
    "one core": (ORDINARY_WEIGHTS, {"usable_cores": 1}),
    "busy": (ORDINARY_WEIGHTS, {"busy_percent": 90.0}),
    "recorded": (ORDINARY_WEIGHTS, {"recorded_on": "a laptop", "gil_enabled": False}),
}


def title_of(table: pd.DataFrame) -> str:
    return title_memory(table, summarise_memory(table))


def test_weights_are_told_in_these_sentences() -> None:
    assert judge_memory(make_weights()).splitlines() == [
        "By fork, a worker has of its own:",
        "  3 MB (2.97 MB to 3.03 MB) if it waits.",
        "  45 MB (44.5 MB to 45.5 MB) if it imports pandas.",
        "  3.2 MB (3.17 MB to 3.23 MB) if it waits beside a parent with a table.",
        "  38 MB (37.6 MB to 38.4 MB) if it reads its parent's table.",
        "  40 MB (39.6 MB to 40.4 MB) if it collects garbage beside that table.",
        "  4 MB (3.96 MB to 4.04 MB) if it does so after gc.freeze in its parent.",
        "By spawn, a worker has of its own:",
        "  9 MB (8.91 MB to 9.09 MB) if it waits.",
        "  55 MB (54.5 MB to 55.5 MB) if it imports pandas.",
        "  9 MB (8.91 MB to 9.09 MB) if it waits beside a parent with a table.",
        "  50 MB (49.5 MB to 50.5 MB) if it reads its parent's table.",
        "A forked worker shared its parent's table of 40 MB until it read it: reading counts "
        "references, and so 87 % of it was copied.",
        "Two rounds of each; the least and the most are in brackets.",
    ]


def test_one_round_tells_no_spread() -> None:
    text = judge_memory(make_weights(cut(ORDINARY_WEIGHTS, 1)))
    assert "\n  2.97 MB if it waits.\n" in text
    assert "(" not in text
    assert text.endswith("\nOne round of each.")


@pytest.mark.parametrize(
    ("waiting", "reading", "told"),
    [
        pytest.param(3, 23, "A forked worker shared its .* 50 % of it was copied", id="half"),
        pytest.param(3, 5, "Reading its parent's table copied 5 % of it", id="hardly"),
        pytest.param(3, 2.9, "Reading its parent's table copied 0 % of it", id="less"),
        pytest.param(3, 99, "A forked worker shared its .* 100 % of it was copied", id="more"),
        pytest.param(20, 40, "Reading its parent's table copied 50 % of it", id="not shared"),
    ],
)
def test_what_reading_copied_is_told_from_nothing_to_all_of_the_table(
    waiting: float, reading: float, told: str
) -> None:
    text = judge_memory(make_weights(read_beside(waiting, reading)))
    assert re.search(f"^{told}", text, re.MULTILINE)


def test_without_forked_workers_nothing_is_said_about_sharing() -> None:
    for weights in (choose(method="spawn"), choose(method="fork", parent=SMALL)):
        text = judge_memory(make_weights(weights))
        assert "forked worker" not in text
        assert "copied" not in text


@pytest.mark.parametrize(
    ("case", "title"),
    [
        ("ordinary", "3 MB by fork and 9 MB by spawn; with pandas 45 MB to 55 MB"),
        ("one method", "9 MB by spawn; with pandas 55 MB"),
        ("one worker", "1 MB by fork"),
        ("beside a table alone", "3.2 MB to 50 MB"),
        ("a byte", "1 byte by fork"),
    ],
)
def test_the_title_tells_what_a_worker_has_and_what_pandas_makes_of_it(
    case: str, title: str
) -> None:
    weights, facts = CASES[case]
    assert title_of(make_weights(weights, **facts)) == f"A worker's own memory: {title}"


@pytest.mark.parametrize("case", CASES)
def test_weights_are_told_in_plain_numbers(case: str) -> None:
    weights, facts = CASES[case]
    table = make_weights(weights, **facts)
    text = judge_memory(table)
    assert_plain(title_of(table), describe_memory(table), text)
    assert not re.search(r"\bone rounds\b|\b1 bytes\b|-\d", text)
    assert all(int(share) <= 100 for share in re.findall(r"(\d+) %", text))


def test_the_door_to_the_findings_leads_here() -> None:
    assert verdict(make_weights()) == judge_memory(make_weights())


def test_memory_is_told_alike_on_a_busy_machine_and_on_one_core() -> None:
    ordinary = judge_memory(make_weights())
    assert judge_memory(make_weights(busy_percent=90.0)) == ordinary
    assert judge_memory(make_weights(usable_cores=1)) == ordinary


def test_the_conditions_tell_machine_table_and_rounds() -> None:
    assert describe_memory(make_weights()) == (
        "CPython 3.13.0, Linux, two usable cores; unique set size of one worker, its table 40 MB "
        "in the parent; two rounds of each"
    )


def test_a_recorded_run_says_so_in_title_and_conditions() -> None:
    table = make_weights(recorded_on="a laptop")
    assert title_of(table).startswith("Recorded run: a worker's own memory: ")
    assert describe_memory(table).startswith("Recorded on a laptop: ")


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    twice = pd.concat([make_weights(), make_weights(run_id="two")], ignore_index=True)
    for bad in (None, pd.DataFrame(), make_run(), make_starts(), twice):
        with pytest.raises(ResultsError):
            judge_memory(bad)  # type: ignore[arg-type]
