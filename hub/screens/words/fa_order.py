"""The page of an order, in Persian."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "order.title": "سفارش {number}",
    "order.stages": "تا کجا رسیده",
    "order.untold": "زمانش گفته نشده",
    "order.to_come": "هنوز نه",
    "order.in_part": "بخشی از آن",
    "order.total": "جمع",
    "order.tracking": "شمارهٔ پیگیری",
    "order.carrier": "شرکت حمل",
    "order.lines": "چه سفارش داده شد",
    "order.article": "کالا",
    "order.sku": "شمارهٔ کالا",
    "order.quantity": "تعداد",
    "order.price": "قیمت",
    "order.contacts": "تماس‌ها دربارهٔ آن",
    "order.contacts.none": "کسی دربارهٔ آن نپرسیده",
    "order.contacts.none.do": "ایمیل‌ها، تماس‌ها و مراجعه‌هایی که این شماره را نام ببرند اینجا می‌آیند، از هر که باشند.",
    "order.others": "سفارش‌های دیگرش",
    "order.history": "گزارش‌های بخش اداری",
}
