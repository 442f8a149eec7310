"""The html of a mail as it may stand in a page of ours: what tells something stays, what acts, loads or paints goes.

What is left has no style, class, id or script, nothing is asked of another address, and links say nothing of where they
were clicked. Pictures are those that came with the mail, as files of ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from urllib.parse import unquote

import nh3
from markupsafe import Markup, escape

# What takes the square of its length to read: up to here the worst mail is a second's work.
LONGEST = 300_000  # characters
MOST_TAGS = 10_000
TAGS = {
    "a", "abbr", "address", "b", "bdi", "bdo", "blockquote", "br", "caption", "center", "cite", "code", "dd", "del", "div",
    "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s",
    "samp", "small", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "*": {"dir"}, "a": {"href"}, "img": {"src", "alt", "width", "height"}, "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}  # fmt: skip
UNSEEN = {"script", "style", "title", "template", "noscript", "iframe", "noframes", "object", "svg", "math", "select"}
SCHEMES = ("http://", "https://", "mailto:", "tel:")
_SMALL = re.compile(r"[1-9]\d{0,2}", re.ASCII)
_IMAGE = re.compile(r"<img\b([^>]*)>")
_SRC = re.compile(r'\bsrc="([^"]*)"')
_ALT = re.compile(r'\balt="([^"]*)"')
_DOT = re.compile(r'\b(?:width|height)="[12]"')
_HEADING = re.compile(r"<(/?)h[1-6]\b")


def clean(markup: str, pictures: Mapping[str, str], missing: str) -> Markup | None:
    """The html, clean; None where it is too large to be looked at. `pictures`: the address of each by its Content-ID.

    In place of a picture that is not loaded stands `missing`, with the words that its sender gave it.
    """
    if len(markup) > LONGEST or markup.count("<") > MOST_TAGS:
        return None
    cleaned = nh3.clean(
        markup, tags=TAGS, attributes=ATTRIBUTES, clean_content_tags=UNSEEN, attribute_filter=partial(_kept, pictures),
        link_rel="noopener noreferrer nofollow", set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto", "tel", "cid"}, generic_attribute_prefixes=set(),
    )  # fmt: skip
    own = set(pictures.values())
    seen = _IMAGE.sub(lambda image: _picture(image, own, missing), cleaned)
    return Markup(_HEADING.sub(_no_heading, seen))


def _kept(pictures: Mapping[str, str], tag: str, name: str, value: str) -> str | None:
    """An attribute as it stays, None where it goes."""
    match name:
        case "href":
            return value if value.strip().lower().startswith(SCHEMES) else None
        case "src":
            scheme, _, id = value.strip().partition(":")
            return pictures.get(unquote(id)) if scheme.lower() == "cid" else None
        case "alt":
            return " ".join(value.replace("<", "‹").replace(">", "›").split())[:200]
        case "dir":
            return value.lower() if value.lower() in ("ltr", "rtl", "auto") else None
        case "rel" | "target":  # ours: a mail's own are not among ATTRIBUTES
            return value
        case _:
            return value if _SMALL.fullmatch(value) else None


def _picture(image: re.Match[str], own: set[str], missing: str) -> str:
    """The cleaner writes attributes in quotes and `_kept` leaves no > in those of pictures."""
    src = _SRC.search(image[1])
    alt = _ALT.search(image[1])
    if src and src[1] in own:
        return image[0] if alt else f'<img alt=""{image[1]}>'
    if _DOT.search(image[1]):
        return ""
    told = f"{escape(missing)}: {alt[1]}" if alt and alt[1] else escape(missing)
    return f'<span class="no-picture">{told}</span>'


def _no_heading(tag: re.Match[str]) -> str:
    """The headings of a page are the page's own."""
    return "</div" if tag[1] else '<div class="mail-heading"'
