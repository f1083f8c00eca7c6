from collections.abc import Iterator

import psutil
import pytest

from gil_demo.waiting import loopback
from tests.conftest import list_connections


@pytest.fixture
def everything_as_before(nothing_hangs: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that hangs or leaves a socket; threads and the interval are watched anyway."""
    del nothing_hangs
    monkeypatch.setattr(loopback, "LOOK_SECONDS", 0.01)  # servers end sooner
    before = {*list_connections(psutil.Process())}
    yield
    assert {*list_connections(psutil.Process())} == before
