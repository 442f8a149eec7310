"""A shop's last thirty days, written as the files that other systems would hand over: mails, rows, documents, events.

`stories/` are customers worth reading about, `texts/` what people write and say, `everyday.py` fills the rest of the
days, `files.py` and `mail_bytes.py` write what happened. Nothing here knows the log or the database: the history is
loaded through `hub ingest ... --history`, like anybody's.

And today, played live: `day.py` thinks a day out, `today.py` plays it through the `doors`, `telephone.py` rings,
`callers.py` call whoever watches, `imap_server.py` is the shop's mailbox, `mail_server.py` and `answering.py` are the
customers', `plays/` are the stories of the panel, which `control.py` listens to; `live.py` puts it together.
"""

from __future__ import annotations

from hub.demo.history import FolderInUse, History, write_history

__all__ = ["FolderInUse", "History", "write_history"]
