"""Run blocking functions on threads that belong to this library, next to an event loop.

anyio's default thread limit (40) is shared by the whole application. If all of those threads are busy waiting
for the event loop, and the event loop waits for one of them to report a call, the program deadlocks. A
capacity limiter of our own rules that out.

anyio and asyncio take longer to import than most of this library, and only a program with an event loop needs
them. It has imported one of them by the time that it calls `run_on_thread`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from payi_transport.compat import TypeVarTuple, Unpack

if TYPE_CHECKING:
    import anyio
    import anyio.lowlevel

__all__ = ["may_wait", "run_on_thread"]

R = TypeVar("R")
Arguments = TypeVarTuple("Arguments")

# Per event loop. httpx opens up to 100 connections to Pay-i, so more threads would only wait for one. A
# thread costs 0.2 ms and 20 KB, is reused, and ends after 10 idle seconds.
_MAX_THREADS = 100
# Set while a function runs on the thread of the event loop, because no other could be started.
_on_loop: ContextVar[bool] = ContextVar("payi_transport_on_loop", default=False)


def may_wait() -> bool:
    """Return whether code called by `run_on_thread` may block: not where it had to stay on the loop."""
    return not _on_loop.get()


@functools.cache
def _get_limiter_variable() -> anyio.lowlevel.RunVar[anyio.CapacityLimiter]:
    from anyio.lowlevel import RunVar

    # It holds one value per event loop: a limiter cannot be shared between loops.
    return RunVar("payi_transport.runtime.threads")


async def run_on_thread(function: Callable[[Unpack[Arguments]], R], *arguments: Unpack[Arguments]) -> R:
    """Call a function that may block on a thread, and return or raise what it does.

    Works under asyncio and trio. When all threads are in use, the call waits for one. Where none can be
    started, because the process has reached its limit or the interpreter is exiting, the function is called
    here, and `may_wait()` tells it not to block.
    """
    from anyio import CapacityLimiter, to_thread

    # Made on first use, because a limiter needs a running event loop, and at import none is running.
    variable = _get_limiter_variable()
    limiter = variable.get(None)
    if limiter is None:
        limiter = CapacityLimiter(_MAX_THREADS)
        variable.set(limiter)
    started = False

    def call() -> R:
        nonlocal started
        started = True
        return function(*arguments)

    try:
        return await to_thread.run_sync(call, limiter=limiter)
    except RuntimeError:
        # Raised by the function itself, not by the attempt to start a thread.
        if started:
            raise
    token = _on_loop.set(True)
    try:
        return function(*arguments)
    finally:
        _on_loop.reset(token)
