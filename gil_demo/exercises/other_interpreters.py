"""Checks of notebook 07: who has no lock, threads against processes, what a lone thread pays."""

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.exercises.judging import Judgement, judge_names, judge_number, judge_numbers
from gil_demo.pythons.table import MEASURED, summarise_interpreters

FREE_THREADED = "CPython 3.13.5t"
ORDINARY = "CPython 3.13.0"


def check_sooner(answer: object, table: pd.DataFrame) -> Judgement:
    """Check under which interpreters two threads were done sooner than one.

    Args:
        answer: the interpreters' names.
        table: their run, as `compare_interpreters` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = _summarise(table)
    sooner = set(summary.index[summary["time_ratio"] < 1])
    told = " and ".join(sorted(sooner)) or "none"
    return judge_names(
        answer,
        "sooner",
        sooner,
        summary.index,
        f"{told}, out of {len(summary)}. Where the GIL is on, a second thread has to wait for it.",
        {
            "those are the ones under which two threads took longer. A ratio below 1 is what "
            "you are looking for.": set(summary.index) - sooner,
            "those are all under which two processes were done sooner. Threads have a column of "
            "their own.": summary.index[summary["processes_ratio"] < 1],
            "a Python that was built to run without the GIL can have it on all the same. Go by "
            "`time_ratio`, not by the name.": [
                name for name in summary.index if name.startswith(FREE_THREADED)
            ],
        },
        "`time_ratio` is the time of two threads over the time of one: below 1, they were sooner.",
    )


def check_threads_over_processes(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how long two threads took beside two processes, for each interpreter.

    Args:
        answer: a number for each interpreter, as a Series or a dict.
        table: their run, as `compare_interpreters` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = _summarise(table)
    threads, processes = summary["time_ratio"], summary["processes_ratio"]
    ratios = threads / processes
    least = str(ratios.idxmin())
    return judge_numbers(
        answer,
        "threads_over_processes",
        ratios.to_dict(),
        f"{(ratios < 1).sum()} of {len(ratios)} are below 1, where threads were done sooner "
        f"than processes; the least is {ratios[least]:.2f}, under {least}. The "
        "workers' start isn't counted; threads start sooner.",
        {
            "upside down. The threads' time goes over the processes' time.": (
                (processes / threads).to_dict()
            ),
            "that is a difference. Divide, so that 1 means equally long.": (
                (threads - processes).to_dict()
            ),
            "those are threads over one thread. Divide them by the processes' column.": (
                threads.to_dict()
            ),
        },
        "divide the column `time_ratio` by `processes_ratio`, both of `by_name`.",
    )


def check_beside_ordinary(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how long two threads without the GIL took beside one of the ordinary build.

    Args:
        answer: the ratio, as one number.
        table: the run of both, as `compare_interpreters` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, holds several runs, or lacks one of the two.
    """
    summary = _summarise(table)
    if missing := {FREE_THREADED, ORDINARY} - set(summary.index):
        raise ResultsError(f"the table has no {' and no '.join(sorted(missing))}")
    threads, steps = summary["time_ratio"], summary["step_nanoseconds"]
    own, price = threads[FREE_THREADED], steps[FREE_THREADED] / steps[ORDINARY]
    return judge_number(
        answer,
        "beside_ordinary",
        own * price,
        f"{own * price:.2f} ×. Its own ratio, {own:.2f}, leaves out that a step took one thread "
        f"{price:.2f} × as long: what you gain depends on what you had before.",
        {
            "that is beside one thread of the same Python. How long is a step of that thread, "
            "beside one of the ordinary build?": own,
            "that is what one thread pays. Two of them share the steps.": price,
            "upside down. The free-threaded Python's time goes over the ordinary one's.": (
                1 / (own * price)
            ),
            "the dearer step makes it longer, not shorter: which step goes over which?": (
                own / price
            ),
            "that is two threads beside two threads. The ordinary build has one to count with.": (
                own * price / threads[ORDINARY]
            ),
        },
        "two ratios play a part: two threads over one, and the dearer step over the ordinary one. "
        "What happens if both apply?",
    )


def _summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up, under the interpreters' names, those that ran both threads and processes."""
    summary = summarise_interpreters(table).set_index("interpreter")
    whole = summary[summary["state"] == MEASURED].dropna(subset=["processes_ratio"])
    if whole.empty:
        raise ResultsError("the table has no interpreter that ran both threads and processes")
    return whole
