"""How much of real mails is understood, against the answers that lie beside them."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.channels._shape import Payload, Understood
from hub.channels.email import channel
from hub.events.draft import Draft

MAILS = Path(__file__).parents[3] / "shared" / "data" / "email_mime"
pytestmark = pytest.mark.skipif(not MAILS.is_dir(), reason="the real mails, ../shared/data/email_mime, are absent")


def read(path: Path) -> Draft:
    outcome = channel.parse(Payload(path.read_bytes(), "inbox", datetime(2026, 3, 1, tzinfo=UTC)))
    assert isinstance(outcome, Understood), path
    return outcome.drafts[0]


def fold(text: str | None) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text or "")).strip()


def header(part: dict[str, Any], name: str) -> Any:
    return next((one["value"] for one in reversed(part["headers"]) if one["name"] == name), None)


def sender(top: dict[str, Any]) -> str | None:
    box = (header(top, "from") or {}).get("Address") or {}
    people = box.get("List") or [one for group in box.get("Group", []) for one in group["addresses"]]
    return (people[0].get("address") or "").lower() or None if people else None


def file_name(part: dict[str, Any]) -> str | None:
    for name, wanted in (("content_disposition", "filename"), ("content_type", "name")):
        attributes = ((header(part, name) or {}).get("ContentType") or {}).get("attributes") or []
        found = next((one["value"] for one in attributes if one["name"] == wanted), None)
        if found:
            return fold(found)
    return None


def answers(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    parts, top = document["parts"], document["parts"][0]
    subject = header(top, "subject")
    if isinstance(subject, dict) and "Text" in subject:
        yield "subject", (fold(subject["Text"]),)
    if sender(top):
        yield "from", (sender(top),)
    texts = [fold(parts[i]["body"]["Text"]) for i in document["text_body"] if "Text" in parts[i]["body"]]
    if document["text_body"] and "Text" in parts[document["text_body"][0]]["body"]:
        yield "text", (texts[0], fold(" ".join(texts)))
    yield "attachments", (sorted(filter(None, (file_name(parts[i]) for i in document["attachments"]))),)


def understood(draft: Draft) -> dict[str, Any]:
    return {
        "subject": fold(draft.fields["subject"]),
        "from": ((draft.fields["from"] or {}).get("address") or "").lower(),
        "text": fold(draft.fields["text"]),
        "attachments": sorted(fold(file.name) for file in draft.files if file.name),
    }


def test_real_mails_are_understood_as_their_answers_say() -> None:
    right, asked = Counter[str](), Counter[str]()
    for path in sorted(MAILS.rglob("*.json")):
        have = understood(read(path.with_suffix(".eml")))
        for field, accepted in answers(json.loads(path.read_text())):
            asked[field] += 1
            right[field] += have[field] in accepted
    assert asked == {"subject": 63, "from": 60, "text": 56, "attachments": 64}
    # The one text that differs says "Frösche" where the answer has a replacement character.
    assert right == {"subject": 63, "from": 60, "text": 55, "attachments": 64}


def test_all_real_mails_are_understood_and_keep_the_digest_of_their_bytes() -> None:
    mails = list(MAILS.rglob("*.eml"))
    assert len(mails) >= 64
    for path in mails:
        assert read(path).fields["raw"] == hashlib.sha256(path.read_bytes()).hexdigest()
