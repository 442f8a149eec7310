"""Settings are read once; a wrong one is named, with the reason and without the secret."""

from __future__ import annotations

import os
import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from hub.settings import NAMES, KafkaAccess, Settings, WrongSetting, strange

README = Path(__file__).parents[1] / "README.md"


def test_nothing_set_gives_the_defaults() -> None:
    settings = Settings.read({"HOME": "/home/sara"})
    assert settings.home == Path("/var/lib/hub" if os.geteuid() == 0 else "/home/sara/.local/share/hub")
    assert (settings.port, settings.smtp_port, settings.imap_urls, settings.region) == (8400, None, (), "IR")
    assert settings.database_url is settings.keys_url is settings.kafka is settings.order_pattern is None
    assert (settings.lmtp_port, settings.smtp_url) == (0, None)
    assert settings.blobs_url == str(settings.home / "blobs")


def test_an_empty_variable_is_an_unset_one() -> None:
    assert Settings.read({"HOME": "/h", "HUB_PORT": "", "HUB_REGION": " "}) == Settings.read({"HOME": "/h"})


def test_smtp_that_is_switched_off_is_not_smtp_that_nobody_chose() -> None:
    assert Settings.read({"HOME": "/h", "HUB_SMTP_PORT": "0"}).smtp_port == 0
    assert Settings.read({"HOME": "/h", "HUB_SMTP_PORT": ""}).smtp_port is None


def test_the_command_line_wins() -> None:
    settings = Settings.read({"HUB_HOME": "/a", "HUB_PORT": "1"}, home=Path("/b"), port=0)
    assert (settings.home, settings.port, settings.blobs_url) == (Path("/b"), 0, "/b/blobs")


def test_everything_that_is_set_is_read() -> None:
    settings = Settings.read(
        {
            "HUB_HOME": "/srv/hub",
            "HUB_PORT": "80",
            "HUB_SMTP_PORT": "2525",
            "HUB_LMTP_PORT": "2424",
            "HUB_SMTP_URL": "smtps://u:p@mail.example.com?from=shop@example.com",
            "HUB_IMAP_URLS": "imaps://a:b@mail.example.com/INBOX, imap://c:d@localhost:1143",
            "HUB_REGION": "de",
            "HUB_TIMEZONE": "Europe/Berlin",
            "HUB_DATABASE_URL": "postgresql+psycopg://u:p@db:5433/hub",
            "HUB_KEYS_URL": "postgres://u:p@db/keys",
            "HUB_KAFKA": "a:9092, b:9092",
            "HUB_SHOPIFY_SECRET": "hush",
            "HUB_ORDER_PATTERN": r"#(\d+)",
            "HUB_BLOBS": "s3://bucket/hub",
            "HUB_PROXIES": "10.0.0.0/8, 192.168.1.7",
        }
    )
    assert settings == Settings(
        home=Path("/srv/hub"),
        port=80,
        smtp_port=2525,
        lmtp_port=2424,
        smtp_url="smtps://u:p@mail.example.com?from=shop@example.com",
        imap_urls=("imaps://a:b@mail.example.com/INBOX", "imap://c:d@localhost:1143"),
        region="DE",
        timezone="Europe/Berlin",
        database_url="postgresql://u:p@db:5433/hub",
        keys_url="postgresql://u:p@db/keys",
        kafka="a:9092,b:9092",
        shopify_secret="hush",
        order_pattern=r"#(\d+)",
        blobs_url="s3://bucket/hub",
        proxies=("10.0.0.0/8", "192.168.1.7"),
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
        ("HUB_TIMEZONE", "+03:30"),
        ("HUB_TIMEZONE", "../etc/passwd"),
        ("HUB_DATABASE_URL", "mysql://u:hush@db/hub"),
        ("HUB_DATABASE_URL", "postgresql://u:hush@db:port/hub"),
        ("HUB_DATABASE_URL", "postgresql://u:hush@db"),
        ("HUB_KEYS_URL", "/var/keys"),
        ("HUB_KAFKA", "broker"),
        ("HUB_KAFKA", "broker:65536"),
        ("HUB_KAFKA", "broker:0"),
        ("HUB_IMAP_URLS", "imaps://a:hush@mail.example.com a:hush@mail.example.com"),
        ("HUB_IMAP_URLS", "imaps://[a:hush"),
        ("HUB_SMTP_URL", "smtp://u:hush@mail.example.com"),
        ("HUB_SMTP_URL", "http://u:hush@mail.example.com?from=a@example.com"),
        ("HUB_SMTP_URL", "smtp://[u:hush?from=a@example.com"),
        ("HUB_LMTP_PORT", "99999"),
        ("HUB_ORDER_PATTERN", "(#"),
        ("HUB_BLOBS", "gs://bucket"),
        ("HUB_BLOBS", "s3://"),
        ("HUB_PROXIES", "proxy.example.com"),
    ],
)
def test_a_wrong_value_is_named_and_no_secret_shown(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"^{name}: ") as wrong:
        Settings.read({"HOME": "/h", name: value})
    assert wrong.value.name == name
    assert "hush" not in str(wrong.value)


def test_kafka_is_spoken_to_in_the_clear_unless_told_otherwise() -> None:
    assert Settings.read({"HOME": "/h", "HUB_KAFKA": "a:9092"}).kafka_access == KafkaAccess()


def test_all_of_kafka_that_is_set_is_read(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("ca", "cert", "key")}
    for file in files.values():
        file.write_text("-----BEGIN CERTIFICATE-----")
    secured = {
        "HUB_KAFKA_SECURITY": "sasl_ssl",
        "HUB_KAFKA_MECHANISM": "scram-sha-256",
        "HUB_KAFKA_USER": "hub",
        "HUB_KAFKA_PASSWORD": "hush",
        "HUB_KAFKA_PREFIX": "shop.",
        **{f"HUB_KAFKA_{name.upper()}": str(file) for name, file in files.items()},
    }
    settings = Settings.read({"HOME": "/h", **secured})
    assert settings.kafka_access == KafkaAccess(
        "SASL_SSL", "SCRAM-SHA-256", "hub", "hush", files["ca"], files["cert"], files["key"], "shop."
    )
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"HUB_KAFKA_SECURITY": "TLS"}, "HUB_KAFKA_SECURITY"),
        ({"HUB_KAFKA_SECURITY": "SASL_SSL"}, "HUB_KAFKA_USER"),
        ({"HUB_KAFKA_SECURITY": "SASL_SSL", "HUB_KAFKA_USER": "hub"}, "HUB_KAFKA_PASSWORD"),
        ({"HUB_KAFKA_PASSWORD": "hush"}, "HUB_KAFKA_PASSWORD"),
        ({"HUB_KAFKA_SECURITY": "SSL", "HUB_KAFKA_CA": "/there/is/none"}, "HUB_KAFKA_CA"),
        ({"HUB_KAFKA_CA": __file__}, "HUB_KAFKA_CA"),
        ({"HUB_KAFKA_SECURITY": "SSL", "HUB_KAFKA_CERT": __file__}, "HUB_KAFKA_CERT"),
        ({"HUB_KAFKA_MECHANISM": "NTLM"}, "HUB_KAFKA_MECHANISM"),
        ({"HUB_KAFKA_PREFIX": "shop/"}, "HUB_KAFKA_PREFIX"),
    ],
)
def test_what_does_not_go_together_about_kafka_is_named(given: dict[str, str], name: str) -> None:
    with pytest.raises(WrongSetting, match=f"^{name}: ") as wrong:
        Settings.read({"HOME": "/h", **given})
    assert "hush" not in str(wrong.value)


def test_secrets_are_not_printed_with_the_settings() -> None:
    secret = {"HUB_SHOPIFY_SECRET": "hush", "HUB_DATABASE_URL": "postgresql://u:hush@db/hub"}
    assert "hush" not in repr(Settings.read({"HOME": "/h", **secret}))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings.read({"HOME": "/h"}).port = 1  # type: ignore[misc]


def test_the_keys_are_not_laid_beside_what_they_open() -> None:
    same = {"HUB_DATABASE_URL": "postgresql://u:hush@db/hub", "HUB_KEYS_URL": "postgres://v:hush@db:5432/hub"}
    with pytest.raises(WrongSetting, match=r"^HUB_KEYS_URL: names the database") as wrong:
        Settings.read({"HOME": "/h", **same})
    assert "hush" not in str(wrong.value)
    assert Settings.read({"HOME": "/h", **same, "HUB_KEYS_URL": "postgres://v:hush@elsewhere/hub"}).keys_url


def test_a_mistyped_setting_is_noticed() -> None:
    assert strange({"HUB_TIMEZON": "UTC", "HUB_HOME": "/h", "HOME": "/h"}) == {"HUB_TIMEZON": "HUB_TIMEZONE"}
    assert strange({"HUB_XYZ": "1"}) == {"HUB_XYZ": None}


def test_every_setting_that_is_read_is_known_and_told_of() -> None:
    read: set[str] = set()

    class Asked(dict[str, str]):
        def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
            read.add(name)
            return "/h" if name == "HOME" else default

    Settings.read(Asked())
    table = re.findall(r"^\| `(HUB_\w+)`", README.read_text(), re.MULTILINE)
    assert {name for name in read if name.startswith("HUB_")} == set(NAMES) == set(table)
