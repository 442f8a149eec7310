"""The question of the whole product (R39), by its front doors: files, HTTP, a hub that is up.

Somebody phones and says "last week I e-mailed about my web order"; one request by his number gives him, that mail and the
stage of that order - before the call is answered.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.both_logs import WhereTheLogIs
from tests.journeys.story import ago, letter
from tests.kill.running import RunningHub, until

pytestmark = pytest.mark.real


@pytest.fixture
def environ(where_the_log_is: WhereTheLogIs) -> dict[str, str]:
    """The settings of the log as an operator writes them."""
    of = where_the_log_is.settings()
    return {"HUB_KAFKA": of["kafka"], "HUB_KAFKA_PREFIX": f"{uuid4().hex}."} if of else {}  # topics that nobody has used


def test_last_week_i_emailed_about_my_web_order(home: Path, environ: dict[str, str]) -> None:
    hub = RunningHub(home, environ)
    files = home / "files"
    (files / "mail").mkdir(parents=True)
    (files / "orders").mkdir()
    mail = letter("Sara Karimi <sara@example.com>", "My web order", "Where is order #1047?", ago(days=6))
    (files / "mail" / "1.eml").write_bytes(mail)
    (files / "orders" / "shop.csv").write_text(
        "order,stage,time,email,phone,total,currency\n"
        f"1047,placed,{ago(days=8).isoformat()},sara@example.com,0912 123 4567,45.00,EUR\n"
        f"1047,shipped,{ago(days=1).isoformat()},,,,\n"
    )
    try:
        hub.start()
        hub.asked("ingest", "orders", str(files / "orders"))
        hub.asked("ingest", "email", str(files / "mail"))
        with httpx.Client(base_url=hub.url, headers={"Authorization": f"Bearer {_key(hub)}"}) as telephone:
            ring = {
                "specversion": "1.0", "id": "r1", "source": "/pbx", "type": "call.ringing", "time": ago().isoformat(),
                "data": {"call": "c1", "party": {"kind": "phone", "value": "+98 912 123 4567"}, "desk": "200"},
            }  # fmt: skip
            kind = {"Content-Type": "application/cloudevents+json"}
            assert telephone.post("/v1/events", json=ring, headers=kind).status_code == 202
            for spelling in ("09121234567", "+98 912 123 4567", "۰۹۱۲ ۱۲۳ ۴۵۶۷"):
                found = until(lambda s=spelling: _known(telephone, s), 10, "the call is shown")  # type: ignore[misc]
                (person,) = found["customers"]
                assert person["name"] == "Sara Karimi"
                assert [(order["number"], order["stage"]) for order in person["orders"]] == [("1047", "shipped")]
                assert ("email", "My web order") in [(item["channel"], item["title"]) for item in found["recent"]]
                assert [ticket["subject"] for ticket in person["open_tickets"]] == ["My web order"]
                assert (found["likely"]["kind"], found["likely"]["id"]) == ("order", "1047")
                assert found["likely"]["why"] == f"email of {ago(days=6):%Y-%m-%d} names it"
    finally:
        hub.stop()


def _key(hub: RunningHub) -> str:
    return hub.asked("keys", "create", "telephone", "--role", "machine").strip()


def _known(telephone: httpx.Client, number: str) -> dict | None:  # type: ignore[type-arg]
    found = telephone.get("/v1/lookup", params={"phone": number}).json()
    shown = found["match"] == "one" and found["recent"][0]["type"] == "call.ringing"
    return found if shown else None
