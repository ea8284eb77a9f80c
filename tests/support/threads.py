"""An application whose worker threads are all busy."""

from __future__ import annotations

import anyio.to_thread

__all__ = ["take_all_threads"]


def take_all_threads() -> None:
    """Take all worker threads of anyio in this event loop, and keep them."""
    limiter = anyio.to_thread.current_default_thread_limiter()
    for number in range(int(limiter.total_tokens)):
        limiter.acquire_on_behalf_of_nowait(number)
