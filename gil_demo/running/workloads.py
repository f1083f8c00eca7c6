"""What runs: the countdown and what it needs. Standard library only; every worker imports this."""

from collections.abc import Callable
from time import perf_counter

CHUNK_STEPS = 500
MOST_SLICES = 100_000


def countdown(n: int) -> None:
    """Count down from n to 0 in pure Python, as David Beazley's lesson does.

    Args:
        n: number of steps.
    """
    while n > 0:
        n -= 1


for _ in range(10):  # Python 3.11 runs a function at its full speed from its ninth call on
    countdown(1)


def measure_steps_per_second() -> float:
    """Measure how many steps a second this machine counts down at the moment, undisturbed."""
    steps, seconds = 100_000, []
    for _ in range(5):
        began = perf_counter()
        countdown(steps)
        seconds.append(perf_counter() - began)
    return steps / min(seconds)


def split(count: int, parts: int) -> list[int]:
    """Cut a number of steps into whole parts, larger ones first, that differ by one at most."""
    share, remainder = divmod(count, parts)
    return [share + 1] * remainder + [share] * (parts - remainder)


def split_unevenly(count: int, parts: int) -> list[int]:
    """Cut a number of steps into whole parts that grow evenly, from one to twice the average."""
    spare = count - parts
    whole = parts * (parts - 1) // 2 or 1
    shares = [spare * place // whole for place in range(parts)]
    shares[-1] += spare - sum(shares)
    return [1 + share for share in shares]


CUTS: dict[str, Callable[[int, int], list[int]]] = {"even": split, "uneven": split_unevenly}
"""How a countdown may be cut into the tasks of a list, by name."""


def compute_default_chunksize(tasks: int, workers: int) -> int:
    """Compute the chunksize that `Pool.map` takes by itself: four chunks for each worker.

    As multiprocessing/pool.py does it: `divmod(tasks, 4 * workers)`, one more where there is a
    remainder. `gil_demo.observe_chunksize` tells what a pool truly does.
    """
    return -(-tasks // (4 * workers))


def trace_countdown(n: int) -> list[tuple[float, float]]:
    """Count down from n to 0 and note when it was this thread's turn to run.

    The clock is read after every `CHUNK_STEPS` steps. Where five times the quickest chunk, and a
    tenth of a millisecond, went by at once, the thread can't have been running: it waited for
    the GIL, or the operating system had given its core to something else.

    Args:
        n: number of steps.

    Returns:
        The slices of time in which it ran, as (start, end) in seconds on the machine's
        performance counter; the first `MOST_SLICES` of them, so that memory stays bounded, and
        then one of no length at its end.
    """
    slices: list[tuple[float, float]] = []
    begun = last = perf_counter()
    quickest = 1.0
    while n > 0:
        stop = n - CHUNK_STEPS if n > CHUNK_STEPS else 0
        while n > stop:
            n -= 1
        now = perf_counter()
        elapsed = now - last
        if elapsed > 1e-4 and elapsed > 5 * quickest:
            slices.append((begun, last))
            if len(slices) == MOST_SLICES:
                countdown(n)
                end = perf_counter()
                return [*slices, (end, end)]
            begun = now
        elif elapsed < quickest:
            quickest = elapsed
        last = now
    slices.append((begun, last))
    return slices


def count_for(seconds: float) -> None:
    """Count down, again and again, until some time is over."""
    end = perf_counter() + seconds
    while perf_counter() < end:
        countdown(CHUNK_STEPS)


def count_numbered(number: int, n: int) -> tuple[int, float]:
    """Count down, and return the task's number and when it was done, on the machine's clock."""
    countdown(n)
    return number, perf_counter()


def count_pair(pair: tuple[int, int]) -> tuple[int, float]:
    """Do what `count_numbered` does with both arguments in one, as `Pool.map` hands them out."""
    return count_numbered(*pair)


class CallCounter:
    """A function that gives back how often this copy of it has been called.

    `Pool.map` sends the function along with each chunk, so that each chunk gets a copy of its
    own: the copies' counts show how the list was cut, without a look inside the pool.
    """

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, _: object) -> int:
        self.calls += 1
        return self.calls
