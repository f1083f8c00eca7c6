"""Files that the commands write, and say that they wrote."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gil_demo.charts.style import Chart


def check_table_file(target: Path) -> None:
    """Raise a ValueError if a table can't be written under this name."""
    if target.suffix.lower() != ".csv":
        raise ValueError(f"output must be a file name that ends in .csv, not {target}")


def write_charts(charts: "list[Chart]", target: Path) -> None:
    """Write charts and say where; several of them get numbers."""
    for number, chart in enumerate(charts, start=1):
        name = target if len(charts) == 1 else target.with_stem(f"{target.stem}-{number}")
        write_chart(chart, name)


def write_chart(chart: "Chart", target: Path) -> None:
    """Write one chart and say where."""
    from gil_demo.charts.style import draw_png
    from gil_demo.storage import write_whole

    print(f"chart: {write_whole(target, draw_png(chart))}")
