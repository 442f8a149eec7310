"""The figures for Prometheus, in its text format 0.0.4: every name that the hub exposes is in this file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from hub.store.batches import BUCKETS, Bucket
from hub.store.figures import Counted, Counts

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HISTOGRAMS = {
    "events": ("hub_step_batch_events", "events that a step did in one transaction"),
    "seconds": ("hub_step_batch_seconds", "seconds that such a transaction took"),
}


def lag(lanes: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """None: the log did not say."""
    steps = [({"step": lane["name"]}, lane) for lane in lanes or ()]
    return [
        *_metric("hub_log_up", "gauge", "whether the log answers", [({}, int(lanes is not None))]),
        *_metric("hub_lag_events", "gauge", "events that wait for a step", [(of, x["events"]) for of, x in steps]),
        *_metric("hub_lag_seconds", "gauge", "age of the oldest that waits", [(of, x["seconds"]) for of, x in steps]),
    ]


def standing(steps: Iterable[str], stand: Mapping[str, str]) -> list[str]:
    values = [({"step": step}, int(step in stand)) for step in steps]
    return _metric("hub_step_stands", "gauge", "1 while a step must not go on", values)


def counts(counted: Counted, streams: int) -> list[str]:
    return [
        *_metric("hub_received_total", "counter", "payloads and events that came", counted.received),
        *_metric("hub_duplicates_total", "counter", "of them known before", counted.duplicates),
        *_metric("hub_outcomes_total", "counter", "what became of payloads", counted.outcomes),
        *_metric("hub_dead_letters", "gauge", "events that a step could not take", counted.dead),
        *_metric("hub_outbox_events", "gauge", "decided events that the log has not got yet", counted.outbox),
        *_metric("hub_deliveries", "gauge", "answers by what became of them", counted.deliveries),
        *_metric("hub_mailboxes_failing", "gauge", "mailboxes that cannot be fetched", counted.mailboxes),
        *_metric("hub_last_backup_timestamp_seconds", "gauge", "when the last backup was taken", counted.backup),
        *_metric("hub_streams_open", "gauge", "browsers that hear of changes from this process", [({}, streams)]),
    ]


def histograms(buckets: Sequence[Bucket]) -> list[str]:
    """Cumulative, as Prometheus wants them; the sums of all processes together."""
    lines = []
    for what, (name, help) in _HISTOGRAMS.items():
        lines += [f"# HELP {name} {help}", f"# TYPE {name} histogram"]
        for step in sorted({bucket.step for bucket in buckets}):
            lines += _histogram(name, step, [b for b in buckets if (b.step, b.what) == (step, what)], BUCKETS[what])
    return lines


def _histogram(name: str, step: str, buckets: Sequence[Bucket], edges: Sequence[float]) -> list[str]:
    found = {bucket.up_to: bucket.batches for bucket in buckets}
    below = list(accumulate(found.get(edge, 0) for edge in edges))
    return [
        *(f"{name}_bucket{_labels({'step': step, 'le': _edge(e)})} {n}" for e, n in zip(edges, below, strict=True)),
        f"{name}_sum{_labels({'step': step})} {sum(bucket.total for bucket in buckets):g}",
        f"{name}_count{_labels({'step': step})} {below[-1]}",
    ]


def _edge(edge: float) -> str:
    return "+Inf" if edge == float("inf") else f"{edge:g}"


def _metric(name: str, kind: str, help: str, values: Counts) -> list[str]:
    return [f"# HELP {name} {help}", f"# TYPE {name} {kind}", *(f"{name}{_labels(of)} {value}" for of, value in values)]


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
