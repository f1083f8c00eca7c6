"""What a whole class found, in three sentences that can be projected."""

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.classroom.table import find_outliers, is_made_up, pick_machines
from gil_demo.measuring.estimates import LEAST_ROUNDS
from gil_demo.words import (
    MADE_UP,
    capitalise,
    count_in_words,
    find_machine_reservations,
    list_in_words,
    name_workers,
    state_number,
    state_seconds,
    state_share,
)

_MOST_NAMED = 3
_MOST_LETTERS = 24


def judge_class(table: pd.DataFrame) -> str:
    """Say in three sentences what a class found: about threads, processes, and starting them.

    Machines that can't carry a verdict (one usable core, busy, fewer than six rounds) are left
    out of the medians, and counted.

    Args:
        table: a table as `gather` gives it.

    Returns:
        Three sentences, one a line; the first says if the class was made up.

    Raises:
        ResultsError: the table is not of this kind.
    """
    threads, processes = (pick_machines(table, name) for name in ("threads", "processes"))
    sentences = [_judge_threads(threads), _judge_processes(processes), _judge_starts(processes)]
    return "\n".join([head_class(sentences[0], table), *sentences[1:]])


def find_judged(machines: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which machines can carry a verdict on speed."""
    names = ["usable_cores", "busy_percent", "workers", "rounds"]
    judged = [
        rounds >= LEAST_ROUNDS
        and not find_machine_reservations({"usable_cores": cores, "busy_percent": busy}, workers)
        for cores, busy, workers, rounds in machines[names].itertuples(index=False, name=None)
    ]
    return pd.Series(judged, index=machines.index, dtype=bool)


def shorten_name(name: str) -> str:
    """Shorten a file's name so that it fits into a chart or a sentence."""
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 3]}..."


def name_outliers(machines: pd.DataFrame, values: "pd.Series[float]") -> list[str]:
    """List the names of the files whose values are far from the others, farthest first."""
    far = values[find_outliers(values)]
    ordered = (far / values.median()).map(lambda factor: -max(factor, 1 / factor)).sort_values()
    return [shorten_name(str(machines["file"][index])) for index in ordered.index]


def count_machines(machines: pd.DataFrame) -> str:
    """Return the number of machines with its noun."""
    return count_in_words(len(machines), "machine", "machines")


def _judge_threads(threads: pd.DataFrame) -> str:
    if threads.empty:
        return "No machine ran threads."
    judged = threads[find_judged(threads)]
    told = []
    for has_gil, where in ((True, ""), (False, " without the GIL")):
        own = judged[judged["gil_enabled"] == has_gil]
        if len(own):
            low, middle, high = own["time_ratio"].quantile([0.25, 0.5, 0.75])
            told.append(
                f"{name_crew(own)} took {middle:.2f} × as long as the plain loop on the middle "
                f"one of {count_machines(own)}{where}{_state_half(own, low, high)}"
                f"{_state_outliers(own, own['time_ratio'])}"
            )
    if not told:
        return f"No verdict on threads: {_explain_none(threads)}."
    return capitalise(f"{'; '.join(told)}{_state_left_out(threads, judged)}.")


def _judge_processes(processes: pd.DataFrame) -> str:
    if processes.empty:
        return "No machine ran processes."
    judged = processes[find_judged(processes)]
    if judged.empty:
        return f"No verdict on processes: {_explain_none(processes)}."
    low, middle, high = judged["speed_up"].quantile([0.25, 0.5, 0.75])
    share = (judged["speed_up"] / find_ideal(judged)).median()
    return capitalise(
        f"{name_crew(judged)} ran at {middle:.2f} × the speed of the plain loop on the middle one "
        f"of {count_machines(judged)}{_state_half(judged, low, high)}, {state_share(share)} of the "
        f"ideal{_state_outliers(judged, judged['speed_up'])}{_state_left_out(processes, judged)}."
    )


def _judge_starts(processes: pd.DataFrame) -> str:
    if processes.empty:
        return "So nothing can be said of what it takes to start them."
    costs = _rank_systems(processes)
    name = name_crew(processes)
    quickest = f"{state_seconds(costs.iloc[0])} with {costs.index[0]}"
    if len(costs) == 1:
        return f"To start and to end {name} took {quickest} (median)."
    slowest = f"{state_seconds(costs.iloc[-1])} with {costs.index[-1]}"
    return f"To start and to end {name} took {quickest} and {slowest} (medians)."


def _rank_systems(processes: pd.DataFrame) -> "pd.Series[float]":
    costs = measure_starts(processes).groupby(processes["system"]).median()
    return costs.sort_values(kind="stable")


def measure_starts(processes: pd.DataFrame) -> "pd.Series[float]":
    """Return the seconds for starting and ending the workers, one figure a machine."""
    return processes["start_up_seconds"] + processes["tear_down_seconds"]


def find_ideal(machines: pd.DataFrame) -> "pd.Series[float]":
    """Return the speed-up that each machine could have at best: a core for each worker."""
    return machines[["workers", "usable_cores"]].min(axis="columns").astype(float)


def name_crew(machines: pd.DataFrame) -> str:
    """Name the workers of some machines, with their number where it is the same for all."""
    runner, numbers = str(machines["runner"].iloc[0]), set(machines["workers"].astype(int))
    return name_workers(runner, numbers.pop()) if len(numbers) == 1 else runner


def _state_half(own: pd.DataFrame, low: float, high: float) -> str:
    return f" (half of them {low:.2f} to {high:.2f})" if len(own) > _MOST_NAMED else ""


def _state_outliers(machines: pd.DataFrame, values: "pd.Series[float]") -> str:
    names = name_outliers(machines, values)
    if not names:
        return ""
    more = len(names) - _MOST_NAMED
    rest = [f"{state_number(more)} more"] if more > 0 else []
    return f", far off {list_in_words([*names[:_MOST_NAMED], *rest])}"


def _state_left_out(machines: pd.DataFrame, judged: pd.DataFrame) -> str:
    missing = len(machines) - len(judged)
    return f"; {state_number(missing)} left out, busy or with one core" if missing else ""


def _explain_none(machines: pd.DataFrame) -> str:
    return f"all of {count_machines(machines)} had one core, were busy or ran too few rounds"


def head_class(title: str, table: pd.DataFrame) -> str:
    """Return a title with the word that its class was made up, or recorded, where it was."""
    small = f"{title[:1].lower()}{title[1:]}"
    if is_made_up(table):
        return f"Made-up class: {small}"
    return f"Recorded runs: {small}" if (table["recorded_on"] != "").all() else capitalise(title)


def title_slowdowns(threads: pd.DataFrame) -> str:
    """Put what threads took in one line, for the chart's title."""
    return _title(threads, "threads", "time_ratio", "took {} as long as the plain loop")


def title_speed_ups(processes: pd.DataFrame) -> str:
    """Put what processes gave in one line, for the chart's title."""
    return _title(processes, "processes", "speed_up", "ran at {} the speed of the plain loop")


def _title(machines: pd.DataFrame, runner: str, column: str, form: str) -> str:
    judged = machines[find_judged(machines)]
    if judged.empty:
        return head_class(f"no verdict on {runner}", machines)
    has_gil = judged["gil_enabled"]
    where = ""
    if runner == "threads" and has_gil.nunique() > 1:  # two stories, which no median tells
        judged, where = judged[has_gil], " with the GIL"
    told = form.format(f"{judged[column].median():.2f} ×")
    title = f"{name_crew(judged)} {told} (median of {count_machines(judged)}{where})"
    return head_class(title, machines)


def title_systems(processes: pd.DataFrame) -> str:
    """Put what it took to start processes in one line, for the chart's title."""
    costs = _rank_systems(processes)
    ends = [0, -1] if len(costs) > 1 else [0]
    told = [f"{state_seconds(costs.iloc[end])} with {costs.index[end]}" for end in ends]
    return head_class(f"starting {name_crew(processes)} took {' to '.join(told)}", processes)


def title_pythons(threads: pd.DataFrame) -> str:
    """Put what threads took with each Python in one line, for the chart's title."""
    ratios = threads.groupby("python")["time_ratio"].median().sort_values(kind="stable")
    ends = [0, -1] if len(ratios) > 1 else [0]
    told = [f"{ratios.iloc[end]:.2f} × with {ratios.index[end]}" for end in ends]
    return head_class(f"{name_crew(threads)} took {' to '.join(told)}", threads)


def check_any(machines: pd.DataFrame, runner: str) -> pd.DataFrame:
    """Return the machines if there are any.

    Raises:
        ResultsError: there are none.
    """
    if machines.empty:
        raise ResultsError(f"no machine of the class ran {runner} with two workers or more")
    return machines


def describe_class(table: pd.DataFrame) -> str:
    """Say in one line what machines a class has, for the charts' subtitle."""
    machines = table.drop_duplicates("run_id")
    systems = machines["operating_system"].replace({"Darwin": "macOS"}).value_counts()
    told = ", ".join(f"{name} {count}" for name, count in systems.head(4).items())
    is_invented = machines["recorded_on"].str.startswith(MADE_UP)
    recorded = int(((machines["recorded_on"] != "") & ~is_invented).sum())
    invented = int(is_invented.sum())
    origins = [f"{state_number(invented)} made up from recorded runs"] * bool(invented)
    origins += [f"{state_number(recorded)} recorded elsewhere"] * bool(recorded)
    rounds = machines["rounds"].agg(["min", "max"]).astype(int)
    told_rounds = " to ".join(f"{count}" for count in dict.fromkeys(rounds))
    at_work = table[table["workers"] >= 2]
    hollow = ["hollow: busy, one core or few rounds"] * (not find_judged(at_work).all())
    parts = [f"{count_machines(machines)} ({told})", f"{told_rounds} rounds each"]
    return "; ".join([*parts, *origins, *hollow])
