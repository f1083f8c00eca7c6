"""The command `python -m gil_demo gather`: a class's files, put together and drawn."""

import argparse
import time
from pathlib import Path
from typing import Any

from gil_demo.commands.outputs import check_table_file, write_charts


def add_gather(commands: Any) -> None:
    """Add the command to the parser's.

    Args:
        commands: what `ArgumentParser.add_subparsers` gave.
    """
    gather = commands.add_parser(
        "gather",
        help="put a class's results files together and draw the class",
        description="Read every results file in a folder, say what became of each, print what "
        "the class found in three sentences, write its table (CSV) and four charts.",
        allow_abbrev=False,
    )
    gather.add_argument("folder", type=Path, metavar="FOLDER", help="where the files are")
    gather.add_argument(
        "--output", type=Path, metavar="FILE.csv",
        help="where to write; the charts go beside it (default: a new file here)",
    )  # fmt: skip
    gather.set_defaults(command=_gather)


def _gather(chosen: argparse.Namespace) -> None:
    from gil_demo.charts.doors import draw_each
    from gil_demo.findings.classroom import judge_class
    from gil_demo.gathering import gather
    from gil_demo.storage import save

    table_file = chosen.output or Path(time.strftime("class-%Y%m%d-%H%M%S.csv"))
    check_table_file(table_file)
    gathered = gather(chosen.folder)
    print(f"{gathered}\n\n{judge_class(gathered.table)}\n")
    print(f"table: {save(gathered.table, table_file)}")
    write_charts(draw_each(gathered.table), table_file.with_suffix(".png"))
