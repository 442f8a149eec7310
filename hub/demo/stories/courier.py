"""The late courier: a complaint that is followed, over four channels, until the customer is content."""

from __future__ import annotations

from hub.demo.people import Person, email, phone
from hub.demo.scene import Planned, Scene, Story
from hub.demo.shop import MINA, NILOOFAR

PEYMAN = Person(
    key="peyman",
    name="پیمان رستمی",
    latin="Peyman Rostami",
    language="fa",
    formal="آقای رستمی",
    emails=("peyman.rostami@example.org",),
    phones=("+989195550142",),
    account="BH-10031",
    city="مشهد",
)
ORDER = Planned(
    "peyman",
    "peyman",
    ("ES-02", "CU-02"),
    (
        ("placed", 21, "12:40"),
        ("confirmed", 21, "12:42"),
        ("paid", 21, "12:45"),
        ("packed", 20, "10:15"),
        ("shipped", 19, "17:30"),
        ("delivered", 12, "11:05"),
    ),
)

COMPLAINT = """با سلام
سفارش {order} قرار بود سه‌روزه برسد، الان پنج روز گذشته. امروز تا ساعت شش مرخصی گرفتم و در خانه نشستم،
پیک نه آمد و نه زنگ زد، و حالا در سایت زده‌اند «گیرنده در محل نبود»!
اسپرسوساز برای تولد همسرم است. لطفاً یک نفر جواب درست بدهد.
پیمان رستمی - ۰۹۱۹۵۵۵۰۱۴۲"""
FIRST_ANSWER = """آقای رستمی عزیز، سلام.
حق دارید ناراحت باشید. با دفتر پیک در مشهد صحبت کردم: بسته در انبار آن‌هاست و راننده نشانی را اشتباه رفته بود.
فردا تا ظهر خودم پیگیری می‌کنم و پیش از ساعت یک با شما تماس می‌گیرم.
نیلوفر، خانهٔ باران"""
STILL_WAITING = "امروز هم نیامد. تماسی هم نگرفتید. دیگر نمی‌دانم به کی زنگ بزنم."
APOLOGY = """آقای رستمی، واقعاً شرمنده‌ام؛ قولم را دیر عملی کردم. بسته همین حالا دست مدیر دفتر مشهد است و
خودش فردا صبح بین ده تا دوازده می‌آورد. شماره‌اش را برایتان پیامک کردم. یک جعبه قهوه هم مهمان ما هستید.
نیلوفر"""
HAPPY = """سلام نیلوفر خانم
رسید، سالم و درست یک روز مانده به تولد! آقای راننده هم کلی عذرخواهی کرد.
اولش خیلی عصبانی بودم، ولی این‌طور پیگیری کم دیده‌ام. دستتان درد نکند.
پیمان"""
SURVEY = "چقدر راضی بودید؟ ۹ از ۱۰. «یک نمره برای آن دو روز کم کردم.»"


def tell(scene: Scene) -> None:
    clock, diary, order = scene.clock, scene.diary, scene.orders["peyman"]
    mail = scene.first_mail(
        PEYMAN,
        clock.at(14, "18:22"),
        f"شکایت: سفارش {order.number} نرسید",
        COMPLAINT.format(order=order.number),
        dress="windows-1256 quoted-printable",
    )
    ticket = diary.ticket(
        clock.at(14, "18:23"),
        mail.subject,
        email(PEYMAN.emails[0]),
        channel="email",
        thread=mail.thread,
        department="service",
    )
    diary.on(ticket, "assigned", clock.at(14, "18:40"), MINA, to=NILOOFAR.login, department="service")
    diary.on(ticket, "prioritised", clock.at(14, "18:41"), MINA, priority="high")
    answer = diary.answer(mail, clock.at(14, "19:15"), NILOOFAR, FIRST_ANSWER)
    diary.on(
        ticket, "waiting", clock.at(14, "19:16"), NILOOFAR, for_="third_party", until=clock.at(13, "13:00").isoformat()
    )
    diary.chat(
        "whatsapp",
        phone(PEYMAN.phones[0]),
        clock.at(13, "15:05"),
        NILOOFAR,
        (
            "سلام، سفارش " + order.number + " — قرار بود تا یک تماس بگیرید",
            "سلام آقای رستمی، ببخشید. همین الان پشت خط دفتر مشهد هستم.",
            "باشه منتظرم",
        ),
    )
    again = scene.reply(answer, PEYMAN, clock.at(13, "19:48"), STILL_WAITING)
    call = diary.talk(
        PEYMAN, clock.at(13, "20:05"), NILOOFAR, 6 * 60 + 40, f"پیگیری دوبارهٔ سفارش {order.number}، ناراحت بود"
    )
    diary.on(ticket, "contact_attached", clock.at(13, "20:13"), NILOOFAR, contact=call)
    apology = diary.answer(again, clock.at(13, "20:20"), NILOOFAR, APOLOGY)
    diary.on(
        ticket,
        "noted",
        clock.at(13, "20:22"),
        NILOOFAR,
        text="یک بسته قهوه با هزینهٔ ما، مدیر دفتر مشهد شخصاً تحویل می‌دهد",
    )
    done = scene.reply(apology, PEYMAN, clock.at(12, "12:30"), HAPPY)
    diary.on(ticket, "resolved", clock.at(12, "13:00"), NILOOFAR, how="تحویل شد؛ عذرخواهی و یک بسته قهوه")
    diary.answer(done, clock.at(12, "13:05"), NILOOFAR, "نوش جان و تولدشان مبارک! ☕")
    diary.event(
        "surveys",
        "contact.recorded",
        clock.at(10, "10:00"),
        contact=diary.token(),
        channel="survey",
        direction="in",
        party=phone(PEYMAN.phones[0]),
        subject="نظرسنجی پس از تحویل",
        text=SURVEY,
    )
    diary.on(ticket, "closed", clock.at(9, "09:30"), NILOOFAR)


story = Story((PEYMAN,), (ORDER,), tell)
