"""Times that name no offset are of the zone that the operator set; read anew they are of the zone set then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hub.consumers import understand
from hub.wiring import Hub, open_hub
from tests.journeys.story import mail, shown

ROW = b"order,stage,time\n1047,placed,2026-01-05 10:00:00"


@contextmanager
def set_to(hub: Hub, timezone: str) -> Iterator[Hub]:
    """The same hub, started with another HUB_TIMEZONE."""
    other = open_hub(replace(hub.settings, timezone=timezone), hub.database.dsn)
    yield other
    other.close()


def placed(hub: Hub) -> list[str]:
    rows = hub.database.rows("SELECT time FROM timeline WHERE type = 'order.placed'")
    return [row[0].isoformat()[:16] for row in rows]


def test_a_row_says_the_time_of_the_zone_that_is_set_and_anew_of_the_zone_set_then(hub: Hub) -> None:
    payload = mail(hub, ROW, channel="orders")
    assert placed(hub) == ["2026-01-05T10:00"]
    with set_to(hub, "Asia/Tehran") as other:
        understand.again(other.recorder, [payload])
        shown(other)
    assert placed(hub) == ["2026-01-05T06:30"]
