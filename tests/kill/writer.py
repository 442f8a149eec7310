"""A sender that never gives up: streams events in over HTTP and keeps a journal of what was sent and what was answered.

    python -m tests.kill.writer URL KEY JOURNAL SEED

Each request is in the journal before it goes out, and its answer before the next one. Whatever is not answered with 202
is sent again under the same ids. SIGTERM: nothing new is begun; it ends once all that was begun is acknowledged.
"""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.kill.running import cloud_event

CONNECTIONS = 6
CHATS = 50  # conversations at a time, each of one person
TURN = 2000  # after so many requests of each connection others write: no conversation grows without end
PAUSE = 0.01  # seconds at most between two requests of a connection
AGAIN = 0.05


class Journal:
    """Lines of JSON, each with the operating system before `write` returns: killing the hub cannot take it back."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()

    def write(self, **said: Any) -> None:
        with self._lock:
            self._file.write(orjson.dumps(said) + b"\n")


def journal_of(path: Path) -> list[dict[str, Any]]:
    """Its lines; not one that is being written."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def in_flight(journal: list[dict[str, Any]]) -> int:
    return sum("sent" in line for line in journal) - sum("answered" in line for line in journal)


def stories(name: str, dice: random.Random) -> Iterator[list[dict[str, Any]]]:
    """Requests without end: single events and small batches; each id is unique."""
    for number in count():
        turn = number // TURN
        people = range(CHATS * turn, CHATS * (turn + 1))
        events = _story(f"{name}-{number}", dice, people)
        if len(events) == 1 and dice.random() < 0.3:
            events += [_message(f"{name}-{number}-{n}", dice, people) for n in range(dice.randrange(1, 8))]
        yield events


def _story(id: str, dice: random.Random, people: Sequence[int]) -> list[dict[str, Any]]:
    what = dice.random()
    if what < 0.7:
        return [_message(id, dice, people)]
    if what < 0.85:
        about = {"call": id, "direction": "in", "party": _phone(dice.choice(people))}
        return [
            cloud_event(f"{id}-ringing", "call.ringing", about),
            cloud_event(f"{id}-ended", "call.ended", about | {"cause": "answered"}),
        ]
    order = {"order": f"K{id}".upper(), "party": _phone(dice.choice(people))}
    return [
        cloud_event(f"{id}-placed", "order.placed", order | {"total": "12.50", "currency": "EUR"}),
        cloud_event(f"{id}-paid", "order.paid", order),
    ]


def _message(id: str, dice: random.Random, people: Sequence[int]) -> dict[str, Any]:
    chat = dice.choice(people)
    said = {"channel": "chat", "message": id, "thread": f"chat {chat}", "party": _phone(chat), "text": f"This is {id}."}
    return cloud_event(id, "message.received", said)


def _phone(number: int) -> dict[str, str]:
    return {"kind": "phone", "value": f"+98912000{number:04d}"}


def write(url: str, key: str, journal: Journal, name: str, seed: int, stop: threading.Event) -> None:
    """One connection; asks again until the answer is 202."""
    dice = random.Random(f"{seed} {name}")
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        for number, events in enumerate(stories(name, dice)):
            if stop.is_set():
                return
            request = f"{name}-{number}"
            journal.write(sent=request, ids=[event["id"] for event in events])
            journal.write(answered=request, **_persist(client, events, journal))
            time.sleep(dice.uniform(0, PAUSE))


def _persist(client: httpx.Client, events: list[dict[str, Any]], journal: Journal) -> dict[str, Any]:
    body = orjson.dumps(events if len(events) > 1 else events[0])
    kind = "application/cloudevents-batch+json" if len(events) > 1 else "application/cloudevents+json"
    for tries in count(1):
        try:
            answer = client.post("/v1/events", content=body, headers={"Content-Type": kind})
        except httpx.TransportError as error:
            journal.write(broken=type(error).__name__)
        else:
            if answer.status_code == 202:
                said = answer.json()
                return {"tries": tries, **{name: said[name] for name in ("accepted", "duplicates", "rejected")}}
            journal.write(refused=answer.status_code, type=answer.headers.get("content-type"), body=answer.text[:500])
        time.sleep(AGAIN)
    raise AssertionError("it never gives up")


def main(url: str, key: str, path: str, seed: str) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    journal = Journal(Path(path))
    threads = [
        threading.Thread(target=write, args=(url, key, journal, f"w{n}", int(seed), stop)) for n in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
