"""Files that are served as they are: small on the wire, and kept by browsers for as long as their address is the same."""

from __future__ import annotations

from os import PathLike
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOR_EVER = "public, max-age=31536000, immutable"


class Kept(StaticFiles):
    """An address with `?v=` (see `render.static`) or of a font (its version is in its name) never means anything else."""

    def file_response(self, full_path: str | PathLike[str], stat_result: Any, scope: Scope, status_code: int = 200) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        lasting = b"v=" in scope.get("query_string", b"") or str(full_path).endswith(".woff2")
        response.headers["Cache-Control"] = _FOR_EVER if lasting else "no-cache"
        return response
