import pytest

from gil_demo.pythons.finding import describe_interpreters, judge_interpreters, title_interpreters
from gil_demo.pythons.table import summarise_interpreters
from tests.conftest import spread
from tests.made.pythons import ORDINARY, STRANGE, Ratios, make_interpreters

ALONE: Ratios = {"CPython 3.11.7": ORDINARY["CPython 3.11.7"]}
FEW: Ratios = {"CPython 3.11.7": {"threads": spread(1.03, 4)}}


def title_of(*arguments: object, **facts: object) -> str:
    table = make_interpreters(*arguments, **facts)  # type: ignore[arg-type]
    return title_interpreters(table, summarise_interpreters(table))


def test_the_title_names_the_largest_and_the_smallest_ratio() -> None:
    assert title_of() == (
        "Two threads took 1.90 × as long as one under CPython 2.7.18; 0.54 × under CPython 3.13.5t"
    )


def test_the_title_of_a_single_interpreter_names_it_alone() -> None:
    assert title_of(ALONE) == "Two threads took 1.03 × as long as one under CPython 3.11.7"


def test_a_recorded_run_says_so() -> None:
    assert title_of(ALONE, recorded_on="a machine").startswith("Recorded run: two threads took ")


@pytest.mark.parametrize(
    ("arguments", "facts", "title"),
    [
        ((FEW,), {}, "No verdict: an interval needs 6 rounds"),
        (({}, STRANGE), {}, "No interpreter could be measured"),
        ((), {"usable_cores": 1}, "No verdict: one usable core, no speed-up can show"),
        ((), {"busy_percent": 90.0}, "No verdict: the machine was 90 % busy before the run"),
    ],
)
def test_a_title_without_a_verdict_says_why(
    arguments: tuple[object, ...], facts: dict[str, object], title: str
) -> None:
    assert title_of(*arguments, **facts) == title


def test_every_interpreter_gets_a_sentence_with_its_figures() -> None:
    lines = judge_interpreters(make_interpreters(strange=STRANGE)).splitlines()
    for line, name in zip(lines, ORDINARY, strict=False):
        assert line.startswith(f"{name}: two threads took ")
    assert "1.90 × as long as one (95 % interval 1.71 to 2.09), slower" in lines[0]
    assert "; two processes 0.55 ×." in lines[0]
    assert lines[3].split("), ")[1].startswith("faster")
    assert lines[-2:] == ["python3.90: failed.", "python3.91: stopped for its output."]


def test_what_a_single_thread_pays_is_told_beside_the_ordinary_build_of_that_version() -> None:
    lines = judge_interpreters(make_interpreters()).splitlines()
    (line,) = [line for line in lines if line.startswith("One thread: ")]
    assert "30.0 ns under CPython 3.13.5t" not in line
    assert "under CPython 3.13.5t and " in line
    assert line.endswith("under CPython 3.13.0, 1.5 × as long.")


def test_without_an_ordinary_build_of_that_version_nothing_is_said_of_it() -> None:
    ratios = {name: ORDINARY[name] for name in ("CPython 3.11.7", "CPython 3.13.5t")}
    assert "One thread:" not in judge_interpreters(make_interpreters(ratios))


def test_too_few_rounds_are_said_and_carry_no_word_of_verdict() -> None:
    told = judge_interpreters(make_interpreters(FEW))
    assert "but in fewer than 6 rounds" in told
    assert "interval" not in told
    assert "nan" not in told


def test_a_machine_that_can_t_show_it_gives_figures_without_a_verdict() -> None:
    told = judge_interpreters(make_interpreters(usable_cores=1)).splitlines()
    assert told[0].startswith("No verdict: one usable core")
    assert not [line for line in told if "slower" in line or "faster" in line]


def test_the_conditions_tell_the_machine_and_how_often() -> None:
    assert describe_interpreters(make_interpreters()) == (
        "CPython 3.13.0, Linux, two usable cores; six interpreters, eight rounds each"
    )
    assert describe_interpreters(make_interpreters({}, STRANGE)).endswith("; none measured")
    uneven = {**FEW, "CPython 3.12.0": {"threads": spread(1.0)}}
    assert describe_interpreters(make_interpreters(uneven)).endswith("4 to 8 rounds each")
