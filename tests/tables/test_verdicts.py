from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.costs.break_even import judge_break_even
from gil_demo.costs.memory import judge_memory
from gil_demo.costs.start_up import judge_start_up
from gil_demo.costs.transport import judge_transport
from gil_demo.measuring.runs import RUNS
from gil_demo.race.comparison import judge_speed
from gil_demo.race.scaling import judge_scaling
from gil_demo.tables.files import load, save
from gil_demo.tables.kinds import combine, verdict
from gil_demo.tables.schema import make_table
from gil_demo.turns.sweep import SWITCHES, judge_switches
from gil_demo.turns.timeline import SLICES, judge_trace
from gil_demo.waiting.convoy import judge_exchanges
from gil_demo.waiting.workloads import judge_workloads
from tests.conftest import make_rows, spread
from tests.made.costs import make_lengths, make_starts, make_transfers, make_weights
from tests.made.waiting import FACTS, SWEPT, make_serve_table, make_workload_table

Judge = Callable[[pd.DataFrame], str]


def make_trace_table(**facts: object) -> pd.DataFrame:
    """Make the table of a trace: two threads in turns of 5 ms, two processes side by side."""
    slices = [("threads", turn % 2 + 1, 0.005 * turn, 0.005 * (turn + 1)) for turn in range(20)]
    slices += [("processes", worker, 0.0, 0.05) for worker in (1, 2)]
    rows = [
        FACTS
        | {
            "run_id": "t1", "experiment": "trace", "runner": runner, "workers": 2,
            "start_method": "fork" if runner == "processes" else "", "worker": worker,
            "count": 4_000_000, "switch_interval_seconds": 0.005,
            "start_seconds": start, "end_seconds": end,
        }
        | facts
        for runner, worker, start, end in slices
    ]  # fmt: skip
    return make_table(rows, SLICES)


def make_switch_table(**facts: object) -> pd.DataFrame:
    """Make the table of a sweep of the switch interval: turns as long as the interval."""
    rows = [
        FACTS
        | {
            "run_id": "s1", "experiment": "switch", "workers": 2,
            "switch_interval_seconds": interval, "round": number + 1, "rounds": 8,
            "position": position, "turn_seconds": interval * ratio, "steps_per_second": 4e7 * ratio,
        }
        | facts
        for number, ratio in enumerate(spread(1.0))
        for position, interval in enumerate((0.0005, 0.005, 0.05), start=1)
    ]  # fmt: skip
    return make_table(rows, SWITCHES)


def make_compare_table(**facts: object) -> pd.DataFrame:
    return make_table(make_rows(None, **facts), RUNS)  # type: ignore[arg-type]


def make_scale_table(**facts: object) -> pd.DataFrame:
    ratios = {("threads", 2): spread(1.0), ("threads", 4): spread(1.1)}
    return make_table(make_rows(ratios, **{"experiment": "scale"} | facts), RUNS)  # type: ignore[arg-type]


def make_sweep_table(**facts: object) -> pd.DataFrame:
    return make_serve_table(SWEPT, **facts)


KINDS: dict[str, tuple[Callable[..., pd.DataFrame], Judge]] = {
    "compare": (make_compare_table, judge_speed),
    "scale": (make_scale_table, judge_scaling),
    "workloads": (make_workload_table, judge_workloads),
    "trace": (make_trace_table, judge_trace),
    "switch": (make_switch_table, judge_switches),
    "serve": (make_serve_table, judge_exchanges),
    "sweep of the server": (make_sweep_table, judge_exchanges),
    "starts": (make_starts, judge_start_up),
    "transfers": (make_transfers, judge_transport),
    "weights": (make_weights, judge_memory),
    "break_even": (make_lengths, judge_break_even),
}


@pytest.mark.parametrize(("make", "judge"), KINDS.values(), ids=KINDS)
def test_every_kind_of_table_has_its_verdict(
    make: Callable[..., pd.DataFrame], judge: Judge, tmp_path: Any
) -> None:
    table = make()
    before = table.copy(deep=True)
    text = verdict(table)
    assert text == judge(table)
    assert text
    assert "nan" not in text
    assert verdict(load(save(table, tmp_path / "table.csv"))) == text
    pd.testing.assert_frame_equal(table, before)


def test_no_two_kinds_have_the_same_verdict() -> None:
    assert len({verdict(make()) for make, _ in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize(
    "make", [make for make, _ in KINDS.values() if make is not make_workload_table]
)
def test_several_measurements_have_no_verdict_together(make: Callable[..., pd.DataFrame]) -> None:
    both = pd.concat([make(run_id="one"), make(run_id="two")], ignore_index=True)
    with pytest.raises(ResultsError, match="the table holds 2 runs"):
        verdict(both)


def test_measurements_of_several_kinds_have_no_verdict_together() -> None:
    workloads, compared = make_workload_table(), make_compare_table()
    scaled = make_scale_table(run_id="scaled")
    for mixed in ([workloads, compared], [compared, workloads], [compared, scaled]):
        with pytest.raises(ResultsError, match=r"the table (holds 7|holds 2|must hold one)"):
            verdict(combine(mixed))
    twice = make_workload_table({"sleeping": {"threads": spread(1.0)}}, run_id="again")
    with pytest.raises(ResultsError, match="one run of each workload"):
        verdict(combine([workloads, twice]))


@pytest.mark.parametrize("make", [make for make, _ in KINDS.values()], ids=KINDS)
def test_a_table_that_lacks_a_column_is_refused(make: Callable[..., pd.DataFrame]) -> None:
    for column in ("run_id", "experiment", "usable_cores"):
        with pytest.raises(ResultsError, match=f"lacks the columns {column}"):
            verdict(make().drop(columns=column))


@pytest.mark.parametrize(
    "bad",
    [
        None, 5, "run.csv", [1], {}, pd.DataFrame(), pd.DataFrame({"experiment": ["serve"]}),
        make_serve_table()[:0], make_serve_table()["seconds"],
    ],
)  # fmt: skip
def test_what_is_no_table_of_a_known_kind_is_refused(bad: Any) -> None:
    with pytest.raises(ResultsError, match=r"the table (is no table of|must be|has no rows)"):
        verdict(bad)


def test_an_experiment_that_is_not_known_is_refused() -> None:
    for make in (make_compare_table, make_trace_table, make_switch_table, make_serve_table):
        with pytest.raises(ResultsError, match=r"experiment must be .* not 'dance'"):
            verdict(make(experiment="dance"))
