"""Speed, measured side by side; reported, never asserted. Start it by `python -m tests.benchmarks`.

Whatever is compared runs once in each round, in shuffled order, each time in an interpreter of
its own; ratios are taken inside a round.
"""
