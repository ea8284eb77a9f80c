"""HTTP clients that close their connections when nobody refers to them any more.

`Payi()` makes its own HTTP client, and many programs never close it. Python then warns about each socket
(ResourceWarning), and tests that turn warnings into errors fail. A copy of a client refers to the same HTTP
client, so this happens when the last of them is gone. A client that the caller passed is left alone.
"""

from __future__ import annotations

import asyncio
import contextlib

import httpx

__all__ = ["OwnAsyncClient", "OwnClient"]


class OwnClient(httpx.Client):
    """Close the connections on garbage collection."""

    def __del__(self) -> None:
        # A constructor that raised leaves an object without attributes, and an interpreter that exits takes
        # away what closing needs. Nobody could catch an exception here.
        with contextlib.suppress(Exception):
            self.close()


class OwnAsyncClient(httpx.AsyncClient):
    """Close the connections on garbage collection, if that happens while asyncio runs.

    Closing is itself asynchronous. Without a running loop nothing can await it, and the connections end with
    the loop that they belong to.
    """

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            if not self.is_closed:
                task = asyncio.get_running_loop().create_task(self.aclose())
                _CLOSING.add(task)
                task.add_done_callback(_CLOSING.discard)


# The loop itself keeps only weak references to tasks.
_CLOSING: set[asyncio.Task[None]] = set()
