"""One man, two addresses: he orders from work and complains from home, until a colleague sees that it is he."""

from __future__ import annotations

from hub.demo.people import Person, email
from hub.demo.scene import Planned, Scene, Story
from hub.demo.shop import REZA

DANIEL = Person(
    key="daniel",
    name="Daniel Ashworth-Bell",
    latin="Daniel Ashworth-Bell",
    language="en",
    formal="Daniel",
    emails=("d.ashworth-bell@example.org", "dan.the.baker@example.net"),
    phones=("+989125550184",),
    account="BH-10084",
    city="Tehran",
)
ORDER = Planned(
    "daniel",
    "daniel",
    ("CV-08", "BW-06"),
    (
        ("placed", 18, "13:20"),
        ("confirmed", 18, "13:22"),
        ("paid", 18, "13:25"),
        ("packed", 17, "11:00"),
        ("shipped", 16, "16:30"),
        ("delivered", 14, "10:40"),
    ),
)

WORK_MAIL = (
    "Hello,\n\ncould order {order} be delivered to the office before noon? The doorman leaves at twelve.\n\nDaniel A-B"
)
HOME_MAIL = """Hi,

one of the six bowls of my last order has a hairline crack. It rings like a bell when you tap it, all the others go
"tock". No hurry and no drama; I bake every day and would like to have six again.

Dan (the baker)"""
SAME = "Is this the Daniel of order {order}? Then a new bowl is already in the post.\n\nReza, Baran Home"
YES = "The very same! Work address by day, baker by night. Thank you, Reza.\n\nDan"


def tell(scene: Scene) -> None:
    clock, diary, number = scene.clock, scene.diary, scene.orders["daniel"].number
    work = scene.first_mail(
        DANIEL, clock.at(17, "09:30"), f"Order {number}", WORK_MAIL.format(order=number), dress="us-ascii 7bit"
    )
    diary.answer(work, clock.at(17, "10:02"), REZA, "Dear Daniel, it is on the label now: before noon.\n\nReza")
    home = scene.first_mail(
        DANIEL,
        clock.at(11, "05:12"),
        "A bowl that rings",
        HOME_MAIL,
        address=DANIEL.emails[1],
        dress="utf-8 quoted-printable",
        form="html",
    )
    asked = diary.answer(home, clock.at(11, "09:31"), REZA, SAME.format(order=number))
    scene.reply(asked, DANIEL, clock.at(11, "12:40"), YES, address=DANIEL.emails[1], dress="us-ascii 7bit")
    diary.event(
        "desk",
        "party.linked",
        clock.at(11, "12:55"),
        a=email(DANIEL.emails[0]),
        b=email(DANIEL.emails[1]),
        by=REZA.name,
        evidence="He says so himself: work by day, baker by night",
    )


story = Story((DANIEL,), (ORDER,), tell)
