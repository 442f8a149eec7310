"""The order follow-up: she phones and says "last week I e-mailed about a web order, what became of it?"."""

from __future__ import annotations

from hub.demo.people import Person, email
from hub.demo.scene import Planned, Scene, Story
from hub.demo.shop import MINA, REZA, SITE

SARA = Person(
    key="sara",
    name="Sara Karimi",
    latin="Sara Karimi",
    language="fa",
    formal="خانم کریمی",
    emails=("sara.karimi@example.com",),
    phones=("+989121234567",),
    account="BH-10047",
    city="تهران",
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

CALL_REASON = "پرسید پلوپز ۱٫۸ لیتری برای شش نفر کافی است یا نه؛ دستور ته‌دیگ را هم پرسید و گرفت"
MAIL = """سلام و وقت بخیر،
چند روز پیش از سایت شما یک پلوپز و یک آسیاب زعفران سفارش دادم (سفارش {order}).
پول کم شده ولی هنوز پیامی از ارسال نیامده. پلوپز را برای مهمانی آخر هفتهٔ مادرم می‌خواهم؛
می‌شود بفرمایید سفارش {order} در چه مرحله‌ای است؟

با سپاس
سارا کریمی
۰۹۱۲ ۱۲۳ ۴۵۶۷"""
ANSWER = """خانم کریمی عزیز، سلام و وقت بخیر.
حق با شماست، ببخشید. آسیاب زعفران دو روز دیرتر به انبار رسید و سفارش {order} منتظرش مانده بود.
همین که بسته‌بندی شد با پیک می‌فرستیم و کد رهگیری را برایتان پیامک می‌کنم.

با احترام
مینا، خانهٔ باران"""
THANKS = "ممنون مینا خانم، لطف کردید. منتظر کد رهگیری می‌مانم.\n\nسارا"
SHIPPED = "خانهٔ باران: سفارش {order} در راه است. کد رهگیری {tracking}"


def tell(scene: Scene) -> None:
    clock, diary, order = scene.clock, scene.diary, scene.orders["sara"]
    said = {"order": order.number, "tracking": order.tracking}
    diary.talk(SARA, clock.at(17, "17:02"), REZA, 12 * 60 + 8, CALL_REASON, queue="sales")
    mail = scene.first_mail(SARA, clock.at(6, "09:12"), f"سفارش {order.number} کجاست؟", MAIL.format(**said))
    ticket = diary.ticket(
        clock.at(6, "09:13"),
        mail.subject,
        email(SARA.emails[0]),
        channel="email",
        thread=mail.thread,
        department="orders",
        priority="normal",
    )
    diary.on(ticket, "assigned", clock.at(6, "09:40"), MINA, to=MINA.name)
    answer = diary.answer(mail, clock.at(6, "10:51"), MINA, ANSWER.format(**said))
    scene.reply(answer, SARA, clock.at(6, "11:20"), THANKS)
    diary.on(
        ticket, "noted", clock.at(6, "11:30"), MINA, text=f"آسیاب زعفران رسید؛ انبار قول داد {order.number} بسته شود"
    )
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
    number = scene.orders["sara"].number
    pages = (
        (10, "21:20", "/products/RC-18", "پلوپز ۱٫۸ لیتری"),
        (10, "21:29", "/products/SG-01", "آسیاب زعفران"),
        (1, "22:04", f"/orders/{number}", f"سفارش {number}"),
        (1, "22:06", "/returns", "مرجوع‌کردن کالا"),
    )
    for days, at, path, title in pages:
        scene.diary.event("website", "page.viewed", scene.clock.at(days, at), party=party, url=SITE + path, title=title)


story = Story((SARA,), (ORDER,), tell)
