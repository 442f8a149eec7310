"""What an operator may set. The environment is read here alone, once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

from phonenumbers import SUPPORTED_REGIONS

T = TypeVar("T")


class WrongSetting(Exception):
    """A setting has a value that cannot be meant. Names the variable and says why; never shows a secret."""

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"{name}: {why}")


@dataclass(frozen=True, slots=True)
class Settings:
    """`smtp_port` 0: no SMTP. `database_url` None: the hub's own PostgreSQL; `keys_url` None: `<database>_keys` beside
    the database; `kafka` None: the embedded log; `order_pattern` None: the built-in one. `blobs_url` is a folder or
    s3://bucket/prefix.
    """

    home: Path
    port: int = 8400
    smtp_port: int = 0
    imap_urls: tuple[str, ...] = field(default=(), repr=False)
    region: str = "IR"
    database_url: str | None = field(default=None, repr=False)
    keys_url: str | None = field(default=None, repr=False)
    kafka: str | None = None
    shopify_secret: str | None = field(default=None, repr=False)
    order_pattern: str | None = None
    blobs_url: str = ""

    @classmethod
    def read(cls, environ: Mapping[str, str], home: Path | None = None, port: int | None = None) -> Self:
        """`home` and `port` from the command line win. An empty variable is an unset one. Raises WrongSetting."""

        def of(name: str, convert: Callable[[str, str], T], default: T) -> T:
            text = environ.get(name, "").strip()
            return convert(name, text) if text else default

        where = home.absolute() if home else of("HUB_HOME", _folder, None) or _default_home(environ)
        return cls(
            home=where,
            port=of("HUB_PORT", _port, 8400) if port is None else _port("--port", str(port)),
            smtp_port=of("HUB_SMTP_PORT", _port, 0),
            imap_urls=of("HUB_IMAP_URLS", _imap_urls, ()),
            region=of("HUB_REGION", _region, "IR"),
            database_url=of("HUB_DATABASE_URL", _postgres_url, None),
            keys_url=of("HUB_KEYS_URL", _postgres_url, None),
            kafka=of("HUB_KAFKA", _brokers, None),
            shopify_secret=of("HUB_SHOPIFY_SECRET", _as_it_is, None),
            order_pattern=of("HUB_ORDER_PATTERN", _pattern, None),
            blobs_url=of("HUB_BLOBS", _blobs, str(where / "blobs")),
        )


def _default_home(environ: Mapping[str, str]) -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/hub")
    if not environ.get("HOME"):
        raise WrongSetting("HUB_HOME", "is not set, and there is no HOME to find a place in")
    return Path(environ["HOME"]) / ".local/share/hub"


def _as_it_is(name: str, text: str) -> str:
    return text


def _folder(name: str, text: str) -> Path:
    return Path(text).expanduser().absolute()


def _port(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise WrongSetting(name, f"must be a number from 0 to 65535, not {text!r}")
    return int(text)


def _region(name: str, text: str) -> str:
    if text.upper() not in SUPPORTED_REGIONS:
        raise WrongSetting(name, f"must be a country of two letters, such as IR or DE, not {text!r}")
    return text.upper()


def _postgres_url(name: str, text: str) -> str:
    """Also taken in SQLAlchemy's spelling, `postgresql+psycopg://`."""
    scheme, _, rest = text.partition("://")
    if scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise WrongSetting(name, "must begin with postgresql://")
    url = f"postgresql://{rest}"
    try:
        parts = urlsplit(url)
        named = parts.path.strip("/")
        _ = parts.port
    except ValueError as error:
        raise WrongSetting(name, "is not a URL: check the port, and write special characters as %xx") from error
    if not named:
        raise WrongSetting(name, "must name a database: postgresql://user:password@host:port/database")
    return url


def _imap_urls(name: str, text: str) -> tuple[str, ...]:
    """Separated by spaces or commas."""
    urls = tuple(filter(None, re.split(r"[\s,]+", text)))
    for number, url in enumerate(urls, 1):
        if not _is_mailbox(url):
            why = f"URL number {number} must be imaps://user:password@host/folder (special characters as %xx)"
            raise WrongSetting(name, why)
    return urls


def _is_mailbox(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("imap", "imaps") and bool(parts.hostname and parts.username) and parts.port != 0
    except ValueError:
        return False


def _brokers(name: str, text: str) -> str:
    for broker in text.split(","):
        if not re.fullmatch(r"\s*(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}\s*", broker):
            raise WrongSetting(name, f"must be host:port, several separated by commas, not {broker!r}")
    return ",".join(broker.strip() for broker in text.split(","))


def _pattern(name: str, text: str) -> str:
    """A regular expression; the order number is its first group, or all of it where it has none."""
    try:
        re.compile(text)
    except re.error as error:
        raise WrongSetting(name, f"is not a regular expression: {error}") from error
    return text


def _blobs(name: str, text: str) -> str:
    if text.startswith("s3://"):
        if not urlsplit(text).netloc:
            raise WrongSetting(name, "must name a bucket: s3://bucket/prefix")
        return text
    if "://" in text:
        raise WrongSetting(name, "must be a folder or s3://bucket/prefix")
    return str(_folder(name, text))
