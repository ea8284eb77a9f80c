"""The attempts of one SDK call, for a hook around the whole call.

An SDK may send several requests for one call of the user's: retries, redirects, token fetches. A hook that
sees the call from outside, as botocore's does, collects them to add Pay-i's result to what the SDK returns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from payi_transport.capture.exchange import SentRequest

__all__ = ["collect_attempts", "collecting", "current_attempts"]

# A list inside a list. The outer one is emptied when collecting ends, because contexts are copied, for
# example by connections, and those copies would keep the requests alive.
collecting: ContextVar[list[list[SentRequest]] | None] = ContextVar("payi_transport_attempts", default=None)


@contextmanager
def collect_attempts() -> Iterator[list[SentRequest]]:
    """Collect the requests sent inside, here and in tasks started here.

    If blocks are nested, the inner one gets them. Whoever collects adds the result to what the SDK returns,
    so the bodies of these responses stay unchanged.
    """
    outer, attempts = collecting.get(), list[SentRequest]()
    holder = [attempts]
    collecting.set(holder)
    try:
        yield attempts
    finally:
        holder.clear()
        # Don't reset with a token: if the garbage collector closes a coroutine, this runs in another context.
        collecting.set(outer)


def current_attempts() -> list[SentRequest] | None:
    """Return the list to add a request to, or None outside of `collect_attempts`."""
    holder = collecting.get()
    return holder[0] if holder else None
