"""How many tasks an examination runs, and in which chunks."""

import math
import random
import statistics
from typing import NamedTuple

from gil_demo.examination.look import Look
from gil_demo.examination.parcels import MOST_BYTES
from gil_demo.examination.table import COLLECTED
from gil_demo.measuring.estimates import LEAST_ROUNDS
from gil_demo.running.workloads import compute_default_chunksize, measure_steps_per_second

_LEAST_WANTED, _ENOUGH_ROUNDS, _MOST_WANTED = 10, 12, 20
_RUN_SECONDS = 0.1
_CONTROL_SECONDS = 0.02  # for each task of the control
_BESIDE_SECONDS = 0.015
_CHUNK_SHARE = 20  # a chunk takes as many times what it costs to hand it out
_WIDE = 0.5  # of the mean, from a short task to a long one
_MOST_TRIED = 300  # a second: each is tried alone, and a worker takes a while to note it


class Plan(NamedTuple):
    """How often what is run."""

    places: list[int]  # of the tasks of a run; if once, of all that are run
    size: int  # tasks of a run
    chunksize: int
    part: int  # tasks that are run beside a countdown
    steps: int  # of each task of the control


def make_plan(look: Look, workers: int, seconds: float, ways: int) -> Plan:
    """Choose how many tasks a run has: all of them, or as many as the time allows.

    A list is run whole where there is time for enough rounds of it: no sample of uneven tasks ends
    as all of them do.
    """
    places, each = look.places, max(1e-9, statistics.fmean(look.usual))
    steps = max(
        1, int(measure_steps_per_second() * min(_CONTROL_SECONDS, max(0.005, seconds / 200)))
    )
    wanted = want_rounds(seconds, ways)
    control = wanted * compute_control_seconds(workers, steps)
    # a part of the tasks is run for twice as long beside a countdown
    runs = wanted * (ways + 0.5) + ways
    fitting = max(0.0, seconds - control) / runs / each
    if fitting * wanted >= len(places) * min(wanted, count_enough(look)):
        fitting = len(places)
    fitting = min(fitting, _MOST_TRIED * seconds, len(places))
    size = max(min(workers, len(places)), int(fitting))
    if look.answer is not None:  # all answers of a run are held at once
        size = max(1, min(size, 2 * MOST_BYTES // max(1, look.answer.size)))
    if size < len(places):
        size = fill_workers(size, workers)
    part = min(size, max(1, size // 4, math.ceil(_BESIDE_SECONDS / each)))
    return Plan(sorted(places[:size]), size, 1, part, steps)


def count_enough(look: Look) -> int:
    """Count the rounds that are enough to run a list whole.

    What the garbage collector takes grows faster than the number of tasks whose answers are held:
    then two rounds tell more of all tasks than many rounds of some.
    """
    return 2 if COLLECTED in look.traps else _ENOUGH_ROUNDS


def want_rounds(seconds: float, ways: int) -> int:
    """Choose how many rounds are wanted: more where runs may be short, and yet not too short.

    Ratios of short runs vary no more than those of long ones (by a fifth on two cores, November
    2026), but below a tenth of a second workers gain less.
    """
    return max(_LEAST_WANTED, min(_MOST_WANTED, int(seconds / (ways * _RUN_SECONDS))))


def count_least(workers: int, ways: int) -> int:
    """Count the arguments that are needed where none is used twice: to look, to try, to measure."""
    return 1 + (1 + LEAST_ROUNDS) * ways * workers


def limit_calls(ways: int, rounds: int) -> int:
    """Limit the calls on an argument: a look, a repetition, a try of each way, and the rounds.

    In each round the loop is run once more, beside a countdown.
    """
    return 1 + ways + rounds * (ways + 1)


def limit_rounds(seconds: float) -> int:
    return max(3 * _LEAST_WANTED, round(6 * seconds))


def compute_control_seconds(workers: int, steps: int) -> float:
    """Compute what a round of the control takes: in one worker after another, then in all."""
    return (workers + 1) * steps / measure_steps_per_second()


def fill_workers(size: int, workers: int) -> int:
    """Return a number of tasks that leaves no worker without one at the end, or a smaller one."""
    return size - size % workers if size > workers else size


def plan_once(plan: Plan, look: Look, tasks: int, workers: int, ways: int) -> Plan:
    """Share out all tasks but the one that was looked at: each run gets its own.

    What each way is tried with comes first.
    """
    places = [place for place in range(tasks) if place not in look.places]
    random.Random(tasks).shuffle(places)
    left = len(places) - ways * workers
    size = fill_workers(max(workers, left // (_LEAST_WANTED * ways)), workers)
    chunksize = compute_default_chunksize(size, workers)
    return plan._replace(places=places, size=size, part=size, chunksize=chunksize)


def choose_chunksize(look: Look, size: int, workers: int, price: float) -> int:
    """Choose chunks as `Pool.map` does; of uneven tasks smaller ones that are cheap to hand out.

    `price` is what a chunk costs to hand out, in seconds, nan where that isn't known.
    """
    usual, times = compute_default_chunksize(size, workers), sorted(look.own)
    mean, ends = statistics.fmean(times), times[len(times) // 10 :: max(1, int(0.8 * len(times)))]
    if math.isnan(price) or ends[-1] - ends[0] <= _WIDE * mean:
        return usual
    return max(1, min(usual, math.ceil(_CHUNK_SHARE * price / max(mean, 1e-9))))
