"""Bytes to text, whatever a mailer called them: nothing is lost, and nothing comes out that PostgreSQL refuses."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

# What mailers say, and the superset that they mean.
MEANT = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-ir-100": "cp1252",
    "iso-8859-8-i": "cp1255",
    "iso-8859-8-e": "cp1255",
    "iso-8859-6-i": "iso-8859-6",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "unicode-1-1-utf-7": "utf-7",
    "utf8": "utf-8",
    "x-unicode": "utf-8",
    "unicode": "utf-16",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "big5": "big5hkscs",
    "x-big5": "big5hkscs",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-cp1256": "cp1256",
}
NOT_ABOUT_BYTES = {
    "ascii",
    "unicode_escape",
    "raw_unicode_escape",
    "idna",
    "punycode",
    "undefined",
    "mbcs",
    "oem",
}
# The scripts that mailers write in one byte a letter without saying so.
SCRIPTS = (("cp1256", re.compile(r"[\u0600-\u06ff]")), ("cp1251", re.compile(r"[\u0400-\u04ff]")))
WORD = re.compile(rb"[\x80-\xff]{3,}")
# In KOI8-R small letters come before the capitals; those that Russian has most and Arabic and cp1251 hardly have at their place.
KOI8 = re.compile(rb".[\xc0-\xdf\xa3-\xa7\xad\xb4\xb6\xb7\xbd]+")
KOI8_OFTEN, ELSEWHERE_OFTEN = b"\xc1\xc9\xcf", b"\xc0\xc7\xc8\xce"
SEVEN_OR_SIXTEEN = re.compile("utf|iso2022|hz")  # bits a letter, or what stands for them
UNTOLD = (None, "ascii", "utf-8", "cp1252", "iso8859-15")
JAPANESE = re.compile(rb"\x1b\$[@B]")
SAMPLE = 8192
UNSTORABLE = re.compile("[\ud800-\udfff]")


def decode(data: bytes, declared: str | None) -> str:
    """Of what can be meant the first that fits without error; at the worst with replacement characters.

    ISO 2022 is ASCII to other charsets, with escapes: one letter that it does not have makes it none of them.
    """
    for name in _likely(data, declared):
        try:
            return clean(data.decode(name))
        except (UnicodeError, ValueError):
            if data.isascii() and (name == "utf-7" or (b"\x1b" in data and name.startswith("iso2022"))):
                return clean(data.decode(name, "replace"))
    return clean(data.decode(_least_wrong(data, known(declared)), "replace"))


def decode_raw(data: bytes, declared: str | None) -> str:
    """Bytes of which nothing says what they are: UTF-8, else what was declared elsewhere in the mail, else as they look.

    Latin-1 is what many programs declare without knowing: its letters stay marked as unreadable among those that are not.
    """
    if JAPANESE.search(data):
        return decode(data, declared)
    try:
        return clean(data.decode("utf-8"))
    except UnicodeError:
        return decode(data, "utf-8" if known(declared) in UNTOLD else declared)


def clean(text: str) -> str:
    """Without what PostgreSQL's text cannot hold: NUL and lone surrogates."""
    return UNSTORABLE.sub("\ufffd", text.replace("\0", ""))


def _least_wrong(data: bytes, declared: str | None) -> str:
    """For bytes that fit nothing: broken UTF-8 stays UTF-8, else the script tells; Latin letters alone tell nothing."""
    if declared not in (None, "utf-8"):
        return declared or "utf-8"
    if _mostly_utf8(data[:SAMPLE]):
        return "utf-8"
    return _script(data[:SAMPLE]) or declared or "cp1252"


def _mostly_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return sum(letter > "\x7f" for letter in text) - wrong > wrong


def _script(data: bytes) -> str | None:
    """By the words of letters above ASCII: in Latin text such letters stand alone, elsewhere they follow each other."""
    words = b"".join(WORD.findall(data))
    if len(words) * 5 < sum(byte >= 0x80 for byte in data) * 3:
        return None
    if _koi8(WORD.findall(data)):
        return "koi8_u"
    return next((name for name, letters in SCRIPTS if words and _fits(words.decode(name, "replace"), letters)), None)


def _koi8(words: list[bytes]) -> bool:
    letters = b"".join(words)
    often, elsewhere = (sum(map(letters.count, (bytes([one]) for one in some))) for some in (KOI8_OFTEN, ELSEWHERE_OFTEN))
    small = sum(KOI8.fullmatch(word) is not None for word in words)
    return small * 10 >= len(words) * 9 and often * 8 >= len(letters) >= 6 and often > 2 * elsewhere


def _fits(text: str, letters: re.Pattern[str]) -> bool:
    return len(letters.findall(text)) >= 0.9 * len(text)


@lru_cache(maxsize=256)
def known(declared: str | None) -> str | None:
    """Python's name of a declared charset, or None."""
    name = (declared or "").strip().strip("\"'").lower()[:60]
    try:
        found = codecs.lookup(MEANT.get(name, name))
    except (LookupError, ValueError):
        return None
    # _is_text_encoding is what bytes.decode itself asks: base64 and rot13 are codecs, too, but not of text.
    usable = getattr(found, "_is_text_encoding", True) and found.name not in NOT_ABOUT_BYTES
    return found.name if usable else None


def _likely(data: bytes, declared: str | None) -> tuple[str, ...]:
    """UTF-8 first, except where the declared charset can look like it: those of 7 bits, of 16 and, but for whole letters of
    three bytes, the Asian ones."""
    name = known(declared)
    if name in (None, "ascii", "utf-8") and JAPANESE.search(data):
        return ("iso2022_jp_ext", "utf-8")
    if name is None or name == "utf-8":
        return ("utf-8",)
    telling = not data.isascii() and (_one_byte_a_letter(name) or (not SEVEN_OR_SIXTEEN.match(name) and _shaped_as_utf_8(data)))
    return ("utf-8", name) if telling else (name, "utf-8")


def _shaped_as_utf_8(data: bytes) -> bool:
    """Whether bytes that are said to be of an Asian charset are UTF-8: its letters of two bytes could be meant as those of that
    charset, its longer ones, which end in the middle of one of them, are not."""
    try:
        text = data.decode("utf-8")
    except UnicodeError:
        return False
    longer = sum(letter > "\u07ff" for letter in text)
    return longer > sum("\x7f" < letter <= "\u07ff" for letter in text)


@lru_cache(maxsize=256)
def _one_byte_a_letter(name: str) -> bool:
    """Only where every byte is a letter of its own is it telling that bytes happen to be UTF-8."""
    try:
        return len(bytes(range(0x80, 0x100)).decode(name, "replace")) == 0x80 and not SEVEN_OR_SIXTEEN.match(name)
    except (UnicodeError, ValueError):
        return False
