"""What came by letter, fax, kiosk and all the other ways, and what machines write."""

from __future__ import annotations

Said = tuple[str, str]
"""Subject and text."""

RECORDED: dict[str, dict[str, tuple[Said, ...]]] = {
    "letter": {
        "en": (
            ("A letter about the tea set", "Two pages by hand: the turquoise reminds her of her grandmother's house."),
            ("Complaint by letter", "The carpet of order {order} smells of the warehouse. Wants an answer on paper."),
        ),
        "fa": (
            ("نامه دربارهٔ سرویس چای", "دو صفحه دست‌نویس: رنگ فیروزه‌ای او را یاد خانهٔ مادربزرگش می‌اندازد."),
            ("نامهٔ گلایه", "گلیم سفارش {order} بوی انبار می‌دهد. پاسخ کتبی خواسته است."),
            ("درخواست کاتالوگ", "اینترنت ندارد و می‌خواهد کاتالوگ چاپی برایش پست شود."),
        ),
    },
    "fax": {
        "en": (("Purchase order by fax", "Ten reading lamps for the reading room, signed and stamped."),),
        "fa": (
            ("سفارش خرید با نمابر", "بیست کتری شیشه‌ای برای آبدارخانه، با مهر و امضا."),
            ("رونوشت فیش واریز", "فیش واریز سفارش {order}، کمی ناخوانا."),
        ),
    },
    "conference": {
        "en": (
            ("Video call on the hotel offer", "Three of them, Parisa and James. They take 60 sets if the logo fits."),
        ),
        "fa": (
            ("جلسهٔ برخط پیش‌فاکتور", "دربارهٔ زمان تحویل صحبت شد؛ نمونه می‌خواهند."),
            ("جلسهٔ آموزش نمایندگان", "کار با اسپرسوساز، پرسش‌وپاسخ نیم‌ساعته."),
        ),
    },
    "campaign": {
        "en": (
            ("Tea week", "Opened the link and used the code."),
            ("Tea week", "Asked whether the code also holds for carpets."),
            ("Tea week", "Please no more advertising."),
        ),
        "fa": (
            ("هفتهٔ چای", "از پیامک وارد شد و کد را استفاده کرد."),
            ("هفتهٔ چای", "پرسید تخفیف برای سماور هم هست؟"),
            ("هفتهٔ چای", "خواست دیگر پیامک تبلیغاتی نگیرد."),
            ("هفتهٔ چای", "کد را برای خواهرش فرستاد."),
        ),
    },
    "kiosk": {
        "en": (("Kiosk in the shop", "Looked up order {order} and printed the receipt."),),
        "fa": (
            ("کیوسک فروشگاه", "وضعیت سفارش {order} را دید و رسید چاپ کرد."),
            ("کیوسک فروشگاه", "موجودی {item} را پرسید."),
        ),
    },
    "ivr": {
        "en": (("Voice menu", "Pressed 2, typed {order}, heard its stage, hung up content after 40 seconds."),),
        "fa": (
            ("تلفن گویا", "عدد ۲ را زد، شمارهٔ سفارش {order} را وارد کرد و مرحله‌اش را شنید."),
            ("تلفن گویا", "ساعت کار فروشگاه را شنید و قطع کرد."),
            ("تلفن گویا", "پیغام گذاشت: «لطفاً با من تماس بگیرید، بابت سفارش {order}»."),
        ),
    },
    "survey": {
        "en": (("After delivery", '8 of 10. "Would have been 10 with less tape on the box."'),),
        "fa": (
            ("پس از تحویل", "۱۰ از ۱۰. «بسته‌بندی مثل هدیه بود.»"),
            ("پس از تحویل", "۶ از ۱۰. «پیک بداخلاق بود.»"),
        ),
    },
    "direct mail": {
        "en": (("Winter catalogue", "Sent by post."),),
        "fa": (("کاتالوگ زمستان", "با پست فرستاده شد."),),
    },
}

VISITS: dict[str, tuple[Said, ...]] = {
    "en": (
        ("wanted to see the {item}", "Took it along at once."),
        ("picked up order {order}", "Tea was drunk."),
        ("wanted to exchange the {item}", "Exchanged against the receipt."),
    ),
    "fa": (
        ("دیدن {item} از نزدیک", "پسندید و برد."),
        ("تحویل حضوری سفارش {order}", "چای هم خوردند."),
        ("تعویض {item}", "با رسید عوض شد."),
        ("تعویض هدیه", "با رومیزی قلمکار عوض کرد."),
        ("فقط نگاه کرد", "گفت با همسرش برمی‌گردد."),
    ),
}

PAGES: dict[str, tuple[Said, ...]] = {
    "en": (
        ("/products/{sku}", "{item}"),
        ("/orders/{order}", "Order {order}"),
        ("/returns", "Returns"),
        ("/cart", "Cart"),
    ),
    "fa": (
        ("/products/{sku}", "{item}"),
        ("/orders/{order}", "سفارش {order}"),
        ("/returns", "مرجوع‌کردن کالا"),
        ("/cart", "سبد خرید"),
        ("/help/delivery", "راهنما: ارسال"),
    ),
}

AWAY: dict[str, tuple[Said, ...]] = {
    "en": (
        ("Automatic reply: Tea week at Baran Home", "I am out of the office until Monday, with little e-mail."),
        (
            "Out of office: Your order is on its way",
            "Thank you for your mail. I am on leave and read it when I am back.",
        ),
    ),
    "fa": (
        ("پاسخ خودکار: هفتهٔ چای در خانهٔ باران", "تا شنبه در مرخصی هستم. اگر فوری است با همکارانم تماس بگیرید."),
        ("پاسخ خودکار: سفارش شما در راه است", "در سفر کاری هستم و دیرتر پاسخ می‌دهم. با سپاس از شکیبایی شما."),
    ),
}

BOUNCE = (
    "This is the mail system at host {host}.\n\nYour message could not be delivered to one or more recipients.\n\n"
    "<{who}>: host {host} said: 550 5.1.1 User unknown (in reply to RCPT TO command)"
)
QMAIL_BOUNCE = (
    "Hi. This is the qmail-send program at {host}.\nI'm afraid I wasn't able to deliver your message to the following "
    "addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<{who}>:\n"
    "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message."
)

NEWSLETTERS: tuple[tuple[str, str, str, str], ...] = (
    (
        "Meybod Ceramics",
        "news@meybod.example.org",
        "تازه‌های کارگاه میبد",
        "کاسه‌های لعاب‌دار تازه از کوره درآمد. فهرست بها در سایت است.",
    ),
    (
        "Gilan Tea Growers",
        "list@gilan-tea.example.net",
        "Second flush is here",
        "Dear traders, the second flush came in dry and fragrant. Samples on request.",
    ),
    (
        "Retail Weekly",
        "editor@retail.example.com",
        "Five things about returns",
        "This week: why easy returns sell more, and four other things that you knew.",
    ),
    (
        "انجمن فروشگاه‌های اینترنتی",
        "khabar@anjoman.example.org",
        "خبرنامهٔ هفتگی",
        "نشست این هفته دربارهٔ زمان ارسال است. حضور برای اعضا آزاد است.",
    ),
)
