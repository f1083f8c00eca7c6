"""Charts can be read by people who see colours differently; `test_kinds` looks at letters."""

from itertools import combinations

import numpy as np
import pytest
from colorspacious import cspace_convert, deltaE
from matplotlib.colors import to_rgb

from gil_demo.drawing.style import LOOKS, get_look
from gil_demo.running.runners import RUNNERS
from tests.charts import measure_contrast

# distances in CAM02-UCS, where 1 is about what can be told apart side by side
LEAST_DISTANCE, LEAST_DISTANCE_IN_FULL_COLOUR = 10.0, 20.0


def see(colour: str, sight: str) -> tuple[float, ...]:
    """Simulate after Machado, Oliveira and Fernandes (2009) a sight that lacks a kind of cone."""
    space = {"name": "sRGB1+CVD", "cvd_type": sight, "severity": 100}
    return tuple(np.clip(cspace_convert(to_rgb(colour), space, "sRGB1"), 0, 1))


def measure_distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(deltaE(one, other, input_space="sRGB1"))


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
