"""Shopify's webhooks, written down as they came. Who signs them with the shop's secret needs no key."""

from __future__ import annotations

from fastapi import APIRouter, Request

from hub.channels import shopify
from hub.consumers.accept import Arrival
from hub.consumers.runner import clock
from hub.screens.answers import Json
from hub.screens.asked import TheDoor, TheHub, body_of, turn_of
from hub.screens.door import tally
from hub.screens.problems import Problem
from hub.screens.shapes import Taken

router = APIRouter(tags=["events"])
_NO_SECRET = "The hub does not know the shop's secret: HUB_SHOPIFY_SECRET is not set."
_NOT_SIGNED = "The header X-Shopify-Hmac-Sha256 is missing: a webhook is signed by the shop."
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}
_HEADERS = {"parameters": [
    {"name": name, "in": "header", "required": required, "schema": {"type": "string"}}
    for name, required in (
        ("X-Shopify-Hmac-Sha256", True), ("X-Shopify-Topic", True), ("X-Shopify-Webhook-Id", False),
    )
]}  # fmt: skip


@router.post(
    "/v1/in/shopify", response_model=Taken, summary="Take a Shopify webhook in", openapi_extra=_BODY | _HEADERS,
    responses={401: {"description": "The signature is not the shop's, or the hub has no HUB_SHOPIFY_SECRET"}},
)  # fmt: skip
async def webhook(request: Request, hub: TheHub, door: TheDoor) -> Json:
    """`X-Shopify-Hmac-Sha256` is the signature; durable when this answers, understood a moment later."""
    secret, signature = hub.settings.shopify_secret, request.headers.get("x-shopify-hmac-sha256", "")
    if not secret or not signature:  # nothing is read of whoever cannot be the shop
        raise Problem(401, _NO_SECRET if not secret else _NOT_SIGNED)
    async with body_of(request, proven=False) as body:
        if not shopify.verify(secret, body, signature):
            raise Problem(401, "The signature is not the shop's; is HUB_SHOPIFY_SECRET the shop's secret?")
        meta = {name: value for name, value in request.headers.items() if name.startswith("x-shopify-")}
        async with turn_of(request, body):
            return Json(tally(await door.take([Arrival("shopify", "shopify", body, clock(), meta)])))
