"""The command `python -m tests.benchmarks`: measures and prints; see `--help`."""

import argparse
import os
import platform
import sys
import time

from gil_demo.measuring.machine import measure_busy_percent
from gil_demo.running.pools import list_start_methods
from tests.benchmarks import advice, measures
from tests.benchmarks.harness import format_report

NAMES = [
    *("limit", "slices", "guard", "start_up", "import"),
    *("spread", "pythons", "classroom", "engines", "advice", "share"),
]


def main() -> None:
    """Run the benchmarks that are asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure gil_demo's speed against its limits and against a bare Pool. "
        "Ratios are medians of rounds with 95 % intervals; all of them take about an hour.",
    )
    told = f"which: {', '.join(NAMES)}; all of them if none is named"
    parser.add_argument("names", nargs="*", metavar="NAME", help=told)
    parser.add_argument("--rounds", type=int, help="rounds of each, 2 or more")
    options = parser.parse_args()
    for name in options.names:
        if name not in NAMES:
            parser.error(f"no benchmark {name!r}; there are {', '.join(NAMES)}")
    if options.rounds is not None and options.rounds < 2:
        parser.error(f"--rounds must be 2 or more, not {options.rounds}")
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}, "
        f"{os.cpu_count()} logical cores, start methods {', '.join(list_start_methods())}\n",
        flush=True,
    )
    for name in dict.fromkeys(options.names or NAMES):
        home = advice if hasattr(advice, f"measure_{name}") else measures
        measure = getattr(home, f"measure_{name}")
        busy = measure_busy_percent()
        began = time.monotonic()
        report = measure(options.rounds) if options.rounds else measure()
        seconds = time.monotonic() - began
        print(format_report(report))
        print(f"  Took {seconds:.0f} s; the machine was {busy:.0f} % busy before.\n", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
