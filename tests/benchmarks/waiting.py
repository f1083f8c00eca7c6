"""What a neighbour leaves of an echo server, and where a second thread helps C code."""

from gil_demo.measuring.estimates import estimate_median
from gil_demo.measuring.rounds import estimate_ratio
from gil_demo.waiting.convoy import serve
from tests.benchmarks.interpreters import run_script
from tests.benchmarks.reports import MEDIAN_HEADINGS, Benchmark, Report, make_row
from tests.benchmarks.rounds import take_rounds

HASHED_KIBIBYTES = 64 * 1024
SORTED_NUMBERS = 400_000
ROUND_SECONDS = 0.25
NOTES = [
    "The server's ratios are taken round by round; the hashes and sorts run in an interpreter of",
    "their own a round, both ways in turn. Two free cores are needed.",
]


def measure(rounds: int) -> Report:
    """Hold requests beside a thread and a process against those alone, two threads against one."""
    rates = count_requests(rounds)
    # how many times as long a request took beside a neighbour
    beside_thread = estimate_ratio(rates["nothing"], rates["thread"])
    beside_process = estimate_ratio(rates["process"], rates["nothing"])
    speed_ups = take_rounds(
        "waiting",
        {
            "hashing": lambda: measure_speed_up("hash_bytes", HASHED_KIBIBYTES),
            "sorting": lambda: measure_speed_up("sort_numbers", SORTED_NUMBERS),
        },
        rounds,
    )
    hashing, sorting = (estimate_median(speed_ups[name]) for name in ("hashing", "sorting"))
    rows = [
        make_row("requests a second alone / beside a thread", beside_thread, at_least=50),
        make_row("beside a process / alone", beside_process, at_least=1 / 3),
        make_row("two threads' speed-up, hashing 2 × 64 MiB", hashing, at_least=1.6),
        make_row("two threads' speed-up, one long sort each", sorting, below=1.2),
    ]
    title = "waiting: the convoy effect, and C code with and without the GIL"
    return Report(title, MEDIAN_HEADINGS, rows, NOTES)


def count_requests(rounds: int) -> dict[str, list[float]]:
    """Return the requests a second beside each neighbour, one figure a round."""
    table = serve(seconds=ROUND_SECONDS, budget=(rounds + 2) * 4 * ROUND_SECONDS)
    table["rate"] = table["requests"] / table["seconds"]
    return {
        str(name): list(group.sort_values("round")["rate"])
        for name, group in table.groupby("beside")
    }


def measure_speed_up(function: str, size: int) -> float:
    """Return how many times as fast two threads did two tasks as one thread did both."""
    return run_script("waiting_threads.py", function, size)[0]


BENCHMARK = Benchmark(measure, rounds=20)
