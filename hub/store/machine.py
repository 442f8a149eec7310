"""What the database is and how much it holds."""

from __future__ import annotations

from typing import NamedTuple

from hub.store.database import Connection


class Machine(NamedTuple):
    """`size`: bytes; `revision`: of the hub's tables; `connections`: of all processes, from `hosts` machines."""

    version: str
    revision: str
    size: int
    events: int
    connections: int
    hosts: int


def look(tx: Connection) -> Machine:
    """`events` is how far the archive's heads have come, which costs nothing to ask."""
    row = tx.execute(
        "SELECT split_part(current_setting('server_version'), ' ', 1), (SELECT version_num FROM alembic_version),"
        " pg_database_size(current_database()), (SELECT sum(next) FROM log_head)::bigint, count(*),"
        " count(DISTINCT coalesce(host(client_addr), '')) FROM pg_stat_activity WHERE datname = current_database()"
    ).fetchone()
    assert row is not None
    return Machine(*row)
