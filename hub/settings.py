"""What an operator may set. The environment is read here alone, once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS

T = TypeVar("T")
NAMES = (
    "HUB_HOME", "HUB_PORT", "HUB_HOSTS", "HUB_PROXIES", "HUB_REGION", "HUB_TIMEZONE", "HUB_ORDER_PATTERN",
    "HUB_SHOPIFY_SECRET", "HUB_DATABASE_URL", "HUB_KEYS_URL", "HUB_BLOBS", "HUB_SMTP_PORT", "HUB_LMTP_PORT",
    "HUB_IMAP_URLS", "HUB_SMTP_URL", "HUB_DEMO_PEOPLE", "HUB_KAFKA", "HUB_KAFKA_PREFIX", "HUB_KAFKA_SECURITY",
    "HUB_KAFKA_MECHANISM", "HUB_KAFKA_USER", "HUB_KAFKA_PASSWORD", "HUB_KAFKA_CA", "HUB_KAFKA_CERT", "HUB_KAFKA_KEY",
)  # fmt: skip


class WrongSetting(Exception):
    """A setting has a value that cannot be meant. Names the variable and says why; never shows a secret."""

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"{name}: {why}")


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """How the brokers of `kafka` are spoken to. `security`: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL. `ca`, `cert`,
    `key`: files in PEM; without `ca` the system's authorities count, with `cert` and `key` the hub shows who it is.
    `prefix`: what the names of the hub's topics begin with on a cluster that others use too.
    """

    security: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """`smtp_port`, `lmtp_port` 0: not listened on; `smtp_port` None: only in a demo. `smtp_url`: a way out for answers
    beside those of the mailboxes. `database_url` None: the hub's own PostgreSQL; `keys_url` None: `<database>_keys` beside
    the database; `kafka` None: the embedded log; `timezone`: of pages, None: the country's; of times without offset in CSV
    files, None: UTC; `order_pattern` None: the built-in one. `blobs_url` is a folder or s3://bucket/prefix. `hosts`: the
    names under which browsers may sign in, besides this machine's own. `demo_people`: how many customers of the demo have
    no story of their own.
    """

    home: Path
    port: int = 8400
    smtp_port: int | None = None
    lmtp_port: int = 0
    imap_urls: tuple[str, ...] = field(default=(), repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    region: str = "IR"
    timezone: str | None = None
    database_url: str | None = field(default=None, repr=False)
    keys_url: str | None = field(default=None, repr=False)
    kafka: str | None = None
    kafka_access: KafkaAccess = KafkaAccess()
    shopify_secret: str | None = field(default=None, repr=False)
    order_pattern: str | None = None
    blobs_url: str = ""
    hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    demo_people: int = 168

    @classmethod
    def read(cls, environ: Mapping[str, str], home: Path | None = None, port: int | None = None) -> Self:
        """`home` and `port` from the command line win. An empty variable is an unset one. Raises WrongSetting."""

        def of(name: str, convert: Callable[[str, str], T], default: T) -> T:
            text = environ.get(name, "").strip()
            return convert(name, text) if text else default

        where = home.absolute() if home else of("HUB_HOME", _folder, None) or _default_home(environ)
        read = cls(
            home=where,
            port=of("HUB_PORT", _port, 8400) if port is None else _port("--port", str(port)),
            smtp_port=of("HUB_SMTP_PORT", _port, None),
            lmtp_port=of("HUB_LMTP_PORT", _port, 0),
            imap_urls=of("HUB_IMAP_URLS", _imap_urls, ()),
            smtp_url=of("HUB_SMTP_URL", _smtp_url, None),
            region=of("HUB_REGION", _region, "IR"),
            timezone=of("HUB_TIMEZONE", _timezone, None),
            database_url=of("HUB_DATABASE_URL", _postgres_url, None),
            keys_url=of("HUB_KEYS_URL", _postgres_url, None),
            kafka=of("HUB_KAFKA", _brokers, None),
            kafka_access=_kafka_access(of),
            shopify_secret=of("HUB_SHOPIFY_SECRET", _as_it_is, None),
            order_pattern=of("HUB_ORDER_PATTERN", _pattern, None),
            blobs_url=of("HUB_BLOBS", _blobs, str(where / "blobs")),
            hosts=of("HUB_HOSTS", _hosts, ()),
            proxies=of("HUB_PROXIES", _proxies, ("127.0.0.1", "::1")),
            demo_people=of("HUB_DEMO_PEOPLE", _people, 168),
        )
        if read.keys_url is not None and _place(read.keys_url) == _place(read.database_url):
            raise WrongSetting("HUB_KEYS_URL", "names the database of HUB_DATABASE_URL: the keys need one of their own")
        return read


def strange(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Variables that look like settings and are none, and the setting that may be meant by each."""
    names = [name for name in environ if name.startswith("HUB_") and name not in NAMES]
    return {name: next(iter(get_close_matches(name, NAMES, 1)), None) for name in sorted(names)}


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


def _timezone(name: str, text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise WrongSetting(name, f"must be a time zone's name, such as Asia/Tehran or UTC, not {text!r}") from error
    return text


def _people(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 12 <= int(text) <= 168):
        raise WrongSetting(name, f"must be a number from 12 to 168, not {text!r}")
    return int(text)


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


def _place(url: str | None) -> tuple[str | None, int, str, str] | None:
    """Which database that is, whoever asks for it."""
    if url is None:
        return None
    parts = urlsplit(url)
    return parts.hostname, parts.port or 5432, parts.path.strip("/"), parts.query


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
        known = parts.scheme in ("imap", "imap+starttls", "imaps")
        return known and bool(parts.hostname and parts.username) and parts.port != 0
    except ValueError:
        return False


def _smtp_url(name: str, text: str) -> str:
    try:
        parts = urlsplit(text)
        address = dict(parse_qsl(parts.query)).get("from") or unquote(parts.username or "")
        known = parts.scheme in ("smtp", "smtp+starttls", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known, address = False, ""
    if not (known and "@" in address):
        raise WrongSetting(name, "must be smtps://user:password@host:port?from=address (special characters as %xx)")
    return text


def _proxies(name: str, text: str) -> tuple[str, ...]:
    """Separated by spaces or commas: addresses and networks."""
    found = tuple(filter(None, re.split(r"[\s,]+", text)))
    for one in found:
        try:
            ip_network(one)
        except ValueError as error:
            raise WrongSetting(name, f"must be addresses or networks such as 10.0.0.0/8, not {one!r}") from error
    return found


def _hosts(name: str, text: str) -> tuple[str, ...]:
    """Separated by spaces or commas, without scheme and port."""
    hosts = tuple(host.lower() for host in re.split(r"[\s,]+", text) if host)
    for host in hosts:
        if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*", host):
            raise WrongSetting(name, f"must be names such as hub.example.com, without http:// and port, not {host!r}")
    return hosts


def _brokers(name: str, text: str) -> str:
    for broker in text.split(","):
        found = re.fullmatch(r"\s*(?:\[[0-9a-fA-F:]+\]|[\w.-]+):([0-9]{1,5})\s*", broker)
        if not (found and 0 < int(found[1]) <= 65_535):
            raise WrongSetting(name, f"must be host:port, several separated by commas, not {broker!r}")
    return ",".join(broker.strip() for broker in text.split(","))


def _kafka_access(of: Callable[..., Any]) -> KafkaAccess:
    """The variables HUB_KAFKA_*, and that they go together."""
    access = KafkaAccess(
        security=of("HUB_KAFKA_SECURITY", _one_of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"), "PLAINTEXT"),
        mechanism=of("HUB_KAFKA_MECHANISM", _one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"), "SCRAM-SHA-512"),
        user=of("HUB_KAFKA_USER", _as_it_is, None),
        password=of("HUB_KAFKA_PASSWORD", _as_it_is, None),
        ca=of("HUB_KAFKA_CA", _pem, None),
        cert=of("HUB_KAFKA_CERT", _pem, None),
        key=of("HUB_KAFKA_KEY", _pem, None),
        prefix=of("HUB_KAFKA_PREFIX", _topic_prefix, ""),
    )
    by_password = access.security.startswith("SASL_")
    for name, value in (("HUB_KAFKA_USER", access.user), ("HUB_KAFKA_PASSWORD", access.password)):
        if by_password and value is None:
            raise WrongSetting(name, f"is not set, and HUB_KAFKA_SECURITY is {access.security}")
        if value is not None and not by_password:
            raise WrongSetting(name, "is set, and HUB_KAFKA_SECURITY is neither SASL_SSL nor SASL_PLAINTEXT")
    for name, file in (("HUB_KAFKA_CA", access.ca), ("HUB_KAFKA_CERT", access.cert), ("HUB_KAFKA_KEY", access.key)):
        if file is not None and not access.security.endswith("SSL"):
            raise WrongSetting(name, "is set, and HUB_KAFKA_SECURITY is neither SSL nor SASL_SSL")
    if (access.cert is None) != (access.key is None):
        raise WrongSetting("HUB_KAFKA_CERT", "and HUB_KAFKA_KEY go together: one of them is not set")
    return access


def _one_of(*choices: str) -> Callable[[str, str], str]:
    def convert(name: str, text: str) -> str:
        if text.upper() not in choices:
            raise WrongSetting(name, f"must be one of {', '.join(choices)}, not {text!r}")
        return text.upper()

    return convert


def _pem(name: str, text: str) -> Path:
    path = _folder(name, text)
    if not path.is_file():
        raise WrongSetting(name, f"must be a file in PEM; there is none at {path}")
    return path


def _topic_prefix(name: str, text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", text):
        raise WrongSetting(name, "must be up to 100 letters, digits, dots, dashes or underscores")
    return text


def _pattern(name: str, text: str) -> str:
    """A regular expression; the order number is its group `number`, else its first group, else all of it."""
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
