"""Build the reader's edition: every notebook run from top to bottom, as pages to read offline."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from gil_demo.measuring.machine import count_usable_cores, describe_machine, get_date
from gil_demo.words import describe_computer

BOOK = Path(__file__).resolve().parent
TOP = BOOK.parent
CELL_SECONDS = 300
CORES_FOR_ONE = 4  # so that notebooks don't disturb each other's measurements
MARK = b"\n# Project: gil_demo\n"
CONTENTS = """

```{{toctree}}
:hidden:

{pages}
changes
```
"""
NOTE = """```{{note}}
This page was run on {date}: {computer}. Where the text says *your machine*, you see that one. What
says that it is recorded comes from another.
```"""


def build(output: Path, at_once: int) -> None:
    """Run the notebooks and make the pages.

    Args:
        output: the folder for the pages; a book that it held before is replaced by a whole one.
        at_once: how many notebooks run at the same time; with more than one they disturb each
            other's measurements.

    Raises:
        CellExecutionError: a cell failed that does not say that it fails.
        CalledProcessError: Sphinx found an error, or something to warn of.
    """
    with tempfile.TemporaryDirectory(prefix="gil_demo-book-") as name:
        source = Path(name, "source")
        copy_pages(source)
        run_notebooks(sorted((source / "notebooks").glob("*.ipynb")), at_once)
        pages = Path(name, "html")
        options = ["--fail-on-warning", "--keep-going", "--quiet", "--jobs=auto"]
        options += [f"--conf-dir={BOOK}", f"--doctree-dir={Path(name, 'trees')}"]
        command = [sys.executable, "-m", "sphinx", *options, str(source), str(pages)]
        subprocess.run(command, check=True)
        if output.exists():
            shutil.rmtree(output)
        shutil.move(pages, output)


def is_replaceable(output: Path) -> bool:
    """Tell whether a folder isn't there, is empty, or holds a book of this set and no history."""
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return True
    inventory = output / "objects.inv"  # which Sphinx leaves, with the project's name
    is_book = inventory.is_file() and MARK in inventory.read_bytes()
    return is_book and not (output / ".git").exists()


def copy_pages(source: Path) -> None:
    """Lay out what Sphinx reads: README as the first page, the notebooks, the teacher's pages."""
    shutil.copytree(TOP / "notebooks", source / "notebooks", ignore=shutil.ignore_patterns(".*"))
    shutil.copytree(TOP / ".github", source / ".github", ignore=shutil.ignore_patterns("*.md"))
    for name in ("LICENSE", "CITATION.cff"):
        shutil.copy(TOP / name, source)
    pages = [*sorted(source.glob("notebooks/*.ipynb")), *sorted(source.glob("notebooks/*.md"))]
    contents = CONTENTS.format(pages="\n".join(f"notebooks/{path.stem}" for path in pages))
    links = {"](.github/CHANGELOG.md": "](changes.md"}
    write_page(TOP / "README.md", source / "index.md", links, contents)
    for page in source.glob("notebooks/*.md"):
        write_page(page, page, {"](../README.md": "](../index.md"})
    write_page(TOP / ".github" / "CHANGELOG.md", source / "changes.md", links)


def write_page(original: Path, copy: Path, links: dict[str, str], contents: str = "") -> None:
    """Copy a page with its links turned to where the pages are in the book."""
    text = original.read_text(encoding="utf-8")
    for old, new in links.items():
        text = text.replace(old, new)
    copy.write_text(text + contents, encoding="utf-8")


def run_notebooks(paths: Sequence[Path], at_once: int) -> None:
    """Run notebooks in their place, each in a Python of its own."""
    with ThreadPoolExecutor(at_once) as executor:
        for path, _ in zip(paths, executor.map(run_notebook, paths), strict=True):
            print("run:", path.name, flush=True)


def run_notebook(path: Path) -> None:
    """Run one notebook and save it as a page: its answers, and no widget."""
    notebook = nbformat.read(path, as_version=4)
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=CELL_SECONDS, resources=folder)
    # workers that the notebooks make fail on purpose write to the terminal
    client.execute(stderr=subprocess.DEVNULL)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if "check" in get_tags(cell):  # nobody can answer on a page, so nobody is told to
            cell.outputs = []
    notebook.cells.insert(1, new_markdown_cell(write_note()))
    nbformat.write(notebook, path)


def write_note() -> str:
    """Say where and when the notebooks were run, since the reader's machine is another."""
    facts = describe_machine()._asdict() | {"recorded_on": ""}
    return NOTE.format(date=get_date(), computer=describe_computer(facts))


def get_tags(cell: NotebookNode) -> list[str]:
    """Return a cell's tags; usually there are none."""
    return list(cell.metadata.get("tags", []))


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(prog="python .book", description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=BOOK / "html", help="the folder for the pages"
    )
    parser.add_argument(
        "--at-once", type=int, default=max(1, count_usable_cores() // CORES_FOR_ONE),
        help="notebooks to run at the same time; by default one for each four cores",
    )  # fmt: skip
    options = parser.parse_args()
    output = options.output.resolve()
    if not is_replaceable(output):
        told = f"{output} holds what is no book of this set: empty it, or name another folder"
        parser.exit(2, f"python .book: {told}\n")
    build(output, options.at_once)
    print("open", output / "index.html")


if __name__ == "__main__":
    main()
