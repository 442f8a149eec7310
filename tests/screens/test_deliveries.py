"""Answers over the API: written, shown, taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from hub.screens import shapes
from hub.store import mailboxes
from hub.store.mailboxes import Entered
from hub.transport.servers import Server

from .conftest import Api, Event

PARTY = {"kind": "email", "value": "maryam@example.org"}


@pytest.fixture
def ticket(api: Api, event: Callable[..., Event]) -> dict[str, Any]:
    smtp = Server("smtp", "127.0.0.1", 9, "none")
    mailboxes.add(api.hub.database, api.hub.keys, Entered("Shop", "hello@shop.example", smtp=smtp, smtp_password=""))
    said = {"channel": "email", "message_id": "1@example.org", "from": {"address": PARTY["value"]}}
    api.send(event("1", subject="Lamp", text="Thanks.\n\n> Hello", thread="1@example.org", party=PARTY, **said))
    found: dict[str, Any] = api.client.get("/v1/tickets").json()["items"][0]
    return found


def answer(api: Api, ticket: dict[str, Any]) -> dict[str, Any]:
    body = {"id": str(uuid4()), "command": {"answer": {"channel": "email", "text": "It is on its way."}}}
    done = api.roles["agent"].post(f"/v1/tickets/{ticket['id']}/commands", json=body)
    assert done.status_code == 200, done.text
    shapes.Ticket.model_validate_json(done.content)
    found: dict[str, Any] = done.json()
    return found


def items(api: Api, ticket: dict[str, Any]) -> dict[str, dict[str, Any]]:
    page = api.client.get(f"/v1/customers/{ticket['customer']}/timeline")
    shapes.Items.model_validate_json(page.content)
    return {item["type"]: item for item in page.json()["items"]}


@pytest.mark.usefixtures("worker")
def test_an_answer_is_in_the_ticket_and_the_timeline_and_is_taken_back(api: Api, ticket: dict[str, Any]) -> None:
    [delivery] = answer(api, ticket)["deliveries"]
    shown = items(api, ticket)
    assert shown["message.received"]["said"] == "Thanks."
    assert shown["message.received"]["delivery"] is None
    assert shown["ticket.answered"]["said"] is None
    assert shown["ticket.answered"]["delivery"] == delivery
    assert shown["ticket.answered"]["ticket"] == ticket["id"]
    undone = api.roles["agent"].post(f"/v1/deliveries/{delivery['id']}/undo")
    assert undone.status_code == 200
    shapes.DeliveryAsked.model_validate_json(undone.content)
    assert undone.json() == delivery | {"state": "undone", "text": "It is on its way."}
    now = api.client.get(f"/v1/tickets/{ticket['id']}").json()
    assert (now["state"], now["history"][-1]["why"]) == ("open", "the answer was taken back")
    assert items(api, ticket)["ticket.answered"]["delivery"]["state"] == "undone"


@pytest.mark.usefixtures("worker")
def test_what_cannot_be_done_to_a_delivery_is_refused_with_words(api: Api, ticket: dict[str, Any]) -> None:
    [delivery] = answer(api, ticket)["deliveries"]
    refused = api.client.post(f"/v1/deliveries/{delivery['id']}/arrived")
    assert (refused.status_code, refused.json()["detail"]) == (409, "Not now: it has not gone out yet.")
    assert api.client.post(f"/v1/deliveries/{uuid4()}/undo").status_code == 404
    assert api.client.post("/v1/deliveries/none/undo").status_code == 404
    assert api.client.post(f"/v1/deliveries/{delivery['id']}/burn").status_code == 422
    assert api.roles["analyst"].post(f"/v1/deliveries/{delivery['id']}/undo").status_code == 403
