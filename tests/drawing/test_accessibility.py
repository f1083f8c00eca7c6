"""Charts can be read by people who see colours differently, from afar and on a dark page."""

from itertools import combinations

import numpy as np
import pytest
from colorspacious import cspace_convert, deltaE
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.text import Text
from matplotlib.typing import ColorType

from gil_demo.drawing.style import DOTS_PER_INCH, LOOKS, PAPER, get_look
from gil_demo.running.runners import RUNNERS
from gil_demo.tables.kinds import KINDS
from tests.made.kinds import draw_once

# distances in CAM02-UCS, where 1 is about what can be told apart side by side
LEAST_DISTANCE, LEAST_DISTANCE_IN_FULL_COLOUR = 10.0, 20.0
LEAST_LETTERS = 8.0  # of the picture at half of its width and height, in pixels
LEAST_CONTRAST = 3.0  # of letters that are large or bold, on their paper (WCAG 2.2, 1.4.3)


def see(colour: str, sight: str) -> tuple[float, ...]:
    """Simulate after Machado, Oliveira and Fernandes (2009) a sight that lacks a kind of cone."""
    space = {"name": "sRGB1+CVD", "cvd_type": sight, "severity": 100}
    return tuple(np.clip(cspace_convert(to_rgb(colour), space, "sRGB1"), 0, 1))


def measure_distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(deltaE(one, other, input_space="sRGB1"))


def measure_contrast(colour: ColorType, paper: ColorType) -> float:
    """Return the contrast of two colours as WCAG 2.2 defines it, 1 to 21."""
    channels = np.array([to_rgb(colour), to_rgb(paper)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return float((light + 0.05) / (dark + 0.05))


def test_runners_are_told_apart_in_full_colour_and_by_colour_blind_readers() -> None:
    assert set(LOOKS) == set(RUNNERS)
    looks = [*LOOKS.values(), get_look("another")]
    assert len({look.marker for look in looks}) == 7
    for one, other in combinations([look.colour for look in looks], 2):
        assert measure_distance(to_rgb(one), to_rgb(other)) > LEAST_DISTANCE_IN_FULL_COLOUR
        for sight in ("deuteranomaly", "protanomaly", "tritanomaly"):
            assert measure_distance(see(one, sight), see(other, sight)) > LEAST_DISTANCE
    # what measures them knows red from green, and contrasts as the standard does
    red, green = (see(colour, "deuteranomaly") for colour in ("#a05050", "#6b6b4e"))
    assert measure_distance(red, green) < LEAST_DISTANCE
    assert measure_contrast("black", "white") == pytest.approx(21)
    assert measure_contrast("#777777", "white") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("kind", KINDS)
def test_letters_are_large_enough_and_stand_out_and_paper_is_white(kind: str) -> None:
    for chart in (draw_once(kind, name) for name in KINDS[kind].charts):
        assert to_rgba(chart.get_facecolor()) == to_rgba(PAPER)
        texts = [text for text in chart.findobj(Text) if text.get_text().strip()]
        for text in (text for text in texts if text.get_visible()):
            letters = float(text.get_fontsize()) * DOTS_PER_INCH / 72 / 2
            assert letters >= LEAST_LETTERS, text.get_text()
            # a number inside a bar stands out from that
            is_inside = to_rgb(text.get_color()) == to_rgb(PAPER)
            paper = get_look("processes").colour if is_inside else PAPER
            assert measure_contrast(text.get_color(), paper) >= LEAST_CONTRAST, text.get_text()
