"""What every kind of table must do, whatever it is about."""

import ast
import io
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import gil_demo
from gil_demo import ResultsError, combine, draw, load, save, summarise, verdict
from gil_demo.drawing.style import Chart
from gil_demo.tables.kinds import KINDS, draw_each, find, list_schemas
from gil_demo.tables.schema import MACHINE
from tests.made.kinds import MAKERS

CHARTS = [(name, chart) for name, kind in KINDS.items() for chart in kind.charts]
LAYERS = (
    *("checks", "running", "tables", "measuring", "words", "drawing", "recorded"),
    "race turns pool costs waiting pythons engines classroom",
    *("claims", "exercises", "recording", "cli", "__main__"),
)

NO_NUMBER = re.compile(r"\bnan\b|\binf\b|\de[+-]?\d")

each_kind = pytest.mark.parametrize("name", KINDS)
each_chart = pytest.mark.parametrize(("name", "chart"), CHARTS)


@cache
def make_once(name: str) -> pd.DataFrame:
    return MAKERS[name](recorded_on="a laptop")


@cache
def judge_once(name: str) -> str:
    text: str = verdict(make_once(name))
    return text


@cache
def draw_once(name: str, chart: str) -> Chart:
    drawn: Chart = draw(make_once(name), chart)
    return drawn


def look_at(chart: Chart) -> bytes:
    """Return a small picture of a chart."""
    stream = io.BytesIO()
    chart.savefig(stream, format="rgba", dpi=20)
    return stream.getvalue()


# the rows of the registry


def test_every_kind_has_a_maker_of_honest_tables() -> None:
    assert set(MAKERS) == set(KINDS)


@each_kind
def test_the_row_of_a_kind_names_what_there_is(name: str) -> None:
    kind = KINDS[name]
    for place in (kind.summary, kind.finding, *kind.charts.values(), kind.measurement):
        assert callable(find(place))
    module, _, verb = kind.measurement.partition(":")
    assert gil_demo._HOMES[verb] == module
    assert name in find(kind.schema).columns["experiment"].choices


def test_every_experiment_belongs_to_one_kind_of_table() -> None:
    choices = [name for schema in list_schemas() for name in schema.columns["experiment"].choices]
    assert sorted(choices) == sorted(KINDS)
    assert len({schema.name for schema in list_schemas()}) == len(list_schemas())


@each_kind
def test_a_table_begins_with_its_run_and_ends_with_its_machine(name: str) -> None:
    columns = find(KINDS[name].schema).columns
    assert list(columns)[:2] == ["run_id", "experiment"]
    assert list(columns.items())[-len(MACHINE) :] == list(MACHINE.items())
    for column, (kind, *_) in columns.items():
        assert (kind in ("seconds", "duration")) == column.endswith("seconds")


# what the doors refuse


@each_kind
def test_a_table_that_lacks_a_column_is_refused_by_its_name(name: str) -> None:
    table = make_once(name)
    for column in table.columns:
        with pytest.raises(ResultsError, match=f"it lacks the columns .*{column}"):
            verdict(table.drop(columns=column))
    for door in (draw, summarise):
        with pytest.raises(ResultsError, match=r"it lacks the columns run_id$"):
            door(table.drop(columns="run_id"))


@each_kind
def test_what_is_no_whole_table_of_one_measurement_is_refused(name: str) -> None:
    table = make_once(name)
    two_runs = pd.concat([table, table.assign(run_id="another")], ignore_index=True)
    for door in (draw, summarise, verdict):
        with pytest.raises(ResultsError, match="the table has no rows"):
            door(table[:0])
        with pytest.raises(ResultsError, match=r"experiment must be .*, not 'dance'"):
            door(table.assign(experiment="dance"))
        with pytest.raises(ResultsError, match="must hold numbers, not texts"):
            door(table.astype(str))
        if not KINDS[name].several:
            with pytest.raises(ResultsError, match="the table holds 2 runs; give one"):
                door(two_runs)


@each_kind
def test_a_table_under_the_name_of_another_kind_is_refused(name: str) -> None:
    for other in KINDS:
        if KINDS[other].schema != KINDS[name].schema:
            with pytest.raises(ResultsError):
                verdict(make_once(name).assign(experiment=other))


@each_kind
def test_a_chart_that_there_is_not_is_refused_with_those_that_there_are(name: str) -> None:
    charts = ", ".join(KINDS[name].charts)
    with pytest.raises(ValueError, match=f"^chart must be one of {charts}, not 'moon'$"):
        draw(make_once(name), "moon")
    with pytest.raises(TypeError):
        draw(make_once(name), colour="red")


# what comes out of them


@each_kind
def test_a_verdict_is_sentences_that_no_other_kind_says(name: str) -> None:
    text = judge_once(name)
    assert text.endswith(".")
    assert not NO_NUMBER.search(text)
    assert all(line.strip() for line in text.splitlines())
    assert [other for other in KINDS if judge_once(other) == text] == [name]


@each_kind
def test_a_summary_has_a_row_for_each_thing_and_ends_around_each_figure(name: str) -> None:
    summary = summarise(make_once(name))
    assert len(summary) > 0
    for low in summary.filter(regex="_low$"):
        high = low.replace("_low", "_high")
        ends = summary[[low, high]].dropna()
        assert (ends[low] <= ends[high]).all(), low
        if (figure := low.removesuffix("_low")) in summary:
            assert (ends[low] <= summary.loc[ends.index, figure]).all(), figure
            assert (summary.loc[ends.index, figure] <= ends[high]).all(), figure


@each_chart
def test_a_heading_is_within_its_chart_and_the_description_says_it_all(
    name: str, chart: str
) -> None:
    drawn = draw_once(name, chart)
    title, conditions = drawn.texts[:2]
    assert re.match(r"Recorded runs?: \S", title.get_text())
    assert re.search("[Rr]ecorded (on a laptop|elsewhere)", conditions.get_text())
    for line in (title, conditions):
        assert 0 <= line.get_window_extent().x0 < line.get_window_extent().x1 < drawn.bbox.width
    assert drawn.description.startswith(f"Chart. {title.get_text()}. ")
    assert drawn.description.endswith(f" Conditions: {conditions.get_text()}.")
    told = drawn.description.removesuffix(f"Conditions: {conditions.get_text()}.")
    assert re.search(r"\d", told)
    assert "  " not in drawn.description
    assert not NO_NUMBER.search(drawn.description)


@each_kind
def test_looking_at_a_table_changes_nothing_and_neither_do_saving_and_loading(
    name: str, tmp_path: Path
) -> None:
    table = make_once(name)
    before = table.copy(deep=True)
    settings, chances = dict(mpl.rcParams), (random.getstate(), str(np.random.get_state()))
    loaded = load(save(table, tmp_path / "table.csv"))
    assert_frame_equal(loaded, table)
    assert verdict(loaded) == judge_once(name)
    for chart in KINDS[name].charts:
        drawn, again = draw_once(name, chart), draw(loaded, chart)
        assert again.description == drawn.description
        assert look_at(again) == look_at(drawn)
    assert_frame_equal(table, before)
    assert dict(mpl.rcParams) == settings
    assert (random.getstate(), str(np.random.get_state())) == chances


def test_a_file_of_several_measurements_gets_a_chart_for_each() -> None:
    runs = [make_once("compare"), make_once("scale").assign(run_id="b"), make_once("workloads")]
    drawn = [draw_once("compare", "comparison"), draw_once("scale", "scaling")]
    drawn.append(draw_once("workloads", "workloads"))
    charts = draw_each(combine([*runs, runs[0]]))
    assert [chart.description for chart in charts] == [chart.description for chart in drawn]
    assert len(draw_each(make_once("class"))) == 4


def test_tables_of_several_kinds_are_not_combined() -> None:
    with pytest.raises(ResultsError, match="table 2 is no table of timed runs: it lacks"):
        combine([make_once("compare"), make_once("trace")])
    with pytest.raises(ResultsError, match="there are no tables to combine"):
        combine([])


# who may know of whom


def list_imports(tree: ast.AST) -> Iterator[str]:
    """List the modules of gil_demo that some code imports, save where only types are checked."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom):
            yield from [node.module or ""]
        if isinstance(node, ast.Import):
            yield from [alias.name for alias in node.names]
        yield from list_imports(node)


def find_layer(module: str) -> tuple[int, str]:
    """Return how far down the list a module stands, and its room."""
    room = "recording" if module.endswith(".recording") else module.split(".")[1]
    return next(n for n, layer in enumerate(LAYERS) if room in layer.split()), room


def test_imports_go_down_the_list_only_and_topics_know_nothing_of_each_other() -> None:
    package = Path(gil_demo.__file__).parent
    for file in package.rglob("*.py"):
        if file == package / "__init__.py":
            continue
        module = ".".join(["gil_demo", *file.relative_to(package).with_suffix("").parts])
        layer, room = find_layer(module)
        for imported in list_imports(ast.parse(file.read_text(encoding="utf-8"))):
            if imported.startswith("gil_demo."):
                below, other = find_layer(imported)
                assert below < layer or other == room, f"{module} imports {imported}"
