"""What analysts get: every event that is shown once, however often it was exported and whatever was killed meanwhile."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from hub.consumers import export as exporting
from hub.consumers.decode import opened, shown_events
from hub.consumers.export import Exported, OtherHub, export
from hub.consumers.forget import forget
from hub.consumers.record import Outgoing
from hub.events.ids import named
from hub.log._protocol import Place, Recorded
from hub.store import archive, customers, exported, reads
from hub.store.exported import MARKER, ExportRuns, Folder, NoExport, NotOurs, OddPath
from hub.wiring import Hub
from tests.both_logs import where_the_log_is as where_the_log_is
from tests.consumers.test_project import poison
from tests.journeys.story import EMAIL, NOW, PHONE, ago, come, letter, mail, of, shown

REZA = {"kind": "email", "value": "reza@example.com"}


def asked(folder: Path, query: str = "FROM all_events") -> list[dict[str, Any]]:
    with exported.opened(folder) as connection:
        return [json.loads(row) for row in exported.objects(connection, exported.Statement(query, True))]


def write(hub: Hub, folder: Path, *, personal: bool = False, anew: bool = False) -> Exported:
    return export(hub.recorder, folder, NOW, personal=personal, anew=anew)


def a_week(hub: Hub) -> None:
    mail(hub, letter("Sara <sara@example.com>", "Late", "Where is order #1047?", ago(days=6)))
    come(hub, "order.placed", "o", ago(days=7), order="1047", party=[EMAIL, PHONE], total="12.5", currency="EUR")
    come(hub, "call.ended", "c", ago(days=1), call="c1", party=PHONE, cause="answered")
    come(hub, "visit.recorded", "r", ago(days=1), visit="r", party=REZA, note="at the counter")


def archived(hub: Hub) -> list[dict[str, Any]]:
    with hub.database.transaction() as tx:
        return list(shown_events(hub.keys, reads.events(tx)))


def ids(events: list[dict[str, Any]]) -> list[str]:
    return sorted(event["id"] for event in events)


def files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def within(part: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Whether all of it stands there, too; an envelope has what was not said as null besides."""
    return all(whole[name] == value for name, value in part.items())


def test_every_event_is_there_as_it_was_said(hub: Hub, tmp_path: Path) -> None:
    a_week(hub)
    made = write(hub, tmp_path / "out", personal=True)
    found = {event["id"]: event for event in asked(tmp_path / "out")}
    wanted = archived(hub)
    assert (sorted(found), made.events, made.anew) == (ids(wanted), len(wanted), None)
    for event in wanted:
        row = found[event["id"]]
        for name in ("type", "version", "source", "stream", "revision", "subject", "cause", "correlation", "replaces"):
            assert row[name] == event[name], name
        assert within(row["data"], event["data"])
        assert within(row["personal"] or {}, event["personal"])
        assert bool(row["personal"]) == any(event["personal"].values())
        assert row["parties"] == event["data"]["parties"]
        assert f"type={event['type']}/day={event['time']:%Y-%m-%d}/1-0.parquet" in files(tmp_path / "out")


def test_without_the_personal_part_nobody_can_be_read(hub: Hub, tmp_path: Path) -> None:
    a_week(hub)
    write(hub, tmp_path / "out")
    rows = asked(tmp_path / "out")
    assert {row["personal"] for row in rows} == {None}
    assert not {word for word in ("sara", "9121234567", "Late", "counter") if word in json.dumps(rows)}
    assert {str(folder.stat().st_mode & 0o777) for folder in [tmp_path / "out"]} == {str(0o700)}


def test_the_next_export_adds_what_came_since(hub: Hub, tmp_path: Path) -> None:
    out = tmp_path / "out"
    a_week(hub)
    write(hub, out)
    before = files(out)
    assert write(hub, out)[:2] == (0, 0)
    come(hub, "call.ended", "c2", ago(hours=1), call="c2", party=PHONE, cause="no_answer")
    assert write(hub, out)[:2] == (1, 1)
    assert set(before) < set(files(out))
    assert ids(asked(out)) == ids(archived(hub))
    days = {(event["type"], event["time"].date()) for event in archived(hub)}
    assert write(hub, out, anew=True) == Exported(len(archived(hub)), len(days), "it was asked for")
    assert ids(asked(out)) == ids(archived(hub))


def test_an_empty_hub_is_exported_and_asked_all_the_same(hub: Hub, tmp_path: Path) -> None:
    write(hub, tmp_path / "out")
    assert asked(tmp_path / "out", "SELECT count(*) AS n, max(day) AS last FROM events") == [{"n": 0, "last": None}]
    assert asked(tmp_path / "out", "FROM customers") == []


@pytest.mark.parametrize(
    ("dies_at", "time", "how"),
    [("write", 1, "first"), ("_save", 2, "first"), ("write", 1, "on"), ("_whole", 1, "on"), ("_save", 1, "on"),
     ("_save", 1, "anew"), ("_delete", 2, "anew"), ("_save", 2, "anew")],
)  # fmt: skip
def test_an_export_that_was_killed_is_gone_on_with(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: str, time: int, how: str
) -> None:
    out = tmp_path / "out"
    a_week(hub)
    if how != "first":
        write(hub, out)
    come(hub, "call.ended", "c2", ago(hours=1), call="c2", party=PHONE, cause="no_answer")
    place: Any = exported if dies_at == "_save" else Folder
    real, calls = getattr(place, dies_at), count(1)

    def dies(*given: Any, **named: Any) -> Any:
        if next(calls) == time:
            raise KeyboardInterrupt
        return real(*given, **named)

    with monkeypatch.context() as killed:
        killed.setattr(place, dies_at, dies)
        with pytest.raises(KeyboardInterrupt):
            write(hub, out, anew=how == "anew")
    write(hub, out)
    assert ids(asked(out)) == ids(archived(hub))
    assert not (out / ".writing").exists()


def say_again(hub: Hub, id: str, n: int, **changes: Any) -> None:
    """Another event in the place of this one."""
    ((value,),) = hub.database.rows("SELECT value FROM event WHERE id = %s", [id])
    event = opened(hub.keys, Recorded(Place("touchpoints", 0, 0), value.encode()))
    later = event.recorded + timedelta(seconds=n)
    other = replace(event, id=named("again", id, str(n)), replaces=id, recorded=later, personal={}, subject=None, **changes)
    hub.recorder.record(lambda here: [Outgoing(other)])


def test_what_was_replaced_or_withdrawn_is_not_counted_beside_what_stands(hub: Hub, tmp_path: Path) -> None:
    first, second, _ = (come(hub, "visit.recorded", f"v{n}", ago(hours=n), visit=f"v{n}", party=EMAIL) for n in range(3))
    say_again(hub, first, 2, data={"visit": "best"})
    say_again(hub, first, 1, data={"visit": "better"})
    say_again(hub, second, 1, type="event.withdrawn", version=1, data={})
    shown(hub)
    write(hub, tmp_path / "out")
    stands = asked(tmp_path / "out", "SELECT data->>'visit' AS visit FROM events ORDER BY time DESC")
    assert [row["visit"] for row in stands] == ["best", "v2"]
    assert len(asked(tmp_path / "out")) == 6


def test_who_is_whose_customer_is_that_of_the_hub(hub: Hub, tmp_path: Path) -> None:
    a_week(hub)
    write(hub, tmp_path / "out")
    found = {row["party"]: row["customer"] for row in asked(tmp_path / "out", "FROM customers")}
    with hub.database.transaction() as tx:
        assert found == dict(customers.everybody(tx))
    (sara,), (reza,) = of(hub, "sara@example.com"), of(hub, "reza@example.com")
    assert found == dict.fromkeys(sara, sara[0]) | dict.fromkeys(reza, reza[0])


def test_who_was_forgotten_is_gone_from_the_next_export(hub: Hub, tmp_path: Path) -> None:
    a_week(hub)
    write(hub, tmp_path / "out", personal=True)
    assert "counter" in json.dumps(asked(tmp_path / "out"))
    (reza,) = of(hub, "reza@example.com")
    forget(hub.recorder, list(reza), NOW)
    shown(hub)
    assert write(hub, tmp_path / "out", personal=True).anew == "somebody was forgotten"
    rows = json.dumps(asked(tmp_path / "out"))
    assert [word in rows for word in ("counter", "reza", "sara")] == [False, False, True]


@pytest.mark.parametrize(("first", "then"), [(True, False), (False, True)])
def test_the_personal_part_comes_and_goes_with_the_word(hub: Hub, tmp_path: Path, first: bool, then: bool) -> None:
    a_week(hub)
    write(hub, tmp_path / "out", personal=first)
    assert "the personal part" in (write(hub, tmp_path / "out", personal=then).anew or "")
    assert any(row["personal"] for row in asked(tmp_path / "out")) == then
    assert ids(asked(tmp_path / "out")) == ids(archived(hub))


def test_what_would_be_told_in_old_words_or_not_at_all_is_written_again(hub: Hub, tmp_path: Path) -> None:
    a_week(hub)
    out = tmp_path / "out"
    write(hub, out)
    for change, why in (
        ({"versions": {}}, "newer versions"), ({"dead": ["orders/0/7"]}, "dead letters"),
        ({"reached": {"touchpoints/0": [1, named("nobody")]}}, "a backup was restored"),
    ):
        marker = orjson.loads((out / MARKER).read_bytes())
        (out / MARKER).write_bytes(orjson.dumps(marker | change))
        assert why in (write(hub, out).anew or "")
        assert ids(asked(out)) == ids(archived(hub))


def test_a_dead_letter_is_no_event_until_it_was_seen_to(hub: Hub, tmp_path: Path) -> None:
    a_week(hub)
    out = tmp_path / "out"
    bad = poison(hub, 1)
    shown(hub)
    assert write(hub, out).anew is None
    assert ids(asked(out)) == sorted(set(ids(archived(hub))) - {bad})
    come(hub, "call.ended", "c2", ago(hours=1), call="c2", party=PHONE, cause="no_answer")
    assert write(hub, out)[:3] == (1, 1, None)
    with hub.database.transaction() as tx:
        archive.revive(tx, [])
    assert write(hub, out).anew == "dead letters have been seen to"
    assert ids(asked(out)) == ids(archived(hub))


def test_nothing_is_written_into_what_is_no_export_of_this_hub(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/dear.txt").write_text("mine")
    with pytest.raises(NotOurs, match="letters"):
        write(hub, tmp_path / "letters")
    (tmp_path / "letters" / MARKER).write_text('{"exported": "by somebody else"}')
    with pytest.raises(NotOurs, match="letters"):
        write(hub, tmp_path / "letters")
    assert files(tmp_path / "letters") == ["dear.txt", MARKER]
    a_week(hub)
    write(hub, tmp_path / "out")
    marker = orjson.loads((tmp_path / "out" / MARKER).read_bytes())
    (tmp_path / "out" / MARKER).write_bytes(orjson.dumps(marker | {"installation": "another"}))
    before = files(tmp_path / "out")
    with pytest.raises(OtherHub):
        write(hub, tmp_path / "out", anew=True)
    assert files(tmp_path / "out") == before


def test_two_exports_do_not_write_into_one_folder(hub: Hub, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(hub, out)
    descriptor = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(ExportRuns, match=str(out)):
            write(hub, out)
    finally:
        os.close(descriptor)
    assert write(hub, out).events == 0


def test_events_larger_than_duckdb_expects_and_more_than_a_block_are_exported(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_BLOCK", 2)
    a_week(hub)
    long = "\u2603 it's \"long\"\n" * 1_200_000
    come(hub, "message.received", "m", ago(hours=1), message="m", channel="chat", party=EMAIL, text=long)
    write(hub, tmp_path / "it's here", personal=True)
    (row,) = asked(tmp_path / "it's here", "SELECT personal->>'text' AS text FROM events WHERE data->>'message' = 'm'")
    assert row == {"text": long}
    assert ids(asked(tmp_path / "it's here", "SELECT id FROM all_events")) == ids(archived(hub))


@pytest.mark.parametrize("sign", "*?[")
def test_a_folder_that_duckdb_would_take_for_a_pattern_is_refused(hub: Hub, tmp_path: Path, sign: str) -> None:
    with pytest.raises(OddPath, match="stand for other signs"):
        write(hub, tmp_path / f"out{sign}1]")
    assert not (tmp_path / f"out{sign}1]").exists()


def test_a_disk_that_is_full_is_named_by_its_folder(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_week(hub)
    full = OSError(errno.ENOSPC, "No space left on device")
    for place, name, error in ((Path, "write_bytes", full), (Folder, "_sorted", duckdb.IOException("no room"))):
        with monkeypatch.context() as disk:
            disk.setattr(place, name, raising(error))
            with pytest.raises(OSError, match=r"no room|No space") as told:
                write(hub, tmp_path / name)
        assert told.value.filename == str(tmp_path / name)


def raising(error: Exception) -> Callable[..., Any]:
    def fails(*given: object) -> None:
        raise error

    return fails


def test_an_export_that_was_spoilt_says_so_and_how_it_is_mended(hub: Hub, tmp_path: Path) -> None:
    a_week(hub)
    write(hub, tmp_path / "out")
    next((tmp_path / "out").rglob("1-0.parquet")).write_bytes(b"PAR")
    with pytest.raises(NoExport, match=r"cannot be read: .*hub export --anew"):
        asked(tmp_path / "out")
    write(hub, tmp_path / "out", anew=True)
    assert ids(asked(tmp_path / "out")) == ids(archived(hub))


def test_where_no_export_is_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoExport, match=str(tmp_path)), exported.opened(tmp_path):
        pass
