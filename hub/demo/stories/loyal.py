"""The loyal customer: buys every few days, comes by for tea, sends his friends."""

from __future__ import annotations

from hub.demo.people import Person, phone
from hub.demo.scene import Planned, Scene, Story
from hub.demo.shop import PARISA

FARHAD = Person(
    key="farhad",
    name="فرهاد مرادی",
    latin="Farhad Moradi",
    language="fa",
    formal="آقای مرادی",
    emails=("farhad.moradi@example.com",),
    phones=("+989125550108",),
    account="BH-10003",
    city="تهران",
)
BASKETS = (("TS-12",), ("CU-02", "BW-06"), ("LM-04",), ("SG-01",), ("CV-08",), ("TB-03", "CU-02"))


def _order(n: int, skus: tuple[str, ...]) -> Planned:
    day = 27 - 4 * n
    steps = (
        ("placed", day, "16:20"),
        ("confirmed", day, "16:21"),
        ("paid", day, "16:25"),
        ("packed", day - 1, "10:10"),
        ("shipped", day - 1, "16:00"),
        ("delivered", day - 2, "11:30"),
    )
    return Planned(f"farhad-{n}", "farhad", skus, steps, "desk" if n % 2 else "web")


VISITS = (
    (26, "سرویس چای را حضوری دید و پسندید", "خودش یک فنجان هم شکست و پولش را داد، نگرفتیم"),
    (15, "برای خواهرش چراغ برد", "گفت جعبه‌اش را ربان قرمز بزنیم"),
    (6, "چای و گپ", "دو نفر از همکارانش را هم آورده بود"),
)
LETTER = """خدمت همکاران خانهٔ باران
بیست سال است از شما خرید می‌کنم، اول از پدرتان در بازار و حالا از سایت. خواستم بنویسم که هنوز همان است.
ارادتمند، فرهاد مرادی"""


def tell(scene: Scene) -> None:
    clock, diary = scene.clock, scene.diary
    mobile = phone(FARHAD.phones[0])
    for days, reason, note in VISITS:
        diary.event(
            "front-desk",
            "visit.recorded",
            clock.at(days, "17:45"),
            visit=diary.token(),
            place="فروشگاه ولیعصر",
            party=mobile,
            agent=PARISA.name,
            reason=reason,
            note=note,
            outcome="served",
        )
    diary.event(
        "post-room",
        "contact.recorded",
        clock.at(12, "10:30"),
        contact=diary.token(),
        channel="letter",
        direction="in",
        party=mobile,
        agent=PARISA.name,
        subject="نامهٔ دست‌نویس آقای مرادی",
        text=LETTER,
    )
    diary.event(
        "campaigns",
        "contact.recorded",
        clock.at(9, "19:12"),
        contact=diary.token(),
        channel="campaign",
        direction="in",
        party=mobile,
        campaign="tea-week",
        code="TEA15",
        text="کد را برای سه دوست هم فرستاد",
    )


story = Story((FARHAD,), tuple(_order(n, skus) for n, skus in enumerate(BASKETS)), tell)
