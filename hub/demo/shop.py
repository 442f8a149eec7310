"""The shop of the demo: what it sells, who works there, what it calls itself."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "Baran Home"
MAIL = "help@baran-home.example.com"
SITE = "https://baran-home.example.com"
DESK = "+982188555000"
"""The number that customers call; the queues hang behind it."""


@dataclass(frozen=True, slots=True)
class Product:
    """`rials` and `euros` are what one piece costs; `repairable` ones bring engineers into people's homes."""

    sku: str
    title: str
    title_fa: str
    rials: int
    euros: str
    repairable: bool = False


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the shop; `extension` rings on the desk."""

    name: str
    name_fa: str
    extension: str
    department: str

    @property
    def login(self) -> str:
        """How he signs in to the hub."""
        return self.name.lower()


PRODUCTS = (
    Product("RC-18", "rice cooker 1.8 l", "پلوپز ۱٫۸ لیتری", 38_500_000, "64.00", True),
    Product("ES-02", "espresso machine Damavand", "اسپرسوساز دماوند", 124_000_000, "209.00", True),
    Product("SM-07", "electric samovar", "سماور برقی", 46_900_000, "79.00", True),
    Product("TS-12", "tea set for six, turquoise", "سرویس چای شش‌نفرهٔ فیروزه‌ای", 29_800_000, "49.50"),
    Product("KL-15", "glass kettle 1.5 l", "کتری شیشه‌ای ۱٫۵ لیتری", 12_400_000, "21.90"),
    Product("HB-30", "hand blender", "گوشت‌کوب برقی", 21_700_000, "36.00", True),
    Product("CR-90", "handwoven runner 90 x 200", "گلیم دست‌بافت ۹۰ در ۲۰۰", 98_000_000, "165.00"),
    Product("LM-04", "reading lamp, brass", "چراغ مطالعهٔ برنجی", 18_900_000, "32.00"),
    Product("BW-06", "Meybod ceramic bowls, six", "کاسهٔ سفالی میبد، شش‌تایی", 15_600_000, "27.50"),
    Product("SG-01", "saffron grinder", "آسیاب زعفران", 6_800_000, "12.90"),
    Product("VC-20", "cordless vacuum cleaner", "جاروشارژی", 87_500_000, "149.00", True),
    Product("AH-11", "air humidifier", "دستگاه بخور سرد", 34_200_000, "58.00", True),
    Product("CV-08", "cast iron pot 26 cm", "قابلمهٔ چدنی ۲۶", 42_300_000, "72.00"),
    Product("TB-03", "tablecloth with block print", "رومیزی قلمکار", 17_200_000, "29.00"),
    Product("FN-05", "standing fan", "پنکهٔ ایستاده", 31_900_000, "54.00", True),
    Product("CU-02", "two espresso cups", "دو فنجان اسپرسو", 5_400_000, "9.90"),
)

FULL_NAME = "Reza Moradi"
"""Of Reza, at whose desk whoever watches the demo sits."""
REZA = Colleague("Reza", "رضا", "201", "orders")
MINA = Colleague("Mina", "مینا", "202", "orders")
NILOOFAR = Colleague("Niloofar", "نیلوفر", "203", "service")
JAMES = Colleague("James", "جیمز", "204", "export")
PARISA = Colleague("Parisa", "پریسا", "205", "sales")
HAMID = Colleague("Hamid", "حمید", "206", "engineers")
SHIRIN = Colleague("Shirin", "شیرین", "207", "finance")

COLLEAGUES = (REZA, MINA, NILOOFAR, JAMES, PARISA, HAMID, SHIRIN)
ON_THE_PHONE = (REZA, MINA, NILOOFAR, PARISA)

QUEUES = {"orders": "510", "service": "520", "sales": "530", "finance": "540", "export": "550", "engineers": "520"}


def colleague_for(department: str) -> Colleague:
    """Who answers first for a department."""
    return next(person for person in COLLEAGUES if person.department == department)


def product(sku: str) -> Product:
    return next(item for item in PRODUCTS if item.sku == sku)
