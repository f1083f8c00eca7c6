"""Write down what spawned workers have loaded: import_worker_modules.py FOLDER."""

import sys
from pathlib import Path

import gil_demo


def write_modules(path: str) -> None:
    Path(path).write_text("\n".join(sys.modules), encoding="utf-8")


if __name__ == "__main__":
    from gil_demo.race import comparison as speed
    from gil_demo.running.pools import processes

    parents = [gil_demo, speed, sys.modules["pandas"], sys.modules["matplotlib"]]
    with processes(2, "spawn") as run:
        run(write_modules, [f"{sys.argv[1]}/{number}" for number in range(2)])
    print(len(parents))
