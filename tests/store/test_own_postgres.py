"""Any PostgreSQL from 15 on, by HUB_DATABASE_URL: the same commands, the same answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hub import home as hub_home
from hub.reach import reach
from hub.settings import Settings
from hub.store.database import NotAllowed, NotUtf8, Unavailable, ensure_database, keys_dsn, with_name
from hub.wiring import open_hub
from tests.journeys.story import ago, letter
from tests.kill.running import until

pytestmark = pytest.mark.real


def hub(home: Path, url: str, *arguments: str, code: int = 0) -> str:
    environment = os.environ | {"HUB_HOME": str(home), "HUB_DATABASE_URL": url}
    done = subprocess.run([sys.executable, "-m", "hub.cli", *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_an_own_postgresql_serves_as_well(any_postgres_url: str, home: Path) -> None:
    def ask(*arguments: str) -> Any:
        return json.loads(hub(home, any_postgres_url, *arguments, "--json"))

    mails = home / "mails"
    mails.mkdir()
    (mails / "1.eml").write_bytes(letter("Sara <sara@example.com>", "Where is #1047?", "It is late", ago(days=6)))
    (home / "orders.csv").write_text(
        "order;stage;time;email;phone\n"
        f"1047;placed;{ago(days=7).isoformat()};sara@example.com;0912 123 4567\n"
        f"1047;shipped;{ago(days=1).isoformat()};;\n"
    )
    assert ask("ingest", "email", str(mails))["understood"] == 1
    assert ask("ingest", "orders", str(home / "orders.csv"))["understood"] == 2
    person = ask("customer", "۰۹۱۲۱۲۳۴۵۶۷")
    assert (person["name"], person["orders"][0]["stage"], len(person["open_tickets"])) == ("Sara", "shipped", 1)
    items = ask("timeline", "sara@example.com")["items"]
    assert [(i["channel"], i["orders"]) for i in items] == [("order", ["1047"]), ("email", ["1047"]), ("order", ["1047"])]
    assert ask("verify")["clean"]
    assert hub(home, any_postgres_url, "rebuild", "--all").startswith("events=")
    assert ask("verify")["clean"]
    assert ask("ledger")["balanced"]


def test_a_database_that_cannot_be_reached_is_exit_code_3(home: Path) -> None:
    environment = os.environ | {"HUB_HOME": str(home), "HUB_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = subprocess.run([sys.executable, "-m", "hub.cli", "ledger"], env=environment, capture_output=True, text=True)
    assert done.returncode == 3
    assert "cannot be reached" in done.stderr


@pytest.fixture
def stranger(debian_url: str) -> Iterator[str]:
    """The URL of an account that may connect to that database and to others, and owns none."""
    with psycopg.connect(debian_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS stranger")
        connection.execute("CREATE ROLE stranger LOGIN PASSWORD 'hush'")
        yield make_conninfo(debian_url, user="stranger", password="hush")
        connection.execute("DROP OWNED BY stranger")
        connection.execute("DROP ROLE stranger")


def test_an_account_with_too_few_rights_is_told_what_it_lacks(debian_url: str, stranger: str, home: Path) -> None:
    blobs = str(home / "blobs")
    with pytest.raises(NotAllowed, match='"nowhere", and the account may not make it'):
        ensure_database(with_name(stranger, "nowhere"))
    with pytest.raises(NotAllowed, match=r"needs to own .* permission denied"):  # it may make no tables there
        open_hub(Settings(home=home, blobs_url=blobs), stranger)
    with pytest.raises(NotAllowed, match='_keys", and the account may not make it'):
        open_hub(Settings(home=home, blobs_url=blobs, keys_url=keys_dsn(stranger)), debian_url)
    with pytest.raises(NotAllowed, match=r"needs to own .* permission denied"):  # nor there
        open_hub(Settings(home=home, blobs_url=blobs, keys_url=with_name(stranger, "postgres")), debian_url)
    environment = os.environ | {"HUB_HOME": str(home), "HUB_DATABASE_URL": _as_url(stranger)}
    done = subprocess.run([sys.executable, "-m", "hub.cli", "status"], env=environment, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False)
    assert "needs to own" in done.stderr


@pytest.mark.parametrize("letters", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_letter_is_refused(debian_url: str, letters: str) -> None:
    name = f"{conninfo_to_dict(debian_url)['dbname']}_{letters}".lower()
    with psycopg.connect(debian_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{letters}' LOCALE 'C' TEMPLATE template0")
        try:
            with pytest.raises(NotUtf8, match=f'"{name}" is in {letters}'):
                ensure_database(with_name(debian_url, name))
        finally:
            connection.execute(f"DROP DATABASE {name}")


def test_another_server_that_is_away_is_no_full_disk_here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_home, "ROOM", 2**60)
    there = Settings(home=home, blobs_url=str(home / "blobs"), database_url="postgresql://nobody@127.0.0.1:1/none")
    for folder in (home, home / "not there yet"):
        with pytest.raises(Unavailable, match="refused"), reach(replace(there, home=folder)):
            pass


def test_blobs_that_have_no_place_are_named(home: Path) -> None:
    environment = os.environ | {"HUB_HOME": str(home), "HUB_BLOBS": str(home / "file" / "blobs")}
    (home / "file").write_text("no folder")
    done = subprocess.run([sys.executable, "-m", "hub.cli", "status"], env=environment, capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr.startswith(f"Error: The blobs' place cannot be had (HUB_BLOBS): {home}/file/blobs")


def _as_url(dsn: str) -> str:
    of = conninfo_to_dict(dsn)
    return f"postgresql://{of['user']}:{of['password']}@{of['host']}:{of['port']}/{of['dbname']}"


def test_what_cannot_be_opened_keeps_no_connection(postgres_url: str, home: Path) -> None:
    keys_away = Settings(home=home, blobs_url=str(home / "blobs"), keys_url="postgresql://x:y@127.0.0.1:1/keys")
    with pytest.raises(psycopg.OperationalError) as held:
        open_hub(keys_away, postgres_url)
    mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hub'"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        until(lambda: connection.execute(mine).fetchone() == (0,), 10, "its connections are closed")
    assert held, "with all that its frames hold"
