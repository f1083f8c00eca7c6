"""A server on this machine's own loopback address, and what its clients do.

Standard library only, since worker processes import it.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import NamedTuple

from gil_demo.checks import GilDemoError
from gil_demo.running.interrupts import held_back

MOST_REQUESTS = 200_000
PATIENCE_SECONDS = 30.0
_ADDRESS = "127.0.0.1"
_MESSAGE = b"x" * 16
_CHECK_SECONDS = 0.05


class Exchange(NamedTuple):
    """What a client saw.

    Attributes:
        requests: how many were answered.
        seconds: how long all of them took together.
        median_seconds: the median time from a request to its answer.
        p99_seconds: the time that 99 % of the requests stayed below.
    """

    requests: int
    seconds: float
    median_seconds: float
    p99_seconds: float


@contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve in threads of this process, on a free port that only this machine can reach.

    Args:
        handle: talks to one client until that client is gone; each client gets a thread.

    Yields:
        The port. Afterwards no thread is left and no socket is open.

    Raises:
        GilDemoError: the operating system offers no socket.
    """
    server = _Server(handle)
    try:
        with held_back():
            server.open()
        yield server.port
    finally:
        with held_back():
            server.close()


class _Server:
    """A listening socket, its clients' sockets and the threads that attend to them."""

    def __init__(self, handle: Callable[[socket.socket], None]) -> None:
        self.port = 0
        self._handle = handle
        self._listener: socket.socket | None = None
        self._connections: list[socket.socket] = []
        self._crew: list[threading.Thread] = []
        self._is_over = False

    def open(self) -> None:
        """Listen on a free port, in a thread."""
        try:
            self._listener = socket.create_server((_ADDRESS, 0))
        except OSError as reason:
            raise GilDemoError(
                f"the operating system refused a loopback server ({reason})"
            ) from None
        self.port = self._listener.getsockname()[1]
        self._start(self._listen, self._listener)

    def close(self) -> None:
        """Hang up on every client, and wait until all threads have ended."""
        if self._listener is None:
            return
        self._is_over = True
        try:  # a last client, so that the listening thread looks up
            socket.create_connection((_ADDRESS, self.port), timeout=1).close()
        except OSError:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
        _wait_for(self._crew[0])
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._crew:
            _wait_for(thread)
        self._listener.close()

    def _start(self, work: Callable[[socket.socket], None], argument: socket.socket) -> None:
        self._crew.append(threading.Thread(target=work, args=(argument,), daemon=True))
        self._crew[-1].start()

    def _listen(self, listener: socket.socket) -> None:
        while not self._is_over:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._start(self._attend, connection)

    def _attend(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            self._handle(connection)


def _wait_for(thread: threading.Thread) -> None:
    """Wait for a thread to end; with a limit each time, so that no interrupt is slept through."""
    while thread.is_alive():
        thread.join(_CHECK_SECONDS)


def echo(connection: socket.socket) -> None:
    """Send back whatever comes, until the client is gone."""
    while message := connection.recv(64):
        connection.sendall(message)


def answer_late(connection: socket.socket) -> None:
    """Answer each request after as many milliseconds as it names."""
    while message := connection.recv(64):
        time.sleep(int(message) / 1000)
        connection.sendall(_MESSAGE)


def send_requests(port: int, seconds: float) -> Exchange:
    """Send requests to an echo server, one after another, and time each.

    Args:
        port: the server's.
        seconds: for how long; at most `MOST_REQUESTS` requests are sent.

    Returns:
        How many there were and how long they took.

    Raises:
        OSError: the server is gone or doesn't answer in time.
    """
    latencies: list[float] = []
    with closing(_connect(port)) as connection:
        _ask(connection, _MESSAGE)
        begun = last = time.perf_counter()
        while last - begun < seconds and len(latencies) < MOST_REQUESTS:
            _ask(connection, _MESSAGE)
            now = time.perf_counter()
            latencies.append(now - last)
            last = now
    latencies.sort()
    count = len(latencies)
    return Exchange(count, last - begun, latencies[count // 2], latencies[count * 99 // 100])


def ask_slow_server(milliseconds: int, port: int) -> None:
    """Ask a server that answers late, and wait for the answer.

    Args:
        milliseconds: how long the server is to take.
        port: the server's.
    """
    with closing(_connect(port)) as connection:
        _ask(connection, str(milliseconds).encode())


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection((_ADDRESS, port), timeout=PATIENCE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    return connection


def _ask(connection: socket.socket, message: bytes) -> None:
    connection.sendall(message)
    if not connection.recv(64):
        raise ConnectionError("the server closed the connection")
