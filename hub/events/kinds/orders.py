"""Orders and their steps in the back office."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hub.events.catalogue import NONE, FoundBy, Id, Kind, Money, Origin, Parties, Text
from hub.events.envelope import Json
from hub.events.order_numbers import order_number

# In the order of their progress: an order's stage is the furthest that was reported, whenever the report came.
STAGES = ("placed", "confirmed", "paid", "packed", "shipped", "delivered", "cancelled", "returned", "refunded")
REMARKS = ("invoiced", "noted")
OF_MONEY = ("paid", "refunded", "invoiced")  # steps whose amount is shown: some files say the order's total in every row


class Line(BaseModel):
    """One line of an order. `price` is for one piece."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)
    sku: Text | None = None
    title: Text | None = None
    quantity: Annotated[float, Field(allow_inf_nan=False)] | None = None
    price: Money | None = None


def _readable(number: str) -> str:
    if "\ufffd" in number:  # what could not be read: two would be one
        raise ValueError("holds what is no character")
    return number


Number = Annotated[Id, AfterValidator(_readable), FoundBy]


class OrderStep(Kind):
    """`order` is the number people say; `order_ref` a back office's own id, for messages that know only that. `total` is what
    the whole order comes to, `amount` what this step moved."""

    version = 2
    upcasts: ClassVar[Mapping[int, Callable[[Json], Json]]] = {1: dict}  # in version 1 only the first step had a `total`
    personal = frozenset({"note"})

    order: Annotated[Number, BeforeValidator(lambda v: order_number(v) if isinstance(v, str) else v)] | None = None
    order_ref: Number | None = None
    party: Parties = NONE
    tracking: Text | None = None
    carrier: Text | None = None
    total: Money | None = None
    amount: Money | None = None
    currency: Text | None = None
    document: Text | None = None
    note: Text | None = None
    as_of: Text | None = None

    @model_validator(mode="after")
    def _named(self) -> OrderStep:
        if not (self.order or self.order_ref):
            raise ValueError("an order step names its order")
        return self

    def stream(self, origin: Origin) -> str:
        return f"order:{self.order or self.order_ref}"


class OrderPlaced(OrderStep):
    """The customer ordered. `total` is text such as "12.50", in `currency` (ISO 4217)."""

    type = "order.placed"
    version = 1
    lines: Annotated[list[Line], BeforeValidator(lambda v: v or [])] = NONE


def _step(stage: str) -> type[OrderStep]:
    words = {"noted": "A remark was made on the order.", "invoiced": "An invoice was written for the order."}
    doc = words.get(stage, f"The order was {stage}.")
    return type(
        f"Order{stage.title()}", (OrderStep,), {"type": f"order.{stage}", "__doc__": doc, "__module__": __name__}
    )


KINDS: tuple[type[OrderStep], ...] = (OrderPlaced, *(_step(stage) for stage in (*STAGES[1:], *REMARKS)))
