import errno
import hashlib
import io
import multiprocessing
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

from gil_demo.running.scripts import run_script
from gil_demo.waiting import blocking
from gil_demo.waiting.blocking import (
    compress_bytes,
    hash_bytes,
    make_numbers,
    sleep,
    sort_numbers,
    write_file,
)
from tests.test_package import HEAVY


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder in which temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


class Watched(io.FileIO):
    """A file that notes how much was written to it and read from it."""

    written = 0
    was_read = b""

    def write(self, data: Any) -> int:
        count = super().write(data)
        self.written += count
        return count

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size) or b""
        self.was_read += block
        return block


class Hesitant(Watched):
    """A file that takes a thousand bytes at a time, as an operating system may."""

    def write(self, data: Any) -> int:
        return super().write(data[:1000])


# waiting


@pytest.mark.parametrize(("milliseconds", "seconds"), [(0, 0.0), (1, 0.001), (2500, 2.5)])
def test_sleeping_takes_the_milliseconds_asked_for(
    milliseconds: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    sleep(milliseconds)
    assert slept == [seconds]


@pytest.mark.parametrize("kilobytes", [1, 3, 1024, 1025, 2500])
def test_the_file_on_the_disk_has_the_size_asked_for_and_is_gone_afterwards(
    kilobytes: int, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: sizes.append(os.fstat(descriptor).st_size))
    write_file(kilobytes)
    assert sizes == [kilobytes * 1024]
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("kind", [Watched, Hesitant])
def test_all_that_was_written_is_read_again_after_it_is_on_the_disk(
    kind: type[Watched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = kind(tmp_path / "file", "w+")
    read_before = []
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: file)
    monkeypatch.setattr(os, "fsync", lambda _: read_before.append(len(file.was_read)))
    write_file(1500)
    assert read_before == [0]
    assert file.written == len(file.was_read) == 1500 * 1024
    assert file.closed
    assert (tmp_path / "file").read_bytes() == file.was_read


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_is_an_os_error_and_leaves_no_file(
    reason: int, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=os.strerror(reason)):
        write_file(1)
    assert list(scratch.iterdir()) == []


def test_a_temporary_folder_that_is_missing_is_an_os_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(FileNotFoundError):
        write_file(1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")
def test_a_file_that_may_not_grow_is_an_os_error(tmp_path: Path) -> None:
    script = (
        "import errno, resource, signal, tempfile\n"
        "from gil_demo.blocking import write_file\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))\n"
        "write_file(4)\n"
        "try:\n"
        "    write_file(5)\n"
        "except OSError as reason:\n"
        "    print(errno.errorcode[reason.errno])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert (answer.stdout, answer.stderr) == ("EFBIG\n", "")
    assert list(tmp_path.iterdir()) == []


# C code


@pytest.mark.parametrize("kilobytes", [1, 7, 4096])
def test_as_many_bytes_are_hashed_as_were_asked_for_in_one_call(
    kilobytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    genuine = hashlib.sha256

    def note(data: bytes) -> Any:
        sizes.append(len(data))
        return genuine(data)

    monkeypatch.setattr(hashlib, "sha256", note)
    hash_bytes(kilobytes)
    assert sizes == [kilobytes * 1024]


@pytest.mark.parametrize("kilobytes", [1, 7, 1024])
def test_as_many_bytes_are_compressed_as_were_asked_for_in_one_call(
    kilobytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[bytes] = []
    genuine = zlib.compress

    def note(data: bytes) -> bytes:
        given.append(data)
        return genuine(data)

    monkeypatch.setattr(zlib, "compress", note)
    compress_bytes(kilobytes)
    assert [len(data) for data in given] == [kilobytes * 1024]
    assert len(set(given[0])) == 256


def test_the_numbers_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = make_numbers(1000)
    in_order = sorted(numbers)
    assert numbers != in_order
    asked: list[int] = []

    def hand_out(count: int) -> list[int]:
        asked.append(count)
        return numbers

    monkeypatch.setattr(blocking, "make_numbers", hand_out)
    sort_numbers(1000)
    assert asked == [1000]
    assert numbers == in_order


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_the_same_numbers_are_made_at_every_call_whatever_the_program_did_before(
    count: int,
) -> None:
    random.seed(1)
    first = make_numbers(count)
    random.seed(2)
    assert make_numbers(count) == first
    assert len(first) == count
    assert all(isinstance(number, int) for number in first)


def test_the_numbers_hardly_repeat_and_the_program_s_own_chance_is_left_alone() -> None:
    random.seed(5)
    before = random.getstate()
    assert len(set(make_numbers(10_000))) > 9_990
    assert random.getstate() == before


# workers


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_worker_that_runs_the_workloads_holds_nothing_heavy(method: str, tmp_path: Path) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    listed = tmp_path / "modules.txt"
    # exec is a function of Python's own: the worker imports nothing for the test's sake
    task = f"import sys; open({str(listed)!r}, 'w').write(' '.join(sys.modules))"
    script = (
        "from functools import partial\n"
        "from gil_demo import blocking, processes\n"
        "from gil_demo.loopback import answer_late, ask_slow_server, serving\n"
        "if __name__ == '__main__':\n"
        f"    with serving(answer_late) as port, processes(1, {method!r}) as run:\n"
        "        for work in (blocking.sleep, blocking.write_file, blocking.hash_bytes,\n"
        "                     blocking.compress_bytes, blocking.sort_numbers,\n"
        "                     partial(ask_slow_server, port=port)):\n"
        "            run(work, [1])\n"
        f"        run(exec, [{task!r}])\n"
    )
    outcome = run_script(script, 20.0)
    assert (outcome.state, outcome.output) == ("finished", "")
    modules = set(listed.read_text().split())
    assert {"gil_demo", "gil_demo.blocking", "gil_demo.loopback"} <= modules
    assert not HEAVY & modules
