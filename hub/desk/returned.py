"""What a mail system means that returns one of our mails."""

from __future__ import annotations

from hub.events.envelope import Json

# RFC 3463: enhanced status codes, by the part behind the first figure; the most exact one counts.
WORDS = {
    "1.1": "there is no such mailbox",
    "1.2": "there is no such mail domain",
    "1.3": "the address is not written as one",
    "1.6": "the mailbox has moved and left no new address",
    "1.10": "this domain takes no mail",
    "2.1": "the mailbox is not in use",
    "2.2": "the mailbox is full",
    "2.3": "the mail is longer than this mailbox takes",
    "3.4": "the mail is too large for the customer's mail server",
    "4.1": "the customer's mail server did not answer",
    "4.4": "no way to the customer's mail server was found",
    "4.7": "the customer's mail server could not be reached for days",
    "7.1": "the customer's mail server does not take mail from us",
    "7": "the customer's mail server refused it by its rules",
    "1": "something is wrong with the address",
    "2": "something is wrong with the mailbox",
    "4": "the customer's mail server could not be reached",
}


def failed(bounce: Json | None) -> bool:
    """Whether the report says that the mail is lost; a delay, a receipt or a complaint does not."""
    return bool(bounce) and (bounce or {}).get("action") in (None, "failed")


def reason(bounce: Json) -> str:
    """Why it came back, in words."""
    status = bounce.get("status") or ""
    below = status.partition(".")[2]
    said = WORDS.get(below) or WORDS.get(below.partition(".")[0]) or "the customer's mail server does not say why"
    code = f" ({status})" if status else ""
    return f"It came back: {said}{code}."
