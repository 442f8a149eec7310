"""How far behind the steps are, and what is wrong, in words."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import Any

import orjson

from hub.consumers.record import Recorder
from hub.log._protocol import Log, LogAway, LogLost, Recorded
from hub.store import batches, mailboxes, options
from hub.store.database import STEPS, Connection

Lane = tuple[str, int]
_ARCHIVE = "archive"
# At one moment: what project has archived is what decide is asked for.
_REACHED = f"SELECT step, topic, part, next FROM checkpoint UNION ALL SELECT '{_ARCHIVE}', topic, part, next FROM log_head"
PATIENCE = 3.0  # seconds that somebody who asks waits; a log that is away takes half a minute to say so
_GAP = 0.02  # seconds between two looks, however many ask
LATE = 60.0  # seconds that a step may be behind before somebody should look
_SHOWN = 15.0  # seconds that it may be behind while all is as good as shown


def lanes(recorder: Recorder) -> list[dict[str, Any]]:
    """Events and seconds by which each step is behind; all 0: all is shown. Raises LogAway, LogRefused, and LogLost where
    the log ends before what was read of it.

    The ends are read before the checkpoints: what comes meanwhile is not counted, what is done meanwhile is.
    """
    ends = recorder.log.ends()
    with recorder.database.transaction() as tx:
        rows = tx.execute(_REACHED).fetchall()
        again = tx.execute("SELECT count(*) FROM refold").fetchone()
        unsent = tx.execute("SELECT count(*), min(recorded) FROM outbox WHERE NOT sent").fetchone()
    at = {step: {(topic, part): next for of, topic, part, next in rows if of == step} for step in (*STEPS, _ARCHIVE)}
    archived = ends if recorder.log.in_store else at[_ARCHIVE]
    if not recorder.log.in_store:
        _refuse_lost(recorder.log, [at[step] for step in STEPS if step != "decide"], ends)
    found = [
        _behind(step, recorder.archive, at[step], archived) if step == "decide" else _behind(step, recorder.log, at[step], ends)
        for step in STEPS
    ]  # decisions are taken from the archive
    if not recorder.log.in_store and unsent:
        found.append({"name": "relay", "events": unsent[0], "seconds": _age(unsent[1])})
    return [*found, {"name": "refold", "events": again[0] if again else 0, "seconds": 0.0}]


def _refuse_lost(log: Log, reached: Sequence[Mapping[Lane, int]], ends: Mapping[Lane, int]) -> None:
    read = [(lane, next) for at in reached for lane, next in at.items()]
    if all(next <= ends.get(lane, 0) for lane, next in read):
        return
    ends = log.ends()  # what came and was done since the first look is no loss
    for lane, next in read:
        if next > ends.get(lane, 0):
            raise LogLost(f"{lane[0]}/{lane[1]} ends at {ends.get(lane, 0)}, and was read up to {next}. {LogLost.__doc__}")


def _behind(step: str, log: Log, at: Mapping[Lane, int], ends: Mapping[Lane, int]) -> dict[str, Any]:
    waiting = {lane: ends[lane] - next for lane, next in at.items() if ends.get(lane, 0) > next}
    oldest = [_recorded(one) for one in log.read({lane: at[lane] for lane in waiting}, 1)] if waiting else []
    return {"name": step, "events": sum(waiting.values()), "seconds": max(map(_age, oldest), default=0.0)}


def _recorded(waiting: Recorded) -> datetime | None:
    """When it was learnt; None for what was imported as history, which is old and not late, and for what is no event."""
    try:
        document = orjson.loads(waiting.value)
        return None if document["data"].get("history") else datetime.fromisoformat(document["recorded"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _age(moment: datetime | None) -> float:
    return 0.0 if moment is None else round(max(0.0, (datetime.now(UTC) - moment).total_seconds()), 1)


class Watch:
    """How far behind the steps are, for many who ask: they share a look that began after they had asked.

    One look at a time, in a thread of its own, so that neither anybody's requests nor a log that is away can take all of
    the web process.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._lock, self._turn = Lock(), Lock()
        self._next: Future[list[dict[str, Any]]] | None = None

    def lanes(self) -> list[dict[str, Any]]:
        """Raises what looking raises, and LogAway where it takes long."""
        with self._lock:
            if self._next is None:
                self._next = Future()
                Thread(target=self._look, name="lag", daemon=True).start()
            mine = self._next
        try:
            return mine.result(PATIENCE)
        except TimeoutError:
            raise LogAway(LogAway.__doc__) from None

    def _look(self) -> None:
        with self._turn:
            with self._lock:
                mine, self._next = self._next, None
            assert mine is not None
            try:
                mine.set_result(lanes(self._recorder))
            except Exception as error:
                mine.set_exception(error)
            time.sleep(_GAP)


def wrong(recorder: Recorder) -> list[str]:
    """What an operator should look at; empty when all is well."""
    found = [
        f"step {lane['name']} is {lane['events']} events ({lane['seconds']:.0f} s) behind: is a worker running?"
        for lane in lanes(recorder)
        if lane["events"] and lane["seconds"] > LATE
    ]
    with recorder.database.transaction() as tx:
        return _standing(tx) + found + _left(tx)


def _standing(tx: Connection) -> list[str]:
    return [f"step {step} stands: {why}" for step, why in batches.standing(tx).items()]


def _left(tx: Connection) -> list[str]:
    dead = tx.execute("SELECT step, count(*) FROM dead_letter GROUP BY 1 ORDER BY 1").fetchall()
    found = [f"{n} dead letters of step {step}: see `hub dead-letters list`" for step, n in dead]
    if not options.read(tx, "restored", {"done": True})["done"]:
        found.append("a restore was begun and not ended: give the same `hub restore` again")
    found += [f"mailbox {address}: {trouble}" for address, trouble in mailboxes.troubled(tx)]
    return found


def worth_a_look(tx: Connection) -> list[str]:
    """What is in order, and still somebody should look at it now and then."""
    row = tx.execute(
        "SELECT (SELECT count(*) FROM outcome WHERE kind = 'rejected'),"
        " (SELECT count(*) FROM delivery WHERE state IN ('failed', 'uncertain') AND changed > now() - interval '7 days')"
    ).fetchone()
    assert row is not None
    told = (f"{row[0]} payloads were rejected: see `hub rejected list`",
            f"{row[1]} answers of this week failed, or may not have gone out: their tickets say why")  # fmt: skip
    return [words for words, count in zip(told, row, strict=True) if count]


def not_ready(recorder: Recorder) -> list[str]:
    """Why the hub does not show what it has, in words; empty when it does."""
    with recorder.database.transaction() as tx:
        found = _standing(tx)
    return found + [f"step {one['name']} is {one['seconds']:.0f} s behind" for one in lanes(recorder) if one["seconds"] > _SHOWN]
