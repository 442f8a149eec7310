"""`hub mailboxes`, as it is typed, at a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.transport.dovecot import Dovecot

pytestmark = pytest.mark.real
Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def typed(postgres_url: str, tmp_path: Path) -> Typed:
    """Type a command; its exit code and what it prints."""
    environ = {**os.environ, "HUB_HOME": str(tmp_path), "HUB_DATABASE_URL": postgres_url}

    def run(*words: str, said: str = "") -> tuple[int, str]:
        command = [sys.executable, "-m", "hub.cli", "mailboxes", *words]
        done = subprocess.run(command, env=environ, input=said.encode(), capture_output=True, timeout=120)
        return done.returncode, done.stdout.decode() or done.stderr.decode()

    return run


def test_a_mailbox_is_added_tried_listed_and_deleted(typed: Typed, dovecot: Dovecot) -> None:
    code, id = typed("add", "hello@shop.example", "--imap", dovecot.url("hello"))
    assert (code, len(id.strip())) == (0, 36)
    assert typed("test", "hello@shop.example") == (0, "imap: it works\n")
    code, listed = typed("list")
    assert code == 0
    assert "hello@shop.example" in listed
    assert typed("delete", "hello@shop.example") == (0, "hello@shop.example is deleted.\n")
    assert "hello@shop.example" not in typed("list")[1]


def test_a_wrong_password_is_said(typed: Typed, dovecot: Dovecot) -> None:
    scheme, _, rest = dovecot.url("hello").partition("://")
    wrong = f"{scheme}://hello:wrong@{rest.rpartition('@')[2]}"
    assert typed("add", "hello@shop.example", "--imap", wrong)[0] == 0
    code, told = typed("test", "hello@shop.example")
    assert code == 1
    assert told.startswith("imap: ")
    assert "it works" not in told
