"""The attempts of one SDK call, for a hook around the whole call.

An SDK may send several requests for one call of the user's: retries, redirects, token fetches. A hook that
sees the call from outside, as botocore's does, collects them to add Pay-i's result to what the SDK returns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from payi_transport.capture.exchange import SentRequest

__all__ = ["collect_attempts", "current_attempts"]

# A list inside a list, emptied when collecting ends: contexts are copied, by connections too, and live as
# long as those do.
_collecting: ContextVar[list[list[SentRequest]] | None] = ContextVar("payi_transport_attempts", default=None)


@contextmanager
def collect_attempts() -> Iterator[list[SentRequest]]:
    """Collect the requests sent inside, here and in tasks started here.

    Of two nested blocks, the inner one gets them. Adding the result to such a call is the collector's job, so
    the body of its response stays as it is.
    """
    outer, attempts = _collecting.get(), list[SentRequest]()
    holder = [attempts]
    _collecting.set(holder)
    try:
        yield attempts
    finally:
        holder.clear()
        # No token: a coroutine may be closed by the garbage collector, in another context.
        _collecting.set(outer)


def current_attempts() -> list[SentRequest] | None:
    """Return the list to add a request to, or None where no one collects."""
    holder = _collecting.get()
    return holder[0] if holder else None
