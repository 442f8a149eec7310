"""Blobs in S3, as HUB_BLOBS says: the same store over an S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.settings import Settings
from hub.store.blobs import PIECE, Blobs, Damaged, Missing
from tests.store.s3 import S3, serving

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """A server, and what an operator sets for it beside the bucket (the variables of AWS)."""
    with serving() as server:
        for name, value in {
            "AWS_ENDPOINT_URL": server.url, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "hub", "AWS_SECRET_ACCESS_KEY": "secret",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def blobs(s3: S3, tmp_path: Path) -> Blobs:
    return Blobs(Settings.read({"HUB_BLOBS": "s3://shop/kept"}, home=tmp_path).blobs_url)


def test_a_blob_comes_back_as_it_went_in(blobs: Blobs, s3: S3) -> None:
    blobs.put("payload-1/a", KEY, [b"hello ", b"world"])
    assert b"".join(blobs.get("payload-1/a", KEY)) == b"hello world"
    assert list(s3.objects) == ["kept/payload-1/a"]
    assert b"hello" not in s3.objects["kept/payload-1/a"]


def test_a_large_blob_goes_and_comes_in_pieces(blobs: Blobs, s3: S3) -> None:
    blobs.put("payload-1/large", KEY, (bytes([n]) * PIECE for n in range(20)))
    assert "POST uploads" in s3.asked
    read = [(len(piece), piece[:1]) for piece in blobs.get("payload-1/large", KEY)]
    assert read == [(PIECE, bytes([n])) for n in range(20)]


def test_what_is_not_there_is_missing_and_with_another_key_damaged(blobs: Blobs) -> None:
    blobs.put("payload-1/a", KEY, [b"hello"])
    with pytest.raises(Missing):
        blobs.get("payload-1/b", KEY)
    with pytest.raises(Damaged):
        b"".join(blobs.get("payload-1/a", OTHER))


def test_an_owners_blobs_are_listed_and_deleted_together(blobs: Blobs, s3: S3) -> None:
    for path in ("payload-1/a", "payload-1/b", "payload-2/a"):
        blobs.put(path, KEY, [path.encode()])
    assert {path for path, _ in blobs.listed()} == {"payload-1/a", "payload-1/b", "payload-2/a"}
    blobs.delete("payload-1")
    assert list(s3.objects) == ["kept/payload-2/a"]
    assert b"".join(blobs.get("payload-2/a", KEY)) == b"payload-2/a"
