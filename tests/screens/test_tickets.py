from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from hub.screens import asked, shapes

from .conftest import Api, Event

PARTY = {"kind": "email", "value": "maryam@example.org"}


@pytest.fixture
def ticket(api: Api, event: Callable[..., Event]) -> dict[str, Any]:
    api.send(event("1", text="the lamp is broken", thread="t", party=PARTY))
    found: dict[str, Any] = api.client.get("/v1/tickets").json()["items"][0]
    return found


def ask(api: Api, ticket: dict[str, Any], command: Any, **more: Any) -> httpx.Response:
    body = {"id": str(uuid4()), "command": command} | more
    return api.roles["agent"].post(f"/v1/tickets/{ticket['id']}/commands", json=body)


@pytest.mark.usefixtures("worker")
def test_a_command_answers_with_the_ticket_as_it_is_then(api: Api, ticket: dict[str, Any]) -> None:
    answer = ask(api, ticket, {"assign": {"to": "sara"}}, expects=ticket["revision"])
    assert answer.status_code == 200
    shapes.Ticket.model_validate_json(answer.content)
    now = answer.json()
    assert (now["state"], now["owner"], now["revision"]) == ("open", "sara", ticket["revision"] + 1)
    step = now["history"][-1]
    assert (step["type"], step["by"], step["why"]) == ("ticket.assigned", "a agent", None)
    for command, state in (
        ({"wait": {"for": "customer"}}, "waiting"), ({"resolve": {"how": "sent a new one"}}, "resolved"),
        ({"reopen": {"why": "broken again"}}, "open"), ({"close": {}}, "closed"),
    ):  # fmt: skip
        assert ask(api, ticket, command).json()["state"] == state
    assert ask(api, ticket, "note", text="a bare name is read too").status_code == 200


@pytest.mark.usefixtures("worker")
def test_the_same_command_again_does_nothing_twice(api: Api, ticket: dict[str, Any]) -> None:
    id = str(uuid4())
    answers = [ask(api, ticket, {"note": {"text": "once"}}, id=id) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [step["type"] for step in answers[-1].json()["history"]] == ["ticket.opened", "ticket.noted"]


@pytest.mark.usefixtures("worker")
def test_a_refused_command_sent_again_is_told_the_same(api: Api, ticket: dict[str, Any]) -> None:
    id = str(uuid4())
    first, again = (ask(api, ticket, {"wait": {"for": "godot"}}, id=id).json() for _ in range(2))
    assert first["errors"][0]["at"] == "$.command.wait.for"
    assert again == first


@pytest.mark.usefixtures("worker")
def test_what_was_promised_and_written_can_be_read_again(api: Api, ticket: dict[str, Any]) -> None:
    until = "2099-01-02T10:00:00+03:30"
    for command in (
        {"note": {"text": "called back"}}, {"wait": {"for": "us", "until": until}}, {"resolve": {"how": "sent a new one"}},
        {"reopen": {"why": "broken again"}}, {"wait": {"for": "us", "until": until}},
    ):  # fmt: skip
        answer = ask(api, ticket, command)
        assert answer.status_code == 200, answer.text
    now = api.client.get(f"/v1/tickets/{ticket['id']}").json()
    shapes.Ticket.model_validate(now)
    assert answer.json() == now
    assert now["until"] == "2099-01-02T06:30:00+00:00"
    assert [step["text"] for step in now["history"]] == [None, "called back", None, "sent a new one", "broken again", None]
    [listed] = api.client.get("/v1/tickets").json()["items"]
    assert listed == now | {"history": [step | {"text": None} for step in now["history"]]}
    assert ask(api, ticket, {"resolve": {}}).json()["until"] is None


@pytest.mark.usefixtures("worker")
def test_a_ticket_is_given_to_a_department(api: Api, ticket: dict[str, Any]) -> None:
    for wish, owner in (({"to": "sara", "department": "returns"}, "sara"), ({"to": None}, None)):
        answer = ask(api, ticket, {"assign": wish}).json()
        assert (answer["owner"], answer["department"]) == (owner, "returns")


@pytest.mark.usefixtures("worker")
def test_who_saw_an_older_ticket_is_told_and_shown_the_newer_one(api: Api, ticket: dict[str, Any]) -> None:
    assert ask(api, ticket, {"assign": {"to": "sara"}}).status_code == 200
    answer = ask(api, ticket, {"close": {}}, expects=ticket["revision"])
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"].startswith("changed meanwhile")
    assert problem["ticket"]["owner"] == "sara"


@pytest.mark.usefixtures("worker")
def test_a_refusal_says_why(api: Api, ticket: dict[str, Any]) -> None:
    answer = ask(api, ticket, {"reopen": {"why": "x"}})
    assert answer.status_code == 422
    assert answer.json()["detail"]
    unknown = ask(api, ticket, {"explode": {}})
    assert (unknown.status_code, unknown.json()["errors"][0]["at"]) == (422, "$.command")


def test_a_command_whose_effect_is_not_shown_in_time_is_202(
    api: Api, ticket: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked.wait_until_shown, "__defaults__", (0.1,))
    answer = ask(api, ticket, {"assign": {"to": "sara"}})
    assert (answer.status_code, answer.json()["owner"]) == (202, None)
    api.fold()
    assert api.client.get(f"/v1/tickets/{ticket['id']}").json()["owner"] == "sara"


def test_a_ticket_is_found_by_id_and_number(api: Api, ticket: dict[str, Any]) -> None:
    for name in (ticket["id"], ticket["number"], ticket["id"].upper()):
        assert api.client.get(f"/v1/tickets/{name}").json() == ticket
    for name in ("0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10", "999999", "no ticket", "9" * 30):
        assert api.client.get(f"/v1/tickets/{name}").status_code == 404
        answer = api.client.post(f"/v1/tickets/{name}/commands", json={"id": str(uuid4()), "command": {"close": {}}})
        assert answer.status_code == 404


def test_tickets_are_listed_by_state_and_owner_a_page_at_a_time(api: Api, event: Callable[..., Event]) -> None:
    api.send(*(event(str(n), text=f"message {n}", thread=str(n), party=PARTY) for n in range(5)))
    first = api.client.get("/v1/tickets?state=new&limit=3").json()
    second = api.client.get("/v1/tickets", params={"state": "new", "limit": 3, "before": first["next"]}).json()
    assert len({one["id"] for one in first["items"] + second["items"]}) == 5
    assert second["next"] is None
    assert api.client.get("/v1/tickets?state=closed").json()["items"] == []
    assert api.client.get("/v1/tickets?owner=sara").json()["items"] == []
    assert api.client.get("/v1/tickets?state=lost").status_code == 422
    assert len(api.client.get("/v1/tickets?state=&owner=").json()["items"]) == 5
