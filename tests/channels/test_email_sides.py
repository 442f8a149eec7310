"""Which side wrote a mail: what comes from our own addresses is no customer's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.channels._shape import Payload, Understood
from hub.channels.email import channel
from hub.events.draft import Draft

OURS = frozenset({"info@shop.example", "sales@shop.example"})
INFO, SALES, CARL, DANA = "info@shop.example", "Sales <Sales@Shop.example>", "Carl <carl@ex.com>", "dana@ex.com"


def read(*, ours: Collection[str] = OURS, **headers: str) -> Draft:
    lines = {"From": f"The shop <{INFO}>", "Subject": "Your lamp", "Message-ID": "<1@x>"} | headers
    head = "\n".join(f"{name.replace('_', '-')}: {value}" for name, value in lines.items())
    body = f"{head}\n\nHello\n".encode()
    outcome = channel.parse(Payload(body, "smtp", datetime(2026, 3, 1, tzinfo=UTC), ours=frozenset(ours)))
    assert isinstance(outcome, Understood)
    return outcome.drafts[0]


def people(draft: Draft) -> tuple[list[str], list[str]]:
    """Whose contact it is, and whom else it concerns."""
    fields: dict[str, Any] = draft.fields
    party, about = ([one["value"] for one in fields.get(name) or ()] for name in ("party", "about"))
    return party, about


def test_a_mail_from_our_own_address_was_sent_to_its_recipient() -> None:
    draft = read(To=CARL, Cc=SALES, Reply_To=INFO)
    assert draft.type == "message.sent"
    assert people(draft) == (["carl@ex.com"], [])
    assert "reply_to" not in draft.fields
    assert draft.fields["from"]["address"] == INFO


def test_the_same_mail_is_a_customers_where_the_address_is_none_of_ours() -> None:
    draft = read(ours=(), To=CARL)
    assert (draft.type, people(draft)) == ("message.received", ([INFO], []))
    assert (draft.source, draft.key) == (read(To=CARL).source, read(To=CARL).key)


def test_people_who_get_the_same_mail_are_not_one_customer() -> None:
    assert people(read(To=f"{CARL}, {DANA}, CARL@ex.com", Cc="no address, eve@ex.com")) == (
        ["carl@ex.com"], ["dana@ex.com", "eve@ex.com"],
    )  # fmt: skip


@pytest.mark.parametrize("headers", [{"To": INFO}, {"To": SALES, "Cc": INFO}])
def test_what_went_to_ourselves_alone_was_received(headers: dict[str, str]) -> None:
    draft = read(**headers)
    assert (draft.type, people(draft)) == ("message.received", ([INFO], []))


@pytest.mark.parametrize("headers", [{"To": INFO}, {"To": INFO, "Cc": CARL}, {}])
def test_a_form_of_our_web_site_is_his_whom_its_reply_goes_to(headers: dict[str, str]) -> None:
    draft = read(Reply_To=CARL, **headers)
    assert (draft.type, people(draft)) == ("message.received", (["carl@ex.com"], []))
    assert draft.fields["reply_to"] == {"name": "Carl", "address": "carl@ex.com"}


def test_what_names_no_recipient_was_sent_to_nobody_who_is_known() -> None:
    draft = read(To="undisclosed-recipients:;")
    assert (draft.type, people(draft)) == ("message.sent", ([], []))


@pytest.mark.parametrize(
    "headers",
    [{"From": f"Carl via The shop <{INFO}>"}, {"X_Original_From": CARL}, {"X_Original_Sender": "carl@ex.com"}],
)  # fmt: skip
def test_what_our_group_passes_on_is_not_ours(headers: dict[str, str]) -> None:
    assert read(To=INFO, Cc=DANA, **headers).type == "message.received"


def test_what_a_mail_system_returns_under_our_address_is_received() -> None:
    system = f"Mail Delivery System <{INFO}>"
    returned = read(To=CARL, Return_Path="<>", From=system, Subject="Undelivered Mail Returned to Sender")
    assert (returned.type, returned.fields["automatic"]) == ("message.received", "bounce")


def test_our_own_automatic_mail_is_sent_and_still_automatic() -> None:
    draft = read(To=CARL, Auto_Submitted="auto-replied")
    assert (draft.type, draft.fields["automatic"]) == ("message.sent", "reply")


def test_a_name_that_is_no_address_is_nobodys() -> None:
    draft = read(ours={"office"}, From="office", To="office")
    assert (draft.type, people(draft)) == ("message.received", ([], []))
