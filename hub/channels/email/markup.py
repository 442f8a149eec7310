"""Html read as text: a scanner that takes anything in one pass, so that no mail can make it slow or deep."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*)")
QUOTED = re.compile(r"""(?:[^>"']|"[^"]*+"|'[^']*+')*+>""")
QUOTATION = re.compile(r"""\s(?:type\s*=\s*["']?cite\b|class\s*=\s*["']?[^"'>]*\bgmail_quote\b)""", re.I)
BEGINS, ENDS = "\x0e", "\x0f"  # of a quotation, each on a line of its own; no words hold them
DEEPEST = 5  # further quotations within are marked as this one
UNSEEN = {
    "script": re.compile(r"</script", re.I),
    "style": re.compile(r"</style", re.I),
    "title": re.compile(r"</title", re.I),
}
NEW_LINE = {"br", "div", "tr", "li", "dt", "dd", "center", "form", "address", "option"}
NEW_PARAGRAPH = {
    "p",
    "table",
    "ul",
    "ol",
    "dl",
    "pre",
    "hr",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "article",
    "section",
    "header",
    "footer",
}


def as_text(markup: str) -> str:
    """The words of an html document, a line for each block; ">" before the lines of a mail that it answers."""
    joined = "".join(_pieces(markup))
    lines = [" ".join(line.split(" ")).strip() for line in re.sub(r" {2,}", " ", joined).split("\n")]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return _marked(text) if BEGINS in text else text


def _marked(text: str) -> str:
    out, depth = [], 0
    for line in text.split("\n"):
        if line in (BEGINS, ENDS):
            depth += 1 if line == BEGINS else -1
        else:
            out.append(f"{'>' * min(depth, DEEPEST)} {line}" if line and depth else line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()


def _pieces(markup: str) -> Iterator[str]:
    quotes = _Quotes(markup)
    cited: list[bool] = []
    at = 0
    while (found := markup.find("<", at)) >= 0:
        yield _words(markup[at:found])
        tag = TAG.match(markup, found)
        if tag is None:
            at, piece = _no_tag(markup, found)
            yield piece
            continue
        at = quotes.end_of_tag(tag.end())
        name = tag[2].lower()
        yield _break(name, bool(tag[1]))
        if name == "blockquote":
            yield _mark(cited, bool(tag[1]), markup[tag.end() : at])
        if name in UNSEEN and not tag[1]:
            ending = UNSEEN[name].search(markup, at)
            at = ending.start() if ending else len(markup)
    yield _words(markup[at:])


def _mark(cited: list[bool], closing: bool, attributes: str) -> str:
    """`cited`: of each open blockquote whether it is of a mail that is answered; the others are of this one."""
    if not closing:
        cited.append(QUOTATION.search(attributes[:500]) is not None)
        return f"{BEGINS}\n" if cited[-1] else ""
    return f"{ENDS}\n" if cited and cited.pop() else ""


def _no_tag(markup: str, found: int) -> tuple[int, str]:
    """Comments and declarations say nothing; a lone `<` is a word."""
    if markup.startswith("<!--", found):
        return _after(markup, "-->", found + 2), ""
    if markup[found + 1 : found + 2] in ("!", "?", "/"):
        return _after(markup, ">", found), ""
    return found + 1, "<"


def _after(markup: str, what: str, start: int) -> int:
    found = markup.find(what, start)
    return len(markup) if found < 0 else found + len(what)


class _Quotes:
    """The ends of tags. Once a quote has no end, quotes no longer count: else each tag would read all the rest."""

    def __init__(self, markup: str) -> None:
        self.markup, self.closed = markup, True

    def end_of_tag(self, start: int) -> int:
        found = QUOTED.match(self.markup, start) if self.closed else None
        if found is not None:
            return found.end()
        self.closed = False
        return _after(self.markup, ">", start)


def _break(name: str, closing: bool) -> str:
    if name in NEW_PARAGRAPH:
        return "\n\n"
    if name in NEW_LINE:
        return "" if closing and name in ("br", "li", "tr") else "\n"
    return " " if name in ("td", "th") else ""


def _words(text: str) -> str:
    """White space is one space, a no-break space (by whatever name) too."""
    return re.sub(r"[\s\x0e\x0f]+", " ", html.unescape(text)) if text else ""
