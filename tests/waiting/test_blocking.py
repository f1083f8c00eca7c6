import hashlib
import io
import os
import random
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from gil_demo.waiting import blocking
from tests.test_package import HEAVY


def test_sleeping_takes_the_milliseconds_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    blocking.sleep(2500)
    assert slept == [2.5]


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
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: file)

    def note(descriptor: int) -> None:
        on_disk.append((os.fstat(descriptor).st_size, file.was_read))

    monkeypatch.setattr(os, "fsync", note)
    blocking.write_file(1025)
    assert on_disk == [(1025 * 1024, b"")]
    assert len(file.was_read) == 1025 * 1024
    assert file.closed


@pytest.mark.parametrize(
    ("module", "name", "work"),
    [(hashlib, "sha256", blocking.hash_bytes), (zlib, "compress", blocking.compress_bytes)],
)
def test_as_many_bytes_are_worked_on_as_were_asked_for_in_one_call(
    module: Any, name: str, work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    genuine = getattr(module, name)

    def note(data: bytes) -> Any:
        given.append(len(data))
        return genuine(data)

    monkeypatch.setattr(module, name, note)
    work(7)
    assert given == [7 * 1024]


def test_the_same_numbers_are_sorted_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    before = random.getstate()
    numbers = blocking.make_numbers(1000)
    assert blocking.make_numbers(1000) == numbers
    assert random.getstate() == before
    in_order = sorted(set(numbers))
    assert len(in_order) == 1000
    assert numbers != in_order
    monkeypatch.setattr(blocking, "make_numbers", {1000: numbers}.__getitem__)
    blocking.sort_numbers(1000)
    assert numbers == in_order


def test_what_a_worker_imports_for_the_workloads_is_nothing_heavy() -> None:
    script = "import gil_demo.waiting.blocking, gil_demo.waiting.loopback, sys; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert not HEAVY & set(told.stdout.decode().split())
