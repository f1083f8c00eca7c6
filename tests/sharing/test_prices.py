import multiprocessing
import queue
import subprocess
import sys
import tempfile
import threading
from multiprocessing.managers import SyncManager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from gil_demo import GilDemoError, compare_sharing
from gil_demo.measuring import rounds
from gil_demo.running.pools import run_in_pool
from gil_demo.running.scripts import run_script
from gil_demo.sharing import prices
from gil_demo.sharing.counters import add_up, put_each
from gil_demo.sharing.prices import COUNTS
from gil_demo.sharing.updates import PLAIN, RAW
from tests.charts import assert_readable
from tests.conftest import METHODS, assert_nothing_left, make_marked_environment, needs_signals
from tests.made.runs import assert_one_run
from tests.made.sharing import MICROSECONDS, make_prices
from tests.made.unchecked import draw, summarise, verdict

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "COUNTS", dict.fromkeys(COUNTS, 20))


def test_true_prices_are_a_whole_table_and_only_ways_without_a_lock_may_lose(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    crews = []

    def note(*arguments: Any) -> Any:
        spans = run_in_pool(*arguments)
        crews.append({span.worker for span in spans})
        return spans

    monkeypatch.setattr(prices, "run_in_pool", note)
    table = compare_sharing(start_method=method, budget=0.01)
    assert_one_run(table, ["runner", "way", "switch_interval"])
    assert set(zip(table["runner"], table["way"], strict=True)) == {*COUNTS}
    guarded = table[~table["way"].isin([PLAIN, RAW])]
    assert (guarded["found"] == guarded["expected"]).all()
    assert set(table["start_method"]) == {"", method}
    assert all(crew == {0, 1} for crew in crews)  # no worker took both tasks


def test_a_manager_that_is_killed_ends_it_with_an_error_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual, own = rounds.take_samples, multiprocessing.current_process()._config  # type: ignore[attr-defined]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setitem(own, "tempdir", None)

    def kill_first(*arguments: Any, **named: Any) -> Any:
        (manager,) = [one for one in multiprocessing.active_children() if "Sync" in one.name]
        manager.kill()
        manager.join()
        return usual(*arguments, **named)

    monkeypatch.setattr(prices, "take_samples", kill_first)
    with pytest.raises(GilDemoError, match="what processes share could not be had, or is gone"):
        compare_sharing(budget=0.01)
    # where Python keeps what its own end removes
    assert {*tmp_path.iterdir()} <= {Path(own["tempdir"])}


def test_what_a_system_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SyncManager, "start", Mock(side_effect=OSError("no room")))
    told = r"what processes share could not be had, or is gone \(OSError: no room\)"
    with pytest.raises(GilDemoError, match=told):
        compare_sharing(budget=0.01)


def test_a_script_without_a_guard_says_what_it_lacks() -> None:
    program = "import gil_demo\ngil_demo.compare_sharing(start_method='spawn', budget=0.01)\n"
    lines = run_script(program, 20.0).output.splitlines()
    (error,) = [line for line in lines if "WorkerDied: a worker" in line]
    assert 'if __name__ == "__main__":' in error


KILLED = """
import os, signal
from gil_demo.sharing import prices
def end(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
if {is_at_work}: prices.take_samples = end
prices.compare_sharing(start_method={method!r}, budget=0.01)
end()
"""


@needs_signals
@pytest.mark.parametrize(
    ("method", "is_at_work"),
    # Python itself leaves an empty folder of a program that had a manager and is killed later
    [
        *((method, True) for method in METHODS),
        *(("forkserver", False),) * ("forkserver" in METHODS),
    ],
)
def test_a_parent_that_is_killed_leaves_no_process_and_no_folder(
    method: str, is_at_work: bool, tmp_path: Path
) -> None:
    own = make_marked_environment(tmp_path)
    program = KILLED.format(method=method, is_at_work=is_at_work)
    ended = subprocess.run([sys.executable, "-c", program], env=own, capture_output=True)
    assert ended.returncode == -9
    assert is_at_work or ended.stderr == b""  # else Python tells of the semaphores that it removes
    assert_nothing_left(own)


def test_who_adds_up_a_queue_ends_where_those_that_fill_it_are_interrupted() -> None:
    class Full(queue.Queue[int | None]):
        def put(self, item: int | None, block: bool = True, timeout: float | None = None) -> None:
            if item is not None and self.qsize() == 3:
                raise KeyboardInterrupt
            super().put(item, block, timeout)

    line = Full()
    with pytest.raises(KeyboardInterrupt):
        put_each(line, 10)
    thread = threading.Thread(target=lambda: line.put(add_up(line, 1)))
    thread.start()
    thread.join(5)
    assert line.get(timeout=1) == 3


def test_prices_are_told_in_these_sentences() -> None:
    summary = summarise(make_prices())
    assert list(1e6 * summary["each_seconds"]) == pytest.approx([*MICROSECONDS.values()], rel=0.01)
    told = verdict(make_prices()).splitlines()
    assert told[0] == "For each update, by two threads at the same time:"
    own = "  counts of their own: 0.06 µs (0.0594 µs to 0.0606 µs); none of 1,600,000 lost."
    assert told[1] == own
    assert told[2].endswith(
        "1.17 × that of counts of their own; none of 1,600,000 lost "
        "(no race seen; one may still exist)."
    )
    assert told[7].endswith("4 × that of counts of their own; 25 % of 1,600,000 lost.")
    assert told[-1] == "Eight rounds of each; each × is taken inside the rounds."
    lucky = verdict(make_prices(raw_lost=0.0))
    assert lucky.count("no race seen") == 2
    alike = MICROSECONDS | {("threads", PLAIN): 0.06}
    assert "µs), about as fast as counts of their own; " in verdict(make_prices(alike))
    table = make_prices(rounds=2, busy_percent=95.0)
    few = verdict(table).splitlines()
    assert few[0].startswith("Note: the machine was 95 % busy before the run")
    assert few[1].startswith("No verdict: only two rounds, an interval needs six")
    assert few[3] == "  counts of their own: 0.06 µs; none of 400,000 lost."
    assert few[-1] == "Two rounds of each."
    assert draw(table).texts[0].get_text() == few[1].split(";")[0]


def test_the_chart_has_a_row_for_each_way_and_says_what_was_lost() -> None:
    chart = assert_readable(draw, make_prices())
    told = "under a Lock 0.5 µs, Value under its lock 1.5 µs, Manager under its lock 300 µs"
    assert chart.texts[0].get_text() == f"An update: {told}"
    alone = draw(make_prices({("threads", PLAIN): 0.07}))
    assert alone.texts[0].get_text() == "An update: x += 1 0.07 µs"
    (axes,) = chart.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [f"{runner}: {way}" for runner, way in COUNTS]
    assert [text.get_text() for text in axes.texts][5] == "0.2 µs; 25 % lost"
    assert "processes, Value without its lock: 0.20 µs, 400,000 lost" in chart.description
