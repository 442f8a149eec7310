"""Which log this installation has: written down when it is first used, so that no process starts on another.

One that did would write where the log is not, at places that the log gives out later, and these events would be taken for
done. The setting `log` is {"kafka": null} for PostgreSQL's own, else {"kafka": {"prefix", "cluster"}}: the topics, and the
id that Kafka gives the cluster, null until it was reached.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from hub.log._protocol import LogRefused
from hub.store import options
from hub.store.database import Connection, Database

NAME = "log"
LOST = 'If that log is lost, see "When Kafka\'s log is lost" in docs/operating.md.'


class WrongLog(LogRefused):
    """The settings name another log than the one that this hub has. Says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Which:
    """A log on Kafka: the prefix of its topics and the id of its cluster, None where that is not known yet."""

    prefix: str = ""
    cluster: str | None = None

    def __str__(self) -> str:
        where = f"the cluster {self.cluster}" if self.cluster else "Kafka"
        return f"{where}, topics {self.prefix}inbound and so on"


def use(database: Database, wanted: Which | None) -> None:
    """Work on this log (None: PostgreSQL's own) from now on. Raises WrongLog where the hub has another."""
    with database.transaction() as tx:
        if _known(tx) and _goes_with(recorded(tx), wanted):
            return
        tx.execute("LOCK TABLE setting IN SHARE ROW EXCLUSIVE MODE")  # of two that begin at once the second looks again
        if _known(tx) and (why := _refusal(tx, recorded(tx), wanted)):
            raise WrongLog(why)
        record(tx, wanted)


def recorded(tx: Connection) -> Which | None:
    """The hub's log; None: PostgreSQL's own, or none yet."""
    found = options.read(tx, NAME, None)
    return Which(**found["kafka"]) if found and found["kafka"] else None


def record(tx: Connection, which: Which | None) -> None:
    """From now on the hub has this log, whatever it had."""
    options.write(tx, NAME, {"kafka": asdict(which) if which else None}, "hub")


def _known(tx: Connection) -> bool:
    return options.read(tx, NAME, None) is not None


def _goes_with(had: Which | None, wanted: Which | None) -> bool:
    """Whether nothing is to be said or written down."""
    if had is None or wanted is None:
        return had == wanted
    return had.prefix == wanted.prefix and wanted.cluster in (None, had.cluster)


def _refusal(tx: Connection, had: Which | None, wanted: Which | None) -> str | None:
    if had is None:
        return _of_postgres() if wanted and _written(tx) else None
    if had.cluster is None:  # nobody has reached it yet: it holds nothing
        return None
    if wanted is None:
        return (
            f"This hub's log is on {had}, not in PostgreSQL: what is written down there would be passed over later. Set"
            f" HUB_KAFKA as it was. {LOST}"
        )
    if had.prefix != wanted.prefix:
        right = f"set HUB_KAFKA_PREFIX={had.prefix}" if had.prefix else "leave HUB_KAFKA_PREFIX unset"
        return f"This hub's log is on {had}, not in topics {wanted.prefix}inbound; {right}"
    if wanted.cluster in (None, had.cluster):
        return None
    return f"HUB_KAFKA names the cluster {wanted.cluster}, and this hub's log is on {had}: name its brokers. {LOST}"


def _of_postgres() -> str:
    return (
        "This hub's log is in PostgreSQL, and HUB_KAFKA is set. To move it, stop every process of the hub and say"
        " `hub log copy`; else leave HUB_KAFKA unset."
    )


def _written(tx: Connection) -> bool:
    """Whether anything was ever written down."""
    return tx.execute("SELECT FROM log_head WHERE next > 0 LIMIT 1").fetchone() is not None
