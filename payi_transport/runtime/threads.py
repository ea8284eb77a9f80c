"""Threads of our own for what would hold up an event loop."""

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

# Of an event loop, at once. httpx opens as many connections to Pay-i, and more threads would wait for one. A
# thread costs 0.2 ms and 20 KB, is used again, and ends when it was idle for 10 s.
_MOST = 100
_limiter = anyio.lowlevel.RunVar[anyio.CapacityLimiter]("payi_transport.runtime.threads")


async def run_on_thread(function: Callable[[Unpack[Arguments]], R], *arguments: Unpack[Arguments]) -> R:
    """Call a function that may take long.

    anyio's own limit is the application's: all of its threads may be waiting for the loop, which waits here.
    """
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(_MOST)
        _limiter.set(limiter)
    return await anyio.to_thread.run_sync(function, *arguments, limiter=limiter)
