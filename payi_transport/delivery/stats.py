"""The counts that `payi_stats()` returns."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping
from typing import Any

import msgspec

from payi_transport.values.file_counts import FileCounts

__all__ = ["PayiStats", "SinkStats"]


class _Account(msgspec.Struct, frozen=True, kw_only=True):
    """The counts that every sink has and all of them together have."""

    captured: int = 0
    delivered: int = 0
    queued: int = 0
    spooled: int = 0
    replayed: int = 0
    replay_lost: Mapping[str, int] = {}
    retried: int = 0
    lost: Mapping[str, int] = {}
    skipped: Mapping[str, int] = {}
    batches: int = 0
    bytes_sent: int = 0
    worker_lag: float = 0.0

    def __getitem__(self, name: str) -> Any:
        return _read(self, name)


class SinkStats(_Account, frozen=True, kw_only=True):
    """Count what became of every captured call on its way to one sink.

    captured = delivered + queued + spooled + everything in lost and skipped

    The fields mean what they mean in `PayiStats`. What is lost or skipped before it reaches any sink counts
    for all of them.
    """

    def add(
        self,
        *,
        captured: int = 0,
        delivered: int = 0,
        lost: Mapping[str, int] = {},
        skipped: Mapping[str, int] = {},
        bytes_sent: int = 0,
    ) -> SinkStats:
        """Return the stats with these counts added; what is left of `captured` is queued."""
        left = captured - delivered - sum(lost.values()) - sum(skipped.values())
        return msgspec.structs.replace(
            self,
            captured=self.captured + captured,
            delivered=self.delivered + delivered,
            queued=self.queued + left,
            lost=_add(self.lost, lost),
            skipped=_add(self.skipped, skipped),
            bytes_sent=self.bytes_sent + bytes_sent,
        )


class PayiStats(_Account, frozen=True, kw_only=True):
    """Count what became of every call of this process since `payi_instrument()`.

    captured = delivered + queued + spooled + everything in lost and skipped

    The counts remain available after `payi_shutdown()` and `payi_uninstrument()`, until the next
    `payi_instrument()`. A forked child starts at zero. Fields can also be read by name: `stats["lost"]`.

    - `queued` events wait in memory, `spooled` ones on disk.
    - `lost` counts by reason what will never be delivered.
    - `skipped` counts by reason the responses that need no event: "pending" for background work that is not
      finished, "repeated" for a response that was fetched again.
    - `replayed` counts events of earlier processes that were delivered from the spool. Those processes
      captured them. `replay_lost` counts by reason those that were lost instead.
    - `retried` counts events that were put back after a failed delivery, `batches` the calls to the sink.
    - `bytes_sent` is what the sink wrote or posted.
    - `worker_lag` is how long the exchange drained last had waited. Seconds.
    - `ignored_baggage` counts values of the header `baggage` that were malformed or did not fit, since the
      process started. See `propagate`.
    - `missing_units` counts calls that succeeded without units that can be read, or not all of them. They are
      delivered, with the property `system.units` = `missing` or with `system.units.reason`.
    - `missing_fields` counts by field the calls that lack one that `config` requires. They are delivered,
      with the property `system.missing_fields`.
    - `unobserved` counts by host and reason the requests that probably cost money and are not recorded:
      "unmapped" for a host that is neither known nor mapped, "unread" for an API of a known host that this
      version does not read, "websocket" and "grpc" for connections of these kinds, "batch" for batches whose
      results travel as files.
    - `faults` counts errors in this library. None of them reached a caller.
    - `sinks` has the same account for each sink by its name. With several sinks, `delivered`, `queued`,
      `spooled`, `lost`, and the other counts of delivery are those of Pay-i or, if it is not among them, of
      the first sink.
    """

    ignored_baggage: int = 0
    missing_units: int = 0
    missing_fields: Mapping[str, int] = {}
    unobserved: Mapping[str, Mapping[str, int]] = {}
    faults: int = 0
    sinks: Mapping[str, SinkStats] = {}

    def to_file_counts(self) -> FileCounts:
        """Return what no event reports: what was lost, and by reason and host what is not recorded."""
        unobserved: Tally[str] = Tally()
        for reasons in self.unobserved.values():
            unobserved.update(reasons)
        hosts = {host: sum(reasons.values()) for host, reasons in self.unobserved.items()}
        return FileCounts(lost=dict(self.lost), unobserved=dict(unobserved), hosts=hosts)

    def __eq__(self, other: object) -> bool:
        """Compare all counts. A sink that has counted nothing makes no difference."""
        if not isinstance(other, PayiStats):
            return NotImplemented
        return _list_counts(self) == _list_counts(other)

    def __ne__(self, other: object) -> bool:
        # msgspec compares the fields by itself here.
        return not self == other


def _list_counts(stats: PayiStats) -> dict[str, Any]:
    counts = msgspec.structs.asdict(stats)
    return {**counts, "sinks": {name: sink for name, sink in stats.sinks.items() if sink != SinkStats()}}


def _read(stats: msgspec.Struct, name: str) -> Any:
    if name not in stats.__struct_fields__:
        raise KeyError(name)
    return getattr(stats, name)


def _add(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    # The sum of two Counters leaves out zeros.
    return dict(Tally(one) + Tally(other))
