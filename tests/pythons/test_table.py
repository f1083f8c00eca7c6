import math

import pandas as pd
import pytest

import gil_demo
from gil_demo import ResultsError
from tests.made.pythons import ORDINARY, STRANGE, Ratios, make_interpreters
from tests.made.runs import spread
from tests.made.unchecked import summarise, verdict

ALONE: Ratios = {"CPython 3.11.7": ORDINARY["CPython 3.11.7"]}


def test_rows_that_are_missing_or_differ_are_refused() -> None:
    table, failed = make_interpreters(ALONE), make_interpreters({}, {"python3.9": "failed"})
    own = ("version", "implementation_measured", "gil", "state", "steps")
    spoilt = [
        (table[:-1], r"3\.11\.7 is not whole: processes lacks a round of 8"),
        (table[table["runner"] != "threads"], "threads lacks a round of 8"),
        (pd.concat([failed, failed]), r"python3\.9 was not measured, but has 2 rows"),
    ]
    for name, other, told in (
        *((name, failed[name].iloc[0], f"3.11.7 is no single run: .*{name}") for name in own),
        ("usable_cores", 3, "run d1e2f3 is no single run: .*usable_cores"),
        ("round", 10**12, "3.11.7 is not whole: sequential lacks a round of 8"),
        ("seconds", None, "was measured, but a measurement is missing"),
    ):
        spoilt.append((table.assign(**{name: table[name].mask(table.index == 0, other)}), told))
    for bad, told in spoilt:
        with pytest.raises(ResultsError, match=told):
            gil_demo.verdict(bad)


def test_ratios_are_taken_inside_the_rounds_and_versions_are_sorted_as_numbers() -> None:
    ratios = [1.0, 3.0, 2.0, 9.0, 1.5]
    ways = {"threads": ratios, "processes": [ratio / 4 for ratio in ratios]}
    others = {name: {"threads": [1.0]} for name in ("PyPy 3.9.1", "CPython 3.10.0")}
    sixth = {"threads": [*ratios, 2.0]}
    rows: Ratios = {**others, "CPython 3.9.1": sixth, "CPython 3.9.0": ways}
    summary = summarise(make_interpreters(rows, STRANGE))
    assert list(summary["interpreter"]) == [*[*rows][:0:-1], "PyPy 3.9.1", *STRANGE]
    assert list(summary["state"][-2:]) == list(STRANGE.values())
    assert list(summary["rounds"]) == [5, 6, 1, 1, 0, 0]
    assert summary[["time_ratio", "step_nanoseconds"]].tail(2).isna().to_numpy().all()
    first, second, *_ = summary.to_dict("records")
    assert (first["time_ratio"], first["processes_ratio"]) == pytest.approx(
        (4.5**0.5, 4.5**0.5 / 4)
    )
    assert first["step_nanoseconds"] == pytest.approx(0.04 * 1.01**2 / 2e6 * 1e9)
    assert (second["time_ratio_low"], second["time_ratio_high"]) == pytest.approx((1.0, 9.0))
    assert math.isnan(first["time_ratio_low"])
    assert math.isnan(second["processes_ratio"])


def test_every_interpreter_gets_a_sentence_with_its_figures() -> None:
    lines = verdict(make_interpreters(strange=STRANGE)).splitlines()
    took = "two threads took 1.90 × as long as one (95 % interval 1.76 to 2.03), slower"
    assert lines[0] == f"CPython 2.7.18: {took}; two processes 0.55 ×."
    assert "as long as one (95 % interval 0.54 to 0.54), faster; two" in lines[3]
    step = "a step took 31.1 ns under CPython 3.13.5t and 20.7 ns under CPython 3.13.0"
    strange = [f"{name}: {state}." for name, state in STRANGE.items()]
    assert lines[6:] == [f"One thread: {step}, 1.5 × as long.", *strange]
    ratios = {name: ORDINARY[name] for name in ("CPython 3.11.7", "CPython 3.13.5t")}
    assert "One thread:" not in verdict(make_interpreters(ratios))
    assert verdict(make_interpreters({}, {"python3.9": "failed"})) == "python3.9: failed."


def test_few_rounds_and_a_machine_that_can_t_show_it_give_figures_without_a_verdict() -> None:
    assert verdict(make_interpreters({"CPython 3.11.7": {"threads": spread(1.03, 4)}})) == (
        "CPython 3.11.7: two threads took 1.03 × as long as one, but in fewer than 6 rounds."
    )
    table = make_interpreters(ALONE, usable_cores=1)
    told = verdict(table[table["runner"] != "processes"]).splitlines()
    assert told[0].startswith("No verdict: one usable core")
    assert told[1].endswith("(95 % interval 1.02 to 1.04).")
