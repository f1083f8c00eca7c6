import sys
import threading
from collections.abc import Iterator

import psutil
import pytest

from gil_demo.waiting import loopback
from tests.conftest import list_connections


def list_sockets() -> set[tuple[object, ...]]:
    """List the open network sockets of this process."""
    connections = list_connections(psutil.Process())
    return {(one.fd, one.laddr, one.raddr, one.status) for one in connections}


@pytest.fixture
def everything_as_before(nothing_hangs: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that hangs, or leaves a thread, a socket or another switch interval."""
    del nothing_hangs
    monkeypatch.setattr(loopback, "LOOK_SECONDS", 0.01)  # servers end sooner
    own = sys.getswitchinterval()
    sys.setswitchinterval(0.003)
    before = sys.getswitchinterval(), list_sockets(), set(threading.enumerate())
    yield
    after = sys.getswitchinterval(), list_sockets(), set(threading.enumerate())
    sys.setswitchinterval(own)
    assert after == before
