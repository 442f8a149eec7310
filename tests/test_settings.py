"""Settings are read once; a wrong one is named, with the reason and without the secret."""

from __future__ import annotations

import os
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from hub.settings import Settings, WrongSetting


def test_nothing_set_gives_the_defaults() -> None:
    settings = Settings.read({"HOME": "/home/sara"})
    assert settings.home == Path("/var/lib/hub" if os.geteuid() == 0 else "/home/sara/.local/share/hub")
    assert (settings.port, settings.smtp_port, settings.imap_urls, settings.region) == (8400, 0, (), "IR")
    assert settings.database_url is settings.keys_url is settings.kafka is settings.order_pattern is None
    assert settings.blobs_url == str(settings.home / "blobs")


def test_an_empty_variable_is_an_unset_one() -> None:
    assert Settings.read({"HOME": "/h", "HUB_PORT": "", "HUB_REGION": " "}) == Settings.read({"HOME": "/h"})


def test_the_command_line_wins() -> None:
    settings = Settings.read({"HUB_HOME": "/a", "HUB_PORT": "1"}, home=Path("/b"), port=0)
    assert (settings.home, settings.port, settings.blobs_url) == (Path("/b"), 0, "/b/blobs")


def test_everything_that_is_set_is_read() -> None:
    settings = Settings.read(
        {
            "HUB_HOME": "/srv/hub",
            "HUB_PORT": "80",
            "HUB_SMTP_PORT": "2525",
            "HUB_IMAP_URLS": "imaps://a:b@mail.example.com/INBOX, imap://c:d@localhost:1143",
            "HUB_REGION": "de",
            "HUB_DATABASE_URL": "postgresql+psycopg://u:p@db:5433/hub",
            "HUB_KEYS_URL": "postgres://u:p@db/keys",
            "HUB_KAFKA": "a:9092, b:9092",
            "HUB_SHOPIFY_SECRET": "hush",
            "HUB_ORDER_PATTERN": r"#(\d+)",
            "HUB_BLOBS": "s3://bucket/hub",
        }
    )
    assert settings == Settings(
        home=Path("/srv/hub"),
        port=80,
        smtp_port=2525,
        imap_urls=("imaps://a:b@mail.example.com/INBOX", "imap://c:d@localhost:1143"),
        region="DE",
        database_url="postgresql://u:p@db:5433/hub",
        keys_url="postgresql://u:p@db/keys",
        kafka="a:9092,b:9092",
        shopify_secret="hush",
        order_pattern=r"#(\d+)",
        blobs_url="s3://bucket/hub",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_PORT", "eighty"),
        ("HUB_PORT", "65536"),
        ("HUB_PORT", "-1"),
        ("HUB_PORT", "۸۰"),
        ("HUB_SMTP_PORT", "25/tcp"),
        ("HUB_REGION", "Iran"),
        ("HUB_DATABASE_URL", "mysql://u:hush@db/hub"),
        ("HUB_DATABASE_URL", "postgresql://u:hush@db:port/hub"),
        ("HUB_DATABASE_URL", "postgresql://u:hush@db"),
        ("HUB_KEYS_URL", "/var/keys"),
        ("HUB_KAFKA", "broker"),
        ("HUB_IMAP_URLS", "imaps://a:hush@mail.example.com a:hush@mail.example.com"),
        ("HUB_IMAP_URLS", "imaps://[a:hush"),
        ("HUB_ORDER_PATTERN", "(#"),
        ("HUB_BLOBS", "gs://bucket"),
        ("HUB_BLOBS", "s3://"),
    ],
)
def test_a_wrong_value_is_named_and_no_secret_shown(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"^{name}: ") as wrong:
        Settings.read({"HOME": "/h", name: value})
    assert wrong.value.name == name
    assert "hush" not in str(wrong.value)


def test_secrets_are_not_printed_with_the_settings() -> None:
    secret = {"HUB_SHOPIFY_SECRET": "hush", "HUB_DATABASE_URL": "postgresql://u:hush@db/hub"}
    assert "hush" not in repr(Settings.read({"HOME": "/h", **secret}))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings.read({"HOME": "/h"}).port = 1  # type: ignore[misc]
