"""A real IMAP server, Debian's Dovecot, on free ports of loopback with a folder of its own. Any user name is known to it."""

from __future__ import annotations

import imaplib
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import reachable_folder

BINARY = shutil.which("dovecot", path="/usr/sbin:/usr/bin") or ""
PASSWORD = "pässwörd%/1"
_number = itertools.count(1)

_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
mail_location = maildir:~/Maildir
first_valid_uid = 1
first_valid_gid = 1
disable_plaintext_auth = no
auth_failure_delay = 0
maildir_very_dirty_syncs = no
mailbox_idle_check_interval = 1 s
ssl = {ssl}
{certificate}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
{more}
"""


class Dovecot:
    """`imap_port` is plain (and STARTTLS with `tls`), `imaps_port` TLS; `authority` is a file with the CA to trust."""

    host = "127.0.0.1"
    password = PASSWORD

    def __init__(self, folder: Path, tls: bool = False, more: str = "") -> None:
        self.folder, self.more, self.tls = folder, more, tls
        self.imap_port, self.imaps_port = free_port(), free_port() if tls else 0
        self.authority = folder / "authority.pem"
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "mail").mkdir(mode=0o755)
        os.chown(folder / "mail", *self._owner())
        if tls:
            certify(folder)

    def _owner(self) -> tuple[int, int]:
        """Who has the mail: root may not."""
        nobody = pwd.getpwnam("nobody")
        return (nobody.pw_uid, nobody.pw_gid) if os.geteuid() == 0 else (os.geteuid(), os.getegid())

    def start(self) -> None:
        root = os.geteuid() == 0
        me = pwd.getpwuid(os.geteuid()).pw_name
        uid, gid = self._owner()
        files = (f"ssl_cert = <{self.folder}/server.pem", f"ssl_key = <{self.folder}/server.key")
        config = self.folder / "dovecot.conf"
        config.write_text(_CONFIG.format(
            folder=self.folder, internal="dovecot" if root else me, login="dovenull" if root else me,
            group="dovecot" if root else subprocess.check_output(["id", "-gn"], text=True).strip(),
            ssl="yes" if self.tls else "no", certificate="\n".join(files) if self.tls else "",
            password=PASSWORD.replace("%", "%%"), uid=uid, gid=gid, port=self.imap_port, tls_port=self.imaps_port, more=self.more,
        ))  # fmt: skip
        self._process = subprocess.Popen([BINARY, "-F", "-c", str(config)], stdin=subprocess.DEVNULL)
        self._await()

    def _await(self) -> None:
        end = time.monotonic() + 20
        while True:
            with suppress(OSError), socket.create_connection((self.host, self.imap_port), 2) as connection:
                if connection.recv(10).startswith(b"* OK"):
                    return
            assert self._process is not None
            assert self._process.poll() is None, f"dovecot ended: {self.said()}"
            assert time.monotonic() < end, f"dovecot does not answer: {self.said()}"
            time.sleep(0.05)

    def stop(self) -> None:
        """With whoever still has a mailbox open: the master does not wait for them."""
        if self._process:
            family = psutil.Process(self._process.pid).children(recursive=True)
            self._process.terminate()
            self._process.wait(20)
            self._process = None
            psutil.wait_procs(family, 20)

    def said(self) -> str:
        log = self.folder / "log"
        return log.read_text() if log.exists() else ""

    def url(self, user: str, folder: str = "INBOX") -> str:
        """For HUB_IMAP_URLS."""
        return f"imap://{user}:{quote(PASSWORD, safe='')}@{self.host}:{self.imap_port}/{folder}"

    def deliver(self, user: str, body: bytes, folder: str = "INBOX") -> None:
        """As a mail server does it: written whole, then moved to where it is seen."""
        box = self.maildir(user, folder)
        name = f"{time.time_ns()}.M{next(_number)}P{os.getpid()}.test"
        (box / "tmp" / name).write_bytes(body)
        self._give(box / "tmp" / name)
        (box / "tmp" / name).rename(box / "new" / name)

    def maildir(self, user: str, folder: str = "INBOX") -> Path:
        box = self.folder / "mail" / user / "Maildir"
        if folder != "INBOX":
            box = box / f".{folder}"
        if not (box / "tmp").exists():
            for name in ("cur", "new", "tmp"):
                (box / name).mkdir(parents=True)
            for path in (box.parent.parent, box.parent, box, *box.iterdir()):
                self._give(path)
        return box

    def _give(self, path: Path) -> None:
        os.chown(path, *self._owner())

    def mails(self, user: str, folder: str = "INBOX") -> list[Path]:
        """The files of all mails; what is in `new` no program has marked as read."""
        box = self.maildir(user, folder)
        return sorted(path for name in ("new", "cur") for path in (box / name).iterdir())

    def said_of(self, user: str) -> list[bytes]:
        """Every mail whole, in the order of their UIDs, as a plain IMAP client hears it."""
        with imaplib.IMAP4(self.host, self.imap_port) as client:
            client.authenticate("PLAIN", lambda _: f"\0{user}\0{PASSWORD}".encode())
            client.select(readonly=True)
            _, said = client.fetch("1:*", "(BODY.PEEK[])")
        return [part[1] for part in said if isinstance(part, tuple)]

    def renumber(self, user: str) -> None:
        """The folder gets another UIDVALIDITY, as after a move to another server."""
        box = self.maildir(user)
        time.sleep(1.1)  # Dovecot takes the second of the clock for it
        for path in [*box.glob("dovecot-uidlist*"), *box.glob("dovecot.index*"), *box.glob("dovecot-uidvalidity*")]:
            path.unlink()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def certify(folder: Path) -> None:
    """An authority of the test's own, and a certificate of it for 127.0.0.1."""
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The test's authority")])
    now = datetime.now(UTC)

    def builder(subject: str) -> x509.CertificateBuilder:
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        return (
            x509.CertificateBuilder().subject_name(own).issuer_name(name).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2)).not_valid_after(now + timedelta(days=2))
        )  # fmt: skip

    may = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    root = builder("The test's authority").public_key(authority.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(may, True)
    leaf = builder("127.0.0.1").public_key(server.public_key())
    leaf = leaf.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(root.sign(authority, hashes.SHA256()).public_bytes(pem))
    (folder / "server.pem").write_bytes(leaf.sign(authority, hashes.SHA256()).public_bytes(pem))
    private = server.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(private)


@contextmanager
def running_dovecot(tls: bool = False, more: str = "") -> Iterator[Dovecot]:
    if not BINARY:
        pytest.fail("dovecot is not there; this installs it: make tools", pytrace=False)
    with reachable_folder() as folder:
        dovecot = Dovecot(folder, tls, more)
        try:
            dovecot.start()
            yield dovecot
        finally:
            dovecot.stop()
