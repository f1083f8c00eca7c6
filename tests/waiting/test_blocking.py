import hashlib
import io
import os
import random
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from gil_demo.waiting import blocking


def test_as_much_is_done_as_was_asked_for_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    works: Any = (
        (time, "sleep", blocking.sleep, 25, 0.025),
        (hashlib, "sha256", blocking.hash_bytes, 7, bytes(range(256)) * 28),
        (zlib, "compress", blocking.compress_bytes, 7, bytes(range(256)) * 28),
    )
    for module, name, work, amount, given in works:
        spy = Mock(wraps=getattr(module, name))
        monkeypatch.setattr(module, name, spy)
        work(amount)
        spy.assert_called_once_with(given)


class Hesitant(io.FileIO):
    """A file that takes a thousand bytes at a time, as an operating system may."""

    was_read = b""

    def write(self, data: Any) -> int:
        return super().write(data[:1000])

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size) or b""
        self.was_read += block
        return block


def test_a_file_is_written_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, on_disk = Hesitant(tmp_path / "file", "w+"), []

    def note(descriptor: int) -> None:
        on_disk.append((os.fstat(descriptor).st_size, file.was_read))

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: file)
    monkeypatch.setattr(os, "fsync", note)
    blocking.write_file(1025)
    assert on_disk == [(1025 * 1024, b"")]
    assert (len(file.was_read), file.closed) == (1025 * 1024, True)


def test_the_same_numbers_are_sorted_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    before = random.getstate()
    numbers = blocking.make_numbers(1000)
    assert blocking.make_numbers(1000) == numbers != sorted(numbers)
    assert (random.getstate(), len(set(numbers))) == (before, 1000)
    monkeypatch.setattr(blocking, "make_numbers", {1000: numbers}.__getitem__)
    blocking.sort_numbers(1000)
    assert numbers == sorted(numbers)
