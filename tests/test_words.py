import math

from gil_demo import words
from gil_demo.tables.schema import SHARES
from tests.made.runs import make_run

NAN = math.nan


def test_workers_lists_and_counts_are_put_in_words() -> None:
    crews = [("sequential", 1), ("threads", 1), ("threads", 1200), ("processes", 12)]
    crews += [("processes", 13), ("fibres", 1), ("fibres", 3)]
    told = "plain loop|one thread|1,200 threads|twelve processes|13 processes"
    told += "|one fibres worker|three fibres workers"
    assert "|".join(words.name_workers(*crew) for crew in crews) == told
    assert [words.capitalise(text) for text in ("the GIL", "")] == ["The GIL", ""]
    for names, told in (("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")):
        assert words.list_in_words([*names]) == told
    counted = [words.count_in_words(number, "round") for number in (0, 1, 2)]
    assert counted == ["zero rounds", "one round", "two rounds"]
    assert words.count_in_words(2, "is", "are") == "two are"


def test_figures_are_stated_in_the_unit_that_suits_them_and_a_ratio_by_its_interval() -> None:
    seconds = [4.5e-7, 9.994e-4, 9.996e-4, 0.25, 0.9996, 12.345, 999.4, 1234.5]
    told = "0.45 µs|999 µs|1 ms|250 ms|1 s|12.3 s|999 s|1,234 s"
    assert "|".join(map(words.state_seconds, seconds)) == told
    sizes = [1, 0, 999, 999.6, 25_000, 1.5e6, 3e9, 2e12]
    told = "1 byte|0 bytes|999 bytes|1 kB|25 kB|1.5 MB|3 GB|2,000 GB"
    assert "|".join(map(words.state_bytes, sizes)) == told
    assert words.state_range(0.25, 0.2, 0.3) == "250 ms (200 ms to 300 ms)"
    assert words.state_range(0.25, NAN, NAN) == "250 ms"
    assert words.state_share(0.256) == "26 %"
    assert words.state_times(1.5, 1.4, 1.6) == words.state_times(1.5, NAN, NAN) == "1.50 ×"
    assert words.state_times(1.5, 0.5, 2.5) == "0.50 to 2.50 ×"
    for low, high, told in (
        *((1.06, 1.2, "slower"), (0.8, 0.94, "faster"), (0.953, 1.05, "about as fast")),
        *((0.7, 1.3, "too uneven here to say more"), (NAN, NAN, "too uneven here to say more")),
        *((0.96, 1.2, "no faster"), (0.8, 1.04, "no slower"), (0.9, 1.1, "no clear difference")),
    ):
        assert words.call_ratio(low, high) == told
    compared = [words.compare_ratio(*ends, "it") for ends in ((0.96, 1.04), (0.9, 1.1), (0.5, 2.0))]
    assert compared == ["about as fast as it", "no clear difference from it", words.UNEVEN]
    assert words.compare_ratio(0.8, 1.04, "it") == "no slower than it"


def test_conditions_and_titles_tell_the_computer_and_that_a_run_was_recorded_or_made_up() -> None:
    computer = "CPython 3.13.0, Linux, two usable cores"
    assert words.describe_conditions(make_run(), "x") == f"{computer}, processes by fork; x"
    for facts, told in (
        ({"gil_enabled": False}, "CPython 3.13.0 without the GIL, Linux, two usable cores"),
        ({"usable_cores": 1}, "CPython 3.13.0, Linux, one usable core"),
        ({"operating_system": "Darwin"}, "CPython 3.13.0, macOS, two usable cores"),
        ({"recorded_on": "a laptop"}, f"Recorded on a laptop: {computer}"),
        ({"recorded_on": "made up here"}, f"Made up here: {computer}"),
    ):
        assert words.describe_computer(make_run(**facts).iloc[0]) == told
    for on, start in (("", "It"), ("a laptop", "Recorded run: it"), ("made up", "Made-up run: it")):
        assert words.head("it is so", make_run(recorded_on=on)) == f"{start} is so"


def test_a_busy_machine_or_one_core_carries_no_verdict() -> None:
    busy = "the machine was 80 % busy before the run; close other programs and run again"
    one = "one usable core, no speed-up can show; try a machine with more"
    for cores, percent, workers, told in (
        *((2, 25, 2, []), (2, 80, 2, [busy]), (8, 80, 2, []), (8, 80, 3, [busy])),
        *((1, 0, 2, [one]), (1, 80, 2, [one, busy])),
    ):
        first = make_run(usable_cores=cores, busy_percent=percent).iloc[0]
        assert words.find_machine_reservations(first, workers) == told


def test_what_others_took_during_the_run_counts_and_not_what_they_took_before() -> None:
    others = "other programs took 40 % of the cores during the run; close them and run again"
    host = "this machine's host gave 40 % of its cores to others during the run; run again later"
    for shares, facts, told in (
        ((12.0, 0.0), {"busy_percent": 99.0}, []),
        ((13.0, 0.0), {}, ["other programs took 13 % of the cores during the run"]),
        ((40.0, 5.0), {}, [others]),
        ((5.0, 40.0), {}, [host]),
        ((40.0, 0.0), {"usable_cores": 4}, []),  # of which two are enough
        ((40.0, 0.0), {"logical_cores": 64, "cores_limited_by": "quota"}, []),
    ):
        table = make_run().assign(**dict(zip(SHARES, shares, strict=True)), **facts)
        found = words.find_busy_reservations(table.iloc[0], 2)
        assert [reason[: len(start)] for reason, start in zip(found, told, strict=True)] == told
