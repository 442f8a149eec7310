"""The settings: what there is to set."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from hub.screens.render import page
from hub.screens.session import Viewer, viewing

router = APIRouter(include_in_schema=False)


@router.get("/settings")
def sections(request: Request, viewer: Annotated[Viewer, viewing("manage")]) -> Response:
    return page(request, viewer, "settings/index.html")
