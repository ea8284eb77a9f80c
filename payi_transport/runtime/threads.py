"""Run blocking functions on threads that belong to this library, next to an event loop.

anyio's default thread limit (40) is shared by the whole application. If all of those threads are busy waiting
for the event loop, and the event loop waits for one of them to report a call, the program deadlocks. A
capacity limiter of our own rules that out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

from payi_transport.compat import TypeVarTuple, Unpack

__all__ = ["run_on_thread"]

R = TypeVar("R")
Arguments = TypeVarTuple("Arguments")

# Per event loop. httpx opens up to 100 connections to Pay-i, so more threads would only wait for one. A
# thread costs 0.2 ms and 20 KB, is reused, and ends after 10 idle seconds.
_MAX_THREADS = 100
# A RunVar holds one value per event loop: a limiter cannot be shared between loops.
_limiter = anyio.lowlevel.RunVar[anyio.CapacityLimiter]("payi_transport.runtime.threads")


async def run_on_thread(function: Callable[[Unpack[Arguments]], R], *arguments: Unpack[Arguments]) -> R:
    """Call a function that may block on a thread, and return or raise what it does.

    Works under asyncio and trio. When all threads are in use, the call waits for one.
    """
    # Made on first use, because a limiter needs a running event loop, and at import none is running.
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(_MAX_THREADS)
        _limiter.set(limiter)
    return await anyio.to_thread.run_sync(function, *arguments, limiter=limiter)
