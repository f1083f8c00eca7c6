import logging
import random
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from gil_demo import GilDemoError
from gil_demo.examination import look as looks
from gil_demo.examination import parcels, samples
from gil_demo.examination.look import Look, look_at, name_function
from gil_demo.examination.parcels import MOST_BYTES, snapshot, weigh
from gil_demo.examination.table import UNCOPIED
from gil_demo.running.workers import tell_gil
from tests.examination import functions


def look(function: Callable[[Any], object], arguments: list[Any], **told: Any) -> Look:
    usual: dict[str, Any] = {"least": 2, "most": 1_000, "seconds": 0.2, "timeout": 5.0}
    return look_at(function, arguments, **(usual | told))


def test_a_look_calls_each_task_once_and_keeps_its_time_and_its_answer() -> None:
    seen = look(samples.ask_server, [3, 1, 2])
    assert sorted(seen.places) == [0, 1, 2]
    assert {place: seen.answers[place] for place in range(3)} == {0: 3, 1: 1, 2: 2}
    assert all(taken >= 0.001 for taken in seen.seconds)
    assert (seen.traps, seen.obstacle) == ({}, "")


def test_a_module_that_turns_the_gil_on_is_named_and_other_warnings_are_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed: list[str] = []
    monkeypatch.setattr(warnings, "showwarning", lambda told, *_: passed.append(str(told)))
    seen = look(functions.turn_on_the_gil, [1, 2])
    assert seen.traps == {"turns the GIL on": "parser"}
    assert {*passed} == {"a warning of its own"}
    look(len, ["a function that has nothing to do with it"])
    assert tell_gil()[1] == []


def test_a_look_ends_after_its_seconds_but_not_before_the_least_number_of_tasks() -> None:
    assert len(look(samples.ask_server, [20] * 50, least=3, seconds=0.01).places) == 3
    assert len(look(samples.ask_server, [1] * 5, most=1).places) == 1


@pytest.mark.parametrize(
    ("function", "arguments", "trap", "seen"),
    [
        (samples.sort_in_place, [[2, 1]] * 2, "changes its argument", ""),
        (samples.remember, [1, 2], "changes a global", "seen"),
        (functions.chatter, [30] * 2, "prints", "characters a task"),
        (len, ["x" * 5_000_000] * 2, "large data", "5 MB a task"),
        (functions.search_for_garbage, [1, 2], "searched for garbage", " %"),
        (functions.hash_twice, [20_000_000] * 2, "threads of its own", "% of its work"),
    ],
)
def test_a_trap_is_named_with_what_was_seen(
    function: Callable[[Any], object], arguments: list[Any], trap: str, seen: str
) -> None:
    traps = look(function, arguments).traps
    assert set(traps) == {trap}
    assert seen in traps[trap]


def test_large_arrays_can_be_sent_and_sets_don_t_seem_to_change() -> None:
    import numpy as np

    assert look(len, [np.zeros(20_000)] * 2).obstacle == ""
    words = [{f"{letter}{number}" for letter in "abcdefgh"} for number in range(20)]
    assert not look(len, words).changes_argument


def test_an_argument_that_is_too_large_to_copy_or_can_t_be_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parcels, "MOST_REBUILT_BYTES", 1_000)
    size = f"{weigh('x' * 2_000).size:,} bytes"
    assert look(len, ["x" * 2_000] * 2).traps == {UNCOPIED: size}
    assert look(str, [random, random]).traps == {UNCOPIED: "module"}


def test_a_look_leaves_the_reader_s_own_arguments_as_they_are() -> None:
    own = [[3, 1, 2], [2, 1]]
    assert look(samples.sort_in_place, own).changes_argument
    assert own == [[3, 1, 2], [2, 1]]


def test_what_no_worker_can_have_is_told_with_its_type_or_its_size() -> None:
    seen = look(samples.make_generator, [3])
    assert "an answer can't be pickled: generator" in seen.obstacle
    assert seen.answer is None
    assert "an argument can't be pickled: module" in look(str, [random, random]).obstacle
    large = look(functions.make_answer, [MOST_BYTES // 1_000_000 + 1])
    assert large.obstacle == "an answer takes 101 MB, more than the 100 MB that are sent"
    assert large.answers == {}  # none is kept in memory


def test_what_raises_or_takes_too_long_is_told_with_the_task_and_its_argument() -> None:
    with pytest.raises(GilDemoError, match=r"task 2 of 2 \(argument 0\) raised ZeroDivisionError"):
        look(functions.fail_at, [1, 0])
    with pytest.raises(GilDemoError, match=r"^task 1 of 1 \(argument 60000\) was not done after "):
        look(samples.ask_server, [60_000], timeout=0.05)


def test_an_object_a_partial_argument_and_a_default_that_a_function_changes_are_named() -> None:
    def keep(kept: list[int], number: int) -> None:
        kept.append(number)

    def keep_by_default(number: int, kept: list[int] = []) -> None:  # noqa: B006
        kept.append(number)

    keepers: list[tuple[str, Callable[[int], object]]] = [
        *(("self", functions.Tally().add), ("self", functions.Tally())),
        *(("args", partial(keep, [])), ("default", keep_by_default)),
    ]
    for name, keeper in keepers:
        assert look(keeper, [1, 2]).traps["changes a global"] == name


def test_a_function_gets_nothing_to_read_and_its_logs_are_heard_again_afterwards(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GilDemoError, match=r"raised EOFError: .*, in the plain loop$"):
        look(functions.ask_reader, [1])
    own, log = logging.StreamHandler(), logging.StreamHandler()
    monkeypatch.setattr(logging.getLogger("own"), "handlers", [own])
    with looks.silenced() as sink:
        log.setStream(sys.stderr)
        for one in (own, log):
            one.handle(logging.makeLogRecord({"msg": "while it is silent"}))
    assert sink.characters == 2 * len("while it is silent\n")
    for one in (own, log):
        one.handle(logging.makeLogRecord({"msg": "later"}))
    assert capsys.readouterr().err == "later\nlater\n"


def test_what_was_raised_is_told_on_one_short_line_whatever_it_says() -> None:
    with pytest.raises(GilDemoError, match=r"raised ValueError: x{200}\.\.\., in the plain loop$"):
        look(functions.fail_at_length, [1])
    with pytest.raises(GilDemoError, match=r"raised Unsayable, in the plain loop$"):
        look(functions.fail_without_words, [1])


def test_the_data_that_a_function_uses_are_its_globals_those_of_its_helpers_and_its_cells() -> None:
    kept = [1]

    def inner(number: int) -> int:
        return kept[0] + number

    assert set(snapshot(inner)) == {"kept"}
    assert set(snapshot(samples.remember)) == {"seen"}
    assert set(snapshot(partial(samples.remember))) == {"seen"}
    assert snapshot(len) == {}

    def use_what_comes_later() -> int:
        return later

    assert snapshot(use_what_comes_later) == {}
    later = 1


def test_data_are_large_by_their_size_however_long_they_seem_to_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(looks, "weigh", lambda value: weigh(value)._replace(seconds=1.0))
    assert "large data" not in look(len, ["x" * 1_000] * 2).traps
    assert "large data" in look(len, ["x" * 20_000] * 2).traps


def test_data_are_large_beside_the_task_that_takes_them() -> None:
    def wait_for_it(data: bytes) -> None:
        time.sleep(len(data) / 2e7)

    assert look(wait_for_it, [b""] * 6 + [bytes(10_000_000)], seconds=5.0).traps == {}


def test_a_function_is_named_by_what_it_calls() -> None:
    assert name_function(partial(samples.ask_server)) == "ask_server"
    assert name_function(len) == "len"
