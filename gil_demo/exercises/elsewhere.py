"""Checks of notebooks 10, 11 and 12: other Pythons, other machines, a whole class."""

import math

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.classroom.table import CLASS, find_ideal, pick_machines
from gil_demo.engines.overheads import OVERHEADS, summarise_engines
from gil_demo.exercises.judging import Answer, Judgement, find_mistake, pick
from gil_demo.measuring.runs import BASELINE
from gil_demo.pythons.measure import INTERPRETERS, MEASURED, summarise_interpreters
from gil_demo.tables.schema import check_kind, check_one_run
from gil_demo.words import count_in_words, list_in_words

FREE_THREADED, ORDINARY = "CPython 3.13.5t", "CPython 3.13.0"
SHARE = 0.1  # of a task's length, which its cost should be at most
JOBS, JOB_MILLISECONDS = 100_000, 0.1


def check_sooner(answer: object, table: pd.DataFrame) -> Judgement:
    """Check under which interpreters two threads were done sooner than one, by their names."""
    summary = _summarise(table)
    names = summary.index
    sooner = set(names[summary["time_ratio"] < 1])
    told = list_in_words(sorted(sooner)) or "none"
    return Answer("sooner", answer).judge_names(
        sooner,
        names,
        f"{told}, out of {len(names)}. Where the GIL is on, a second thread has to wait for it.",
        {
            "those are the ones under which two threads took longer. A ratio below 1 is what "
            "you are looking for.": set(names) - sooner,
            "those are all under which two processes were done sooner. Threads have a column of "
            "their own.": names[summary["processes_ratio"] < 1],
            "a Python that was built to run without the GIL can have it on all the same. Go by "
            "`time_ratio`, not by the name.": names[names.str.startswith(FREE_THREADED)],
        },
        "`time_ratio` is the time of two threads over the time of one: below 1, they were sooner.",
    )


def check_threads_over_processes(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how long two threads took beside two processes, for each interpreter."""
    summary = _summarise(table)
    threads, processes = summary["time_ratio"], summary["processes_ratio"]
    ratios = threads / processes
    return Answer("threads_over_processes", answer).judge_numbers(
        ratios,
        f"{(ratios < 1).sum()} of {len(ratios)} are below 1, where threads were done sooner "
        f"than processes; the least is {ratios.min():.2f}, under {ratios.idxmin()}. The "
        "workers' start isn't counted; threads start sooner.",
        {
            "upside down. The threads' time goes over the processes' time.": processes / threads,
            "that is a difference. Divide, so that 1 means equally long.": threads - processes,
            "those are threads over one thread. Divide them by the processes' column.": threads,
        },
        "divide the column `time_ratio` by `processes_ratio`, both of `by_name`.",
    )


def check_beside_ordinary(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how long two threads without the GIL took beside one of the ordinary build."""
    summary = _summarise(table)
    if missing := {FREE_THREADED, ORDINARY} - set(summary.index):
        raise ResultsError(f"the table has no {' and no '.join(sorted(missing))}")
    threads, steps = summary["time_ratio"], summary["step_nanoseconds"]
    own, price = threads[FREE_THREADED], steps[FREE_THREADED] / steps[ORDINARY]
    ratio, divided = own * price, own / price
    both = ratio / threads[ORDINARY]
    return Answer("beside_ordinary", answer).judge_number(
        ratio,
        f"{ratio:.2f} ×. Its own ratio, {own:.2f}, leaves out that a step took one thread "
        f"{price:.2f} × as long: what you gain depends on what you had before.",
        {
            "that is beside one thread of the same Python. How long is a step of that thread, "
            "beside one of the ordinary build?": own,
            "that is what one thread pays. Two of them share the steps.": price,
            "upside down. The free-threaded Python's time goes over the ordinary one's.": 1 / ratio,
            "the longer step makes it longer, not shorter: which step goes over which?": divided,
            "that is two threads beside two threads. The ordinary build has one to count "
            "with.": both,
        },
        "two ratios play a part: two threads over one, and the longer step over the ordinary one. "
        "What happens if both apply?",
    )


def _summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up, under the interpreters' names, those that ran both threads and processes."""
    check_one_run(table, INTERPRETERS)
    summary = summarise_interpreters(table).set_index("interpreter")
    whole = summary[summary["state"] == MEASURED].dropna(subset=["processes_ratio"])
    if whole.empty:
        raise ResultsError("the table has no interpreter that ran both threads and processes")
    return whole


def check_least(answer: object, table: pd.DataFrame) -> Judgement:
    """Check from how many milliseconds on a task costs a tenth of itself at most, by runner."""
    costs = _list_milliseconds(table)
    least = costs / SHARE
    return Answer("least", answer).judge_numbers(
        least,
        f"from {least.min():.1f} ms for {least.idxmin()} to {least.max():.1f} ms for "
        f"{least.idxmax()}. Longer tasks feel the cost less still.",
        {
            "that is the cost itself. The task should be so much longer that the cost is a tenth "
            "of it.": costs,
            "that is a tenth of the cost. The cost should be a tenth of the task.": costs * SHARE,
            "those are seconds. A second has 1,000 milliseconds.": least / 1000,
        },
        "cost / length = 0.1; solve it for the length.",
    )


def check_jobs(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many jobs fill a task whose cost is a tenth of its length at most, by runner."""
    costs = _list_milliseconds(table)
    lengths, as_long = costs / SHARE, (costs / JOB_MILLISECONDS).map(math.ceil)
    exact = lengths / JOB_MILLISECONDS
    jobs, floor = exact.map(math.ceil), exact.map(math.floor)
    return Answer("jobs", answer).judge_numbers(
        jobs,
        f"from {jobs.min():,} to {jobs.max():,}, for {jobs.idxmax()}, which then gets "
        f"{math.ceil(JOBS / jobs.max()):,} tasks instead of {JOBS:,}.",
        {
            "a part of a job can't be handed out. Round up: `math.ceil` does that.": exact,
            "rounded down, so that the cost is a little more than a tenth. Round up.": floor,
            "rounded to the nearest, so that some cost more than a tenth. Round up.": exact.round(),
            "that is how long a task must be, in milliseconds. How many jobs of 0.1 ms fill "
            "it?": lengths,
            "then the cost is as long as the work. It should be a tenth of it at most.": as_long,
        },
        "first the length of a task, as in exercise 1; then how many jobs of 0.1 ms fill it.",
    )


def _list_milliseconds(table: pd.DataFrame) -> "pd.Series[float]":
    check_one_run(table, OVERHEADS)
    return 1000 * summarise_engines(table).set_index("runner")["overhead_seconds"]


def check_add_up(answer: object) -> Judgement:
    """Check a function that adds up answers, each task's once though it was run twice."""
    return Answer("add_up", answer).judge_function(
        [
            ([(0, 10), (1, 20), (2, 30)],),
            ([(0, 10), (1, 20), (0, 10)],),
            ([(0, 10), (1, 10), (2, 10)],),
            ([(3, 5), (3, 5), (1, 7), (3, 5), (1, 7)],),
            ([],),
        ],
        _find_wrong_sum,
        "each task counts once, however often it was run. That is what lets an engine run a lost "
        "task again without asking.",
    )


def _find_wrong_sum(found: object, notes: list[tuple[int, int]]) -> str:
    answers = dict(notes)
    expected = sum(answers.values())
    mistakes = {
        "a task that was run twice counts twice there.": sum(answer for _, answer in notes),
        "two tasks may have the same answer. Tell them by their numbers.": sum({*answers.values()}),
        "add up the answers, not the tasks' numbers.": sum(answers),
    }
    otherwise = f"the tasks {sorted(answers)} count once each, which makes {expected}."
    return find_mistake(found, expected, mistakes, otherwise)


def check_paces(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many times as long the slowest machine's plain loop took as the quickest's."""
    loops = _pick(table, BASELINE).set_index("file")["seconds"]
    paces, of_all = loops.max() / loops.min(), table["seconds"].max() / table["seconds"].min()
    return Answer("paces", answer).judge_number(
        paces,
        f"{paces:.1f} ×, from {loops.idxmin()} to {loops.idxmax()}. Of threads it says nothing: "
        "theirs are compared with the loop of their own machine.",
        {
            "upside down. The slowest machine's time goes over the quickest's.": 1 / paces,
            "that is a difference, in seconds. Divide.": loops.max() - loops.min(),
            "there, threads and processes count, too. Take the rows of the plain loop "
            "alone.": of_all,
        },
        'take the rows whose `runner` is "sequential", then the largest and the smallest '
        "`seconds`.",
    )


def check_medians(answer: object, table: pd.DataFrame) -> Judgement:
    """Check the median of the judged machines' ratios of threads, by whether there is a GIL."""
    _pick(table, "threads")
    everyone = pick_machines(table, "threads")
    threads = everyone[everyone["is_judged"]]
    if threads.empty:
        raise ResultsError("no machine of the class can carry a verdict on threads")
    groups = threads.groupby("gil_enabled")
    medians, means = groups["time_ratio"].median(), groups["time_ratio"].mean()
    names = {True: "with the GIL", False: "without"}
    told = [f"{median:.2f} {names[bool(lock)]}" for lock, median in medians.items()]
    return Answer("medians", answer).judge_numbers(
        medians,
        f"{' and '.join(told)}, as in the sentences above; {threads['time_ratio'].median():.2f} "
        "for all together, which leans to whichever group is larger.",
        {
            "those count machines that can't carry a verdict, too. Take the rows where `is_judged` "
            "is true.": everyone.groupby("gil_enabled")["time_ratio"].median(),
            "those are means, which one machine far off can pull along. Take the median.": means,
            "those are speed-ups. Take the column `time_ratio`.": groups["speed_up"].median(),
        },
        "take the rows of `threads` where `is_judged` is true, cut them in groups with "
        '`groupby("gil_enabled")`, and take the median of each group\'s `time_ratio`.',
    )


def check_lowest_share(answer: object, table: pd.DataFrame) -> Judgement:
    """Check what share of its own ideal the machine reached that is farthest from it."""
    processes = _pick(table, "processes")
    speed_ups = processes["speed_up"]
    shares, lowest = speed_ups / find_ideal(processes), speed_ups.min()
    farthest = processes.iloc[int(shares.argmin())]
    used = count_in_words(int(farthest["usable_cores"]), "usable core")
    return Answer("lowest_share", answer).judge_number(
        shares.min(),
        f"{shares.min():.2f}, on {farthest['file']}: its speed-up is {farthest['speed_up']:.2f}, "
        f"with {used} and {count_in_words(int(farthest['workers']), 'worker')}.",
        {
            "there, a machine with one core is compared with two, which it hasn't got. Its ideal "
            "is the smaller of workers and usable cores.": (speed_ups / processes["workers"]).min(),
            "there, cores count that two workers can't use. The ideal is the smaller of workers "
            "and usable cores.": (speed_ups / processes["usable_cores"]).min(),
            "that is the lowest speed-up. Divide each by the ideal of its own machine "
            "first.": lowest,
            "that is the highest share. Which machine reached least?": shares.max(),
            "that is the median share. Which machine reached least?": shares.median(),
        },
        "divide each machine's `speed_up` by its own ideal, then take the smallest.",
    )


def _pick(table: pd.DataFrame, runner: str) -> pd.DataFrame:
    check_kind(table, CLASS)
    return pick(table, f"nobody in the class ran {runner}", "runner", runner)
