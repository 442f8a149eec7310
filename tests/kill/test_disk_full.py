"""A full disk: said in plain words, nothing acknowledged is lost, and all goes on once there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import httpx
import orjson
import pytest

from tests.conftest import reachable_folder
from tests.kill.conftest import copied
from tests.kill.running import RunningHub, cloud_event, until

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount the small disk that this test fills"),
]
SIZE, BALLAST = 320, 160  # MB
PHONE = {"kind": "phone", "value": "+989120000001"}


@pytest.fixture
def home(laid_out: Path) -> Iterator[Path]:
    """On a disk of its own, small, with something on it that can be deleted to make room."""
    with reachable_folder() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}m,mode=0755", "hub-test", folder], check=True)
        try:
            leave(folder, SIZE - BALLAST)
            yield copied(laid_out, folder)
        finally:
            until(lambda: unmounted(folder), 30, "the small disk is let go")


def leave(folder: Path, megabytes: int) -> None:
    """So much room and no more, the rest is ballast."""
    (folder / "ballast").unlink(missing_ok=True)
    (folder / "ballast").write_bytes(bytes(shutil.disk_usage(folder).free - megabytes * 1024**2))


def unmounted(folder: Path) -> bool:
    return subprocess.run(["umount", folder], capture_output=True).returncode == 0


def message(number: int) -> dict[str, Any]:
    text = Random(number).randbytes(100_000).hex()  # which no compression makes small
    said = {"channel": "chat", "message": str(number), "thread": str(number), "party": PHONE, "text": text}
    return cloud_event(str(number), "message.received", said)


def filled(client: httpx.Client) -> tuple[int, httpx.Response]:
    """How many messages were acknowledged, and the answer to the first that was not."""
    for number in count():
        answer = client.post("/v1/events", json=message(number))
        if answer.status_code != 202:
            return number, answer
    raise AssertionError("a disk has an end")


def large_mail(folder: Path) -> Path:
    path = folder / "large.eml"
    path.write_text("From: a@example.com\nMessage-ID: <l@example.com>\n\n" + os.urandom(9_000_000).hex())
    return path


def test_a_full_disk_is_said_and_loses_nothing_and_the_hub_goes_on_once_there_is_room(
    hub: RunningHub, tmp_path: Path
) -> None:
    mail = large_mail(tmp_path)
    hub.start()
    with hub.client() as client:
        written, answer = filled(client)
        print(f"{written} messages of 200 KB fill the disk: {answer.status_code} {answer.text}; {hub.said()[-1500:]}")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert f"The disk that holds {hub.home} is full" in answer.json()["detail"]
        assert written > 20
        command = hub.tried("ingest", "email", str(mail))
        said = command.stderr.decode()
        assert command.returncode == 3, said
        assert f"The disk that holds {hub.home} is full" in said
        (hub.home / "ballast").unlink()
        until(lambda: client.post("/v1/events", json=message(written)).status_code == 202, 60, "there is room again")
    assert hub.json("ingest", "email", str(mail))["received"] == 1
    hub.await_quiet()
    log = [orjson.loads(line) for line in hub.asked("events", "--type", "message.received").splitlines()]
    kept = [event["data"]["message"] for event in log if event["source"] == "/kill"]
    assert sorted(kept, key=int) == [str(number) for number in range(written + 1)]
    hub.assert_sound()


def test_where_only_the_large_bytes_of_a_mail_have_no_room_it_is_said_too(hub: RunningHub, tmp_path: Path) -> None:
    mail = large_mail(tmp_path)
    hub.start()
    hub.client().close()
    leave(hub.home, 10)
    command = hub.tried("ingest", "email", str(mail))
    assert command.returncode == 3, command.stderr.decode()
    assert "No space left on device" in command.stderr.decode()
    attached = {"name": "large.bin", "type": "image/x", "base64": b64encode(os.urandom(15_000_000)).decode()}
    said = {"channel": "chat", "message": "1", "party": PHONE, "attachments": [attached]}
    event = cloud_event("1", "message.received", said)
    with hub.client() as client:
        answer = client.post("/v1/events", json=event)
        assert answer.status_code == 503, answer.text
        assert "No space left on device" in answer.json()["detail"]
        (hub.home / "ballast").unlink()
        assert client.post("/v1/events", json=event).json()["accepted"] == 1
    assert hub.json("ingest", "email", str(mail))["received"] == 1
    hub.assert_sound()
