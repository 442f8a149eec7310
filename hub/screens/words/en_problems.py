"""Why a request was refused: the sentences of the answers that people see on pages, as they are said, in English."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "problem.nobody_left": "Nothing is left by which this customer is known: the customer was forgotten.",
    "problem.link_gone": "This link is not there any more.",
    "problem.no_link": "No link between two parties has this id.",
    "problem.forgotten": "One of the two was forgotten: there is nobody left to say this of.",
    "problem.customer_large":
        "More than 1,000 parties hang together here: review their links before they are shown as one customer.",
    "problem.env_mailbox": "This mailbox is one of HUB_IMAP_URLS and is changed there.",
    "problem.not_done": "This cannot be done to {what}.",
    "problem.looks": "There is no such language or theme.",
    "problem.lacks_id": "The form lacks its id.",
    "problem.cursor": "This cursor was not made by this hub; take `next` of the last answer as it is.",
    "problem.form": "What was sent is not what is asked for here.",
    "problem.story": "There is no such story.",
    "problem.no_demo": "No demo runs.",
    "problem.another_ticket": "This command's id was used for another ticket.",
    "problem.word.a_text": "a text",
    "problem.word.a_mailbox": "a mailbox",
    "problem.word.an_account": "an account",
    "problem.word.the_pattern": "the pattern",
}
