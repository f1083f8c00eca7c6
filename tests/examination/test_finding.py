import re
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo import ResultsError, combine, draw
from gil_demo.examination.choice import MARGIN, RULE, choose, compare_ways, find_flips, read
from gil_demo.examination.finding import FIXES
from gil_demo.examination.table import (
    COLD,
    COLLECTED,
    CONTROL,
    KEPT,
    LOOP,
    OWN_THREADS,
    THREADS,
    TURNS_ON,
    estimate_control,
    estimate_free_share,
    read_traps,
    write_traps,
)
from tests.charts import assert_plain
from tests.made.examination import CPU_BOUND, TINY, WAITING, make_examination
from tests.made.unchecked import summarise, verdict


def find_line(text: str, beginning: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(beginning))


@pytest.mark.parametrize(
    ("table", "way", "told"),
    [
        (make_examination(WAITING), THREADS, "Use a pool of two threads, chunksize 5: "),
        (make_examination(CPU_BOUND), COLD, "Use a cold pool of two processes (fork), chunksize 5"),
        (make_examination(TINY, loop=1e-5), LOOP, "Stay with the plain loop: "),
        (
            make_examination(CPU_BOUND, loop=0.04, start=(0.3, 0.1)), KEPT,
            "Use a pool kept open, of two processes (fork), chunksize 5, where such lists come",
        ),
        (make_examination({"threads": 0.98, "processes": 0.98}), LOOP, "Stay with the plain loop"),
        (make_examination({"threads": 1.0}, width=0.2), LOOP, "Stay with the plain loop"),
        # so near to a tenth that it may be more
        (make_examination({"threads": 0.92, "processes": 0.9}), THREADS, "Use a pool of two th"),
        # by the end of its interval as slow as the loop, and no slower than the rule allows
        (make_examination({"threads": 0.96}, width=0.16), THREADS, "Use a pool of two threads"),
    ],
)  # fmt: skip
def test_the_first_sentence_is_the_simplest_way_within_a_tenth_of_the_quickest(
    table: pd.DataFrame, way: str, told: str
) -> None:
    reading, text = read(table, summarise(table)), verdict(table)
    assert reading.way == way
    assert text.startswith(told)
    assert RULE in text  # and how much the doubt of its figures leaves, if that is more
    doubt = max(compare_ways(reading, way, other).high for other in {*reading.ways} - {way}) - 1
    ends = re.findall(r"quickest, or (\d+) % by the ends of the intervals", text)
    assert ends == ([f"{100 * doubt:.0f}"] if round(doubt, 2) > MARGIN else [])
    prices = {one: price.at(400) for one, price in reading.prices.items()}
    assert prices[way] <= 1.1 * min(prices.values())
    assert_plain(*text.splitlines())


def test_the_one_that_comes_next_is_named_and_what_to_take_for_a_single_list() -> None:
    assert "Next comes a pool kept open, of two processes" in verdict(make_examination(CPU_BOUND))
    kept = verdict(make_examination(CPU_BOUND, loop=0.04, start=(0.3, 0.1)))
    assert ", where such lists come again: " in kept.splitlines()[0]
    assert re.search(
        r"^A single list: the plain loop; from about [\d,]+ such tasks on, or 400 of about "
        r"[\d.]+ ms each, a cold pool of two processes \(fork\)\.$", kept, re.MULTILINE,
    )  # fmt: skip


def test_the_figures_that_decide_are_told_and_estimates_are_called_estimates() -> None:
    text = verdict(make_examination(CPU_BOUND))
    assert re.search(
        r"an estimated 2\.1\d s, 1\.90 × as fast as the loop \(95 % interval [\d.]+ to [\d.]+\), "
        r"for 400 tasks\.$", text.splitlines()[0],
    )  # fmt: skip
    assert "\nTimes for all tasks, estimated from 40: plain loop 4 s, threads 4.08 s, " in text
    assert "estimated" not in verdict(make_examination(CPU_BOUND, all_tasks=40)).lower()


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"rounds": 4}, "only four rounds, an interval needs six; allow more seconds (budget)"),
        ({"rounds": 3, "calls": 1}, "an interval needs six; give more arguments"),
        ({"width": 1.5, "ratios": {"threads": 1.0}}, "too uneven to tell"),
        ({"width": 0.5, "ratios": {"threads": 0.9}}, "threads may take up to 1.0"),
        ({"width": 1.5, "ratios": {"threads": 1.0}, "others_percent": 60.0,
          "stolen_percent": 0.0}, "other programs took 60 % of the cores"),
        ({"others_percent": 60.0, "stolen_percent": 0.0, "control": 1.0,
          "ratios": {"threads": 1.0, "processes": 1.0}}, "other programs took 60 % of the cores"),
    ],
)  # fmt: skip
def test_there_is_no_verdict_where_rounds_or_the_machine_don_t_carry_one(
    told: dict[str, Any], reason: str
) -> None:
    first = verdict(make_examination(**told)).splitlines()[0]
    assert first.startswith("No verdict: ")
    assert reason in first


@pytest.mark.parametrize(
    ("way", "beginning"),
    [
        ("threads", "No verdict: from round to round threads took 0.65 to 1.21 × as long as the "
         "plain loop, too uneven to tell; allow more seconds (budget)."),
        ("processes", "Stay with the plain loop: "),
    ],
)  # fmt: skip
def test_there_is_none_where_threads_are_now_much_quicker_than_the_choice_and_now_slower(
    way: str, beginning: str
) -> None:
    table = make_examination({way: 1.2}, rounds=20)
    is_quick = table["runner"].eq(way) & (table["round"] % 4 == 0)
    told = verdict(table.assign(seconds=table["seconds"].where(~is_quick, 0.26)))
    assert told.startswith(beginning)


def test_there_is_none_for_some_of_the_tasks_where_the_garbage_collector_takes_much() -> None:
    trap = f"{COLLECTED}: 52 %"
    told = verdict(make_examination(CPU_BOUND, traps=trap))
    assert told.startswith(
        "No verdict: the garbage collector took 52 % of the first calls, and of all may take more; "
        "allow more seconds (budget)."
    )
    whole = verdict(make_examination(CPU_BOUND, traps=trap, all_tasks=40))
    assert whole.startswith("Use a ")
    assert whole.splitlines()[1].startswith("Collector: Python's garbage collector took 52 % of ")


def test_threads_of_its_own_leave_no_verdict_where_workers_are_hardly_quicker() -> None:
    trap = f"{OWN_THREADS}: which did 49 % of its work"
    told = verdict(make_examination({"threads": 0.85}, traps=trap))
    assert told.startswith(
        "No verdict: its own threads and the workers may get into each other's way; give each "
        "worker one thread, and examine it again."
    )
    quick = make_examination({"threads": 0.6}, traps=trap)
    assert verdict(quick).startswith("Use a pool of two")
    # one core and a half to a loop, 0.6 of its time: more than two cores could give
    assert verdict(quick.assign(task_cpu_percent=150.0)).startswith("No verdict: its own threads")


@pytest.mark.parametrize("ratio", [0.7, 1.2])
def test_there_is_none_where_threads_that_compute_wait_for_each_other_all_the_time(
    ratio: float,
) -> None:
    def wait_often(times: float, **facts: Any) -> str:
        table = make_examination({"threads": ratio, "processes": 0.98}, **facts)
        waits = 24 + times * table["seconds"]  # three for each of eight chunks
        return verdict(table.assign(waits=waits)).splitlines()[0]

    assert wait_often(25_000) == (
        "No verdict: threads waited for each other as often as 25,000 times a second, and how "
        "well that goes differs from process to process; time them in your own program."
    )
    assert not wait_often(2_000).startswith("No verdict")
    assert not wait_often(2_000, loop=1e-3).startswith("No verdict")  # 26,000 with the chunks'
    assert not wait_often(25_000, task_cpu_percent=5.0).startswith("No verdict")  # for a server


def test_the_loop_alone_and_fewer_tasks_than_workers_carry_no_verdict() -> None:
    alone = make_examination({}, missing="threads: an error; processes: a lambda")
    told = verdict(alone).splitlines()
    assert told[0] == "No verdict: nothing but the plain loop could be run."
    assert "Left out, threads: an error." in told
    assert "no verdict" in draw(alone).description.lower()
    few = verdict(make_examination(tasks=2, workers=4)).splitlines()[0]
    assert few.startswith("No verdict: a run held two tasks, fewer than there are workers;")


def test_what_wins_beside_other_programs_is_told_all_the_same() -> None:
    busy: dict[str, Any] = {"others_percent": 60.0, "stolen_percent": 0.0}
    told = verdict(make_examination(WAITING, **busy))
    assert told.startswith("Use a pool of two threads")
    assert "Note: other programs took 60 % of the cores during the run" in told


def test_more_threads_are_named_where_tasks_mostly_wait_as_many_as_are_accepted_there() -> None:
    for workers, cores, system, share, told in (
        *((2, 2, "Linux", 2.0, ["16"]), (16, 2, "Linux", 2.0, ["32"]), (32, 2, "Linux", 2.0, [])),
        *((16, 8, "Windows", 2.0, ["60"]), (2, 2, "Linux", 90.0, [])),
    ):
        facts: dict[str, Any] = {"workers": workers, "logical_cores": cores}
        facts |= {"operating_system": system, "task_cpu_percent": share}
        text = verdict(make_examination(WAITING, **facts))
        line = "More: a task mostly waits, so more threads may gain more; try workers=(.*)."
        assert re.findall(line, text) == told


def test_rows_are_summed_up_alike_in_any_order() -> None:
    table = make_examination(rounds=20)
    assert_frame_equal(summarise(table.sample(frac=1.0, random_state=3)), summarise(table))


def test_uneven_tasks_grow_as_the_first_look_says() -> None:
    plain, uneven = make_examination(CPU_BOUND), make_examination(CPU_BOUND, growth=20.0)
    seconds = [summarise(one)["all_seconds"] for one in (plain, uneven)]
    assert seconds[1][0] == pytest.approx(2 * seconds[0][0])
    reading = read(uneven, summarise(uneven))
    assert reading.prices[LOOP].at(400) == pytest.approx(seconds[1][0])


def test_the_number_of_tasks_at_which_the_choice_flips_is_that_of_the_prices() -> None:
    table = make_examination(CPU_BOUND, all_tasks=400)
    reading = read(table, summarise(table))
    # a pool kept open is there for many lists: none that is shorter gets one
    prices = {way: price for way, price in reading.prices.items() if way != KEPT}
    (below, less), (above, more) = find_flips(prices, 400)
    assert (less, above, more) == (LOOP, 0, "")
    for number, way in ((int(0.9 * below), LOOP), (int(1.1 * below), COLD)):
        assert choose(prices, number) == way
    told = f"Fewer or more: below about {below} such tasks, the plain loop."
    assert told in verdict(table).splitlines()


@pytest.mark.parametrize(("width", "is_told"), [(0.02, True), (0.5, False)])
def test_more_tasks_are_no_reason_for_a_way_that_may_not_be_quicker(
    width: float, is_told: bool
) -> None:
    table = make_examination({"threads": 0.95}, loop=1e-3, width=width)
    is_own = table["runner"].eq("threads")
    late = table.assign(start_up_seconds=table["start_up_seconds"].where(~is_own, 1e-3))
    late["tear_down_seconds"] = late["tear_down_seconds"].where(~is_own, 0.0)
    text = verdict(late)
    assert text.startswith("Stay with the plain loop")
    assert ("such tasks on" in text) == is_told


def test_the_part_that_lets_go_of_the_gil_is_what_a_countdown_beside_it_gets() -> None:
    for share in (0.0, 0.25, 0.5, 1.0):
        table = make_examination(WAITING, free_share=share)
        assert estimate_free_share(table).centre == pytest.approx(share)
    told = verdict(make_examination(free_share=0.5))
    assert (
        "GIL: let go for 50 % of the time (50 % to 50 %): threads can gain 2.0 × at most." in told
    )
    for share in (0.0, 0.1):  # which is as near as this can be told
        told = verdict(make_examination(free_share=share))
        assert "GIL: held nearly all the time: threads can hardly gain." in told
    for share, words in ((0.6, "it holds two threads back somewhat."), (1.0, "it hardly holds ")):
        told = verdict(make_examination(WAITING, free_share=share))
        assert f"({100 * share:.0f} % to {100 * share:.0f} %): {words}" in told
    free = verdict(make_examination(gil_enabled=False))
    assert "GIL: off in this Python" in free
    assert "In the workers a module turned it on; python -W error names the module." in free
    known = verdict(make_examination(gil_enabled=False, traps=f"{TURNS_ON}: parser"))
    assert "In the workers a module turned it on." in known
    assert "Note: Its module parser turned the GIL on" in known
    assert "Races: none seen in 40 calls by threads that ran at once; one may still" in free
    failed = make_examination({"processes": 0.52}, gil_enabled=False)
    assert "Races: " not in verdict(failed)
    assert "GIL: " not in verdict(make_examination(free_share=1.0, usable_cores=1))
    assert "GIL: " not in verdict(make_examination(traps=f"{OWN_THREADS}: two"))
    uneven = make_examination(free_share=0.5)
    uneven["beside_seconds"] *= (uneven["round"] % 4 + 13) / 16
    # what they can gain is told by the end of the interval
    assert "let go for 41 % of the time (31 % to 50 %): threads can gain 2.0 ×" in verdict(uneven)
    is_late = uneven["round"] > 3
    uneven["beside_seconds"] = uneven["beside_seconds"].where(is_late, 0.0)
    assert "it can't be told; the times varied too much." in verdict(uneven)
    # a part of the list may let go of it less than all of it does
    told = verdict(make_examination({"threads": 0.6}, free_share=0.0))
    assert "it can't be told; threads gained more than a countdown beside it." in told
    # a task of microseconds tells nothing
    assert estimate_free_share(make_examination(loop=1e-4)).rounds == 0


def test_nothing_is_said_of_the_gil_where_a_countdown_had_no_core_of_its_own() -> None:
    half: dict[str, Any] = {"others_percent": 48.0, "stolen_percent": 0.0}
    assert "it can't be told; the machine was too busy." in verdict(make_examination(**half))
    waiting = make_examination(WAITING, free_share=1.0, task_cpu_percent=2.0, **half)
    assert "GIL: let go for 100 %" in verdict(waiting)


def test_a_core_that_others_share_is_seen_by_the_countdown_alone() -> None:
    table = make_examination(free_share=1.0)
    shared = table.assign(
        cpu_seconds=table["cpu_seconds"] * 0.5, beside_seconds=table["beside_seconds"] * 0.5
    )
    assert estimate_free_share(shared).centre == pytest.approx(1.0)


def test_the_control_says_what_the_machine_had_to_give() -> None:
    assert estimate_control(make_examination(control=0.5)).centre == pytest.approx(2.0, rel=0.02)
    assert estimate_control(make_examination({"threads": 1.0})).rounds == 0
    slow = make_examination({"threads": 1.0, "processes": 0.7}, control=0.5)
    told = find_line(verdict(slow), "Control: a pure countdown in two processes gained 2.0")
    assert told.endswith("meanwhile, more than parse: it isn't the machine that holds it back.")
    shared = make_examination({"threads": 1.0, "processes": 0.7}, control=0.69)
    assert "meanwhile: the machine had hardly more to give." in verdict(shared)
    for control in (1.02, 0.8):
        idle = make_examination({"threads": 1.5, "processes": 2.0}, control=control)
        assert "isn't the machine" not in verdict(idle)  # the countdown gained little, too


@pytest.mark.parametrize(
    "table",
    [
        make_examination(CPU_BOUND),  # which gained as much
        make_examination(CPU_BOUND, control=0.7),  # which gained less than the function
        # which gained more, but others may have had a part in that
        make_examination(
            {"threads": 0.6, "processes": 1.0},
            control=0.66,
            others_percent=40.0,
            stolen_percent=0.0,
        ),
        make_examination(WAITING, control=0.9, task_cpu_percent=2.0),  # a wait needs no core
        make_examination(  # whose own threads disturb the countdown
            {"threads": 1.5, "processes": 2.0}, control=0.9, traps=write_traps({OWN_THREADS: "it"})
        ),
    ],
)
def test_nothing_is_said_of_a_control_that_tells_nothing_of_the_function(
    table: pd.DataFrame,
) -> None:
    assert "Control: " not in verdict(table)


def test_what_does_not_matter_to_a_run_is_left_out_of_its_sentences() -> None:
    light = make_examination(
        argument_seconds=1e-6, answer_seconds=1e-6, chunk_seconds=1e-5, worker_bytes=1_000_000
    )
    text = verdict(light)
    assert not re.search("^(Sending|Memory|Races|Note|Left out)", text, re.MULTILINE)
    assert len(text.splitlines()) <= 8
    assert "Starting: " not in verdict(make_examination(WAITING))


def test_sending_starting_and_memory_are_told_where_they_matter() -> None:
    text = verdict(make_examination(argument_seconds=2e-4, worker_bytes=500_000_000))
    assert "an argument (1 kB at most) takes 200 µs to pickle and to rebuild." in text
    assert "on 3.8 cores." in verdict(make_examination(task_cpu_percent=380.0))
    assert "on a core for 100 % of it." in verdict(make_examination(task_cpu_percent=104.0))
    tiny = find_line(verdict(make_examination(loop=1e-5, task_cpu_percent=130.0)), "Task: ")
    assert tiny == "Task: 0.25 µs on average, on a core for 100 % of it."  # clocks take the rest
    assert "a chunk takes" not in text  # which is less than a hundredth of its tasks' time
    assert (
        "Starting: two processes took 30 ms to start and to end, and less in a smaller program."
        in text
    )
    assert "500 MB of its own: what is free holds about eight of them." in text
    large = verdict(make_examination(argument_bytes=30_000_000, argument_seconds=0.02))
    assert "an argument (30 MB at most) takes 20 ms to pickle." in large  # which isn't rebuilt


def test_what_a_sub_interpreter_takes_for_it_is_told_where_that_matters() -> None:
    told = find_line(verdict(make_examination(passing_seconds=3e-3)), "Sending: ")
    assert told.endswith("to pass an argument to a sub-interpreter takes 3 ms.")


@pytest.mark.parametrize("trap", FIXES)
def test_each_trap_has_a_fix_and_each_missing_way_its_reason(trap: str) -> None:
    table = make_examination({"threads": 1.0}, traps=f"{trap}: what was seen",
                             missing="processes: a lambda.")  # fmt: skip
    lines = verdict(table).splitlines()
    assert f"Note: {FIXES[trap].format('what was seen')}" in lines
    assert "Left out, processes: a lambda." in lines  # which has one full stop


def test_traps_survive_a_cell_of_a_table() -> None:
    traps = {"prints": "5 letters", "changes its argument": "", "answers differ": "in a; b: c"}
    told = read_traps(write_traps(traps))
    assert told == traps | {"answers differ": "in a, b: c"}
    assert read_traps("") == {}
    many = {f"CPython 3.{number}.0": "no module " * 20 for number in range(8, 20)}
    told = read_traps(write_traps(many))  # as many as a cell holds, none of them in part
    assert 1 < len(told) < len(many)
    assert {*told} < {*many}


def test_two_machines_are_laid_side_by_side() -> None:
    server = make_examination(WAITING, run_id="b", operating_system="Windows", usable_cores=8)
    text = verdict(combine([make_examination(), server]))
    assert find_line(text, "CPython 3.13.0, Linux, two usable cores: Use a cold pool")
    assert find_line(text, "CPython 3.13.0, Windows, eight usable cores: Use a pool of two threads")


def test_two_runs_on_one_machine_are_told_apart() -> None:
    other = make_examination(WAITING, run_id="b", function="crawl", workers=4)
    text = verdict(combine([make_examination(), other]))
    place = "CPython 3.13.0, Linux, two usable cores"
    assert find_line(text, f"parse, {place}, workers=2: Use a cold pool of two processes")
    assert find_line(text, f"crawl, {place}, workers=4: Use a pool of four threads")


def test_a_table_without_what_ways_are_held_against_is_refused() -> None:
    own = make_examination()
    other = make_examination({"threads": 1.0}, interpreter="CPython 3.13.0", run_id="b")
    for table, missing in (
        (own[own["runner"] != "sequential"], "run a1b2c3 has no rounds of sequential"),
        (own[own["work"] == CONTROL], "run a1b2c3 has no rounds of sequential"),
        (pd.concat([own, other[other["runner"] != "threads"]]), "run b has no rounds of threads"),
    ):
        with pytest.raises(ResultsError, match=missing):
            draw(table)


def test_another_python_is_told_by_what_one_thread_pays_and_what_threads_gain() -> None:
    names: dict[str, Any] = {"interpreter": "CPython 3.13.0", "run_id": "b"}
    plain = make_examination({"threads": 1.0}, **names)
    names = {"interpreter": "CPython 3.14.0t", "run_id": "c"}
    free = make_examination({"threads": 0.5}, loop=0.44, gil_enabled=False, **names)
    text = verdict(combine([make_examination(), plain, free]))
    told = find_line(text, "CPython 3.14.0t, without the GIL: one thread took 1.10 × as long as")
    assert "its threads took 0.50 × as long as its loop" in told
    assert text.splitlines()[-1].endswith("one may still exist.")
