"""Where `python .book` may put its pages; what it makes is looked at in `tests/browser`."""

import runpy
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
INVENTORY = "# Sphinx inventory version 2\n# Project: {}\n# Version: \n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder that holds a book of this set."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "objects.inv").write_text(INVENTORY.format("gil_demo"))
    return tmp_path


def test_a_book_may_be_put_where_there_is_nothing_or_an_earlier_one(folder: Path) -> None:
    is_replaceable = runpy.run_path(str(TOP / ".book" / "__main__.py"))["is_replaceable"]
    assert is_replaceable(folder)
    assert is_replaceable(folder / "notebooks")  # which is empty
    assert is_replaceable(folder / "missing" / "html")
    assert not is_replaceable(folder / "objects.inv")
    (folder / "objects.inv").write_text(INVENTORY.format("another"))
    assert not is_replaceable(folder)


def test_a_folder_that_holds_anything_else_is_named_and_left_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    before = sorted(folder.rglob("*"))
    monkeypatch.setattr(sys, "argv", [".book", "--output", str(folder)])
    with pytest.raises(SystemExit, match=r"^2$"):
        runpy.run_path(str(TOP / ".book"), run_name="__main__")
    told = f"python .book: {folder} holds what is no book of this set: empty it, or name another"
    assert capsys.readouterr() == ("", f"{told} folder\n")
    assert sorted(folder.rglob("*")) == before
