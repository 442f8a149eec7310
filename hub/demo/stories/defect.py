"""The field fault: a defect goes to the right engineer, he repairs it at home, and she is told what was done."""

from __future__ import annotations

from hub.demo.diary import Enclosure
from hub.demo.people import Person, email, phone
from hub.demo.pictures import page, photo
from hub.demo.scene import Planned, Scene, Story
from hub.demo.shop import HAMID, NILOOFAR, SITE

MARYAM = Person(
    key="maryam",
    name="مریم احمدی",
    latin="Maryam Ahmadi",
    language="fa",
    formal="خانم احمدی",
    emails=("m.ahmadi@example.net",),
    phones=("+989125550171",),
    account="BH-10012",
    city="اصفهان",
)
ORDER = Planned(
    "maryam",
    "maryam",
    ("VC-20",),
    (
        ("placed", 28, "10:02"),
        ("confirmed", 28, "10:05"),
        ("paid", 28, "10:06"),
        ("packed", 27, "15:00"),
        ("shipped", 26, "09:40"),
        ("delivered", 24, "12:15"),
    ),
)

FAULT = """سلام
جاروشارژی سفارش {order} دو هفته خوب کار کرد، از دیروز بعد از سی ثانیه خاموش می‌شود و چراغ قرمزش دو بار چشمک می‌زند.
از باتری و کلیدش عکس گرفتم. اگر می‌شود تعمیرکار بفرستید، چون با دو بچهٔ کوچک بیرون رفتن سخت است.
مریم احمدی، اصفهان، ۰۹۱۲ ۵۵۵ ۰۱۷۱"""
SENT_ON = """خانم احمدی عزیز، سلام.
ممنون از عکس‌ها، کار ما را خیلی راحت کرد. دو بار چشمک یعنی برد شارژ؛ ضمانت دارد و هزینه‌ای ندارد.
همکارم حمید پس‌فردا ساعت ۱۵ با قطعه خدمت می‌رسد.
نیلوفر، خانهٔ باران"""
AGREED = "عالی است، پس‌فردا ساعت سه خانه‌ام. زنگ سوم. ممنون"
WORK = "برد شارژ عوض شد، باتری سالم بود. ۲۰ دقیقه با بار کامل آزمایش شد. کار انجام شد؛ فیلتر هم تمیز شد."
REPORT = """خانم احمدی عزیز، سلام.
حمید گزارش کارش را فرستاد: برد شارژ عوض شد، باتری سالم است و دستگاه بیست دقیقه با بار کامل کار کرد.
قطعهٔ نو از امروز یک سال ضمانت دارد. اگر چراغ دوباره چشمک زد فقط همین نامه را جواب بدهید.
نیلوفر"""
THANKS = "کار می‌کند و خانه هم تمیز شد! از آقا حمید تشکر کنید، با حوصله به پسرم نشان داد داخلش چه خبر است."


def tell(scene: Scene) -> None:
    clock, diary, order = scene.clock, scene.diary, scene.orders["maryam"]
    mobile = phone(MARYAM.phones[0])
    diary.event(
        "website",
        "page.viewed",
        clock.at(9, "20:31"),
        party=[{"kind": "account", "value": "BH-10012"}],
        url=f"{SITE}/help/VC-20/red-light",
        title="راهنما: چراغ قرمز جاروشارژی",
    )
    photos = tuple(Enclosure(name, "image/png", photo(scene.rng)) for name in ("باتری.png", "IMG_2207.png"))
    mail = scene.first_mail(
        MARYAM,
        clock.at(9, "20:48"),
        f"خرابی جاروشارژی، سفارش {order.number}",
        FAULT.format(order=order.number),
        enclosures=photos,
    )
    ticket = diary.ticket(
        clock.at(9, "20:49"),
        mail.subject,
        email(MARYAM.emails[0]),
        channel="email",
        thread=mail.thread,
        department="service",
    )
    diary.on(ticket, "assigned", clock.at(8, "09:20"), NILOOFAR, to=HAMID.login, department="engineers")
    diary.on(
        ticket, "noted", clock.at(8, "09:44"), HAMID, text="دو چشمک قرمز = برد شارژ VC-20-B. در انبار سه عدد داریم."
    )
    answer = diary.answer(mail, clock.at(8, "10:05"), NILOOFAR, SENT_ON)
    scene.reply(answer, MARYAM, clock.at(8, "10:31"), AGREED)
    diary.on(ticket, "waiting", clock.at(8, "10:35"), HAMID, for_="us", until=clock.at(6, "15:00").isoformat())
    diary.event(
        "sms",
        "message.sent",
        clock.at(7, "16:00"),
        channel="sms",
        message=diary.token(),
        thread="maryam",
        party=mobile,
        text="خانهٔ باران: تعمیرکار ما فردا ساعت ۱۵ می‌آید. برای روز دیگر عدد ۲ را بفرستید.",
    )
    visit = diary.event(
        "engineers",
        "visit.recorded",
        clock.at(6, "15:10"),
        visit=diary.token(),
        place="خانهٔ مشتری، اصفهان",
        party=mobile,
        agent=HAMID.name,
        reason="تعمیر جاروشارژی",
        note=WORK,
        outcome="repaired",
    )
    diary.on(ticket, "contact_attached", clock.at(6, "16:02"), HAMID, contact=visit)
    diary.on(ticket, "resolved", clock.at(6, "16:05"), HAMID, how="برد شارژ VC-20-B در ضمانت عوض شد")
    report = diary.answer(answer, clock.at(6, "17:20"), NILOOFAR, REPORT)
    scene.reply(
        report,
        MARYAM,
        clock.at(5, "08:40"),
        THANKS,
        enclosures=(
            Enclosure("work-report-signed.pdf", "application/pdf", page("VC-20-B replaced, tested 20 min, signed")),
        ),
    )
    diary.on(ticket, "closed", clock.at(3, "10:00"), NILOOFAR)


story = Story((MARYAM,), (ORDER,), tell)
