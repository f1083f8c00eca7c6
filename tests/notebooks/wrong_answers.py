"""A typical wrong answer to each exercise, with words of the hint that it should get.

They are wrong on every machine, whatever it measures.
"""

WRONG_ANSWERS = {
    "00-start-here": [
        ("rounds = len(table)", "number of rows"),
        ('spread = table["seconds"].max() / table["seconds"].min()', "one number for each of"),
        ("speed_up = by_round", "one number"),
    ],
    "01-beazleys-countdown": [
        ('times_as_large = published["time_ratio"].max() - mine.time_ratio', "a difference"),
        ("short = two", "has 4,000,000 steps"),
        (
            "run_together = lambda all: [one.start() or one.join() for one in all]",
            "one after another",
        ),
    ],
    "02-inside-the-gil": [
        ('longest = (bars["end_seconds"] - bars["start_seconds"]).max()', "in seconds"),
        ("ran = slices.groupby(groups).size()", "take the length of each"),
        ("def count_turns(workers):\n    return len(workers)", "that counts slices"),
    ],
    "03-the-pool-rewrite": [
        ("faults = {2, 5}", "has anyone waited for them"),
        ('start_ups = methods.groupby("start_method")["start_up_seconds"].median()', "it has"),
        ("cut = lambda count, parts: [count // parts] * parts", "1 of 11 steps lost"),
    ],
    "04-inside-the-pool": [
        ("best_share = 7 / 3", "number of tasks for each worker"),
        ("finish = lambda pool: pool.close()", "doesn't wait"),
        ("compute_end = lambda tasks, workers: sum(tasks) / workers", "no task is cut in two"),
    ],
    "05-what-processes-cost": [
        ("run_times = {1: 60, 4: 15, 1000: 0.06}", "The reading can't be"),
        ("ratio = 500", "numbers of chunks"),
        ("break_even = lambda cost, workers: cost / workers", "should be the same"),
    ],
    "06-when-threads-win": [
        ("cores_needed = 8", "a core for each thread"),
        ('lets_go = {"a", "c", "d", "e", "g"}', "From how many on does `hashlib` let go"),
        ('waits = beside["seconds"] / beside["requests"]', "one number for each of"),
    ],
    "07-other-interpreters": [
        ('sooner = ["CPython 3.13.5t", "CPython 3.13.5t, GIL on"]', "can have it on all the same"),
        ('threads_over_processes = by_name["processes_ratio"] / by_name["time_ratio"]', "upside"),
        ('beside_ordinary = by_name.loc["CPython 3.13.5t", "time_ratio"]', "of the same Python"),
    ],
    "08-beyond-one-machine": [
        ("least = milliseconds", "the cost itself"),
        ("jobs = 1000", "one number for each of"),
        ("def add_up(notes):\n    return sum(answer for _, answer in notes)", "counts twice"),
    ],
    "09-your-class": [
        ('paces = table["seconds"].max() / table["seconds"].min()', "threads and processes count"),
        ('medians = table["time_ratio"].median()', "one number for each of"),
        ('lowest_share = (pools["speed_up"] / 2).min()', "held against two"),
    ],
}
