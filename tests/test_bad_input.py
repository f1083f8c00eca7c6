"""Bad input to every public function: a documented error, before anything starts."""

import builtins
import inspect
import math
import re
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import gil_demo
from gil_demo import checks as errors
from gil_demo.checks import MOST_SECONDS, MOST_STEPS, most_workers
from gil_demo.claims import CLAIMS, QUANTITIES
from gil_demo.classroom.table import CLASS
from gil_demo.costs import advice, memory
from gil_demo.costs import transport as carrying
from gil_demo.costs.break_even import LENGTHS
from gil_demo.costs.memory import WEIGHTS
from gil_demo.costs.start_up import STARTS
from gil_demo.costs.transport import TRANSFERS
from gil_demo.engines.overheads import OVERHEADS as ENGINES as MAPS
from gil_demo.running.runners import ENGINES
from gil_demo.measuring import runs as measurements
from gil_demo.measuring.runs import RUNS
from gil_demo.pool.endings import ENDINGS
from gil_demo.pool.lists import LISTS
from gil_demo.pool.methods import ARRIVALS
from gil_demo.pool.tasks import TASKS
from gil_demo.pythons.table import INTERPRETERS
from gil_demo.recorded import PUBLISHED, RECORDED, load_published, load_recorded
from gil_demo.running.runners import RUNNERS
from gil_demo.tables.schema import Schema, make_table
from gil_demo.turns.sweep import SWITCHES
from gil_demo.turns.timeline import SLICES
from gil_demo.waiting.convoy import EXCHANGES
from gil_demo.waiting.workloads import WORKLOADS
from tests.conftest import METHODS, make_rows
from tests.made.classroom import make_class_table
from tests.made.costs import make_lengths, make_starts, make_transfers, make_weights
from tests.made.pythons import make_interpreters
from tests.made.turns import FACTS, make_slices, make_switches
from tests.made.waiting import make_serve_table, make_workload_table

EXAMPLES = 30
LEFT_OUT = {
    *("GilDemoError", "ResultsError", "RunnerUnavailable", "WorkerDied"),  # nobody calls them
    *("describe_machine", "list_interpreters", "list_runners"),  # take no argument
    *("countdown", "split", "trace_countdown"),  # workers import them, so they import no checks
}

Bad = st.SearchStrategy[Any]
Argument = tuple[Any, Bad]
Arguments = dict[str, Argument]


def is_named(path: object, name: str) -> bool:
    return isinstance(path, str | Path) and str(path) == name


class Wordless:
    def __repr__(self) -> str:
        raise RuntimeError("no words for it")

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text("<its repr raises>")  # for Hypothesis's report


def one_among(values: Sequence[Any]) -> Bad:
    """Give one of some values, of which Hypothesis makes no text: some have none, some much."""
    return st.integers(0, len(values) - 1).map(lambda place: values[place])


def any_kind_of(*kinds: Bad) -> Bad:
    """Give each kind as often as the others, which `one_of` doesn't where kinds have kinds."""
    return one_among(kinds).flatmap(lambda kind: kind)


NONE = st.none()
TEXT = st.text(min_size=1)
LONG_TEXT = "and so on\n" * 1_000
HUGE = one_among([10**400, -(10**400), 10**5000, -(10**5000)])
NUMBER = st.integers() | st.floats() | HUGE | st.booleans()
STRANGE = st.one_of(
    st.binary(min_size=1) | st.complex_numbers() | st.sets(st.integers(), min_size=1),
    st.dictionaries(TEXT, st.integers(), min_size=1) | st.builds(object) | st.builds(Wordless),
    st.builds(lambda: (number for number in range(3))) | st.builds(lambda: [None] * 10_000),
)
FRAME = st.builds(lambda: pd.DataFrame({"a": [1], "b": [2]}))
UNLISTED = STRANGE | FRAME | NUMBER | TEXT
NO_ONE_THING = STRANGE | FRAME | st.lists(st.integers() | TEXT | NONE | st.lists(NONE), min_size=1)


def no_whole_number(least: int, most: int) -> Bad:
    outside = st.integers(max_value=least - 1) | st.integers(min_value=most + 1)
    return NO_ONE_THING | TEXT | st.booleans() | st.floats() | outside | HUGE


def no_number(most: float, least: float = 0.0) -> Bad:
    below = st.floats(max_value=least, exclude_max=least > 0) | st.integers(max_value=0)
    above = st.floats(min_value=most, exclude_min=True) | st.integers(min_value=int(most) + 1)
    return NO_ONE_THING | TEXT | st.booleans() | below | above | st.just(math.nan) | HUGE


def no_choice(choices: Collection[str]) -> Bad:
    return NO_ONE_THING | NUMBER | st.text().filter(lambda text: text not in choices)


def no_list(good: object, bad: Bad, *, may_repeat: bool = False) -> Bad:
    """Give what is no list of good items: one of them is bad, there twice, or there is none."""
    lists = [[], (), range(2**62)] if may_repeat else [[], (), range(2**62), [good, good]]
    return any_kind_of(UNLISTED, one_among(lists), bad.map(lambda item: [good, item]))


def some_of(*choices: str) -> Argument:
    return [choices[-1]], no_list(choices[-1], no_choice(choices)) | NONE


PLAIN = {"text": "fork", "whole": 2, "duration": 0.2, "seconds": 0.1, "number": 1.0}
UNFIT = [-1.0, 1e16, math.inf, -math.inf, "many", 5j, [1], LONG_TEXT, Wordless(), 10**5000]
UNFIT_TOO = {"duration": [0.0], "rate": [0.0], "percent": [100.5], "whole": [0, 0.5, 2**53]}


def make_plain(schema: Schema, *told: Mapping[str, object]) -> pd.DataFrame:
    """Make a table of plain values, a row for each of those told; rows are numbered."""
    plain = {
        name: FACTS.get(name) or (*column.choices, PLAIN.get(column.kind))[0]
        for name, column in schema.columns.items()
    }
    counted = {"task", "worker", "place", "round"} & {*schema.columns}
    rows = [{**plain, **dict.fromkeys(counted, n), **row} for n, row in enumerate(told, start=1)]
    return make_table(rows, schema)


@st.composite
def one_cell_spoilt(draw: st.DrawFn, table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    # how its processes were started may differ from row to row
    name = draw(st.sampled_from([name for name in schema.columns if name != "start_method"]))
    column = schema.columns[name]
    empty = [] if column.may_be_empty else [None, math.nan, pd.NA]
    values, row = list(table[name]), draw(st.integers(0, len(table) - 1))
    values[row] = draw(one_among([*UNFIT, *UNFIT_TOO.get(column.kind, []), *empty]))
    return table.assign(**{name: pd.Series(values, index=table.index, dtype=object)})


def no_table(table: pd.DataFrame, schema: Schema, *others: pd.DataFrame) -> Bad:
    """Give what is no such table; the others look like one, but aren't."""
    name = st.sampled_from(list(schema.columns))
    return any_kind_of(
        NO_ONE_THING | NUMBER | TEXT | NONE,
        one_cell_spoilt(table, schema),
        name.map(lambda column: table.drop(columns=column)),
        name.map(lambda column: pd.concat([table, table[[column]]], axis="columns")),
        one_among([table.head(0), table["run_id"], table[[]], *others]),
    )


def one_run(table: pd.DataFrame, schema: Schema, *others: pd.DataFrame) -> Argument:
    two_runs = pd.concat([table, table.assign(run_id="another")], ignore_index=True)
    return table, no_table(table, schema, two_runs, table.astype(str), *others)


RUN, TRACE = make_table(make_rows(), RUNS), make_slices()
SWEEP, SERVED = make_switches(), make_serve_table()
WAITED = make_workload_table({name: {"threads": [1.9, 1.8]} for name in ("sleeping", "sorting")})
MAPPED, LISTED, ANSWERS = (make_plain(schema, {}, {}) for schema in (TASKS, LISTS, ARRIVALS))
ASKED = ({"claim": claim, "quantity": one} for claim in QUANTITIES for one in QUANTITIES[claim])
CLAIMED = make_plain(CLAIMS, *ASKED)
ASKED_PYTHONS = make_interpreters({"CPython 3.9.0": {"threads": [1.0, 1.1]}})
ONE_ASKED = one_run(ASKED_PYTHONS, INTERPRETERS, ASKED_PYTHONS[1:], RUN)
ENGINED, CLASSED = load_recorded("engines"), make_class_table()
A_CLASS = (CLASSED, no_table(CLASSED, CLASS, CLASSED[CLASSED["runner"] == "sequential"], RUN))
ONE_RUN = one_run(RUN, RUNS, RUN[1:], RUN[RUN["runner"] == "threads"], TRACE)
ONE_TRACE = one_run(TRACE, SLICES, RUN)
ONE_SWEEP = one_run(SWEEP, SWITCHES, SWEEP[SWEEP["switch_interval_seconds"] < 0.005], RUN)
ONE_SERVED = one_run(SERVED, EXCHANGES, SERVED[1:], RUN)
STARTED, SENT, WEIGHED, SWEPT = make_starts(), make_transfers(), make_weights(), make_lengths()
ONE_SENT = one_run(SENT, TRANSFERS, SENT[1:], RUN)
LOOPLESS = SWEPT[SWEPT["runner"] != "sequential"]
ONE_SWEPT = one_run(SWEPT, LENGTHS, SWEPT[1:], LOOPLESS, LISTED)
SOME_RUNS = (RUN, no_table(RUN, RUNS, RUN[1:]))
SOME_WORKLOADS = one_run(WAITED, RUNS, WAITED[1:], RUN)
READERS = [
    (ONE_RUN, ["draw_comparison", "draw_scaling", "summarise", "summarise_scaling", "bend_amdahl"]),
    (ONE_TRACE, ["summarise_trace"]),
    (ONE_SWEEP, ["draw_switch_intervals"]),
    (ONE_SERVED, ["draw_server_intervals"]),
    (SOME_WORKLOADS, ["draw_workloads", "summarise_workloads"]),
    (one_run(MAPPED, TASKS, MAPPED[1:], RUN), ["draw_gantt", "summarise_map"]),
    (one_run(LISTED, LISTS, RUN), ["draw_list_lengths", "summarise_lists"]),
    (one_run(LISTED.assign(experiment="chunks"), LISTS, RUN), ["draw_chunksizes"]),
    (one_run(ANSWERS, ARRIVALS, ANSWERS[1:], RUN), ["draw_methods", "summarise_methods"]),
    (one_run(CLAIMED, CLAIMS, CLAIMED[1:], RUN), ["draw_claims", "score_claims"]),
    (one_run(STARTED, STARTS, STARTED[1:], RUN), ["draw_start_up", "summarise_start_up"]),
    (ONE_SENT, ["draw_transport", "summarise_transport"]),
    (one_run(WEIGHED, WEIGHTS, WEIGHED[1:], RUN), ["draw_memory", "summarise_memory"]),
    (ONE_SWEPT, ["draw_break_even", "summarise_break_even"]),
    (one_run(ENGINED, MAPS, ENGINED[1:], RUN), ["draw_engines", "summarise_engines"]),
    (A_CLASS, ["draw_slowdowns", "draw_speed_ups", "draw_systems", "draw_pythons"]),
]
OF_ANY_KIND = any_kind_of(*(bad for (_, bad), _ in READERS))
OF_NO_KIND = OF_ANY_KIND.filter(lambda bad: bad is not RUN and bad is not TRACE)

NAMELESS = ["", ".", "nul\0.csv", "\ud800.csv", "folder", "missing/run.csv", "new\nline/run.csv"]
NO_PATH = any_kind_of(
    NO_ONE_THING | NUMBER | NONE,
    one_among([*NAMELESS, Path("folder"), "x" * 300, "x" * 10_000]),
    st.text(st.characters(exclude_characters="./\\")).map(lambda text: f"missing/{text}.csv"),
)
WHOLE = RUN.to_csv(index=False).encode()
DAMAGED = {f"{end}.csv": WHOLE[:end] + bytes([end % 256]) for end in range(0, len(WHOLE), 97)}

NO_FOLDER = any_kind_of(NO_PATH, one_among([*DAMAGED]))

# Every public function, with a good value and the bad ones of each argument: new ones go here

STEPS = (4, no_whole_number(1, MOST_STEPS) | NONE)
TWO_OR_MORE = (2, no_whole_number(2, most_workers()) | NONE)
WORKERS = (1, no_whole_number(1, most_workers()) | NONE)
START_METHOD = (None, no_choice(METHODS))
BUDGET = (0.01, no_number(MOST_SECONDS))
SECONDS = (0.01, no_number(60.0) | NONE)
INTERVALS = ([0.005], no_list(0.005, no_number(1.0, 1e-6)) | NONE)
COUNTS = ([4], no_list(4, STEPS[1], may_repeat=True) | NONE)
SIZES = ([2], no_list(2, no_whole_number(1, 4)))
START_METHODS = some_of(*METHODS)[0], no_list(METHODS[0], no_choice(METHODS) | NONE)
TASK_SECONDS = ([0.1], no_list(0.1, no_number(MOST_SECONDS)) | NONE)
NEEDED_BYTES = ([1_000], no_list(1_000, no_whole_number(1, advice.MOST_BYTES)) | NONE)
CARRIED_BYTES = ([1_000], no_list(1_000, no_whole_number(1_000, carrying.MOST_BYTES)) | NONE)
TABLE_BYTES = no_whole_number(memory.LEAST_TABLE_BYTES, memory.MOST_TABLE_BYTES) | NONE
NO_ADVICE = no_table(SENT, TRANSFERS, RUN)
NO_PART = any_kind_of(
    NO_ONE_THING | TEXT | st.booleans(), one_among([-0.1, 1.1, math.nan, 10**400])
)
CHUNKSIZE = no_whole_number(1, MOST_STEPS)
NO_WINDOW = any_kind_of(
    STRANGE | TEXT | NUMBER | st.just([]) | STRANGE.map(lambda bad: (0.0, bad)),
    one_among([(1.0,), (0.0, 1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (-1.0, 1.0), (0, LONG_TEXT)]),
    one_among([(0, math.nan), (0, math.inf), (0, 10**400), (0, 10**5000)]),
)
NO_PATHS = NO_ONE_THING | NUMBER | NONE | st.just("nul\0")
NO_FIGURES_OF_COUNTDOWN = NO_ONE_THING | NUMBER | TEXT | st.just(load_published("convoy"))
NO_FIGURES = NO_ONE_THING | NUMBER | TEXT | st.just(load_published("countdown"))
NO_TEXT = NO_ONE_THING | NUMBER | NONE | st.just("\ud800")
NOT_HELPED = NO_ONE_THING | NUMBER | NONE | TEXT | TEXT.map(lambda text: [f"no {text}"])
BY_METHOD: Arguments = {"workers": WORKERS, "start_method": START_METHOD}
WITHIN: Arguments = {"start_method": START_METHOD, "budget": BUDGET}
TIMED: Arguments = WITHIN | {"workers": WORKERS, "precision": (1.0, no_number(1.0))}
CUT: Arguments = WITHIN | {"workers": WORKERS, "count": STEPS}
RUN_AS: Arguments = {"runners": (["sequential"], some_of(*RUNNERS)[1]), "count": STEPS}

NO_ADDRESS = NO_ONE_THING | NUMBER | one_among(["", " ", "a\nb", "\0"])
SOME_ENGINES = (["ray"], some_of(*ENGINES)[1].filter(lambda names: names is not None))
ASKED_AT: Arguments = {"workers": WORKERS, "address": ("tcp://192.0.2.1:1", NO_ADDRESS)}

ENTRIES: dict[str, Arguments] = {
    name: {"table": table} for table, names in READERS for name in names
} | {
    "advise": {"lengths": ONE_SWEPT, "transfers": ONE_SENT}
    | {"task_seconds": TASK_SECONDS, "sizes": NEEDED_BYTES},
    "check_claims": WITHIN,
    "check_predictions": {"table": SOME_WORKLOADS, "helped": (["sleeping"], NOT_HELPED)},
    "combine": {"tables": ([RUN], no_list(RUN, SOME_RUNS[1], may_repeat=True) | NONE)},
    "cluster": ASKED_AT,
    "compare": RUN_AS | TIMED,
    "compare_methods": {"methods": some_of(*ARRIVALS.columns["method"].choices), "counts": COUNTS}
    | BY_METHOD,
    "compare_start_up": {"start_methods": START_METHODS, "workers": WORKERS, "budget": BUDGET},
    "compare_transport": WITHIN | {"sizes": CARRIED_BYTES},
    "compare_workloads": {"workloads": some_of(*WORKLOADS)} | TIMED,
    "draw_amdahl": {"table": ONE_RUN, "parallel_part": (None, NO_PART)},
    "draw_convoy": {"table": ONE_SERVED, "published": (None, NO_FIGURES)},
    "compare_interpreters": {"pythons": (None, no_list("python", NO_PATHS)), "budget": BUDGET},
    "draw_interpreters": {
        "table": ONE_ASKED,
        "recorded": (None, ONE_ASKED[1].filter(lambda bad: bad is not None)),
        "published": (None, NO_FIGURES_OF_COUNTDOWN),
    },
    "interpreters": {"workers": WORKERS},
    "draw_timeline": {"table": ONE_TRACE, "window": (None, NO_WINDOW)},
    "gather": {"folder": ("folder", NO_FOLDER)},
    "make_class": {
        "folder": ("folder/class", NO_PATH.filter(lambda path: not is_named(path, "folder"))),
        "machines": (5, no_whole_number(5, 1_000) | NONE),
        "noise": (0.1, no_number(0.5) | NONE),
        "seed": (0, no_whole_number(0, 2**32) | NONE),
    },
    "examine_endings": {"endings": some_of(*ENDINGS), "start_method": START_METHOD},
    "lay_out_advice": {"advice": (None, NO_ADVICE)},
    "load": {"path": ("run.csv", any_kind_of(NO_PATH, one_among([*DAMAGED])))},
    "load_published": {"name": ("convoy", no_choice(PUBLISHED) | NONE)},
    "load_recorded": {"name": ("scaling", no_choice(RECORDED) | NONE)},
    "map_tasks": {"counts": COUNTS, "chunksize": (1, CHUNKSIZE | NONE)} | BY_METHOD,
    "observe_chunksize": {"tasks": STEPS} | BY_METHOD,
    "processes": {"chunksize": (None, CHUNKSIZE)} | BY_METHOD,
    "ray": ASKED_AT,
    "run_script": {"source": ("", NO_TEXT), "timeout": (1.0, BUDGET[1] | NONE)},
    "save": {"table": SOME_RUNS, "path": ("run.csv", NO_PATH)},
    "scale": RUN_AS | TIMED | {"workers": ([1], no_list(1, WORKERS[1]) | NONE)},
    "sequential": {"workers": WORKERS},
    "serve": {"beside": some_of(*EXCHANGES.columns["beside"].choices), "seconds": SECONDS} | WITHIN,
    "sweep_chunksize": CUT | {"chunksizes": SIZES, "tasks": (4, no_whole_number(1, 4) | NONE)},
    "sweep_engines": WITHIN | ASKED_AT | {"engines": SOME_ENGINES},
    "sweep_list_length": CUT | {"lengths": SIZES},
    "sweep_server": {"intervals": INTERVALS, "seconds": SECONDS} | WITHIN,
    "sweep_task_length": {"start_methods": START_METHODS, "workers": WORKERS, "budget": BUDGET},
    "sweep_switch_interval": {"intervals": INTERVALS, "budget": BUDGET, "workers": TWO_OR_MORE},
    "threads": {"workers": WORKERS},
    "trace": RUN_AS | BY_METHOD | {"switch_interval": (None, no_number(1.0, 1e-6))},
    "summarise_interpreters": {"table": ONE_ASKED},
    "verdict": {"table": (RUN, OF_NO_KIND)},
    "weigh_workers": {"start_methods": START_METHODS, "budget": BUDGET}
    | {"table_bytes": (memory.LEAST_TABLE_BYTES, TABLE_BYTES)},
    "warn": {"machine": (None, NO_ONE_THING | NUMBER | TEXT | NONE)},
}


def find_documented_errors(name: str) -> tuple[type[Exception], ...]:
    """Read the names below Raises in a function's docstring."""
    explained = inspect.getdoc(getattr(gil_demo, name)) or ""
    section = explained.partition("\nRaises:\n")[2].partition("\n\n")[0]
    names = re.findall(r"^ {4}(\w+): ", section, re.MULTILINE)
    return tuple(getattr(errors, each, None) or getattr(builtins, each) for each in names)


@pytest.fixture
def nothing_may_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make the start of anything fail the test, and have files written where it looks."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was started")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    monkeypatch.setattr(measurements, "measure_busy_percent", refuse)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    for name, content in DAMAGED.items():
        Path(name).write_bytes(content)


def test_every_argument_of_every_public_function_is_tried_a_thousand_times_in_all() -> None:
    assert sorted({*ENTRIES, *LEFT_OUT}) == gil_demo.__all__
    for name, arguments in ENTRIES.items():
        assert set(inspect.signature(getattr(gil_demo, name)).parameters) == set(arguments), name
    assert len(ENTRIES) * EXAMPLES >= 1_000


@pytest.mark.usefixtures("nothing_hangs", "no_process_may_start", "nothing_may_start")
@pytest.mark.parametrize("name", ENTRIES)
def test_a_bad_argument_is_a_documented_error_in_few_words_and_nothing_starts(name: str) -> None:
    documented, tried = find_documented_errors(name), []
    assert documented, "its docstring names no error"
    good = {argument: value for argument, (value, _) in ENTRIES[name].items()}

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(st.data())
    def try_one(data: st.DataObject) -> None:
        argument = data.draw(st.sampled_from(list(good)))
        bad = data.draw(ENTRIES[name][argument][1])
        tried.append(argument)
        before = sorted(Path.cwd().rglob("*"))
        with pytest.raises(documented) as caught:  # noqa: PT012
            answer = getattr(gil_demo, name)(**(good | {argument: bad}))
            if name in RUNNERS:  # which does nothing before it is entered
                answer.__enter__()
        assert re.fullmatch(".{1,499}", str(caught.value)), f"{argument}: {caught.value!s:.300}"
        assert sorted(Path.cwd().rglob("*")) == before

    try_one()
    assert len(tried) >= EXAMPLES
