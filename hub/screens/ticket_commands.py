"""What a ticket's forms ask for, read; and what the desk says to it in the reader's language."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from hub.events.text import digits
from hub.screens import sentences, typed
from hub.screens.forms import Sent

FIELDS: dict[str, tuple[str, ...]] = {
    "assign": ("to", "department"), "note": ("text",), "answer": ("channel", "to", "text"), "wait": ("for", "until"),
    "resolve": ("how",), "close": (), "reopen": ("why",), "attach": ("event",), "prioritise": ("priority",),
}  # fmt: skip


class NotReadable(Exception):
    """`word` says what is wrong, a key of the words."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def wish(form: Sent, zone: ZoneInfo) -> dict[str, Any]:
    """The command as the desk reads it. Raises NotReadable."""
    name = form["command"]
    if name not in FIELDS:
        raise NotReadable("ticket.wrong.command")
    fields: dict[str, Any] = {field: form[field] for field in FIELDS[name]}
    if name == "wait":
        fields["until"] = _until(form["until"], zone)
    if name in ("note", "answer") and not fields["text"].strip():
        raise NotReadable("ticket.wrong.empty")
    if name == "attach" and not fields["event"]:
        raise NotReadable("ticket.wrong.contact")
    return {name: fields}


def seen(form: Sent) -> int | None:
    """The revision that was on the screen."""
    text = digits(form["expects"]).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def told(language: str, why: str) -> str:
    """What the desk or the deliverer says in a sentence, in this language; one that has no words stays as it is."""
    return sentences.told(language, "desk", why) or why


def _until(text: str, zone: ZoneInfo) -> str | None:
    try:
        moment = typed.moment(text, zone)
    except typed.Wrong:
        raise NotReadable("ticket.wrong.until") from None
    return moment.isoformat() if moment else None
