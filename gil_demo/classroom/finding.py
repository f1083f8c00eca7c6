"""What a whole class found, in three sentences that can be projected; and the charts' titles."""

from collections.abc import Callable

import pandas as pd

from gil_demo import words
from gil_demo.classroom.table import find_ideal, find_outliers, pick_machines
from gil_demo.measuring.machine import name_system

_MOST_NAMED = 3
_NO_STARTS = "So nothing can be said of what it takes to start them."


def judge_class(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    there, sentences = set(summary["runner"]), ["No machine ran two threads or more."]
    if "threads" in there:
        sentences = [_judge_threads(pick_machines(table, "threads"))]
    if "processes" in there:
        processes = pick_machines(table, "processes")
        sentences += [_judge_processes(processes), _judge_starts(processes)]
    else:
        sentences += ["No machine ran two processes or more.", _NO_STARTS]
    return "\n".join([head_class(sentences[0], table), *sentences[1:]])


def _judge_threads(threads: pd.DataFrame) -> str:
    told = []
    for has_gil, where in ((True, ""), (False, " without the GIL")):
        own = threads[threads["is_judged"] & (threads["gil_enabled"] == has_gil)]
        if len(own):
            told.append(
                f"{name_crew(own)} took {own['time_ratio'].median():.2f} × as long as the plain "
                f"loop ({_state_median(own)}{where}{_state_spread(own, 'time_ratio')})"
            )
    if not told:
        return f"No verdict on threads: {_explain_none(threads)}."
    return words.capitalise(f"{'; '.join(told)}{_state_left_out(threads)}.")


def _judge_processes(processes: pd.DataFrame) -> str:
    judged = processes[processes["is_judged"]]
    if judged.empty:
        return f"No verdict on processes: {_explain_none(processes)}."
    share = (judged["speed_up"] / find_ideal(judged)).median()
    return words.capitalise(
        f"{name_crew(judged)} ran at {judged['speed_up'].median():.2f} × the speed of the plain "
        f"loop ({_state_median(judged)}{_state_spread(judged, 'speed_up')}), "
        f"{words.state_share(share)} of the ideal{_state_left_out(processes)}."
    )


def _judge_starts(processes: pd.DataFrame) -> str:
    judged = processes[processes["is_judged"]]
    if judged.empty:
        return _NO_STARTS
    told = state_ends(judged, "starts", "system", words.state_seconds, " and ")
    return f"To start and to end {name_crew(judged)} took {told}."


def state_ends(
    machines: pd.DataFrame, column: str, by: str, state: Callable[[float], str], joint: str
) -> str:
    """State the least and the most of the groups' medians; of one group alone, that."""
    medians = sorted((own.median(), str(name)) for name, own in machines.groupby(by)[column])
    ends = [medians[n] for n in sorted({0, len(medians) - 1})]
    told = joint.join(f"{state(value)} with {name}" for value, name in ends)
    return f"{told} (median{'s' * (len(ends) > 1)})"


def shorten_name(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:21]}..."


def count_machines(machines: pd.DataFrame) -> str:
    return words.count_in_words(len(machines), "machine")


def name_crew(machines: pd.DataFrame) -> str:
    """Name the workers of some machines, with their number where it is the same for all."""
    runner, numbers = str(machines["runner"].iloc[0]), set(machines["workers"].astype(int))
    return words.name_workers(runner, numbers.pop()) if len(numbers) == 1 else runner


def _state_median(machines: pd.DataFrame) -> str:
    return f"{'median of ' * (len(machines) > 1)}{count_machines(machines)}"


def _state_spread(machines: pd.DataFrame, column: str) -> str:
    if len(machines) <= _MOST_NAMED:
        return ""
    low, high = machines[column].quantile([0.25, 0.75])
    half = f", half of them {low:.2f} to {high:.2f}"
    far = find_outliers(machines[column]).index
    names = [shorten_name(name) for name in machines["file"][far]]
    if len(names) > _MOST_NAMED:
        names[_MOST_NAMED:] = [f"{words.state_number(len(names) - _MOST_NAMED)} more"]
    return f"{half}; far from the others: {words.list_in_words(names)}" if names else half


def _state_left_out(machines: pd.DataFrame) -> str:
    missing = int((~machines["is_judged"]).sum())
    told = f"; {words.state_number(missing)} left out: busy, one core or few rounds"
    return told if missing else ""


def _explain_none(machines: pd.DataFrame) -> str:
    if len(machines) == 1:
        return "the one machine had one core, was busy or ran too few rounds"
    return f"all of {count_machines(machines)} had one core, were busy or ran too few rounds"


def head_class(title: str, table: pd.DataFrame) -> str:
    """Return a title with the word that its class was made up, or recorded, where it was."""
    small, origins = f"{title[:1].lower()}{title[1:]}", table["recorded_on"]
    if origins.str.startswith(words.MADE_UP).any():
        return f"Made-up class: {small}"
    return f"Recorded runs: {small}" if (origins != "").all() else words.capitalise(title)


def title_speed(machines: pd.DataFrame, column: str, form: str) -> str:
    """State the median of a figure over the machines that can carry a verdict, as a title."""
    judged, where = machines[machines["is_judged"]], ""
    runner = machines["runner"].iloc[0]
    if judged.empty:
        return head_class(f"no verdict on {runner}", machines)
    if runner == "threads" and judged["gil_enabled"].nunique() > 1:  # no median tells two stories
        judged, where = judged[judged["gil_enabled"]], " with the GIL"
    told = form.format(f"{judged[column].median():.2f}")
    title = f"{name_crew(judged)} {told} ({_state_median(judged)}{where})"
    return head_class(title, machines)


def describe_class(picked: pd.DataFrame) -> str:
    machines = picked.drop_duplicates("run_id")
    systems = machines["operating_system"].map(name_system).value_counts()
    told = ", ".join(f"{name} {count}" for name, count in systems.head(4).items())
    is_made_up = machines["recorded_on"].str.startswith(words.MADE_UP)
    origins = {
        "made up from recorded runs": is_made_up.sum(),
        "recorded elsewhere": ((machines["recorded_on"] != "") & ~is_made_up).sum(),
    }
    rounds = words.count_rounds(machines["rounds"])
    parts = [f"{count_machines(machines)} ({told})", f"{rounds} each"]
    parts += [f"{words.state_number(int(n))} {origin}" for origin, n in origins.items() if n]
    if not picked["is_judged"].all():
        parts.append("hollow: busy, one core or few rounds")
    return "; ".join(parts)
