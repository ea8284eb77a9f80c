"""The exchanges of one call of an SDK, with all its attempts, for a hook around the whole of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from payi_transport.capture.exchange import Exchange

__all__ = ["collect_attempts", "note_attempt"]

# A list within a list, which is empty once nobody collects any more: contexts are copied, by connections too,
# and live as long as they do.
_begun: ContextVar[list[list[Exchange]] | None] = ContextVar("payi_transport_begun", default=None)


@contextmanager
def collect_attempts() -> Iterator[list[Exchange]]:
    """What is begun inside, here and in tasks that begin here; of two such blocks the inner one has it.

    Such an exchange is the collector's to add its result to, and so the body of its answer stays as it is.
    """
    outer, begun = _begun.get(), list[Exchange]()
    collecting = [begun]
    _begun.set(collecting)
    try:
        yield begun
    finally:
        collecting.clear()
        # Not by a token: a coroutine may be closed as garbage, which is in another context.
        _begun.set(outer)


def note_attempt(exchange: Exchange) -> None:
    """Tell who collects here, if anybody does."""
    for begun in _begun.get() or ():
        begun.append(exchange)
        exchange.collected = True
