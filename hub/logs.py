"""How the hub logs: structlog, one line a batch, the event a constant phrase, the rest key=value, nothing personal."""

from __future__ import annotations

from typing import TextIO

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer


def configure(to: TextIO | None) -> None:
    """Log as JSON to this stream; None: only warnings and worse, to stderr, which somebody may have left unread."""
    import logging
    import sys

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
