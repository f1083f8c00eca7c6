import pickle
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from gil_demo.examination import samples
from gil_demo.examination.parcels import are_alike, snapshot, weigh


class Slow:
    """What is pickled at once, and takes a while to rebuild."""

    def __reduce__(self) -> tuple[Callable[[int], int], tuple[int]]:
        return samples.ask_server, (10,)


def test_a_large_global_is_pickled_no_further_than_it_counts() -> None:
    pickled = []

    class Piece:
        def __reduce_ex__(self, protocol: Any) -> tuple[type[bytes], tuple[bytes]]:
            pickled.append(protocol)
            return bytes, (b"x" * 100_000,)

    pieces = [Piece() for _ in range(100)]
    assert snapshot(lambda: pieces) == {}
    assert len(pickled) < 20
    assert {*pickled} == {pickle.HIGHEST_PROTOCOL}  # lower ones copy all of an array first


def test_a_parcel_is_weighed_and_rebuilt_and_a_large_one_isn_t_kept() -> None:
    assert weigh(b"x" * 1_000).size > 1_000
    assert weigh(Slow()).seconds >= 0.01
    large = weigh(bytes(30_000_000))
    assert large.content is None
    assert large.seconds > 5e-4  # no machine copies it sooner
    with pytest.raises(TypeError):
        weigh(time.sleep for _ in [])


def test_answers_are_alike_if_equal_or_equal_when_pickled() -> None:
    import numpy as np

    assert are_alike([1], [1.0])
    assert are_alike(float("nan"), float("nan"))
    assert are_alike(np.arange(3), np.arange(3))
    assert not are_alike(np.arange(3), np.zeros(3))
    assert not are_alike("a", "b")


def make_tree(children: int) -> dict[str, Any]:
    """Make a tree whose leaves name it as their parent."""
    root: dict[str, Any] = {"number": 0, "children": []}
    root["children"] = [{"parent": root, "number": number} for number in range(children)]
    return root


def test_answers_with_circles_deep_ones_and_those_with_a_part_twice_are_compared_in_time() -> None:
    assert are_alike(make_tree(50), make_tree(50))
    assert not are_alike(make_tree(50), make_tree(51))
    # one text twice: the pickle of a copy is another
    text, tree = "".join(["a", "b"]), make_tree(50)
    assert are_alike([text, text, tree], [text, "".join(["a", "b"]), make_tree(50)])
    deep: list[list[Any]] = [[], [float("nan")]]
    for _ in range(50_000):
        deep = [[one] for one in deep]
    assert not are_alike(*deep)
    doubled: list[list[Any]] = [[float("nan")], [float("nan")], [1]]
    for _ in range(60):
        doubled = [[one, one] for one in doubled]
    assert are_alike(*doubled[:2])
    assert not are_alike(*doubled[1:])
    assert are_alike({1: 2, 3: [4, 5.0]}, {3: [4, 5], 1: 2})


def test_answers_of_a_plain_class_are_alike_if_their_parts_are() -> None:
    class Told:
        def __init__(self, words: Iterable[object]) -> None:
            self.words = {*words}

    words = [f"{letter}{number}" for letter in "abcdefgh" for number in range(20)]
    assert pickle.dumps({*words}) != pickle.dumps({*words[::-1]})  # in the order of their making
    assert are_alike([Told(words)], [Told(words[::-1])])
    assert not are_alike([Told(words)], [Told(words[1:])])
    assert are_alike({1: [Told(words), float("nan")]}, {1: [Told(words[::-1]), float("nan")]})
    assert not are_alike([ValueError("a")], [ValueError("b")])
