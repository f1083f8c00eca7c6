import json
import math
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gil_demo
from gil_demo import ResultsError, compare_interpreters, list_interpreters
from gil_demo.pythons import measure
from gil_demo.pythons.measure import MEASURED, Answer, join, read_answer
from gil_demo.running.pythons import GARBLED, Python
from tests.made.pythons import (
    ORDINARY,
    STRANGE,
    Ratios,
    make_interpreters,
    needs_scripts,
    write_stranger,
)
from tests.made.runs import spread
from tests.made.unchecked import summarise, verdict

ALONE: Ratios = {"CPython 3.11.7": ORDINARY["CPython 3.11.7"]}
ROUNDS = {"sequential": [0.1, 0.2], "threads": [0.1, 0.3]}
GOOD: dict[str, Any] = {"gil_enabled": True, "steps": 1000, "rounds": ROUNDS}

pytestmark = pytest.mark.usefixtures("no_wait")


def test_this_python_is_measured_in_whole_rounds_and_no_row_says_where_it_lies() -> None:
    table = compare_interpreters([sys.executable], budget=0.5)
    assert str(Path(sys.executable).parent) not in table.to_csv()
    assert set(table["version"]) == {".".join(map(str, sys.version_info[:3]))}
    assert set(table["state"]) == {MEASURED}
    assert set(table["runner"]) == {"sequential", "threads", "processes"}
    for (name, _), rows in table.groupby(["interpreter", "runner"]):
        assert list(rows["round"]) == list(range(1, len(rows) + 1))
        assert len(rows) >= 2 * measure.PASSES
        assert set(rows["gil"]) == {"off" if str(name).endswith("t") else "on"}


def test_the_list_tells_what_would_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Python("CPython 3.9.0", ("x",), "", "3.9.0", "CPython"), Python("b", state="failed")]
    monkeypatch.setattr(measure, "find_pythons", lambda *_: found)
    listed = list_interpreters()
    assert list(listed) == ["interpreter", "version", "state"]
    assert listed.to_numpy().tolist() == [["CPython 3.9.0", "3.9.0", "ready"], ["b", "", "failed"]]


@needs_scripts
def test_hostile_interpreters_are_ended_and_told_beside_those_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "START_SECONDS", 0.3)
    log = tmp_path / "log"
    actions = (
        ("exec sleep 61", "stopped after the time allowed"),
        (f"echo run >> {log}; exit 7", "failed"),
        (f"echo '{json.dumps(GOOD | {'steps': 0})}'", GARBLED),
        (f"echo '{json.dumps(GOOD)}'", MEASURED),
    )
    liars = []
    for number, (action, _) in enumerate(actions):  # that answer like Pythons when asked who
        identity = f'["CPython", "3.99.{number}", false]'
        source = f"if [ \"$1\" = -I ]; then {action}; else echo '{identity}'; fi"
        liars.append(write_stranger(tmp_path, f"python3.99.{number}", source))
    table = compare_interpreters(liars, budget=0.4)
    states = dict(zip(table["interpreter"], table["state"], strict=True))
    assert states == {f"CPython 3.99.{n}": state for n, (_, state) in enumerate(actions)}
    threads = table[table["runner"] == "threads"]
    assert list(threads["seconds"]) == [0.1, 0.3] * measure.PASSES
    assert list(threads["round"]) == [1, 2, 3, 4]
    assert log.read_text() == "run\n"  # one that failed isn't asked again


def test_an_answer_is_read_without_what_else_it_holds_and_none_that_can_t_be() -> None:
    rounds = ROUNDS | {"processes": [999.9, 0.1]}
    told = {"gil_enabled": False, "steps": 10**12, "rounds": rounds | {"fibres": []}, "more": 1}
    assert read_answer(told) == Answer("off", 10**12, rounds)
    for steps in ("1000", 10**12 + 1):
        assert read_answer(GOOD | {"steps": steps}) is None
    for bad in ([], [0.1], [0.1, 0.0], [0.1, float("nan")], [0.1, 1000.0], None):
        threads = {"sequential": [0.1, 0.1], "threads": bad}
        assert read_answer(GOOD | {"rounds": threads}) is None, bad
    for alike in ({"sequential": [0.1]}, *(dict.fromkeys(ROUNDS, n * [0.1]) for n in (0, 10_001))):
        assert read_answer(GOOD | {"rounds": alike}) is None


def test_times_of_two_passes_are_stretched_to_the_same_steps_and_one_failure_is_one() -> None:
    before = Answer("on", 1000, {"sequential": [1.0], "threads": [2.0], "processes": [1.0]})
    after = Answer("on", 500, {"sequential": [0.5], "threads": [1.5]})
    both = Answer("on", 1000, {"sequential": [1.0, 1.0], "threads": [2.0, 3.0]})
    assert (join(before, after), join(None, after)) == (both, after)
    assert join(before, "failed") == join(None, "failed") == "failed"


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
    ratios["PyPy 3.13.0"] = ORDINARY["CPython 3.13.0"]  # another kind of Python
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
