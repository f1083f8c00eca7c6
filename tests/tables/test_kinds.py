import ast
import random
import re
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.text import Text
from pandas.testing import assert_frame_equal

import gil_demo
from gil_demo import ResultsError, combine, draw, load, save, summarise, verdict
from gil_demo.drawing.style import DOTS_PER_INCH, PAPER, Chart, draw_png, get_look
from gil_demo.tables.kinds import KINDS, draw_each, find, list_schemas, open_table
from gil_demo.tables.schema import MACHINE
from tests.charts import ODD_SETTINGS, assert_plain, measure_contrast
from tests.made.kinds import CHARTS, MAKERS, draw_once, make_once, summarise_once

LAYERS = (
    *("checks", "running", "tables", "measuring", "words", "drawing", "recorded"),
    "race turns sharing pool costs waiting pythons engines examination classroom",
    *("claims", "exercises", "recording", "cli", "__main__"),
)
LEAST_LETTERS = 8.0  # of the picture at half of its width and height, in pixels
LEAST_CONTRAST = 3.0  # of letters that are large or bold, on their paper (WCAG 2.2, 1.4.3)

each_kind = pytest.mark.parametrize("name", KINDS)


def list_artists(chart: Chart) -> list[str]:
    """List what a chart was made of, with its places, whether or not it was rendered since."""
    told = [str(text) for text in chart.texts]
    for axes in chart.axes:
        told += [str(one) for one in (*axes.texts, *axes.patches)]
        told += [str(line.get_xydata()) for line in axes.lines]
        told += [str(one.get_datalim(axes.transData)) for one in axes.collections]
    return told


@each_kind
def test_the_row_of_a_kind_names_what_there_is(name: str) -> None:
    kind = KINDS[name]
    for place in (kind.summary, kind.finding, *kind.charts.values(), kind.measurement):
        assert callable(find(place))
    module, _, verb = kind.measurement.partition(":")
    assert gil_demo._HOMES[verb] == module
    columns = find(kind.schema).columns
    assert name in columns["experiment"].choices
    assert list(columns)[:2] == ["run_id", "experiment"]
    assert list(columns.items())[-len(MACHINE) :] == list(MACHINE.items())
    for column, (sort, *_) in columns.items():
        assert (sort in ("seconds", "duration")) == column.endswith("seconds")


def test_every_experiment_belongs_to_one_kind_of_table_that_has_a_maker() -> None:
    choices = [name for schema in list_schemas() for name in schema.columns["experiment"].choices]
    assert sorted(choices) == sorted(KINDS) == sorted(MAKERS)
    assert len({schema.name for schema in list_schemas()}) == len(list_schemas())


def test_the_doors_refuse_what_is_no_whole_table_of_one_measurement_and_no_chart() -> None:
    table = make_once("compare")
    for bad, told in (
        (table[:0], "the table has no rows"),
        (
            table.assign(seconds=table["seconds"].astype(str)),
            "seconds must hold numbers, not texts",
        ),
        (combine([table, table.assign(run_id="b")]), "the table holds 2 runs; give one"),
    ):
        for door in (draw, summarise, verdict):
            with pytest.raises(ResultsError, match=told):
                door(bad)
    with pytest.raises(ValueError, match=r"^chart must be one of scaling, amdahl, not 'moon'$"):
        draw(make_once("scale"), "moon")
    with pytest.raises(TypeError):
        draw(make_once("scale"), colour="red")


def test_a_table_is_not_taken_for_one_of_another_kind_or_combined_with_it() -> None:
    for name, other in permutations(KINDS, 2):
        if KINDS[name].schema != KINDS[other].schema:
            with pytest.raises(ResultsError):
                open_table(make_once(name).assign(experiment=other))
    with pytest.raises(ResultsError, match="table 2 is no table of timed runs: it lacks"):
        combine([make_once("compare"), make_once("trace")])


def test_a_verdict_is_sentences_that_no_other_kind_says() -> None:
    texts = [find(KINDS[name].finding)(make_once(name), summarise_once(name)) for name in KINDS]
    assert len(set(texts)) == len(KINDS)
    assert verdict(make_once("compare")) == texts[0]
    for text in texts:
        assert text.endswith(".")
        assert_plain(*text.splitlines())


@each_kind
def test_a_summary_has_a_row_for_each_thing_and_ends_around_each_figure(name: str) -> None:
    summary = summarise_once(name)
    assert len(summary) > 0
    for low in map(str, summary.filter(regex="_low$")):
        figure, high = low.removesuffix("_low"), low.replace("_low", "_high")
        ends = summary.dropna(subset=[low, high])
        assert (ends[low] <= ends.get(figure, ends[low])).all(), low
        assert (ends.get(figure, ends[low]) <= ends[high]).all(), high


@pytest.mark.parametrize(("name", "chart"), CHARTS)
def test_a_heading_is_within_its_chart_and_its_description_says_all(name: str, chart: str) -> None:
    drawn = draw_once(name, chart)
    title, conditions = drawn.texts[:2]
    assert re.match(r"Recorded runs?: \S", title.get_text())
    assert re.search("[Rr]ecorded (on a laptop|elsewhere)", conditions.get_text())
    for line in (title, conditions):
        assert 0 <= line.get_window_extent().x0 < line.get_window_extent().x1 < drawn.bbox.width
    told, middle, end = drawn.description.rpartition(" Conditions: ")
    assert middle + end == f" Conditions: {conditions.get_text()}."
    assert told.startswith(f"Chart. {title.get_text()}. ")
    assert re.search(r"\d", told)
    assert "  " not in drawn.description
    assert_plain(drawn.description)


@pytest.mark.parametrize(("name", "chart"), CHARTS)
def test_letters_are_large_enough_and_stand_out_and_paper_is_white(name: str, chart: str) -> None:
    drawn = draw_once(name, chart)
    assert to_rgba(drawn.get_facecolor()) == to_rgba(PAPER)
    texts = [text for text in drawn.findobj(Text) if text.get_text().strip()]
    for text in (text for text in texts if text.get_visible()):
        letters = float(text.get_fontsize()) * DOTS_PER_INCH / 72 / 2
        assert letters >= LEAST_LETTERS, text.get_text()
        # a number inside a bar stands out from that
        is_inside = to_rgb(text.get_color()) == to_rgb(PAPER)
        paper = get_look("processes").colour if is_inside else PAPER
        assert measure_contrast(text.get_color(), paper) >= LEAST_CONTRAST, text.get_text()


@each_kind
def test_looking_at_a_table_saving_and_loading_change_nothing(name: str, tmp_path: Path) -> None:
    table = make_once(name)
    before = table.copy(deep=True)
    settings, chances = dict(mpl.rcParams), (random.getstate(), str(np.random.get_state()))
    loaded = load(save(table, tmp_path / "table.csv"))
    assert_frame_equal(loaded, table)
    for chart in KINDS[name].charts:
        drawn, again = draw_once(name, chart), draw(loaded, chart)
        assert again.description == drawn.description
        assert list_artists(again) == list_artists(drawn)
        if name == "compare":
            assert draw_png(again) == draw_png(drawn)
    assert_frame_equal(table, before)
    assert_frame_equal(loaded, before)
    assert dict(mpl.rcParams) == settings
    assert (random.getstate(), str(np.random.get_state())) == chances


@pytest.mark.parametrize(
    ("name", "chart"),
    [CHARTS[0], *(pytest.param(*one, marks=pytest.mark.thorough) for one in CHARTS[1:])],
)
def test_a_chart_is_the_same_picture_whatever_the_reader_set_matplotlib_to(
    name: str, chart: str
) -> None:
    with mpl.rc_context(ODD_SETTINGS):
        settings = dict(mpl.rcParams)
        picture = draw_png(draw(make_once(name), chart))
        assert dict(mpl.rcParams) == settings
    assert picture == draw_png(draw_once(name, chart))


def test_a_file_of_several_measurements_gets_a_chart_for_each() -> None:
    other = make_once("compare").assign(run_id="b")
    drawn = [draw_once("compare", "comparison")] * 2 + [draw_once("workloads", "workloads")]
    charts = draw_each(combine([make_once("compare"), other, make_once("workloads"), other]))
    assert [chart.description for chart in charts] == [chart.description for chart in drawn]
    machines = make_once("class")
    assert len(draw_each(machines)) == 4
    assert len(draw_each(machines.query("runner != 'processes'"))) == 2
    with pytest.raises(ResultsError, match="no machine of the class ran threads"):
        draw_each(machines.query("runner == 'sequential'"))


def list_imports(tree: ast.AST) -> Iterator[str]:
    """List the modules that some code imports, save where only types are checked."""
    if isinstance(tree, ast.If) and getattr(tree.test, "id", "") == "TYPE_CHECKING":
        return
    if isinstance(tree, ast.ImportFrom):
        yield tree.module or ""
    if isinstance(tree, ast.Import):
        yield from [alias.name for alias in tree.names]
    for node in ast.iter_child_nodes(tree):
        yield from list_imports(node)


def find_layer(module: str) -> tuple[int, str]:
    """Return how far down the list a module stands, and its room."""
    room = "recording" if module.endswith(".recording") else module.split(".")[1]
    return next(n for n, layer in enumerate(LAYERS) if room in layer.split()), room


def test_imports_go_down_the_list_only_and_topics_know_nothing_of_each_other() -> None:
    package = Path(gil_demo.__file__).parent
    for file in {*package.rglob("*.py")} - {package / "__init__.py"}:
        module = ".".join(["gil_demo", *file.relative_to(package).with_suffix("").parts])
        layer, room = find_layer(module)
        for imported in list_imports(ast.parse(file.read_text(encoding="utf-8"))):
            if imported.startswith("gil_demo."):
                below, other = find_layer(imported)
                assert below < layer or other == room, f"{module} imports {imported}"
