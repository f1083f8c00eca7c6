"""What tests of shared memory look at: which blocks there are, and which stay behind."""

import time
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

SHELF = Path("/dev/shm")
GRACE_SECONDS = 5.0


def is_there(name: str) -> bool:
    """Tell whether a block of shared memory exists."""
    if SHELF.is_dir():
        return (SHELF / name.lstrip("/")).exists()
    try:
        SharedMemory(name=name).close()
    except FileNotFoundError:
        return False
    return True


def list_blocks() -> set[str]:
    """List the blocks of all programs of this machine."""
    return {path.name for path in SHELF.glob("psm_*")}


def find_left_behind(before: set[str]) -> set[str]:
    """Find the new blocks that stay; those of other programs of this machine come and go."""
    new = list_blocks() - before
    deadline = time.monotonic() + GRACE_SECONDS
    while new and time.monotonic() < deadline:
        time.sleep(0.02)
        new &= list_blocks()
    return new
