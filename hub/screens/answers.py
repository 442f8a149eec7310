"""Answers in JSON."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Response

NOT_KEPT = {"Cache-Control": "no-store"}


class Json(Response):
    """Times are written in ISO 8601 with their offset."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)
