"""How files are cut into mails."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.channels.email import channel, maildir
from hub.channels.email.files import split
from hub.consumers.ingest import pieces

FIRST = b"From: a@example.com\nSubject: one\n\nFrom here on, no separator.\n>From quoted\n"
SECOND = b"From: b@example.com\nSubject: two\n\nFrom my desk\n\nFrom now on I write at 10 daily\n"
LINE = b"From a@example.com Sun Mar  1 10:00:00 2026\n"


def bodies(path: Path) -> list[bytes | None]:
    return [piece.body for piece in split(path)]


def test_an_eml_is_left_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "one.eml"
    path.write_bytes(FIRST)
    (piece,) = split(path)
    assert (piece.body, piece.path) == (None, path)


def test_an_mbox_is_cut_at_its_separators_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "box.mbox"
    path.write_bytes(LINE + FIRST + b"\n" + LINE + SECOND + b"\n")
    assert bodies(path) == [FIRST.replace(b">From quoted", b"From quoted"), SECOND]


def test_an_mbox_with_windows_line_ends_is_cut_too(tmp_path: Path) -> None:
    path = tmp_path / "box.mbox"
    path.write_bytes((LINE + FIRST + b"\n" + LINE + SECOND + b"\n").replace(b"\n", b"\r\n"))
    assert bodies(path)[1] == SECOND.replace(b"\n", b"\r\n")


def test_an_mbox_whose_lines_end_with_cr_alone_is_cut_too(tmp_path: Path) -> None:
    path = tmp_path / "box.mbox"
    path.write_bytes((LINE + FIRST + b"\n" + LINE + SECOND + b"\n").replace(b"\n", b"\r"))
    assert bodies(path) == [FIRST.replace(b">From quoted", b"From quoted"), SECOND]


@pytest.mark.parametrize("line", [LINE, b"From a@example.com 2026-03-01 10:00:00\n"])
def test_where_a_header_follows_an_mbox_is_cut_without_an_empty_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "box.mbox"
    path.write_bytes(line + SECOND + line + SECOND)
    assert bodies(path) == [SECOND, SECOND]
    path.write_bytes(LINE + SECOND + line + b"was when we met.\n")
    assert len(bodies(path)) == 1


def test_thunderbird_says_nothing_behind_from(tmp_path: Path) -> None:
    path = tmp_path / "Inbox"
    talk = b"From: c@example.com\nSubject: three\n\nI come\n\nFrom \nTehran\n"
    path.write_bytes(b"From \n" + FIRST + b"\nFrom \n" + talk + b"\nFrom - \nX-Mozilla-Status: 0001\n" + SECOND)
    assert bodies(path) == [FIRST.replace(b">From quoted", b"From quoted"), talk, b"X-Mozilla-Status: 0001\n" + SECOND]


def test_a_file_of_another_name_is_one_mail_unless_it_begins_as_an_mbox(tmp_path: Path) -> None:
    for name, count in (("mail.txt", 1), ("one.eml", 1)):
        (tmp_path / name).write_bytes(SECOND + b"\n" + LINE + FIRST)
        assert len(bodies(tmp_path / name)) == count
    (tmp_path / "two.eml").write_bytes(LINE + FIRST + b"\n" + LINE + SECOND)
    assert bodies(tmp_path / "two.eml") == [None]


def test_what_apple_mail_exports_is_an_mbox(tmp_path: Path) -> None:
    folder = tmp_path / "Orders.mbox"
    folder.mkdir()
    (folder / "mbox").write_bytes(LINE + FIRST + b"\n" + LINE + SECOND)
    (folder / "table_of_contents").write_bytes(b"x")
    assert [len(list(pieces(channel, [path]))) for path in (folder, tmp_path)] == [2, 2]


def test_what_precedes_the_first_separator_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "box.mbox"
    path.write_bytes(SECOND + b"\n" + LINE + FIRST)
    assert len(bodies(path)) == 2


def test_an_empty_mbox_has_no_mails(tmp_path: Path) -> None:
    path = tmp_path / "box.mbox"
    path.write_bytes(b"")
    assert bodies(path) == []


def test_the_end_of_a_very_long_line_is_not_an_empty_line(tmp_path: Path) -> None:
    path = tmp_path / "box.mbox"
    path.write_bytes(LINE + b"Subject: long\n\n" + b"x" * (64 * 1024) + b"\n" + LINE + b"\n" + LINE + FIRST)
    assert len(bodies(path)) == 2


def test_a_maildir_offers_what_was_delivered_whatever_it_is_called(tmp_path: Path) -> None:
    for folder, name in (("cur", "1.a:2,S"), ("new", "2.b"), ("tmp", "3.c")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(FIRST)
    assert [piece.path and piece.path.name for piece in maildir(tmp_path)] == ["1.a:2,S", "2.b"]
    assert len(list(split(tmp_path))) == 2


def test_folders_that_lead_back_to_themselves_are_read_once(tmp_path: Path) -> None:
    inner = tmp_path / "2026" / "march"
    inner.mkdir(parents=True)
    (inner / "one.eml").write_bytes(FIRST)
    (inner / "all").symlink_to(tmp_path)
    (tmp_path / "latest").symlink_to(inner)
    found = [piece.path and str(piece.path.relative_to(tmp_path)) for piece in pieces(channel, [tmp_path])]
    assert found == ["2026/march/one.eml", "latest/one.eml"]


def test_the_channel_looks_at_mails_and_mailboxes() -> None:
    assert channel.suffixes == (".eml", ".mbox")
    assert channel.split is split
