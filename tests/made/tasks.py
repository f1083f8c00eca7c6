"""What the workers run in the tests; light, since every spawned worker imports it."""

import os
import sys
import time
from pathlib import Path

_MARKS: list[object] = []


def give_back(value: object) -> object:
    return value


def die(*_: object) -> None:
    os._exit(3)


def tell_death(method: str) -> str:
    """Tell how `die` is told; a fork server's answer is lost where two threads ask for it."""
    return r"\(exit code (3|not known)\)" if method == "forkserver" else r"\(exit code 3\)"


def leave(_: object) -> None:
    sys.exit(4)


def refuse(value: object) -> None:
    raise LookupError(f"no such thing as {value}")


def stop_short(_: object) -> None:
    raise StopIteration("here")


class Stubborn(Exception):  # pickles, but can't be made again from its one argument
    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def be_stubborn(_: object) -> None:
    raise Stubborn("this", "that")


def shatter(_: object) -> Stubborn:
    return Stubborn("this", "that")


def countdown_for_ever(mark: str) -> None:
    Path(mark).touch()
    n = 1
    while n > 0:
        n += 1


def swallow_a_stop(mark: str) -> None:
    try:
        countdown_for_ever(mark)
    except BaseException:
        countdown_for_ever(mark)


def stick_in_c_code(word: str) -> None:
    """Print a word, and then hold the GIL for ever."""
    import re

    print(word, flush=True)
    re.match("(a+)+$", "a" * 60 + "b")


def add_process(path: str) -> None:
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")


def read_and_rest(name: str, *, is_killed: bool = False) -> None:
    """Attach to a block of shared memory, and keep it open for a moment, or be killed with it."""
    from multiprocessing.shared_memory import SharedMemory

    block = SharedMemory(name=name)
    assert block.buf is not None
    assert block.buf[0] is not None
    if is_killed:
        die()
    time.sleep(1.0)
    block.close()


def kill_reader(name: str, *_: object) -> None:
    read_and_rest(name, is_killed=True)


def mark_module(value: object) -> int:
    """Leave a mark in this interpreter's own module; return how many there are."""
    _MARKS.append(value)
    return len(_MARKS)


def note_call(folder: Path, milliseconds: int) -> None:
    """Leave the number of the process behind, in a file of its own for each call."""
    (folder / f"{os.getpid()} {time.perf_counter_ns()} {milliseconds}").touch()
    time.sleep(0.005)  # so that the other worker takes the other task
