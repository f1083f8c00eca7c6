import errno
import hashlib
import io
import os
import random
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from gil_demo.running.scripts import run_script
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


def test_a_file_is_written_to_the_disk_in_its_size_and_then_all_of_it_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, on_disk = Hesitant(tmp_path / "file", "w+"), []
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: file)
    monkeypatch.setattr(
        os,
        "fsync",
        lambda descriptor: on_disk.append((os.fstat(descriptor).st_size, file.was_read)),
    )
    blocking.write_file(1025)
    assert on_disk == [(1025 * 1024, b"")]
    assert len(file.was_read) == 1025 * 1024
    assert file.closed


@pytest.mark.parametrize("reason", [None, errno.ENOSPC])
def test_no_file_is_left_whether_or_not_the_disk_fails(
    reason: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sync(_: object) -> None:
        if reason is not None:
            raise OSError(reason, "full")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "fsync", sync)
    if reason is None:
        blocking.write_file(3)
    else:
        with pytest.raises(OSError, match="full"):
            blocking.write_file(3)
    assert list(tmp_path.iterdir()) == []


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


def test_the_numbers_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = blocking.make_numbers(1000)
    in_order = sorted(numbers)
    assert numbers != in_order
    monkeypatch.setattr(blocking, "make_numbers", {1000: numbers}.__getitem__)
    blocking.sort_numbers(1000)
    assert numbers == in_order


def test_the_same_numbers_come_at_every_call_and_the_program_s_own_chance_is_left_alone() -> None:
    random.seed(5)
    before = random.getstate()
    numbers = blocking.make_numbers(10_000)
    assert len(set(numbers)) > 9_990
    assert all(isinstance(number, int) for number in numbers)
    assert random.getstate() == before
    random.seed(6)
    assert blocking.make_numbers(10_000) == numbers


def test_a_worker_that_runs_the_workloads_holds_nothing_heavy(tmp_path: Path) -> None:
    listed = tmp_path / "modules.txt"
    # exec is a function of Python's own: the worker imports nothing for the test's sake
    task = f"import sys; open({str(listed)!r}, 'w').write(' '.join(sys.modules))"
    script = (
        "from functools import partial\n"
        "from gil_demo import processes\n"
        "from gil_demo.waiting import blocking\n"
        "from gil_demo.waiting.loopback import answer_late, ask_slow_server, serving\n"
        "if __name__ == '__main__':\n"
        "    with serving(answer_late) as port, processes(1, 'spawn') as run:\n"
        "        for work in (blocking.sleep, blocking.write_file, blocking.hash_bytes,\n"
        "                     blocking.compress_bytes, blocking.sort_numbers,\n"
        "                     partial(ask_slow_server, port=port)):\n"
        "            run(work, [1])\n"
        f"        run(exec, [{task!r}])\n"
    )
    outcome = run_script(script, 20.0)
    assert (outcome.state, outcome.output) == ("finished", "")
    modules = set(listed.read_text().split())
    assert {"gil_demo.waiting.blocking", "gil_demo.waiting.loopback"} <= modules
    assert not HEAVY & modules
