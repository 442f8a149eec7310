"""The settings of mailboxes: what is entered is kept, what is wrong is said in words, passwords stay where they belong."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from hub.store import mailboxes
from hub.store.mailboxes import Entered
from hub.transport.servers import Server
from hub.transport.trouble import Trouble
from tests.consumers.receiving import OnAFreePort
from tests.transport.dovecot import PASSWORD, Dovecot, free_port, running_dovecot

from .browsing import Browser, browser_of, colleague, text_of
from .conftest import Api

NOBODY = {
    "name": "Shop", "address": "shop@example.org", "active": "yes", "imap_host": "", "imap_port": "", "imap_tls": "tls",
    "imap_user": "", "imap_password": "", "imap_folder": "INBOX", "smtp_host": "", "smtp_port": "",
    "smtp_tls": "starttls", "smtp_user": "", "smtp_password": "",
}  # fmt: skip


@pytest.fixture(scope="session")
def plain() -> Iterator[Dovecot]:
    with running_dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def encrypted() -> Iterator[Dovecot]:
    with running_dovecot(tls=True) as server:
        yield server


@pytest.fixture
def admin(api: Api) -> Browser:
    return browser_of(api, colleague(api, "root", "admin"))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("hub.transport.imap", "hub.transport.try_out"):
        monkeypatch.setattr(f"{module}.CONNECT", 1.5)
    monkeypatch.setattr("hub.transport.imap.SILENT", 1.5)


def imap(server: Dovecot, **more: str) -> dict[str, str]:
    return NOBODY | {
        "imap_host": server.host, "imap_port": str(server.imap_port), "imap_tls": "none", "imap_user": "page",
        "imap_password": PASSWORD,
    } | more  # fmt: skip


def told(admin: Browser, fields: dict[str, str], path: str = "/settings/mailboxes/new") -> str:
    return text_of(admin.send_form(path, do="test", **fields))


def added(api: Api, admin: Browser, fields: dict[str, str]) -> str:
    answer = admin.send_form("/settings/mailboxes/new", do="save", **fields)
    assert answer.status_code == 303, text_of(answer)
    return answer.headers["location"].partition("?")[0]


def test_an_empty_list_says_how_to_fill_it(admin: Browser) -> None:
    assert "No mailbox is connected" in text_of(admin.get("/settings/mailboxes"))


def test_a_mailbox_is_added_shown_changed_switched_off_and_deleted(api: Api, admin: Browser, plain: Dovecot) -> None:
    path = added(api, admin, imap(plain))
    assert "Shop" in text_of(admin.get("/settings/mailboxes"))
    shown = admin.get(path)
    assert 'value="page"' in shown.text
    assert PASSWORD not in shown.text
    changed = imap(plain, name="Store", imap_password="")
    assert admin.send_form(path, do="save", **changed).status_code == 303
    (box,) = mailboxes.incoming(api.hub.database, api.hub.keys)
    assert box.password == PASSWORD
    admin.send_form(path, do="deactivate")
    assert "Switched off" in text_of(admin.get("/settings/mailboxes"))
    assert mailboxes.incoming(api.hub.database, api.hub.keys) == []
    admin.send_form(path, do="activate")
    assert len(mailboxes.incoming(api.hub.database, api.hub.keys)) == 1
    admin.send_form(path, do="delete")
    assert mailboxes.listed(api.hub.database) == []
    assert admin.get(path).status_code == 404


def test_the_same_mailbox_is_not_added_twice_also_where_it_only_sends(api: Api, admin: Browser, plain: Dovecot) -> None:
    sender = NOBODY | {"smtp_host": "localhost", "smtp_port": "2525"}
    for fields, said in ((imap(plain), "fetched already"), (sender, "go out by this server already")):
        added(api, admin, fields)
        again = admin.send_form("/settings/mailboxes/new", do="save", **fields | {"address": "Shop@example.org"})
        assert again.status_code == 422
        assert said in text_of(again)
    path = added(api, admin, sender | {"address": "sales@example.org"})
    assert "go out by this server already" in text_of(admin.send_form(path, do="save", **sender))
    assert len(mailboxes.listed(api.hub.database)) == 3


def test_a_saved_password_goes_to_no_other_server(api: Api, admin: Browser, plain: Dovecot) -> None:
    path = added(api, admin, imap(plain))
    for other in ({"imap_host": "localhost"}, {"imap_user": "other"}, {"imap_port": "1"}, {"imap_tls": "starttls"}):
        entered = imap(plain, imap_password="", **other)
        admin.send_form(path, do="save", **entered)
        (box,) = mailboxes.incoming(api.hub.database, api.hub.keys)
        assert box.password == "", other
        admin.send_form(path, do="save", **imap(plain))


def test_passwords_are_nowhere_in_the_database_as_they_are(api: Api, admin: Browser, plain: Dovecot) -> None:
    added(api, admin, imap(plain, smtp_host="localhost", smtp_user="a", smtp_password="hush"))
    stored = b"".join(bytes(row[0]) for row in api.hub.database.rows("SELECT secret FROM mailbox"))
    stored += str(api.hub.database.rows("SELECT * FROM mailbox")).encode()
    assert b"hush" not in stored
    assert PASSWORD.encode() not in stored


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"name": ""}, "Give it a name"),
        ({"address": "shop"}, "Write an address"),
        ({"imap_host": "a b"}, "Write the name of a server"),
        ({"imap_port": "99999"}, "A port is a number"),
        ({"imap_port": "x"}, "A port is a number"),
        ({"imap_tls": "maybe"}, "Choose one of these"),
        ({"imap_user": ""}, "A mailbox has a user name"),
        ({"imap_host": ""}, "Name a server"),
    ],
)
def test_what_cannot_be_meant_is_said_beside_the_field_and_what_was_typed_stays(
    api: Api, admin: Browser, plain: Dovecot, more: dict[str, str], said: str
) -> None:
    answer = admin.send_form("/settings/mailboxes/new", do="save", **imap(plain, imap_folder="Kept", **more))
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert 'value="Kept"' in answer.text
    assert PASSWORD not in answer.text
    assert mailboxes.listed(api.hub.database) == []


# -- Test --------------------------------------------------------------------------------------------------------------


def test_a_mailbox_that_works_is_said_to_work(admin: Browser, plain: Dovecot) -> None:
    assert "Fetching mail: it works." in told(admin, imap(plain))


def test_a_server_that_nobody_knows(admin: Browser, plain: Dovecot) -> None:
    assert "There is no server called nowhere.invalid" in told(admin, imap(plain, imap_host="nowhere.invalid"))


def test_a_port_on_which_nothing_listens(admin: Browser, plain: Dovecot) -> None:
    port = str(free_port())
    assert f"nothing answers on port {port}" in told(admin, imap(plain, imap_port=port))


def test_a_wrong_password(admin: Browser, plain: Dovecot) -> None:
    assert "does not accept this user name and password" in told(admin, imap(plain, imap_password="wrong"))


def test_a_folder_that_is_not_there(admin: Browser, plain: Dovecot) -> None:
    assert "There is no folder called Gone" in told(admin, imap(plain, imap_folder="Gone"))


def test_tls_where_none_is_spoken(admin: Browser, plain: Dovecot) -> None:
    assert "does not speak TLS" in told(admin, imap(plain, imap_tls="tls"))


def test_starttls_where_it_is_not_offered(admin: Browser, plain: Dovecot) -> None:
    assert "does not offer STARTTLS" in told(admin, imap(plain, imap_tls="starttls"))


def test_no_tls_where_tls_is_expected(admin: Browser, encrypted: Dovecot) -> None:
    fields = imap(encrypted, imap_port=str(encrypted.imaps_port))
    assert "wants an encrypted connection" in told(admin, fields)


def test_a_certificate_that_nobody_vouches_for(admin: Browser, encrypted: Dovecot) -> None:
    fields = imap(encrypted, imap_port=str(encrypted.imaps_port), imap_tls="tls")
    assert "shows a certificate that is not valid" in told(admin, fields)
    assert "shows a certificate that is not valid" in told(admin, imap(encrypted, imap_tls="starttls"))


def test_a_certificate_of_an_authority_that_is_trusted(
    admin: Browser, encrypted: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(encrypted.authority))
    assert "it works." in told(admin, imap(encrypted, imap_port=str(encrypted.imaps_port), imap_tls="tls"))
    assert "it works." in told(admin, imap(encrypted, imap_tls="starttls"))


class Outgoing:
    """Takes mail of one user, and from one sender only."""

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if address != "shop@example.org":
            return "553 5.7.1 not your address"
        envelope.mail_from = address
        return "250 OK"


def authenticated(server: SMTP, session: Session, envelope: Envelope, kind: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (b"shop", PASSWORD.encode()), handled=False)


@contextmanager
def outgoing(**more: Any) -> Iterator[int]:
    controller = OnAFreePort(Outgoing(), hostname="127.0.0.1", port=0, ready_timeout=30, **more)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def smtp(port: int, **more: str) -> dict[str, str]:
    return NOBODY | {"smtp_host": "127.0.0.1", "smtp_port": str(port), "smtp_tls": "none"} | more


def test_a_way_out_is_tried_up_to_the_sender_and_no_mail_is_sent(admin: Browser) -> None:
    user = {"smtp_user": "shop", "smtp_password": PASSWORD}
    with outgoing(authenticator=authenticated, auth_require_tls=False, auth_required=True) as port:
        assert "Sending answers: it works." in told(admin, smtp(port, **user))
        assert "does not accept this user name" in told(admin, smtp(port, **user | {"smtp_password": "wrong"}))
        wrong = smtp(port, **user, address="other@example.org")
        assert "does not let this user send mail from other@example.org" in told(admin, wrong)
        assert "does not offer STARTTLS" in told(admin, smtp(port, **user, smtp_tls="starttls"))
        assert "does not speak TLS" in told(admin, smtp(port, **user, smtp_tls="tls"))
        with smtplib.SMTP("127.0.0.1", port) as client:
            assert client.noop()[0] == 250


def test_a_way_out_that_lets_nobody_sign_in(admin: Browser) -> None:
    with outgoing() as port:
        assert "lets nobody sign in" in told(admin, smtp(port, smtp_user="shop", smtp_password="x"))
        assert "it works." in told(admin, smtp(port))


def test_a_mail_server_of_another_kind(admin: Browser, plain: Dovecot) -> None:
    with outgoing() as port:
        assert "Fetching mail: 127.0.0.1 " in told(admin, imap(plain, imap_port=str(port)))
    assert "Sending answers: 127.0.0.1 " in told(admin, smtp(plain.imap_port))


def test_the_saved_password_is_used_for_a_test(api: Api, admin: Browser, plain: Dovecot) -> None:
    path = added(api, admin, imap(plain))
    assert "it works." in told(admin, imap(plain, imap_password=""), path)


def test_a_mailbox_of_the_environment_can_be_looked_at_and_tried_and_nothing_else(
    api: Api, admin: Browser, plain: Dovecot
) -> None:
    settings = replace(api.hub.settings, imap_urls=(plain.url("given"),))
    api.app.state.hub = replace(api.hub, settings=settings)
    mailboxes.give(api.hub.database, settings.imap_urls)
    (box,) = mailboxes.listed(api.hub.database, settings.imap_urls)
    path = f"/settings/mailboxes/{box.id}"
    assert "from HUB_IMAP_URLS" in text_of(admin.get("/settings/mailboxes"))
    assert "it works." in text_of(admin.send_form(path, do="test"))
    for do in ("delete", "save", "deactivate"):
        assert admin.send_form(path, do=do, **imap(plain)).status_code == 422
    assert mailboxes.one(api.hub.database, box.id).active
    assert PASSWORD not in admin.get(path).text


def test_what_is_wrong_now_is_on_the_list_in_the_viewers_language(api: Api, plain: Dovecot) -> None:
    id = mailboxes.add(api.hub.database, api.hub.keys, Entered("Shop", "a@b.example", Server("imap", "h", 1, "none", "u")))
    mailboxes.checked(api.hub.database, id, Trouble("password", Server("imap", "mail.example", 1, "none"), "<b>no</b>"))
    english = browser_of(api, colleague(api, "a", "admin")).get("/settings/mailboxes")
    assert "mail.example does not accept this user name" in text_of(english)
    assert "<b>no</b>" not in english.text
    account = colleague(api, "b", "admin")
    with api.hub.database.transaction() as tx:
        tx.execute("UPDATE account SET language = 'fa' WHERE id = %s", [account.id])
    assert "نمی‌پذیرد" in text_of(browser_of(api, account).get("/settings/mailboxes"))


def test_only_who_manages_may(api: Api) -> None:
    agent = browser_of(api, colleague(api, "mina", "agent"))
    assert agent.get("/settings/mailboxes").status_code == 403
    assert agent.send_form("/settings/mailboxes/new", do="save", **NOBODY).status_code == 403


# -- the way out -------------------------------------------------------------------------------------------------------


def test_answers_go_out_from_the_address_that_was_written_to_else_from_the_oldest_else_from_the_environment(
    api: Api,
) -> None:
    database, keys = api.hub.database, api.hub.keys
    url = "smtps://u:p%40ss@out.example:4650?from=env@example.org"
    assert mailboxes.outgoing(database, keys) is None
    from_environment = mailboxes.outgoing(database, keys, "x@example.org", url)
    assert from_environment
    assert (from_environment.address, from_environment.host, from_environment.port) == ("env@example.org", "out.example", 4650)
    assert (from_environment.tls, from_environment.user, from_environment.password) == ("tls", "u", "p@ss")
    server = Server("smtp", "smtp.example", 587, "starttls", "u")
    for address in ("old@example.org", "new@example.org"):
        mailboxes.add(database, keys, Entered(address, address, smtp=server, smtp_password=f"for {address}"))
    chosen = [mailboxes.outgoing(database, keys, asked, url) for asked in ("NEW@example.org", "other@example.org", None)]
    assert [way and (way.address, way.password) for way in chosen] == [
        ("new@example.org", "for new@example.org"), ("old@example.org", "for old@example.org"),
        ("old@example.org", "for old@example.org"),
    ]  # fmt: skip
