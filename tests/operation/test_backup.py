"""A backup taken while the hub works is the hub of one moment; without its keys it is nothing; nothing is written over."""

from __future__ import annotations

import gzip
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from hub.consumers import backup, restore
from hub.consumers.forget import forget
from hub.consumers.rebuild import verify
from hub.consumers.understand import raw_of
from hub.store import accounts, blobs, ledger, mailboxes, options, reads
from hub.store.copying import InUse, NotEmpty, WrongBackup
from hub.store.kept import BackupThere, NoBackup, Part, Spoilt
from hub.store.mailboxes import Entered
from hub.transport.servers import Server
from hub.wiring import Hub
from tests.both_logs import begin_at_the_ends
from tests.both_logs import where_the_log_is as where_the_log_is
from tests.journeys.story import EMAIL, PHONE, ago, come, customer, letter, mail, of, shown, timeline
from tests.operation.conftest import Elsewhere

SECRETS = (b"sara@example.com", b"Sara", b"9121234567", b"Elm Street", b"broken kettle", b"mina", b"smtp secret")
LARGE = "I live in Elm Street. " * 9_000
Taker = Callable[[Hub], Path]


@pytest.fixture
def shop(hub: Hub) -> Hub:
    """Somebody who wrote, ordered and called; a ticket; a colleague; a mailbox with a password; a payload nobody reads."""
    mail(hub, letter("Sara <sara@example.com>", "My broken kettle", "Elm Street. Order #1047", ago(days=6)))
    mail(hub, letter("Sara <sara@example.com>", "My broken kettle", LARGE, ago(days=5), 2))
    come(hub, "order.placed", "o", ago(days=7), order="1047", party=[EMAIL, PHONE], total="12.50", currency="EUR")
    come(hub, "order.shipped", "s", ago(days=2), order="1047")
    come(hub, "call.ended", "c", ago(days=1), call="c1", party=PHONE, reason="broken kettle")
    come(hub, "party.described", "p", ago(days=1), party=EMAIL, name="Sara")
    mail(hub, b"\x00\x01 sara@example.com nothing that anybody could parse")
    accounts.add(hub.database, "mina", "Mina", "agent")
    server = Server("smtp", "mail.example.org", 587, "starttls", "shop", "INBOX")
    mailboxes.add(hub.database, hub.keys, Entered("Shop", "shop@example.org", None, None, server, "smtp secret", True))
    return hub


def answers(hub: Hub, who: str) -> dict[str, Any]:
    """What the screens say of somebody."""
    with hub.database.transaction() as tx:
        tickets, order = reads.tickets(tx)["items"], reads.order(tx, "1047")
    found = {"customer": customer(hub, who), "timeline": timeline(hub, who), "tickets": tickets, "order": order}
    told: dict[str, Any] = orjson.loads(orjson.dumps(found))
    return told


def archived(hub: Hub, ends: dict[tuple[str, int], int]) -> str:
    """A digest of the archive up to there."""
    lanes = sorted(ends)
    rows = hub.database.rows(
        "SELECT md5(string_agg(e.topic || e.part || '/' || e.position || e.id || e.value, ''"
        " ORDER BY e.topic, e.part, e.position))"
        " FROM event e JOIN unnest(%s::text[], %s::int[], %s::bigint[]) AS n(topic, part, next)"
        " ON e.topic = n.topic AND e.part = n.part AND e.position < n.next",
        [[topic for topic, _ in lanes], [part for _, part in lanes], [ends[lane] for lane in lanes]],
    )
    return str(rows[0][0])


def events(hub: Hub) -> int:
    return int(hub.database.rows("SELECT count(*) FROM event")[0][0])


def test_a_backup_taken_while_events_come_in_is_the_hub_of_one_moment(shop: Hub, take: Taker, elsewhere: Elsewhere) -> None:
    stop, under_way = threading.Event(), threading.Event()

    def stream() -> None:
        n = 0
        while not stop.is_set():
            someone = {"kind": "phone", "value": f"+98930{n % 50:07d}"}
            come(shop, "call.ended", f"b{n}", ago(minutes=1), call=f"b{n}", party=someone, reason="busy")
            n += 1
            if n == 5:
                under_way.set()

    busy = threading.Thread(target=stream)
    busy.start()
    try:
        assert under_way.wait(60)
        before = events(shop)
        folder = take(shop)
        after = events(shop)
        assert after > before, "nothing came in while the backup was taken"
    finally:
        stop.set()
        busy.join()
    again, told = elsewhere.restore(folder)
    assert before <= told.events < events(shop)
    beyond = 0 if shop.recorder.log.in_store else events(shop) - told.events  # a log that is still there is read on
    assert (told.beyond, events(again)) == (beyond, told.events + beyond)
    assert answers(again, "sara@example.com") == answers(shop, "sara@example.com")
    ends = again.recorder.log.ends()
    assert archived(again, ends) == archived(shop, ends)
    shown(again)
    assert verify(again.recorder)["clean"]
    with again.database.transaction() as tx:
        assert ledger.balance(tx)["balanced"]


def test_large_payloads_passwords_and_numbers_come_back(shop: Hub, take: Taker, elsewhere: Elsewhere) -> None:
    (payload,) = shop.database.rows("SELECT payload::text FROM outcome ORDER BY size DESC LIMIT 1")
    (mailbox,) = mailboxes.listed(shop.database, ())
    again, _ = elsewhere.restore(take(shop))
    with again.database.transaction() as tx:
        raw = raw_of(again.recorder, tx, payload[0])
        assert raw is not None
        assert LARGE.encode() in b"".join(raw)
    assert mailboxes.passwords_of(again.database, again.keys, mailbox.id)["smtp"] == "smtp secret"
    mail(again, letter("Reza <reza@example.com>", "Hello", "A question", ago(hours=1), 9))
    with again.database.transaction() as tx:
        numbers = [ticket["number"] for ticket in reads.tickets(tx)["items"]]
    assert len(numbers) == len(set(numbers))
    assert max(numbers) > max(one["number"] for one in answers(shop, "sara@example.com")["tickets"])


def test_nothing_of_a_backup_can_be_read_without_its_keys(shop: Hub, take: Taker) -> None:
    folder = take(shop)
    files = [path for path in (folder / "data").rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        content = path.read_bytes()
        assert [secret for secret in SECRETS if secret in content] == [], path
        with pytest.raises(gzip.BadGzipFile):
            gzip.decompress(content)
    name = backup.table_name("account")
    manifest = orjson.loads((folder / "data/manifest.json").read_bytes())
    key = backup.table_key(shop.keys.secret, manifest["backup"])
    opened = b"".join(blobs.opened(name, key, [(folder / "data" / name).read_bytes()]))
    assert b"mina" in gzip.decompress(opened), "with the key it can be read, so the search above means something"


def test_without_keys_or_with_those_of_somebody_else_nothing_is_restored(
    shop: Hub, take: Taker, elsewhere: Elsewhere, new_hub: Callable[[], Hub]
) -> None:
    folder, other = take(shop), take(new_hub())
    (folder / "keys").rename(folder / "away")
    with pytest.raises(NoBackup):
        elsewhere.load(folder)
    (other / "keys").rename(folder / "keys")
    with pytest.raises(WrongBackup, match="another backup"):
        elsewhere.load(folder)
    (folder / "keys").rename(folder / "wrong")
    (folder / "away").rename(folder / "keys")
    hub, _ = elsewhere.restore(folder)
    assert customer(hub, "sara@example.com")["name"] == "Sara"


def test_nothing_is_restored_over_what_is_there(shop: Hub, take: Taker, elsewhere: Elsewhere) -> None:
    folder = take(shop)
    hub = elsewhere.open()
    begin_at_the_ends(hub)
    come(hub, "visit.recorded", "v", ago(days=1), visit="v", party=PHONE)
    before = events(hub)
    with pytest.raises(InUse):
        elsewhere.load(folder)
    hub.close()
    with pytest.raises(NotEmpty):
        elsewhere.load(folder)
    with psycopg.connect(elsewhere.dsn) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (before,)


def test_a_backup_is_not_written_over_another(shop: Hub, take: Taker) -> None:
    folder = take(shop)
    with pytest.raises(BackupThere):
        backup.take(shop.recorder, folder / "data", folder / "keys", datetime.now(UTC))


class Killed(BaseException):
    """Stands for a signal in the middle of the work."""


def test_a_backup_that_was_killed_is_none_and_is_gone_on_with(shop: Hub, tmp_path: Path, elsewhere: Elsewhere) -> None:
    calls = 0

    def progress(done: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 25:
            raise Killed

    with pytest.raises(Killed):
        backup.take(shop.recorder, tmp_path / "b/data", tmp_path / "b/keys", datetime.now(UTC), progress)
    with pytest.raises(NoBackup):
        elsewhere.load(tmp_path / "b")
    come(shop, "call.ended", "later", ago(hours=1), call="c2", party=PHONE, reason="and then")
    backup.take(shop.recorder, tmp_path / "b/data", tmp_path / "b/keys", datetime.now(UTC))
    again, _ = elsewhere.restore(tmp_path / "b")
    assert answers(again, "sara@example.com") == answers(shop, "sara@example.com")


def test_a_restore_that_was_killed_is_gone_on_with(shop: Hub, take: Taker, elsewhere: Elsewhere) -> None:
    folder = take(shop)

    def progress(done: int) -> None:
        raise Killed

    store = blobs.Blobs(elsewhere.settings.blobs_url)
    with pytest.raises(Killed):
        restore.load(elsewhere.dsn, f"{elsewhere.dsn}_keys", store, folder / "data", folder / "keys", datetime.now(UTC), progress)
    elsewhere.load(folder)  # and killed once more, before the rest was done
    again, _ = elsewhere.restore(folder)
    assert answers(again, "sara@example.com") == answers(shop, "sara@example.com")
    again.close()
    with pytest.raises(NotEmpty):
        elsewhere.load(folder)


@pytest.mark.parametrize("table", ["event", "setting"])
def test_a_spoilt_backup_leaves_nothing_half_restored(shop: Hub, take: Taker, elsewhere: Elsewhere, table: str) -> None:
    folder = take(shop)
    path = folder / "data" / backup.table_name(table)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises((Spoilt, blobs.Damaged)):
        elsewhere.load(folder)
    with psycopg.connect(elsewhere.dsn) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (0,)


def test_the_digests_are_such_as_anybody_can_check(shop: Hub, take: Taker) -> None:
    for part in ("data", "keys"):
        folder = take(shop) / part
        done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        assert folder.stat().st_mode & 0o077 == 0


def test_whoever_was_forgotten_after_the_backup_is_forgotten_where_the_keys_know_it(
    shop: Hub, take: Taker, elsewhere: Elsewhere
) -> None:
    folder = take(shop)
    (parties,) = of(shop, "sara@example.com")
    forget(shop.recorder, parties, datetime.now(UTC))
    shown(shop)
    keys = shop.keys.dsn
    elsewhere.load(folder, keys=keys)
    again = elsewhere.open(replace(elsewhere.settings, keys_url=keys))
    told = restore.finish(again.recorder, again.lane, datetime.now(UTC))
    # On Kafka the log itself says so, beyond the backup.
    assert told.forgotten == (len(parties) if shop.recorder.log.in_store else 0)
    assert of(again, "sara@example.com") == []
    with again.database.transaction() as tx:
        shown_now = orjson.dumps([reads.tickets(tx)["items"], reads.order(tx, "1047")])
    assert [secret for secret in SECRETS if secret in shown_now] == []
    assert verify(again.recorder)["clean"]


def test_a_backup_says_that_it_was_taken(shop: Hub, take: Taker) -> None:
    assert options.read(shop.database, "backup", None) is None
    folder = take(shop)
    told: dict[str, Any] = options.read(shop.database, "backup", {})
    assert told["folder"] == str(folder / "data")
    assert told["events"] == events(shop)


def test_a_full_disk_is_named_and_what_its_source_says_goes_through(tmp_path: Path) -> None:
    part = Part.begin(tmp_path / "kept", "b")
    (tmp_path / "kept" / "large.half").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as full:
        part.write("large", [b"x" * 100_000])
    assert full.value.filename == str(tmp_path / "kept" / "large")

    def away() -> Iterator[bytes]:
        yield b"x"
        raise blobs.Away("the blob store does not answer")

    with pytest.raises(blobs.Away):
        part.write("small", away())
