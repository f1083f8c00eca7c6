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
    "04-inside-the-pool": [],
    "05-what-processes-cost": [],
    "06-when-threads-win": [],
    "07-other-interpreters": [
        ('sooner = ["CPython 3.13.5t", "CPython 3.13.5t, GIL on"]', "can have it on all the same"),
        (
            'threads_over_processes = by_name["processes_ratio"] / by_name["time_ratio"]',
            "upside down",
        ),
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
