import signal
import socket
import struct
import threading
import time
from contextlib import ExitStack, closing
from operator import methodcaller
from types import SimpleNamespace
from unittest.mock import Mock

import psutil
import pytest

from gil_demo.checks import GilDemoError
from gil_demo.waiting import loopback
from gil_demo.waiting.loopback import answer_late, ask_slow_server, echo, send_requests, serving
from tests.conftest import list_connections

pytestmark = pytest.mark.usefixtures("everything_as_before")

HOME = "127.0.0.1"


def connect(port: int) -> socket.socket:
    return socket.create_connection((HOME, port), timeout=5)


def receive(client: socket.socket, size: int) -> bytes:
    with client.makefile("rb") as stream:
        return stream.read(size)


def test_an_answer_holds_every_byte_or_comes_late_and_only_this_machine_is_answered() -> None:
    message = bytes(number % 251 for number in range(10_000))
    with serving(echo) as port, closing(connect(port)) as client:
        client.sendall(message)
        assert receive(client, len(message)) == message
        places = {one.laddr for one in list_connections(psutil.Process()) if not one.raddr}
        assert {place.ip for place in places if place.port == port} == {HOME}
    with serving(answer_late) as port, closing(connect(port)) as client:
        begun = time.monotonic()
        ask_slow_server(40, port)
        assert time.monotonic() - begun >= 0.039
        client.sendall(b"1")
        assert receive(client, 16) == b"x" * 16


def test_clients_that_vanish_or_stay_keep_no_server(capfd: pytest.CaptureFixture[str]) -> None:
    with ExitStack() as stack:
        with serving(echo) as port, serving(answer_late) as other:
            for _ in range(5):  # each breaks off while the server is about to answer
                client = connect(port)
                client.sendall(b"hello")
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
            clients = [stack.enter_context(closing(connect(port))) for _ in range(3)]
            for client in clients:
                client.sendall(b"hello")
                assert receive(client, 5) == b"hello"
            stack.enter_context(closing(connect(other))).sendall(b"100")
        assert [client.recv(64) for client in clients] == [b""] * 3
        for closed in (port, other):
            with pytest.raises(ConnectionRefusedError):
                connect(closed)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("moment", ["server_activate", "server_close"])
def test_an_interrupt_leaves_no_server(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = getattr(loopback._Server, moment)

    def interrupt_and_go_on(server: object) -> None:
        signal.raise_signal(signal.SIGINT)
        genuine(server)

    monkeypatch.setattr(loopback._Server, moment, interrupt_and_go_on)
    with pytest.raises(KeyboardInterrupt), serving(echo):
        pass


def test_a_refused_socket_or_thread_or_a_hang_up_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hang_up, told = methodcaller("recv", 64), "^the server closed the connection$"
    with serving(hang_up) as port, pytest.raises(ConnectionError, match=told):
        ask_slow_server(1, port)
    told = r"^the operating system refused a loopback server \(.+\)$"
    no_thread = Mock(side_effect=RuntimeError("can't start new thread"))
    nowhere = "192.0.2.1"  # which no machine has
    for place, name, other in (
        (threading.Thread, "start", no_thread),
        (loopback, "_ADDRESS", nowhere),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, other)
            with pytest.raises(GilDemoError, match=told), serving(echo):
                pass


def test_requests_are_sent_for_a_while_but_one_at_least_and_their_latencies_ranked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = []

    def note(connection: socket.socket) -> None:
        while message := connection.recv(64):
            answered.append(message)
            connection.sendall(message)

    latencies = [(37 * number) % 101 for number in range(1, 101)]  # 1 to 100, in no order
    readings = iter([0, *(sum(latencies[: count + 1]) for count in range(100))])
    clock = SimpleNamespace(perf_counter=lambda: next(readings))
    with serving(note) as port:
        assert send_requests(port, 0.05).seconds >= 0.05
        one = send_requests(port, 1e-9)
        answered.clear()
        monkeypatch.setattr(loopback, "MOST_REQUESTS", 100)
        monkeypatch.setattr(loopback, "time", clock)
        exchange = send_requests(port, 1e6)
    assert one.requests == 1
    assert one.seconds == one.latency_median_seconds == one.latency_p99_seconds > 0
    assert (exchange, exchange.work) == ((100, 5050, 51, 100), 50.5)
    assert len(answered) == 101
