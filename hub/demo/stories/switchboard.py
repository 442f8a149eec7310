"""A company whose people all call from one switchboard: the number must not make one customer of them."""

from __future__ import annotations

from hub.demo.diary import Call
from hub.demo.people import Person, email, phone
from hub.demo.scene import Scene, Story
from hub.demo.shop import PARISA, REZA

COMPANY_FA = "مهندسی کویر"
SWITCHBOARD = "+982188555300"
NAMES = (
    ("لادن پاکزاد", "Ladan Pakzad"),
    ("مانی تهرانی", "Mani Tehrani"),
    ("شقایق نوری", "Shaghayegh Nouri"),
    ("رامین ملکی", "Ramin Maleki"),
    ("سپیده یزدانی", "Sepideh Yazdani"),
    ("کامران نجفی", "Kamran Najafi"),
    ("بیتا خسروی", "Bita Khosravi"),
    ("اشکان امینی", "Ashkan Amini"),
    ("ندا عباسی", "Neda Abbasi"),
    ("پویا صادقی", "Pouya Sadeghi"),
    ("مینو کاظمی", "Minoo Kazemi"),
    ("هومن موسوی", "Hooman Mousavi"),
    ("ثریا دهقان", "Soraya Dehghan"),
    ("وحید چراغی", "Vahid Cheraghi"),
    ("تینا فرهادی", "Tina Farhadi"),
    ("جواد بهرامی", "Javad Bahrami"),
)
REASONS = (
    "هدیهٔ پایان سال همکاران، پیش‌فاکتور خواست",
    "پیگیری پیش‌فاکتور برای واحد خرید",
    "فاکتور رسمی به نام شرکت",
    "پرسید چهل سرویس چای تا کی آماده می‌شود",
)
OFFER = """با سلام
برای پایان سال چهل سرویس چای فیروزه‌ای و چهل جعبه هدیه می‌خواهیم. لطفاً قیمت و زمان تحویل را تا پنجشنبه اعلام کنید.
{name}
{company}، تلفن ۰۲۱-۸۸۵۵۵۳۰۰"""


def _employee(n: int, name: str, latin: str) -> Person:
    address = f"{latin.lower().replace(' ', '.')}@kavir.example.com"
    return Person(
        f"kavir-{n}", name, latin, "fa", f"همکار گرامی {name}", (address,), (SWITCHBOARD,), None, COMPANY_FA, "تهران"
    )


PEOPLE = tuple(_employee(n, name, latin) for n, (name, latin) in enumerate(NAMES))


def tell(scene: Scene) -> None:
    for n, person in enumerate(PEOPLE):
        _registers(scene, n, person)
        if n % 4 == 0:
            _writes(scene, n, person)
        if n % 3 == 0:
            scene.diary.talk(person, scene.clock.at(20 - n, "11:20"), REZA, 140 + 9 * n, REASONS[n % len(REASONS)])
    for n in range(34):
        _calls(scene, n)


def _registers(scene: Scene, n: int, person: Person) -> None:
    scene.diary.event(
        "website",
        "form.submitted",
        scene.clock.at(26 - n, "10:15"),
        party=[email(person.emails[0]), phone(SWITCHBOARD)],
        title="عضویت باشگاه مشتریان سازمانی",
        fields={"company": COMPANY_FA, "name": person.name},
    )


def _writes(scene: Scene, n: int, person: Person) -> None:
    text = OFFER.format(name=person.name, company=COMPANY_FA)
    mail = scene.first_mail(
        person, scene.clock.at(19 - n, "14:05"), "درخواست پیش‌فاکتور", text, dress="windows-1256 base64"
    )
    answer = (
        f"{person.name} عزیز، سلام. پیش‌فاکتور با ۱۸ درصد تخفیف در حساب سازمانی‌تان است و تا دو هفته اعتبار دارد.\nپریسا"
    )
    scene.diary.answer(mail, scene.clock.at(18 - n, "10:30"), PARISA, answer)


def _calls(scene: Scene, n: int) -> None:
    """Who it was, the telephone system cannot know: only the reason that somebody typed in says it, if at all."""
    who = scene.rng.choice(PEOPLE)
    at = scene.clock.in_hours(scene.rng)
    reason = f"{who.name}: {scene.rng.choice(REASONS)}" if n % 3 else ""
    scene.diary.call(
        Call(
            at,
            "02188555300",
            waited=scene.rng.randrange(4, 40),
            talked=scene.rng.randrange(40, 400),
            extension=PARISA.extension,
            queue="530",
            reason=reason,
        )
    )


story = Story(PEOPLE, (), tell)
