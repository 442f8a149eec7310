"""Return and refund, from abroad: the parcel goes back, the money follows, one question in between."""

from __future__ import annotations

from hub.demo.people import Person, email
from hub.demo.scene import Planned, Scene, Story
from hub.demo.shop import JAMES, SHIRIN, SITE

EMMA = Person(
    key="emma",
    name="Emma Clarke",
    latin="Emma Clarke",
    language="en",
    formal="Emma",
    emails=("emma.clarke@example.com",),
    phones=("+442079460188",),
    account="BH-10055",
    city="London",
    abroad=True,
)
ORDER = Planned(
    "emma",
    "emma",
    ("CR-90",),
    (
        ("placed", 25, "22:15"),
        ("confirmed", 25, "22:16"),
        ("paid", 25, "22:16"),
        ("packed", 24, "12:00"),
        ("shipped", 23, "10:30"),
        ("delivered", 17, "14:20"),
        ("returned", 9, "11:45"),
        ("refunded", 7, "16:30"),
    ),
    "export",
)

TOO_RED = """Hello,

The runner from order {order} came today and the work is gorgeous, but it is far redder than on my screen and quarrels
with everything else in the hall. Could I send it back? I have not walked on it, though the cat has looked at it.

Emma Clarke"""
LABEL = """Dear Emma,

Of course. The label is attached to this mail; any post office takes it. As soon as it is here you get all of it back,
the postage too. Regards to the cat.

James, Baran Home"""
ON_ITS_WAY = "Posted this morning, receipt RM-0011-2207-GB. Thank you for being so kind about it.\n\nEmma"
WHERE = "Hello James, the tracking says you signed for the runner two days ago. May I ask when the money comes?\n\nE."
PAID_BACK = """Dear Emma,

Paid back today to the card you used, EUR {total}. It may take your bank a day or two to admit it.

Shirin, Baran Home"""
LAST = "There it is! I have used some of it on the turquoise tea set. See you soon.\n\nEmma"


def tell(scene: Scene) -> None:
    clock, diary, order = scene.clock, scene.diary, scene.orders["emma"]
    account = [{"kind": "account", "value": "BH-10055"}, {"kind": "cookie", "value": "c-51e0emma"}]
    diary.event("website", "page.viewed", clock.at(17, "19:00"), party=account, url=f"{SITE}/returns", title="Returns")
    mail = scene.first_mail(
        EMMA,
        clock.at(17, "19:21"),
        f"Returning the runner, order {order.number}",
        TOO_RED.format(order=order.number),
        dress="utf-8 quoted-printable",
        form="alternative",
    )
    ticket = diary.ticket(
        clock.at(17, "19:22"),
        mail.subject,
        email(EMMA.emails[0]),
        channel="email",
        thread=mail.thread,
        department="export",
    )
    diary.on(ticket, "assigned", clock.at(16, "09:15"), JAMES, to=JAMES.login)
    answer = diary.answer(mail, clock.at(16, "09:40"), JAMES, LABEL)
    diary.on(ticket, "waiting", clock.at(16, "09:41"), JAMES, for_="customer")
    scene.reply(answer, EMMA, clock.at(15, "13:12"), ON_ITS_WAY, dress="us-ascii 7bit")
    asked = scene.reply(answer, EMMA, clock.at(7, "11:58"), WHERE, dress="us-ascii 7bit")
    diary.on(ticket, "assigned", clock.at(7, "12:10"), JAMES, to=SHIRIN.login, department="finance")
    diary.on(
        ticket,
        "noted",
        clock.at(7, "12:11"),
        JAMES,
        text="Came back unused two days ago. Shirin, please pay all of it back.",
    )
    paid = diary.answer(asked, clock.at(7, "16:35"), SHIRIN, PAID_BACK.format(total=order.total))
    diary.on(ticket, "resolved", clock.at(7, "16:36"), SHIRIN, how="refunded in full")
    scene.reply(paid, EMMA, clock.at(5, "22:03"), LAST, dress="utf-8 quoted-printable")


story = Story((EMMA,), (ORDER,), tell)
