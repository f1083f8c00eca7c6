"""Blocks of shared memory that are gone afterwards, whatever happens."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

from gil_demo.checks import GilDemoError
from gil_demo.running.interrupts import held_back

_MOUNT = Path("/dev/shm")


@contextmanager
def block_held(data: bytes) -> Iterator[str]:
    """Hold a block of shared memory with a copy of some data, and unlink it at the end.

    Args:
        data: what to put in, at least one byte.

    Yields:
        The block's name, by which another process finds it.

    Raises:
        GilDemoError: this machine has no room for it.
    """
    check_room(len(data))
    block: SharedMemory | None = None
    try:
        with held_back():  # an interrupt in the midst would leave a block without an owner
            block = _create(len(data))
        assert block.buf is not None  # it is until the block is closed
        block.buf[: len(data)] = data
        yield block.name
    finally:
        if block is not None:
            try:
                with held_back():
                    _remove(block)
            except KeyboardInterrupt:  # it may have come before it was held back
                _remove(block)
                raise


def check_room(size: int) -> None:
    """Raise a GilDemoError if a block would not fit where the system keeps them.

    Linux promises more than it has: a write beyond the room kills the process (SIGBUS), and a
    container's room is often 64 MB.
    """
    if _MOUNT.is_dir() and (free := shutil.disk_usage(_MOUNT).free) < 2 * size:
        raise GilDemoError(
            f"shared memory has {free // 1_000_000:,} MB free here, too little for a block of "
            f"{size / 1e6:,.0f} MB: take less data"
        )


def _create(size: int) -> SharedMemory:
    try:
        return SharedMemory(create=True, size=size)
    except OSError as reason:
        raise GilDemoError(
            f"the operating system refused {size:,} bytes of shared memory ({reason})"
        ) from reason


def _remove(block: SharedMemory) -> None:
    block.close()
    with suppress(FileNotFoundError):  # it has been removed
        block.unlink()


def start_tracker() -> None:
    """Start multiprocessing's resource tracker, before workers are forked that will read blocks.

    A worker without one would start its own, and that would unlink the block when the worker
    ends (cpython issue 82300; Python 3.13 has `track=False`).
    """
    if sys.platform != "win32":
        resource_tracker.ensure_running()


_kept: dict[int, bytes] = {}


def measure_length(data: bytes | list[float]) -> int:
    """Return how long the data are that came as an argument."""
    return len(data)


def make_bytes(size: int) -> bytes:
    """Return so many bytes, written and not only promised by the system."""
    return b"x" * size


def keep(data: bytes) -> None:
    """Keep data for later tasks of this worker, as the initializer of a pool does."""
    _kept[len(data)] = data


def keep_all(pieces: list[bytes]) -> None:
    """Keep several pieces of data, one of each length."""
    for piece in pieces:
        keep(piece)


def measure_kept(size: int) -> int:
    """Return the length of data that this worker keeps."""
    return len(_kept[size])


def read_block(name: str, size: int) -> int:
    """Copy data out of a shared memory block, as a worker that needs them for itself does.

    Args:
        name: the block's name.
        size: bytes to read; a block may be larger.

    Returns:
        The number of bytes.
    """
    from multiprocessing.shared_memory import SharedMemory

    block = SharedMemory(name=name)
    try:
        assert block.buf is not None  # it is until the block is closed
        return len(bytes(block.buf[:size]))
    finally:
        block.close()
