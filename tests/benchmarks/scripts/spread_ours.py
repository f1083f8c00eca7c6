"""Print the speed-up that `compare` reports: spread_ours.py BUDGET_SECONDS."""

import sys

if __name__ == "__main__":
    from gil_demo.measuring.runs import summarise
    from gil_demo.race.comparison import compare

    table = compare(["processes"], workers=2, budget=float(sys.argv[1]))
    summary = summarise(table).set_index("runner")
    print(summary.loc["processes", "speed_up"])
