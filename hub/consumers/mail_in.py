"""Mail that came over a wire, written down raw. What the envelope said is kept beside the bytes, as `meta`."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from hub.consumers.accept import Arrival
from hub.consumers.door import Door, DoorClosed, DoorFull
from hub.consumers.record import Outgoing, Recorder, payload_of_bytes, payload_of_file
from hub.consumers.runner import clock
from hub.store.blobs import Full
from hub.store.database import Unavailable
from hub.transport.smtp_in import Brought, NoRoom, NotNow
from hub.transport.spool import Spool

CHANNEL = "email"
_WRITERS = 4  # large mails that are put into the blob store at once


def payload(
    recorder: Recorder, source: str, content: Spool, meta: Mapping[str, str], received: datetime, *, history: bool = False
) -> Outgoing:  # fmt: skip
    """The event that says that this mail came; closes `content`. Large ones are in the blob store when it returns."""
    try:
        if content.path:
            return payload_of_file(recorder, CHANNEL, source, content.path, meta, received, history=history)
        return payload_of_bytes(recorder, CHANNEL, source, content.body or b"", meta, received, history=history)
    finally:
        content.close()


class Post:
    """Takes what SMTP and LMTP bring. Many mails at once are one transaction."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._door = Door(recorder)
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="large-mail")

    async def take(self, mail: Brought) -> None:
        """Durable when it returns. Raises NotNow."""
        try:
            await self._door.take([_arrival(await self._payload(mail))])
        except (Unavailable, DoorFull, DoorClosed) as error:
            raise NotNow(NotNow.__doc__) from error
        except OSError as error:
            full = isinstance(error, Full) or error.errno == errno.ENOSPC
            raise (NoRoom(NoRoom.__doc__) if full else NotNow(NotNow.__doc__)) from error

    async def _payload(self, mail: Brought) -> Outgoing:
        meta = {"mail_from": mail.sender, "rcpt_to": ", ".join(mail.recipients)}
        if mail.content.path is None:
            return payload(self._recorder, mail.door, mail.content, meta, clock())
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writers, payload, self._recorder, mail.door, mail.content, meta, clock())

    def close(self) -> None:
        """Write down what waits, then end."""
        self._writers.shutdown()
        self._door.close()


def _arrival(outgoing: Outgoing) -> Arrival:
    event = outgoing.event
    return Arrival(CHANNEL, event.source, b"", event.recorded, payload=outgoing)
