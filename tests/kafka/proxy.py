"""A wire that can be cut: forwards connections on loopback, until it swallows everything and answers nothing."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST, as a router does that has forgotten a connection


class Wire:
    """Listens on `port` and forwards to another one."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._whole = threading.Event()
        self._whole.set()
        self._held: set[socket.socket] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listening.close()
        self._whole.set()
        self._reset()

    def cut(self) -> None:
        """From now on nothing passes; connections seem to stand."""
        self._whole.clear()

    def mend(self) -> None:
        """New connections pass; those of before the cut are found to be dead."""
        self._reset()
        self._whole.set()

    def ports(self) -> set[int]:
        """What the other side sees of whoever comes this way."""
        with self._lock:
            return {held.getsockname()[1] for held in self._held if held.fileno() >= 0}

    def _reset(self) -> None:
        with self._lock:
            held, self._held = self._held, set()
        for one in held:
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                one.shutdown(socket.SHUT_RD)  # wakes the thread that reads it
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            self._whole.wait()
            try:
                far = socket.create_connection(("127.0.0.1", self._to), 5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                self._held |= {near, far}
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, of: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while piece := of.recv(65_536):
                self._whole.wait()
                to.sendall(piece)
        with suppress(OSError):
            to.shutdown(socket.SHUT_WR)
