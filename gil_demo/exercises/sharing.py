"""Checks of notebook 04: what threads share, and processes don't."""

import pickle
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TextIO

from gil_demo.checks import shorten
from gil_demo.exercises.judging import Answer, Judgement
from gil_demo.sharing.counters import count_lines

TOTAL, TASKS, ADDED = 5, 3, 2


def check_after(answer: object) -> Judgement:
    """Check what a global holds in the parent when threads, or processes, have added to it."""
    changed = TOTAL + TASKS * ADDED

    def tell(threads: int, processes: int) -> dict[str, int]:
        return {"threads": threads, "processes": processes}

    return Answer("after", answer).judge_numbers(
        tell(changed, TOTAL),
        f"{changed} and {TOTAL}. Threads add to the one global that there is, each process to a "
        "copy of its own, which goes when the process ends.",
        {
            "that is as if the processes shared the parent's global. Where is the `total` that a "
            "worker adds to?": tell(changed, changed),
            "that is the wrong way round. Who shares a memory with the parent?": tell(
                TOTAL, changed
            ),
            "the threads share the parent's global. Does nothing become of what they add?": tell(
                TOTAL, TOTAL
            ),
            "that is what a worker process sees. The parent has a `total` of its own.": tell(
                changed, TOTAL + ADDED
            ),
        },
        f"all {TASKS} threads add {ADDED} to one global. How many of the processes add to the "
        "parent's?",
    )


class _Files(list[TextIO]):
    def __repr__(self) -> str:
        return f"{len(self)} open files"


def check_make_tasks(answer: object) -> Judgement:
    """Check a function that makes tasks of open files, which can't be sent to a worker."""
    with (
        # Windows removes no file that the reader's function has opened and kept
        TemporaryDirectory(prefix="gil_demo-", ignore_cleanup_errors=True) as folder,
        ExitStack() as stack,
    ):
        files = _Files()
        for lines in (2, 3, 5):
            path = Path(folder, f"{lines}.txt")
            path.write_text("a line\n" * lines, encoding="utf-8")
            files.append(stack.enter_context(path.open(encoding="utf-8")))
        files[1].read()
        return Answer("make_tasks", answer).judge_function(
            [(files,)],
            _find_task_fault,
            "a path can be sent, and each worker opens the file for itself, at its beginning.",
        )


def _find_task_fault(found: Any, files: list[TextIO]) -> str:
    if not isinstance(found, list | tuple) or len(found) != len(files):
        return "`map` needs a list, with one item for each file."
    for task, file in zip(found, files, strict=True):
        try:
            sent = pickle.loads(pickle.dumps(task))
        except Exception as reason:
            return f"that can't be sent to a worker ({reason}). What can be sent of an open file?"
        if isinstance(sent, int):
            return "a file's number is this process's own: a worker has other files under it."
        try:
            lines = count_lines(sent)
        except Exception:
            return f"`count_lines` can't open {shorten(sent)}: it wants a path."
        if lines != count_lines(file.name):
            return "those aren't the paths of the files, in their order."
    return ""


class MadeUpLock:
    """A lock that raises an error where a true one would wait for ever, and counts its takings."""

    def __init__(self) -> None:
        self.is_taken, self.times = False, 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        del blocking, timeout
        if self.is_taken:
            raise RuntimeError("it is taken already: here a true lock waits for ever")
        self.is_taken, self.times = True, self.times + 1
        return True

    def release(self) -> None:
        if not self.is_taken:
            raise RuntimeError("release unlocked lock")
        self.is_taken = False

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class MadeUpAccount:
    """An account that notes whether its balance was touched without its lock."""

    def __init__(self, balance: int) -> None:
        self.lock, self._balance, self.was_open = MadeUpLock(), balance, False

    def __repr__(self) -> str:
        return f"an account of {self._balance}"

    @property
    def balance(self) -> int:
        self.was_open |= not self.lock.is_taken
        return self._balance

    @balance.setter
    def balance(self, balance: int) -> None:
        self.was_open |= not self.lock.is_taken
        self._balance = balance


class _Outcome(NamedTuple):
    is_paid: object
    account: MadeUpAccount

    def __repr__(self) -> str:
        return repr(self.is_paid)


def check_withdraw(answer: object) -> Judgement:
    """Check a function that takes money from an account that threads share, by one made up."""

    def withdraw(account: MadeUpAccount, amount: int) -> _Outcome | None:
        is_paid = answer(account, amount)  # type: ignore[operator]
        is_silent = is_paid is ... or (is_paid is None and not account.lock.times)
        return None if is_silent else _Outcome(is_paid, account)

    return Answer("withdraw", withdraw if callable(answer) else answer).judge_function(
        [(MadeUpAccount(100), amount) for amount in (60, 130, 100)],
        _find_fault,
        "it looks and takes in one piece, and the lock is free again however it ends.",
    )


def _find_fault(found: _Outcome, before: MadeUpAccount, amount: int) -> str:
    account, balance = found.account, before.balance
    is_enough = amount <= balance
    rest = balance - amount if is_enough else balance
    if account.lock.is_taken:
        return (
            "the lock is still taken, and whoever wants it next waits for ever. `with` gives it "
            "back, whatever way the block is left."
        )
    if account.was_open:
        return (
            "the balance was read or written without the lock. Another thread may come in between."
        )
    if account.lock.times > 1:
        return "the lock was free between reading and writing. Take it once, around both."
    if account.balance != rest or found.is_paid is not is_enough:
        return f"{rest} should be left of {balance}, and the answer should be {is_enough}."
    return ""
