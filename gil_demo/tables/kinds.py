"""The kinds of tables, a row for each, and the doors that serve every kind.

A row names where a kind's columns, summary, sentences, charts and measurement are, as "room.module:
name"; nothing of it is imported before it is asked for. A new kind is a module in its topic's room
and a row here.

- The summary takes a checked table.
- The sentences take the table and its summary; so do the charts, and options of their own.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from gil_demo.checks import ResultsError, check_choice, shorten
from gil_demo.tables.schema import Schema, check_kind, check_single, convert, split_runs

if TYPE_CHECKING:
    from gil_demo.drawing.style import Chart


class Kind(NamedTuple):
    """Where to find what belongs to one kind of table."""

    schema: str  # its columns
    summary: str
    finding: str  # puts what it shows into sentences
    charts: Mapping[str, str]  # by name; the first one is drawn unless another is asked for
    measurement: str
    several: bool = False  # whether a table holds several runs that belong together


KINDS = {
    "compare": Kind(
        "measuring.runs:RUNS", "measuring.runs:summarise", "race.comparison:judge_speed",
        {"comparison": "race.comparison:draw_comparison"}, "race.comparison:compare",
    ),
    "scale": Kind(
        "measuring.runs:RUNS", "measuring.runs:summarise", "race.scaling:judge_scaling",
        {"scaling": "race.scaling:draw_scaling", "amdahl": "race.amdahl:draw_amdahl"},
        "race.scaling:scale",
    ),
    "trace": Kind(
        "turns.timeline:SLICES", "turns.timeline:summarise_trace", "turns.timeline:judge_trace",
        {"timeline": "turns.timeline:draw_timeline"}, "turns.timeline:trace",
    ),
    "switch": Kind(
        "turns.sweep:SWITCHES", "turns.sweep:summarise_switches", "turns.sweep:judge_switches",
        {"intervals": "turns.sweep:draw_switch_intervals"}, "turns.sweep:sweep_switch_interval",
    ),
    "map": Kind(
        "pool.tasks:TASKS", "pool.tasks:summarise_map", "pool.tasks:judge_map",
        {"gantt": "pool.tasks:draw_gantt"}, "pool.tasks:map_tasks",
    ),
    "lengths": Kind(
        "pool.lists:LISTS", "pool.lists:summarise_lists", "pool.lists:judge_lists",
        {"lengths": "pool.lists:draw_list_lengths"}, "pool.lists:sweep_list_length",
    ),
    "chunks": Kind(
        "pool.lists:LISTS", "pool.lists:summarise_lists", "pool.lists:judge_lists",
        {"chunksizes": "pool.lists:draw_chunksizes"}, "pool.lists:sweep_chunksize",
    ),
    "methods": Kind(
        "pool.methods:ARRIVALS", "pool.methods:summarise_methods", "pool.methods:judge_methods",
        {"methods": "pool.methods:draw_methods"}, "pool.methods:compare_methods",
    ),
    "updates": Kind(
        "sharing.updates:UPDATES", "sharing.updates:summarise_updates",
        "sharing.updates:judge_updates",
        {"updates": "sharing.updates:draw_updates"}, "sharing.updates:count_lost_updates",
        several=True,
    ),
    "prices": Kind(
        "sharing.updates:UPDATES", "sharing.updates:summarise_updates",
        "sharing.prices:judge_prices",
        {"prices": "sharing.prices:draw_prices"}, "sharing.prices:compare_sharing",
    ),
    "globals": Kind(
        "sharing.copies:GLOBALS", "sharing.copies:summarise_globals",
        "sharing.copies:judge_globals",
        {"globals": "sharing.copies:draw_globals"}, "sharing.copies:follow_global",
    ),
    "starts": Kind(
        "costs.start_up:STARTS", "costs.start_up:summarise_start_up",
        "costs.start_up:judge_start_up",
        {"start_up": "costs.start_up:draw_start_up"}, "costs.start_up:compare_start_up",
    ),
    "transfers": Kind(
        "costs.transport:TRANSFERS", "costs.transport:summarise_transport",
        "costs.transport:judge_transport",
        {"transport": "costs.transport:draw_transport"}, "costs.transport:compare_transport",
    ),
    "weights": Kind(
        "costs.memory:WEIGHTS", "costs.memory:summarise_memory", "costs.memory:judge_memory",
        {"memory": "costs.memory:draw_memory"}, "costs.memory:weigh_workers",
    ),
    "break_even": Kind(
        "costs.break_even:LENGTHS", "costs.break_even:summarise_break_even",
        "costs.break_even:judge_break_even",
        {"break_even": "costs.break_even:draw_break_even"}, "costs.break_even:sweep_task_length",
    ),
    "workloads": Kind(
        "measuring.runs:RUNS", "waiting.workloads:summarise_workloads",
        "waiting.workloads:judge_workloads", {"workloads": "waiting.workloads:draw_workloads"},
        "waiting.workloads:compare_workloads", several=True,
    ),
    "serve": Kind(
        "waiting.convoy:EXCHANGES", "waiting.convoy:summarise_exchanges",
        "waiting.convoy:judge_exchanges",
        {"convoy": "waiting.convoy:draw_exchanges"}, "waiting.convoy:serve",
    ),
    "interpreters": Kind(
        "pythons.measure:INTERPRETERS", "pythons.measure:summarise_interpreters",
        "pythons.measure:judge_interpreters",
        {"interpreters": "pythons.chart:draw_interpreters"}, "pythons.measure:compare_interpreters",
    ),
    "engines": Kind(
        "engines.overheads:OVERHEADS", "engines.overheads:summarise_engines",
        "engines.overheads:judge_engines",
        {"engines": "engines.overheads:draw_engines"}, "engines.overheads:sweep_engines",
    ),
    "examine": Kind(
        "examination.table:EXAMINED", "examination.table:summarise_examination",
        "examination.finding:judge_examination",
        {"examination": "examination.chart:draw_examination"}, "examination.measure:examine",
        several=True,
    ),
    "class": Kind(
        "classroom.table:CLASS", "classroom.table:summarise_class", "classroom.finding:judge_class",
        {
            "slowdowns": "classroom.chart:draw_slowdowns",
            "speed_ups": "classroom.chart:draw_speed_ups",
            "systems": "classroom.chart:draw_systems",
            "pythons": "classroom.chart:draw_pythons",
        },
        "classroom.gathering:gather", several=True,
    ),
    "claims": Kind(
        "claims:CLAIMS", "claims:score_claims", "claims:judge_claims",
        {"claims": "claims:draw_claims"}, "claims:check_claims",
    ),
}  # fmt: skip


def draw(table: pd.DataFrame, chart: str | None = None, **options: Any) -> "Chart":
    """Draw a measurement; what there is to see depends on the kind of table.

    Args:
        table: a table as a measurement, `load` or `load_recorded` gives it.
        chart: which chart, where a kind has several: of `scale` scaling or amdahl, of a class
            slowdowns, speed_ups, systems or pythons; None means the first.
        options: what some charts take: `window` of a trace, the seconds to show; `published` of
            an echo server or of several Pythons, others' figures as `load_published` gives them;
            `recorded` of several Pythons, a recorded table.

    Returns:
        A matplotlib Figure whose title states the finding and whose `description` is its
        alternative text.

    Raises:
        TypeError: an option is of the wrong type, or not one of this chart.
        ValueError: there is no such chart, or an option is out of range.
        ResultsError: the table is of no known kind, or holds several measurements.
    """
    kind = open_table(table)
    names = [*kind.charts]
    name = names[0] if chart is None else check_choice("chart", chart, names)
    return _draw(kind.charts[name], table, find(kind.summary)(table), **options)


def _draw(place: str, table: pd.DataFrame, summary: pd.DataFrame, **options: Any) -> "Chart":
    with find("drawing.style:settings_of_our_own")():
        drawn: Chart = find(place)(table, summary, **options)
    return drawn


def draw_each(table: pd.DataFrame) -> "list[Chart]":
    """Draw what a file holds: of each measurement its first chart, of a class all that it has."""
    charts: list[Chart] = []
    for experiment, part in table.groupby("experiment", sort=False):
        kind = KINDS[str(experiment)]
        places = [*kind.charts.values()][: None if experiment == "class" else 1]
        for run in [part] if kind.several else split_runs(part):
            summary, refusals = find(open_table(run).summary)(run), []
            for place in places:
                try:
                    charts.append(_draw(place, run, summary))
                except ResultsError as reason:
                    refusals.append(reason)
            if len(refusals) == len(places):
                raise refusals[0]
    return charts


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up a measurement; the columns depend on the kind of table.

    Args:
        table: a table as a measurement, `load` or `load_recorded` gives it.

    Returns:
        A row for each thing that was held against the others, with medians and, where there are
        enough rounds, the ends of 95 % intervals in columns that end in _low and _high.

    Raises:
        ResultsError: the table is of no known kind, or holds several measurements.
    """
    summary: pd.DataFrame = find(open_table(table).summary)(table)
    return summary


def verdict(table: pd.DataFrame) -> str:
    """Say in a few sentences what a measurement shows, and what it can't show.

    Args:
        table: a table as a measurement, `load` or `load_recorded` gives it.

    Returns:
        Sentences, one a line: reservations first, then what was found.

    Raises:
        ResultsError: the table is of no known kind, or holds several measurements.
    """
    kind = open_table(table)
    text: str = find(kind.finding)(table, find(kind.summary)(table))
    return text


def combine(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put tables one below the other; rows that are there twice stay once.

    Args:
        tables: tables of one kind, as `compare`, `scale` or `load` give them.

    Returns:
        One table with fresh row numbers.

    Raises:
        TypeError: they are no list of tables.
        ResultsError: there are no tables, one is of no known kind, or their columns differ.
    """
    if isinstance(tables, str | bytes | pd.DataFrame) or not isinstance(tables, Iterable):
        raise TypeError(f"tables must be a list, not {shorten(tables)}")
    every: list[pd.DataFrame] = []
    for table in tables:
        first = every[0] if every else table
        convert(table, choose_schema(first), f"table {len(every) + 1}")
        every.append(table)
    if not every:
        raise ResultsError("there are no tables to combine; give at least one")
    return pd.concat(every, ignore_index=True).drop_duplicates(ignore_index=True)


def open_table(table: pd.DataFrame) -> Kind:
    """Check all of a table, and return its kind."""
    check_kind(table, choose_schema(table))
    kind = KINDS[str(table["experiment"].iloc[0])]
    if not kind.several:
        check_single(table)
    return kind


def choose_schema(raw: object) -> Schema:
    """Return the schema of a table: that of its experiment, or the one that lacks the fewest."""
    columns = list(raw.columns) if isinstance(raw, pd.DataFrame) else []
    if isinstance(raw, pd.DataFrame) and columns.count("experiment") == 1 and len(raw):
        kind = KINDS.get(str(raw["experiment"].iloc[0]))
        if kind is not None:
            schema: Schema = find(kind.schema)
            return schema
    return min(list_schemas(), key=lambda one: sum(name not in columns for name in one.columns))


def list_schemas() -> list[Schema]:
    """List the schemas of all kinds, each once."""
    return [find(place) for place in dict.fromkeys(kind.schema for kind in KINDS.values())]


def find(place: str) -> Any:
    """Return what stands at a place of the package, such as "race.comparison:compare"."""
    module, _, name = place.partition(":")
    return getattr(import_module(f"gil_demo.{module}"), name)
