"""How long a public function may wait."""

from __future__ import annotations

import math
import threading
from typing import Any

from payi_transport.values.shown import show

__all__ = ["check_timeout"]


def check_timeout(timeout: Any) -> float:
    """Return a timeout in seconds, cut to what can be waited for. Raises TypeError for what is no number."""
    # True is an int to Python, but as a time it can only be a mistake.
    if isinstance(timeout, int | float) and not isinstance(timeout, bool):
        seconds = float(min(timeout, threading.TIMEOUT_MAX))
        if not math.isnan(seconds):
            return seconds
    raise TypeError(f"timeout: expected seconds as a number, got {show(timeout)}")
