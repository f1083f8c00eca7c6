import math

import pandas as pd
import pytest

from gil_demo import ResultsError, load_recorded, summarise, verdict
from gil_demo.pythons.table import INTERPRETERS
from gil_demo.tables.schema import convert
from tests.made.pythons import ORDINARY, STRANGE, Ratios, make_interpreters
from tests.made.runs import spread

ALONE: Ratios = {"CPython 3.11.7": ORDINARY["CPython 3.11.7"]}
FEW: Ratios = {"CPython 3.11.7": {"threads": spread(1.03, 4)}}


def check(table: pd.DataFrame) -> None:
    convert(table.reset_index(drop=True), INTERPRETERS, "the table")


# the table


@pytest.mark.parametrize(
    ("column", "other"),
    [("version", "3.9.9"), ("gil", "not known"), ("state", "failed"), ("steps", 5)],
)
def test_an_interpreter_that_differs_from_row_to_row_is_refused(column: str, other: object) -> None:
    table = make_interpreters()
    table.loc[0, column] = other  # type: ignore[call-overload]
    with pytest.raises(ResultsError, match=rf"CPython 2\.7\.18 is no single run: .*{column}"):
        check(table)


def test_a_machine_that_differs_from_row_to_row_is_refused() -> None:
    table = make_interpreters()
    table.loc[0, "usable_cores"] = 3
    with pytest.raises(ResultsError, match=r"run d1e2f3 is no single run: .*usable_cores"):
        check(table)


def test_rounds_that_are_missing_there_twice_or_empty_are_refused() -> None:
    table = make_interpreters(ALONE)
    for way in ("sequential", "threads", "processes"):
        last = table.index[table["runner"] == way][-1]
        for spoilt in (table.drop(index=last), pd.concat([table, table.loc[[last]]])):
            with pytest.raises(ResultsError, match=rf"11\.7 is not whole: {way} lacks a round of"):
                check(spoilt)
    with pytest.raises(ResultsError, match="threads lacks a round of 8"):
        check(table[table["runner"] != "threads"])
    check(table[table["runner"] != "processes"])
    for column in ("round", "steps", "seconds"):
        with pytest.raises(ResultsError, match="was measured, but a measurement is missing"):
            check(table.assign(**{column: table[column].mask(table.index >= 0)}))


def test_what_was_not_measured_has_one_row() -> None:
    table = make_interpreters({}, {"python3.9": "failed"})
    check(table)
    with pytest.raises(ResultsError, match=r"python3\.9 was not measured, but has 2 rows"):
        check(pd.concat([table, table]))


# the summary


def test_there_is_a_row_for_each_interpreter_older_ones_first_and_strangers_last() -> None:
    table = make_interpreters(dict(reversed([*ORDINARY.items()])), STRANGE)
    summary = summarise(table)
    assert list(summary["interpreter"]) == [*ORDINARY, *STRANGE]
    assert list(summary["state"][-2:]) == list(STRANGE.values())
    assert summary[["time_ratio", "step_nanoseconds"]].tail(2).isna().to_numpy().all()
    assert list(summary["rounds"]) == [8] * len(ORDINARY) + [0, 0]


def test_versions_are_sorted_as_numbers_and_other_implementations_come_after() -> None:
    names = ["PyPy 3.9.1", "CPython 3.10.0", "CPython 3.9.0", "CPython 2.7.18"]
    table = make_interpreters({name: {"threads": [1.0]} for name in names})
    assert list(summarise(table)["interpreter"]) == names[::-1]


def test_ratios_are_medians_inside_the_rounds_and_a_step_is_a_part_of_the_sequential_time() -> None:
    ratios = [1.0, 3.0, 2.0, 9.0, 1.5]
    ways = {"threads": ratios, "processes": [ratio / 4 for ratio in ratios]}
    rows = {"CPython 3.9.0": ways, "CPython 3.9.1": {"threads": [*ratios, 2.0]}}
    first, second = summarise(make_interpreters(rows)).to_dict("records")
    assert first["time_ratio"] == pytest.approx(2.0)
    assert first["processes_ratio"] == pytest.approx(0.5)
    assert first["step_nanoseconds"] == pytest.approx(0.04 * 1.01**2 / 2e6 * 1e9)
    assert math.isnan(first["time_ratio_low"])
    ends = second["time_ratio_low"], second["time_ratio_high"]
    assert ends == pytest.approx((1.0, 9.0))
    assert math.isnan(second["processes_ratio"])


def test_the_recorded_run_holds_every_python_of_its_machine() -> None:
    summary = summarise(load_recorded("interpreters"))
    minors = {".".join(version.split(".")[:2]) for version in summary["version"]}
    assert {"2.7", "3.14", *(f"3.{minor}" for minor in range(6, 14))} <= minors
    assert set(summary["gil"]) == {"on", "off"}
    assert (summary["rounds"] >= 12).all()


# the finding


def test_every_interpreter_gets_a_sentence_with_its_figures() -> None:
    lines = verdict(make_interpreters(strange=STRANGE)).splitlines()
    assert lines[0] == (
        "CPython 2.7.18: two threads took 1.90 × as long as one (95 % interval 1.71 to 2.09), "
        "slower; two processes 0.55 ×."
    )
    assert lines[3].startswith("CPython 3.13.5t: two threads took 0.54 × as long as one (95 % ")
    assert "), faster; two" in lines[3]
    assert lines[6:] == [
        "One thread: a step took 31.1 ns under CPython 3.13.5t and 20.7 ns under CPython 3.13.0, "
        "1.5 × as long.",
        "python3.90: failed.",
        "python3.91: stopped for its output.",
    ]


def test_without_an_ordinary_build_of_that_version_nothing_is_said_of_a_lone_thread() -> None:
    ratios = {name: ORDINARY[name] for name in ("CPython 3.11.7", "CPython 3.13.5t")}
    assert "One thread:" not in verdict(make_interpreters(ratios))


def test_few_rounds_and_a_machine_that_can_t_show_it_give_figures_without_a_verdict() -> None:
    assert verdict(make_interpreters(FEW)) == (
        "CPython 3.11.7: two threads took 1.03 × as long as one, but in fewer than 6 rounds."
    )
    told = verdict(make_interpreters(ALONE, usable_cores=1)).splitlines()
    assert told[0].startswith("No verdict: one usable core")
    assert told[1].endswith("(95 % interval 1.02 to 1.04); two processes 0.55 ×.")
