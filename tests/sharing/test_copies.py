import errno
from unittest.mock import Mock

import pytest

from gil_demo import (
    GilDemoError,
    ResultsError,
    compare_random_numbers,
    compare_sharing,
    follow_global,
)
from gil_demo.sharing import counters
from gil_demo.sharing.copies import ADDED, PARENT, SET, SOURCES
from tests.charts import assert_readable
from tests.conftest import METHODS
from tests.made.sharing import LOOKS, make_globals
from tests.made.unchecked import draw, summarise, verdict

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


def test_what_a_worker_changes_is_seen_by_threads_alone_and_the_global_is_put_back() -> None:
    counters.total = 3
    assert counters.add_total(2) == 5
    looks = follow_global()
    assert counters.total == 3
    counters.total = 0
    summary = summarise(looks).set_index("start_method")
    assert list(summary.index) == ["", *METHODS]
    assert list(summary["parent_saw"]) == [SET + 2 * ADDED, *[SET] * len(METHODS)]
    for method, found in summary["found"].items():
        wanted = {"": [SET, SET + ADDED], "fork": [SET, SET]}.get(method, [0, 0])
        assert sorted(found) == wanted  # whichever thread came first
    assert list(looks["who"][:3]) == [PARENT, "worker 1", "worker 2"]


def test_a_forked_worker_shares_numpy_s_generator_and_a_seed_for_each_task_is_always_the_same() -> (
    None
):
    drawn = compare_random_numbers().set_index(["start_method", "source"])
    assert len(drawn) == len(METHODS) * len(SOURCES)
    for (method, source), row in drawn.iterrows():
        is_copied = (method, source) == ("fork", "numpy.random")
        assert row["verdict"] == ("the same" if is_copied else "different")
        assert (row["worker_1"] == row["worker_2"]) == is_copied
    seeded = drawn.xs(SOURCES[2], level="source")
    assert (seeded.nunique()[["worker_1", "worker_2"]] == 1).all()


def test_a_missing_semaphore_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr("multiprocessing.synchronize.SemLock.__init__", refuse)
    for measure in (follow_global, compare_random_numbers, compare_sharing):
        with pytest.raises(GilDemoError, match="semaphores need a /dev/shm"):
            measure()


def test_looks_at_a_global_are_told_in_these_sentences() -> None:
    looks = make_globals()
    assert verdict(looks).splitlines() == [
        "Threads: the parent set 10; the workers found 10 and 15 and left 15 and 20; the parent "
        "saw 20. They share one global.",
        "Processes by fork: the parent set 10; the workers found 10 and 10 and left 15 and 15; the "
        "parent saw 10. Each had a copy of it, as it was when the worker was started.",
        "Processes by spawn: the parent set 10; the workers found 0 and 0 and left 5 and 5; the "
        "parent saw 10. Each had a global of its own, as the module makes it.",
    ]
    for who in (PARENT, "worker .*"):
        lacking = looks[~looks["who"].str.fullmatch(who)]
        with pytest.raises(ResultsError, match="lacks the parent's row, or the workers'"):
            verdict(lacking)


def test_the_chart_has_a_lane_for_each_who_looked() -> None:
    chart = assert_readable(draw, make_globals())
    told = "The parent saw what threads changed and didn't see what processes changed"
    assert chart.texts[0].get_text() == told
    (axes,) = chart.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[::4] == [
        "threads, parent",
        "processes by fork, worker 1",
        "processes by spawn, worker 2",
    ]
    assert "Processes by spawn, worker 1: 0, then 5" in chart.description
    threads = {key: seen for key, seen in LOOKS.items() if key[0] == "threads"}
    alone = draw(make_globals(threads)).texts[0].get_text()
    assert alone == "The parent saw what threads changed"
