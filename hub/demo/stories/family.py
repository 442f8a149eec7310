"""A family behind one landline. The son asked to be kept apart, so a colleague cut the link; his sister stays."""

from __future__ import annotations

from hub.demo.people import Person, email, phone
from hub.demo.scene import Planned, Scene, Story
from hub.demo.shop import NILOOFAR, PARISA

LANDLINE = "+982188555077"


def _member(key: str, name: str, latin: str, formal: str, address: str, mobile: str) -> Person:
    return Person(key, name, latin, "fa", formal, (address,), (mobile, LANDLINE), f"BH-1150{key[-1]}", None, "کرج")


MOTHER = _member(
    "golmohammadi-1", "پروین گل‌محمدی", "Parvin Golmohammadi", "خانم گل‌محمدی", "parvin.g@example.com", "+989125550161"
)
DAUGHTER = _member(
    "golmohammadi-2", "نگار گل‌محمدی", "Negar Golmohammadi", "خانم گل‌محمدی", "negar.gm@example.org", "+989905550162"
)
SON = _member(
    "golmohammadi-3", "سینا گل‌محمدی", "Sina Golmohammadi", "آقای گل‌محمدی", "sina.gm@example.net", "+989355550163"
)

ORDERS = (
    Planned(
        "mother",
        MOTHER.key,
        ("SM-07", "TS-12"),
        (
            ("placed", 22, "11:10"),
            ("confirmed", 22, "11:12"),
            ("paid", 22, "11:20"),
            ("packed", 21, "10:00"),
            ("shipped", 21, "17:00"),
            ("delivered", 19, "12:00"),
        ),
        "desk",
    ),
    Planned(
        "son",
        SON.key,
        ("LM-04",),
        (
            ("placed", 11, "23:40"),
            ("confirmed", 11, "23:41"),
            ("paid", 11, "23:44"),
            ("packed", 9, "10:00"),
            ("shipped", 9, "17:00"),
            ("delivered", 7, "12:00"),
        ),
    ),
)

MIXED_UP = """سلام
امروز زنگ زدم، همکارتان گفت «سماورتان خوب کار می‌کند؟». سماور را مادرم خریده، من چراغ سفارش داده‌ام (سفارش {order}).
تلفن خانه مشترک است ولی لطفاً خرید من را با مادرم قاطی نکنید، چراغ هدیهٔ تولدش است و نباید بفهمد!
سینا"""
PROMISE = "سینا جان، حسابتان جدا شد. به کسی چیزی نمی‌گوییم 🙂\nنیلوفر، خانهٔ باران"


def tell(scene: Scene) -> None:
    clock, diary = scene.clock, scene.diary
    home = phone(LANDLINE)
    for person, days, at in ((MOTHER, 22, "10:00"), (DAUGHTER, 18, "18:00"), (SON, 11, "23:35")):
        seen = [email(person.emails[0]), home]
        diary.event(
            "website", "form.submitted", clock.at(days, at), party=seen, title="ثبت نشانی", fields={"city": "کرج"}
        )
    diary.talk(MOTHER, clock.at(22, "11:02"), PARISA, 8 * 60, "سماور و سرویس چای را تلفنی سفارش داد", party=home)
    diary.talk(DAUGHTER, clock.at(16, "17:30"), PARISA, 190, "پرسید سماور مادر ضمانت دارد یا نه", party=home)
    diary.talk(SON, clock.at(10, "16:45"), NILOOFAR, 95, "پیگیری چراغ؛ با سماور مادرش اشتباه گرفتیم", party=home)
    number = scene.orders["son"].number
    mail = scene.first_mail(
        SON, clock.at(10, "17:05"), "خرید من و مادرم", MIXED_UP.format(order=number), form="alternative"
    )
    diary.event(
        "desk",
        "party.cut",
        clock.at(10, "17:40"),
        a=email(SON.emails[0]),
        b=home,
        by=NILOOFAR.name,
        evidence="تلفن خانه مشترک است؛ سینا خواست خریدش از مادرش جدا بماند",
    )
    diary.answer(mail, clock.at(10, "17:42"), NILOOFAR, PROMISE)


story = Story((MOTHER, DAUGHTER, SON), ORDERS, tell)
