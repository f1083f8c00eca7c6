"""Print how many heavy modules spawned workers have loaded, though their program has."""

import sys

HEAVY = {"pandas", "numpy", "matplotlib", "IPython"}


def count_heavy(_: int) -> int:
    return len(HEAVY & set(sys.modules))


if __name__ == "__main__":
    import gil_demo.race.comparison  # noqa: F401
    from gil_demo.running.pools import processes

    assert {"pandas", "matplotlib"} <= set(sys.modules)
    with processes(2, "spawn") as run:
        print(max(span.answer for span in run(count_heavy, [0, 0])))
