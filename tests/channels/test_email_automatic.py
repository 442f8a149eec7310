"""Machines are told from people, by general forms: none of these mails is from a collection."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.channels._shape import Payload, Understood
from hub.channels.email import channel

BOUNCES = Path(__file__).parents[3] / "shared" / "data" / "email_bounce"


def read(body: bytes | str) -> dict[str, Any]:
    data = body.encode() if isinstance(body, str) else body
    outcome = channel.parse(Payload(data, "inbox", datetime(2026, 3, 1, tzinfo=UTC)))
    assert isinstance(outcome, Understood)
    return outcome.drafts[0].fields


PERSON = "From: Sara <sara@example.ir>\nTo: help@shop.example\nSubject: {subject}\n{header}\n{text}\n"


def kind(subject: str = "hello", text: str = "hello", header: str = "", sender: str = "") -> str:
    mail = PERSON.format(subject=subject, text=text, header=header + "\n" if header else "")
    found: str = read(mail.replace("Sara <sara@example.ir>", sender) if sender else mail)["automatic"]
    return found


QMAIL = """Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<nobody@example.org>:
192.0.2.7 does not like recipient.
Remote host said: 550 5.1.1 unknown user
Giving up on 192.0.2.7.

--- Below this line is a copy of the message.
"""
EXIM = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  nobody@example.org
    SMTP error from remote mail server after RCPT TO:<nobody@example.org>:
    host mx.example.org [192.0.2.1]: 550 5.1.1 no such user
"""
EXCHANGE = """Delivery has failed to these recipients or groups:

nobody@example.org
The email address you entered couldn't be found.

Diagnostic information for administrators:

Generating server: EX01.example.net

nobody@example.org
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##
"""
GMAIL = """Delivery to the following recipient failed permanently:

     nobody@example.org

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the server.
The error that the other server returned was: 550 5.1.1 user unknown
"""
DOMINO = """Your message

  Subject: order

was not delivered to:

  nobody@example.org

because:

  User nobody not listed in Domino Directory
"""
YAHOO = """Sorry, we were unable to deliver your message to the following address.

<nobody@example.org>:
No MX or A records for example.org
"""
SENDMAIL = """The original message was received at Mon, 2 Mar 2026 10:00:00 GMT
from localhost

   ----- The following addresses had permanent fatal errors -----
<nobody@example.org>

   ----- Transcript of session follows -----
... while talking to mx.example.org.:
>>> RCPT To:<nobody@example.org>
<<< 550 5.1.1 <nobody@example.org>... User unknown
"""
NOT_REACHED = """Your message

  To:      orders@example.org
  Subject: order

did not reach the following recipient(s):

nobody@example.org on Mon, 4 May 2026 10:12:00 +0200
    The recipient name is not recognized
"""
SCANNER = """Your message with Subject: Re: order
could not be delivered to the following recipients:

nobody@example.org

Questions: postmaster@example.net
"""
ABSENT = "I am currently out of the office with limited access to email."


@pytest.mark.parametrize(
    ("sender", "subject", "header", "text"),
    [
        ("MAILER-DAEMON@mx.example.net", "failure notice", "Return-Path: <>", QMAIL),
        ("MAILER-DAEMON@mx.example.net", "failure notice", "", QMAIL),
        ("postmaster@mx.example.net", "failure notice", "", QMAIL),
        ("Mail System <robot@mx.example.net>", "Failure Notice", "", QMAIL),
        (
            "Mail Delivery System <Mailer-Daemon@mx.example.net>",
            "Mail delivery failed: returning message to sender",
            "",
            EXIM,
        ),
        (
            "noc@mx.example.net",
            "Mail delivery failed: returning message to sender",
            "X-Failed-Recipients: nobody@example.org",
            "hello",
        ),
        ("noc@mx.example.net", "Warning: message 1abc-000 delayed 24 hours", "Return-Path: <>", EXIM),
        (
            "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.net>",
            "Undeliverable: order",
            "",
            EXCHANGE,
        ),
        ("postmaster@example.net", "Undeliverable: Re: order", "", EXCHANGE),
        (
            "System Administrator <postmaster@example.net>",
            "Unzustellbar: Auftrag",
            "",
            "Diagnostic-Code: smtp;550 5.1.1\n",
        ),
        (
            "System Administrator <sysad@example.net>",
            "Undeliverable: order",
            "",
            "Your message did not reach some or all of the intended recipients.",
        ),
        (
            "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
            "Delivery Status Notification (Failure)",
            "",
            GMAIL,
        ),
        ("postmaster@example.net", "DELIVERY FAILURE: User not listed in Domino Directory", "", DOMINO),
        ("mailer-daemon@yahoo.example", "Failure Notice", "", YAHOO),
        ("Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>", "Returned mail: User unknown", "", SENDMAIL),
        (
            "Courier mail server at mx <courier@mx.example.net>",
            "NOTICE: mail delivery status.",
            "",
            "UNDELIVERABLE MAIL\n\n<nobody@example.org>:\n     550 User unknown.",
        ),
        (
            "postmaster@example.jp",
            "Mail System Error - Returned Mail",
            "Return-Path: <>",
            "<nobody@example.org>: User unknown",
        ),
        ("postmaster@shop.ir", "ایمیل شما تحویل داده نشد", "Return-Path: <>", "گیرنده پیدا نشد"),
        ("staff@example.net", "Notification", "Auto-Submitted: auto-replied", SENDMAIL),
        ("postmaster@example.net", "Undeliverable: order", "", NOT_REACHED),
        ("Postmaster <postmaster@example.net>", "Undeliverable Mail", "", "Invalid final delivery userid: nobody@example.org"),
        ("scan@example.net", "Delivery failure notification", "", SCANNER),
        ("smtp@example.net", "Returned Mail - Error", "", "------ Failed Recipients ------\n<nobody@example.org>: unavailable"),
        (
            "Mail Delivery Subsystem <admin@example.net>",
            "Automatically rejected mail",
            "Auto-Submitted: auto-replied (rejected)",
            "Your message to <nobody@example.org> was automatically rejected:\nQuota exceeded",
        ),
        ("postmaster@example.net", "Order", "X-MS-Embedded-Report:", "hello"),
        ("postmaster@example.net", "Onbestelbaar: bestelling", "", "Uw bericht aan nobody@example.org kan niet worden bezorgd."),
        ("PostMaster@example.cn", "系统退信", "", "您的邮件被退回来了\n收件人：nobody@example.org"),
        ("postmaster@example.jp", "配信不能: 注文", "", "nobody@example.org へのメッセージを配信できませんでした。"),
        ("robot@example.net", "Message you sent blocked", "", "Your message to: nobody@example.org\nwas blocked by a filter."),
        (
            "staff@example.net",
            "Delivery report",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
            "--b\n\nhello\n--b--",
        ),
        (
            "abuse@example.net",
            "FW: order",
            "Content-Type: multipart/report; report-type=feedback-report; boundary=b",
            "--b\n\nhello\n--b--",
        ),
    ],
)
def test_reports_of_mail_systems_are_bounces(sender: str, subject: str, header: str, text: str) -> None:
    assert kind(subject, text, header, sender) == "bounce"


@pytest.mark.parametrize(
    ("subject", "header", "text"),
    [
        ("anything", "Auto-Submitted: auto-replied", "hello"),
        ("anything", "Auto-Submitted: auto-generated; x=y", "hello"),
        ("anything", "X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated", "hello"),
        ("anything", "X-Autoreply: yes", "hello"),
        ("anything", "Precedence: auto_reply", "hello"),
        ("anything", "X-Autorespond: order", "hello"),
        ("anything", "Return-Path: <>", "hello"),
        ("Automatic reply: order 1234", "", "hello"),
        ("Automaattinen vastaus: tilaus", "", "hello"),
        ("Autoodpowiedź: zamówienie", "", "hello"),
        ("תגובה אוטומטית: הזמנה", "", "hello"),
        ("We have your mail", "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", "hello"),
        ("Automatyczna odpowiedź: zamówienie", "", "hello"),
        ("Odpowiedź automatyczna: zamówienie", "", "hello"),
        ("Автоматична відповідь: замовлення", "", "hello"),
        ("AUTO: Sara Ahmadi is out of the office (returning 04.05.2026)", "", "hello"),
        ("AUTO: Sara Ahmadi ist außer Haus (Rückkehr am 04.05.2026)", "", "hallo"),
        ("Sara Ahmadi is out of the office.", "", ABSENT),
        ("Vacation: order", "", ABSENT),
        ("Poza biurem: zamówienie", "In-Reply-To: <a@b>", "Wracam."),
        ("Samodejni odgovor: naročilo", "", "hello"),
        ("부재중 자동응답: 주문", "", "hello"),
        ("Thank you for your e-mail", "Return-Path: <>\nPrecedence: bulk", "I answer soon."),
        ("OOO Re: order", "", ABSENT),
        ("Out of office until 5 May", "", ABSENT),
        ("Out of office - Sara", "In-Reply-To: <a@b>\nX-Auto-Response-Suppress: All", "Back on Monday."),
        ("Automatische Antwort: Auftrag", "", "hallo"),
        ("Réponse automatique : commande", "", "bonjour"),
        ("Respuesta automática: pedido", "", "hola"),
        ("پاسخ خودکار: سفارش", "", "سلام"),
        ("自动回复: 订单", "", "hello"),
        ("Out of Office: order", "", ABSENT),
        ("Out of office", "In-Reply-To: <a@b>", "Back on Monday."),
        ("Abwesenheitsnotiz: Auftrag", "", "Ich bin bis zum 5. März nicht im Büro."),
        ("Absence du bureau", "", "Je suis actuellement absent."),
        ("On vacation", "Precedence: bulk\nX-Vacation: yes", "Back on Monday."),
        ("Re: order", "Return-Path: <>", "Danke!\n\nDies ist eine automatisch erstellte E-Mail ohne Antwort."),
        ("Re: order", "Auto-Submitted: auto-replied", "This message was sent automatically by our help desk."),
        ("Automatic reply: order", "Return-Path: <>", "Your message was not delivered to anybody, write to a@b.example"),
        ("Delivery status: on its way", "Auto-Submitted: auto-generated", "It comes today. Questions: a@b.example"),
        (
            "Read: order",
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
            "--b\n\nread\n--b--",
        ),
    ],
)
def test_answering_machines_are_replies(subject: str, header: str, text: str) -> None:
    assert kind(subject, text, header) == "reply"


@pytest.mark.parametrize(
    "header", ["List-Id: <news.example.net>", "Precedence: bulk", "List-Unsubscribe: <https://example.net/u>"]
)
def test_mail_to_many_is_a_list(header: str) -> None:
    assert kind(header=header) == "list"


@pytest.mark.parametrize(
    ("subject", "header", "text"),
    [
        ("Re: Undelivered Mail Returned to Sender", "", "What does this mean?\n\n> " + EXIM.replace("\n", "\n> ")),
        ("Fwd: Undeliverable: order", "", "See below.\n\n-------- Forwarded Message --------\n" + EXCHANGE),
        ("WG: Unzustellbar: Auftrag", "", EXCHANGE),
        ("FW: Mail delivery failed: returning message to sender", "", SENDMAIL),
        ("Undelivered parcel", "", "My parcel could not be delivered. Where is it?"),
        ("Delivery failed", "", "The courier says delivery failed. Please send it again."),
        ("Delivery status of order 1234?", "", "Your message said it had been shipped."),
        (
            "Delivery failed",
            "",
            "Recipient address: Main Street 5\nThe reason for the delivery failure is unknown to me.",
        ),
        ("Delivery failed", "", "Failed to deliver to: my home. The parcel was returned to sender."),
        ("تحویل نشد", "", "پیام شما رسید اما سفارش تحویل نشد."),
        ("Nicht zugestellt", "", "Ihre Nachricht sagt, das Paket sei da. Es wurde nicht zugestellt."),
        ("Returned mail", "", "The letter that I sent you came back."),
        ("Failure notice for my subscription", "", "I got one. Why?"),
        ("my bounce", "", "I get this from you:\n\n" + QMAIL),
        ("Auto: Bremsen", "", "Mein Auto quietscht."),
        ("Auto: Rückruf (Rückkehr zur Werkstatt)", "", "Muss mein Auto zurück?"),
        ("Auto reply does not work", "", "I switched it on, nothing happens."),
        ("Delivery failure", "", "It could not be delivered to the following recipient: my mother. Please send it again."),
        ("Absence le jour de la livraison", "", "Je suis absente du 4 au 10 mai, livrez ensuite."),
        ("Urlaub - bitte später liefern", "", "Ich bin bis zum 10. Mai verreist."),
        ("Abwesenheit bei Lieferung", "In-Reply-To: <a@b>", "Bitte liefern Sie am Dienstag."),
        ("Out of Office chair - order 12", "In-Reply-To: <a@b>", "The chair is broken."),
        ("خارج از اداره تحویل دهید", "In-Reply-To: <a@b>", "سلام، به خانه بفرستید."),
        ("Out of office chairs", "", "Do you have office chairs?"),
        ("Question", "", "I will be out of office next week, please deliver on Friday."),
        ("Re: Out of office", "", "When are you back?"),
        ("Re: Automatic reply: order", "In-Reply-To: <a@b>", "Thanks, but what about my order?"),
        ("Automatic door broken", "", "The reply of your colleague did not help."),
        ("order", "Auto-Submitted: no", "hello"),
        ("order", "Precedence: first-class", "hello"),
        ("order", "X-Auto-Response-Suppress: DR, RN", "hello"),
        ("Re: order", "X-Auto-Response-Suppress: DR, RN, OOF, AutoReply", "Here is your answer."),
        ("Re: order", "In-Reply-To: <a@b>\nList-Unsubscribe: <https://sales.example/u>", "Yes, please ship it."),
        ("Re: order", "In-Reply-To: <a@b>\nPrecedence: bulk\nAuto-Submitted: No", "The parts are on the way."),
        ("سفارش تحویل نشد", "", "سلام، سفارش من هنوز تحویل داده نشده است."),
        ("تحویل نشدن سفارش", "", "سلام. پیام شما رسید اما سفارش تحویل نشد."),
    ],
)
def test_people_are_people_whatever_they_write_about(subject: str, header: str, text: str) -> None:
    assert kind(subject, text, header) == "no"


OWN_GROUP = "List-Id: <support.shop.example>\nMailing-list: list support@shop.example; contact o@shop.example"


def test_what_came_through_the_organisations_own_group_is_no_list() -> None:
    assert kind(header=f"Delivered-To: hub@shop.example\nPrecedence: list\n{OWN_GROUP}") == "no"


@pytest.mark.parametrize(
    "header",
    [
        OWN_GROUP,
        f"Delivered-To: hub@other.example\n{OWN_GROUP}",
        f"Delivered-To: hub@other.example\nDelivered-To: mailing list support@shop.example\n{OWN_GROUP}",
        f"In-Reply-To: <a@b>\n{OWN_GROUP}",
    ],
)
def test_a_list_of_others_is_a_list(header: str) -> None:
    assert kind(header=header) == "list"


def test_a_keeper_of_a_mail_system_may_be_a_person() -> None:
    assert kind("Invoice 17", "Please find it attached.", sender="Postmaster <postmaster@example.net>") == "no"
    assert kind("Mail failure", "Does your mail work today? Mine is down.", sender="postmaster@example.net") == "no"


REPORT = """\
From: MAILER-DAEMON@mx.example.net
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; nobody@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <nobody@example.org> no such user

Final-Recipient: rfc822; ok@example.org
Action: delivered
Status: 2.0.0
--b--
"""


def test_a_report_names_those_whom_the_mail_did_not_reach_and_why() -> None:
    mail = read(REPORT)
    assert mail["about"] == [{"kind": "email", "value": "nobody@example.org"}]
    assert mail["bounce"] == {
        "form": "delivery-status",
        "status": "5.1.1",
        "action": "failed",
        "diagnostic": "smtp 550",
    }


def test_what_reached_one_of_two_did_not_reach_the_other() -> None:
    first, _, second = REPORT.partition("Final-Recipient: rfc822; nobody")
    lost, _, reached = second.partition("Final-Recipient: rfc822; ok")
    turned = f"{first}Final-Recipient: rfc822; ok{reached.replace('--b--', '')}\nFinal-Recipient: rfc822; nobody{lost}--b--\n"
    assert {name: read(turned)[name] for name in ("about", "bounce")} == {
        name: read(REPORT)[name] for name in ("about", "bounce")
    }


def test_a_report_that_a_mail_went_on_names_nobody_whom_it_did_not_reach() -> None:
    relayed = REPORT.replace("Sorry.", "<nobody@example.org>: delivered elsewhere").replace("Action: failed", "Action: relayed")
    mail = read(relayed)
    assert (mail["about"], mail["bounce"]["action"]) == ([], "relayed")


def test_who_was_written_to_did_not_get_it_whatever_he_is_called_within_the_others_house() -> None:
    mail = read(REPORT.replace("Action: failed", "Original-Recipient: rfc822; info@example.org\nAction: failed"))
    assert mail["about"] == [{"kind": "email", "value": "info@example.org"}]


def test_the_one_written_to_is_not_the_one_not_reached() -> None:
    mail = read(f"From: postmaster@example.net\nSubject: Undeliverable: order\n\n{NOT_REACHED}")
    assert mail["about"] == [{"kind": "email", "value": "nobody@example.org"}]


def test_of_many_addresses_in_sentences_none_is_taken() -> None:
    many = " ".join(f"try a{n}@example.org," for n in range(5))
    mail = read(f"From: MAILER-DAEMON@example.net\nSubject: Returned mail\n\nNo such user: {many} or others.\n")
    assert (mail["automatic"], mail["about"]) == ("bounce", [])


OLD_EXCHANGE = """Your message did not reach some or all of the intended recipients.

The following recipient(s) cannot be reached:

      nobody@example.org on 5/4/2026 10:12 AM
            The e-mail account does not exist.
            <mx.example.org #5.1.1>
"""
IN_A_SENTENCE = """User mailbox exceeds allowed size: nobody@example.org (#5.1.1 smtp;550 5.1.1)

Original message follows.

To: somebody.else@example.org
"""
REJECTED = """Your message to <nobody@example.org> was rejected. Ask postmaster@example.org for help.
550 5.1.1 no such user
"""
MAILTO = "Delivery has failed to these recipients:\n\nnobody@example.org<mailto:nobody@example.org>\n#550 5.1.1 unknown\n"


def test_a_gateways_own_form_is_a_bounce() -> None:
    text = "This is a delivery failure notification.\n-- nobody@example.org\n\nThe problem:\n-- 5.1.1 User unknown\n"
    mail = read(f"From: postmaster@gate.example\nSubject: [Postmaster] Email Delivery Failure\n\n{text}")
    assert (mail["automatic"], mail["bounce"]["status"]) == ("bounce", "5.1.1")
    assert [one["value"] for one in mail["about"]] == ["nobody@example.org"]


def test_a_recipient_is_read_beside_letters_of_any_script() -> None:
    for text in ("您的邮件被退回来了\n收件人：nobody@example.org\n", "nobody@example.org へのメッセージを配信できませんでした。"):
        mail = read(f"From: postmaster@example.net\nSubject: 系统退信\n\n{text}")
        assert mail["about"] == [{"kind": "email", "value": "nobody@example.org"}]


@pytest.mark.parametrize("text", [QMAIL, EXIM, EXCHANGE, GMAIL, SENDMAIL, OLD_EXCHANGE, MAILTO, IN_A_SENTENCE, REJECTED])
def test_a_bounce_without_a_report_is_read_from_its_text(text: str) -> None:
    mail = read("From: MAILER-DAEMON@mx.example.net\nSubject: failure notice\n\n" + text)
    assert mail["about"] == [{"kind": "email", "value": "nobody@example.org"}]
    assert mail["bounce"]["status"] == "5.1.1"


@pytest.mark.skipif(
    not BOUNCES.is_dir(), reason="the collection of real bounces, ../shared/data/email_bounce, is absent"
)
def test_of_the_real_bounces_all_are_automatic_but_the_one_that_a_person_forwards() -> None:
    people = {path.name for path in BOUNCES.glob("*.eml") if read(path.read_bytes())["automatic"] == "no"}
    assert people == {"lhost-sendmail-14.eml"}
