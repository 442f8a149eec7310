"""What was not understood, in Persian."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "rejected.about": "آنچه رسید و خوانده نشد. چیزی گم نشده: همان‌گونه که رسید مانده و می‌توان دوباره کوشید.",
    "rejected.bytes": "{n} بایت",
    "rejected.bytes.one": "۱ بایت",
    "rejected.none": "هر چه رسید فهمیده شد",
    "rejected.none.do": "آنچه خوانده نشود اینجا می‌آید، با جایی که نادرست است.",
    "rejected.rejected": "نفهمیده",
    "rejected.understood": "فهمیده شد",
    "rejected.ignored": "بی‌اهمیت",
    "rejected.still": "دوباره کوشیده شد: هنوز فهمیده نمی‌شود.",
    "rejected.now_understood": "فهمیده شد: {n} رویداد از آن برآمد.",
    "rejected.now_understood.one": "فهمیده شد: یک رویداد از آن برآمد.",
    "rejected.now_ignored": "خوانده شد و بی‌اهمیت است.",
    "rejected.channel": "کانال",
    "rejected.source": "از",
    "rejected.received": "رسید",
    "rejected.size": "اندازه",
    "rejected.gone": "کسی که به او مربوط بود فراموش شده؛ چیزی از آن نمانده.",
    "rejected.damaged": "بایت‌های آن گم یا خراب شده است.",
    "rejected.place": "آنچه رسید، پیرامون جای نادرست",
    "rejected.here": "اینجا نادرست است",
    "rejected.raw": "گرفتن همان‌گونه که رسید",
    "rejected.how": "فرستنده را درست کنید و دوباره بفرستید، یا پس از اصلاح هاب اینجا دوباره بکوشید.",
}
