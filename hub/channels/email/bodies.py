"""Which parts of a mail are its text, its html and its attachments: RFC 8621, 4.1.4.

One step goes further than the RFC: media shown within the text are attachments too, as nothing else would keep them.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.channels.email.markup import as_text
from hub.channels.email.mime import Part, text_of
from hub.events.draft import File

INLINE_MEDIA = ("image/", "audio/", "video/")
# A mail's words are read by people and go through the log; what is longer is shown cut and goes along as a file, whole.
LONGEST_TEXT = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bodies:
    """`text` and `html`: parts to show one after the other, media among them; `attachments`: all else."""

    text: list[Part]
    html: list[Part]
    attachments: list[Part]


def sort_parts(root: Part) -> Bodies:
    text: list[Part] = []
    html: list[Part] = []
    attachments: list[Part] = []
    _sort([root], "mixed", False, text, html, attachments)
    return Bodies(text, html, attachments)


def _sort(
    parts: list[Part],
    inside: str,
    in_alternative: bool,
    text: list[Part] | None,
    html: list[Part] | None,
    attachments: list[Part],
) -> None:
    """`text` or `html` is None where an alternative has no form of that kind."""
    texts, htmls = _length(text), _length(html)
    for index, part in enumerate(parts):
        if part.multipart:
            kind = part.type.partition("/")[2]
            _sort(part.children, kind, in_alternative or kind == "alternative", text, html, attachments)
        elif not _inline(part, index, inside):
            attachments.append(part)
        elif inside == "alternative":
            _choose(part, text, html, attachments)
        else:
            if in_alternative:
                text = None if part.type == "text/html" else text
                html = None if part.type == "text/plain" else html
            _show(part, text, html, attachments)
    if inside == "alternative" and text is not None and html is not None:
        _complete(text, texts, html, htmls)


def _length(parts: list[Part] | None) -> int:
    return -1 if parts is None else len(parts)


def _inline(part: Part, index: int, inside: str) -> bool:
    shown = part.type in ("text/plain", "text/html") or _media(part)
    first = index == 0 or (inside != "related" and (_media(part) or not part.name))
    return part.disposition.value != "attachment" and shown and first


def _media(part: Part) -> bool:
    return part.type.startswith(INLINE_MEDIA)


def _choose(part: Part, text: list[Part] | None, html: list[Part] | None, attachments: list[Part]) -> None:
    chosen = {"text/plain": text, "text/html": html}.get(part.type, attachments)
    if chosen is not None:
        chosen.append(part)


def _show(part: Part, text: list[Part] | None, html: list[Part] | None, attachments: list[Part]) -> None:
    for shown in (text, html):
        if shown is not None:
            shown.append(part)
    if _media(part):
        attachments.append(part)


def _complete(text: list[Part], texts: int, html: list[Part], htmls: int) -> None:
    """An alternative with one form only is that form in both."""
    if texts == len(text) and htmls != len(html):
        text += html[htmls:]
    elif htmls == len(html) and texts != len(text):
        html += text[texts:]


def text_body(bodies: Bodies) -> str:
    """All that is to be read, in its order; html as text. A plain form that is blank stands for nothing."""
    types = ("text/plain", "text/html")
    read = _read(bodies.text, types)
    if not any(words.strip() for _, words in read):
        read = _read(bodies.html, types)
    return "\n".join((as_text(words) if type_ == "text/html" else words).strip("\n") for type_, words in read)


def html_body(bodies: Bodies) -> str | None:
    """The html that its sender wrote, not cleaned; None where there is none."""
    return "\n".join(words for _, words in _read(bodies.html, ("text/html",))) or None


def _read(parts: list[Part], types: tuple[str, ...]) -> list[tuple[str, str]]:
    """The type and the words of each, as far as there is room."""
    room, out = LONGEST_TEXT, []
    for part in parts:
        if part.type in types and room > 0:
            out.append((part.type, text_of(part, room)))
            room -= part.end - part.start
    return out


def files(bodies: Bodies) -> tuple[File, ...]:
    """The attachments in their order, then the texts for which there was no room."""
    cut = {id(part): part for parts in (bodies.text, bodies.html) for part in _cut(parts)}
    return tuple(File(part.name, part.type, part.decoded()) for part in [*bodies.attachments, *cut.values()])


def _cut(parts: list[Part]) -> list[Part]:
    texts = [part for part in parts if not _media(part)]
    return texts if sum(part.end - part.start for part in texts) > LONGEST_TEXT else []
