"""How the stories panel reaches the demo: one port on loopback, for whoever knows the token.

GET /   {"plays": [name], "told": [{"word", "fields", "href", "pending"}]}, the last thing that happened first.
POST /NAME   plays a story; answers the same.
"""

from __future__ import annotations

import hmac
import json
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Look = Callable[[], dict[str, Any]]
Play = Callable[[str], bool]


def listen(listening: socket.socket, token: str, look: Look, play: Play) -> ThreadingHTTPServer:
    """Serve on this bound socket in a thread. `play` answers False for a story that nobody knows."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(token, look, play), bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.daemon_threads = True
    Thread(target=server.serve_forever, name="control", daemon=True).start()
    return server


def _handler(token: str, look: Look, play: Play) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(True)

        def do_POST(self) -> None:
            self._answer(self._known() and play(self.path.strip("/")))

        def _answer(self, found: bool) -> None:
            status, body = (200, look()) if self._known() and found else (404 if self._known() else 401, {})
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _known(self) -> bool:
            sent = self.headers.get("Authorization", "")
            return hmac.compare_digest(sent.encode("utf-8", "replace"), f"Bearer {token}".encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Every look at the panel is a request; nobody wants to read that."""

    return Handler
