"""When the run began that this process is part of, so that processes of one run add to each other's files.

`payi-transport run` puts the time into the environment, and a parent sends it to the children that
`multiprocessing` starts. A process that nobody has started in such a way is a run by itself.
"""

from __future__ import annotations

import os
import time

__all__ = ["RUN_START_VARIABLE", "find_run_start", "set_run_start"]

RUN_START_VARIABLE = "PAYI_TRANSPORT_STARTED"
_set: float | None = None


def find_run_start() -> float:
    """Return the time in seconds since the epoch: now, if this process is a run by itself."""
    if _set is not None:
        return _set
    try:
        return float(os.environ.get(RUN_START_VARIABLE, ""))
    except ValueError:
        return time.time()


def set_run_start(started: float) -> None:
    """Make this process part of a run that began earlier."""
    global _set
    _set = started
