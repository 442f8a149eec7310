"""Files of JSON: one document, or one on each line."""

from __future__ import annotations

from pathlib import Path

import orjson

from hub.channels import _csv

FIRST_LINE = 8 * 1024 * 1024  # bytes


def line_by_line(path: Path) -> bool:
    """Whether the file has a document on each line, as .ndjson has: databases call such exports .json."""
    with path.open("rb") as stream:
        said = (line for line in _csv.lines(stream, FIRST_LINE) if line.content.strip())
        first, second = next(said, None), next(said, None)
    if first is None or second is None or not second.content.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(orjson.loads(first.content.removeprefix(b"\xef\xbb\xbf")), dict)
    except orjson.JSONDecodeError:
        return False
