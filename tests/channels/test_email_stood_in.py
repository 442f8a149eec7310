"""A mail that something sent for somebody, from its bytes to the name that its conversation shows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.channels._shape import Payload, Understood
from hub.channels.email import channel
from hub.events import ids
from hub.events.prepare import Installation, prepare
from hub.projections.conversations import apply

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HERE = Installation(bytes(32), lambda who: ids.party_id(bytes(32), who))


@pytest.mark.parametrize(("answers", "names"), [("Sara <sara@example.ir>", ["Sara"]), ("sara@example.ir", [])])
def test_a_conversation_has_the_name_of_who_wrote_not_of_the_form(answers: str, names: list[str]) -> None:
    mail = f"From: Shop <wordpress@shop.example>\nReply-To: {answers}\nSubject: Contact form\n\nhello\n"
    outcome = channel.parse(Payload(mail.encode(), "inbox", NOW))
    assert isinstance(outcome, Understood)
    row = apply(None, prepare(outcome.drafts[0], HERE, NOW))
    assert row is not None
    assert [name for _, _, name in row.names.values()] == names
