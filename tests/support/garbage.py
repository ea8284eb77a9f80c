"""Garbage collection that is sure to have happened."""

from __future__ import annotations

import gc
import threading

__all__ = ["collect_garbage"]


def collect_garbage() -> None:
    """Collect garbage, and try again while another thread does: `gc.collect()` does nothing then.

    The cycle that is made here shows whether it ran.
    """
    while True:
        garbage: list[object] = []
        garbage.append(garbage)
        del garbage
        if gc.collect():
            return
        threading.Event().wait(0.001)
