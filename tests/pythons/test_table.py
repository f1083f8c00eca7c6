import math

import pandas as pd
import pytest

from gil_demo import ResultsError, load_recorded, summarise, verdict
from tests.made.pythons import ORDINARY, STRANGE, Ratios, make_interpreters
from tests.made.runs import spread

ALONE: Ratios = {"CPython 3.11.7": ORDINARY["CPython 3.11.7"]}


def test_rows_that_are_missing_or_differ_are_refused() -> None:
    table, failed = make_interpreters(ALONE), make_interpreters({}, {"python3.9": "failed"})
    own = ("version", "implementation_measured", "gil", "state", "steps")
    spoilt = [(table[:-1], r"3\.11\.7 is not whole: processes lacks a round of 8")]
    spoilt += [(table[table["runner"] != "threads"], "threads lacks a round of 8")]
    spoilt += [(pd.concat([failed, failed]), r"python3\.9 was not measured, but has 2 rows")]
    for name, other, told in (
        *((name, failed[name].iloc[0], f"3.11.7 is no single run: .*{name}") for name in own),
        ("usable_cores", 3, "run d1e2f3 is no single run: .*usable_cores"),
        ("seconds", None, "was measured, but a measurement is missing"),
    ):
        spoilt.append((table.assign(**{name: table[name].mask(table.index == 0, other)}), told))
    for bad, told in spoilt:
        with pytest.raises(ResultsError, match=told):
            verdict(bad)
    assert verdict(failed) == "python3.9: failed."


def test_versions_are_sorted_as_numbers_and_strangers_come_last() -> None:
    names = ["PyPy 3.9.1", "CPython 3.10.0", "CPython 3.9.0", "CPython 2.7.18"]
    table = make_interpreters({name: {"threads": [1.0]} for name in names}, STRANGE)
    summary = summarise(table)
    assert list(summary["interpreter"]) == [*names[::-1], *STRANGE]
    assert list(summary["state"][-2:]) == list(STRANGE.values())
    assert summary[["time_ratio", "step_nanoseconds"]].tail(2).isna().to_numpy().all()
    assert list(summary["rounds"]) == [1, 1, 1, 1, 0, 0]


def test_ratios_are_medians_inside_the_rounds_and_a_step_is_a_part_of_the_sequential_time() -> None:
    ratios = [1.0, 3.0, 2.0, 9.0, 1.5]
    ways = {"threads": ratios, "processes": [ratio / 4 for ratio in ratios]}
    rows = {"CPython 3.9.0": ways, "CPython 3.9.1": {"threads": [*ratios, 2.0]}}
    first, second = summarise(make_interpreters(rows)).to_dict("records")
    assert (first["time_ratio"], first["processes_ratio"]) == pytest.approx((2.0, 0.5))
    assert first["step_nanoseconds"] == pytest.approx(0.04 * 1.01**2 / 2e6 * 1e9)
    assert math.isnan(first["time_ratio_low"])
    assert (second["time_ratio_low"], second["time_ratio_high"]) == pytest.approx((1.0, 9.0))
    assert math.isnan(second["processes_ratio"])


def test_the_recorded_run_holds_every_python_of_its_machine() -> None:
    summary = summarise(load_recorded("interpreters"))
    minors = {".".join(version.split(".")[:2]) for version in summary["version"]}
    assert {"2.7", *(f"3.{minor}" for minor in range(6, 15))} <= minors
    assert set(summary["gil"]) == {"on", "off"}
    assert (summary["rounds"] >= 12).all()


def test_every_interpreter_gets_a_sentence_with_its_figures() -> None:
    lines = verdict(make_interpreters(strange=STRANGE)).splitlines()
    assert lines[0] == (
        "CPython 2.7.18: two threads took 1.90 × as long as one (95 % interval 1.71 to 2.09), "
        "slower; two processes 0.55 ×."
    )
    assert "as long as one (95 % interval 0.53 to 0.55), faster; two" in lines[3]
    assert lines[6:] == [
        "One thread: a step took 31.1 ns under CPython 3.13.5t and 20.7 ns under CPython 3.13.0, "
        "1.5 × as long.",
        "python3.90: failed.",
        "python3.91: stopped for its output.",
    ]
    ratios = {name: ORDINARY[name] for name in ("CPython 3.11.7", "CPython 3.13.5t")}
    assert "One thread:" not in verdict(make_interpreters(ratios))


def test_few_rounds_and_a_machine_that_can_t_show_it_give_figures_without_a_verdict() -> None:
    assert verdict(make_interpreters({"CPython 3.11.7": {"threads": spread(1.03, 4)}})) == (
        "CPython 3.11.7: two threads took 1.03 × as long as one, but in fewer than 6 rounds."
    )
    table = make_interpreters(ALONE, usable_cores=1)
    told = verdict(table[table["runner"] != "processes"]).splitlines()
    assert told[0].startswith("No verdict: one usable core")
    assert told[1].endswith("(95 % interval 1.02 to 1.04).")
