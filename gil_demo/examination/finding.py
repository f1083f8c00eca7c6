"""What an examination says: which way to take, with the figures that decide, and what to mind."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from gil_demo import words
from gil_demo.checks import limit_workers
from gil_demo.examination.choice import (
    MARGIN,
    NEAR,
    RULE,
    Reading,
    choose,
    compare_tasks,
    compare_ways,
    find_flips,
    read,
)
from gil_demo.examination.parcels import MOST_REBUILT_BYTES
from gil_demo.examination.table import (
    COLD,
    COLLECTED,
    IS_ON,
    KEPT,
    LOOP,
    OWN_THREADS,
    THREADS,
    TURNS_ON,
    UNCOPIED,
    WAYS,
    estimate_control,
    estimate_free_share,
    lay_out,
    read_traps,
)
from gil_demo.measuring.estimates import estimate_ratio
from gil_demo.tables.schema import split_runs

_AGAIN = ", where such lists come again"
_LITTLE = 0.01  # of a task
_WIDE_SHARE, _LEAST_HELD = 0.4, 0.05
_PRECISION = 0.1  # a sieve, which never lets go, came out at 0.08 to 0.1 (November 2026)
_CLOCK_SECONDS = 5e-6  # more than what the clocks take that time a call or a run
_FEW = 10  # times as many workers as were used

FIXES = {
    "prints": "It printed or logged {}, which is kept back here: lines of several workers would "
    "mix. Let it give back what it has to say.",
    OWN_THREADS: "It has threads of its own ({}), as numpy's products do, and several workers get "
    "into each other's way: take fewer workers, or give each one thread, by threadpoolctl's "
    "threadpool_limits(1) or OMP_NUM_THREADS=1.",
    TURNS_ON: "Its module {} turned the GIL on, as it isn't ready to go without: look "
    "for a newer version, or try PYTHON_GIL=0.",
    IS_ON: "This Python can do without the GIL, and has it on: PYTHON_GIL=1 does that, or a module "
    "that isn't ready to go without, which python -W error names.",
    UNCOPIED: "An argument ({}) could not be copied: if the function changes it, "
    "yours has changed, and each run got what the one before left.",
    "changes its argument": "It changes its argument, and a worker process changes only its copy: "
    "give back what is new. Here each run got fresh copies.",
    "changes a global": "It changes what outlives its call, named {}: each worker process changes "
    "its own, and threads share one, which may need a lock. Give the result back instead.",
    "large data": "To pickle and rebuild what it takes and gives back ({}) costs more than a tenth "
    "of its time: take a file's name or a part, give back less, or put arrays into shared memory.",
    "remembers": "It remembers ({}), as a cache does, so rounds that call it again flatter it: "
    "examine it with once=True.",
    "answers differ": "Its answers differ {}: random numbers, or what changes between calls. "
    "Give each task its own seed, and its state as an argument.",
}
"""What to do about each trap; the braces take what was seen."""


def judge_examination(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say what to use, by which figures, and what stands in the way; a part for each run."""
    own, others = split_by_place(table)
    names, lines = name_runs([*own, *others]), []
    for run in own:
        reading = read(run, summary)
        place = f"{names[reading.first['run_id']]}: " if len(own) > 1 else ""
        lines += [f"{place}{_recommend(reading)}", *_explain(reading)]
    lines += _compare_pythons(others, summary, names) if others else []
    return "\n".join(line for line in lines if line)


def split_by_place(table: pd.DataFrame) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Cut a table into whole examinations, and runs under other Pythons."""
    runs = split_runs(table)
    own = [run for run in runs if not run["interpreter"].iloc[0]]
    others = [run for run in runs if run["interpreter"].iloc[0]]
    return own or others, others if own else []


def name_runs(runs: Sequence[pd.DataFrame]) -> dict[str, str]:
    """Name runs, by their ids: the Python of each and its machine, and what else tells it apart."""
    firsts = [run.iloc[0] for run in runs]
    unlike = {what for what in ("function", "workers") if len({one[what] for one in firsts}) > 1}
    names = {}
    for first in firsts:
        place = words.describe_computer(first).removeprefix("Recorded on ")
        parts = [first["function"]] if "function" in unlike else []
        parts += [first["interpreter"] or place]
        parts += [f"workers={first['workers']}"] if "workers" in unlike else []
        names[str(first["run_id"])] = ", ".join(parts)
    return names


def name_way(way: str, reading: Reading) -> str:
    """Name a way with its workers, for example "a cold pool of two processes (fork)"."""
    methods, workers = sorted({*reading.run["start_method"]} - {""}), int(reading.first["workers"])
    if way == THREADS:
        return f"a pool of {words.name_workers('threads', workers)}"
    if way in (COLD, KEPT):
        beginning = "a cold pool of" if way == COLD else "a pool kept open, of"
        return f"{beginning} {words.name_workers('processes', workers)} ({methods[0]})"
    runner = next(one for (one, _), name in WAYS.items() if name == way)
    return "the plain loop" if way == LOOP else words.name_workers(runner, workers)


def state_advice(reading: Reading) -> str:
    """State a recommendation in a clause, for a title; or why there is none."""
    if reading.reservation:
        return f"no verdict: {reading.reservation.split(';')[0]}"
    if reading.way == LOOP:
        return "stay with the plain loop"
    gain = compare_ways(reading, LOOP, reading.way).centre
    told = f"use {name_way(reading.way, reading)}, {gain:.2f} × as fast as the loop"
    return f"{told}{_AGAIN if reading.way == KEPT else ''}"


def _recommend(reading: Reading) -> str:
    """Recommend a way in a sentence, with the figures that decide, or say why there is none."""
    if reading.reservation:
        return f"No verdict: {reading.reservation}."
    first, way = reading.first, reading.way
    own, other = (
        words.state_seconds(reading.ways[one].all_seconds) for one in (way, reading.second)
    )
    about = "an estimated " if first["tasks"] < first["all_tasks"] else ""
    tasks = words.count_in_words(reading.tasks, "task")
    if way == LOOP:
        second = name_way(reading.second, reading)
        return f"Stay with the plain loop: {about}{own} for {tasks}; {second} would take {other}."
    chunk = f", chunksize {int(first['chunksize'])}"
    gain = compare_ways(reading, LOOP, way)
    told = f"{gain.centre:.2f} × as fast as the loop"
    told += f" (95 % interval {gain.low:.2f} to {gain.high:.2f})"
    again = _AGAIN if way == KEPT else ""
    return f"Use {name_way(way, reading)}{chunk}{again}: {about}{own}, {told}, for {tasks}."


def _explain(reading: Reading) -> list[str]:
    """Give the reasons that matter to this run, each in a line with a label."""
    run, first = reading.run, reading.first
    return [
        _state_collector(first),
        _state_times(reading),
        _state_thresholds(reading),
        _state_task(reading),
        _state_gil(reading),
        _state_sending(first, reading),
        _state_workers(first, reading),
        _state_control(reading),
        _state_races(first)
        if THREADS in reading.ways and (reading.way == THREADS or not first["gil_enabled"])
        else "",
        _advise_workers(reading),
        f"Note: {reading.busy}." if reading.busy and not reading.reservation else "",
        *_note(first),
        f"Rounds: {words.state_number(int(first['rounds']))} of each, of "
        f"{words.count_in_run(run, 'task')}; {first['function']} was called "
        f"{words.count_in_words(int(first['calls']), 'time')} at most with each argument.",
    ]


def _state_collector(first: Any) -> str:
    if not (share := read_traps(first["traps"]).get(COLLECTED)):
        return ""
    return (
        f"Collector: Python's garbage collector took {share} of the first calls' time, searching "
        "what they made for cycles; it takes more the more is held. If they make no cycles, try "
        "gc.disable() beforehand, in a worker by its initializer, before anything else."
    )


def _state_times(reading: Reading) -> str:
    first = reading.first
    part = f", estimated from {words.state_number(int(first['tasks']))}"
    told = f"all tasks{part if first['tasks'] < first['all_tasks'] else ''}"
    each = [f"{way} {words.state_seconds(row.all_seconds)}" for way, row in reading.ways.items()]
    times = f"Times for {told}: {', '.join(each)}."
    if reading.reservation:
        return times
    others = [compare_ways(reading, reading.way, way) for way in reading.ways if way != reading.way]
    doubt = round(100 * (max(one.high for one in others) - 1))
    ends = f", or {doubt} % by the ends of the intervals" if doubt > 100 * MARGIN else ""
    return f"{times}\nRule: {RULE}{ends}. Next comes {name_way(reading.second, reading)}."


def _state_thresholds(reading: Reading) -> str:
    """Say from how many tasks on, and of which length, the rule chooses another way.

    A pool kept open is there for lists that come again: what a single list needs is told.
    """
    if reading.reservation:
        return ""
    is_kept, tasks = reading.way == KEPT, reading.tasks
    prices = {way: one for way, one in reading.prices.items() if way != KEPT}
    (below, less), (above, more) = find_flips(prices, tasks)
    single = choose(prices, tasks)
    if not is_kept and single != reading.way:
        return ""  # without the pool kept open, two ways are too near to each other
    told = [name_way(single, reading)] if is_kept else []
    if below > reading.first["workers"]:
        told.append(f"below about {below:,} such tasks, {name_way(less, reading)}")
    if more and compare_tasks(reading, more, single).high < 1:  # else it may never be quicker
        length = words.state_seconds(prices[LOOP].each * above / tasks)
        told.append(
            f"from about {above:,} such tasks on, or {tasks:,} of about {length} each, "
            f"{name_way(more, reading)}"
        )
    label = "A single list" if is_kept else "Fewer or more"
    return f"{label}: {'; '.join(told)}." if told else ""


def _state_task(reading: Reading) -> str:
    """Say how long a task takes in the plain loop, and how the first calls differed."""
    first = reading.first
    low, high = first["task_low_seconds"], first["task_high_seconds"]
    uneven = "uneven" if high > 2 * low else "even"
    ends = f"{words.state_seconds(low)} to {words.state_seconds(high)}"
    is_told = high > max(low, _CLOCK_SECONDS)
    apart = ", the collector apart" if COLLECTED in read_traps(first["traps"]) else ""
    spread = f" (when first called eight of ten took {ends}{apart}: {uneven})" if is_told else ""
    share = first["task_cpu_percent"] / 100
    core = f"on a core for {words.state_share(min(1.0, share))} of it"
    if share > NEAR + _CLOCK_SECONDS / reading.ways[LOOP].seconds:
        core = f"on {share:.1f} cores"
    mean = words.state_seconds(reading.prices[LOOP].each)
    return f"Task: {mean} on average{spread}, {core}."


def _state_gil(reading: Reading) -> str:
    first = reading.first
    if not first["gil_enabled"]:
        told = "GIL: off in this Python, threads don't wait for it."
        if first["gil_in_workers"] != "on":
            return told
        told += " In the workers a module turned it on"
        is_known = TURNS_ON in read_traps(first["traps"])
        return f"{told}{'.' if is_known else '; python -W error names the module.'}"
    if OWN_THREADS in read_traps(first["traps"]):
        return ""  # they disturb the countdown
    share = estimate_free_share(reading.run)
    computes = first["task_cpu_percent"] > 50
    # what computes without the GIL does so on a core beside the countdown's
    if not share.rounds or math.isnan(share.low) or (computes and first["usable_cores"] == 1):
        return ""
    workers, most = int(first["workers"]), 1 / max(_LEAST_HELD, 1 - share.high)
    doubts = {
        "the machine was too busy": words.find_busy_reservations(first, 2 if computes else 1),
        "the times varied too much": share.high - share.low > _WIDE_SHARE,
        "threads gained more than a countdown beside it": THREADS in reading.ways
        and compare_ways(reading, LOOP, THREADS).low > NEAR * most,
    }
    if why := next((doubt for doubt, is_so in doubts.items() if is_so), ""):
        return f"GIL: how much of its time the function lets go of it can't be told; {why}."
    if share.high < 2 * _PRECISION:
        return "GIL: held nearly all the time: threads can hardly gain."
    limit = f"threads can gain {most:.1f} × at most"
    if most > workers:
        limit = f"it holds {words.name_workers('threads', workers)} back somewhat"
    if 1 - share.centre < _LEAST_HELD:
        limit = "it hardly holds threads back"
    ends = f"({words.state_share(share.low)} to {words.state_share(share.high)})"
    return f"GIL: let go for {words.state_share(share.centre)} of the time {ends}: {limit}."


def _state_sending(first: Any, reading: Reading) -> str:
    """Say what sending costs, unless threads do, where it is more than a hundredth of a task."""
    least = _LITTLE * first["task_seconds"]
    parts = [
        f"an {name} ({words.state_bytes(first[f'{name}_bytes'])} at most) takes "
        f"{words.state_seconds(first[f'{name}_seconds'])} to pickle"
        f"{' and to rebuild' * bool(first[f'{name}_bytes'] <= MOST_REBUILT_BYTES)}"
        for name in ("argument", "answer")
        if not pd.isna(first[f"{name}_bytes"]) and first[f"{name}_seconds"] > least
    ]
    if first["passing_seconds"] > least:
        passing = words.state_seconds(first["passing_seconds"])
        parts.append(f"to pass an argument to a sub-interpreter takes {passing}")
    if first["chunk_seconds"] > first["chunksize"] * least:
        parts.append(f"a chunk takes {words.state_seconds(first['chunk_seconds'])} to hand out")
    is_told = parts and reading.way != THREADS and KEPT in reading.ways
    return f"Sending: {', '.join(parts)}." if is_told else ""


def _state_workers(first: Any, reading: Reading) -> str:
    """Say what workers cost to start, unless threads do, and in memory where few fit."""
    if COLD not in reading.ways or reading.way == THREADS:
        return ""
    started = words.state_seconds(reading.ways[COLD].start_seconds)
    workers = words.name_workers("processes", int(first["workers"]))
    less = ", and less in a smaller program" if "fork" in {*reading.run["start_method"]} else ""
    told = f"Starting: {workers} took {started} to start and to end{less}."
    own, free = first["worker_bytes"], first["free_bytes"]
    if pd.isna(own) or free > _FEW * first["workers"] * own:
        return told
    return (
        f"{told}\nMemory: after its tasks a worker had {words.state_bytes(own)} of its own: what "
        f"is free holds about {words.state_number(int(free // own))} of them."
    )


def _state_control(reading: Reading) -> str:
    """Say what a countdown gained meanwhile, where that tells what holds the function back."""
    control, first = estimate_control(reading.run), reading.first
    if math.isnan(control.low) or KEPT not in reading.ways or first["task_cpu_percent"] < 50:
        return ""
    if OWN_THREADS in read_traps(first["traps"]):
        return ""  # they disturb the countdown
    gain = compare_ways(reading, LOOP, KEPT)
    told = (
        f"Control: a pure countdown in {words.name_workers('processes', int(first['workers']))} "
        f"gained {control.centre:.2f} × ({control.low:.2f} to {control.high:.2f}) meanwhile"
    )
    most = min(first["workers"], first["usable_cores"])
    if max((1 + most) / 2, NEAR * gain.high) < control.low and not reading.busy:
        return f"{told}, more than {first['function']}: it isn't the machine that holds it back."
    is_as_quick = control.centre / NEAR <= gain.centre <= control.centre
    is_held_back = control.high < 0.8 * most and is_as_quick
    return f"{told}: the machine had hardly more to give." if is_held_back else ""


def _state_races(first: Any) -> str:
    if first["calls"] == 1 or "answers differ" in read_traps(first["traps"]):
        return ""
    calls = words.count_in_words(int(first["tasks"]), "call")
    how = "were made to switch as often as they can" if first["gil_enabled"] else "ran at once"
    return f"Races: none seen in {calls} by threads that {how}; one may still exist."


def _advise_workers(reading: Reading) -> str:
    """Say that more threads may gain more, where tasks mostly wait and there are more of them."""
    first = reading.first
    workers, share = int(first["workers"]), first["task_cpu_percent"] / 100
    most = limit_workers(int(first["logical_cores"]), first["operating_system"] == "Windows")
    more = min(reading.tasks, 8 * workers, most)
    if reading.reservation or reading.way != THREADS or share > 0.5 or more < 2 * workers:
        return ""
    return f"More: a task mostly waits, so more threads may gain more; try workers={more}."


def _note(first: Any) -> list[str]:
    """Name each trap with what to do about it, and each way that is missing."""
    traps, missing = read_traps(first["traps"]), read_traps(first["missing"])
    lines = [f"Note: {FIXES[name].format(seen)}" for name, seen in traps.items() if name in FIXES]
    return lines + [f"Left out, {name}: {reason.rstrip('.:')}." for name, reason in missing.items()]


def _compare_pythons(
    runs: Sequence[pd.DataFrame], summary: pd.DataFrame, names: dict[str, str]
) -> list[str]:
    """Say what one thread pays under another Python, and what threads gain there."""
    loops = summary[summary["way"] == LOOP].set_index("run_id")["all_seconds"]
    base, lines = str(runs[0]["run_id"].iloc[0]), []
    for run in runs:
        first, key = run.iloc[0], str(run["run_id"].iloc[0])
        lone = loops[key] / loops[base]
        times = lay_out(run)
        ratio = estimate_ratio([*times["threads"] / times["sequential"]])
        ends, called = "", f"too few rounds to say more, {ratio.rounds}"
        if not math.isnan(ratio.low):
            ends = f" (95 % interval {ratio.low:.2f} to {ratio.high:.2f})"
            called = words.call_ratio(ratio.low, ratio.high)
        beside = f"one thread took {lone:.2f} × as long as under {names[base]}; "
        alone = "" if key == base else beside
        gil = "" if first["gil_enabled"] else ", without the GIL"
        threads = f"threads took {ratio.centre:.2f} × as long as its loop{ends}, {called}"
        lines += [f"{names[key]}{gil}: {alone}its {threads}.", *_note(first)]
        if not first["gil_enabled"]:
            lines.append(_state_races(first))
    return lines
