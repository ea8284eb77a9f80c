"""One deadline for a whole HTTP request: connect, TLS, request, response head, and body.

httpx limits each read from the network and nothing else. A server that sends one byte of a header every
second, or one `102 Processing` after the other, is never silent long enough for that, and would hold the
calling thread forever. So the client in `bounded_client.py` gives each call of the network the time that is
left.

The deadline belongs to the thread that sends, because many threads share one pool of connections.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from payi_transport.runtime.clock import monotonic

__all__ = ["deadline", "limit_timeout"]

_current = threading.local()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Bound what this thread sends and receives in the block, by a client of `bounded_client.py`.

    Inside another block, the one that ends first holds.
    """
    outer = getattr(_current, "until", None)
    until = monotonic() + seconds
    _current.until = until if outer is None else min(until, outer)
    try:
        yield
    finally:
        _current.until = outer


def limit_timeout(timeout: float | None, error: type[Exception]) -> float | None:
    """Return the shorter of a timeout and the time left. Raises `error` if none is left."""
    until = getattr(_current, "until", None)
    if until is None:
        return timeout
    left: float = until - monotonic()
    if left <= 0:
        raise error("no time was left")
    return left if timeout is None else min(timeout, left)
