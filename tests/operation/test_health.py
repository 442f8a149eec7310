"""What machines are told: whether it keeps up, why it does not, figures for Prometheus, ids that tie logs together."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import orjson
import pytest
import structlog

from hub.consumers import backup
from hub.consumers.project import LaneStopped
from hub.events.catalogue import NewerVersion
from hub.logs import configure
from hub.store import batches, figures
from hub.store.batches import BUCKETS, Bucket
from hub.wiring import Hub
from tests.consumers.test_project import poison
from tests.journeys.story import EMAIL, PHONE, ago, come
from tests.kill.running import until
from tests.screens.conftest import Api


def figure(api: Api, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", api.anybody.get("/metrics").text, re.MULTILINE)
    assert found, f"{name} is not among the figures"
    return float(found[1])


def reasons(api: Api) -> dict[str, str]:
    answer = api.anybody.get("/readyz")
    return {one["at"]: one["why"] for one in answer.json()["errors"]} if answer.status_code == 503 else {}


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/sign-in", "/v1/schemas", "/openapi.json", "/static/hub.css"]
)
def test_who_watches_whether_it_is_up_may_ask_for_the_head_alone(api: Api, path: str) -> None:
    head, whole = api.anybody.head(path), api.anybody.get(path)
    assert head.status_code == whole.status_code == 200
    assert head.headers["content-type"] == whole.headers["content-type"]


# -- a lane that stands ------------------------------------------------------------------------------------------------


def test_it_is_not_ready_while_a_lane_stands_and_says_why(api: Api) -> None:
    assert reasons(api) == {}
    poison(api.hub, 1, version=99)
    with pytest.raises(NewerVersion):
        api.hub.lane.run()
    assert "version 99" in reasons(api)["project"]
    assert figure(api, 'hub_step_stands{step="project"}') == 1
    assert figure(api, 'hub_step_stands{step="decide"}') == 0


def test_too_many_dead_letters_are_a_reason_too(api: Api) -> None:
    for n in range(60):
        poison(api.hub, n)
    with pytest.raises(LaneStopped):
        api.fold()
    assert "Too many" in reasons(api)["project"]
    assert [figure(api, f'hub_dead_letters{{step="{step}"}}') for step in ("project", "decide")] == [50, 0]


def test_a_lane_that_goes_on_again_is_no_reason_for_long(api: Api) -> None:
    with api.hub.database.transaction() as tx:
        batches.stands(tx, "project", "something")
    assert set(reasons(api)) == {"project"}
    with api.hub.database.transaction() as tx:
        tx.execute("UPDATE step_stands SET seen = seen - %s", [batches.STANDS])
    assert reasons(api) == {}


# -- figures -----------------------------------------------------------------------------------------------------------


def test_every_batch_is_in_the_histograms_once(hub: Hub) -> None:
    for n in range(40):
        come(hub, "visit.recorded", f"v{n}", ago(hours=1), visit=f"v{n}", party=EMAIL)
    flush(hub)
    with hub.database.transaction() as tx:
        found = batches.all_of(tx)
    sizes = [bucket for bucket in found if (bucket.step, bucket.what) == ("project", "events")]
    times = [bucket for bucket in found if (bucket.step, bucket.what) == ("project", "seconds")]
    assert sum(bucket.total for bucket in sizes) == 40
    assert sum(bucket.batches for bucket in sizes) == sum(bucket.batches for bucket in times) == 40
    assert all(0 < bucket.total / bucket.batches <= bucket.up_to for bucket in times)


def flush(hub: Hub) -> None:
    """As once a second has gone by."""
    hub.recorder.batches._next = 0.0
    hub.recorder.batches.tell()


def test_what_two_processes_did_is_added_up(hub: Hub) -> None:
    once, twice = [Bucket("project", "events", 5, 2, 7.0)], [Bucket("project", "events", 5, 1, 3.0)]
    with hub.database.transaction() as tx:
        batches.add(tx, once)
        batches.add(tx, twice)
        assert batches.all_of(tx) == [Bucket("project", "events", 5, 3, 10.0)]


def test_a_value_is_in_the_first_bucket_that_holds_it() -> None:
    assert [batches.bucket("events", n) for n in (1, 2, 3, 9_999)] == [1, 2, 5, float("inf")]
    assert batches.bucket("seconds", 0.0009) == BUCKETS["seconds"][0]


def test_the_histograms_are_cumulative_and_end_in_their_count(api: Api) -> None:
    come(api.hub, "visit.recorded", "v", ago(hours=1), visit="v", party=EMAIL)
    flush(api.hub)
    text = api.anybody.get("/metrics").text
    counts = [int(n) for n in re.findall(r'^hub_step_batch_events_bucket\{step="project",le="[^"]+"\} (\d+)$', text, re.M)]
    assert len(counts) == len(BUCKETS["events"])
    assert counts == sorted(counts)
    assert counts[-1] == figure(api, 'hub_step_batch_events_count{step="project"}') == 1
    assert figure(api, 'hub_step_batch_seconds_sum{step="project"}') > 0


def test_whoever_asks_while_somebody_counts_gets_what_was_counted_before(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each who waited would hold one of the few connections of the pages, and anybody may ask."""
    monkeypatch.setattr(figures, "_FRESH", 0.0)
    counting = figures.Figures()
    with hub.database.transaction() as tx:
        before = counting.counted(tx)
        with counting._lock:
            assert counting.counted(tx) is before
        assert counting.counted(tx) is not before


def test_outcomes_that_take_long_to_count_are_counted_seldomer_than_the_rest(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "_FRESH", 0.0)
    monkeypatch.setattr(figures, "_SHARE", 1e9)
    counting = figures.Figures()
    told = []
    for n in range(2):
        poison(hub, n)
        come(hub, "visit.recorded", f"{n}", ago(hours=n), visit=f"{n}", party=EMAIL)
        with hub.database.transaction() as tx:
            told.append(counting.counted(tx))
    assert [counted.dead[-1] for counted in told] == [({"step": "project"}, n) for n in (1, 2)]
    assert told[0].outcomes == told[1].outcomes != []


def test_every_figure_is_explained_once(api: Api) -> None:
    text = api.anybody.get("/metrics").text
    helped = re.findall(r"^# HELP (\S+) ", text, re.MULTILINE)
    assert sorted(helped) == sorted(set(helped))
    named = set(re.findall(r"^([a-z_]+?)(?:_bucket|_sum|_count)?[{ ]", text, re.MULTILINE)) - {"#"}
    assert named <= set(helped)


def test_answers_the_outbox_open_pages_and_the_last_backup_are_counted(api: Api, tmp_path: Path) -> None:
    folder, now = tmp_path / "backup", datetime.now().astimezone()
    backup.take(api.hub.recorder, folder / "data", folder / "keys", now)
    assert figure(api, 'hub_deliveries{state="uncertain"}') == 0
    assert figure(api, "hub_outbox_events") == 0
    assert figure(api, "hub_log_up") == 1
    assert figure(api, "hub_last_backup_timestamp_seconds") == int(now.timestamp())
    assert figure(api, "hub_streams_open") == 0
    with api.client.stream("GET", "/v1/stream?topics=desk") as stream:
        lines = stream.iter_lines()
        assert next(lines)
        assert figure(api, "hub_streams_open") == 1


# -- one id for what belongs together ----------------------------------------------------------------------------------


@pytest.fixture
def logged() -> Iterator[Callable[[], list[dict[str, object]]]]:
    """What is logged meanwhile, a document for each line."""
    stream = io.StringIO()
    before = structlog.get_config()
    configure(stream)
    yield lambda: [orjson.loads(line) for line in stream.getvalue().splitlines()]
    structlog.configure(**before)


def test_a_request_keeps_the_id_that_it_brings_and_its_log_lines_have_it(
    api: Api, logged: Callable[[], list[dict[str, object]]]
) -> None:
    answer = api.client.get("/v1/customers?q=sara@example.com", headers={"X-Request-Id": "shop-4711"})
    assert answer.headers["x-request-id"] == "shop-4711"
    (line,) = until(lambda: [line for line in logged() if line.get("request") == "shop-4711"], 10, "it is logged")
    assert (line["event"], line["route"], line["status"]) == ("request answered", "/v1/customers", 200)
    assert "sara" not in str(line)


@pytest.mark.parametrize("brought", ["", "x" * 129, "two words", "{json}"])
def test_what_is_no_id_is_replaced_by_one(api: Api, brought: str) -> None:
    given = api.anybody.get("/healthz", headers={"X-Request-Id": brought}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", given)


def test_what_is_refused_has_an_id_too(api: Api) -> None:
    for answer in (api.anybody.get("/v1/customers"), api.anybody.get("/nowhere"), api.anybody.post("/v1/events", content=b"")):
        assert answer.headers["x-request-id"]


def test_what_fails_is_answered_with_its_id_and_its_trace_is_logged(
    api: Api, logged: Callable[[], list[dict[str, object]]]
) -> None:
    with api.hub.database.transaction() as tx:
        tx.execute("DROP TABLE epoch CASCADE")
    event = {"specversion": "1.0", "id": "1", "source": "shop", "type": "party.described",
             "data": {"party": {"kind": "email", "value": "sara@example.com"}}}  # fmt: skip
    for answer in (
        api.client.post("/v1/events", json=event, headers={"Content-Type": "application/cloudevents+json"}),
        api.client.get("/v1/lookup?phone=09121234567"),
    ):
        assert (answer.status_code, answer.headers["x-content-type-options"]) == (500, "nosniff")
        own = [line for line in logged() if line.get("request") == answer.headers["x-request-id"]]
        assert [line["error"] for line in own if line["event"] == "a request failed"] == ["UndefinedTable"]
        assert all(line["exception"] for line in own if line["event"] == "a request failed")


def test_the_lines_of_a_batch_carry_its_step_and_its_first_events_place(
    hub: Hub, logged: Callable[[], list[dict[str, object]]]
) -> None:
    come(hub, "call.ended", "c", ago(hours=1), call="c", party=PHONE)
    (folded,) = [line for line in logged() if line["event"] == "events folded"]
    place = hub.database.rows("SELECT topic || '/' || part || '/' || position FROM event")[0][0]
    assert (folded["step"], folded["batch"]) == ("project", place)
