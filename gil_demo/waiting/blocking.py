"""Work to hold against the countdown: waiting, and long calls into C code.

Each function takes one whole number, how much there is to do. Standard library only, since worker
processes import it.
"""

import array
import hashlib
import os
import random
import tempfile
import time
import zlib
from functools import lru_cache

_SEED = 2009
_LINE = bytes(range(256))
_BLOCK_BYTES = 1 << 20


def sleep(milliseconds: int) -> None:
    """Do nothing for a while; a thread lets go of the GIL meanwhile."""
    time.sleep(milliseconds / 1000)


def write_file(kilobytes: int) -> None:
    """Write a temporary file (units of 1,024 bytes) to the disk, wait for it, read it again."""
    block = _LINE * (_BLOCK_BYTES // len(_LINE))
    left = kilobytes * 1024
    with tempfile.TemporaryFile(buffering=0) as file:
        while left > 0:
            left -= file.write(block[:left])
        os.fsync(file.fileno())
        file.seek(0)
        while file.read(_BLOCK_BYTES):
            pass


def hash_bytes(kilobytes: int) -> None:
    """Hash some bytes with SHA-256, in one call of C code that lets go of the GIL."""
    hashlib.sha256(_keep_bytes(kilobytes)).digest()


def compress_bytes(kilobytes: int) -> None:
    """Compress some bytes with zlib, in one call of C code that lets go of the GIL."""
    zlib.compress(_keep_bytes(kilobytes))


@lru_cache(maxsize=1)
def _keep_bytes(kilobytes: int) -> bytes:
    # made once: getting memory from the system isn't what is measured, and at times takes as long
    return _LINE * (kilobytes * 1024 // len(_LINE))


def sort_numbers(count: int) -> None:
    """Sort random numbers, in one call of C code that keeps the GIL."""
    make_numbers(count).sort()


def make_numbers(count: int) -> list[int]:
    """Make a list of random whole numbers, the same at every call."""
    return array.array("q", random.Random(_SEED).randbytes(8 * count)).tolist()
