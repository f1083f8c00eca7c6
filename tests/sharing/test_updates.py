import sys
from pathlib import Path

import pandas as pd
import pytest

from gil_demo import GilDemoError, count_lost_updates, load_recorded
from gil_demo.sharing import portable_updates
from gil_demo.sharing.updates import CALL, DEFAULT, INTERVALS, LOCKED, PLAIN, TINY
from tests.charts import assert_readable
from tests.made.pythons import write_stranger
from tests.made.runs import assert_one_run
from tests.made.sharing import EXPECTED, make_updates
from tests.made.unchecked import draw, summarise, verdict

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")

LUCKY = {(CALL, interval): 0.0 for interval in INTERVALS}


def test_a_true_count_is_a_whole_table_and_a_lock_loses_nothing() -> None:
    table = count_lost_updates(budget=0.01)
    assert_one_run(table, ["runner", "way", "switch_interval"])
    assert set(zip(table["way"], table["switch_interval"], strict=True)) == {
        (way, interval) for way in (PLAIN, CALL, LOCKED) for interval in INTERVALS
    }
    assert (table["found"] <= table["expected"]).all()
    locked = table[table["way"] == LOCKED]
    assert (locked["found"] == locked["expected"]).all()


def test_the_script_runs_here_too_and_puts_the_switch_interval_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portable_updates, "UPDATES", 100)
    monkeypatch.setattr(portable_updates, "UPDATES_UNDER_LOCK", 50)
    before = sys.getswitchinterval()
    portable_updates.main(["0"])  # type: ignore[no-untyped-call]
    assert sys.getswitchinterval() == before
    assert capsys.readouterr().out.startswith('<answer>{"')


def test_a_program_that_is_no_python_is_told_though_its_name_leads_to_one_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GilDemoError, match=r"counted under .*missing: could not be started"):
        count_lost_updates([tmp_path / "missing"])
    if sys.platform != "win32":
        write_stranger(tmp_path, "python3", "echo '<answer>[1]</answer>'")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(GilDemoError, match=r"no updates could be counted under .*/python3: "):
            count_lost_updates(["./python3"], budget=0.01)


def test_what_is_lost_is_summed_up_and_told_in_these_sentences() -> None:
    summary = summarise(make_updates())
    assert list(summary["lost"] / EXPECTED) == pytest.approx([0, 0, 0.8, 1.2, 0, 0])
    assert list(summary["each_seconds"]) == pytest.approx([0.05 / EXPECTED] * 6, rel=0.01)
    assert verdict(make_updates()).splitlines() == [
        "CPython 3.13.0, two threads:",
        "  x += 1: none of 1,600,000 lost at its own interval; none of 1,600,000 lost at the "
        "shortest interval.",
        "  a call between: 20 % of 1,600,000 lost at its own interval; 30 % of 1,600,000 lost at "
        "the shortest interval.",
        "  under a Lock: none of 1,600,000 lost at its own interval; none of 1,600,000 lost at the "
        "shortest interval.",
        "None lost, x += 1: no race seen; one may still exist. CPython with a GIL hands over, from "
        "3.10 on, at calls and where a loop jumps back, and no call stands between reading and "
        "writing here. No rule of the language says so.",
        "None lost, under a Lock: so it must be, since one thread at a time holds the lock.",
    ]


def test_why_nothing_was_lost_is_told_only_where_it_is_known() -> None:
    lucky = (
        "None lost, x += 1: no race seen; one may still exist. The threads were lucky; run it again"
    )
    for version in ("3.9.1", "dev"):
        assert lucky in verdict(make_updates(python_version=version))
    assert lucky in verdict(make_updates(gil_enabled=False))
    assert lucky in verdict(make_updates(implementation="PyPy"))
    assert "None lost, a call between: no race seen; one may still exist." in verdict(
        make_updates(LUCKY)
    )
    assert "32 of 1,600,000 lost" in verdict(make_updates({(PLAIN, DEFAULT): 2e-5}))


def test_the_chart_has_a_row_for_each_python_and_a_panel_for_each_way() -> None:
    chart = assert_readable(draw, make_updates())
    lost = "x += 1 none, a call between 25 %, under a Lock none"
    title = f"Updates lost, both intervals together: {lost}"
    assert chart.texts[0].get_text() == title
    assert "CPython 3.13.0, a call between, tiny interval: 30.0 %" in chart.description
    assert [axes.get_title() for axes in chart.axes] == [PLAIN, CALL, LOCKED]
    old = make_updates({(PLAIN, TINY): 0.1, **LUCKY}, run_id="old", python_version="2.7.18")
    both = assert_readable(draw, pd.concat([old, make_updates()], ignore_index=True))
    told = [label.get_text() for label in both.axes[0].get_yticklabels()]
    assert told == ["CPython 2.7.18", "CPython 3.13.0"]
    title, conditions = (text.get_text() for text in both.texts)
    expected = "x += 1 one of two, a call between one of two, under a Lock none"
    assert title == f"Pythons that lose updates: {expected}"
    assert conditions.startswith("Two Pythons, run here; two threads")


def test_the_recorded_pythons_show_what_the_notebook_says_of_them() -> None:
    summary = summarise(load_recorded("lost-updates"))
    lost = summary.groupby(["python_version", "way"])["lost"].sum().unstack()
    losing = {"2.7.18", "3.6.15", "3.7.16", "3.8.18", "3.9.18", "3.13.5"}
    assert set(lost.index[lost[PLAIN] > 0]) == losing
    assert len(lost) == 11
    assert (lost[CALL] > 0).all()
    assert not lost[LOCKED].any()
    assert set(summary.loc[~summary["gil_enabled"], "python_version"]) == {"3.13.5"}
