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
    "07-other-interpreters": [],
    "08-beyond-one-machine": [],
    "09-your-class": [],
}
