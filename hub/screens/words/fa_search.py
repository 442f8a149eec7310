"""Searching, in Persian."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "search.what": "نام، ایمیل، تلفن یا شماره",
    "search.hint": "نامی، شماره‌ای با هر رقمی، یا واژه‌هایی که کسی نوشته بنویسید.",
    "search.nothing": "برای «{q}» چیزی پیدا نشد",
    "search.nothing.do": "بخشی از نام، شماره بی‌فاصله یا شمارهٔ سفارش را بیازمایید.",
    "search.found": "{n} پیدا شد",
    "search.people": "آدم‌ها",
}
