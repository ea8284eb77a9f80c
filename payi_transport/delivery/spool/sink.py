"""The sink of the first worker when events go through a spool: it writes them to disk."""

from __future__ import annotations

from collections.abc import Sequence

from payi_transport.delivery.spool.events import encode_event
from payi_transport.delivery.spool.spool import Spool
from payi_transport.runtime.time_slices import in_time_slices
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event

__all__ = ["SpoolSink"]


class SpoolSink:
    """Append events to a spool, and set `written` when there is more for the second worker to read."""

    def __init__(self, spool: Spool, batch_limit: int, written: WakeEvent) -> None:
        self.batch_limit = batch_limit
        self._spool = spool
        self._written = written

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        """Write all of a batch, or none of it.

        While the disk accepts nothing, events are delivered from memory: one batch at a time, so that what
        waits stays in the ring and its bounds hold.
        """
        payloads = list(map(encode_event, in_time_slices(batch)))
        problem = self._write(payloads)
        if problem is None or self._spool.keep_in_memory(payloads):
            self._written.set()
            # A batch that is kept in memory counts as delivered here, too. The problem is logged all the
            # same.
            return Receipt(problem=problem)
        # None of it is uncertain, because nothing was written.
        return Receipt(retry=range(len(batch)), problem=problem)

    def _write(self, payloads: Sequence[bytes]) -> str | None:
        """Return why the spool did not accept the payloads, or None if it did."""
        try:
            return None if self._spool.append(payloads) else "the spool is full (delivery.spool_max_bytes)"
        except OSError as exc:
            return f"the spool cannot be written ({exc.strerror or exc})"

    def fork(self) -> None:
        """Do nothing: `Delivery.discard_inherited` closes the spool in a forked child."""

    def close(self) -> None:
        """Close what was written after the source closed the spool: at a shutdown both may end at once."""
        if self._spool.closed:
            self._spool.close()
