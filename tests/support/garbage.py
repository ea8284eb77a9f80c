"""The end of what nobody holds any more."""

from __future__ import annotations

import gc
import threading

__all__ = ["collect_garbage"]


def collect_garbage() -> None:
    """`gc.collect()`, which does nothing where another thread is at it: then it finds not even this."""
    while True:
        garbage: list[object] = []
        garbage.append(garbage)
        del garbage
        if gc.collect():
            return
        threading.Event().wait(0.001)
