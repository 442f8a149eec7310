"""After a restore the hub asks before it sends anything old: it may have gone out before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from hub.consumers.deliver import RESTORED
from hub.consumers.rebuild import verify
from hub.wiring import Hub
from tests.both_logs import where_the_log_is as where_the_log_is
from tests.consumers.test_deliver import Desk, mail
from tests.operation.conftest import Elsewhere

LATER = timedelta(minutes=61)


def answered(desk: Desk) -> tuple[str, str, str]:
    """Answers of three tickets: one that waits for an hour, one at whose sending the hub was killed, a fresh one."""
    ids = []
    for n in range(3):
        desk.come(mail(str(n), sender=f"customer{n}@example.org"))
        desk.now += LATER * (n == 2)
        newest = max(desk.tickets(), key=lambda ticket: ticket["number"])
        ids.append(desk.answer(f"answer {n}", newest["id"]))
    desk.hub.database.rows("UPDATE delivery SET state = 'sending' WHERE id = %s RETURNING 1", [ids[1]])
    return ids[0], ids[1], ids[2]


def test_what_is_older_than_an_hour_goes_out_only_when_somebody_asks(
    desk: Desk, take: Callable[[Hub], Path], elsewhere: Elsewhere
) -> None:
    old, sending, fresh = answered(desk)
    hub, told = elsewhere.restore(take(desk.hub), now=desk.now)
    again = Desk(hub, desk.server, desk.now)
    again.settle()
    assert told.held == 2
    assert [again.row(id)[0::2][:2] for id in (old, sending)] == [("uncertain", RESTORED)] * 2
    assert again.kinds(old)[-1] == "uncertain"
    assert again.deliver() == 1
    assert (again.state(fresh), len(desk.server.mails)) == ("sent", 1)
    assert {ticket["state"] for ticket in again.tickets() if ticket["id"] != newest(again)} == {"open"}
    assert again.ask(old, "again").status == 200
    assert again.deliver() == 1
    assert (again.state(old), len(desk.server.mails)) == ("sent", 2)
    assert verify(hub.recorder)["clean"]


def newest(desk: Desk) -> str:
    return str(max(desk.tickets(), key=lambda ticket: ticket["number"])["id"])


def test_also_where_the_restore_was_killed_before_its_end_nothing_old_goes_out(
    desk: Desk, take: Callable[[Hub], Path], elsewhere: Elsewhere
) -> None:
    old, sending, fresh = answered(desk)
    elsewhere.load(take(desk.hub), now=desk.now)
    again = Desk(elsewhere.open(), desk.server, desk.now)
    assert again.deliver() == 1
    assert [again.state(id) for id in (old, sending, fresh)] == ["uncertain", "uncertain", "sent"]
