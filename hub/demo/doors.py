"""How the demo reaches the hub: by the doors that anybody's systems use, SMTP, IMAP and HTTP."""

from __future__ import annotations

import base64
import hmac
import json
import smtplib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from hub.demo.diary import Event, Mail
from hub.demo.imap_server import Mailbox
from hub.demo.mail_bytes import rendered
from hub.demo.shop import MAIL

_PATIENCE = 10.0  # seconds


class Away(Exception):
    """The hub, or a part of it, does not answer just now. Try again, as everybody does."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the hub is. `keys`: API keys by the names of who uses them; `machine` is that of the shop's systems."""

    url: str
    smtp: str
    keys: Mapping[str, str]
    shopify_secret: str


class Doors:
    """All that the demo sends. Every method raises Away. `mailbox`: what lies in it is fetched by the hub."""

    def __init__(self, address: Address, mailbox: Mailbox) -> None:
        self._address, self._mailbox = address, mailbox
        self._http = httpx.Client(base_url=address.url, timeout=_PATIENCE)
        self.posting = threading.RLock()
        """Whoever counts mails holds it meanwhile."""

    def deliver(self, mail: Mail) -> None:
        """A mail by the door that is its own: answers, and every other conversation, lie in the mailbox."""
        if mail.answers or sum(mail.thread.encode()) % 2:
            self._mailbox.put(rendered(mail))
        else:
            self.post(mail)

    def post(self, mail: Mail) -> None:
        """A mail, as its sender's server brings it by SMTP; machines have no return path."""
        nobody = any(name == "Return-Path" for name, _ in mail.headers)
        self.bring(rendered(mail), "" if nobody else mail.address)

    def bring(self, content: bytes, sender: str) -> None:
        """These bytes by SMTP."""
        host, _, port = self._address.smtp.rpartition(":")
        try:
            with self.posting, smtplib.SMTP(host, int(port), timeout=_PATIENCE) as smtp:
                smtp.sendmail(sender, [MAIL], content, mail_options=["BODY=8BITMIME"])
        except (OSError, smtplib.SMTPException) as error:
            raise Away(f"SMTP: {error}") from error

    def tell(self, event: Event) -> dict[str, Any]:
        """A CloudEvent of one of the shop's systems; answers what `POST /v1/events` does."""
        return self._send("machine", "POST", "/v1/events", event.document, "application/cloudevents+json")

    def webhook(self, topic: str, id: str, document: Any) -> None:
        """One of Shopify's."""
        body = json.dumps(document, ensure_ascii=False).encode()
        signature = base64.b64encode(hmac.digest(self._address.shopify_secret.encode(), body, "sha256")).decode()
        headers = {"X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": id, "X-Shopify-Hmac-Sha256": signature}
        self._answer("POST", "/v1/in/shopify", content=body, headers=headers)

    def look_up(self, **who: str) -> dict[str, Any]:
        """`look_up(phone="0912...")`, as a telephone system does."""
        return self._send("machine", "GET", "/v1/lookup", params=who)

    def command(self, login: str, ticket: str, command: dict[str, Any]) -> bool:
        """A colleague asks something of a ticket; whether the hub did it."""
        body = {"id": str(uuid4()), "expects": None, "command": command}
        headers = {"Authorization": f"Bearer {self._address.keys[login]}"}
        path = f"/v1/tickets/{ticket}/commands"
        return self._answer("POST", path, (409, 422), json=body, headers=headers).status_code < 400

    def lanes(self) -> list[dict[str, Any]]:
        """How far behind each step is; all 0: all that came is shown."""
        found: list[dict[str, Any]] = self._answer("GET", "/readyz").json()["lanes"]
        return found

    def close(self) -> None:
        self._http.close()

    def _send(
        self, key: str, method: str, path: str, body: Any = None, form: str = "application/json",
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        headers = {"Authorization": f"Bearer {self._address.keys[key]}", "Content-Type": form}
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = self._answer(method, path, content=content, headers=headers, params=params)
        found: dict[str, Any] = answer.json()
        return found

    def _answer(self, method: str, path: str, taken: tuple[int, ...] = (), **more: Any) -> httpx.Response:
        """Raises HTTPStatusError where the hub refuses what the demo believes to be right, unless it is `taken`."""
        try:
            answer = self._http.request(method, path, **more)
        except httpx.TransportError as error:
            raise Away(f"HTTP: {error}") from error
        if answer.status_code >= 500:
            raise Away(f"HTTP: {answer.status_code}")
        if answer.status_code not in taken:
            answer.raise_for_status()
        return answer


def now() -> datetime:
    return datetime.now(UTC)
