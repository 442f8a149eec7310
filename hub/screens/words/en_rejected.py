"""What was not understood, in English."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "rejected.about": "What came in and could not be read. Nothing is lost: it is kept as it came and can be tried again.",
    "rejected.bytes": "{n} bytes",
    "rejected.bytes.one": "1 byte",
    "rejected.none": "All that came in was understood",
    "rejected.none.do": "What cannot be read appears here, with the place that is wrong.",
    "rejected.rejected": "Rejected",
    "rejected.understood": "Understood",
    "rejected.ignored": "Of no interest",
    "rejected.still": "Tried again: it is rejected still.",
    "rejected.now_understood": "It is understood: {n} events came of it.",
    "rejected.now_understood.one": "It is understood: one event came of it.",
    "rejected.now_ignored": "It was read and is of no interest.",
    "rejected.channel": "Channel",
    "rejected.source": "From",
    "rejected.received": "Received",
    "rejected.size": "Size",
    "rejected.gone": "Whom it concerned was forgotten; nothing of it is left.",
    "rejected.damaged": "Its bytes are missing or damaged in the blob store.",
    "rejected.place": "What came, around the place that is wrong",
    "rejected.here": "wrong here",
    "rejected.raw": "Download as it came",
    "rejected.how": "Mend what sends it and send it again, or try again here after the hub was mended.",
}
