"""A server on this machine's own loopback address, and what its clients do.

Standard library only, since worker processes import it.
"""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, NamedTuple

from gil_demo.checks import GilDemoError
from gil_demo.running.interrupts import held_back

MOST_REQUESTS = 200_000
PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.5
"""How often the server looks whether it is to end: so seldom that no measurement feels it."""
_ADDRESS = "127.0.0.1"
_MESSAGE = b"x" * 16


@contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve on a free port that only this machine can reach; `handle` talks to one client."""
    server = None
    try:
        with held_back():
            try:
                server = _Server(handle)
                server.listener.start()
            except (OSError, RuntimeError) as reason:
                told = f"the operating system refused a loopback server ({reason})"
                raise GilDemoError(told) from None
        yield server.server_address[1]
    finally:
        with held_back():
            if server is not None:
                server.server_close()


class _Server(ThreadingTCPServer):
    """A server that hangs up on its clients when it closes, and waits until its threads end."""

    request_queue_size = 128  # as many clients may come at once

    def __init__(self, handle: Callable[[socket.socket], None]) -> None:
        self.listener = threading.Thread(
            target=self.serve_forever, args=(LOOK_SECONDS,), daemon=True
        )
        self._handle = handle
        self._connections: list[socket.socket] = []
        super().__init__((_ADDRESS, 0), BaseRequestHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.append(request)
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        with suppress(OSError):
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            self._handle(request)

    def server_close(self) -> None:
        if self.listener.is_alive():
            self.shutdown()
            self.listener.join()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            if sys.platform == "win32":  # nothing else wakes a thread that waits for a message
                connection.close()
        super().server_close()


def echo(connection: socket.socket) -> None:
    """Send back whatever comes, until the client is gone."""
    while message := connection.recv(64):
        connection.sendall(message)


def answer_late(connection: socket.socket) -> None:
    """Answer each request after as many milliseconds as it names."""
    while message := connection.recv(64):
        time.sleep(int(message) / 1000)
        connection.sendall(_MESSAGE)


class Exchange(NamedTuple):
    """What a client saw: half of its requests took less than the median, 99 % less than p99."""

    requests: int
    seconds: float
    latency_median_seconds: float
    latency_p99_seconds: float

    @property
    def work(self) -> float:
        """Seconds a request."""
        return self.seconds / self.requests


def send_requests(port: int, seconds: float) -> Exchange:
    """Send requests to an echo server for a while, one after another, and time each."""
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
    """Ask a server that is to answer late, and wait for the answer."""
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
