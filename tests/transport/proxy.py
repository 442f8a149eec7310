"""A wire that a test can cut: a TCP proxy in front of a server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """`cut` ends all connections now; while `closed` new ones are cut at once. `passing` bytes from the server, then cut."""

    def __init__(self, listening: socket.socket, port: int) -> None:
        self._listening, self._port = listening, port
        self.port: int = listening.getsockname()[1]
        self.closed = False
        self.passing: int | None = None
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self.closed:
                client.close()
                continue
            self.connections += 1
            server = socket.create_connection(("127.0.0.1", self._port))
            with self._lock:
                self._open |= {client, server}
            for source, target, counted in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass, args=(source, target, counted), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if counted and self.passing is not None:
                    data, self.passing = data[: self.passing], self.passing - len(data)
                    if self.passing < 0:
                        self.passing = None
                        target.sendall(data)
                        break
                target.sendall(data)
        self._end(source, target)

    def _end(self, *sockets: socket.socket) -> None:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        with self._lock:
            self._open -= set(sockets)

    def cut(self) -> None:
        with self._lock:
            mine = list(self._open)
        self._end(*mine)


@contextmanager
def proxy_of(port: int) -> Iterator[Proxy]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        proxy = Proxy(listening, port)
        thread = threading.Thread(target=proxy.serve, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            proxy.cut()
            thread.join(5)
