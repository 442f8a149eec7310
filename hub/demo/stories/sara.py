"""The order follow-up: she phones and says "last week I e-mailed about a web order, what became of it?"."""

from __future__ import annotations

from hub.demo.people import Person, email
from hub.demo.scene import Planned, Scene, Story
from hub.demo.shop import MINA, REZA, SITE

SARA = Person(
    key="sara",
    name="Sara Karimi",
    latin="Sara Karimi",
    language="en",
    formal="Ms Karimi",
    emails=("sara.karimi@example.com",),
    phones=("+989121234567",),
    account="BH-10047",
    city="Tehran",
)
ORDER = Planned(
    "sara",
    "sara",
    ("RC-18", "SG-01"),
    (
        ("placed", 10, "21:34"),
        ("confirmed", 10, "21:35"),
        ("paid", 10, "21:38"),
        ("packed", 4, "16:10"),
        ("shipped", 2, "11:25"),
        ("delivered", -1, "13:00"),
    ),
)

CALL_REASON = "asked whether the 1.8 l rice cooker is enough for six; wanted the recipe for a golden crust and got it"
MAIL = """Good morning,

a few days ago I ordered a rice cooker and a saffron grinder on your web site (order {order}).
The money has gone out of my account, but nobody has told me that anything was sent. I need the rice cooker
for my mother's dinner at the weekend: how far is order {order}?

With best wishes
Sara Karimi
0912 123 4567"""
ANSWER = """Dear Ms Karimi,

you are right, and I am sorry. The saffron grinder came into our store two days late, and order {order} waited for it.
As soon as it is packed it leaves by courier, and I will text you the tracking number.

Kind regards
Mina, Baran Home"""
THANKS = "Thank you Mina, that is kind. I will look out for the tracking number.\n\nSara"
SHIPPED = "Baran Home: your order is on its way. Tracking number {tracking}"
NOTED = "The saffron grinder is here; the store promised to pack {order} today"


def tell(scene: Scene) -> None:
    clock, diary, order = scene.clock, scene.diary, scene.orders["sara"]
    said = {"order": order.number, "tracking": order.tracking}
    diary.talk(SARA, clock.at(17, "17:02"), REZA, 12 * 60 + 8, CALL_REASON, queue="sales")
    mail = scene.first_mail(SARA, clock.at(6, "09:12"), f"Where is my order {order.number}?", MAIL.format(**said))
    ticket = diary.ticket(
        clock.at(6, "09:13"),
        mail.subject,
        email(SARA.emails[0]),
        channel="email",
        thread=mail.thread,
        department="orders",
        priority="normal",
    )
    diary.on(ticket, "assigned", clock.at(6, "09:40"), MINA, to=MINA.login)
    answer = diary.answer(mail, clock.at(6, "10:51"), MINA, ANSWER.format(**said))
    scene.reply(answer, SARA, clock.at(6, "11:20"), THANKS)
    diary.on(ticket, "noted", clock.at(6, "11:30"), MINA, text=NOTED.format(**said))
    diary.on(ticket, "waiting", clock.at(2, "11:30"), MINA, for_="third_party")
    diary.event(
        "sms",
        "message.sent",
        clock.at(2, "11:31"),
        channel="sms",
        message=f"sms-{diary.token()}",
        thread="sara",
        party={"kind": "phone", "value": SARA.phones[0]},
        agent=MINA.name,
        text=SHIPPED.format(**said),
    )
    _browses(scene)


def _browses(scene: Scene) -> None:
    """She looks at the returns page, just in case; the screen of whoever answers her next call will say so."""
    party = [{"kind": "cookie", "value": "c-7f3a90d1sara"}, {"kind": "account", "value": "BH-10047"}]
    pages = (
        (10, "21:20", "/products/RC-18", "Rice cooker 1.8 l"),
        (10, "21:29", "/products/SG-01", "Saffron grinder"),
        (1, "22:06", "/returns", "Returning goods"),
    )
    for days, at, path, title in pages:
        scene.diary.event("website", "page.viewed", scene.clock.at(days, at), party=party, url=SITE + path, title=title)


story = Story((SARA,), (ORDER,), tell)
