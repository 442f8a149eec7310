"""Mailboxes fetched: what is new in each is written down, in the transaction that remembers how far it was fetched.

Nothing is skipped or doubled, whenever a process dies: a mail is written down together with the move past its UID, and
where a server numbers its mails anew (UIDVALIDITY) all are read again and those that are known are dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog

from hub.consumers.mail_in import payload
from hub.consumers.record import Outgoing, Recorder
from hub.consumers.runner import clock
from hub.log._protocol import LogAway, LogLost, LogRefused
from hub.logs import Repeated
from hub.store import mailboxes
from hub.store.database import Unavailable
from hub.store.mailboxes import Incoming, Moved, Place
from hub.transport.imap import Fetched, Folder, opened
from hub.transport.trouble import Trouble

log = structlog.get_logger()
OLD = timedelta(days=14)  # as long as an answer may take to mean the same matter
_FIRST, _SLOWEST, _PASSWORD = 1.0, 60.0, 600.0  # seconds until a mailbox is tried again; a wrong password, at most
_AGAIN = 1.0  # seconds until the database is tried again
_ENDED = 3.0  # seconds for a mailbox to be let go when the process ends
_LOOK = 1.0  # seconds between two looks at the list of mailboxes


@dataclass(frozen=True, slots=True)
class Fetcher:
    """What the mailboxes' threads share. `given`: HUB_IMAP_URLS; `spool`: where large mails wait."""

    recorder: Recorder
    given: Sequence[str] = field(repr=False)
    spool: Path

    def fetch_new(self, mailbox: Incoming, folder: Folder, stop: threading.Event) -> int:
        """Write down what is new; how many mails that were. Raises Moved, Trouble and what database, log and blobs raise."""
        seen = folder.look()
        place = mailboxes.place(self.recorder.database, mailbox.id)
        if place.validity != seen.validity:
            place = self._write(mailbox, place, Place(seen.validity, 1))
        done = 0
        while not stop.is_set() and (uids := folder.after(place.next, seen.last)):
            for group in folder.mails(uids, self.spool):
                if group:
                    place = self._write(mailbox, place, Place(seen.validity, group[-1].uid + 1), group)
                done += len(group)
            place = self._write(mailbox, place, Place(seen.validity, uids[-1] + 1))
        return done

    def _write(
        self, mailbox: Incoming, before: Place, after: Place, group: Sequence[Fetched] = ()
    ) -> Place:
        """These mails and the move past them, in one transaction; where it is now."""
        self._append(mailbox, before, after, self._payloads(mailbox, group))
        return after

    def _payloads(self, mailbox: Incoming, group: Sequence[Fetched]) -> list[Outgoing]:
        """What has lain in the mailbox for weeks was seen to by somebody: it is history, and opens no tickets."""
        now = clock()
        with ExitStack() as closing:
            for mail in group:
                closing.callback(mail.content.close)
            return [
                payload(self.recorder, mailbox.source, mail.content, {}, now, history=now - mail.arrived > OLD)
                for mail in group
            ]

    def _append(self, mailbox: Incoming, before: Place, after: Place, made: Sequence[Outgoing]) -> None:
        if before == after:
            return
        with self.recorder.database.transaction() as tx:
            mailboxes.move(tx, mailbox.id, before, after)
            if made:
                self.recorder.record(lambda _: made, tx)

    def follow(self, mailbox: Incoming, stop: threading.Event) -> None:
        """Fetch from this mailbox until `stop`. Whatever goes wrong is said in the table, and it is tried again."""
        wait, away = _FIRST, Repeated(log)
        while not stop.is_set():
            try:
                for _ in self._visits(mailbox, stop):
                    wait = _FIRST
            except Trouble as trouble:
                self._say(mailbox, trouble)
                stop.wait(wait)
                wait = min(wait * 2, _PASSWORD if trouble.what == "password" else _SLOWEST)
            except Moved:
                stop.wait(_AGAIN)
            except Unavailable as error:
                away("the database cannot be reached; trying again", error=str(error).strip()[:200])
                stop.wait(_AGAIN)
            except (LogAway, LogLost, LogRefused, OSError) as error:
                log.error("mails of a mailbox cannot be written down; trying again", mailbox=mailbox.id, error=str(error)[:200])
                stop.wait(wait)
                wait = min(wait * 2, _SLOWEST)

    def _visits(self, mailbox: Incoming, stop: threading.Event) -> Iterator[None]:
        """Each time that all was fetched."""
        with opened(mailbox.server, mailbox.password) as folder:
            while not stop.is_set():
                if fetched := self.fetch_new(mailbox, folder, stop):
                    log.info("mails fetched", mailbox=mailbox.id, mails=fetched)
                mailboxes.checked(self.recorder.database, mailbox.id, None)
                yield
                folder.wait(stop)

    def _say(self, mailbox: Incoming, trouble: Trouble) -> None:
        log.warning("a mailbox cannot be fetched", mailbox=mailbox.id, why=trouble.what)
        with suppress(Unavailable):  # the next trouble or success is said again
            mailboxes.checked(self.recorder.database, mailbox.id, trouble)


@dataclass
class _Followed:
    mailbox: Incoming
    stop: threading.Event
    thread: threading.Thread


def fetch_all(fetcher: Fetcher, stop: threading.Event, failed: Callable[[], None]) -> None:
    """A thread for each mailbox, until `stop`; what a person changes is followed within a second or two.

    `failed` is called in a thread that dies of a fault.
    """
    followed: dict[str, _Followed] = {}
    database, keys = fetcher.recorder.database, fetcher.recorder.keys
    ready, away = False, Repeated(log)
    while not stop.is_set():
        try:
            if not ready:
                mailboxes.give(database, fetcher.given)
                ready = True
            _adapt(fetcher, followed, mailboxes.incoming(database, keys, fetcher.given), failed)
        except Unavailable as error:
            away("the database cannot be reached; trying again", error=str(error).strip()[:200])
        stop.wait(_LOOK)
    for one in followed.values():
        one.stop.set()
    for one in followed.values():
        one.thread.join(_ENDED)


def _adapt(
    fetcher: Fetcher, followed: dict[str, _Followed], wanted: Sequence[Incoming], failed: Callable[[], None]
) -> None:  # fmt: skip
    """Let go of mailboxes that changed or are gone; follow those that are new."""
    now = {mailbox.id: mailbox for mailbox in wanted}
    for id, one in list(followed.items()):
        if now.get(id) != one.mailbox:
            one.stop.set()
            del followed[id]
    for id, mailbox in now.items():
        if id not in followed:
            end = threading.Event()
            thread = threading.Thread(
                target=_follow, args=(fetcher, mailbox, end, failed), name="mailbox", daemon=True
            )
            followed[id] = _Followed(mailbox, end, thread)
            thread.start()


def _follow(fetcher: Fetcher, mailbox: Incoming, stop: threading.Event, failed: Callable[[], None]) -> None:
    try:
        fetcher.follow(mailbox, stop)
    except BaseException:
        log.exception("a mailbox's thread ends", mailbox=mailbox.id)
        failed()
        raise
