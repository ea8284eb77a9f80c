"""Waiting for what another thread or process does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

__all__ = ["wait_until"]

_SECONDS = 60.0


def wait_until(condition: Callable[[], object]) -> None:
    """Return as soon as the condition holds; fail if it never does, on a machine that may be busy."""
    deadline = monotonic() + _SECONDS
    while not condition():
        assert monotonic() < deadline, "it never came to be"
        threading.Event().wait(0.002)
