"""What the OpenAPI document describes is what is served: no member of an answer is left out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import jsonschema_rs
import pytest

from .conftest import Api, Event

PARTY = {"kind": "email", "value": "maryam@example.org"}


def undescribed(document: dict[str, Any], schema: dict[str, Any], value: Any, at: str) -> Iterator[str]:
    """The places of members that an answer has or lacks against its description."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if value is None:
        return
    if "anyOf" in schema:
        schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
        yield from undescribed(document, schema, value, at)
    elif isinstance(value, list):
        for one in value:
            yield from undescribed(document, schema.get("items", {}), one, f"{at}[]")
    elif isinstance(value, dict) and "properties" in schema:
        yield from (f"{at}.{name}" for name in schema["properties"].keys() ^ value.keys())
        for name in schema["properties"].keys() & value.keys():
            yield from undescribed(document, schema["properties"][name], value[name], f"{at}.{name}")


@pytest.mark.usefixtures("worker")
def test_every_member_of_an_answer_is_described(api: Api, event: Callable[..., Event]) -> None:
    order = {"order": "1047", "party": PARTY, "lines": [{"sku": "a", "title": "lamp", "quantity": 1, "price": "2.00"}]}
    call = {"call": "1", "direction": "in", "party": PARTY, "cause": "no_answer"}
    api.send(
        event("1", text="order 1047 is broken", thread="t", party=PARTY),
        event("2", "call.ended") | {"data": call},
        event("3", "order.placed") | {"data": order},
    )
    ticket = api.client.get("/v1/tickets").json()["items"][0]
    asked: dict[str, httpx.Response] = {
        "/v1/tickets": api.client.get("/v1/tickets"),
        "/v1/tickets/{id}": api.client.get(f"/v1/tickets/{ticket['id']}"),
        "/v1/customers/{id}": api.client.get(f"/v1/customers/{ticket['customer']}"),
        "/v1/customers/{id}/timeline": api.client.get(f"/v1/customers/{ticket['customer']}/timeline"),
        "/v1/lookup": api.client.get("/v1/lookup", params={"email": PARTY["value"]}),
        "/v1/orders/{number}": api.client.get("/v1/orders/1047"),
        "/v1/events": api.client.get("/v1/events"),
        "/v1/tickets/{id}/commands": api.client.post(
            f"/v1/tickets/{ticket['id']}/commands",
            json={"id": str(uuid4()), "expects": ticket["revision"] + 7, "command": {"note": {"text": "late"}}},
        ),
    }
    document = api.anybody.get("/openapi.json").json()
    for path, answer in asked.items():
        operation = document["paths"][path]["post" if path.endswith("commands") else "get"]
        (body,) = operation["responses"][str(answer.status_code)]["content"].values()
        assert [*undescribed(document, body["schema"], answer.json(), path)] == []
    assert asked["/v1/tickets/{id}/commands"].status_code == 409


def test_every_example_is_one_of_what_it_stands_beside(api: Api) -> None:
    document = api.anybody.get("/openapi.json").json()
    shapes = document["components"]["schemas"]
    shown = {name: shape["example"] for name, shape in shapes.items() if "example" in shape}
    for name, example in shown.items():
        whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        wrong = jsonschema_rs.Draft202012Validator(whole).iter_errors(example)
        assert [(name, error.message) for error in wrong] == []
    assert shown.keys() >= {"Ticket", "Item", "Order", "DeliveryAsked", "Command"}
