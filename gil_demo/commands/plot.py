"""The command `python -m gil_demo plot`: saved results, drawn again."""

import argparse
from pathlib import Path
from typing import Any

from gil_demo.commands.outputs import write_charts


def add_plot(commands: Any) -> None:
    """Add the command to the parser's.

    Args:
        commands: what `ArgumentParser.add_subparsers` gave.
    """
    plot = commands.add_parser(
        "plot",
        help="draw the charts of saved results",
        description="Draw the chart of each results file, as a PNG beside it.",
        allow_abbrev=False,
    )
    plot.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a results file (CSV)")
    plot.add_argument("--output", type=Path, metavar="FILE.png", help="where to write one chart")
    plot.set_defaults(command=_plot)


def _plot(chosen: argparse.Namespace) -> None:
    from gil_demo.charts.doors import draw_each
    from gil_demo.storage import load

    if chosen.output and len(chosen.files) > 1:
        raise ValueError(f"--output names one chart, but there are {len(chosen.files)} files")
    if chosen.output and chosen.output.suffix.lower() != ".png":
        raise ValueError(f"output must be a file name that ends in .png, not {chosen.output}")
    drawn = [(file, draw_each(load(file))) for file in chosen.files]
    for file, charts in drawn:
        write_charts(charts, chosen.output or file.with_suffix(".png"))
