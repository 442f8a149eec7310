"""What is large, to a hub that is up, by each of its doors and several at once: shown, in little memory."""

from __future__ import annotations

import base64
import json
import smtplib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.hostile import mails, rig
from tests.hostile.mails import MEGABYTE

AT_ONCE = 6


def recent(running: rig.Up, email: str) -> list[dict[str, Any]]:
    """The last contacts of this address, once there are any."""
    end = time.monotonic() + 120
    while True:
        found: list[dict[str, Any]] = running.client.get("/v1/lookup", params={"email": email}).json()["recent"]
        if found:
            return found
        assert time.monotonic() < end, f"nothing of {email} is shown"
        time.sleep(0.1)


def test_a_mail_of_25_mb_by_smtp_is_shown_in_little_memory(
    running: rig.Up, box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mails.write_large(box / "a.eml", 25 * MEGABYTE)
    mail = (box / "a.eml").read_bytes().replace(b"sara@example.com", b"large@example.com", 1)
    with capsys.disabled(), running.staying_small("a mail of 25 MB by SMTP"):
        with smtplib.SMTP(*running.smtp, timeout=120) as smtp:
            smtp.sendmail("large@example.com", ["info@shop.example"], mail)
        (item,) = recent(running, "large@example.com")
    assert [file["name"] for file in item["attachments"]] == ["large.zip"]
    assert 18 * MEGABYTE < item["attachments"][0]["size"] < 19 * MEGABYTE


def large(n: int) -> bytes:
    """An event of some 30 MB."""
    file = {"name": f"{n}.bin", "type": "application/octet-stream", "base64": base64.b64encode(bytes([n]) * 22 * MEGABYTE)}
    party = {"kind": "email", "value": f"large{n}@example.com"}
    data = {"message": f"{n}", "channel": "chat", "text": "see the file", "party": party, "attachments": [file]}
    event = {"specversion": "1.0", "id": uuid4().hex, "source": "large", "type": "message.received", "data": data}
    return json.dumps(event, default=bytes.decode).encode()


def test_bodies_of_30_mb_at_once_are_shown_in_little_memory(
    running: rig.Up, capsys: pytest.CaptureFixture[str]
) -> None:
    together = threading.Barrier(AT_ONCE)
    headers = {"content-type": "application/cloudevents+json"}

    def send(n: int) -> httpx.Response:
        body = large(n)
        together.wait()
        return running.client.post("/v1/events", content=body, headers=headers, timeout=300)

    with capsys.disabled(), running.staying_small(f"{AT_ONCE} bodies of 30 MB at once"):
        with ThreadPoolExecutor(AT_ONCE) as senders:
            answers = list(senders.map(send, range(AT_ONCE)))
        assert [answer.status_code for answer in answers] == [202] * AT_ONCE, answers[-1].text
        for n in range(AT_ONCE):
            (item,) = recent(running, f"large{n}@example.com")
            assert [(file["name"], file["size"]) for file in item["attachments"]] == [(f"{n}.bin", 22 * MEGABYTE)]
