import pytest

from gil_demo.running.runners import find_missing
from gil_demo.running.scripts import run_script

SCRIPT = """
from gil_demo.engines.overheads import summarise_engines, sweep_engines, verdict

if __name__ == "__main__":
    table = sweep_engines(["cluster"], workers=2, budget=3)
    summary = summarise_engines(table)
    print(*summary["runner"])
    print((summary["overhead_seconds"] > 0).all(), (table["seconds"] > 0).all())
    print(*table.drop_duplicates(["runner", "tasks", "steps"]).groupby("runner").size())
    print(table["is_elsewhere"].any(), set(table["start_up_seconds"] > 0))
    assert verdict(table)
"""


@pytest.mark.skipif(bool(find_missing("cluster")), reason=find_missing("cluster"))
def test_engines_are_held_against_the_pool_and_the_plain_loop() -> None:
    outcome = run_script(SCRIPT, 60)
    assert outcome.state == "finished", outcome.output
    assert outcome.output.splitlines() == [
        "processes cluster", "True True", "7 7 7", "False {True}",
    ]  # fmt: skip
