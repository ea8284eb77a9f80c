"""Decode each call once, and pass its event on to the queues of several sinks.

With one sink, its worker decodes. With several, one more worker does. Its source is a `DistributingSource`,
which passes each event on at once and keeps none back. Passing on never waits. A sink that has fallen so far
behind that its queue is full loses the newest events, and no other sink does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from payi_transport.capture.exchange import Exchange
from payi_transport.capture.session import SessionWork
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.ring import Ring
from payi_transport.delivery.sources import QueuedEvent, RingSource

__all__ = ["DecodedCall", "DistributingSource"]


class DecodedCall(msgspec.Struct, frozen=True):
    """A decoded call in the queue of one sink. `ended` is when the call ended, by `perf_counter`."""

    decoded: Decoded
    ended: float

    def forget(self) -> None:
        """Do nothing: the sinks share the event."""


class DistributingSource(RingSource[Exchange]):
    """Decode exchanges that wait in a ring, and pass each event with its weight to every one of `pushes`."""

    def __init__(
        self,
        ring: Ring[Exchange | SessionWork],
        decode: Callable[[Exchange], Decoded | str],
        on_fault: Callable[[Exception], None],
        max_batch: int,
        pushes: Sequence[Callable[[DecodedCall, int], None]],
        read_session: Callable[[SessionWork], list[Exchange]],
    ) -> None:
        super().__init__(ring, decode, on_fault, max_batch, read_session)
        self._pushes = pushes

    def _take_one(self, ticket: int, item: Exchange, weight: int) -> QueuedEvent | None:
        decoded = self._decode_one(item, weight)
        if decoded is not None:
            for push in self._pushes:
                push(DecodedCall(decoded, item.ended), weight)
            self.counts.delivered += 1
            self._ring.release(1, weight)
        return None
