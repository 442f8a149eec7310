"""Any PostgreSQL from 15 on, by HUB_DATABASE_URL: the same commands, the same answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.settings import Settings
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


def test_what_cannot_be_opened_keeps_no_connection(postgres_url: str, home: Path) -> None:
    keys_away = Settings(home=home, blobs_url=str(home / "blobs"), keys_url="postgresql://x:y@127.0.0.1:1/keys")
    with pytest.raises(psycopg.OperationalError) as held:
        open_hub(keys_away, postgres_url)
    mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hub'"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        until(lambda: connection.execute(mine).fetchone() == (0,), 10, "its connections are closed")
    assert held, "with all that its frames hold"
