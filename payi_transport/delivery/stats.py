"""What `payi_stats()` answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["PayiStats"]


class PayiStats(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since `payi_instrument()`: captured = delivered + queued + spooled + all of lost and skipped.

    They stay behind `payi_shutdown()` and `payi_uninstrument()`, up to the next `payi_instrument()`. They are
    of this process; a forked child begins with zeros. Also to be read like a dict: `stats["lost"]`.

    `queued` wait in memory, `spooled` on the disk. `lost` is by reason. `skipped` are answers that need no
    event: "pending" for background work that is not done, "repeated" for a response that was fetched again.
    `replayed` are events of earlier processes that were delivered from the spool, and captured by those;
    `replay_lost` are those of them that were lost instead, by reason.

    `bytes_sent` is what sinks wrote or posted, `worker_lag` the seconds that the exchange drained last had
    waited, `faults` the errors of this library's own, none of which a caller felt.
    """

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
    faults: int = 0

    def __getitem__(self, name: str) -> Any:
        if name not in self.__struct_fields__:
            raise KeyError(name)
        return getattr(self, name)
