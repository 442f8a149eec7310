"""The days between the stories: what about two hundred people want from a shop in a month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from hub.demo.clock import later, open_from
from hub.demo.diary import Call, Enclosure, Mail
from hub.demo.people import PERSIAN_DIGITS, Party, Person, email, phone, spelled
from hub.demo.pictures import page, photo
from hub.demo.purchases import Purchase, tracking
from hub.demo.scene import Scene
from hub.demo.shop import (
    COLLEAGUES,
    MAIL,
    NAME,
    ON_THE_PHONE,
    PRODUCTS,
    QUEUES,
    SITE,
    Colleague,
    Product,
    colleague_for,
)
from hub.demo.texts import CALLS, CHATS, MANNERS, SMS, SMS_ANSWERS, TOPICS, Topic
from hub.demo.texts.elsewhere import AWAY, BOUNCE, NEWSLETTERS, PAGES, QMAIL_BOUNCE, RECORDED, VISITS

MONTH = {"mails": 865, "calls": 860, "messages": 400, "visits": 90, "recorded": 170, "forms": 52, "pages": 270}
"""How many of each the month has in all, stories included."""
MACHINES = {"bounces": 24, "absences": 30, "newsletters": 40}
"""Mails that nobody wrote."""

DRESSES = {
    "fa": (
        "utf-8 base64",
        "utf-8 base64",
        "utf-8 quoted-printable",
        "utf-8 8bit",
        "windows-1256 base64",
        "windows-1256 quoted-printable",
        "windows-1256 8bit",
    ),
    "en": ("us-ascii 7bit", "utf-8 quoted-printable", "utf-8 base64", "iso-8859-1 quoted-printable", "utf-8 8bit"),
}


@dataclass(frozen=True, slots=True)
class Matter:
    """Who wants something, about which order or thing."""

    person: Person
    item: Product
    order: Purchase | None

    def said(self, scene: Scene, text: str, by: Colleague) -> str:
        """A text with its blanks filled in, in the customer's language and, half of the time, his digits."""
        persian = self.person.language == "fa"
        number = self.order.number if self.order else ""
        filled = text.format(
            order=number.translate(PERSIAN_DIGITS) if persian and scene.rng.random() < 0.5 else number,
            item=self.item.title_fa if persian else self.item.title,
            sku=self.item.sku,
            city=self.person.city,
            agent=by.name_fa if persian else by.name,
            formal=self.person.formal,
            tracking=self.order.tracking if self.order else tracking(scene.rng),
            daytime=scene.rng.choice(("morning", "afternoon")),
        )
        return filled[:1].upper() + filled[1:]


def live_through(scene: Scene, share: float = 1.0) -> None:
    """Fills the diary until it has this share of what MONTH says."""
    _machines_write(scene, share)
    told: set[tuple[str, str]] = set()
    filling: tuple[tuple[str, Callable[[Scene], None]], ...] = (
        ("mails", partial(_mails_go_back_and_forth, told=told)),
        ("calls", _somebody_calls),
        ("messages", _somebody_chats),
        ("visits", _somebody_comes),
        ("recorded", _something_else_comes),
        ("forms", _somebody_fills_in_a_form),
        ("pages", _somebody_browses),
    )
    for kind, happens in filling:
        while scene.diary.counts[kind] < round(MONTH[kind] * share):
            happens(scene)


def _matter(scene: Scene, topic: Topic | None = None) -> Matter | None:
    """Somebody with something in mind that fits the topic; None if this draw does not."""
    order = scene.rng.choice(list(scene.orders.values()))
    if not order.key.startswith("everyday") or order.placed >= scene.clock.now:
        return None
    if topic and topic.repairable and not order.item.repairable:
        return None
    return Matter(order.person, order.item, order)


def _anybody(scene: Scene) -> Matter:
    while not (matter := _matter(scene)):
        continue
    if scene.rng.random() < 0.25:
        person = scene.rng.choice(_crowd(scene))
        own = [order for order in scene.orders.values() if order.person == person and order.placed < scene.clock.now]
        return Matter(person, scene.rng.choice(PRODUCTS), scene.rng.choice(own) if own else None)
    return matter


T = TypeVar("T", str, tuple[str, ...])


def _sayable(matter: Matter, texts: Sequence[T]) -> list[T]:
    """Those of these texts that he can say: who has ordered nothing names no order."""
    return [one for one in texts if matter.order or not any(blank in str(one) for blank in ("{order}", "{tracking}"))]


def _crowd(scene: Scene) -> list[Person]:
    """Those without a story: what happens to the others is told elsewhere."""
    return [person for person in scene.people.values() if person.key[:3] in ("fa-", "en-")]


# --- mail ---------------------------------------------------------------------------------------------------------


def _mails_go_back_and_forth(scene: Scene, told: set[tuple[str, str]]) -> None:
    """One conversation by mail: a question, mostly an answer, sometimes more. Nobody asks the same twice."""
    rng = scene.rng
    topic = rng.choice(TOPICS[rng.choice(("fa", "fa", "en"))])
    matter = _matter(scene, topic)
    if not matter or not matter.person.emails or topic not in TOPICS[matter.person.language]:
        return
    time = _when(scene, matter, topic)
    key = (topic.name, matter.order.key if matter.order else matter.person.key)
    if time is None or not scene.clock.start <= time <= scene.clock.now or key in told:
        return
    told.add(key)
    _converse(scene, matter, topic, time)


def _converse(scene: Scene, matter: Matter, topic: Topic, time: datetime) -> None:
    rng, by = scene.rng, colleague_for(topic.department)
    if rng.random() < 0.3:
        _looks_up(scene, matter, time - timedelta(minutes=rng.randrange(2, 50)))
    mail = _asks(scene, matter, topic, time, by)
    answered = open_from(later(time, rng, 0.2, 8), rng)
    # What is old was answered, in one way or another; open tickets are those of the last days.
    recent = scene.clock.now - time < timedelta(days=2)
    last = _goes_on(scene, matter, topic, mail, answered, by) if rng.random() < 0.75 else None
    if (last or recent) and rng.random() < 0.7:
        _ticket(scene, matter, topic, mail, answered, last, by)
    if rng.random() < 0.2:
        _calls_about(scene, matter, later(time, rng, 2, 30))


HOURS = {"placed": (0.2, 5), "paid": (24, 90), "delivered": (1, 70), "cancelled": (-2, -0.4), "returned": (-46, -30)}
"""When people write, from the stage that makes them; before it, where their mail is the reason for it."""


def _when(scene: Scene, matter: Matter, topic: Topic) -> datetime | None:
    if topic.after is None or matter.order is None:
        return scene.clock.awake(scene.rng)
    reached = matter.order.reached(topic.after)
    if reached is None:
        return None
    time = later(reached, scene.rng, *HOURS[topic.after])
    too_late = matter.order.reached(topic.before) if topic.before else None
    return None if too_late and time >= too_late else time


def _asks(scene: Scene, matter: Matter, topic: Topic, time: datetime, by: Colleague) -> Mail:
    rng, person = scene.rng, matter.person
    manners = MANNERS[person.language]
    name = person.latin if sum(person.key.encode()) % 3 == 0 else person.name
    ending = [rng.choice(manners.closings), person.name]
    if rng.random() < 0.4:
        ending.append(spelled(person.phones[0], rng))
    asked = matter.said(scene, rng.choice(topic.asks), by)
    text = f"{rng.choice(manners.greetings)}\n\n{asked}\n\n" + "\n".join(ending)
    token = f"{scene.diary.token()}@mail.{person.emails[0].partition('@')[2]}"
    subject = matter.said(scene, rng.choice(topic.subjects), by)
    return scene.diary.mail(
        Mail(
            time,
            token,
            name,
            person.emails[0],
            subject,
            text,
            token,
            dress=_dress(person),
            form=rng.choices(("plain", "alternative", "html"), weights=(60, 30, 10))[0],
            enclosures=_enclosed(scene, topic, matter),
        )
    )


def _dress(person: Person) -> str:
    """A person's mail program does not change within a month."""
    dresses = DRESSES[person.language]
    return dresses[sum(person.emails[0].encode()) % len(dresses)]


def _enclosed(scene: Scene, topic: Topic, matter: Matter) -> tuple[Enclosure, ...]:
    rng = scene.rng
    if topic.photo and rng.random() < 0.7:
        name = rng.choice(("IMG_{}.png", "photo-{}.png", "عکس {}.png")).format(rng.randrange(1000, 9999))
        return (Enclosure(name, "image/png", photo(rng)),)
    if topic.name in ("payment", "wholesale") and rng.random() < 0.5:
        return (Enclosure("receipt.pdf", "application/pdf", page(f"{matter.person.latin}, {matter.item.sku}")),)
    return ()


def _goes_on(scene: Scene, matter: Matter, topic: Topic, mail: Mail, answered: datetime, by: Colleague) -> datetime:
    """An answer and perhaps what follows; answers when the last word was said."""
    rng = scene.rng
    sent = scene.diary.answer(mail, answered, by, _answer(scene, matter, topic, by))
    if rng.random() > 0.75:
        return answered
    time = later(answered, rng, 0.1, 26)
    again = _follows_up(scene, matter, topic, sent, mail, time, by)
    if rng.random() > 0.35:
        return time
    answered = open_from(later(time, rng, 0.2, 5), rng)
    scene.diary.answer(again, answered, by, _answer(scene, matter, topic, by))
    return answered


def _answer(scene: Scene, matter: Matter, topic: Topic, by: Colleague) -> str:
    manners = MANNERS[matter.person.language]
    parts = (manners.answer_opening, scene.rng.choice(topic.answers), manners.answer_closing)
    return "\n\n".join(matter.said(scene, part, by) for part in parts)


def _follows_up(
    scene: Scene, matter: Matter, topic: Topic, sent: Mail, first: Mail, time: datetime, by: Colleague
) -> Mail:
    manners = MANNERS[matter.person.language]
    text = f"{matter.said(scene, scene.rng.choice(topic.follow_ups), by)}\n\n{matter.person.greeted}"
    if scene.rng.random() < 0.6:
        quoted = "\n".join(f"> {line}" for line in sent.text.splitlines())
        text += f"\n\n{manners.quoted.format(day=f'{sent.time:%Y-%m-%d %H:%M}', who=NAME)}\n{quoted}"
    token = f"{scene.diary.token()}@mail.{first.address.partition('@')[2]}"
    return scene.diary.mail(
        Mail(time, token, first.name, first.address, sent.subject, text, first.thread, sent.message_id, first.dress)
    )


def _ticket(
    scene: Scene, matter: Matter, topic: Topic, mail: Mail, answered: datetime, last: datetime | None, by: Colleague
) -> None:
    """What the desk made of it; open while nobody has answered yet."""
    diary, rng = scene.diary, scene.rng
    ticket = diary.ticket(
        mail.time + timedelta(seconds=30),
        mail.subject,
        email(mail.address),
        channel="email",
        thread=mail.thread,
        department=topic.department,
        priority=rng.choice(("normal", "normal", "normal", "low", "high")),
    )
    diary.on(ticket, "assigned", open_from(mail.time + timedelta(minutes=2), rng), by, to=by.login)
    if last is None:
        return
    if last > answered:
        diary.on(ticket, "waiting", answered + timedelta(minutes=1), by, for_="customer")
    resolved = open_from(later(last, rng, 0.1, 20), rng)
    diary.on(ticket, "resolved", resolved, by, how=topic.name)
    if rng.random() < 0.6:
        diary.on(ticket, "closed", resolved + timedelta(days=5), by)


def _machines_write(scene: Scene, share: float) -> None:
    """Mail that nobody wrote: bounces, absences, newsletters of those who sell to the shop."""
    crowd = [person for person in _crowd(scene) if person.emails]
    bounces, absences, newsletters = (round(n * share) for n in MACHINES.values())
    for n, person in enumerate(scene.rng.sample(crowd, min(bounces + absences, len(crowd)))):
        if n < bounces:
            _bounce(scene, person, n)
        else:
            _is_away(scene, person)
    for n in range(newsletters):
        _newsletter(scene, n)


def _bounce(scene: Scene, person: Person, n: int) -> None:
    host = f"mx.{person.emails[0].partition('@')[2]}"
    gone = f"old.{person.emails[0]}"
    text = (QMAIL_BOUNCE if n % 4 == 0 else BOUNCE).format(host=host, who=gone)
    subject = "failure notice" if n % 4 == 0 else "Undelivered Mail Returned to Sender"
    headers = (("Return-Path", "<>"), *((("Auto-Submitted", "auto-replied"),) if n % 4 else ()))
    own = f"{scene.diary.token()}@{host}"
    scene.diary.mail(
        Mail(
            scene.clock.awake(scene.rng),
            own,
            "Mail Delivery System",
            f"MAILER-DAEMON@{host}",
            subject,
            text,
            own,
            dress="us-ascii 7bit",
            headers=headers,
            bounced=gone if n % 4 else None,
        )
    )


def _is_away(scene: Scene, person: Person) -> None:
    subject, text = scene.rng.choice(AWAY[person.language])
    sent = f"{scene.diary.token()}@{MAIL.partition('@')[2]}"
    own = f"{scene.diary.token()}@mail.{person.emails[0].partition('@')[2]}"
    headers = (("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All"))
    time = scene.clock.awake(scene.rng)
    scene.diary.mail(
        Mail(time, own, person.name, person.emails[0], subject, text, sent, sent, _dress(person), headers=headers)
    )


def _newsletter(scene: Scene, n: int) -> None:
    name, address, subject, text = NEWSLETTERS[n % len(NEWSLETTERS)]
    host = address.partition("@")[2]
    own = f"{scene.diary.token()}@{host}"
    headers = (
        ("List-Id", f"<news.{host}>"),
        ("List-Unsubscribe", f"<mailto:leave@{host}>"),
        ("Precedence", "bulk"),
    )
    scene.diary.mail(
        Mail(
            scene.clock.awake(scene.rng),
            own,
            name,
            address,
            f"{subject} ({n // len(NEWSLETTERS) + 1})",
            text,
            own,
            dress="utf-8 base64",
            form="alternative",
            headers=headers,
        )
    )


# --- telephone ----------------------------------------------------------------------------------------------------


def _somebody_calls(scene: Scene) -> None:
    rng = scene.rng
    time = scene.clock.in_hours(rng)
    draw = rng.random()
    if draw < 0.07:
        _stranger_calls(scene, time)
    elif draw < 0.15:
        _we_call(scene, _anybody(scene), time)
    elif draw < 0.27:
        matter = _anybody(scene)
        scene.diary.talk(matter.person, time, rng.choice(ON_THE_PHONE), _length(scene), _call_reason(scene, matter))
    else:
        _calls_about(scene, _anybody(scene), time)


def _calls_about(scene: Scene, matter: Matter, time: datetime) -> None:
    """Through the queue; who hangs up before anybody answers is mostly called back."""
    rng, time = scene.rng, open_from(time, scene.rng)
    number, name = _delivered(scene, matter.person), matter.person.latin if rng.random() < 0.3 else ""
    by = rng.choice(ON_THE_PHONE)
    queue = QUEUES[by.department]
    if rng.random() < 0.13:
        waited = rng.randrange(15, 240)
        scene.diary.call(Call(time, number, waited=waited, queue=queue, disposition="NO ANSWER", name=name))
        if rng.random() < 0.6:
            _we_call(scene, matter, open_from(later(time, rng, 0.2, 3), rng))
        return
    reason = _call_reason(scene, matter) if rng.random() < 0.6 else ""
    scene.diary.call(
        Call(time, number, "in", rng.randrange(3, 90), _length(scene), by.extension, queue, name=name, reason=reason)
    )


def _we_call(scene: Scene, matter: Matter, time: datetime) -> None:
    rng, by = scene.rng, scene.rng.choice(COLLEAGUES)
    how = rng.choices(("ANSWERED", "NO ANSWER", "BUSY", "FAILED"), weights=(70, 18, 9, 3))[0]
    talked = _length(scene) if how == "ANSWERED" else None
    number = _delivered(scene, matter.person)
    scene.diary.call(Call(time, number, "out", rng.randrange(5, 40), talked, by.extension, disposition=how))


def _stranger_calls(scene: Scene, time: datetime) -> None:
    """Withheld numbers, and people who are no customers yet."""
    rng = scene.rng
    number = rng.choice(("", "anonymous", f"0938555{rng.randrange(2000, 2060)}"))
    scene.diary.call(
        Call(time, number, "in", rng.randrange(3, 60), _length(scene), rng.choice(ON_THE_PHONE).extension, "530")
    )


def _length(scene: Scene) -> int:
    """Seconds of talk: most calls are short, some are not."""
    return int(min(20 + scene.rng.lognormvariate(4.7, 0.8), 2400))


def _delivered(scene: Scene, person: Person) -> str:
    """The number as the line delivers it: national where it can be."""
    number = person.phones[0]
    if number.startswith("+98"):
        return f"0{number[3:]}" if scene.rng.random() < 0.85 else number
    return f"00{number[1:]}" if scene.rng.random() < 0.3 else number


def _call_reason(scene: Scene, matter: Matter) -> str:
    reason = scene.rng.choice(_sayable(matter, CALLS[matter.person.language]))
    return matter.said(scene, reason, ON_THE_PHONE[0])


# --- messengers, the shop, the web, and the rest ------------------------------------------------------------------


def _somebody_chats(scene: Scene) -> None:
    rng, matter = scene.rng, _anybody(scene)
    by, time = rng.choice(ON_THE_PHONE), scene.clock.in_hours(rng)
    if rng.random() < 0.3:
        _texts(scene, matter, time)
        return
    turns = tuple(matter.said(scene, turn, by) for turn in rng.choice(_sayable(matter, CHATS[matter.person.language])))
    channel = rng.choice(("chat", "whatsapp", "whatsapp", "telegram"))
    scene.diary.chat(channel, _in_chat(matter.person, channel), time, by, turns)


def _in_chat(person: Person, channel: str) -> Party:
    """How the messenger knows him: by number, or by the account that he is logged in with."""
    if channel == "chat" and person.account:
        return {"kind": "account", "value": person.account}
    return phone(person.phones[0])


def _texts(scene: Scene, matter: Matter, time: datetime) -> None:
    text = matter.said(scene, scene.rng.choice(_sayable(matter, SMS[matter.person.language])), ON_THE_PHONE[0])
    about = {"channel": "sms", "thread": scene.diary.token(), "party": phone(matter.person.phones[0])}
    scene.diary.event("sms", "message.sent", time, message=scene.diary.token(), text=text, **about)
    if "1" in text[-4:] or "۱" in text or "۲" in text or "Answer" in text:
        answered = time + timedelta(minutes=scene.rng.randrange(1, 90))
        answer = scene.rng.choice(SMS_ANSWERS[matter.person.language])
        scene.diary.event("sms", "message.received", answered, message=scene.diary.token(), text=answer, **about)


def _somebody_comes(scene: Scene) -> None:
    rng, matter = scene.rng, _anybody(scene)
    if matter.person.abroad:
        return
    reason, note = rng.choice(_sayable(matter, VISITS[matter.person.language]))
    by = rng.choice(ON_THE_PHONE)
    party = [phone(matter.person.phones[0])]
    if matter.person.account and rng.random() < 0.3:
        party.append({"kind": "badge", "value": f"club-{matter.person.account[3:]}"})
    scene.diary.event(
        "front-desk",
        "visit.recorded",
        scene.clock.in_hours(rng),
        visit=scene.diary.token(),
        place=rng.choice(("فروشگاه ولیعصر", "فروشگاه ولیعصر", "نمایندگی اصفهان")),
        party=party,
        agent=by.name,
        reason=matter.said(scene, reason, by),
        note=note,
        outcome=rng.choice(("served", "served", "sold", "repair")),
    )


SOURCES = {
    "letter": "post-room",
    "fax": "fax-gateway",
    "conference": "conferences",
    "campaign": "campaigns",
    "kiosk": "kiosk",
    "ivr": "voice-menu",
    "survey": "surveys",
    "direct mail": "campaigns",
}
_WEIGHTS = (8, 9, 8, 45, 20, 40, 20, 20)


def _something_else_comes(scene: Scene) -> None:
    rng, matter = scene.rng, _anybody(scene)
    channel = rng.choices(list(RECORDED), weights=_WEIGHTS)[0]
    sayable = _sayable(matter, RECORDED[channel][matter.person.language])
    if not sayable:
        return
    subject, text = rng.choice(sayable)
    by = rng.choice(COLLEAGUES)
    told = channel in ("letter", "fax", "conference")
    scene.diary.event(
        SOURCES[channel],
        "contact.recorded",
        scene.clock.in_hours(rng) if told else scene.clock.awake(rng),
        contact=scene.diary.token(),
        channel=channel,
        direction="out" if channel == "direct mail" else "in",
        party=phone(matter.person.phones[0]),
        agent=by.name if told else None,
        subject=subject,
        text=matter.said(scene, text, by),
        campaign="tea-week" if channel == "campaign" else None,
        code=rng.choice(("TEA15", "CHAI15", None)) if channel == "campaign" else None,
    )


def _somebody_fills_in_a_form(scene: Scene) -> None:
    matter = _anybody(scene)
    persian = matter.person.language == "fa"
    titles = ("درخواست تماس", "خبرم کن وقتی موجود شد") if persian else ("Call me back", "Tell me when in stock")
    title = scene.rng.choice(titles)
    party = [phone(matter.person.phones[0]), *(email(address) for address in matter.person.emails[:1])]
    scene.diary.event(
        "website",
        "form.submitted",
        scene.clock.awake(scene.rng),
        party=party,
        title=title,
        url=f"{SITE}/contact",
        fields={"product": matter.item.sku, "name": matter.person.name},
    )


def _somebody_browses(scene: Scene) -> None:
    matter = _anybody(scene)
    time = scene.clock.awake(scene.rng)
    for _ in range(scene.rng.randrange(1, 5)):
        _looks_up(scene, matter, time)
        time += timedelta(seconds=scene.rng.randrange(10, 200))


def _looks_up(scene: Scene, matter: Matter, time: datetime) -> None:
    """One page; the site knows the browser, and the account where he is logged in."""
    path, title = scene.rng.choice(_sayable(matter, PAGES[matter.person.language]))
    party: list[Party] = [{"kind": "cookie", "value": f"c-{sum(matter.person.latin.encode()):05x}-{matter.person.key}"}]
    if matter.person.account:
        party.append({"kind": "account", "value": matter.person.account})
    said = {part: matter.said(scene, text, ON_THE_PHONE[0]) for part, text in (("url", path), ("title", title))}
    scene.diary.event(
        "website",
        "page.viewed",
        time,
        party=party,
        url=SITE + said["url"].translate(_LATIN_DIGITS),
        title=said["title"],
    )


_LATIN_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
