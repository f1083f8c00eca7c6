"""A counter raised by two threads at once, for any Python: how many updates are lost; prints JSON.

    python2.7 portable_updates.py [SECONDS]

It runs alone, on Python 2.7 and all since, with nothing but the standard library. Each round raises
a counter in each way, in mixed order: with the interval at which this Python hands over from thread
to thread, and with the shortest that it takes.
"""

import json
import platform
import random
import sys
import threading
import time

UPDATES = 200000  # of each thread: enough for several turns of 5 ms
UPDATES_UNDER_LOCK = 40000  # which takes longer
look_at_clock = getattr(time, "perf_counter", time.time)  # Python 2 has no better one


class Counter(object):
    def __init__(self):
        self.value = 0
        self.lock = threading.Lock()


def keep(value):
    return value


def add_plainly(counter, updates):
    while updates > 0:
        counter.value += 1
        updates -= 1


def add_with_a_call(counter, updates):
    while updates > 0:
        counter.value = keep(counter.value) + 1
        updates -= 1


def add_under_a_lock(counter, updates):
    while updates > 0:
        with counter.lock:
            counter.value = keep(counter.value) + 1
        updates -= 1


WAYS = {
    "x += 1": add_plainly,
    "a call between": add_with_a_call,
    "under a Lock": add_under_a_lock,
}


def count_up(add):
    """Let two threads raise one counter: how often, how far it came, and the seconds it took."""
    counter = Counter()
    updates = UPDATES_UNDER_LOCK if add is add_under_a_lock else UPDATES
    threads = [threading.Thread(target=add, args=(counter, updates)) for _ in range(2)]
    start = look_at_clock()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 2 * updates, counter.value, look_at_clock() - start


def take_rounds(seconds):
    """Count up in each way and at both intervals once a round, until the time is up."""
    if hasattr(sys, "setswitchinterval"):
        look, change, tiny = sys.getswitchinterval, sys.setswitchinterval, 1e-6
    else:  # Python 2 counts steps, not seconds
        look, change, tiny = sys.getcheckinterval, sys.setcheckinterval, 1  # type: ignore
    intervals = {"default": look(), "tiny": tiny}
    cases = [(way, interval) for way in sorted(WAYS) for interval in sorted(intervals)]
    started, longest = look_at_clock(), 0.0
    rounds = []  # type: list[list[tuple[object, ...]]]
    while not rounds or look_at_clock() - started + longest < seconds:
        began, found = look_at_clock(), []
        for way, interval in random.sample(cases, len(cases)):
            change(intervals[interval])
            found.append((way, interval) + count_up(WAYS[way]))  # noqa: RUF005, of Python 3 alone
        change(intervals["default"])
        rounds.append(found)
        longest = max(longest, look_at_clock() - began)
    return rounds


def main(arguments):
    told = {
        "python_version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "gil_enabled": getattr(sys, "_is_gil_enabled", lambda: True)(),
        "rounds": take_rounds(float(arguments[0]) if arguments else 2.0),
    }
    print("<answer>" + json.dumps(told) + "</answer>")


if __name__ == "__main__":
    main(sys.argv[1:])
