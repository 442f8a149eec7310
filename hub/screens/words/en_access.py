"""Signing in, in English."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "access.sign_in": "Sign in",
    "access.login": "Login",
    "access.password": "Password",
    "access.forgotten": "Forgot the password? An administrator makes a link with which you choose a new one.",
    "access.wrong": "This login and password do not fit together. "
    "After five wrong tries an account waits for a minute, then longer.",
    "access.link.over": "This link was used already or has run out. Start the hub again for a new one, or sign in here.",
    "access.welcome": "Welcome, {name}",
    "access.choose": "Keep this password",
    "access.choose.why": "Choose the password with which you will sign in as {login}.",
    "access.password.new": "New password",
    "access.password.again": "The same again",
    "access.password.hint": "10 letters or more; a few words that only you put together are good.",
    "access.go_home": "Go home",
    "access.why.role": "You may not see this",
    "access.why.role.do": "Your role does not reach this far. Ask an administrator if you need it.",
    "access.why.form": "Nothing was done",
    "access.why.form.do": "The form was from an older sign-in or not from here. "
    "Go back, load the page again and send it once more.",
    "access.why.host": "The hub does not know this address",
    "access.why.host.do": "Nobody can sign in here. Whoever runs the hub can allow this name with the setting HUB_HOSTS.",
    "access.why.link": "This link does not work any more",
    "access.why.link.do": "It was used already or has run out. Ask an administrator for a new one.",
    "wrong.short": "Take at least 10 letters.",
    "wrong.long": "Take 200 letters at most.",
    "wrong.easy": "That is guessed too easily. Take something else.",
    "wrong.differs": "The two are not the same. Type it again.",
}
