import pytest

from gil_demo.words import capitalise, name_workers


@pytest.mark.parametrize(
    ("runner", "workers", "name"),
    [
        ("threads", 1, "one thread"),
        ("threads", 2, "two threads"),
        ("processes", 1, "one process"),
        ("processes", 12, "twelve processes"),
        ("processes", 13, "13 processes"),
        ("threads", 1200, "1,200 threads"),
        ("fibres", 1, "one fibres worker"),
        ("fibres", 3, "three fibres workers"),
    ],
)
def test_workers_are_named_in_words(runner: str, workers: int, name: str) -> None:
    assert name_workers(runner, workers) == name


def test_only_the_first_letter_is_made_large() -> None:
    assert capitalise("the GIL") == "The GIL"
    assert capitalise("") == ""
