"""The customer we lost: two calls that went nowhere, a mail answered too late, an account closed."""

from __future__ import annotations

from hub.demo.diary import Call
from hub.demo.people import Person, email, phone
from hub.demo.scene import Planned, Scene, Story
from hub.demo.shop import MINA, PARISA, SITE

HANNAH = Person(
    key="hannah",
    name="Hannah Lindqvist-Moor",
    latin="Hannah Lindqvist-Moor",
    language="en",
    formal="Hannah",
    emails=("hannah.lm@example.net",),
    phones=("+989195550139",),
    account="BH-10066",
    city="Isfahan",
)
ORDER = Planned(
    "hannah",
    "hannah",
    ("AH-11",),
    (("placed", 26, "09:50"), ("confirmed", 26, "09:51"), ("paid", 26, "09:55"), ("cancelled", 15, "12:00")),
)

MAIL = """Hello,

order {order} has been "paid" for nine days. I rang twice and gave up after a quarter of an hour of music each time.
The air here is so dry that the piano complains; I have now bought a humidifier in the bazaar. Please cancel.

Hannah"""
TOO_LATE = """Dear Hannah,

I am sorry; we should have told you that the humidifiers were late. The order is cancelled and your money is on its way.

Mina, Baran Home"""
NO_THANKS = "Thank you. I would have waited if somebody had told me. Please close my account as well.\n\nH."


def tell(scene: Scene) -> None:
    clock, diary, number = scene.clock, scene.diary, scene.orders["hannah"].number
    for days, at in ((21, "11:02"), (19, "18:10")):
        diary.call(Call(clock.at(days, at), "+989195550139", waited=905, queue="510", disposition="NO ANSWER"))
    mail = scene.first_mail(
        HANNAH, clock.at(17, "08:15"), f"Cancel order {number}", MAIL.format(order=number), form="alternative"
    )
    ticket = diary.ticket(
        clock.at(17, "08:16"), mail.subject, email(HANNAH.emails[0]), channel="email", thread=mail.thread
    )
    answer = diary.answer(mail, clock.at(15, "12:04"), MINA, TOO_LATE)
    diary.on(ticket, "resolved", clock.at(15, "12:05"), MINA, how="cancelled, money back")
    scene.reply(answer, HANNAH, clock.at(15, "20:44"), NO_THANKS)
    diary.on(ticket, "reopened", clock.at(15, "20:45"), None, why="the customer answered")
    diary.event(
        "website",
        "form.submitted",
        clock.at(14, "09:00"),
        party=[{"kind": "account", "value": "BH-10066"}],
        url=f"{SITE}/account/close",
        title="Close my account",
        fields={"reason": "nobody answers"},
    )
    call = diary.event(
        "telemarketing",
        "contact.recorded",
        clock.at(8, "17:20"),
        contact=diary.token(),
        channel="telemarketing",
        direction="out",
        party=phone(HANNAH.phones[0]),
        agent=PARISA.name,
        campaign="tea-week",
        text="Not interested; asked not to be called again. She left because nobody answered.",
    )
    diary.on(ticket, "contact_attached", clock.at(8, "17:30"), PARISA, contact=call)
    diary.on(ticket, "closed", clock.at(7, "09:10"), MINA)


story = Story((HANNAH,), (ORDER,), tell)
