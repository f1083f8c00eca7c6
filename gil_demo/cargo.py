"""What is carried to a worker and back: the functions that workers run on it.

Standard library only: workers import this.
"""

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
