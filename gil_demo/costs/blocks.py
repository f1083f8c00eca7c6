"""Blocks of shared memory that are gone afterwards, whatever happens."""

import math
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

from gil_demo.checks import GilDemoError
from gil_demo.running.interrupts import held_back

_MOUNT = Path("/dev/shm")


@contextmanager
def block_held(data: bytes) -> Iterator[str]:
    """Hold a block of shared memory with a copy of some data, and unlink it at the end."""
    if len(data) > (room := measure_room()):
        raise GilDemoError(
            f"shared memory has {2 * room // 1_000_000:,.0f} MB free here, too little for a block "
            f"of {len(data) / 1e6:,.0f} MB: take less data"
        )
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
                    block = None  # its finalizer runs here, where no interrupt can meet it
            except KeyboardInterrupt:  # it may have come before it was held back
                if block is not None:
                    _remove(block)
                raise


def measure_room() -> float:
    """Measure how large a block may be; infinite where the system keeps no count of it."""
    # Linux promises more than it has (often 64 MB in a container): a write beyond kills (SIGBUS)
    return shutil.disk_usage(_MOUNT).free / 2 if _MOUNT.is_dir() else math.inf


def _create(size: int) -> SharedMemory:
    name = f"gil_demo_{secrets.token_hex(8)}"
    try:
        # SharedMemory registers a block once it is there: too late where the process is killed
        _tell_tracker(resource_tracker.register, name)
        return SharedMemory(name, create=True, size=size)
    except OSError as reason:
        with suppress(OSError):  # the tracker itself may have been refused
            _tell_tracker(resource_tracker.register, name)  # SharedMemory may have unregistered it
            _tell_tracker(resource_tracker.unregister, name)
        told = f"the operating system refused {size:,} bytes of shared memory ({reason})"
        raise GilDemoError(told) from reason


def _tell_tracker(tell: Callable[[str, str], None], name: str) -> None:
    if sys.platform != "win32":
        tell(f"/{name}", "shared_memory")


def _remove(block: SharedMemory) -> None:
    block.close()
    with suppress(FileNotFoundError):  # it has been removed
        block.unlink()
