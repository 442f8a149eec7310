"""What is answered to who brought events in."""

from __future__ import annotations

from collections.abc import Iterable

from hub.consumers.accept import Answer


def tally(answers: Iterable[Answer]) -> dict[str, object]:
    """The contract's answer to events that came in."""
    listed = list(answers)
    return {
        "accepted": sum(answer.verdict == "accepted" for answer in listed),
        "duplicates": sum(answer.verdict == "duplicate" for answer in listed),
        "rejected": [
            {"index": n, "why": answer.refused.why, "at": answer.refused.at}
            for n, answer in enumerate(listed) if answer.refused
        ],
        "events": [{"id": a.id, "position": a.position} for a in listed if not a.refused],
    }  # fmt: skip
