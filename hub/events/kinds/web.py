"""What somebody did on the web site."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from hub.events.catalogue import Kind, Origin, SomeParties, Text
from hub.events.text import storable_all


class PageViewed(Kind):
    """A page was looked at; usually `party` is a cookie, or a cookie with the account that is logged in."""

    type = "page.viewed"
    personal = frozenset({"url", "title", "fields"})
    texts: ClassVar[tuple[str, ...]] = ("title",)

    party: SomeParties
    url: Text | None = None
    title: Text | None = None
    fields: Annotated[dict[str, Any], AfterValidator(storable_all)] | None = None

    def stream(self, origin: Origin) -> str:
        return f"party:{origin.parties[0] if origin.parties else origin.event}"


class FormSubmitted(PageViewed):
    """A form was sent; `fields` is what was filled in."""

    type = "form.submitted"
    texts = ("title", "fields")

    def stream(self, origin: Origin) -> str:
        return f"contact:{origin.event}"


KINDS = (PageViewed, FormSubmitted)
