"""What somebody wrote into a form of the web site in his own words, which wants an answer as a message does."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

from hub.events.text import fold

_SHORT = 3  # words: more are a sentence, unless the field is for something that takes as many
# Words in the names of fields; a field may be called "your-message" or "contact[body]".
_OF_A_MESSAGE = frozenset(map(fold,
    ("message", "msg", "text", "comment", "comments", "question", "body", "inquiry", "enquiry", "feedback", "description",
     "details", "problem", "complaint", "پیام", "متن", "توضیح", "توضیحات", "نظر", "سوال", "سؤال", "پرسش", "شرح", "مشکل", "شکایت",
     "درخواست"),
))  # fmt: skip
_OF_FACTS = frozenset(map(fold,
    ("name", "firstname", "lastname", "fullname", "company", "address", "street", "city", "country", "consent", "agree", "accept",
     "privacy", "terms", "newsletter", "subscribe", "interests", "product", "title", "subject", "url", "page", "source",
     "نام", "شرکت", "نشانی", "آدرس", "خیابان", "شهر", "کشور", "موافقت", "قوانین", "خبرنامه", "عضویت", "محصول", "عنوان", "موضوع",
     "صفحه"),
))  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")


def own_words(fields: Any) -> str | None:
    """The text of a field that is called a message, a question and the like; else the first value of more than three words.
    A field that is called a name, an address, a consent and the like counts as neither. None where there is none."""
    texts = {name: text.strip() for name, text in fields.items() if isinstance(text, str)} if isinstance(fields, dict) else {}
    named = {name: frozenset(_WORD.findall(fold(str(name)))) for name in texts}
    wanted = [name for name in texts if texts[name] and not named[name] & _OF_FACTS]
    said = (texts[name] for name in wanted if named[name] & _OF_A_MESSAGE)
    free = (texts[name] for name in wanted if len(texts[name].split()) > _SHORT)
    return next(chain(said, free), None)
