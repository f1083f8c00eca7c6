"""What tests of measurements have in common, and a watch on the switch interval."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def the_interval_is_as_before() -> Iterator[None]:
    """Fail a test after which the switch interval is another than before."""
    before = sys.getswitchinterval()
    yield
    after = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    assert after == before
