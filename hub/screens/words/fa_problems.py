"""Why a request was refused, in Persian."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "problem.nobody_left": "چیزی نمانده که این مشتری به آن شناخته شود: فراموش شده است.",
    "problem.link_gone": "این پیوند دیگر نیست.",
    "problem.no_link": "این پیوند دیگر نیست.",
    "problem.forgotten": "یکی از آن دو فراموش شده است: کسی نمانده که این را درباره‌اش بگویید.",
    "problem.customer_large":
        "بیش از ۱٬۰۰۰ شناسه اینجا به هم پیوسته‌اند: پیش از آنکه یک مشتری شمرده شوند پیوندهایشان را بازبینی کنید.",
    "problem.env_mailbox": "این صندوق از HUB_IMAP_URLS می‌آید و همان‌جا عوض می‌شود.",
    "problem.not_done": "این کار را نمی‌توان با {what} کرد.",
    "problem.looks": "چنین زبان یا پوسته‌ای نیست.",
    "problem.lacks_id": "فرم شناسه‌اش را ندارد.",
    "problem.cursor": "این نشانی صفحه از این هاب نیست.",
    "problem.form": "آنچه فرستاده شد آن نیست که اینجا خواسته شده.",
    "problem.story": "چنین داستانی نیست.",
    "problem.no_demo": "نمایشی در کار نیست.",
    "problem.another_ticket": "این فرم برای تیکت دیگری به کار رفته بود.",
    "problem.word.a_text": "متن",
    "problem.word.a_mailbox": "صندوق",
    "problem.word.an_account": "حساب",
    "problem.word.the_pattern": "الگو",
}
