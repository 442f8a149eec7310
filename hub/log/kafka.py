"""The log of many machines: Apache Kafka. A stream's partition is the hub's own choice, the same as in every other log.

Kafka does not know ids, so every append is new to it: what comes twice is dropped by the gate of the project step.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition  # type: ignore[import-untyped]
from kafka import errors as said
from kafka.admin import ConfigResource, ConfigResourceType  # type: ignore[import-untyped]
from kafka.net.inet import KafkaNetSocket  # type: ignore[import-untyped]

from hub.events.envelope import Sealed
from hub.events.ids import TOPICS, lanes, place
from hub.events.schemas import DEAD
from hub.log._protocol import Appended, DeadLetter, LogAway, LogLost, LogRefused, Place, Recorded, not_at_end
from hub.log.headers import Headers, beside_dead, headers
from hub.log.topics import LARGEST, LARGEST_DEAD, Found, Step, names, plan, refused
from hub.settings import KafkaAccess

T = TypeVar("T")
Lane = tuple[str, int]
PATIENCE = 30.0  # seconds; a leader that died is followed by another after ten or so
_ASKED = 10.0  # seconds for one request; then it is asked again, of another broker if need be
_READ = 16 * 1024 * 1024  # bytes that are read at once; of each partition at least one event
_FETCHED = 1024 * 1024  # bytes of a partition that one fetch brings
_SOON = 2.0  # seconds within which a reader should know where partitions end; the next one gets twice as long
_BETWEEN = 0.05  # seconds between two looks for a leader
_ALL = 2**31 - 1  # kafka-python 3.0.12 never returns to a partition that was paused while half of it was taken
_KNOWN_FOR = 1.0  # seconds; no broker comes back empty sooner
_FOR_EVER = 24 * 3600.0  # seconds
_REFUSALS = (
    said.AuthorizationError, said.SaslAuthenticationFailedError, said.UnsupportedSaslMechanismError,
    said.IllegalSaslStateError, said.MessageSizeTooLargeError, said.RecordListTooLargeError, said.InvalidRecordError,
    said.InvalidTopicError, said.PolicyViolationError, said.InvalidConfigurationError, said.KafkaConfigurationError,
    said.UnsupportedVersionError, said.InvalidReplicationFactorError, said.InvalidPartitionsError,
)  # fmt: skip


class _Direct(KafkaNetSocket):  # type: ignore[misc]
    """A connection as ever, without a proxy; but what cannot be connected is closed. kafka-python 3.0.12 leaves that to
    Python's search for cycles, and while a broker is away a process that waits would run out of descriptors."""

    SCHEMES = ("direct",)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise


def _connection(brokers: str, access: KafkaAccess, patience: float) -> dict[str, Any]:
    """What every client of kafka-python is told."""
    return {
        "bootstrap_servers": brokers.split(","),
        "client_id": "hub",
        "security_protocol": access.security,
        "sasl_mechanism": access.mechanism if access.security.startswith("SASL_") else None,
        "sasl_plain_username": access.user,
        "sasl_plain_password": access.password,
        "ssl_cafile": access.ca and str(access.ca),
        "ssl_certfile": access.cert and str(access.cert),
        "ssl_keyfile": access.key and str(access.key),
        "bootstrap_timeout_ms": int(patience * 1000),
        "request_timeout_ms": int(min(_ASKED, patience) * 1000),
        "reconnect_backoff_max_ms": 1000,
        "proxy_url": f"{_Direct.SCHEMES[0]}://",
    }


@contextmanager
def _in_our_words(brokers: str, access: KafkaAccess) -> Iterator[None]:
    """Kafka's errors as the three that a log has. kafka-python tells its own log alone why it was not let in."""
    try:
        yield
    except (said.OffsetOutOfRangeError, said.LogTruncationError) as error:
        raise LogLost(f"Kafka at {brokers}: {error}. {LogLost.__doc__}") from error
    except _REFUSALS as error:
        raise LogRefused(f"Kafka at {brokers} refuses: {error}") from error
    except (said.KafkaError, OSError) as error:
        shut = (
            ""
            if access.security == "PLAINTEXT"
            else " A wrong password or certificate looks the same: see HUB_KAFKA_*."
        )
        raise LogAway(f"Kafka at {brokers}: {error}. {LogAway.__doc__}{shut}") from error


class KafkaLog:
    """For any number of threads: they share what appends, and each that reads has a reader to itself meanwhile."""

    in_store = False

    def __init__(
        self, brokers: str, access: KafkaAccess = KafkaAccess(), patience: float = PATIENCE,  # noqa: B008
        known: Callable[[], Mapping[Lane, int]] = dict, reached: Callable[[str], None] = lambda cluster: None,
    ) -> None:  # fmt: skip
        """Connects when it is first used. `patience`: seconds after which an answer that does not come is LogAway.
        `known`: up to where somebody has read each partition; a log that ends before that takes nothing. `reached`: is
        told the id of the cluster before anything is asked of it; what it raises keeps the log from being used."""
        self._known, self._least, self._reached = known, dict[Lane, int](), reached
        self._learnt = 0.0
        self._heard = dict[Lane, float]()
        self._brokers, self._access, self._patience = brokers, access, patience
        self._config = _connection(brokers, access, patience)
        self._connecting, self._choosing, self._learning = Lock(), Lock(), Lock()
        self._producer: Any = None
        self._idle: list[_Reader] = []
        self._twins: set[str] = set()

    def append(self, events: Sequence[Sealed], tx: Any = None) -> list[Appended]:
        """All are acknowledged by every replica in step when it returns. Raises LogAway, LogRefused and LogLost."""
        if not events:
            return []
        until = time.monotonic() + self._patience
        made = [(event, headers(event)) for event in events]
        _fitting(made)
        with _in_our_words(self._brokers, self._access):
            producer = self._connected()
            try:
                least = self._least_now()
                sent = [self._send(producer, event, beside) for event, beside in made]
                appended = [
                    _appended(event, one.get(max(0.0, until - time.monotonic())))
                    for event, one in zip(events, sent, strict=True)
                ]
                self._not_lost({one.place[:2]: one.place.position for one in reversed(appended) if one.place}, least)
                self._learn({one.place[:2]: one.place.position + 1 for one in appended if one.place})
                return appended
            except (said.KafkaError, LogLost):
                self._let_go(producer)
                raise

    def read(self, starts: Mapping[Lane, int], limit: int, tx: Any = None) -> list[Recorded]:
        """Raises LogAway, LogRefused, and LogLost where a partition ends before its start or begins after it."""
        if not starts:
            return []
        if len(self._surely_ahead(starts, limit)) < len(starts):
            _reaching(self._ends_of(list(starts)), starts)
        with self._learning:
            ends = {lane: self._least.get(lane, 0) for lane in starts}
        return self._asked(starts, lambda reader, until: reader.read(starts, ends, limit, until))

    def ahead(self, starts: Mapping[Lane, int]) -> dict[Lane, int]:
        """While there is more to read anyway, the brokers are asked once a second."""
        heard = min((self._heard.get(lane, 0.0) for lane in starts), default=0.0)
        if time.monotonic() < heard + _KNOWN_FOR and (ahead := self._surely_ahead(starts)):
            return ahead
        return not_at_end(starts, self._ends_of(list(starts)))

    def _surely_ahead(self, starts: Mapping[Lane, int], by: int = 1) -> dict[Lane, int]:
        """Those of these partitions that are known to have so many events from these positions on."""
        with self._learning:
            return {lane: start for lane, start in starts.items() if start + by <= self._least.get(lane, 0)}

    def copy_dead(self, letters: Sequence[DeadLetter]) -> None:
        """All are acknowledged when it returns. Raises LogAway, and LogRefused where a twin is missing.

        A copy's key is the step and the place: one that is made again, by whoever was killed before he wrote down that
        it is made, has the same.
        """
        until = time.monotonic() + self._patience
        self._find_twins({letter.place.topic + DEAD for letter in letters})
        with _in_our_words(self._brokers, self._access):
            producer = self._connected()
            try:
                for one in [self._send_dead(producer, letter) for letter in letters]:
                    one.get(max(0.0, until - time.monotonic()))
            except said.KafkaError:
                self._let_go(producer)
                raise

    def ends(self) -> dict[Lane, int]:
        return self._ends_of(lanes())

    def _ends_of(self, lanes: Sequence[Lane]) -> dict[Lane, int]:
        """Each that is asked for costs: whoever looks every second names its own."""
        if not lanes:
            return {}
        ends = self._asked({}, lambda reader, until: reader.ends(lanes))
        self._learn(ends)
        self._heard |= dict.fromkeys(ends, time.monotonic())
        return ends

    def close(self) -> None:
        """For the end, when nobody appends or reads any more."""
        with self._connecting:
            producer, self._producer = self._producer, None
        if producer:
            producer.close(timeout=self._patience)
        self._close_idle()

    # -- appending -----------------------------------------------------------------------------------------------------

    def _connected(self) -> Any:
        if not self._connecting.acquire(timeout=self._patience):
            raise said.KafkaTimeoutError("another thread is still connecting")
        try:
            if self._producer is None:
                self._fit()
                self._producer = KafkaProducer(
                    **self._config, metrics_enabled=False, acks="all", enable_idempotence=True, max_request_size=LARGEST_DEAD,
                    batch_size=256 * 1024, max_block_ms=int(self._patience * 1000), allow_auto_create_topics=False,
                    delivery_timeout_ms=int(_FOR_EVER * 1000),
                )  # fmt: skip
            return self._producer
        finally:
            self._connecting.release()

    def _fit(self) -> None:
        """A place is computed from the count of partitions: with another one streams would be torn apart."""
        with KafkaTopics(self._brokers, self._access, self._patience) as topics:
            self._reached(topics.cluster())
            found = topics.partitions()
        for topic, count in TOPICS.items():
            if found.get(topic) != count:
                has = f"has {found[topic]} partitions instead of {count}" if topic in found else "is missing"
                raise LogRefused(
                    f"Kafka at {self._brokers}: topic {self._access.prefix}{topic} {has}. See `hub topics plan`."
                )
        least = self._least_now()
        if least:
            self._not_lost(self.ends(), least)

    def _least_now(self) -> dict[Lane, int]:
        """Where what is sent from now on comes to lie at the least: behind what was acknowledged or seen here, and what is
        known.

        A broker may come back empty while its connections are made anew without a word.
        """
        if time.monotonic() > self._learnt + _KNOWN_FOR:
            self._learnt = time.monotonic()
            self._learn(self._known())
        with self._learning:
            return dict(self._least)

    def _learn(self, ends: Mapping[Lane, int]) -> None:
        with self._learning:
            for lane, end in ends.items():
                self._least[lane] = max(end, self._least.get(lane, 0))

    def _not_lost(self, at: Mapping[Lane, int], least: Mapping[Lane, int]) -> None:
        """What is appended now comes after all that there was: else the log was made anew under our feet."""
        for lane, position in at.items():
            if position < least.get(lane, 0):
                raise LogLost(f"{lane[0]}/{lane[1]} goes on at {position}, and was read up to {least[lane]}."
                              f" {LogLost.__doc__}")  # fmt: skip

    def _send(self, producer: Any, event: Sealed, beside: Headers) -> Any:
        topic, part = place(event.stream)
        return producer.send(
            self._access.prefix + topic, event.value, key=event.stream.encode(), headers=beside, partition=part
        )

    def _send_dead(self, producer: Any, letter: DeadLetter) -> Any:
        key = f"{letter.step} {letter.place}".encode()
        topic = self._access.prefix + letter.place.topic + DEAD
        return producer.send(topic, letter.value, key=key, headers=beside_dead(letter), partition=0)

    def _find_twins(self, wanted: Set[str]) -> None:
        """The client would wait half a minute for one that is missing, and everybody who appends with it."""
        if wanted <= self._twins:
            return
        with KafkaTopics(self._brokers, self._access, self._patience) as topics:
            found = topics.found([self._access.prefix + name for name in wanted])
        self._twins |= {name for name in wanted if self._access.prefix + name in found}
        if missing := sorted(wanted - self._twins):
            raise LogRefused(f"Kafka at {self._brokers}: {', '.join(missing)} missing. See `hub topics plan`.")

    def _let_go(self, producer: Any) -> None:
        """Nothing of a failed append may be written after something of it was given up: a stream would lose its order.

        So deliveries never time out one by one; a producer that failed is ended as a whole, and the next one is another
        to the broker, which writes what the old one sent in its order or not at all.
        """
        with self._connecting:
            if self._producer is producer:
                self._producer = None
        producer._sender.force_close()  # `close` raises where something is unsent, and leaves it being sent

    # -- reading -------------------------------------------------------------------------------------------------------

    def _asked(self, starts: Mapping[Lane, int], ask: Callable[[_Reader, float], T]) -> T:
        """What a reader answers. Where it gets no answer soon, new ones are tried: kafka-python 3.0.12 asks a broker where
        a partition ends, over and over, that has not led it since another one died."""
        until, soon = time.monotonic() + self._patience, min(_SOON, self._patience)
        while True:
            try:
                with self._reading(starts, soon) as reader:
                    return ask(reader, until)
            except LogAway:
                if time.monotonic() + _BETWEEN > until:
                    raise
            self._close_idle()
            time.sleep(_BETWEEN)
            soon = min(2 * soon, max(_BETWEEN, until - time.monotonic()))

    @contextmanager
    def _reading(self, starts: Mapping[Lane, int], soon: float) -> Iterator[_Reader]:
        with _in_our_words(self._brokers, self._access):
            reader = self._taken(starts) or self._new_reader(soon)
            try:
                yield reader
            except BaseException:
                reader.close()
                raise
            self._idle.append(reader)

    def _new_reader(self, soon: float) -> _Reader:
        reader = _Reader(self._config, self._access.prefix, soon)
        try:
            self._reached(reader.cluster)
        except BaseException:
            reader.close()
            raise
        return reader

    def _taken(self, starts: Mapping[Lane, int]) -> _Reader | None:
        """Of the readers that nobody uses the one that has most of what is asked for; threads come and go, readers stay."""
        with self._choosing:
            best = max(self._idle, key=lambda reader: reader.continues(starts), default=None)
            if best:
                self._idle.remove(best)
            return best

    def _close_idle(self) -> None:
        with self._choosing:
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.close()


def _reaching(ends: Mapping[Lane, int], starts: Mapping[Lane, int]) -> Mapping[Lane, int]:
    """These ends. Raises LogLost where one lies before its start."""
    for lane, start in starts.items():
        if start > ends[lane]:
            raise LogLost(f"{lane[0]}/{lane[1]} ends at {ends[lane]}, and was read up to {start}. {LogLost.__doc__}")
    return ends


def _fitting(made: Sequence[tuple[Sealed, Headers]]) -> None:
    for event, beside in made:
        size = len(event.value) + len(event.stream) + sum(len(name) + len(value) + 10 for name, value in beside) + 200
        if size > LARGEST:
            raise LogRefused(f"event {event.id} has {size:,} bytes; Kafka's topics take up to {LARGEST:,}")


def _appended(event: Sealed, answer: Any) -> Appended:
    """A broker that saw the same batch before may have forgotten where it lies."""
    return Appended(Place(*place(event.stream), answer.offset) if answer.offset >= 0 else None, "new")


class _Reader:
    """Reads on where it stopped, without asking for the same twice; for one thread.

    `held`: what was fetched, up to the last event that may be asked for again: a step that fails starts where it did
    before. Of a lane it has all from `first` up to `next`.
    """

    def __init__(self, config: Mapping[str, Any], prefix: str, soon: float) -> None:
        """`soon`: seconds that it waits to learn where partitions begin and end."""
        self._prefix, self._soon = prefix, soon
        self._held: dict[Lane, deque[Recorded]] = {}
        self._first: dict[Lane, int] = {}
        self._next: dict[Lane, int] = {}
        self._consumer = KafkaConsumer(
            **config, metrics_enabled=False, group_id=None, enable_auto_commit=False, auto_offset_reset="none",
            allow_auto_create_topics=False, fetch_max_wait_ms=10, fetch_max_bytes=_READ,
            max_partition_fetch_bytes=_FETCHED, max_poll_records=_ALL,
        )  # fmt: skip

    @property
    def cluster(self) -> str:
        """The id of the cluster that it reads from; it has been told when it was made."""
        return str(self._consumer._cluster.cluster_id)

    def close(self) -> None:
        self._consumer.close()

    def continues(self, starts: Mapping[Lane, int]) -> int:
        """In how many of these lanes it goes on from where it is."""
        return sum(
            lane in self._held and self._first[lane] <= start <= self._next[lane] for lane, start in starts.items()
        )

    def ends(self, asked: Sequence[Lane]) -> dict[Lane, int]:
        return self._offsets(self._consumer.end_offsets, asked)

    def _offsets(self, ask: Callable[..., dict[Any, int]], asked: Iterable[Lane]) -> dict[Lane, int]:
        until = time.monotonic() + self._soon
        while True:
            try:
                found = ask([self._of(lane) for lane in asked], timeout_ms=int(self._soon * 1000))
                return {lane: found[self._of(lane)] for lane in asked}
            except KeyError as unknown:  # kafka-python forgets to wait for partitions that have no leader just now
                if time.monotonic() > until:
                    raise said.KafkaTimeoutError(f"{unknown} has no leader") from unknown
            time.sleep(_BETWEEN)

    def read(self, starts: Mapping[Lane, int], ends: Mapping[Lane, int], limit: int, until: float) -> list[Recorded]:
        """`ends`: how far each partition reaches at the least."""
        self._go_to(starts)
        share = _READ // len(starts)
        while short := [
            lane for lane in starts if self._next[lane] < ends[lane] and not self._enough(lane, limit, share)
        ]:
            if not self._fetch(short):
                ends = _reaching(self.ends(list(starts)), starts)
            if time.monotonic() > until:
                raise said.KafkaTimeoutError(f"reading {', '.join(f'{topic}/{part}' for topic, part in short)}")
        return [one for lane in sorted(starts) for one in self._portion(lane, limit, share)]

    def _enough(self, lane: Lane, limit: int, share: int) -> bool:
        held = self._held[lane]
        return len(held) >= limit or sum(len(one.value) for one in held) >= share

    def _portion(self, lane: Lane, limit: int, share: int) -> Iterator[Recorded]:
        size = 0
        for n, one in enumerate(self._held[lane]):
            if n >= limit or size >= share:
                return
            size += len(one.value)
            yield one

    def _go_to(self, starts: Mapping[Lane, int]) -> None:
        """Forget what lies before these starts; lanes that start anew begin where the log does, or after."""
        jumps = {}
        for lane, start in starts.items():
            if not self.continues({lane: start}):
                jumps[lane] = start
                continue
            held = self._held[lane]
            while held and held[0].place.position < start:
                held.popleft()
            self._first[lane] = start
        if jumps:
            self._jump(jumps)

    def _jump(self, starts: Mapping[Lane, int]) -> None:
        begins = self._offsets(self._consumer.beginning_offsets, starts)
        for lane, start in starts.items():
            if start < begins[lane]:
                raise LogLost(
                    f"{lane[0]}/{lane[1]} begins at {begins[lane]}, and was read up to {start}. {LogLost.__doc__}"
                )
            self._held[lane], self._first[lane], self._next[lane] = deque(), start, start
        if {self._of(lane) for lane in starts} - self._consumer.assignment():
            self._consumer.assign([self._of(lane) for lane in self._held])
            starts = self._next
        for lane, start in starts.items():
            self._consumer.seek(self._of(lane), start)

    def _fetch(self, lanes: Sequence[Lane]) -> bool:
        """What these lanes have, as much as one fetch brings, and whether that is anything; the others are left alone."""
        wanted = {self._of(lane): lane for lane in lanes}
        self._consumer.pause(*(self._consumer.assignment() - set(wanted)))
        self._consumer.resume(*wanted)
        found = self._consumer.poll(timeout_ms=100)
        for of, records in found.items():
            lane = wanted[of]
            for one in records:
                if one.offset != self._next[lane]:
                    self._pass(lane, one.offset)
                self._held[lane].append(Recorded(Place(*lane, one.offset), one.value or b"", one.headers))
                self._next[lane] = one.offset + 1
        if not found:
            for of, lane in wanted.items():
                self._pass(lane, self._consumer.position(of, timeout_ms=0) or 0)
        return bool(found)

    def _pass(self, lane: Lane, position: int) -> None:
        """Nothing was written before this position from where we are; steps go on behind it like behind an event."""
        self._held[lane].extend(Recorded.gap(Place(*lane, n)) for n in range(self._next[lane], position))
        self._next[lane] = max(self._next[lane], position)

    def _of(self, lane: Lane) -> Any:
        return TopicPartition(self._prefix + lane[0], lane[1])


def make_missing(brokers: str, access: KafkaAccess) -> None:
    """Make the topics that are not there yet; what is there is left as it is. Raises LogAway, and LogRefused where one
    of them can never do."""
    with KafkaTopics(brokers, access) as topics:
        steps = plan(topics.brokers(), topics.found(list(names(access.prefix))), access.prefix)
        if wrong := refused(steps):
            raise LogRefused(f"Kafka at {brokers}: topic {wrong[0].topic}: {wrong[0].why}")
        topics.apply([step for step in steps if step.action == "create"])


class KafkaTopics:
    """What topics there are, and making or changing them. Raises LogAway and LogRefused."""

    def __init__(self, brokers: str, access: KafkaAccess = KafkaAccess(), patience: float = PATIENCE) -> None:  # noqa: B008
        """`patience`: seconds after which an answer that does not come is LogAway."""
        self._brokers, self._access, self._prefix, self._patience = brokers, access, access.prefix, patience
        self._config = _connection(brokers, access, patience)
        self._admin: Any = None

    def __enter__(self) -> KafkaTopics:
        return self

    def __exit__(self, *error: object) -> None:
        self._let_go()

    def brokers(self) -> int:
        """How many belong to the cluster, also those that are away just now."""
        return len(self._asked(lambda admin: admin.describe_cluster())["brokers"])

    def cluster(self) -> str:
        """The id that the cluster has given itself."""
        return str(self._asked(lambda admin: admin.describe_cluster())["cluster_id"])

    def partitions(self) -> dict[str, int]:
        """The hub's topics, by their names without the prefix."""
        found = self._described([self._prefix + topic for topic in TOPICS])
        return {name.removeprefix(self._prefix): len(parts) for name, parts in found.items()}

    def found(self, names: Sequence[str]) -> dict[str, Found]:
        """Those of these topics that are there."""
        there = self._described(names)
        asked = [ConfigResource(ConfigResourceType.TOPIC, name, None) for name in there]
        configs = self._asked(lambda admin: admin.describe_configs(asked, config_filter="all"))["topic"] if asked else {}
        return {
            name: Found(len(parts), min(len(part["replica_nodes"]) for part in parts),
                        {key: one["value"] for key, one in configs[name].items()})
            for name, parts in there.items()
        }  # fmt: skip

    def apply(self, steps: Sequence[Step]) -> None:
        """Do what a plan says. Others may apply the same at the same time."""
        if missing := [step for step in steps if step.action == "create"]:
            self._create(missing)
        for step in steps:
            if step.action == "change":
                self._configure(step)

    def _described(self, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The partitions of those of these topics that are there."""
        found = self._asked(lambda admin: admin.describe_topics(list(names)))
        return {one["name"]: one["partitions"] for one in found if not one["error_code"]}

    def _create(self, steps: Sequence[Step]) -> None:
        wanted = {
            step.topic: {"num_partitions": step.partitions, "replication_factor": step.replication,
                         "configs": {name: to for name, (_, to) in step.config.items()}}
            for step in steps
        }  # fmt: skip
        answers = self._asked(lambda admin: admin.create_topics(wanted, raise_errors=False))["topics"]
        with _in_our_words(self._brokers, self._access):
            for one in answers:
                error = said.for_code(one["error_code"])
                if error not in (said.NoError, said.TopicAlreadyExistsError):  # somebody else may apply the same just now
                    raise error(f"{one['name']}: {one['error_message']}")
        self._asked(lambda admin: admin.wait_for_topics(list(wanted)))

    def _configure(self, step: Step) -> None:
        changes = {name: to for name, (_, to) in step.config.items()}
        wanted = [ConfigResource(ConfigResourceType.TOPIC, step.topic, changes)]
        answer = self._asked(lambda admin: admin.alter_configs(wanted))
        if answer["topic"][step.topic] != "OK":
            raise LogRefused(f"Kafka at {self._brokers} refuses: {answer['topic'][step.topic]}")

    def _asked(self, ask: Callable[[Any], T]) -> T:
        """What the cluster answers. kafka-python asks one broker and gives up where just that one is away; all that is
        asked here may be asked again, of another."""
        until = time.monotonic() + self._patience
        with _in_our_words(self._brokers, self._access):
            while True:
                try:
                    if self._admin is None:
                        self._admin = KafkaAdminClient(**self._config)
                    return ask(self._admin)
                except _REFUSALS:
                    raise
                except (said.KafkaError, OSError):
                    self._let_go()
                    if time.monotonic() + _BETWEEN > until:
                        raise
                time.sleep(_BETWEEN)

    def _let_go(self) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None
