"""Every address with every role, and with none: what may be done is said once, in the table of roles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from hub.screens import session
from hub.screens.access import may
from hub.store.access import PEOPLE, PERMISSIONS, ROLES

from .browsing import Browser, address_of, browser_of, colleague
from .conftest import Api

SOME_ID = "0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10"
# What nobody is asked for: health, what describes the API, Shopify's signed webhooks, and the way in.
FOR_ANYBODY = {
    ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/v1/schemas"), ("GET", "/v1/schemas/{name:path}"),
    ("GET", "/docs"), ("GET", "/openapi.json"), ("HEAD", "/openapi.json"), ("POST", "/v1/in/shopify"),
    ("GET", "/sign-in"), ("POST", "/sign-in"), ("GET", "/sign-in/{token}"), ("GET", "/invite/{token}"),
    ("POST", "/invite/{token}"),
}  # fmt: skip
ASKS = {session.check(permission): permission for permission in PERMISSIONS}
ASKS_OF_KEYS = {may(permission): permission for permission in PERMISSIONS}


FOR_ALL_OF_IT = {"settings": "manage", "system": "manage", "rejected": "reject", "stories": "ring", "ring": "ring",
                 "contacts": "send", "lookup": "lookup"}  # fmt: skip


def routes(found: Any) -> Iterator[Any]:
    """All routes, those of included routers too. What is mounted serves files that anybody may have."""
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner.routes)
        elif hasattr(route, "methods"):
            yield route


def calls(dependant: Dependant) -> Iterator[Any]:
    for each in dependant.dependencies:
        yield each.call
        yield from calls(each)


def asked(route: Any) -> set[tuple[str, str]]:
    """Each permission that a route asks for, and of whom."""
    if not isinstance(route, APIRoute):
        return set()
    found = set(calls(route.dependant))
    return {("page", ASKS[call]) for call in found & ASKS.keys()} | {
        ("key", ASKS_OF_KEYS[call]) for call in found & ASKS_OF_KEYS.keys()
    }


def pages(api: Api) -> list[tuple[str, str, str]]:
    """Method, path and permission of every page."""
    return [
        (method, route.path, permission)
        for route in routes(api.app.routes) for kind, permission in asked(route) if kind == "page"
        for method in sorted(route.methods)
    ]  # fmt: skip


def operations(api: Api) -> list[tuple[str, str, str]]:
    """Method, path and permission of every endpoint that asks for one, as the OpenAPI document has it."""
    document = api.anybody.get("/openapi.json").json()
    return [
        (method.upper(), path, one["x-permission"])
        for path, methods in document["paths"].items() for method, one in methods.items() if "x-permission" in one
    ]  # fmt: skip


def address(path: str) -> str:
    """An address of which nothing is there, so that nothing is done whoever asks."""
    path = re.sub(r"\{n(:\w+)?\}", "0", path)
    return re.sub(r"\{[^}]+\}", SOME_ID, path) + ("?topics=nothing" if path == "/v1/stream" else "")


def test_every_route_says_what_it_asks_for_or_is_on_the_list_for_anybody(api: Api) -> None:
    silent = {(method, route.path) for route in routes(api.app.routes) for method in route.methods if not asked(route)}
    assert silent == FOR_ANYBODY


def test_each_role_may_do_what_it_is_for() -> None:
    """All else here asks the table what it says itself, and would be content with any."""
    people, staff = {"admin", "supervisor", "agent", "analyst"}, {"admin", "supervisor", "agent"}
    assert {one: {role for role, permitted in ROLES.items() if one in permitted} for one in PERMISSIONS} == {
        "read": people, "lookup": people | {"machine"}, "export": {"admin", "analyst"}, "send": staff | {"machine"},
        "command": staff, "link": staff, "ring": staff, "reject": {"admin", "supervisor"}, "manage": {"admin"},
    }  # fmt: skip


def test_a_route_asks_for_what_is_done_by_it(api: Api) -> None:
    found = [*pages(api), *operations(api)]
    assert [(method, path, permission) for method, path, permission in found if permission != ought(method, path)] == []
    assert len(found) >= 60


def ought(method: str, path: str) -> str:
    about = path.removeprefix("/v1").split("/")[1]
    if path.startswith("/settings/me") or path == "/sign-out":  # one's own account
        return "read"
    if about == "events":
        return "export" if method == "GET" else "send"
    if about in FOR_ALL_OF_IT or method == "GET":
        return FOR_ALL_OF_IT.get(about, "read")
    return "command" if about in ("tickets", "deliveries") else "link"


def test_no_route_asks_for_two_things(api: Api) -> None:
    for route in routes(api.app.routes):
        assert len(asked(route)) <= 1, route.path


def test_the_openapi_document_says_what_the_routes_ask_for(api: Api) -> None:
    document = {(method, path): permission for method, path, permission in operations(api)}
    found = {
        (method, re.sub(r":\w+\}", "}", route.path)): permission
        for route in routes(api.app.routes) for kind, permission in asked(route) if kind == "key"
        for method in route.methods
    }  # fmt: skip
    assert document == found
    assert len(document) >= 12


def test_nobody_sees_a_page_without_signing_in(api: Api) -> None:
    with Browser(address_of(api)) as browser:
        for method, path, _ in pages(api):
            answer = browser.request(method, address(path))
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), (
                method,
                path,
            )


def test_a_script_of_a_page_that_is_signed_out_takes_the_whole_page_to_the_way_in(api: Api) -> None:
    with Browser(address_of(api)) as browser:
        answer = browser.get(
            "/settings/users", headers={"hx-request": "true", "hx-current-url": "http://x/tickets?a=1"}
        )
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in?next=%2Ftickets%3Fa%3D1")


@pytest.mark.parametrize("role", PEOPLE)
def test_every_page_is_for_the_roles_that_the_table_says(api: Api, role: str) -> None:
    account = colleague(api, "somebody", role, password=None)
    found = pages(api)
    with browser_of(api, account) as browser:
        csrf = browser.csrf
        for method, path, permission in found:
            if path == "/sign-out":
                continue
            status = browser.request(method, address(path), headers={"x-csrf": csrf}).status_code
            assert (status == 403) == (permission not in ROLES[role]), (method, path, role, status)
            assert status not in (303, 401) or permission in ROLES[role], (method, path)
    assert len(found) >= 20


@pytest.mark.parametrize("role", PEOPLE)
def test_every_endpoint_takes_whoever_is_signed_in_by_the_same_table(api: Api, role: str) -> None:
    account = colleague(api, "somebody", role, password=None)
    with browser_of(api, account) as browser:
        csrf = browser.csrf
        for method, path, permission in operations(api):
            answer = browser.request(method, address(path), headers={"x-csrf": csrf})
            assert answer.status_code != 401, path
            assert (answer.status_code == 403) == (permission not in ROLES[role]), (method, path, answer.status_code)


def test_a_key_opens_no_page(api: Api) -> None:
    for method, path, _ in pages(api):
        assert api.client.request(method, address(path)).status_code == 303, (method, path)


def test_nothing_that_changes_something_is_done_without_the_sessions_proof(api: Api) -> None:
    account = colleague(api, "boss", "admin", password=None)
    stranger = colleague(api, "stranger", "admin", password=None)
    with browser_of(api, account) as browser, browser_of(api, stranger) as other:
        changing = [(m, p) for m, p, _ in [*pages(api), *operations(api)] if m not in session.SAFE]
        for method, path in changing:
            for proof in ({}, {"x-csrf": ""}, {"x-csrf": "0" * 64}, {"x-csrf": other.csrf}, {"x-csrf": "\xff"}):
                headers = {name.encode(): value.encode("latin-1") for name, value in proof.items()}
                assert browser.request(method, address(path), headers=headers).status_code == 403, (method, path, proof)
        assert browser.signed_in()
    assert len(changing) >= 12


def test_nothing_that_changes_something_is_a_get(api: Api) -> None:
    """A link on any web site can make a browser GET; what it gets must leave all tables as they were."""
    account = colleague(api, "boss", "admin", password=None)
    tables = ("account", "session", "sign_in", "setting", "api_key", "event", "mailbox", "delivery", "command")
    with browser_of(api, account) as browser:
        before = [api.hub.database.rows(f"SELECT * FROM {table}") for table in tables]
        for method, path, _ in pages(api):
            if method == "GET":
                browser.get(address(path))
        assert [api.hub.database.rows(f"SELECT * FROM {table}") for table in tables] == before
