"""An application whose threads are all at work."""

from __future__ import annotations

import anyio.to_thread

__all__ = ["take_all_threads"]


def take_all_threads() -> None:
    """From here on, nobody in this event loop gets a thread of those that anyio gives everyone."""
    limiter = anyio.to_thread.current_default_thread_limiter()
    for number in range(int(limiter.total_tokens)):
        limiter.acquire_on_behalf_of_nowait(number)
