"""What of a request is no body, held to a size: its address and headers, and what stands between and below the pieces of a body
(RFC 9112, 7.1). The server keeps all of it in memory until it ends, and asks of nobody who he is before."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hub.screens.problems import problem

HEAD = 64 * 1024  # bytes, and as many more as come at once
_WHY = f"The address and the headers of a request may have {HEAD // 1024} KB together."


class Bounded(HttpToolsProtocol):
    """A connection on which no more is read than may be kept."""

    _held = 0  # bytes that came since the application got something of them

    def data_received(self, data: bytes) -> None:
        self._held += len(data)
        super().data_received(data)
        if self._held > HEAD and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(_refusal())
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._held = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._held = 0
        super().on_body(body)


def _refusal() -> bytes:
    answer = problem(431, _WHY, headers={"Connection": "close"})
    lines = [b"HTTP/1.1 431 Request Header Fields Too Large", *(b": ".join(header) for header in answer.raw_headers)]
    return b"\r\n".join([*lines, b"", bytes(answer.body)])
