"""What is written and said only while the demo is played."""

from __future__ import annotations

THANKS: dict[str, tuple[str, ...]] = {
    "en": (
        "Thank you, that was quick! That is all I needed to know.",
        "Many thanks for looking into it. Have a good day!",
        "Wonderful, thank you. I will write again if anything else comes up.",
    ),
    "fa": (
        "خیلی ممنون، لطف کردید. همین را می‌خواستم بدانم.",
        "ممنون از پاسخ سریعتان. روزتان خوش!",
        "دستتان درد نکند، خیالم راحت شد.",
    ),
}
"""What customers write back."""

SARA_ASKS = "asked what became of order 1047, about which she e-mailed last week; got the tracking number"
UNKNOWN_ASKS = "asked when the present comes that a brother ordered; had called three times, and nobody answered"

DEAD_ADDRESS = (
    "Which cup fits under the espresso machine?",
    "Hello,\n\nhow high may a cup be to fit under the Damavand? Ours are nine centimetres and I would rather not saw.\n\n"
    "Best wishes\n{name}",
)
TWICE = (
    "Opening hours on Thursday",
    "Hello,\n\nis the shop open on Thursday evening? My mail program hung for a moment; I hope this reaches you once.\n\n"
    "{name}",
)
WHILE_DEAD = ("Gift wrapping", "Hello,\n\ncan you wrap a tea set as a gift? It is for a birthday on Saturday.\n\n{name}")
BROKEN = b"\x00\x17\xfe\xff\x9c this is what is left of a mail\r\nafter a disk failed in the middle of it\r\n"
