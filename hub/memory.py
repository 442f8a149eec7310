"""How often Python looks for garbage, and what goes back to the system at once.

A batch makes some hundred thousand objects that all live until its commit, and reference counting frees them; looking
through them for cycles in between took a quarter of the lane's time.

After the first freed block of 30 MB glibc keeps such blocks, for each thread its own: a request after the other took the
web process to 400 MB though there was never more than one at a time (mallopt(3), M_MMAP_THRESHOLD).
"""

from __future__ import annotations

import ctypes
import gc

_MADE = 100_000  # objects made before the youngest are looked through; Python's own figure is 700
_LARGE, _KEPT = 4 * 1024**2, 16 * 1024**2  # bytes of a block that goes back when it is freed; of free memory that is kept
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_C = ctypes.CDLL(None)


def settle() -> None:
    """Call it once a process has loaded what it will work with: that is not looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_MADE, 50, 100)
    if tell := getattr(_C, "mallopt", None):
        tell(_M_MMAP_THRESHOLD, _LARGE)
        tell(_M_TRIM_THRESHOLD, _KEPT)


def give_back() -> None:
    """Call it after work that took much: what is free goes back to the system, where the C library can do so.

    Freed blocks of 100 kB stay under the one behind them that lives on: 140 MB after a batch of 30 MB.
    """
    if trim := getattr(_C, "malloc_trim", None):
        trim(0)
