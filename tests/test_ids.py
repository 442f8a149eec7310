"""Ids are those of RFC 9562, whatever computes them."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from hub.events.ids import NAMESPACE, named, secret_id

PARTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])))


@given(PARTS)
def test_a_name_that_is_no_secret_has_its_uuid_5(parts: list[str]) -> None:
    assert named(*parts) == str(uuid5(NAMESPACE, "\x1f".join(parts)))


@given(PARTS)
def test_a_secret_one_has_a_uuid_8(parts: list[str]) -> None:
    id = UUID(secret_id(b"s" * 32, *parts))
    assert (id.version, id.variant) == (8, "specified in RFC 4122")
