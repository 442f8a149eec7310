"""The demo's stories panel, in English."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "demo.title": "Try it",
    "demo.about": "A demo: a minute here is an hour of this shop's day. Nobody in it is real.",
    "demo.mail": "Mail {address} and watch it appear. In a terminal of this machine:",
    "demo.away": "The demo is being started again …",
    "demo.play.ring": "Ring again",
    "demo.hint.ring": "Sara calls about the order of which she e-mailed last week",
    "demo.play.walk_in": "Walk-in",
    "demo.hint.walk_in": "A customer stands at the counter and shows a club card",
    "demo.play.unknown_caller": "Unknown caller",
    "demo.hint.unknown_caller": "A number that nobody knows rings for the fourth time",
    "demo.play.duplicate": "Same mail twice",
    "demo.hint.duplicate": "A mail program sends the same mail two times",
    "demo.play.broken_mail": "Broken mail",
    "demo.hint.broken_mail": "What is left of a mail after a disk failed",
    "demo.play.kill_worker": "Kill the worker",
    "demo.hint.kill_worker": "kill -9 of the process that reads what comes, while a mail comes",
    "demo.told.ring": "{who} calls. Look at the top of the page before anybody answers.",
    "demo.told.busy": "Somebody else's call is ringing. Try again when it has been answered.",
    "demo.told.walk_in": "{who} stands at the counter with a cup that has a chip. It is in the timeline, and a ticket is open.",
    "demo.see.walk_in": "See the customer",
    "demo.told.unknown_caller": "{number} rings: nobody knows it, it called three times and was never answered. It belongs to"
    " {who}: press Link on the caller's page, and the three old calls slide in. Cut the link, and they leave.",
    "demo.see.unknown_caller": "Open the caller's page",
    "demo.told.duplicate": "{who} sent the same mail twice. Taken in: {received}; recognised as a duplicate: {duplicates}."
    " The figures above today's contacts count it once.",
    "demo.see.duplicate": "See it in the timeline",
    "demo.told.broken_mail": "A broken mail came. It is kept and counted, and nothing was guessed.",
    "demo.see.broken_mail": "See which byte was wrong",
    "demo.told.killed": "Killed process {pid}. The hub starts it again; meanwhile a mail has come …",
    "demo.told.back": "Killed process {pid}; {now} does its work since. {n} seconds later nothing waits, and the mail that"
    " came meanwhile is shown once. Nothing was lost.",
    "demo.told.back.one": "Killed process {pid}; {now} does its work since. A second later nothing waits, and the mail that"
    " came meanwhile is shown once. Nothing was lost.",
    "demo.see.back": "See that mail",
    "demo.told.not_back": "Killed process {pid}, and after {n} seconds its work is still not done. That should not happen:"
    " `hub doctor` says what is wrong.",
    "demo.told.no_worker": "The worker is being started again just now. Try again in a moment.",
    "demo.told.away": "A part of the hub does not answer just now. Try again in a moment.",
    "demo.told.arrived": "Your answer lies in {who}'s mailbox. An answer to it comes in about {n} seconds.",
    "demo.told.wrote_back": "{who} has written back; it joins the ticket.",
    "demo.see.wrote_back": "See it",
}
