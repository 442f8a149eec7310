"""The laws on the real database: whatever the batches, the order and the repetitions, the same rows stand there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import compress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hub.consumers.forget import forget
from hub.consumers.project import refold
from hub.consumers.rebuild import rebuild, verify
from hub.consumers.record import Outgoing
from hub.consumers.relay import relay
from hub.events.draft import Draft
from hub.events.identifiers import Identifier
from hub.events.ids import lanes
from hub.events.prepare import NotValid, prepare
from hub.store.projected import columns, projections
from hub.wiring import Hub
from tests.laws.worlds import PEOPLE, START, SecondThought, identifiers, put_right, second_thoughts, worlds

# No shrinking: each attempt is a database of its own.
few = settings(
    max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


def append(hub: Hub, told: Sequence[Draft | SecondThought]) -> list[str]:
    def build(here: Any) -> list[Outgoing]:
        made = []
        for one in told:
            try:
                made.append(Outgoing(one.event(here) if isinstance(one, SecondThought) else prepare(one, here, one.time)))
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


def timeless(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Without when it was learnt, and what is reckoned from that (`rang`): it is later where it was a second thought."""
    left = {name: [c not in ("recorded", "rang") for c in columns(projection.row)] for name, projection in projections().items()}
    return {name: sorted((tuple(compress(row, left[name])) for row in of), key=repr) for name, of in rows.items()}


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
    assert crooked.lane.run() == 0 or not crooked.recorder.log.in_store
    fold_all(crooked)
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


@settings(few, max_examples=8)
@given(drafts=worlds(20), cut=st.integers(1, 20), data=st.data())
def test_second_thoughts_whenever_they_come_are_shown_as_though_they_had_been_the_first(
    new_hub: Callable[[], Hub], drafts: list[Draft], cut: int, data: st.DataObject
) -> None:
    thoughts = data.draw(second_thoughts(drafts))
    straight, crooked = new_hub(), new_hub()
    append(straight, put_right(drafts, thoughts))
    fold_all(straight)
    mixed = data.draw(st.permutations(drafts))
    half = lanes()[cut % 2 :: 2]  # on Kafka a second thought may be folded before what it is about
    append(crooked, [*mixed[:cut], *(one for one in thoughts if one.about in mixed[:cut])])
    crooked.lane.run(lanes=half)
    append(crooked, [*mixed, *thoughts])
    crooked.lane.run(lanes=half)
    fold_all(crooked, 3)
    assert timeless(dump(crooked)) == timeless(dump(straight))
    live = dump(crooked)
    assert "new" not in append(crooked, thoughts)
    fold_all(crooked)
    rebuild(crooked.recorder, list(projections()))
    assert dump(crooked) == live
    assert verify(crooked.recorder)["clean"]
    straight.close()
    crooked.close()


@settings(few, max_examples=8)
@given(drafts=worlds(20), data=st.data(), gone=st.lists(st.sampled_from(identifiers()), min_size=1, max_size=3, unique=True))
def test_who_was_forgotten_stays_so_in_any_order_and_again(
    new_hub: Callable[[], Hub], drafts: list[Draft], data: st.DataObject, gone: list[Identifier]
) -> None:
    straight, crooked = new_hub(), new_hub()
    for hub, told, limit in ((straight, drafts, 2000), (crooked, data.draw(st.permutations(drafts)), 3)):
        append(hub, told)
        fold_all(hub, limit)
        forget(hub.recorder, sorted(hub.keys.party_id(who) for who in gone), START + timedelta(days=1))
        relay(hub.recorder)
        fold_all(hub, limit)
    live = dump(straight)
    assert dump(crooked) == live
    assert "new" not in append(straight, drafts)
    fold_all(straight)
    rebuild(straight.recorder, list(projections()))
    assert dump(straight) == live
    assert verify(straight.recorder)["clean"]
    straight.close()
    crooked.close()


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
