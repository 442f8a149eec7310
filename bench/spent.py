"""Where the time goes: the named parts of a run, by the clock, as shares of the whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import local
from types import ModuleType
from typing import Any

import psutil

Part = tuple[ModuleType | type, str]


@contextmanager
def spent(parts: Mapping[str, Part]) -> Iterator[dict[str, float]]:
    """Seconds in each of these functions while the block runs, added up over threads; what one part does inside another is
    counted in the inner one alone."""
    seconds = dict.fromkeys(parts, 0.0)
    own = local()

    def clocked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            below = own.__dict__.setdefault("below", [])
            below.append(0.0)
            start = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                took = time.perf_counter() - start
                seconds[name] += took - below.pop()
                if below:
                    below[-1] += took

        return run

    before = {name: getattr(owner, attribute) for name, (owner, attribute) in parts.items()}
    for name, (owner, attribute) in parts.items():
        setattr(owner, attribute, clocked(name, before[name]))
    try:
        yield seconds
    finally:
        for name, (owner, attribute) in parts.items():
            setattr(owner, attribute, before[name])


def told(what: str, whole: float, seconds: Mapping[str, float]) -> str:
    """As a line: shares of `whole` seconds, the largest first; what no part took is "the rest"."""
    parts = dict(seconds) | {"the rest": max(0.0, whole - sum(seconds.values()))}
    shares = sorted(parts.items(), key=lambda pair: -pair[1])
    return f"  {what}: " + ", ".join(f"{name} {100 * took / whole:.0f} %" for name, took in shares)


def memory(pid: int) -> float:
    """MB that a process and its children hold, what several of them share counted once (proportional set size)."""
    family = [(top := psutil.Process(pid)), *top.children(recursive=True)]
    return sum(float(one.memory_full_info().pss) for one in family) / 1024**2
