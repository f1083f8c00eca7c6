import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from types import SimpleNamespace

import psutil
import pytest

from gil_demo.checks import GilDemoError
from gil_demo.waiting import loopback
from gil_demo.waiting.loopback import answer_late, ask_slow_server, echo, send_requests, serving

pytestmark = pytest.mark.usefixtures("nothing_hangs")

HOME = "127.0.0.1"


def list_sockets() -> set[tuple[object, ...]]:
    """List the open network sockets of this process."""
    return {
        (one.fd, one.laddr, one.raddr, one.status)
        for one in psutil.Process().net_connections(kind="inet")
    }


def connect(port: int) -> socket.socket:
    return socket.create_connection((HOME, port), timeout=5)


def receive(client: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        chunk = client.recv(size - len(received))
        assert chunk, "the server hung up"
        received += chunk
    return received


def assert_refused(port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        connect(port).close()


@pytest.fixture
def trail() -> "Trail":
    return Trail()


class Trail:
    """What was there before, to hold against what is there afterwards."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._sockets = list_sockets()

    def is_clean(self) -> bool:
        """Tell whether no thread and no socket has come since."""
        return set(threading.enumerate()) == self._threads and list_sockets() == self._sockets


# the server


def test_the_server_listens_on_a_free_port_that_only_this_machine_reaches() -> None:
    with serving(echo) as port:
        listening = [
            one.laddr
            for one in psutil.Process().net_connections(kind="inet")
            if one.status == psutil.CONN_LISTEN and one.laddr.port == port
        ]
        assert [address.ip for address in listening] == [HOME]


def test_two_servers_stand_beside_each_other_on_ports_of_their_own() -> None:
    with serving(echo) as one, serving(answer_late) as other:
        assert one != other
        ask_slow_server(1, other)
        with closing(connect(one)) as client:
            client.sendall(b"hello")
            assert receive(client, 5) == b"hello"


@pytest.mark.parametrize("size", [1, 16, 64, 65, 10_000])
def test_an_echo_holds_every_byte_that_was_sent(size: int) -> None:
    message = bytes(number % 251 for number in range(size))
    with serving(echo) as port, closing(connect(port)) as client:
        for _ in range(2):
            client.sendall(message)
            assert receive(client, size) == message


@pytest.mark.parametrize("milliseconds", [0, 1, 40])
def test_a_late_answer_takes_at_least_as_long_as_was_asked_for(milliseconds: int) -> None:
    with serving(answer_late) as port:
        begun = time.monotonic()
        ask_slow_server(milliseconds, port)
        assert time.monotonic() - begun >= milliseconds / 1000 - 0.001


def test_one_client_may_ask_a_late_server_several_times() -> None:
    with serving(answer_late) as port, closing(connect(port)) as client:
        for _ in range(3):
            client.sendall(b"1")
            assert receive(client, 16) == b"x" * 16


def test_several_clients_are_served_at_once() -> None:
    # each answer waits until all three have asked
    together = threading.Barrier(3, timeout=10)

    def answer_together(connection: socket.socket) -> None:
        while message := connection.recv(64):
            together.wait()
            connection.sendall(message)

    with serving(answer_together) as port, ExitStack() as stack:
        clients = [stack.enter_context(closing(connect(port))) for _ in range(3)]
        for number, client in enumerate(clients):
            client.sendall(bytes([number]))
        assert [receive(client, 1) for client in clients] == [b"\0", b"\1", b"\2"]


# what is left of it


def do_nothing(_: int) -> None:
    pass


def talk(port: int) -> None:
    with closing(connect(port)) as client:
        client.sendall(b"hello")
        assert receive(client, 5) == b"hello"


def vanish(port: int) -> None:
    """Break the connection off while the server is about to answer."""
    client = connect(port)
    client.sendall(b"hello")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def say_nothing(port: int) -> None:
    connect(port).close()


@pytest.mark.parametrize("visit", [do_nothing, talk, vanish, say_nothing])
def test_afterwards_no_thread_and_no_socket_is_left_and_the_port_refuses(
    visit: Callable[[int], None], trail: Trail
) -> None:
    with serving(echo) as port:
        visit(port)
    assert trail.is_clean()
    assert_refused(port)


def test_a_client_that_stays_is_hung_up_on(trail: Trail) -> None:
    with ExitStack() as stack:
        with serving(echo) as port:
            clients = [stack.enter_context(closing(connect(port))) for _ in range(3)]
            for client in clients:
                client.sendall(b"hello")
                assert receive(client, 5) == b"hello"
        assert [client.recv(64) for client in clients] == [b""] * 3
    assert trail.is_clean()
    assert_refused(port)


def test_a_client_that_still_waits_for_its_answer_keeps_nothing_alive(trail: Trail) -> None:
    with ExitStack() as stack:
        with serving(answer_late) as port:
            client = stack.enter_context(closing(connect(port)))
            client.sendall(b"100")
        assert_refused(port)
    assert trail.is_clean()


def test_a_client_that_vanishes_does_not_disturb_the_others(trail: Trail) -> None:
    with serving(echo) as port:
        for _ in range(5):
            vanish(port)
        talk(port)
    assert trail.is_clean()


def test_a_block_that_raises_leaves_nothing(trail: Trail) -> None:
    with (
        pytest.raises(LookupError, match="of the block"),
        serving(echo) as port,
        closing(connect(port)),
    ):
        raise LookupError("of the block")
    assert trail.is_clean()
    assert_refused(port)


def test_an_interrupt_inside_the_block_leaves_nothing(trail: Trail) -> None:
    with pytest.raises(KeyboardInterrupt), serving(echo) as port, closing(connect(port)):
        signal.raise_signal(signal.SIGINT)
    assert trail.is_clean()
    assert_refused(port)


@pytest.mark.parametrize("moment", ["create_server", "create_connection"])
def test_an_interrupt_while_it_opens_or_closes_leaves_nothing_and_is_not_lost(
    moment: str, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = getattr(socket, moment)

    def interrupt_and_go_on(*arguments: object, **options: object) -> object:
        signal.raise_signal(signal.SIGINT)
        return genuine(*arguments, **options)

    monkeypatch.setattr(socket, moment, interrupt_and_go_on)
    with pytest.raises(KeyboardInterrupt), serving(echo):
        pass
    monkeypatch.undo()
    assert trail.is_clean()


def test_a_system_that_refuses_further_sockets_can_not_keep_the_server_open() -> None:
    script = (
        "import errno, socket, time\n"
        "from gil_demo.loopback import echo, serving\n"
        "def refuse(*_, **__):\n"
        "    raise OSError(errno.EMFILE, 'too many open files')\n"
        "with serving(echo):\n"
        "    time.sleep(0.1)  # until the server waits for a client\n"
        "    socket.create_connection = refuse\n"
        "print('left')\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=5
    )
    assert (answer.stdout, answer.stderr) == ("left\n", "")


def test_a_refused_socket_is_one_error_that_gives_the_reason(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "not here")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(GilDemoError, match=r"refused a loopback server .*not here"), serving(echo):
        raise AssertionError("there is no server")
    assert trail.is_clean()


# clients


def test_an_exchange_tells_what_the_client_saw() -> None:
    with serving(echo) as port:
        exchange = send_requests(port, 0.05)
    assert exchange.requests >= 1
    assert exchange.seconds >= 0.05
    assert 0 < exchange.median_seconds <= exchange.p99_seconds <= exchange.seconds


def test_however_short_the_time_there_is_one_request() -> None:
    with serving(echo) as port:
        exchange = send_requests(port, 1e-9)
    assert exchange.requests == 1
    assert exchange.seconds == exchange.median_seconds == exchange.p99_seconds > 0


def test_the_requests_are_bounded_and_one_before_them_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = []

    def note(connection: socket.socket) -> None:
        while message := connection.recv(64):
            answered.append(message)
            connection.sendall(message)

    monkeypatch.setattr(loopback, "MOST_REQUESTS", 7)
    with serving(note) as port:
        assert send_requests(port, 60.0).requests == 7
    assert len(answered) == 8


def test_the_median_and_the_slowest_hundredth_are_those_of_the_latencies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    latencies = [(37 * number) % 101 for number in range(1, 101)]  # 1 to 100, in no order
    readings = iter([0, *(sum(latencies[: count + 1]) for count in range(100))])
    clock = SimpleNamespace(perf_counter=lambda: next(readings), sleep=time.sleep)
    monkeypatch.setattr(loopback, "MOST_REQUESTS", 100)
    with serving(echo) as port:
        monkeypatch.setattr(loopback, "time", clock)
        exchange = send_requests(port, 1e6)
    assert exchange == (100, 5050, 51, 100)


@pytest.mark.parametrize("ask", [lambda port: send_requests(port, 0.1), lambda port: talk(port)])
def test_a_server_that_is_gone_is_an_os_error(ask: Callable[[int], object], trail: Trail) -> None:
    with serving(echo) as port:
        pass
    with pytest.raises(OSError):  # noqa: PT011, since the systems call it differently
        ask(port)
    assert trail.is_clean()


def test_a_server_that_hangs_up_without_an_answer_is_an_os_error(trail: Trail) -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.recv(64)

    with serving(hang_up) as port:
        with pytest.raises(ConnectionError):
            send_requests(port, 0.1)
        with pytest.raises(ConnectionError):
            ask_slow_server(1, port)
    assert trail.is_clean()


def test_a_server_that_never_answers_is_an_os_error_in_the_end(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listen_only(connection: socket.socket) -> None:
        while connection.recv(64):
            pass

    monkeypatch.setattr(loopback, "PATIENCE_SECONDS", 0.05)
    with serving(listen_only) as port:
        with pytest.raises(TimeoutError):
            send_requests(port, 0.1)
        with pytest.raises(TimeoutError):
            ask_slow_server(1, port)
    assert trail.is_clean()


def test_what_clients_and_server_need_is_in_the_standard_library() -> None:
    text = loopback.__loader__.get_source("gil_demo.loopback")  # type: ignore[union-attr]
    for line in text.splitlines():
        if line.startswith(("import ", "from ")):
            package = line.split()[1].split(".")[0]
            assert package in sys.stdlib_module_names | {"gil_demo"}
