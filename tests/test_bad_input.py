"""Bad input to every public function: a documented error in few words, before anything starts."""

import builtins
import inspect
import math
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pandas as pd
import pytest

import gil_demo
from gil_demo import checks, combine
from gil_demo.checks import MOST_SECONDS, MOST_STEPS, most_workers
from gil_demo.costs.advice import MOST_BYTES
from gil_demo.pool.endings import ENDINGS
from gil_demo.pool.tasks import MOST_TASKS
from gil_demo.recorded import PUBLISHED, RECORDED, load_published
from gil_demo.running.pools import list_start_methods
from gil_demo.running.runners import ENGINES, RUNNERS
from gil_demo.tables.kinds import KINDS, find
from gil_demo.waiting.workloads import WORKLOADS
from tests.made.kinds import make_once, summarise_once
from tests.made.runs import make_run

Bad = list[Any]
Arguments = dict[str, tuple[Any, Bad]]  # for each argument a good value and bad ones

NOT_CALLED = {"GilDemoError", "ResultsError", "RunnerUnavailable", "WorkerDied"}
WITHOUT_ARGUMENTS = {"describe_machine", "list_interpreters", "list_runners"}
WITHOUT_ARGUMENTS |= {"follow_global", "compare_random_numbers"}
OF_WORKERS = {"countdown", "trace_countdown"}  # workers import them, so they import no checks

METHODS = list_start_methods()
guarded = pytest.mark.usefixtures(
    "nothing_hangs", "nothing_may_be_measured", "files_where_it_looks"
)
NO_ONE_THING = [b"a", 1j, {1}, {"a": 1}, object(), [None] * 10_000, pd.DataFrame({"a": [1]})]
NO_TEXT = [*NO_ONE_THING, None, 1, 0.5]
NO_LIST = [b"a", 1j, {1: 2}, 1, 0.5, "text " * 100, object(), pd.DataFrame({"a": [1]})]
TEXTS = ["", "nonsense", "and so on\n" * 1_000, "\ud800"]


def no_whole_number(least: int, most: int) -> Bad:
    outside = [least - 1, most + 1, -(10**400), 10**5000]
    return [*NO_ONE_THING, *TEXTS, True, 1.5, math.nan, *outside]


def no_number(most: float, least: float = 0.0) -> Bad:
    outside = [least * 0.99, -1, most * 1.001, math.nan, math.inf, -math.inf, 10**400, 10**5000]
    return [*NO_ONE_THING, *TEXTS, True, *outside]


def no_choice(choices: Iterable[str]) -> Bad:
    return [*NO_ONE_THING, *TEXTS, 1, math.nan, f"{next(iter(choices))} "]


def no_list(good: object, bad: Bad, *, may_repeat: bool = False) -> Bad:
    """Give what is no list of good items: no list, an empty one, one with a bad item or twins."""
    lists = [[], (), range(2**62), range(10**20), *([good, one] for one in bad)]
    return [*NO_LIST, *lists] if may_repeat else [*NO_LIST, *lists, [good, good]]


def is_empty(value: object) -> bool:
    return isinstance(value, list | tuple) and not value


def some_of(choices: Iterable[str]) -> tuple[Any, Bad]:
    *_, last = choices
    return [last], no_list(last, no_choice(choices))


def no_table(table: pd.DataFrame) -> Bad:
    """Give what is no table of this kind, or one that is damaged; see `test_kinds` for more."""
    spoilt, wordy = table.astype({"usable_cores": object}), table.astype({"run_id": object})
    spoilt.loc[0, "usable_cores"], wordy.loc[0, "run_id"] = -1, "and so on\n" * 1_000
    twice = pd.concat([table, table[["run_id"]]], axis="columns")
    others = [table[:0], table["run_id"], table.drop(columns="usable_cores"), spoilt, wordy, twice]
    return [None, 1, "text", b"a", object(), [table], *others]


def one_table(kind: str) -> tuple[pd.DataFrame, Bad]:
    return make_once(kind), no_table(make_once(kind))


NONE = [None]
RUN = one_table("compare")
WORKERS = (1, no_whole_number(1, most_workers()) + NONE)
COUNT = (4, no_whole_number(1, MOST_STEPS) + NONE)
COUNTS = ([4], no_list(4, COUNT[1], may_repeat=True) + NONE)
START_METHOD = (None, no_choice(METHODS))
NO_SECONDS = no_number(MOST_SECONDS)
BUDGET = (0.01, NO_SECONDS)
NO_CHUNKSIZE = no_whole_number(1, MOST_STEPS)
NO_ADDRESS = [*NO_ONE_THING, 1, "", " ", "a\nb", "\0"]
NO_PATH = [*NO_TEXT, "", ".", "nul\0.csv", "\ud800.csv", "folder", Path("folder"), "x" * 10_000]
NO_PATH += ["missing/run.csv", "new\nline/run.csv"]
NO_NEW_FOLDER = [path for path in NO_PATH if str(path) not in ("folder", ".")]
WHOLE = make_run().to_csv(index=False).encode()
NO_RACE = [make_once("trace"), RUN[0].query("workers > 1"), combine([RUN[0], make_run(run_id="b")])]
DAMAGED = {f"{end}.csv": WHOLE[:end] + bytes([end % 256]) for end in range(0, len(WHOLE), 297)}

OF_A_TABLE: Arguments = {"table": RUN}
WITHIN_BUDGET: Arguments = {"budget": BUDGET}
WITH_WORKERS: Arguments = {"workers": WORKERS}
POOLED: Arguments = {"workers": WORKERS, "start_method": START_METHOD}
WITHIN: Arguments = {"start_method": START_METHOD, "budget": BUDGET}
TIMED = WITH_WORKERS | WITHIN_BUDGET
ASKED_AT: Arguments = {"workers": WORKERS, "address": ("tcp://192.0.2.1:1", NO_ADDRESS)}
RUN_AS: Arguments = {"runners": (["sequential"], some_of(RUNNERS)[1])}
LISTED: Arguments = WITHIN | {"workers": WORKERS}
TASKS = ([2], no_list(2, no_whole_number(2, MOST_STEPS)))
TASK_SECONDS = ([0.1], no_list(0.1, NO_SECONDS) + NONE)
SIZES = ([1_000], no_list(1_000, no_whole_number(1, MOST_BYTES)) + NONE)
NOT_HELPED = [1, None, "sleeping", ["dreaming"], [1]]
NO_INTERPRETERS = no_list("python", [b"a", 1, None, "nul\0"])

NO_FUNCTION = [*NO_ONE_THING, *TEXTS, 1]
NO_BOOL = [*NO_ONE_THING, *TEXTS, 0, 1, None]

# every public function, with a good value and bad ones of each argument: new ones go here
ENTRIES: dict[str, Arguments] = {
    "advise": {"lengths": one_table("break_even")}
    | {"transfers": (make_once("transfers"), [None, make_once("compare")])}  # checked alike, later
    | {"tasks": TASKS, "task_seconds": TASK_SECONDS, "sizes": SIZES},
    "bend_amdahl": {"table": (make_once("scale"), [*RUN[1], *NO_RACE])},
    **dict.fromkeys(("check_claims", "compare_sharing", "compare_transport"), WITHIN),
    "cluster": ASKED_AT,
    **dict.fromkeys(("interpreters", "ray", "sequential", "threads"), WITH_WORKERS),
    **dict.fromkeys(("serve", "sweep_switch_interval", "weigh_workers"), WITHIN_BUDGET),
    **dict.fromkeys(("compare_start_up", "sweep_task_length"), TIMED),
    **dict.fromkeys(("summarise", "verdict"), OF_A_TABLE),
    "check_predictions": {"table": one_table("workloads"), "helped": (["sleeping"], NOT_HELPED)},
    "combine": {"tables": ([RUN[0]], no_list(RUN[0], RUN[1][-4:], may_repeat=True) + NONE)},
    "compare": RUN_AS
    | WITHIN
    | WITH_WORKERS
    | {"count": (None, no_whole_number(1, MOST_STEPS)), "precision": (1.0, no_number(1.0))},
    "compare_interpreters": {"pythons": (None, NO_INTERPRETERS), "budget": BUDGET},
    "compare_methods": {"start_method": START_METHOD},
    "compare_workloads": {"workloads": some_of(WORKLOADS)} | TIMED,
    "count_lost_updates": {"pythons": (None, NO_INTERPRETERS), "budget": BUDGET},
    "draw": {"table": RUN, "chart": (None, no_choice(["comparison"]))},
    "examine": WITHIN
    | {"function": (len, [*NO_TEXT, *TEXTS]), "arguments": (["a"] * 20, no_list("a", []))}
    | {"workers": WORKERS, "timeout": (1.0, NO_SECONDS + NONE), "once": (True, NO_BOOL)}
    | {"setup": (None, NO_FUNCTION), "teardown": (None, NO_FUNCTION)}
    | {"engines": ((), [one for one in some_of(ENGINES)[1] if not is_empty(one)])},
    "examine_endings": {"endings": some_of(ENDINGS), "start_method": START_METHOD},
    "gather": {"folder": ("folder", [*NO_PATH, *DAMAGED, "folder"])},
    "lay_out_advice": {"advice": (None, [*NO_TEXT, *TEXTS, RUN[0]])},
    "load": {"path": ("run.csv", [*NO_PATH, *DAMAGED])},
    "load_published": {"name": ("convoy", no_choice(PUBLISHED) + NONE)},
    "load_recorded": {"name": ("scaling", no_choice(RECORDED) + NONE)},
    "make_class": {"folder": ("folder/class", NO_NEW_FOLDER)}
    | {"machines": (5, no_whole_number(5, 1_000) + NONE)},
    "map_tasks": POOLED | {"counts": COUNTS, "chunksize": (1, NO_CHUNKSIZE + NONE)},
    "observe_chunksize": POOLED | {"tasks": COUNT},
    "processes": POOLED | {"chunksize": (None, NO_CHUNKSIZE)},
    "run_script": {"source": ("", [*NO_TEXT, "\ud800"]), "timeout": (1.0, NO_SECONDS + NONE)},
    "sketch": {"runner": ("threads", no_choice(["threads", "processes"]) + NONE)},
    "save": {"table": RUN, "path": ("run.csv", NO_PATH)},
    "scale": RUN_AS | {"workers": ([1], no_list(1, WORKERS[1]) + NONE), "budget": BUDGET},
    "sweep_chunksize": LISTED,
    "sweep_engines": {"engines": (["ray"], some_of(ENGINES)[1])} | WITHIN_BUDGET | ASKED_AT,
    "sweep_list_length": LISTED | {"lengths": ([2], no_list(2, no_whole_number(1, MOST_TASKS)))},
    "sweep_server": {"seconds": (0.01, no_number(60.0) + NONE), "budget": BUDGET},
    "trace": RUN_AS | POOLED | {"count": COUNT, "switch_interval": (None, no_number(1.0, 1e-6))},
    "warn": {"machine": (None, [*NO_TEXT, *TEXTS, (2, 2)])},
}

NO_WINDOW = [1, "text", [], (1.0,), (0.0, 1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (-1.0, 1.0)]
NO_WINDOW += [(0, "text " * 100), (0, math.nan), (0, math.inf), (0, 10**400), (0.0, None)]
NO_FIGURES = [*NO_ONE_THING, 1, "text"]

# what `draw` takes beside the table: the kind, the chart and the option, with bad values of it
OPTIONS: list[tuple[str, str, str, Bad]] = [
    ("trace", "timeline", "window", NO_WINDOW),
    ("serve", "convoy", "published", [*NO_FIGURES, load_published("countdown")]),
    ("interpreters", "interpreters", "published", [*NO_FIGURES, load_published("convoy")]),
    ("interpreters", "interpreters", "recorded", [*NO_FIGURES, RUN[0]]),
]


def find_documented_errors(name: str) -> tuple[type[Exception], ...]:
    """Read the names below Raises in a function's docstring."""
    explained = inspect.getdoc(getattr(gil_demo, name)) or ""
    section = explained.partition("\nRaises:\n")[2].partition("\n\n")[0]
    names: list[str] = re.findall(r"^ {4}(\w+): ", section, re.MULTILINE)
    return tuple(getattr(checks, each, None) or getattr(builtins, each) for each in names)


def assert_refused(name: str, call: Callable[..., Any], argument: str, value: object) -> None:
    """Fail unless a call is refused with a documented error."""
    message = ""
    try:
        answer = call(**{argument: value})
        if name in RUNNERS:  # which does nothing before it is entered
            answer.__enter__()
    except find_documented_errors(name) as reason:
        message = str(reason)
    told = re.fullmatch(".{1,499}", message)
    assert told, f"{argument}={checks.shorten(value)}: {message:.300}"


@contextmanager
def nothing_is_left() -> Iterator[None]:
    """Fail if there is another file than before in the working folder."""
    before = sorted(Path.cwd().rglob("*"))
    yield
    assert sorted(Path.cwd().rglob("*")) == before


@pytest.fixture
def files_where_it_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(subprocess.Popen, "__init__", Mock(side_effect=AssertionError("started")))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    for name, content in DAMAGED.items():
        Path(name).write_bytes(content)


def test_every_argument_of_every_public_function_is_tried() -> None:
    tried = {*ENTRIES, *NOT_CALLED, *WITHOUT_ARGUMENTS, *OF_WORKERS}
    assert sorted(tried) == gil_demo.__all__
    for name, arguments in ENTRIES.items():
        own = set(inspect.signature(getattr(gil_demo, name)).parameters) - {"options"}
        assert own == set(arguments), name


@guarded
@pytest.mark.parametrize("name", ENTRIES)
def test_a_bad_argument_is_a_documented_error_in_few_words_and_nothing_starts(name: str) -> None:
    good = {argument: value for argument, (value, _) in ENTRIES[name].items()}
    for argument, (_, bad) in ENTRIES[name].items():
        with nothing_is_left():
            for value in bad:
                assert_refused(name, partial(getattr(gil_demo, name), **good), argument, value)


@guarded
def test_a_bad_option_of_a_chart_is_an_error_in_few_words() -> None:
    for kind, chart, option, bad in OPTIONS:
        # without the door's checks of the table, which take longest
        call = partial(find(KINDS[kind].charts[chart]), make_once(kind), summarise_once(kind))
        with nothing_is_left():
            for value in bad:
                assert_refused("draw", call, option, value)
