import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
SOLUTION = r"<details>\n<summary>A solution</summary>\n\n```python\n(.+)\n```\n\n</details>"


def read(path: Path) -> NotebookNode:
    """Return a notebook as it is on disk, checked against the format's schema."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def list_cells(notebook: NotebookNode, kind: str, tag: str = "") -> list[NotebookNode]:
    """Return the cells of one kind: "code" or "markdown"; those with a tag, if one is given."""
    cells = [cell for cell in notebook.cells if cell.cell_type == kind]
    return [cell for cell in cells if tag in get_tags(cell)] if tag else cells


def get_tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def read_solution(cell: NotebookNode) -> str:
    """Return the code of a folded solution."""
    folded = re.fullmatch(SOLUTION, cell.source, re.DOTALL)
    assert folded, cell.source
    return folded[1]


def draws_a_chart(cell: NotebookNode) -> bool:
    return bool(cell.source.splitlines()[-1].startswith(("draw(", "sketch(", "bend_amdahl(")))


def read_code(name: str) -> list[NotebookNode]:
    return list_cells(read(FOLDER / f"{name}.ipynb"), "code")
