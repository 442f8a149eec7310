"""Mails that come back."""

from __future__ import annotations

import pytest

from hub.desk.returned import failed, reason


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("5.1.1", "It came back: there is no such mailbox (5.1.1)."),
        ("5.2.2", "It came back: the mailbox is full (5.2.2)."),
        ("5.7.26", "It came back: the customer's mail server refused it by its rules (5.7.26)."),
        ("5.0.0", "It came back: the customer's mail server does not say why (5.0.0)."),
        (None, "It came back: the customer's mail server does not say why."),
    ],
)
def test_a_status_is_said_in_words(status: str | None, why: str) -> None:
    assert reason({"status": status}) == why


def test_only_a_report_of_failure_is_one() -> None:
    assert failed({"action": "failed"})
    assert failed({"action": None})
    assert not any(failed({"action": action}) for action in ("delayed", "delivered", "relayed", "expanded", "complained"))
    assert not failed(None)
