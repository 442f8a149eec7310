from __future__ import annotations

import sys
from typing import Any

import pytest

from hub.store import access

from .browsing import browser_of, colleague
from .conftest import Api

OPEN = {"/healthz", "/readyz", "/metrics", "/v1/schemas", "/v1/schemas/{name}"}
SIGNED = {"/v1/in/shopify"}


def operations(api: Api) -> list[tuple[str, str, dict[str, Any]]]:
    document = api.anybody.get("/openapi.json").json()
    return [(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]


def address(path: str) -> str:
    for name in ("{id}", "{number}", "{name}"):
        path = path.replace(name, "0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10")
    return path + ("?topics=nothing" if path == "/v1/stream" else "")


def test_every_endpoint_asks_each_role_as_the_table_says(api: Api) -> None:
    asked = 0
    for path, method, operation in operations(api):
        if path in OPEN | SIGNED:
            assert "x-permission" not in operation
            continue
        permission = operation["x-permission"]
        asked += 1
        assert api.anybody.request(method, address(path)).status_code == 401, path
        for role, client in api.roles.items():
            status = client.request(method, address(path)).status_code
            assert (status == 403) == (permission not in access.ROLES[role]), (path, role, status)
            assert status != 401
    assert asked >= 12


def test_what_needs_no_key_is_open(api: Api) -> None:
    for path in OPEN - {"/v1/schemas/{name}"}:
        assert api.anybody.get(path).status_code == 200


def test_a_machine_sends_and_looks_up_and_reads_nothing_else(api: Api) -> None:
    allowed = {
        path for path, method, operation in operations(api)
        if "x-permission" in operation and operation["x-permission"] in access.ROLES["machine"]
    }  # fmt: skip
    assert allowed == {"/v1/lookup", "/v1/events"}
    assert api.roles["machine"].get("/v1/events").status_code == 403


def test_a_wrong_key_is_401_and_says_what_is_needed(api: Api) -> None:
    for header in ("", "Bearer", "Basic YTpi", "Bearer hub_wrong", "bearer \xff", "Bearer a b"):
        answer = api.anybody.get("/v1/tickets", headers={b"authorization": header.encode("latin-1")})
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_is_taken_as_a_bearer_and_as_nothing_else(api: Api) -> None:
    key = access.create(api.hub.database, "a reader", "agent")
    for header in (f"Bearer {key}", f"bearer  {key}"):
        assert api.anybody.get("/v1/tickets", headers={"authorization": header}).status_code == 200
    for header in (f"Basic {key}", key, f"{key} {key}"):
        answer = api.anybody.get("/v1/tickets", headers={"authorization": header})
        assert (answer.status_code, answer.json()["detail"]) == (401, "A key is needed: Authorization: Bearer KEY.")


def test_a_wrong_key_is_401_though_its_browser_is_signed_in(api: Api) -> None:
    with browser_of(api, colleague(api, "mina", "agent", password=None)) as browser:
        assert browser.get("/v1/tickets").status_code == 200
        answer = browser.get("/v1/tickets", headers={"authorization": "Bearer hub_wrong"})
        assert (answer.status_code, answer.json()["detail"]) == (401, "This key is not known.")


def test_of_a_key_only_its_digest_is_kept(api: Api) -> None:
    key = access.create(api.hub.database, "telephone system", "machine")
    assert key.startswith("hub_")
    assert len(key) >= 36
    rows = api.hub.database.rows("SELECT * FROM api_key")
    assert key not in str(rows)
    assert key.encode() not in b"".join(bytes(row[2]) for row in rows)


def test_a_name_is_given_once_and_a_role_must_exist(api: Api) -> None:
    with pytest.raises(access.NameTaken):
        access.create(api.hub.database, "a machine", "machine")
    with pytest.raises(access.NoSuchRole):
        access.create(api.hub.database, "another", "emperor")


def test_a_key_that_was_deleted_works_for_seconds_at_most(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = api.roles["agent"]
    assert agent.get("/v1/tickets").status_code == 200
    with api.hub.database.transaction() as tx:
        tx.execute("DELETE FROM api_key WHERE name = 'a agent'")
    found = api.app.state.access
    found._found = {digest: (-sys.float_info.max, caller) for digest, (_, caller) in found._found.items()}
    assert agent.get("/v1/tickets").status_code == 401


def test_every_error_is_a_problem_and_every_answer_is_guarded(api: Api) -> None:
    for method, path, status in (
        ("GET", "/nothing", 404), ("GET", "/v1/nothing", 404), ("PUT", "/v1/events", 405), ("GET", "/v1/lookup", 422),
        ("GET", "/v1/tickets?limit=0", 422), ("GET", "/v1/tickets?before=zzz", 422), ("GET", "/v1/customers/x", 404),
        ("GET", "/v1/events?from=yesterday", 422), ("POST", "/v1/links", 422),
        ("GET", "/v1/stream?topics=weather", 422),
        ("GET", "/static/../app.py", 404), ("GET", "/static/%2e%2e/app.py", 404),
    ):  # fmt: skip
        answer = api.client.request(method, path)
        assert answer.status_code == status, (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "errors"} <= set(answer.json())
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
    wrong = api.client.post("/v1/links", content=b"{", headers={"content-type": "application/json"})
    assert (wrong.status_code, wrong.json()["errors"]) == (400, [{"at": "$", "why": "not JSON in UTF-8"}])


def test_who_asks_for_what_cannot_be_done_is_told_all_that_can(api: Api) -> None:
    for path, allowed in (("/v1/events", "GET, POST"), ("/v1/lookup", "GET"), ("/sign-in", "GET, POST")):
        answer = api.client.request("PATCH", path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_a_problem_names_the_place_and_never_the_value(api: Api) -> None:
    answer = api.client.post("/v1/links", json={"a": {"kind": "SECRET KIND", "value": "x"}, "b": 5})
    assert {one["at"] for one in answer.json()["errors"]} == {"$.a.kind", "$.b"}
    assert "SECRET" not in answer.text


def test_an_unexpected_failure_tells_nothing_of_the_inside(api: Api) -> None:
    with api.hub.database.transaction() as tx:
        tx.execute("DROP VIEW tickets CASCADE")
    answer = api.client.get("/v1/tickets")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "tickets" not in answer.text
    assert "relation" not in answer.text


def test_the_page_of_the_api_needs_nothing_from_elsewhere(api: Api) -> None:
    page = api.anybody.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for path in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js", "LICENSE", "NOTICE"):
        assert api.anybody.get(f"/static/swagger-ui/{path}").status_code == 200


def test_the_openapi_document_is_complete(api: Api) -> None:
    for path, method, operation in operations(api):
        assert operation["summary"], path
        good = [status for status in operation["responses"] if status.startswith("2")]
        assert good, path
        for status, response in operation["responses"].items():
            if status[0] in "45":
                assert list(response["content"]) == ["application/problem+json"], (path, method, status)
            elif status != "204":
                assert all(body["schema"] for body in response["content"].values()), (path, method)
    assert api.anybody.get("/openapi.json").json()["components"]["securitySchemes"]
