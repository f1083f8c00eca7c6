import inspect

import pytest

from gil_demo.workloads import countdown, split


def test_the_countdown_takes_one_step_for_each_number() -> None:
    class Watched(int):
        steps = 0

        def __sub__(self, other: int) -> "Watched":
            Watched.steps += 1
            return Watched(int(self) - other)

    countdown(Watched(7))
    assert Watched.steps == 7


@pytest.mark.parametrize("n", [0, -5])
def test_a_countdown_from_zero_or_below_is_over_at_once(n: int) -> None:
    assert countdown(n) is None  # type: ignore[func-returns-value]


def test_the_countdown_is_the_loop_that_the_lesson_prints() -> None:
    lines = [line.strip() for line in inspect.getsource(countdown).splitlines()]
    assert lines[0].startswith("def countdown(n")
    assert lines[-2:] == ["while n > 0:", "n -= 1"]


@pytest.mark.parametrize("count", [0, 1, 7, 10, 1_000_003])
@pytest.mark.parametrize("parts", [1, 2, 3, 12])
def test_the_parts_are_whole_add_up_and_differ_by_one_at_most(count: int, parts: int) -> None:
    shares = split(count, parts)
    assert len(shares) == parts
    assert sum(shares) == count
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)
    assert all(type(share) is int for share in shares)
