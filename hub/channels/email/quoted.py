"""What a mail says itself, without the mails that hang below it.

Nothing is lost: the whole text stays where it is, and where the two cannot be told apart the whole is what is said. So a
forwarded mail is kept, for it is new to us, and so are answers written between the lines of a quotation.

Mail programs begin the quotation in one of four ways: a line that says who wrote when, a block of header lines, a line of
dashes with words, or ">" before each line. The words are theirs, in the languages of their installations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_LONGEST = 400  # characters of a line that can begin a quotation
_SEARCHED = 1_000  # lines in which it begins: nobody writes more above what he answers, and every line takes its time
_ABOVE = 4  # lines over which a mail program folds it
_CITED = 40  # lines in which a further paragraph shows itself
_BLOCK = 8  # lines within which a block of header lines shows itself

_VERBS = (
    r"(?:\b(?:wrote|writes|schrieb|schrieben sie|geschrieben|schreef|geschreven|écrit|escribió|escribio|escreveu|scritto|skrev|"
    r"kirjoitti|napisała?|napisana|pisze|napísal|napsala?|írta|a scris|yazdı|написала?|пишет|пише|έγραψε|đã viết|menulis|"
    r"написа|је написао/ла|napisao/la|napisa(?:o|la) je|rašė|rakstīja|kirjutas)\b|เขียนว่า|ने लिखा|"
    r"napisał\(a\)|napsal\(a\)|написал\(а\)|"
    r"نوشته است|نوشته‌است|نوشت|كتب(?:ت)?|کتب|写道|寫道|のメッセージ|のメール|さん|書きました|작성)"
)
_WROTE = re.compile(rf"{_VERBS}\s*[:：]?\s*$", re.IGNORECASE)
# The verb before the name, or the date after both: "Am 4.5.26 um 10:12 schrieb Sara:", "Sara wrote on 05/04/2026 10:12:33:"
_WRITES = re.compile(rf"{_VERBS}.*[:：]$", re.IGNORECASE)
_DATED_LAST = re.compile(r"\d[:.]\d{2}(?: ?[ap]m)?\)?[:：]$", re.IGNORECASE)
_TIME = re.compile(r"(?<![\d.])\d{1,2}[:.h]\d{2}(?![\d.])")
_SAME_LINE = re.compile(rf"[>)] ?{_VERBS} ?[:：] {{2,}}\S", re.IGNORECASE)
_OPENS = re.compile(
    r"\W{0,3}(?:(?:on|am|le|el|il|em|op|den|på|pe|w dniu|dnia|dne|в|tarihinde|στις|vào|pada|در|في|بتاريخ|at|date)\b|在\s?\d)",
    re.IGNORECASE,
)
# Who cites us, or himself, writes such words, too: it takes more to make a mail program's of them.
_IN_PERSON = re.compile(
    r"\b(?:i|we|me|my|you|your|ich|wir|mir|sie|ihr\w{0,2}|je|nous|vous|votre|tu|yo|usted|jag|jeg|ik|wij|я|мы|вы|ваш\w{0,2})\b|"
    r"\b(?:من|ما|شما|همکار\w{0,5})\b",
    re.IGNORECASE,
)
# What some write instead, where ">" follows.
_QUOTING = re.compile(
    r"(?:quoting|zitat von|citando|citat (?:av|från|fra)|citation de|cytowanie|excerpts from)\b.{2,150}[:：]$", re.IGNORECASE
)
# "---- Sara wrote ----": as good as a colon
_FRAMED = re.compile(r"\s*[-\u2010-\u2015]{2,}\s?([^-\u2010-\u2015\s].{2,300}?)\s?[-\u2010-\u2015]{2,}\s*")
_SPEAKS = re.compile(r"\W{0,3}(?:i|we|you|ich|wir|je|nous|yo|jag|jeg|ik|من|ما|شما)\b", re.IGNORECASE)
_BRACKETED = re.compile(r"[<(][^\s@<>()]{1,64}@[^\s@<>()]{1,190}[>)]")
_ADDRESS = re.compile(r"(?<=[^\s@<>()\[\]])@[^\s@<>()\[\]]")  # that there is one; each letter is looked at once
_NAME = re.compile(r"[\"“„'][^\"”“']{2,60}[\"”“']")
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}[:.h]\d{2}|(?:19|20|13|14)\d{2}|\d{1,4}[./-]\d{1,2}[./-]\d{1,4})(?!\d)|[۰-۹٠-٩]{1,4}[:/][۰-۹٠-٩]{1,2}"
)

_YEAR = re.compile(r"(?<!\d)(?:19|20|13|14)\d{2}(?!\d)")
_FROM = re.compile(
    r"[*_\s]{0,12}(?:from|von|de|da|van|från|fra|od|от|від|από|lähettäjä|gönderen|kimden|feladó|expéditeur|mittente|remitente|"
    r"de la|šalje|nuo|no|saatja|από|từ|dari|จาก|шаље|од|보낸사람|"
    r"از|فرستنده|من|المرسل|מאת|发件人|寄件者|差出人|보낸 사람)\s{0,3}[*_]{0,2}\s?[:：]",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"[*_\s]{0,12}(?:(?P<subject>subject|betreff|objet|sujet|oggetto|onderwerp|asunto|assunto|ämne|emne|temat|předmět|тема|aihe|konu|"
    r"tárgy|θέμα|موضوع|الموضوع|נושא|主题|主旨|件名|제목|predmet|subiect|относно|zadeva|tēma|teema|наслов|เรื่อง|chủ đề|"
    r"perihal|subjek|assumpte|ogg)|(?P<sent>"
    r"sent|gesendet|envoyé(?: le)?|inviato|verzonden|enviad[oa]s?(?: el| em)?|enviat|skickat|sendt|wysłano|odesláno|"
    r"odoslané|отправлено|надіслано|изпратено|послато|poslano|trimis|išsiųsta|nosūtīts|saadetud|lähetetty|"
    r"gönderil(?:me tarihi|di)|elküldve|στάλθηκε|נשלח|ارسال(?: شده)?|تم الإرسال|发送时间|发送日期|寄件日期|送信日時|보낸 날짜|"
    r"ส่ง|đã gửi|dikirim)|"
    r"date|to|cc|reply-to|datum|an|à|a|data|message du|copie(?: à)?|"
    r"aan|fecha|para|till|dato|til|do|"
    r"komu|дата|кому|vastaanottaja|päiväys|tarih|"
    r"kime|alıcı|címzett|προς|אל|către|до|prima|прима|za|kam|adressaat|ถึง|วันที่|đến|tới|ngày|kepada|tanggal|dátum|"
    r"تاریخ|به|گیرنده|رونوشت|التاريخ|إلى|"
    r"日期|收件[人者]|日時|宛先|받는 ?사람|날짜)\s{0,3}[*_]{0,2}\s?[:：]",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"\W{0,3}[-\u2010-\u2015_*=]{2,30}(?:\s|&nbsp;){0,3}(?:original(?:e|nachricht|[ -]?(?:message|nachricht|appointment))?|"
    r"repl(?:y|ied) message|"
    r"reply above[^-\n]{0,40}|"
    r"ursprüngliche (?:nachricht|e-?mail)|antwort nachricht|"
    r"message d['’]origine|(?:message|mail) original|mensaje original|mensagem original|messaggio originale|"
    r"oorspronkelijk bericht|oprindelig (?:meddelelse|besked)|opprinnelig melding|ursprungligt meddelande|oryginalna wiadomość|"
    r"wiadomość oryginalna|alkuperäinen viesti|původní (?:zpráva|e-?mail)|pôvodná správa|исходное сообщение|"
    r"eredeti (?:üzenet|levél)|"
    r"mesaj(?:ul)? original|(?:orijinal|özgün) (?:mesaj|ileti)|αρχικό μήνυμα|(?:оригінальне|вихідне) повідомлення|"
    r"оригинално съобщение|(?:izvorna|originalna) poruka|izvirno sporočilo|thư gốc|pesan asli|הודעה מקורית|"
    r"پیام اصلی|الرسالة الأصلية|原始(?:邮件|郵件)|回复的原邮件|回覆的原郵件|元のメッセージ|원본 ?(?:메일|메시지|이메일))"
    r"(?:\s|&nbsp;){0,3}(?:[-\u2010-\u2015_*=]{2}|[:：]?\s{0,3}$|from\s?:)",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"\W{0,16}(?:begin forwarded message|forwarded (?:message|by)|"
    r"(?:[^\W\d]+\s){0,3}(?:weitergeleiteten? nachricht|message transféré|mensaje reenviado|"
    r"mensagem (?:re)?encaminhada|messaggio inoltrato|doorgestuurd bericht|videresendt|vidarebefordrat|"
    r"przekazana wiadomość|wiadomość przekazana|przekazywanej wiadomości|välitetty viesti|iletilen (?:ileti|mesaj)|"
    r"пересылаемое сообщение|(?:переадресованн|перенаправленн)\w+ сообщени\w|الرسالة المحولة|"
    r"پیام (?:فرستاده|هدایت|ارسال)[ \u200c]?شده)|転送された|转发的?邮件|전달된)",
    re.IGNORECASE,
)
_FORWARDS = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|enc|i|vs|vb|vl|pd|i̇?lt|doorst|转发|轉寄|転送|ارجاع)\s*(?:\[\d{1,3}\])?\s*[:：]", re.IGNORECASE
)
_RULE = re.compile(r"\s*(?:[_\u2010-\u2015-]{10,}|[-\u2010-\u2015_*=]{3,}[^-\u2010-\u2015_*=]{2,60}[-\u2010-\u2015_*=]{3,})\s*")


@dataclass(frozen=True, slots=True)
class _History:
    """Where a quotation begins, above its first line; `body` is the line below what says so."""

    start: int
    body: int


def said(text: str, subject: str | None = None) -> str | None:
    """The text without its quoted history; None where there is none, or nothing but it. `subject`: "Fwd:" says a forward."""
    lines = text.replace("\r\n", "\n").split("\n")
    bare = [_MARKS.sub("", line[: _LONGEST + 1]) for line in lines]
    found = _history(bare, _FORWARDS.match(subject or "") is not None) or _marked_tail(bare)
    if found is None:
        return None
    kept = "\n".join(_without(lines, bare, found)).strip()
    return kept if kept and kept != text.strip() else None


def _history(lines: Sequence[str], forwards: bool) -> _History | None:
    """A forwarded mail ends the search: it is new, and what it quotes as well."""
    for n, line in enumerate(lines[:_SEARCHED]):
        if not line.strip() or len(line) > _LONGEST:
            continue
        if _FORWARDED.match(line) and (not line.lstrip().startswith(">") or _is_run(lines, n)):
            return _History(len(lines), len(lines))
        if _ORIGINAL.match(line):
            return _History(len(lines) if forwards else n, len(lines))
        if _header_block(lines, n):
            return _History(len(lines) if forwards else _fields_above(lines, n), len(lines))
        if _SAME_LINE.search(line) and _OPENS.match(line) and _DATE.search(line):
            return _History(n, len(lines))
        start = _who_wrote(lines, n)
        if start is not None:
            return _History(start, n + 1)
    return None


def _who_wrote(lines: Sequence[str], end: int) -> int | None:
    """Where the words begin that end here and say who wrote when; None where they are no such words.

    A person may cite in such words what was written to him: he has more to say below.
    """
    last = lines[end].strip(" \t-")
    verb = _WROTE.search(last)
    quoted = _quoted(lines, end + 1)
    if _without_colon(lines[end].strip(), quoted):
        return end
    if (last.startswith(">") and last != ">:") or not (verb or last.endswith((":", "："))):
        return None
    dated = _dated_words(lines, end, verb is not None, quoted)
    return end if dated is None and quoted and _undated(last) else dated


def _dated_words(lines: Sequence[str], end: int, verb: bool, quoted: bool) -> int | None:
    for start in range(end, max(-1, end - _ABOVE), -1):
        marked = start < end and lines[start].lstrip().startswith(">")
        if not lines[start].strip() or marked or len(lines[start]) > _LONGEST:
            return None
        block = " ".join(line.strip() for line in lines[start : end + 1])
        if _SPEAKS.match(block):
            return None
        dated, named = _DATE.search(block), _ADDRESS.search(block) or _NAME.search(block)
        told = _told(block, verb, quoted) and (named or quoted or not _cites(lines, block, end))
        if dated and (told or (named and (_begins(block, folded=end - start > 1) or quoted))):
            return _opening(lines, start)
        if verb and named and quoted and _OPENS.match(block):
            return start
    return None


def _without_colon(line: str, quoted: bool) -> bool:
    """`---- Sara wrote ----`, `Am 03.11.25 um 10:15 schrieb Sara <s@example.com>`, `2025/11/3 Sara <s@example.com>`"""
    if framed := _FRAMED.fullmatch(line):
        dated = _OPENS.match(framed[1]) and _WRITES.search(framed[1] + ":")
        return bool(dated or _WROTE.search(framed[1]))
    if not (_BRACKETED.search(line) and line.endswith(">") and not line.startswith(">")):
        return False
    opened = _OPENS.match(line) and _TIME.search(line) and _WRITES.search(line + ":")
    return bool(opened or (_DATE.match(line) and quoted))


def _undated(line: str) -> bool:
    """What a person may write, too, and a mail program where ">" follows."""
    if line.startswith(">") or len(line) > 120 or not line.endswith((":", "：")):
        return False
    return bool(_QUOTING.match(line) or (_WROTE.search(line) and not _IN_PERSON.search(line)))


def _told(block: str, verb: bool, quoted: bool) -> bool:
    """Whether the words say that somebody wrote: at their end, or within a line that is of a mail program's form."""
    begins = _OPENS.match(block) or _DATE.match(block)
    if verb:
        return bool(begins or quoted or _ADDRESS.search(block) or _NAME.search(block))
    form = (begins and _TIME.search(block)) or quoted or _DATED_LAST.search(block) or _BRACKETED.search(block)
    return len(block) <= 200 and bool(form and _WRITES.search(block))


def _cites(lines: Sequence[str], block: str, end: int) -> bool:
    return _IN_PERSON.search(block) is not None and _paragraphs(lines[end + 1 : end + 1 + _CITED]) != 1


def _paragraphs(lines: Sequence[str]) -> int:
    return sum(bool(line.strip()) and (n == 0 or not lines[n - 1].strip()) for n, line in enumerate(lines))


def _begins(block: str, folded: bool) -> bool:
    """A line without a verb that is all date and sender: `2017-11-24 16:32 GMT+01:00 Sara <s@example.com>:`; in
    languages whose verb is not known the date may stand last."""
    dated, named = _DATE.search(block), _ADDRESS.search(block)
    if not (dated and named and len(block) <= 200):
        return False
    first = dated.start() <= 40 and block.endswith((">:", ">：", "):"))
    whole = not folded and all(form.search(block) for form in (_BRACKETED, _TIME, _YEAR))
    return first or (whole and not _IN_PERSON.search(block))


def _opening(lines: Sequence[str], start: int) -> int:
    """The first of the lines over which the words are folded."""
    for above in range(start - 1, max(-1, start - _ABOVE), -1):
        line = lines[above].strip()
        if not line or len(line) > 100 or line.endswith((".", "!", "?", ":")):
            break
        if _OPENS.match(line) and _DATE.search(line):
            return above
    return start


def _header_block(lines: Sequence[str], n: int) -> bool:
    """Of a mail: a journey, too, is from here to there on a day, but has neither an address nor a subject."""
    if not _FROM.match(lines[n]):
        return False
    below = [line for line in lines[n + 1 : n + 1 + _BLOCK] if line.strip()]
    above = lines[_top(lines, n) : n]
    fields = [field for line in [*above, *below[:6]] if (field := _FIELD.match(line))]
    if len(fields) < (3 if above else 2):
        return False
    return bool(_ADDRESS.search(lines[n])) or any(f["subject"] or (f["sent"] and _TIME.search(f.string)) for f in fields)


def _fields_above(lines: Sequence[str], n: int) -> int:
    """Some begin their block with the date."""
    return _rule_above(lines, _top(lines, n))


def _top(lines: Sequence[str], n: int) -> int:
    above = n
    while above and n - above < 3 and _FIELD.match(lines[above - 1]):
        above -= 1
    return above


def _rule_above(lines: Sequence[str], n: int) -> int:
    above = n - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and _RULE.fullmatch(lines[above]) else n


def _quoted(lines: Sequence[str], n: int) -> bool:
    """Whether a line with ">" comes next."""
    following = next((line for line in lines[n : n + 3] if line.strip()), "")
    return following.lstrip().startswith(">")


def _marked_tail(lines: Sequence[str]) -> _History | None:
    """Lines with ">" to the very end, or to a signature, which nothing announces."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    start = end
    while start and (not lines[start - 1].strip() or lines[start - 1].lstrip().startswith(">")):
        start -= 1
    while start < end and not lines[start].strip():
        start += 1
    runs = sum(_is_run(lines, n) for n in range(start))
    return _History(start, start) if start < end and not runs else None


def _is_run(lines: Sequence[str], n: int) -> bool:
    """Whether a run of lines with ">" begins here."""
    return lines[n].lstrip().startswith(">") and (n == 0 or not lines[n - 1].lstrip().startswith(">"))


def _without(lines: Sequence[str], bare: Sequence[str], found: _History) -> list[str]:
    """What is left. Where ">" marks the quotation, what stands below it is said too."""
    above = list(lines[: found.start])
    if not _quoted(bare, found.body):
        return above
    below = found.body
    while below < len(lines) and (not bare[below].strip() or bare[below].lstrip().startswith(">")):
        below += 1
    rest = bare[below:]
    if any(line.lstrip().startswith(">") for line in rest):
        return list(lines)  # written between the lines of the quotation: neither makes sense without the other
    return [*above, *([] if _nothing(above) or _nothing(lines[below:]) else [""]), *lines[below:]]


def _nothing(lines: Sequence[str]) -> bool:
    return not any(line.strip() for line in lines)
