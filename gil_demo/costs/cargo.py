"""What a worker does with data. It loads this module, which therefore imports nothing."""

_kept: dict[int, bytes] = {}


def read_block(name: str, size: int) -> int:
    """Copy bytes out of a block, as a worker that needs them for itself does; return how many."""
    from multiprocessing.shared_memory import SharedMemory

    block = SharedMemory(name=name)
    try:
        assert block.buf is not None  # it is until the block is closed
        return len(bytes(block.buf[:size]))
    finally:
        block.close()


def make_bytes(size: int) -> bytes:
    """Return so many bytes, written and not only promised by the system."""
    return b"x" * size


def keep(*pieces: bytes) -> None:
    """Keep data for later tasks of this worker, one piece of each length, as initializers do."""
    _kept.update((len(piece), piece) for piece in pieces)


def measure_kept(size: int) -> int:
    return len(_kept[size])


def give_kept(size: int) -> bytes:
    return _kept[size]
