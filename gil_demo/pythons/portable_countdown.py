"""The countdown for any Python: one thread against two, and two processes; prints a line of JSON.

    python2.7 portable_countdown.py [SECONDS]

It runs alone, on Python 2.7 and all since, with nothing but the standard library. Each round does
the same countdown once in each way, in mixed order: both halves one after another, the halves in
two threads, and the halves in two processes that are started beforehand.
"""

import json
import platform
import random
import sys
import threading
import time

look_at_clock = getattr(time, "perf_counter", time.time)  # Python 2 has no better one


def countdown(n):
    """Count down from n to 0, as David Beazley's lesson does."""
    while n > 0:
        n -= 1


def run_sequentially(half):
    countdown(half)
    countdown(half)


def run_in_threads(half):
    threads = [threading.Thread(target=countdown, args=(half,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def answer_requests(connection):
    connection.send("ready")
    try:
        while True:
            countdown(connection.recv())
            connection.send("done")
    except EOFError:  # the parent has finished
        pass


def start_processes():
    import multiprocessing

    crew = []
    for _ in range(2):
        mine, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=answer_requests, args=(theirs,))
        process.daemon = True
        process.start()
        crew.append((process, mine))
    for _, connection in crew:
        connection.recv()
    return crew


def run_in_processes(half, crew):
    for _, connection in crew:
        connection.send(half)
    for _, connection in crew:
        connection.recv()


def measure_time(function, *arguments):
    start = look_at_clock()
    function(*arguments)
    return look_at_clock() - start


def find_half():
    """Find half of a countdown that is long enough to be timed; this warms up a JIT, too."""
    half = 100000
    while measure_time(run_sequentially, half) < 0.02 and half < 1000000000:
        half *= 2
    return half


def take_rounds(ways, seconds):
    """Time every way once a round, in mixed order, until the time is up."""
    rounds = {name: [] for name in ways}  # type: dict[str, list[float]]
    started = look_at_clock()
    for way in ways.values():  # not counted
        way()
    longest = look_at_clock() - started
    done = 0
    while done < 2 or look_at_clock() - started + longest < seconds:
        began = look_at_clock()
        for name in random.sample(sorted(ways), len(ways)):
            rounds[name].append(measure_time(ways[name]))
        longest = max(longest, look_at_clock() - began)
        done += 1
    return rounds


def is_gil_enabled():
    """Tell whether threads of this Python take turns."""
    if hasattr(sys, "_is_gil_enabled"):  # Python 3.13 and later
        return sys._is_gil_enabled()
    return platform.python_implementation() in ("CPython", "PyPy")


def main(arguments):
    reason = ""
    try:
        crew = start_processes()  # before there are threads, which a fork would not copy
    except Exception as failure:
        crew, reason = [], "{0}: {1}".format(type(failure).__name__, failure)
    half = find_half()
    ways = {"sequential": lambda: run_sequentially(half), "threads": lambda: run_in_threads(half)}
    if crew:
        ways["processes"] = lambda: run_in_processes(half, crew)
    result = {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "gil_enabled": is_gil_enabled(),
        "steps": 2 * half,
        "rounds": take_rounds(ways, float(arguments[0]) if arguments else 2.0),
        "processes_missing": reason,
    }
    for process, connection in crew:
        connection.close()
        process.terminate()  # a forked sister may hold the other end of its pipe
        process.join()
    print(json.dumps(result, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1:])
