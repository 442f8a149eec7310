"""The laws on the real database: whatever the batches, the order and the repetitions, the same rows stand there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hub.consumers.project import refold
from hub.consumers.rebuild import rebuild, verify
from hub.consumers.record import Outgoing
from hub.events.draft import Draft
from hub.events.prepare import NotValid, prepare
from hub.store.projected import columns, projections
from hub.wiring import Hub
from tests.laws.worlds import PEOPLE, START, worlds

# No shrinking: each attempt is a database of its own.
few = settings(
    max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


def append(hub: Hub, drafts: Sequence[Draft]) -> list[str]:
    def build(here: Any) -> list[Outgoing]:
        made = []
        for draft in drafts:
            try:
                made.append(Outgoing(prepare(draft, here, draft.time)))
            except NotValid:
                continue
        return made

    return [answer.verdict for answer in hub.recorder.record(build)]


def fold_all(hub: Hub, limit: int = 2000) -> None:
    while hub.lane.run(limit):
        pass


def dump(hub: Hub) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every projection."""
    tables = {}
    for name, projection in projections().items():
        picked = ", ".join(f'"{column}"::text' for column in columns(projection.row))
        tables[name] = sorted(hub.database.rows(f"SELECT {picked} FROM {name}"), key=repr)
    return tables


@few
@given(drafts=worlds(30), cut=st.integers(1, 20), data=st.data())
def test_batches_order_and_repetition_change_no_row(
    new_hub: Callable[[], Hub], drafts: list[Draft], cut: int, data: st.DataObject
) -> None:
    straight, crooked = new_hub(), new_hub()
    append(straight, drafts)
    fold_all(straight)
    mixed = data.draw(st.permutations(drafts))
    append(crooked, mixed[:cut])
    crooked.lane.run(1)
    assert set(append(crooked, mixed[: cut + 3])[:cut]) <= {"duplicate", "new"}
    crooked.lane.run(1)
    append(crooked, mixed)
    fold_all(crooked, 3)
    assert dump(crooked) == dump(straight)
    assert "new" not in append(crooked, drafts)
    assert crooked.lane.run() == 0
    assert dump(crooked) == dump(straight)
    straight.close()
    crooked.close()


@few
@given(drafts=worlds(30))
def test_a_rebuild_and_a_refold_equal_the_live_rows(new_hub: Callable[[], Hub], drafts: list[Draft]) -> None:
    hub = new_hub()
    append(hub, drafts)
    fold_all(hub)
    live = dump(hub)
    assert verify(hub.recorder)["clean"]
    rebuild(hub.recorder, list(projections()))
    assert dump(hub) == live
    streams = [row[0] for row in hub.database.rows("SELECT DISTINCT stream FROM event")]
    refold(hub.recorder, streams)
    assert dump(hub) == live
    assert verify(hub.recorder)["clean"]
    hub.close()


def test_a_rebuild_by_many_processes_is_the_same(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    append(hub, [Draft("order.placed", START, "/t", str(n), {"order": str(n), "party": PEOPLE[:2]}) for n in range(200)])
    fold_all(hub)
    live = dump(hub)
    monkeypatch.setattr("hub.consumers.rebuild.MANY", 1)
    assert rebuild(hub.recorder, list(projections())) == 200
    assert dump(hub) == live
    assert verify(hub.recorder)["clean"]


def test_verify_names_a_row_that_is_wrong(hub: Hub) -> None:
    append(hub, [Draft("order.placed", START, "/t", str(n), {"order": str(1000 + n), "total": "5"}) for n in range(3)])
    fold_all(hub)
    with hub.database.transaction() as tx:
        tx.execute("UPDATE orders SET total = '6.00' WHERE number = '1000'")
        tx.execute("DELETE FROM orders WHERE number = '1001'")
        tx.execute("INSERT INTO orders (stream, history) VALUES ('order:x', '[]')")
    report = verify(hub.recorder)
    wrong = next(p for p in report["projections"] if p["name"] == "orders")
    assert (wrong["missing"], wrong["extra"], wrong["different"], report["clean"]) == (1, 1, 1, False)
