"""The countdown for any Python: one thread against two, and two processes; prints a line of JSON.

    python2.7 portable_countdown.py [SECONDS]

It runs alone, on Python 2.7 and all since, with nothing but the standard library. Each round does
the same countdown once in each way, in mixed order: both halves one after another, the halves in
two threads, and the halves in two processes that are started beforehand.
`python -m gil_demo gather FOLDER` reads the line, too.
"""

import itertools
import json
import os
import platform
import random
import sys
import threading
import time

MOST_STEPS = 1000000000
look_at_clock = getattr(time, "perf_counter", time.time)  # Python 2 has no better one


def countdown(n):
    """Count down from n to 0, as David Beazley's lesson does."""
    while n > 0:
        n -= 1


def run_sequentially(half):
    call_elsewhere(countdown, half)
    call_elsewhere(countdown, half)


def run_in_threads(half):
    job = (countdown, half)
    threads = [threading.Thread(target=call_elsewhere, args=job) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def warm_up():
    """Call the countdown until Python 3.11 runs it at its full speed: from the ninth call on."""
    for _ in range(10):
        countdown(1)


def call_elsewhere(function, *arguments):
    """Call a function with other memory around it than the last time: so no way has a bad place."""
    held = list(range(1000, 1000 + random.randrange(64)))
    calls = iter(lambda: [function(*arguments)], None)
    for _ in range(random.randrange(64)):
        calls = itertools.islice(calls, None)
    next(calls)
    del held


def answer_requests(connection):
    warm_up()
    connection.send("ready")
    try:
        while True:
            call_elsewhere(countdown, connection.recv())
            connection.send("done")
    except EOFError:  # the parent has finished
        pass


def count_cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    import multiprocessing

    return multiprocessing.cpu_count()


def estimate_busy_percent(cores):
    """Estimate how busy the cores were in the last minute; None where the system doesn't tell."""
    if hasattr(os, "getloadavg"):
        return round(min(100.0, 100.0 * os.getloadavg()[0] / cores), 1)
    return None


def get_start_method():
    import multiprocessing

    if hasattr(multiprocessing, "get_start_method"):
        return multiprocessing.get_start_method()
    return "spawn" if os.name == "nt" else "fork"  # Python 2 knows one a system


def start_processes():
    import multiprocessing

    crew = []
    for _ in range(2):
        mine, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=answer_requests, args=(theirs,))
        process.daemon = True
        process.start()
        crew.append((process, mine))
    for member in crew:
        hear(*member)
    return crew


def hear(process, connection):
    """Wait for what a process tells; raise where it has ended instead."""
    while not connection.poll(0.5):
        if not process.is_alive():
            raise EOFError("a process ended")
    connection.recv()


def end_processes(crew):
    for process, connection in crew:
        connection.close()
        process.terminate()  # a forked sister may hold the other end of its pipe
        process.join()


def run_in_processes(half, crew):
    for _, connection in crew:
        connection.send(half)
    for member in crew:
        hear(*member)


def measure_time(function, *arguments):
    start = look_at_clock()
    function(*arguments)
    return look_at_clock() - start


def find_half(seconds):
    """Find half of a countdown that takes 0.12 seconds, or less where there is no time for rounds.

    In shorter ones it would count what it takes until processes hear of their part. A longer trial
    warms up a JIT, too.
    """
    half, wanted = 100000, min(0.12, seconds / 16)
    taken = measure_time(run_sequentially, half)
    while taken < 0.02 and half < MOST_STEPS:
        half *= 2
        taken = measure_time(run_sequentially, half)
    fitting = half * wanted / max(taken, 0.02)
    return max(1, min(MOST_STEPS, int(float("%.2g" % fitting))))


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
            rounds[name].append(round(measure_time(ways[name]), 7))  # a line to be pasted
        longest = max(longest, look_at_clock() - began)
        done += 1
    return rounds


def is_gil_enabled():
    """Tell whether threads of this Python take turns."""
    if hasattr(sys, "_is_gil_enabled"):  # Python 3.13 and later
        return sys._is_gil_enabled()
    return platform.python_implementation() not in ("IronPython", "Jython", "RustPython")


def main(arguments):
    reason, method, cores, start_up = "", "", 1, 0.0
    warm_up()
    try:
        cores, began = count_cores(), look_at_clock()
        crew = start_processes()  # before there are threads, which a fork would not copy
        start_up, method = look_at_clock() - began, get_start_method()
    except Exception as failure:
        crew, reason = [], "{0}: {1}".format(type(failure).__name__, failure)
    busy_percent = estimate_busy_percent(cores)
    seconds = float(arguments[0]) if arguments else 4.0
    half = find_half(seconds)
    ways = {"sequential": lambda: run_sequentially(half), "threads": lambda: run_in_threads(half)}
    if crew:
        ways["processes"] = lambda: run_in_processes(half, crew)
    result = {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "gil_enabled": is_gil_enabled(),
        "steps": 2 * half,
        "rounds": take_rounds(ways, seconds),
        "processes_missing": reason,
        "busy_percent": busy_percent,
        "cores": cores,
        "operating_system": platform.system(),
        "architecture": platform.machine(),
        "measured_on": time.strftime("%Y-%m-%d", time.gmtime()),
        "start_method": method,
        "start_up": round(start_up, 6),
        "tear_down": round(measure_time(end_processes, crew), 6),
    }
    print(json.dumps(result, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1:])
