from pathlib import Path

from tests.conftest import wait_until

SHELF = Path("/dev/shm")


def list_blocks() -> set[str]:
    return {path.name for path in SHELF.glob("gil_demo_*")}


def find_left_behind(before: set[str]) -> set[str]:
    """Find the new blocks that stay; those of other programs of this machine come and go."""
    new = list_blocks() - before
    wait_until(lambda: not new & list_blocks(), 10)
    return new & list_blocks()
