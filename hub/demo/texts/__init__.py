"""What is said in the shop, in English and in Persian; `_topic.py` says what a topic is.

In all texts `{order}`, `{item}`, `{city}`, `{agent}`, `{day}` and `{tracking}` stand for what the talk is about.
"""

from __future__ import annotations

from hub.demo.texts import en, fa
from hub.demo.texts._topic import Manners, Topic

TOPICS: dict[str, tuple[Topic, ...]] = {"en": en.TOPICS, "fa": fa.TOPICS}
MANNERS: dict[str, Manners] = {"en": en.MANNERS, "fa": fa.MANNERS}
CHATS: dict[str, tuple[tuple[str, ...], ...]] = {"en": en.CHATS, "fa": fa.CHATS}
CALLS: dict[str, tuple[str, ...]] = {"en": en.CALLS, "fa": fa.CALLS}
SMS: dict[str, tuple[str, ...]] = {"en": en.SMS, "fa": fa.SMS}
SMS_ANSWERS: dict[str, tuple[str, ...]] = {"en": en.SMS_ANSWERS, "fa": fa.SMS_ANSWERS}

__all__ = ["CALLS", "CHATS", "MANNERS", "SMS", "SMS_ANSWERS", "TOPICS", "Manners", "Topic"]
