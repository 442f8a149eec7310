"""How the hub logs: structlog, one line a batch, the event a constant phrase, the rest key=value, nothing personal."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any, TextIO

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

_AGAIN = 60.0  # seconds


class Repeated:
    """Says what keeps something from its work that is tried again each second: at once, and once a minute while it lasts.
    A night without the database fills nobody's log."""

    def __init__(self, log: Any) -> None:
        self._log, self._next = log, 0.0

    def __call__(self, event: str, **why: object) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _AGAIN
            self._log.warning(event, **why)


class Libraries(logging.Handler):
    """What libraries warn of by Python's own logging, as lines like the hub's; the same line of theirs once a minute."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._next: dict[tuple[str, int], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._is_time((record.pathname, record.lineno)):  # by its words each new try to connect would be another
                say = structlog.get_logger().error if record.levelno >= logging.ERROR else structlog.get_logger().warning
                say("a library warns", library=record.name, said=record.getMessage(), exc_info=record.exc_info)
        except Exception:  # a library's wrong call, or nobody reads: told as the standard library tells it
            self.handleError(record)

    def _is_time(self, line: tuple[str, int]) -> bool:
        now = time.monotonic()
        if now < self._next.get(line, 0.0):
            return False
        self._next[line] = now + _AGAIN
        return True


def configure(to: TextIO | None) -> None:
    """Log as JSON to this stream; None: only warnings and worse, to stderr, which somebody may have left unread."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, Libraries)]:
        root.removeHandler(handler)
    root.addHandler(Libraries())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            # Without what its variables held: that may be a password, or a letter.
            ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if to else logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(to or sys.stderr),
    )
