"""What an examination chooses: the rule, what each way is reckoned at, and where it flips."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from gil_demo import words
from gil_demo.examination.table import (
    COLD,
    COLLECTED,
    FUNCTION,
    KEPT,
    LOOP,
    OWN_THREADS,
    THREADS,
    estimate_control,
    get_growth,
    lay_out,
    read_traps,
)
from gil_demo.measuring.estimates import MORE_ROUNDS, Estimate, estimate_ratio
from gil_demo.tables.schema import list_rows

NEAR, _FAR, _TOO_FAR = 1.1, 1.15, 1.3
MARGIN = 0.03
RULE = f"the simplest way that took at most {100 * MARGIN:.0f} % longer than the quickest"
_FIFTH, _MUCH_LESS = 0.2, 0.8
_OFTEN = 8_000.0  # a second
_WAITS = 3  # for each chunk that is handed out, at most (two cores, November 2026)
_MOST_TASKS = 10**7


class Price(NamedTuple):
    """What a way costs, in seconds: at its start, for each task, and for any list at least."""

    start: float
    each: float
    least: float

    def at(self, tasks: int) -> float:
        return self.start + max(tasks * self.each, self.least)


class Reading(NamedTuple):
    """One run, and what it says."""

    run: pd.DataFrame
    first: Any  # its first row, which has what was found once
    ways: dict[str, Any]  # rows of the summary by way, the simplest way first
    prices: dict[str, Price]
    tasks: int  # of the reader
    way: str  # the choice
    second: str  # what comes next
    busy: str  # what other programs took, in a clause; empty where that was little
    reservation: str  # why there is no verdict; usually empty


def read(run: pd.DataFrame, summary: pd.DataFrame) -> Reading:
    """Read the choice out of a run."""
    rows = list_rows(summary[summary["run_id"] == run["run_id"].iloc[0]])
    first, ways = run.iloc[0], {row.way: row for row in rows}
    prices, tasks = _list_prices(first, ways), int(first["all_tasks"])
    way = choose(prices, tasks)
    others = prices.keys() - {way}
    second = min(others, key=lambda one: prices[one].at(tasks), default="")
    busy = "".join(words.find_busy_reservations(first, int(first["workers"])))
    reading = Reading(run, first, ways, prices, tasks, way, second, busy, "")
    return reading._replace(reservation=_find_reservation(reading))


def _list_prices(first: Any, ways: dict[str, Any]) -> dict[str, Price]:
    chunk = 0.0 if math.isnan(first["chunk_seconds"]) else float(first["chunk_seconds"])
    loop, size = ways[LOOP].seconds, int(first["all_tasks"]) / get_growth(first)
    prices = {}
    for way, row in ways.items():
        own = loop * row.time_ratio
        # fewer tasks than workers take as long as one, and that has to be handed out
        least = 0.0 if way == LOOP else min(loop / int(first["tasks"]), own) + chunk
        prices[way] = Price(row.start_seconds, own / size, least)
    return prices


def choose(prices: dict[str, Price], tasks: int) -> str:
    """Choose a way for so many tasks, by the rule."""
    most = (1 + MARGIN) * min(price.at(tasks) for price in prices.values())
    return next(way for way, price in prices.items() if price.at(tasks) <= most)


def _find_reservation(reading: Reading) -> str:
    """Say in a clause why a run carries no verdict; empty if it does."""
    if lack := _find_lack(reading):
        return lack
    if found := next(_find_doubts(reading), None):
        doubt, advice = found
        return f"{doubt}; {reading.busy or advice}"
    return reading.busy if reading.busy and _may_be_held_back(reading) else ""


def _find_lack(reading: Reading) -> str:
    """Say in a clause what a run has too little of; empty if it has enough."""
    first = reading.first
    if not reading.second:
        return "nothing but the plain loop could be run"
    if few := words.find_round_reservations(reading.run):
        return f"{few[0]}; {_advise_more(reading)}"
    if first["tasks"] < min(first["workers"], first["all_tasks"]):
        tasks = words.count_in_run(reading.run, "task")
        return f"a run held {tasks}, fewer than there are workers; take fewer workers"
    return ""


def _advise_more(reading: Reading) -> str:
    return "give more arguments" if reading.first["calls"] == 1 else MORE_ROUNDS


def _find_doubts(reading: Reading) -> Iterator[tuple[str, str]]:
    """Say why the choice may be another one, and what to do: two clauses for each doubt."""
    way = reading.way
    traps = read_traps(reading.first["traps"])
    if (share := traps.get(COLLECTED)) and reading.first["tasks"] < reading.first["all_tasks"]:
        told = f"the garbage collector took {share} of the first calls, and of all may take more"
        yield told, _advise_more(reading)
    if OWN_THREADS in traps and way != LOOP and _may_be_in_the_way(reading):
        told = "its own threads and the workers may get into each other's way"
        yield told, "give each worker one thread, and examine it again"
    if doubt := _find_doubt_of_threads(reading):
        yield doubt, "time them in your own program"
    is_simpler = True  # than the choice, which must be quicker then
    for other in reading.ways:
        is_simpler &= other != way
        if other != way and (doubt := _find_doubt(reading, other, is_simpler=is_simpler)):
            yield doubt, _advise_more(reading)


def _may_be_held_back(reading: Reading) -> bool:
    """Tell whether the choice would change if others had kept cores from all that runs at once."""
    first, control = reading.first, estimate_control(reading.run)
    most = float(min(first["workers"], first["usable_cores"]))
    lost = max(1.0, most / control.centre) if control.rounds else most
    freed = {
        name: price if name == LOOP else price._replace(each=price.each / lost)
        for name, price in reading.prices.items()
    }
    return choose(freed, reading.tasks) != reading.way


def _may_be_in_the_way(reading: Reading) -> bool:
    """Tell whether a way gained little, or more than by cores that the loop had left idle.

    Then the function's own threads had disturbed each other more in the loop, by chance.
    """
    ratio = compare_ways(reading, reading.way, LOOP)
    cores = reading.first["task_cpu_percent"] / 100 / ratio.centre
    return bool(ratio.high > _MUCH_LESS or cores > reading.first["usable_cores"])


def _find_doubt_of_threads(reading: Reading) -> str:
    """Say in a clause why threads may fare otherwise in another process; empty if they may not.

    Threads that compute and wait for each other this often took 0.6 to 2.9 times as long as a loop,
    each process in its own way (products of 64 by 64, 54 processes, two cores, November 2026).
    """
    runs = reading.run[reading.run["work"].eq(FUNCTION) & reading.run["runner"].eq(THREADS)]
    chunks = math.ceil(reading.first["tasks"] / reading.first["chunksize"])
    own = runs["waits"] - _WAITS * chunks
    often = float((own / runs["seconds"]).quantile(1 - _FIFTH))
    if not often > _OFTEN or reading.first["task_cpu_percent"] < 50:
        return ""
    price, choices = reading.prices[THREADS], set()
    for times in (0.5, 1.0, 2.0):
        other = price._replace(each=times * price.each, least=times * price.least)
        choices.add(choose(reading.prices | {THREADS: other}, reading.tasks))
    if len(choices) == 1:
        return ""
    told = f"{round(often, -3):,.0f} times a second"
    return (
        f"threads waited for each other as often as {told}, and how well that goes "
        "differs from process to process"
    )


def _find_doubt(reading: Reading, other: str, *, is_simpler: bool) -> str:
    """Say in a clause why another way may be the one to choose; empty if it isn't."""
    names = [f"the {one}" if one in (LOOP, COLD, KEPT) else one for one in (reading.way, other)]
    ratios = _divide(reading, reading.way, other)
    most = estimate_ratio([*ratios]).high
    if most > (1 + MARGIN if other == LOOP else NEAR if is_simpler else _FAR):
        told = "no clear difference" if most < _TOO_FAR else "too uneven to tell"
        ends = f"may take up to {most:.2f} × as long as {names[1]}, by the end of its interval"
        return f"{names[0]} {ends}: {told}"
    inverse = 1 / ratios
    low, high = inverse.quantile([_FIFTH, 1 - _FIFTH])
    # how well threads share the GIL changes for a while; pools' rounds differ by noise alone
    if THREADS in (reading.way, other) and low < _MUCH_LESS < inverse.median():
        times = f"{low:.2f} to {high:.2f} × as long as {names[0]}"
        return f"from round to round {names[1]} took {times}, too uneven to tell"
    return ""


def compare_ways(reading: Reading, way: str, other: str) -> Estimate:
    """Estimate how many times as long one way takes as another, for all tasks, round by round."""
    return estimate_ratio([*_divide(reading, way, other)])


def compare_tasks(reading: Reading, way: str, other: str) -> Estimate:
    """Estimate how many times as long one way takes as another, but for what their starts take."""
    times = lay_out(reading.run)
    ratios = times[reading.ways[way].runner] / times[reading.ways[other].runner]
    return estimate_ratio([*ratios])


def _divide(reading: Reading, way: str, other: str) -> "pd.Series[float]":
    times = lay_out(reading.run)
    grown = get_growth(reading.first)
    rows = [reading.ways[name] for name in (way, other)]
    costs = [row.start_seconds + grown * times[row.runner] for row in rows]
    ratios: pd.Series[float] = costs[0] / costs[1]
    return ratios


def find_flips(prices: dict[str, Price], tasks: int) -> tuple[tuple[int, str], tuple[int, str]]:
    """Find the number of tasks below, and from, which another way is the choice.

    Each with that way; 0 where there is none.
    """
    way = choose(prices, tasks)

    def find(low: int, high: int) -> int:
        """Find where between two numbers, which differ in their choice, it changes."""
        while high - low > max(1, low // 50):
            middle = (low + high) // 2
            is_low = choose(prices, middle) == choose(prices, low)
            low, high = (middle, high) if is_low else (low, middle)
        return high

    below, above = (0, ""), (0, "")
    low, high = tasks, tasks
    while low > 1 and not below[0]:
        low, before = max(1, low // 2), low
        if (other := choose(prices, low)) != way:
            below = (find(low, before), other)
    while high < _MOST_TASKS and not above[0]:
        high, before = 2 * high, high
        if (other := choose(prices, high)) != way:
            above = (find(before, high), other)
    return below, above
