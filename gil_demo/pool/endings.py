"""Ask how a pool ends: what is alive after each way of ending it, and what work is lost.

Each way is tried in an interpreter of its own, so that nothing it leaves outlives the question.
"""

from collections.abc import Sequence

import pandas as pd

from gil_demo.checks import GilDemoError, check_choices
from gil_demo.running.pools import check_start_method
from gil_demo.running.scripts import find_answer, run_script

ENDINGS = {
    "close and join": "pool.close(); pool.join()",
    "close": "pool.close()",
    "terminate": "pool.terminate()",
    "with": "pool.__exit__(None, None, None)",
    "del": "del pool",
    "nothing": "pass",
}
"""The ways to end a pool, by name, and their code; leaving a `with` block calls `__exit__`."""

_SCRIPT = """
import gc, json, multiprocessing, time, warnings
import psutil

def work(seconds):
    time.sleep(seconds)
    return seconds

def look():
    workers, helpers, own = 0, set(), psutil.Process()
    for child in own.children(recursive=True):
        try:
            words, parent = " ".join(child.cmdline()), child.ppid()
        except psutil.NoSuchProcess:  # or a zombie
            continue
        if "resource_tracker" in words:
            helpers.add("resource tracker")
        elif "forkserver" in words and parent == own.pid:
            helpers.add("fork server")
        else:
            workers += 1
    return workers, sorted(helpers)

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    pool = multiprocessing.get_context({method!r}).Pool(2)
    pool.map(work, [0, 0])
    jobs = [pool.apply_async(work, [0.05]) for _ in range(6)]
    began = time.perf_counter()
    {ending}
    seconds = time.perf_counter() - began
    gc.collect()
    alive, helpers = look()
    deadline = time.monotonic() + 10
    while look()[0] and not all(job.ready() for job in jobs) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)  # in which workers that are done may leave
    later, _ = look()
    lost = sum(not job.ready() for job in jobs)
    answer = json.dumps(dict(
        seconds=round(seconds, 6), workers_alive=alive, workers_later=later,
        helpers=" and ".join(helpers) or "none", jobs=len(jobs), jobs_lost=lost,
    ))
    print(f"<answer>{{answer}}</answer>")
"""


def examine_endings(
    endings: Sequence[str] = tuple(ENDINGS), *, start_method: str | None = None
) -> pd.DataFrame:
    """End a pool that has six unfinished jobs in several ways, and look at what is left.

    Args:
        endings: which ways, by name: close and join, close, terminate, with, del (no name holds
            the pool any more), nothing.
        start_method: how the workers are started; None means the platform's default.

    Returns:
        A row for each way: ending; seconds (that it took); workers_alive (right after) and
        workers_later (when there was time enough for all jobs); helpers (multiprocessing's own
        processes that were alive, by name); jobs and jobs_lost.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the pool could not be watched.
    """
    names = check_choices("endings", "endings", endings, [*ENDINGS])
    method = check_start_method(start_method)
    return pd.DataFrame([_examine(name, method) for name in names])


def _examine(name: str, method: str) -> dict[str, object]:
    outcome = run_script(_SCRIPT.format(method=method, ending=ENDINGS[name]), 30.0)
    try:
        return {"ending": name, **find_answer(outcome)}
    except ValueError:
        raise GilDemoError(f"a pool ended by {name} could not be watched: {outcome}") from None
