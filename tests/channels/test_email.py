"""What a mail says, as `parse` understands it."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.channels._shape import Payload, Rejected, Understood
from hub.channels.email import channel
from hub.events.draft import Draft

RECEIVED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def payload(body: bytes | str) -> Payload:
    return Payload(body.encode() if isinstance(body, str) else body, "inbox", RECEIVED)


def understood(body: bytes | str) -> Draft:
    outcome = channel.parse(payload(body))
    assert isinstance(outcome, Understood)
    (draft,) = outcome.drafts
    return draft


def fields(body: bytes | str) -> dict[str, Any]:
    return understood(body).fields


MAIL = """\
Return-Path: <sara@example.ir>
Received: from mx by hub; Sun, 01 Mar 2026 11:59:00 +0000
From: =?utf-8?B?2LPYp9ix2Kc=?= <sara@example.ir>
To: Shop <help@shop.example>, "Doe, John" <john@shop.example>
Cc: team: a@shop.example, b@shop.example;
Subject: =?utf-8?Q?Where_is_my_?= =?utf-8?Q?order=3F?=
Message-ID: <m2@example.ir>
In-Reply-To: <m1@shop.example>
References: <m0@shop.example>
 <m1@shop.example>
Date: Sun, 1 Mar 2026 15:29:00 +0330

It is number 1234.
"""


def test_a_plain_mail_says_who_wrote_what_to_whom() -> None:
    mail = fields(MAIL)
    assert mail["from"] == {"name": "سارا", "address": "sara@example.ir"}
    assert mail["party"] == [{"kind": "email", "value": "sara@example.ir"}]
    assert mail["to"][1] == {"name": "Doe, John", "address": "john@shop.example"}
    assert [one["address"] for one in mail["cc"]] == ["a@shop.example", "b@shop.example"]
    assert (mail["subject"], mail["text"], mail["html"]) == ("Where is my order?", "It is number 1234.", None)
    assert (mail["channel"], mail["automatic"], mail["bounce"], mail["about"]) == ("email", "no", None, [])


def test_the_thread_is_the_first_reference_else_the_answered_mail_else_the_mail_itself() -> None:
    mail = fields(MAIL)
    assert (mail["thread"], mail["message"], mail["in_reply_to"]) == (
        "m0@shop.example",
        "m2@example.ir",
        "m1@shop.example",
    )
    assert mail["references"] == ["m0@shop.example", "m1@shop.example"]
    without = MAIL.replace("References: <m0@shop.example>\n <m1@shop.example>\n", "")
    assert fields(without)["thread"] == "m1@shop.example"
    assert fields(without.replace("In-Reply-To: <m1@shop.example>\n", ""))["thread"] == "m2@example.ir"
    alone = fields("From: a@example.com\n\nhello")
    assert alone["message"] is None
    assert len(alone["thread"]) == 64


def test_the_same_mail_through_another_door_is_the_same() -> None:
    other = "Received: from elsewhere by hub2; Sun, 01 Mar 2026 12:00:00 +0000\nX-Spam: no\n" + MAIL
    folded = other.replace("\n", "\r\n") + "\r\n\r\n"
    assert understood(folded).key == understood(MAIL).key
    assert fields(folded)["raw"] != fields(MAIL)["raw"]


@pytest.mark.parametrize(
    "change", [("number 1234", "number 1235"), ("order=3F", "order!"), ("15:29:00 +0330", "15:29:01 +0330")]
)
def test_different_mails_under_one_message_id_stay_apart(change: tuple[str, str]) -> None:
    assert understood(MAIL.replace(*change)).key != understood(MAIL).key


def test_mails_without_a_message_id_are_told_apart_by_what_they_say() -> None:
    assert understood("From: a@example.com\n\nhello").key != understood("From: a@example.com\n\nhello!").key


def test_a_believable_date_is_the_time() -> None:
    assert understood(MAIL).time == datetime(2026, 3, 1, 11, 59, tzinfo=UTC)
    assert fields(MAIL)["claimed_date"] is None


@pytest.mark.parametrize(
    "date", ["Thu, 1 Jan 1970 00:00:00 +0000", "Thu, 1 Jan 2099 00:00:00 +0000", "Fri, 31 Dec 9999 23:59:59 -2359"]
)
def test_a_date_that_cannot_be_is_kept_and_the_trace_is_believed(date: str) -> None:
    draft = understood(MAIL.replace("Sun, 1 Mar 2026 15:29:00 +0330", date))
    assert draft.time == datetime(2026, 3, 1, 11, 59, tzinfo=UTC)
    assert draft.fields["claimed_date"][:4] == date.split()[3]


@pytest.mark.parametrize("date", ["Tue, 1 Jan 1980 00:00:12 +0000", "Thu, 1 Jan 2015 03:30:00 +0330"])
def test_a_date_of_a_clock_that_began_anew_is_not_believed_where_the_mail_just_came(date: str) -> None:
    late = MAIL.replace("Sun, 1 Mar 2026 15:29:00 +0330", date)
    draft = understood(late)
    assert (draft.time, draft.fields["claimed_date"][:4]) == (datetime(2026, 3, 1, 11, 59, tzinfo=UTC), date.split()[3])
    archived = channel.parse(replace(payload(late), received=RECEIVED + timedelta(days=60)))  # an old mail, moved there once
    assert isinstance(archived, Understood)
    assert archived.drafts[0].time.year == int(date.split()[3])


def test_without_any_date_the_time_is_when_it_was_received() -> None:
    draft = understood("From: a@example.com\nDate: yesterday, I think\n\nhello")
    assert (draft.time, draft.fields["claimed_date"]) == (RECEIVED, None)


def test_times_are_aware_even_if_the_zone_is_not_said() -> None:
    assert understood("From: a@example.com\nDate: 1 Mar 2026 10:00:00\n\n").time.tzinfo is not None
    naive = replace(payload("From: a@example.com\n\n"), received=datetime(2026, 3, 1))
    outcome = channel.parse(naive)
    assert isinstance(outcome, Understood)
    assert outcome.drafts[0].time.tzinfo is not None


def test_a_mail_without_a_sender_is_understood_but_names_no_party() -> None:
    mail = fields("Subject: hello\n\nworld")
    assert mail["from"] is None
    assert "party" not in mail
    daemon = fields("From: MAILER-DAEMON\nSubject: hello\n\nworld")
    assert daemon["from"] == {"name": "", "address": "MAILER-DAEMON"}
    assert "party" not in daemon


@pytest.mark.parametrize(
    ("header", "name", "address"),
    [
        ("Doe, John <j@example.com>", "Doe, John", "j@example.com"),
        ("j@example.com (John Doe)", "John Doe", "j@example.com"),
        ("John Doe j@example.com", "John Doe", "j@example.com"),
        ('"Doe \\"JD\\" John" <j@example.com>', 'Doe "JD" John', "j@example.com"),
        ("<@relay.example,@b.example:j@example.com>", "", "j@example.com"),
        ("mailto:j@example.com", "", "j@example.com"),
        ("\"Sara\" [SMTP:j@example.com]", "Sara", "j@example.com"),
        ("Sara [mailto:j@example.com]", "Sara", "j@example.com"),
        ('"=?utf-8?q?J=C3=B6rg?=" <j@example.com>', "Jörg", "j@example.com"),
        ("'John' <j@example.com", "John", "j@example.com"),
        ("=?iso-8859-1?Q?M=FCller,=20J=F6rg?= <j@example.com>", "Müller, Jörg", "j@example.com"),
        ("=?utf-8?Q?J=C3=B6rg_(Sales):_EU?= <j@example.com>", "Jörg (Sales): EU", "j@example.com"),
        ('=?utf-8?Q?"J=C3=B6rg"?= <j@example.com>', "Jörg", "j@example.com"),
        ("=?utf-8?B?SsO2cmcgPGpAZXhhbXBsZS5jb20+?=", "Jörg", "j@example.com"),
        ("=?utf-8?Q?J=C3=B6rg_<j@example.com>?=", "Jörg", "j@example.com"),
        ('"John <j@example.com>', "John", "j@example.com"),
        ("John Doe (j@example.com)", "John Doe", "j@example.com"),
        ("John j@example.com>", "John", "j@example.com"),
        ("<<j@example.com>>", "", "j@example.com"),
    ],
)
def test_senders_are_read_however_they_are_written(header: str, name: str, address: str) -> None:
    assert fields(f"From: {header}\n\n")["from"] == {"name": name, "address": address}


@pytest.mark.parametrize(
    "body",
    [b"", b"\r\n\r\n", b"\x00\x01\x02\xff\xfe", b"hello there\nno header", b"PK\x03\x04" + bytes(range(256)) * 9],
)
def test_what_is_no_mail_is_rejected_with_the_place(body: bytes) -> None:
    outcome = channel.parse(payload(body))
    assert isinstance(outcome, Rejected)
    assert outcome.why
    assert (outcome.at or "").startswith("byte ")


def test_a_text_with_a_colon_is_not_a_mail() -> None:
    assert isinstance(channel.parse(payload("Dear all: this is a note.\n\nbye")), Rejected)


def test_a_line_that_lost_its_indentation_does_not_end_the_header() -> None:
    assert fields("From: a@example.com\nX-Long: a\nb c d\nSubject: still here\n\nhello")["subject"] == "still here"


MIXED = """\
From: a@example.com
Subject: files
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain

plain words
--inner
Content-Type: text/html

<p>html &amp; words</p>
--inner--
--outer
Content-Type: application/pdf; name="=?utf-8?B?2YHYp9qp2KrZiNixLnBkZg==?="
Content-Disposition: attachment
Content-Transfer-Encoding: base64

JVBERg==
--outer
Content-Type: image/png
Content-Disposition: inline; filename*0*=utf-8''na%C3%AF; filename*1=ve.png

PNG
--outer
Content-Type: message/rfc822

From: b@example.com
Content-Type: text/plain

not ours
--outer--
epilogue
"""


def test_text_html_and_files_are_told_apart() -> None:
    draft = understood(MIXED)
    assert (draft.fields["text"], draft.fields["html"]) == ("plain words", "<p>html &amp; words</p>")
    assert [(file.name, file.type) for file in draft.files] == [
        ("فاکتور.pdf", "application/pdf"),
        ("naïve.png", "image/png"),
        (None, "message/rfc822"),
    ]
    assert draft.files[0].content == b"%PDF"
    assert draft.files[1].content == b"PNG"


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\r\r\n"])
def test_lines_may_end_as_they_do_on_any_machine(ending: str) -> None:
    mail = (
        "From: a@example.com\nMessage-ID: <1@example.com>\nSubject: Order\nContent-Type: multipart/mixed; boundary=b\n\n"
        "--b\n\nIt is\nlate\n--b\nContent-Type: text/csv\nContent-Disposition: attachment; filename=a.csv\n\n1,2\n--b--\n"
    )
    other = understood(mail.replace("\n", ending))
    assert (other.fields["subject"], other.fields["text"]) == ("Order", "It is\nlate")
    assert [(file.name, file.content) for file in other.files] == [("a.csv", b"1,2")]
    assert other.key == understood(mail).key


def test_a_line_of_blanks_does_not_end_a_header_of_which_more_follows() -> None:
    mail = fields("From: a@example.com\nTo: b@example.com,\n\t\n\tc@example.com\nSubject: Order\n \nName: Sara")
    assert ([one["address"] for one in mail["to"]], mail["subject"]) == (["b@example.com", "c@example.com"], "Order")
    assert mail["text"] == "Name: Sara"


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_content_types_the_one_that_cuts_the_body_holds(turned: bool) -> None:
    types = ["Content-Type: multipart/mixed; boundary=b\n", "Content-Type: text/plain\n"]
    head = "From: a@example.com\n" + "".join(reversed(types) if turned else types)
    assert fields(f"{head}\n--b\n\nIt is late\n--b--\n")["text"] == "It is late"


def test_a_subject_is_one_line() -> None:
    assert fields("From: a@example.com\nSubject: =?utf-8?Q?It_is=0D=0Alate?=\n\nhello")["subject"] == "It is late"


def test_a_nul_in_a_header_costs_nothing_but_itself() -> None:
    assert fields("Fro\0m: a@example.com\nSub\0ject: O\0rder\n\nhello")["subject"] == "Order"


def test_a_truncated_mail_keeps_what_has_come() -> None:
    draft = understood(MIXED[: MIXED.index("JVBERg==") + 6])
    assert draft.fields["text"] == "plain words"
    assert draft.files[0].content == b"%PDF"[:4]


def test_a_mail_of_html_alone_is_readable() -> None:
    html = (
        "<html><head><title>t</title><style>p{}</style></head><body><p>Dear&nbsp;shop,</p>one<br>two<script>x</script>"
    )
    mail = fields(
        f"From: a@example.com\nContent-Type: text/html\n\n{html}<ul><li>a<li>b</ul><table><tr><td>1<td>2</table>3 < 4"
    )
    assert mail["text"].split("\n") == ["Dear shop,", "", "one", "two", "", "a", "b", "", "1 2", "", "3 < 4"]
    assert mail["html"].startswith("<html>")


@pytest.mark.parametrize("blank", ["", " \n\n", "\u00a0\n"])
def test_beside_a_blank_text_the_html_is_read(blank: str) -> None:
    parts = f"--b\nContent-Type: text/plain; charset=utf-8\n\n{blank}\n--b\nContent-Type: text/html\n\n<p>It is late</p>\n--b--\n"
    head = "From: a@example.com\nContent-Type: multipart/alternative; boundary=b\n\n"
    assert fields(head + parts)["text"] == "It is late"
    assert fields(head + parts.replace("<p>It is late</p>", ""))["text"].strip() == ""


def body_in(charset: str | None, data: bytes) -> str:
    header = f"; charset={charset}" if charset else ""
    text: str = fields(f"From: a@example.com\nContent-Type: text/plain{header}\n\n".encode() + data)["text"]
    return text


META = '<meta http-equiv="Content-Type" content="text/html; charset={}">'


@pytest.mark.parametrize("declared", ["", "; charset=us-ascii", "; charset=x-no-such"])
@pytest.mark.parametrize(
    ("charset", "words"), [("gb2312", "请问我的订单"), ("windows-1253", "Πού είναι"), ("iso-8859-2", "Żółty kubek")]
)
def test_html_of_which_the_header_says_no_charset_is_read_in_its_own(declared: str, charset: str, words: str) -> None:
    body = f"<html><head>{META.format(charset)}</head><body>{words}</body></html>"
    mail = fields(f"From: a@example.com\nSubject: {words}\nContent-Type: text/html{declared}\n\n{body}".encode(charset))
    assert (mail["subject"], mail["text"]) == (words, words)


@pytest.mark.parametrize("charset", ["utf-16", "x-no-such", "iso-8859-1"])
def test_html_that_names_a_wrong_charset_is_still_read(charset: str) -> None:
    mail = fields(f"From: a@example.com\nContent-Type: text/html\n\n<html>{META.format(charset)}سلام</html>".encode())
    assert mail["text"] == "سلام"


@pytest.mark.parametrize(
    ("charset", "encoded", "words"),
    [
        ("utf-8", "utf-8", "سلام، سفارش من کجاست؟"),
        ("iso-8859-1", "utf-8", "سلام، سفارش من کجاست؟"),
        ("windows-1256", "cp1256", "سلام، سفارش من"),
        ("x-no-such", "cp1256", "سلام، سفارش من"),
        (None, "cp1256", "سلام، سفارش من"),
        (None, "cp1251", "Добрый день"),
        ("us-ascii", "cp1252", "Grüße aus Köln"),
        ("base64", "utf-8", "naïve"),
        ("gb2312", "gb18030", "你好，我的订单"),
        ("iso-2022-jp", "iso2022_jp", "こんにちは"),
        ("utf-7", "utf-7", "Grüße"),
        (None, "koi8-r", "Здравствуйте, где мой заказ? Жду ответа."),
        (None, "cp1251", "Здравствуйте, где мой заказ? Жду ответа."),
        (None, "cp1256", "سلام، سفارش من کجاست؟ لطفا جواب دهيد".replace("ک", "ك")),
        (None, "iso2022_jp", "こんにちは"),
        ("gb2312", "utf-8", "请问我的订单"),
        ("shift_jis", "utf-8", "注文の確認"),
        ("euc-kr", "utf-8", "订单"),
        ("gbk", "gbk", "联通"),  # is UTF-8, too: of two letters of two bytes
    ],
)
def test_words_survive_a_wrong_an_unknown_and_a_missing_charset(charset: str | None, encoded: str, words: str) -> None:
    assert body_in(charset, words.encode(encoded)) == words


def test_a_part_in_utf_7_keeps_its_words_though_a_piece_of_it_is_broken() -> None:
    assert body_in("utf-7", b"Gr+APwA3w-e +2AA- +AD4 quoted").endswith("> quoted")


@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("koi8-r", "Где мой заказ?"),
        ("windows-1256", "سفارش"),
        ("gb2312", "您好，我的订单"),
        ("big5", "您好，我的訂單"),
        ("shift_jis", "注文の件です"),
        ("euc-kr", "안녕하세요"),
        ("iso-8859-7", "Καλημέρα"),
        ("windows-1255", "שלום"),
        ("iso-8859-2", "Dziękuję, żółty"),
        ("iso-2022-jp", "注文の件"),
    ],
)
def test_headers_in_raw_letters_are_read_in_the_charset_of_the_text(charset: str, words: str) -> None:
    raw = words.encode(charset)
    top = b"From: " + raw + b" <a@example.com>\nSubject: " + raw + b"\nContent-Type: multipart/mixed; boundary=b\n\n"
    text = b"--b\nContent-Type: text/plain; charset=" + charset.encode() + b"\n\nx\n"
    file = b"--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=" + raw + b".pdf\n\nx\n--b--\n"
    mail = understood(top + text + file)
    assert (mail.fields["subject"], mail.fields["from"]["name"]) == (words, words)
    assert [one.name for one in mail.files] == [words + ".pdf"]


def test_headers_in_utf_8_are_utf_8_whatever_the_text_is() -> None:
    mail = fields("Subject: سفارش من\nFrom: a@example.com\nContent-Type: text/plain; charset=gb2312\n\nx".encode())
    assert mail["subject"] == "سفارش من"


@pytest.mark.parametrize(
    "date",
    [
        "2025-11-03T10:15:00+01:00",
        "2025-11-03 10:15:00 +0100",
        "2025-11-03T09:15:00Z",
        "2025-11-03 09:15:00",
        "Mon, 3 Nov 2025 10:15:00 +01:00",
        "Mon, 3 Nov 2025 10:15:00 GMT+01:00",
        "Mon, 3 Nov 2025 10:15:00 UTC+1",
        "Mon, 3 Nov 2025 10:15:00 CET",
        "Mon, 03 Nov 2025 10:15:00 MEZ",
        "Mon, 03 Nov 2025 12:45:00 IRST",
        "Mon, 3 Nov 2025 6:15:00 PM +0900",
        "Monday, November 3, 2025 9:15 AM",
        "Mon, 3 Nov 2025 04:15:00 EST",
        "Mon, 3 Nov 2025 10:15:00 +0100 (CET)",
        "Mon, 3 Nov 2025 09:15:00 GMT",
        "Mon Nov  3 10:15:00 CET 2025",
        "lun., 3 nov. 2025 10:15:00 +0100",
        "lun, 3 noviembre 2025 10:15:00 +0100",
    ],
)
def test_a_date_is_read_however_its_mailer_spells_it(date: str) -> None:
    mail = understood(f"From: a@example.com\nDate: {date}\n\nhello")
    assert mail.time == datetime(2025, 11, 3, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize("month", ["Dez", "déc.", "Dic", "dezember", "Dec"])
def test_a_month_is_read_in_the_language_of_the_program_that_wrote_it(month: str) -> None:
    mail = understood(f"From: a@example.com\nDate: Mi, 03 {month} 2025 10:15:00 +0100\n\nhello")
    assert mail.time == datetime(2025, 12, 3, 9, 15, tzinfo=UTC)


def test_one_letter_outside_iso_2022_does_not_cost_the_others() -> None:
    data = "株式会社".encode("iso2022_jp") + b"\x1b$B-j\x1b(B" + "山田です。".encode("iso2022_jp")
    text = body_in("ISO-2022-JP", data)
    assert text.startswith("株式会社")
    assert text.rstrip().endswith("山田です。")
    assert "\x1b" not in text


def test_broken_utf_8_is_not_taken_for_another_script() -> None:
    assert body_in("utf-8", "سلام سفارش من".encode()[:-1]).startswith("سلام سفارش م")
    assert body_in(None, "سلام سفارش من".encode() + b"\xff").startswith("سلام سفارش من")


def test_nothing_comes_out_that_a_database_refuses() -> None:
    mail = b"From: \0a <a@example.com>\nSubject: =?utf-8?Q?a=00b?=\0\nContent-Type: text/plain; charset=utf-16\n\n"
    found = fields(mail + b"a\0\0\xd8b\0")
    assert found["subject"] == "ab"
    assert found["from"]["name"] == "a"
    assert "\0" not in found["text"]
    assert not any("\ud800" <= letter <= "\udfff" for letter in found["text"])


def test_encoded_words_may_be_cut_within_a_letter() -> None:
    first, second = base64.b64encode("س".encode()[:1]).decode(), base64.b64encode("س".encode()[1:]).decode()
    assert fields(f"From: a@b.c\nSubject: =?utf-8?B?{first}?=\n =?utf-8?B?{second}?= x\n\n")["subject"] == "س x"


@pytest.mark.parametrize(
    ("header", "party"),
    [
        ("From: Shop <wordpress@shop.example>", "sara@example.ir"),
        ("From: Shop <no-reply@shop.example>", "sara@example.ir"),
        ("From: \"'Sara' via Support\" <help@shop.example>", "sara@example.ir"),
        ("From: Help <help@shop.example>\nX-Original-From: Sara <Sara@example.ir>", "sara@example.ir"),
        ("From: Sara at work <sara@firm.example>", "sara@firm.example"),
        ("From: News <noreply@firm.example>\nList-Id: <news.firm.example>", "noreply@firm.example"),
    ],
)
def test_who_is_stood_in_for_is_named_by_where_the_answer_goes(header: str, party: str) -> None:
    mail = fields(f"{header}\nTo: hub@shop.example\nReply-To: Sara <sara@example.ir>\nSubject: order\n\nhello\n".encode())
    assert mail["party"] == [{"kind": "email", "value": party}]
    assert mail["reply_to"] == {"name": "Sara", "address": "sara@example.ir"}


@pytest.mark.parametrize("answers", ["hub@shop.example", "form@shop.example", "a@x.example, b@x.example", "nobody", ""])
def test_an_answer_goes_to_one_other_place_or_to_who_wrote(answers: str) -> None:
    mail = fields(f"From: form@shop.example\nTo: hub@shop.example\nReply-To: {answers}\nSubject: s\n\nhello\n".encode())
    assert (mail["reply_to"], mail["party"][0]["value"]) == (None, "form@shop.example")
