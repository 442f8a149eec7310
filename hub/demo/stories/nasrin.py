"""The order follow-up as Persian speakers hear it: a samovar that waits for its glasses, and a mail about it of last week."""

from __future__ import annotations

from hub.demo.people import Person, email
from hub.demo.scene import Planned, Scene, Story
from hub.demo.shop import PARISA, REZA, SITE

NASRIN = Person(
    key="nasrin",
    name="نسرین کاویانی",
    latin="Nasrin Kaviani",
    language="fa",
    formal="خانم کاویانی",
    emails=("nasrin.kaviani@example.com",),
    phones=("+989355550147",),
    account="BH-10052",
    city="شیراز",
)
ORDER = Planned(
    "nasrin",
    "nasrin",
    ("SM-07", "TS-12"),
    (
        ("placed", 9, "20:12"),
        ("confirmed", 9, "20:13"),
        ("paid", 9, "20:15"),
        ("packed", 3, "17:05"),
        ("shipped", 2, "12:40"),
        ("delivered", -1, "12:30"),
    ),
)

CALL_REASON = "پرسید سماور برقی برای ده نفر بس است یا نه؛ گفتم سه لیتر آب می‌گیرد"
MAIL = """سلام و وقت بخیر،
هفتهٔ پیش از سایت شما یک سماور برقی و یک سرویس چای سفارش دادم (سفارش {order}).
پول کم شده ولی هنوز پیامی از ارسال نیامده. سماور را برای مهمانی آخر هفتهٔ مادرم می‌خواهم؛
می‌شود بفرمایید سفارش {order} در چه مرحله‌ای است؟

با سپاس
نسرین کاویانی
۰۹۳۵ ۵۵۵ ۰۱۴۷"""
ANSWER = """خانم کاویانی عزیز، سلام و وقت بخیر.
حق با شماست، ببخشید. سرویس چای دو روز دیرتر به انبار رسید و سفارش {order} منتظرش مانده بود.
همین که بسته‌بندی شد با پیک می‌فرستیم و کد رهگیری را برایتان پیامک می‌کنم.

با احترام
پریسا، خانهٔ باران"""
THANKS = "ممنون پریسا خانم، لطف کردید. منتظر کد رهگیری می‌مانم.\n\nنسرین"
SHIPPED = "خانهٔ باران: سفارش شما در راه است. کد رهگیری {tracking}"
NOTED = "سرویس چای رسید؛ انبار قول داد {order} همین امروز بسته شود"


def tell(scene: Scene) -> None:
    clock, diary, order = scene.clock, scene.diary, scene.orders["nasrin"]
    said = {"order": order.number, "tracking": order.tracking}
    diary.talk(NASRIN, clock.at(16, "18:20"), REZA, 7 * 60 + 40, CALL_REASON, queue="sales")
    mail = scene.first_mail(NASRIN, clock.at(6, "10:05"), f"سفارش {order.number} کجاست؟", MAIL.format(**said))
    ticket = diary.ticket(
        clock.at(6, "10:06"),
        mail.subject,
        email(NASRIN.emails[0]),
        channel="email",
        thread=mail.thread,
        department="orders",
        priority="normal",
    )
    diary.on(ticket, "assigned", clock.at(6, "10:30"), PARISA, to=PARISA.login)
    answer = diary.answer(mail, clock.at(6, "11:15"), PARISA, ANSWER.format(**said))
    scene.reply(answer, NASRIN, clock.at(6, "11:50"), THANKS)
    diary.on(ticket, "noted", clock.at(6, "12:10"), PARISA, text=NOTED.format(**said))
    diary.on(ticket, "waiting", clock.at(2, "12:41"), PARISA, for_="third_party")
    diary.event(
        "sms",
        "message.sent",
        clock.at(2, "12:42"),
        channel="sms",
        message=f"sms-{diary.token()}",
        thread="nasrin",
        party={"kind": "phone", "value": NASRIN.phones[0]},
        agent=PARISA.name,
        text=SHIPPED.format(**said),
    )
    _browses(scene)


def _browses(scene: Scene) -> None:
    party = [{"kind": "cookie", "value": "c-4b61e8c2nasrin"}, {"kind": "account", "value": "BH-10052"}]
    pages = (
        (9, "20:02", "/products/SM-07", "سماور برقی"),
        (9, "20:08", "/products/TS-12", "سرویس چای شش‌نفرهٔ فیروزه‌ای"),
        (1, "21:32", "/returns", "مرجوع‌کردن کالا"),
    )
    for days, at, path, title in pages:
        scene.diary.event("website", "page.viewed", scene.clock.at(days, at), party=party, url=SITE + path, title=title)


story = Story((NASRIN,), (ORDER,), tell)
