"""Hostile mails through `hub ingest email`: shown or rejected with a reason, kept byte for byte, memory stays small."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.hostile import mails, rig
from tests.hostile.mails import MEGABYTE


def timeline(home: Path, who: str = "sara@example.com") -> dict[str, dict[str, Any]]:
    items = rig.well(rig.hub(home, "timeline", who, "--limit", "1000", "--json")).json["items"]
    return {item["title"]: item for item in items}


def assert_small(ran: rig.Ran, idle: rig.Ran, capsys: Any, what: str) -> None:
    with capsys.disabled():
        print(
            f"\n{what}: {ran.seconds:.1f} s, memory {ran.peak // MEGABYTE} MB, idle {idle.peak // MEGABYTE} MB;"
            f" the database's own {ran.server // MEGABYTE} MB, idle {idle.server // MEGABYTE} MB"
        )
    assert idle.peak > 0
    assert ran.peak - idle.peak < rig.ROOM
    assert ran.server - idle.server < rig.ROOM


def test_hostile_mails_are_shown_or_rejected_in_little_memory_and_the_next_good_one_passes(
    home: Path, box: Path, capsys: Any
) -> None:
    (box / "small.eml").write_bytes(mails.plain("small", b"hello"))
    idle = rig.well(rig.hub(home, "ingest", "email", box / "small.eml", "--json"))
    (box / "small.eml").unlink()
    all_of_them = mails.all_of_them()
    for name, content in all_of_them.items():
        (box / f"{name}.eml").write_bytes(content)
    (box / "no-mail.eml").write_bytes(b"\x00\x01 there is no header here\r\n\r\n")
    (box / "empty.eml").write_bytes(b"")
    number = len(all_of_them)
    ran = rig.well(rig.hub(home, "ingest", "email", box, "--json"))
    assert ran.json == rig.counts(number + 2, number, rejected=2)
    assert "Traceback" not in ran.err
    assert_small(ran, idle, capsys, "10,000 levels, a bomb, truncated, NUL and the others at once")

    shown = timeline(home)
    assert {"unknown charset", "wrong charset", "said utf16", "surrogates", "nested", "scripts", "headers"} <= set(
        shown
    )
    assert shown["truncated"]["text"].strip() == "See the file."
    assert [one["name"] for one in shown["truncated"]["attachments"]] == ["bill.pdf"]
    assert "cut" in shown, "a mail that ends within its header is shown with what is there"
    assert shown["with nul"]["text"].strip() == "abc"
    assert "alert" not in str(shown["scripts"]["text"])
    now = datetime.now(UTC)
    for title in ("of 2099", "of 1970", "of no day"):
        assert abs(datetime.fromisoformat(shown[title]["time"]) - now) < timedelta(hours=1), title
    packed = mails.bomb()
    (attached,) = shown["bomb"]["attachments"]
    assert (attached["name"], attached["size"], attached["sha256"]) == (
        "bomb.zip",
        len(packed),
        hashlib.sha256(packed).hexdigest(),
    )

    rejected = rig.well(rig.hub(home, "rejected", "list", "--json")).json["items"]
    assert {one["why"] for one in rejected} == {"an empty mail", "not a mail: no header where it should begin"}
    assert all(one["at"] for one in rejected)

    (box / "good.eml").write_bytes(mails.plain("good", b"all is well"))
    assert rig.ingest(home, "email", box / "good.eml") == rig.counts(1, 1)
    assert timeline(home)["good"]["text"].strip() == "all is well"
    assert rig.hub(home, "ledger", "--json").json["balanced"]


def test_25_mb_are_shown_and_100_mb_kept_in_little_memory(home: Path, box: Path, capsys: Any) -> None:
    (box / "small.eml").write_bytes(mails.plain("small", b"hello"))
    idle = rig.well(rig.hub(home, "ingest", "email", box / "small.eml", "--json"))

    mails.write_large(box / "a.eml", 25 * MEGABYTE)
    large = rig.well(rig.hub(home, "ingest", "email", box / "a.eml", "--json"))
    assert large.json == rig.counts(1, 1)
    assert_small(large, idle, capsys, "a mail of 25 MB")
    (attached,) = timeline(home)[f"large {25 * MEGABYTE}"]["attachments"]
    assert (attached["name"], attached["type"]) == ("large.zip", "application/zip")
    assert 18 * MEGABYTE < attached["size"] < 19 * MEGABYTE

    mails.write_large(box / "b.eml", 100 * MEGABYTE)
    larger = rig.well(rig.hub(home, "ingest", "email", box / "b.eml", "--json"))
    assert larger.json == rig.counts(1, 0, rejected=1)
    assert_small(larger, idle, capsys, "a mail of 100 MB")
    (one,) = rig.well(rig.hub(home, "rejected", "list", "--json")).json["items"]
    assert "too large" in one["why"]
    assert one["size"] == (box / "b.eml").stat().st_size

    streamed = rig.well(rig.hub(home, "rejected", "show", one["id"], "--raw", out=box / "b.raw"))
    assert_small(streamed, idle, capsys, "100 MB streamed back")
    assert digest(box / "b.raw") == digest(box / "b.eml")


def test_long_texts_and_many_mails_at_once_take_little_memory(home: Path, box: Path, capsys: Any) -> None:
    (box / "small.eml").write_bytes(mails.plain("small", b"hello"))
    idle = rig.well(rig.hub(home, "ingest", "email", box / "small.eml", "--json"))
    folder = box / "many"
    folder.mkdir()
    (folder / "text.eml").write_bytes(mails.plain("long", "سلام، سفارش من کجاست؟\r\n".encode() * 600_000))
    for n in range(6):
        mails.write_large(folder / f"{n}.eml", (20 + n) * MEGABYTE)
    ran = rig.well(rig.hub(home, "ingest", "email", folder, "--json"))
    assert ran.json == rig.counts(7, 7)
    assert_small(ran, idle, capsys, "160 MB of mails at once")
    assert timeline(home)["long"]["attachments"][0]["size"] == len("سلام، سفارش من کجاست؟\r\n".encode() * 600_000)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
