"""Coroutines of a test, run where no other event loop is: the browser's runs in the thread of the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def apart(story: Coroutine[Any, Any, T]) -> T:
    """What it answers."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, story).result()
