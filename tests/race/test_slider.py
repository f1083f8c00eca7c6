import builtins
import html
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.drawing.style import draw_png
from gil_demo.race.scaling import BendableChart, bend_amdahl, draw_amdahl
from tests.made.costs import make_starts
from tests.race.test_amdahl_finding import make_case

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def without_widgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the import of ipywidgets fail, as where it isn't installed."""
    find: Callable[..., Any] = builtins.__import__

    def refuse(name: str, *arguments: Any, **named: Any) -> Any:
        if name.split(".")[0] == "ipywidgets":
            raise ImportError(name)
        return find(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)


def find_parts(bent: BendableChart) -> tuple[Any, Any]:
    """Return the slider and the picture of a chart that can be bent."""
    slider, picture = bent._widget.children
    return slider, picture


def show(case: str, part: float) -> str:
    """Return the alternative text of a chart with a part, as it stands in HTML."""
    return html.escape(draw_amdahl(make_case(case), part).description)


def test_without_widgets_there_is_the_still_picture(without_widgets: None) -> None:
    del without_widgets
    bundle, metadata = bend_amdahl(make_case("ordinary"))._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/png", "text/plain"}
    assert metadata["image/png"]["alt"] == bundle["text/plain"]
    assert bundle["text/plain"].startswith("Chart. If 95.0 % can be shared out: at most 20 ×. ")


def test_with_widgets_there_are_the_slider_and_the_still_picture() -> None:
    bent = bend_amdahl(make_case("ordinary"))
    bundle, metadata = bent._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {VIEW, "text/html", "image/png", "text/plain"}
    assert bundle[VIEW]["model_id"] == bent._widget.model_id
    assert bundle["text/plain"] == bent.still.description == metadata["image/png"]["alt"]
    slider, picture = find_parts(bent)
    assert (slider.min, slider.max, slider.step) == (0.0, 1.0, 0.005)
    assert picture.value == bundle["text/html"]


def test_moving_the_slider_draws_the_curve_anew() -> None:
    slider, picture = find_parts(bend_amdahl(make_case("ordinary")))
    before = picture.value
    slider.value = 0.5
    assert picture.value != before
    assert show("ordinary", 0.5) in picture.value
    assert "If 50.0 % can be shared out: at most 2 ×" in picture.value
    slider.value = 0.95
    assert picture.value == before


@pytest.mark.parametrize(("wanted", "told"), [(7.0, "no limit"), (-3.0, "at most 1 ×")])
def test_a_value_beyond_the_ends_snaps_to_the_end(wanted: float, told: str) -> None:
    slider, picture = find_parts(bend_amdahl(make_case("ordinary")))
    slider.value = wanted
    assert slider.value == min(1.0, max(0.0, wanted))
    assert told in picture.value


@pytest.mark.parametrize(
    ("case", "start"),
    [
        pytest.param("ordinary", 0.95, id="what was fitted"),
        pytest.param("without the GIL", 0.95, id="the largest of what was fitted"),
        pytest.param("exactly all", 1.0, id="all"),
        pytest.param("exactly none", 0.0, id="nothing"),
        pytest.param("busy", 0.9, id="90 % where the fit is withheld"),
        pytest.param("one worker", 0.9, id="90 % where there is no fit"),
        pytest.param("the plain loop alone", 0.9, id="90 % where there is nothing to fit"),
    ],
)
def test_the_slider_begins_with_what_was_fitted_or_with_ninety_percent(
    case: str, start: float
) -> None:
    bent = bend_amdahl(make_case(case))
    slider, _ = find_parts(bent)
    assert slider.value == pytest.approx(start)
    assert 0 <= slider.value <= 1
    assert f"If {100 * start:.1f} % can be shared out" in bent.still.description


def test_the_still_picture_stays_as_it_was_when_the_slider_moves() -> None:
    bent = bend_amdahl(make_case("ordinary"))
    before = draw_png(bent.still)
    find_parts(bent)[0].value = 0.1
    assert draw_png(bent.still) == before


def test_bending_leaves_the_settings_and_the_table_as_they_are() -> None:
    table = make_case("ordinary")
    before = (dict(mpl.rcParams), table.copy(deep=True))
    find_parts(bend_amdahl(table))[0].value = 0.3
    assert dict(mpl.rcParams) == before[0]
    pd.testing.assert_frame_equal(table, before[1])


def test_a_table_of_another_kind_is_refused() -> None:
    table = make_case("ordinary")
    twice = pd.concat([table, table.assign(run_id="two")], ignore_index=True)
    bad: Any
    for bad in (None, pd.DataFrame(), make_starts(), twice, table[table["runner"] == "threads"]):
        with pytest.raises(ResultsError):
            bend_amdahl(bad)
