import multiprocessing
import sys
import threading
from collections.abc import Iterator

import psutil
import pytest

from gil_demo.waiting import loopback
from tests.conftest import list_workers

UNUSUAL = 0.003


def list_sockets() -> set[tuple[object, ...]]:
    """List the open network sockets of this process."""
    connections = psutil.Process().net_connections(kind="inet")
    return {(one.fd, one.laddr, one.raddr, one.status) for one in connections}


@pytest.fixture(autouse=True)
def quick_end(nothing_hangs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let servers look often whether they are to end, and no test hang."""
    del nothing_hangs
    monkeypatch.setattr(loopback, "LOOK_SECONDS", 0.01)


@pytest.fixture
def everything_as_before() -> Iterator[None]:
    """Fail a test that leaves a thread, a process or a socket, or another switch interval."""
    own = sys.getswitchinterval()
    sys.setswitchinterval(UNUSUAL)
    interval, sockets = sys.getswitchinterval(), list_sockets()
    workers, threads = list_workers(), set(threading.enumerate())
    yield
    left = sys.getswitchinterval()
    sys.setswitchinterval(own)
    assert left == interval
    assert list_sockets() == sockets
    assert set(threading.enumerate()) == threads
    assert multiprocessing.active_children() == []
    assert list_workers() == workers
