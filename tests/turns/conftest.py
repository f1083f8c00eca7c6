import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def the_interval_is_as_before() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    assert sys.getswitchinterval() == before
