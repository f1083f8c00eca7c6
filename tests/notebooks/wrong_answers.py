"""A typical wrong answer to each exercise, with words of the hint that it should get.

They are wrong on every machine, whatever it measures.
"""

WRONG_ANSWERS = {
    "00-start-here": [
        ("rounds = len(table)", "number of rows"),
        ('spread = table["seconds"].max() / table["seconds"].min()', "one number for each of"),
        ("speed_up = by_round", "one number"),
    ],
    "01-beazleys-countdown": [],
    "02-inside-the-gil": [],
    "03-the-pool-rewrite": [],
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
    "07-other-interpreters": [],
    "08-beyond-one-machine": [],
    "09-your-class": [],
}
