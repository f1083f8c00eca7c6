"""The notebooks as files: where they are and what is in their cells."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]


def read(path: Path) -> NotebookNode:
    """Return a notebook as it is on disk, checked against the format's schema."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def list_cells(notebook: NotebookNode, kind: str) -> list[NotebookNode]:
    """Return the cells of one kind: "code" or "markdown"."""
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def get_tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def draws_a_chart(cell: NotebookNode) -> bool:
    return bool(cell.source.splitlines()[-1].startswith(("draw(", "bend_amdahl(")))


def read_code(name: str) -> list[NotebookNode]:
    """Return the code cells of the notebook of a name, as they are on disk."""
    return list_cells(read(FOLDER / f"{name}.ipynb"), "code")
