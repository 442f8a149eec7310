"""A browser as the pages meet it: it keeps cookies, says where its requests come from, and sends a page's forms."""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from typing import Any

import httpx

from hub.consumers.runner import clock
from hub.store import accounts, sessions
from hub.store.accounts import Account
from hub.store.passwords import Passwords

from .conftest import Api

PASSWORD = "correct horse battery"
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


class Browser(httpx.Client):
    """Not signed in until somebody does."""

    def __init__(self, address: str) -> None:
        super().__init__(base_url=address, headers={"accept": "text/html,*/*"}, timeout=30, verify=False)
        self.origin = address.rstrip("/")

    def send_form(self, path: str, *, csrf: str | None = None, **fields: str) -> httpx.Response:
        """As a page of ours sends it; `csrf` "" sends none."""
        proof = self.csrf if csrf is None else csrf
        fields = fields | ({"csrf": proof} if proof else {})
        headers = {"origin": self.origin, "sec-fetch-site": "same-origin"}
        return self.post(path, data=fields, headers=headers)

    def sign_in(self, login: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        return self.send_form("/sign-in", csrf="", login=login, password=password, **more)

    def come_back_with(self, token: str) -> None:
        self.cookies.clear()
        self.cookies.set("hub_session", token, domain=self.base_url.host)

    @property
    def token(self) -> str | None:
        return self.cookies.get("hub_session")

    @property
    def csrf(self) -> str:
        return sessions.csrf(self.token) if self.token else ""

    def signed_in(self) -> bool:
        return self.get("/settings/me").status_code == 200


def form_csrf(page: httpx.Response) -> str:
    """What the page's forms bring."""
    found = _CSRF.search(page.text)
    assert found, page.text
    return found[1]


def text_of(page: httpx.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def address_of(api: Api) -> str:
    return str(api.anybody.base_url)


def colleague(api: Api, login: str, role: str = "agent", password: str | None = PASSWORD, **more: Any) -> Account:
    """An account, with a password unless it is None."""
    made = accounts.add(api.hub.database, login, login.capitalize(), role, **more)
    if password is not None:
        with api.hub.database.transaction() as tx:
            accounts.choose_password(tx, made.id, _hashed(password))
    return made


@cache
def _hashed(password: str) -> str:
    """Made once: to make it takes longer than most tests."""
    return Passwords().hashed(password)


def browser_of(api: Api, account: Account) -> Browser:
    """A browser in which this account is signed in."""
    browser = Browser(address_of(api))
    with api.hub.database.transaction() as tx:
        browser.come_back_with(sessions.begin(tx, account.id, clock()))
    return browser
