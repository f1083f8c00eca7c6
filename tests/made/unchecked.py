"""The doors of every kind without their checks, which take as long as all the rest.

What tests make is honest; `test_kinds` and `test_bad_input` try the doors themselves.
"""

from typing import Any

import pandas as pd

from gil_demo.drawing.style import settings_of_our_own
from gil_demo.tables.kinds import KINDS, Kind, find


def draw(table: pd.DataFrame, chart: str | None = None, **options: Any) -> Any:
    places = find_kind(table).charts
    place = next(iter(places.values())) if chart is None else places[chart]
    with settings_of_our_own():
        return find(place)(table, summarise(table), **options)


def summarise(table: pd.DataFrame) -> Any:
    return find(find_kind(table).summary)(table)


def verdict(table: pd.DataFrame) -> str:
    text: str = find(find_kind(table).finding)(table, summarise(table))
    return text


def find_kind(table: pd.DataFrame) -> Kind:
    return KINDS[str(table["experiment"].iloc[0])]
