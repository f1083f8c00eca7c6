"""Charts can be read by people who see colours differently, from afar and on a dark page."""

import io
import itertools
from collections.abc import Callable
from functools import partial

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from colorspacious import cspace_convert, deltaE
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.text import Text
from matplotlib.typing import ColorType

from gil_demo.drawing.style import DOTS_PER_INCH, LOOKS, OTHER, PAPER, Chart, draw_png, get_look
from gil_demo.measuring.runs import RUNS
from gil_demo.recorded import load_recorded
from gil_demo.tables.kinds import _DRAWINGS, draw_each
from gil_demo.tables.schema import make_table
from tests.conftest import make_rows
from tests.made import costs as tables_costs
from tests.made.claims import make_claims
from tests.made.classroom import make_class_table
from tests.made.pool import make_arrivals, make_chunks, make_lengths, make_map
from tests.made.pythons import make_interpreters
from tests.made.turns import make_slices, make_switches
from tests.made.waiting import make_serve_table, make_workload_table

# distances in CAM02-UCS, where 1 is about what can be told apart side by side
LEAST_DISTANCE = 10.0
LEAST_DISTANCE_IN_FULL_COLOUR = 20.0
# of the picture at half of its width and height, in pixels
LEAST_LETTERS = 8.0
# of letters that are large or bold, on their paper (WCAG 2.2, 1.4.3)
LEAST_CONTRAST = 3.0

# simulated after Machado, Oliveira and Fernandes (2009); severity 100: a kind of cone is missing
SIGHTS = ["deuteranomaly", "protanomaly", "tritanomaly"]
COLOURS = {runner: look.colour for runner, look in LOOKS.items()} | {"others": OTHER.colour}

TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "compare": lambda: make_table(make_rows(), RUNS),
    "scale": lambda: make_table(make_rows(experiment="scale"), RUNS),
    "workloads": make_workload_table,
    "trace": make_slices,
    "switch": make_switches,
    "serve": make_serve_table,
    "map": make_map,
    "lengths": make_lengths,
    "chunks": make_chunks,
    "methods": make_arrivals,
    "claims": make_claims,
    "starts": tables_costs.make_starts,
    "transfers": tables_costs.make_transfers,
    "weights": tables_costs.make_weights,
    "break_even": tables_costs.make_lengths,
    "interpreters": make_interpreters,
    "class": make_class_table,
    "engines": partial(load_recorded, "engines"),
}

CLASS = "class"  # its table makes more than one chart
each_kind = pytest.mark.parametrize("kind", list(TABLES))


def simulate(colour: str, sight: str) -> tuple[float, ...]:
    space = {"name": "sRGB1+CVD", "cvd_type": sight, "severity": 100}
    return tuple(np.clip(cspace_convert(to_rgb(colour), space, "sRGB1"), 0, 1))


def measure_distances(sight: str | None) -> dict[tuple[str, str], float]:
    seen = {
        name: to_rgb(colour) if sight is None else simulate(colour, sight)
        for name, colour in COLOURS.items()
    }
    return {
        (one, other): float(deltaE(seen[one], seen[other], input_space="sRGB1"))
        for one, other in itertools.combinations(seen, 2)
    }


def measure_contrast(colour: ColorType, paper: ColorType) -> float:
    """Return the contrast of two colours as WCAG 2.2 defines it, 1 to 21."""
    channels = np.array([to_rgb(colour), to_rgb(paper)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return float((light + 0.05) / (dark + 0.05))


def draw(kind: str) -> list[Chart]:
    charts = draw_each(TABLES[kind]())
    assert len(charts) == (4 if kind == CLASS else 1)
    for chart in charts:
        draw_png(chart)
    return charts


def list_letters(kind: str) -> list[Text]:
    texts = [text for chart in draw(kind) for text in chart.findobj(Text)]
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def test_runners_are_told_apart_in_full_colour() -> None:
    distances = measure_distances(None)
    assert min(distances.values()) > LEAST_DISTANCE_IN_FULL_COLOUR, distances


@pytest.mark.parametrize("sight", SIGHTS)
def test_runners_are_told_apart_by_colour_blind_readers(sight: str) -> None:
    distances = measure_distances(sight)
    assert min(distances.values()) > LEAST_DISTANCE, distances


def test_red_and_green_would_not_be_told_apart() -> None:
    red, green = (simulate(colour, "deuteranomaly") for colour in ("#a05050", "#6b6b4e"))
    assert deltaE(red, green, input_space="sRGB1") < LEAST_DISTANCE


def test_every_kind_of_chart_is_looked_at() -> None:
    assert set(TABLES) == {*_DRAWINGS, CLASS}


@each_kind
def test_letters_are_large_enough_at_half_size(kind: str) -> None:
    pixels = DOTS_PER_INCH / 72 / 2
    sizes = {text.get_text(): text.get_fontsize() for text in list_letters(kind)}
    assert sizes
    assert [text for text, size in sizes.items() if float(size) * pixels < LEAST_LETTERS] == []


@each_kind
def test_letters_stand_out_from_their_paper(kind: str) -> None:
    for text in list_letters(kind):
        colour = text.get_color()
        if to_rgb(colour) != to_rgb(PAPER):  # a number inside a bar
            assert measure_contrast(colour, PAPER) >= LEAST_CONTRAST, text.get_text()


def test_a_number_inside_a_bar_stands_out_from_it() -> None:
    assert measure_contrast(PAPER, get_look("processes").colour) >= LEAST_CONTRAST


def test_contrast_is_measured_as_the_standard_says() -> None:
    assert measure_contrast("black", "white") == pytest.approx(21)
    assert measure_contrast("#777777", "white") == pytest.approx(4.48, abs=0.005)


@each_kind
def test_paper_stays_white_on_a_dark_page(kind: str) -> None:
    for chart in draw(kind):
        pixels = matplotlib.image.imread(io.BytesIO(draw_png(chart)))
        assert to_rgba(chart.get_facecolor()) == to_rgba(PAPER)
        edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert edges.min() == 1
        assert pixels.shape[2] == 3 or pixels[:, :, 3].min() == 1
