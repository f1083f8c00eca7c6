from typing import Any

from gil_demo.classroom.finding import describe_class, shorten_name
from gil_demo.classroom.table import pick_machines
from tests.made.classroom import ORDINARY_MACHINES, make_class_table, number_machines
from tests.made.runs import spread
from tests.made.unchecked import verdict


def test_a_class_is_told_in_three_sentences_of_its_figures() -> None:
    assert verdict(make_class_table()).splitlines() == [
        "Two threads took 1.05 × as long as the plain loop (median of five machines, "
        "half of them 1.02 to 1.10; far from the others: finn); two threads took 0.56 × as long as "
        "the plain loop (one machine without the GIL); one left out: busy, one core or few rounds.",
        "Two processes ran at 1.84 × the speed of the plain loop (median of six machines, half of "
        "them 1.75 to 1.88), 92 % of the ideal; one left out: busy, one core or few rounds.",
        "To start and to end two processes took 15 ms with Linux, fork and 150 ms with "
        "macOS, spawn (medians).",
    ]


def test_machines_that_can_t_carry_a_verdict_give_none_nor_do_those_that_aren_t_there() -> None:
    facts: list[dict[str, Any]] = [{"usable_cores": 1}, {"busy_percent": 95.0}, {"rounds": 5}]
    why = "all of seven machines had one core, were busy or ran too few rounds."
    told = [f"No verdict on {runner}: {why}" for runner in ("threads", "processes")]
    nothing = "So nothing can be said of what it takes to start them."
    for unfit in facts:
        assert verdict(make_class_table(**unfit)).splitlines() == [*told, nothing]
    threads = verdict(make_class_table({"anna": {"threads": 1.0}})).splitlines()
    alone = "the one machine had one core, was busy or ran too few rounds."
    one = make_class_table({"anna": {"threads": 1.0}}, usable_cores=1)
    assert verdict(one).splitlines()[0] == f"No verdict on threads: {alone}"
    assert threads[1:] == ["No machine ran two processes or more.", nothing]
    processes = verdict(make_class_table({"anna": {"processes": 0.5}})).splitlines()
    assert processes[0] == "No machine ran two threads or more."
    assert processes[2].endswith("took 15 ms with Linux, fork (median).")
    assert "half of them" not in processes[1]


def test_many_outliers_are_counted() -> None:
    ratios = [*spread(1.0, 40, 0.05), *[2.0, 3.0, 2.5, 2.2, 2.1]]
    text = verdict(make_class_table(number_machines(ratios)))
    assert "far from the others: m041, m042, m043 and two more" in text
    assert shorten_name("x" * 24) == "x" * 24
    assert shorten_name("x" * 25) == f"{'x' * 21}..."


def test_one_made_up_machine_among_others_marks_the_class() -> None:
    whole = make_class_table(recorded_on="a laptop")
    assert verdict(whole).startswith("Recorded runs: two")
    assert "seven recorded elsewhere" in describe_class(pick_machines(whole, "threads"))
    ben = {"threads": 1.0, "recorded_on": "made up"}
    mixed = make_class_table({**ORDINARY_MACHINES, "ben": ben})
    assert verdict(mixed).startswith("Made-up class: two")
    assert describe_class(pick_machines(mixed, "threads")) == (
        "seven machines (Linux 5, macOS 1, Windows 1); eight rounds each; "
        "one made up from recorded runs; hollow: busy, one core or few rounds"
    )
    ran_processes = pick_machines(mixed, "processes")  # which ben didn't
    assert describe_class(ran_processes).startswith("six machines (Linux 4, ")
    once = pick_machines(make_class_table(rounds=1), "threads")
    assert "; one round each; " in describe_class(once)
