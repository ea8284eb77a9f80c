"""Events to the disk, to be delivered from there."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from payi_transport.delivery.spool.spool import Spool
from payi_transport.runtime.time_slices import in_time_slices
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event

__all__ = ["SpoolSink"]


class SpoolSink:
    """Appends to a spool, `batch_limit` events at once, and sets `written` when there is more to read."""

    def __init__(self, spool: Spool, batch_limit: int, written: WakeEvent) -> None:
        self.batch_limit = batch_limit
        self._spool = spool
        self._written = written

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        """All of the batch is on the disk, or none of it.

        What the disk does not take goes on from memory, a batch at a time, as the destination may take it.
        """
        payloads = list(map(msgspec.json.encode, in_time_slices(batch)))
        problem = self._write(payloads)
        if problem is None or self._spool.hold(payloads):
            self._written.set()
            return Receipt(problem=problem)
        return Receipt(retry=range(len(batch)), problem=problem)

    def _write(self, payloads: Sequence[bytes]) -> str | None:
        """Why the disk does not take them, None if it does."""
        try:
            return None if self._spool.append(payloads) else "the spool is full"
        except OSError as exc:
            return f"the spool can not be written ({exc.strerror or exc})"

    def fork(self) -> None:
        """The spool is the line's to leave."""

    def close(self) -> None:
        """Whoever reads the spool closes it."""
