"""Where the demo may be played, and what it finds there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from hub import staging
from hub.consumers.accept import Arrival, write
from hub.demo.shop import MAIL
from hub.settings import Settings
from hub.store import access, accounts
from hub.transport.servers import server_of
from hub.wiring import Hub

NOW = datetime(2026, 3, 3, 10, 30, tzinfo=UTC)


def test_an_empty_hub_gets_the_history_of_now(hub: Hub) -> None:
    assert staging.staged(hub.database, 168, NOW) == staging.Staged(NOW, 168, loaded=False)


def test_a_load_that_was_interrupted_goes_on_with_the_same_history(hub: Hub) -> None:
    first = staging.staged(hub.database, 168, NOW)
    _receive(hub)
    assert staging.staged(hub.database, 20, datetime(2026, 4, 1, tzinfo=UTC)) == first


def test_what_was_loaded_is_known_again(hub: Hub) -> None:
    first = staging.staged(hub.database, 168, NOW)
    assert first
    staging.mark(hub.database, replace(first, loaded=True))
    assert staging.staged(hub.database, 168, datetime.now(UTC)) == replace(first, loaded=True)


def test_nothing_is_played_into_a_hub_that_holds_something_else(hub: Hub) -> None:
    _receive(hub)
    assert staging.staged(hub.database, 168, NOW) is None
    assert staging.staged(hub.database, 168, NOW) is None


def test_everybody_of_the_shop_has_an_account_and_whoever_watches_may_do_everything(hub: Hub) -> None:
    watcher = staging.colleagues(hub.database)
    assert (watcher.login, watcher.name, watcher.role) == ("reza", "Reza Moradi", "admin")
    assert {one.login for one in accounts.everybody(hub.database) if one.role == "agent"} >= {"mina", "james"}
    assert staging.colleagues(hub.database) == watcher


def test_each_start_has_keys_of_its_own(new_hub: Callable[[], Hub]) -> None:
    hub = new_hub()
    old, new = staging.keys(hub.database), staging.keys(hub.database)
    found = access.Access(hub.database)
    assert old.keys() == new.keys()
    assert found.find(old["mina"]) is None
    assert found.find(new["mina"]) == access.Caller("mina", "agent")
    assert found.find(new[staging.MACHINE]) == access.Caller(staging.MACHINE, "machine")


def test_answers_of_a_demo_go_to_its_customers_alone() -> None:
    settings = Settings.read({"HOME": "/h", "HUB_SMTP_URL": "smtps://u:p@mail.example.com?from=shop@example.com"})
    told = staging.environ(settings, "127.0.0.1:2525", "127.0.0.1:1143")
    assert told["HUB_SMTP_URL"].startswith("smtp://127.0.0.1:2525?from=")
    assert Settings.read({"HOME": "/h"} | told).smtp_url == told["HUB_SMTP_URL"]


def test_a_demo_fetches_the_mailbox_of_its_shop_and_nobodys_else() -> None:
    mine = {"HOME": "/h", "HUB_IMAP_URLS": "imaps://me:secret@mail.example.com"}
    told = staging.environ(Settings.read(mine), "127.0.0.1:2525", "127.0.0.1:1143")
    [url] = Settings.read(mine | told).imap_urls
    server, password = server_of(url)
    assert (server.host, server.port, server.user) == ("127.0.0.1", 1143, MAIL)
    assert len(password) > 20


def _receive(hub: Hub) -> None:
    write(hub.recorder, [Arrival("email", "files", b"Subject: x\r\n\r\nx", NOW, {})])
