"""Answers on the wire: whoever may sign in when a server is tried out may when an answer goes out."""

from __future__ import annotations

import smtplib
from typing import Any

import pytest

from hub.store.mailboxes import Way
from hub.transport.servers import Server
from hub.transport.smtp_out import send
from hub.transport.try_out import try_smtp
from tests.consumers.receiving import Receiving, receiving

MAIL = b"Subject: Hello\r\n\r\nIt is on its way.\r\n"


@pytest.mark.parametrize("password", ["secret", "رمز عبور", "geheim-ß"])
def test_a_password_that_works_when_it_is_tried_out_works_when_an_answer_goes_out(password: str) -> None:
    with receiving(Receiving(password=password)) as taker:
        way = Way("1", "Shop", "shop@example.org", "127.0.0.1", taker.port, "none", "shop", password)
        server = Server("smtp", way.host, way.port, way.tls, way.user)
        assert try_smtp(server, password, way.address) is None
        assert send(way, way.address, "sara@example.com", MAIL).state == "sent"
        assert len(taker.mails) == 1


def test_a_server_is_tried_out_under_the_name_under_which_answers_go_out(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    class Greeting(smtplib.SMTP):
        def ehlo(self, *given: Any) -> tuple[int, bytes]:
            names.append(self.local_hostname)
            return super().ehlo(*given)

    monkeypatch.setattr(smtplib, "SMTP", Greeting)
    with receiving(Receiving()) as taker:
        assert try_smtp(Server("smtp", "127.0.0.1", taker.port, "none"), "", "shop@example.org") is None
        way = Way("1", "Shop", "shop@example.org", "127.0.0.1", taker.port, "none", "", "")
        assert send(way, way.address, "sara@example.com", MAIL).state == "sent"
    assert names == ["example.org"] * 2


def test_a_wrong_password_is_said_and_the_answer_waits() -> None:
    with receiving(Receiving(password="secret")) as taker:
        way = Way("1", "Shop", "shop@example.org", "127.0.0.1", taker.port, "none", "shop", "گذرواژه")
        outcome = send(way, way.address, "sara@example.com", MAIL)
        assert (outcome.state, taker.mails) == ("later", [])
        assert "does not accept this user name and password" in (outcome.why or "")


def test_a_server_that_lets_nobody_sign_in_is_said_to_be_one() -> None:
    with receiving(Receiving()) as taker:
        way = Way("1", "Shop", "shop@example.org", "127.0.0.1", taker.port, "none", "shop", "secret")
        assert "lets nobody sign in" in (send(way, way.address, "sara@example.com", MAIL).why or "")
