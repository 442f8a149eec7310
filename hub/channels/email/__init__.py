"""E-mail as RFC 5322, MIME and RFC 8621 describe it, and as mailers really write it.

`mime` cuts a mail into parts, `header_fields` reads a header block, `words`, `parameters`, `addresses`, `charsets`
decode what is in it, `bodies` chooses text, html and attachments, `markup` reads html as text, `automatic` and
`bounces` tell machines from people (by `phrases` and `senders`), `sides` customers from ourselves, `identity` says which mail
it is, `files` cuts mboxes and Maildirs, `pictures` finds those that html names, `quoted` what was said before, `reading` puts
it together. `render` writes a mail of ours.
"""

from __future__ import annotations

from hub.channels._shape import Channel
from hub.channels.email.files import bundle, maildir, split
from hub.channels.email.reading import parse

__all__ = ["bundle", "channel", "maildir"]

channel = Channel(name="email", parse=parse, split=split, suffixes=(".eml", ".mbox"), limit=50 * 1024 * 1024)
