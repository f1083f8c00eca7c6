import gc
import math
import re
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pandas as pd
import pytest

from gil_demo import GilDemoError, countdown, examine, summarise, verdict
from gil_demo.examination import measure, samples, ways
from gil_demo.examination.look import Look
from gil_demo.examination.parcels import MOST_BYTES, Parcel
from gil_demo.examination.plan import Plan, make_plan, want_rounds
from gil_demo.examination.table import BESIDE, COLLECTED, CONTROL, FUNCTION, read_traps
from gil_demo.examination.ways import Ways, run_in_loop
from gil_demo.running.pools import list_start_methods
from gil_demo.running.runners import find_missing
from gil_demo.running.workers import call_elsewhere, is_gil_enabled
from tests.conftest import interrupt
from tests.examination import functions
from tests.made.runs import assert_one_run

pytestmark = pytest.mark.usefixtures("no_wait", "nothing_hangs")
Capture = pytest.CaptureFixture[str]
there = pytest.mark.skipif(bool(find_missing("interpreters")), reason="needs Python 3.14")


def run(function: Callable[[Any], object], arguments: list[Any], **told: Any) -> pd.DataFrame:
    table: pd.DataFrame = examine(function, arguments, **({"budget": 0.3} | told))
    return table


def tell(table: pd.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    """Give the traps, and what is missing here for a reason that lies in the function."""
    missing = read_traps(table["missing"].iloc[0])
    missing.pop("interpreters", "")
    return read_traps(table["traps"].iloc[0]), missing


def read_limits(capsys: Capture) -> list[int]:
    """Read how often a function was to be called at most, as was told one after another."""
    found = re.findall(r"at most ([\d,]+) times", capsys.readouterr().out)
    return [int(one.replace(",", "")) for one in found]


def test_every_way_runs_the_same_tasks_in_whole_rounds(method: str, capsys: Capture) -> None:
    table = run(samples.parse_log, [samples.make_log(20)] * 9, start_method=method, workers=3)
    assert_one_run(table, ("work", "runner", "start_method"))
    ways = {(row.work, row.runner) for row in table.itertuples()}
    expected = {(FUNCTION, name) for name in ("sequential", "threads", "processes")}
    expected |= {(CONTROL, "sequential"), (CONTROL, "processes")}
    if is_gil_enabled():
        expected.add((BESIDE, "sequential"))
    assert {one for one in ways if one[1] != "interpreters"} == expected
    first = table.iloc[0]
    assert (first["function"], first["workers"], first["all_tasks"]) == ("parse_log", 3, 9)
    assert 1 <= first["chunksize"] <= first["tasks"] <= 9
    assert first["task_low_seconds"] <= first["task_seconds"] <= first["task_high_seconds"]
    assert first["argument_bytes"] > len(samples.make_log(20))
    assert first["gil_in_workers"] == ("on" if is_gil_enabled() else "off")
    # not every system tells
    assert pd.isna(first["worker_bytes"]) or first["worker_bytes"] > 100_000
    loops = table[(table["work"] == FUNCTION) & (table["runner"] == "sequential")]
    assert (loops["part_seconds"] <= loops["seconds"]).all()
    pools = table[(table["work"] == FUNCTION) & (table["runner"] == "processes")]
    assert pools["start_up_seconds"].iloc[0] > 0
    assert tell(table) == ({}, {})
    assert re.fullmatch(
        r"parse_log will be called at most [\d,]+ times with each argument, within "
        r"about [\d.]+ m?s\.\n"
        r"(After a first look: at most [\d,]+ times( \(a run takes at most \d of the 9\))?, within "
        r"about [\d.]+ m?s\.\n)?",
        capsys.readouterr().out,
    )


def test_the_calls_that_are_told_are_a_limit_that_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(samples, "seen", calls)

    def note(number: int) -> int:
        calls.append(number)
        return number

    table = run(note, [*range(4)], budget=0.1)
    counts = [calls.count(number) for number in range(4)]
    told = read_limits(capsys)
    assert told == sorted(told, reverse=True)
    assert 1 < max(counts) <= table["calls"].iloc[0] <= told[-1]


def test_how_often_it_will_be_called_is_told_before_the_first_call(capsys: Capture) -> None:
    def fail(_: int) -> None:
        raise OSError("no such thing")

    with pytest.raises(GilDemoError, match="no such thing"):
        run(fail, [1])
    assert " will be called at most " in capsys.readouterr().out


def test_rounds_end_at_the_limit_that_was_told_where_tasks_become_quicker(
    capsys: Capture,
) -> None:
    slow = [30] * 6

    def become_quicker(_: int) -> None:
        samples.ask_server(slow.pop() if slow else 0)

    first = run(become_quicker, [1] * 3, budget=3.0).iloc[0]
    assert first["calls"] <= read_limits(capsys)[-1]
    assert first["rounds"] >= 6


def test_with_once_no_argument_is_used_twice_by_any_way(tmp_path: Path) -> None:
    arguments = [(str(tmp_path), number) for number in range(100)]
    table = run(functions.leave_mark, arguments, once=True)  # which fails if it is called again
    assert tell(table) == ({}, {})
    assert len([*tmp_path.iterdir()]) >= 1 + 3 * 2  # to look, and a round of each way
    assert table["calls"].iloc[0] == 1
    assert set(table["work"]) == {FUNCTION, CONTROL}
    assert table["tasks"].iloc[0] >= 2  # or a second worker would have nothing to do
    with pytest.raises(ValueError, match=r"^once needs at least \d+ arguments, not 20$"):
        run(functions.leave_mark, arguments[:20], once=True)
    with pytest.raises(GilDemoError, match=r"raised FileExistsError: .*, when it was called again"):
        run(functions.leave_mark, [(str(tmp_path), number) for number in range(100, 104)])


def test_with_once_too_a_way_that_fails_is_left_out() -> None:
    table = run(functions.fail_in_worker, [3] * 100, once=True)
    assert "KeyError" in tell(table)[1]["processes"]
    assert {"sequential", "threads"} <= set(table["runner"])


def test_what_only_begins_its_work_is_refused() -> None:
    async def ask(_: int) -> None: ...

    async def tell(number: int) -> AsyncIterator[int]:
        yield number

    for function in (ask, tell, functions.count_up, lambda number: ask(number)):
        with pytest.raises(TypeError, match="is an async function or a generator, which only"):
            run(function, [1])


def test_a_function_that_doesn_t_take_one_argument_is_refused_before_it_is_called() -> None:
    for function in (threading.main_thread, math.pow):
        with pytest.raises(TypeError, match=r"^function must take one argument; (main_th|pow: )"):
            run(cast(Callable[[Any], object], function), [1])


def test_an_argument_that_can_be_used_only_once_is_refused_but_with_once() -> None:
    with pytest.raises(ValueError, match=r"not <generator .*; give list\(\.\.\.\) of each"):
        run(sum, [[1], (n for n in [1])])
    assert run(sum, [(n for n in [1]) for _ in range(60)], once=True)["calls"].iloc[0] == 1


def test_the_start_of_threads_is_counted_once_for_all_tasks() -> None:
    table = run(samples.ask_server, [20] * 40)
    assert table["tasks"].iloc[0] < 40
    threads = table.query("work == 'function' and runner == 'threads'")
    assert (threads["start_up_seconds"] > 0).all()
    row = summarise(table).query("way == 'threads'").iloc[0]
    assert 0 < row["start_seconds"] < row["all_seconds"]


def test_a_script_without_a_guard_uses_no_argument_twice_where_that_is_promised(
    tmp_path: Path,
) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from pathlib import Path\n"
        "from gil_demo import examine\n"
        "def leave_mark(number):\n"
        f"    Path({str(tmp_path)!r}, str(number)).touch(exist_ok=False)\n"
        "numbers = list(range(60))\n"
        "table = examine(leave_mark, numbers, budget=0.5, start_method='spawn', once=True)\n"
        "print(table['missing'].iloc[0])\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert done.stdout.count(" will be called at most once") == 1
    assert 'only below if __name__ == "__main__"' in done.stdout


def test_a_list_whose_tasks_are_uneven_is_reckoned_by_the_first_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measure, "_LOOK_SHARE", 0.5)  # time for all of them on a slow machine
    table = run(samples.ask_server, [1] * 60 + [150], budget=3.0)
    (loop,) = summarise(table).query("way == 'plain loop'")["all_seconds"]
    # 61 times the mean of a run's is 0.06 s without the long one, and 0.7 s or more with it
    assert 0.2 < loop < 0.6


def make_ways(function: Callable[[Any], object], tasks: int) -> Ways:
    """Make ways of ten tasks, the first of which has imported something at its first call."""
    seconds = [1.0, *[0.01, 0.04] * 4, 0.01]
    look = Look([*range(10)], seconds, [0.0] * 10, {}, None, None, False, {}, "")
    made = Ways(function, [*range(tasks)], look, 2, "fork", 1.0, False, nullcontext)
    made.plan = Plan([*range(10)], 10, 1, 2, 1)
    return made


def test_all_tasks_grow_by_what_is_usual_and_not_at_all_where_a_run_holds_them() -> None:
    for tasks, growth in ((100, 10.0), (10, math.nan)):
        found = make_ways(abs, tasks).estimate_growth(10 * 0.21 / 9)
        assert found == pytest.approx(growth, nan_ok=True)


def test_what_the_first_look_met_at_a_bad_moment_is_told_by_the_rounds() -> None:
    own = make_ways(abs, 10)
    own.plan = own.plan._replace(places=[3], size=1)
    own.look.seconds[3] = 1.0  # the rounds say 0.01
    mean = 1.2 / 9  # which a task is taken for whose first call may have imported something
    assert own.estimate_growth(0.01) == pytest.approx(1 + (0.2 + mean) / 0.01)


def test_tasks_are_not_uneven_by_what_the_garbage_collector_took_at_some_calls() -> None:
    own = make_ways(abs, 100)
    own.look = own.look._replace(searches=[0.0, *[0.0, 0.03] * 4, 0.0])
    assert math.isnan(own.estimate_growth(0.1))
    # nor are those even that take as long by a search of their own at each call
    own.look = own.look._replace(searches=[each - 1e-3 for each in own.look.seconds])
    assert math.isnan(own.estimate_growth(0.1))


def test_a_run_is_given_up_by_what_is_usual() -> None:
    assert make_ways(abs, 10).get_limit() == pytest.approx(1.0 + 10 * 10 * 0.21 / 9)


@pytest.mark.skipif(not is_gil_enabled(), reason="nothing is held")
def test_a_countdown_runs_beside_tasks_from_all_over_the_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[int] = []
    beside = make_ways(called.append, 10).list_variants()[BESIDE, "sequential"]
    beside()
    assert called == [0, 5]
    monkeypatch.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("no more")))
    with pytest.raises(GilDemoError, match="the operating system refused 1 thread"):
        beside()


def test_what_it_takes_to_set_a_limit_is_not_counted_as_the_loop_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run_late(_: float, function: Callable[..., object], *arguments: object) -> object:
        time.sleep(0.1)
        return function(*arguments)

    monkeypatch.setattr(ways, "run_within", run_late)
    told = make_ways(abs, 10).list_variants()[FUNCTION, "sequential"]()
    assert 0 < told.part_seconds <= told.work < 0.1


def test_the_loop_meets_other_memory_in_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    call = Mock(side_effect=call_elsewhere)
    monkeypatch.setattr(ways, "call_elsewhere", call)
    own = make_ways(abs, 10)
    own.list_variants()[FUNCTION, "sequential"]()
    assert [one.args[0] for one in call.call_args_list] == [own._time_loop]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows doesn't count them")
def test_what_a_program_computes_for_a_function_is_counted_with_it() -> None:
    began = ways._read_children_seconds()
    program = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)
    assert ways._read_children_seconds() - began > 0.15


@pytest.mark.parametrize(("seconds", "rounds"), [(0.3, 10), (4.6, 15), (60.0, 20)])
def test_more_rounds_are_wanted_where_their_runs_need_not_be_too_short(
    seconds: float, rounds: int
) -> None:
    assert want_rounds(seconds, 3) == rounds


def test_no_more_tiny_tasks_are_tried_than_a_worker_notes_in_a_part_of_the_time() -> None:
    seconds, searches = [1e-6] * 100_000, [0.0] * 100_000
    look = Look([*range(100_000)], seconds, searches, {}, None, None, False, {}, "")
    assert make_plan(look, 2, 10.0, 3).size == 3_000


def test_a_list_is_run_whole_where_there_is_time_for_enough_rounds_of_it() -> None:
    for times, is_whole in ((1.3, True), (2.0, False)):
        usual = [5e-4 * times] * 50 + [0.1 * times]
        look = Look([*range(51)], usual, [0.0] * 51, {}, None, None, False, {}, "")
        assert (make_plan(look, 2, 10.0, 3).size == 51) is is_whole
        # what the collector takes grows faster than the list, so two rounds of it are enough
        assert make_plan(look._replace(traps={COLLECTED: "52 %"}), 2, 10.0, 3).size == 51
    for tried, tasks in ((0.0, 10), (0.4, 4)):
        own = make_ways(abs, 10)
        own.runs = dict.fromkeys(("sequential", "threads", "processes"), run_in_loop)
        own.tried_seconds = tried
        own.shrink(6.0, 20)
        assert own.plan.size == tasks
    few = make_ways(abs, 10)
    few.runs, few.tried_seconds = own.runs, 0.4
    few.shrink(6.0, 7)  # where no more rounds may be run, they need not be shorter
    assert few.plan.size == 10


def test_a_run_has_no_more_tasks_than_there_is_room_for_their_answers() -> None:
    look = make_ways(abs, 10).look
    for size, tasks in ((MOST_BYTES, 2), (3 * MOST_BYTES, 1)):
        large = look._replace(answer=Parcel(size, 0.1, None))
        assert make_plan(large, 2, 10.0, 3).size == tasks


@there
def test_a_task_that_hangs_in_a_sub_interpreter_is_ended() -> None:
    table = run(functions.hang_in_an_interpreter, [1] * 4, timeout=0.5)
    assert "not done after" in read_traps(table["missing"].iloc[0])["interpreters"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows doesn't count them")
def test_waits_are_counted_in_this_process_alone() -> None:
    table = run(samples.ask_server, [1] * 20)
    own = table[table["work"] == FUNCTION].groupby("runner")["waits"].min()
    assert table["task_cpu_percent"].iloc[0] < 90
    assert own["threads"] > 1
    assert own[["sequential", "processes"]].isna().all()


def test_what_a_teardown_does_is_not_counted_as_the_function_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[float] = []
    monkeypatch.setattr("gil_demo.examination.ways.count_waits", lambda: float(len(ended)))
    table = run(samples.ask_server, [1] * 4, teardown=lambda: ended.append(1))
    assert table["waits"].max() == 0 < len(ended)


def test_the_collector_searches_nothing_that_was_there_before_nor_answers_of_another_run() -> None:
    made: weakref.WeakSet[functions.Answer] = weakref.WeakSet()
    set_aside, held = [], []

    def make(number: int) -> functions.Answer:
        answer = functions.Answer(number)
        made.add(answer)
        set_aside.append(gc.get_freeze_count())
        return answer

    run(make, [1, 2, 3], teardown=lambda: held.append(len(made)))
    assert min(set_aside) > 1_000
    assert gc.get_freeze_count() == 0
    assert held[0] > 1
    assert held[-1] == 0
    gc.freeze()
    try:
        before = gc.get_freeze_count()
        run(make, [1, 2, 3])
        assert gc.get_freeze_count() == before > 1_000
    finally:
        gc.unfreeze()


def test_chunks_are_chosen_for_the_tasks_that_are_left_after_a_slow_first_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def shrink(own: Ways, _: float, _most_rounds: int) -> None:
        own.plan = own.plan._replace(size=4, places=own.plan.places[:4])

    monkeypatch.setattr(Ways, "shrink", shrink)
    first = run(countdown, [10] * 200).iloc[0]
    assert (first["tasks"], first["chunksize"]) == (4, 1)


def test_setup_and_teardown_go_around_each_run_and_teardown_after_a_failure_too() -> None:
    told: list[str] = []

    def fail_later(_: int) -> None:
        if told.count("end") > 3:  # after the look, calls again, and the first try
            raise ValueError("enough")

    with pytest.raises(
        GilDemoError, match=r"^in a later round of .* a task failed: ValueError: enough$"
    ):
        run(
            fail_later, [1] * 4, setup=lambda: told.append("begin"),
            teardown=lambda: told.append("end"),
        )  # fmt: skip
    assert told[:4] == ["begin", "end", "begin", "end"]
    assert len(told) % 2 == 0
    for fault, why in ((lambda: 1 / 0, "ZeroDivisionError: division by zero"), (sys.exit, "Sys")):
        with pytest.raises(GilDemoError, match=f"^setup raised {why}"):
            run(fail_later, [1] * 4, setup=fault)
        with pytest.raises(GilDemoError, match=r"^task 1 of 1 \(argument 0\) raised ZeroDivision"):
            run(functions.fail_at, [0], teardown=fault)


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        (lambda n: n, [1] * 4, "can be sent to a worker, not .*lambda.*: define it at the top of"),
        (samples.make_generator, [1] * 4, "an answer can't be pickled: generator"),
        (samples.end_at, [6, 7], r"task 2 of 2 \(argument 7\): its worker process ended "),
        (functions.leave_worker, [6, 7], r"task 2 of 2 \(argument 7\): its worker process ended "),
        (
            functions.fail_in_worker,
            [2, 3],
            r"task 2 of 2 \(argument 3\) raised KeyError: 3, in processes",
        ),
    ],
)
def test_what_a_worker_can_t_do_is_told_and_the_other_ways_are_run(
    function: Callable[[Any], object], arguments: list[Any], reason: str,
    pool_threads_may_stay: None,
) -> None:  # fmt: skip
    del pool_threads_may_stay
    table = run(function, arguments)
    assert {"sequential", "threads"} <= set(table["runner"])
    assert "processes" not in set(table["runner"])
    assert table[["chunk_seconds", "worker_bytes"]].isna().all(axis=None)
    (told,) = (why for name, why in tell(table)[1].items() if name == "processes")
    assert re.search(reason, told)
    assert "Left out, processes: " in verdict(table)


@pytest.mark.thorough
def test_a_task_that_hangs_in_a_worker_is_named_and_its_worker_ended() -> None:
    table = run(functions.hang_in_worker, [2, 3], timeout=0.5)  # two are run in full anywhere
    assert re.match(r"task 2 of 2 \(argument 3\): not done after 0\.5", tell(table)[1]["processes"])


def test_a_function_of_a_cell_is_left_to_the_loop_and_threads_where_workers_are_spawned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import __main__

    monkeypatch.delattr(__main__, "__file__", raising=False)
    monkeypatch.setattr(__main__, "double", eval("lambda n: 2 * n"), raising=False)
    function = __main__.double  # type: ignore[attr-defined]
    function.__module__, function.__qualname__ = "__main__", "double"
    if "spawn" in list_start_methods():
        told = tell(run(function, [1] * 4, start_method="spawn"))[1]["processes"]
        assert "defined in a notebook cell or at a prompt: put it in a module" in told


@pytest.mark.parametrize(
    ("function", "arguments", "trap", "seen"),
    [
        (samples.roll_dice, [9] * 8, "answers differ", "from call to call"),
        (functions.tell_process, [1] * 6, "answers differ", "in processes, first of task 1 of 6"),
        (cache(samples.ask_server), [5, 6, 7, 8], "remembers", "of the first"),
    ],
)
def test_a_trap_of_the_runs_is_told_with_its_fix(
    function: Callable[[Any], object], arguments: list[Any], trap: str, seen: str
) -> None:
    # a look at those that wait calls all of them
    table = run(function, arguments, budget=1.0 if trap == "remembers" else 0.3)
    traps = tell(table)[0]
    assert seen in traps[trap]
    assert "Note: " in verdict(table)


def test_what_a_function_prints_doesn_t_flood(capfd: pytest.CaptureFixture[str]) -> None:
    table = run(functions.chatter, [20] * 6)
    assert "prints" in tell(table)[0]
    assert "line 1 of" not in capfd.readouterr().out


def test_ten_thousand_tasks_are_sampled(capsys: Capture) -> None:
    table = run(countdown, [2_000] * 10_000)
    assert 2 <= table["tasks"].iloc[0] < table["all_tasks"].iloc[0] == 10_000
    assert "of the 10,000)" in capsys.readouterr().out


def test_an_interrupt_ends_it() -> None:
    timer = threading.Timer(0.6, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        run(countdown, [100_000] * 50, budget=10.0)
    timer.join()
