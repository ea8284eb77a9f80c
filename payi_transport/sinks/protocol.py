"""Where events go: what a destination has to do, one file a destination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from payi_transport.values.event import Event

__all__ = ["LONGEST_WAIT", "Receipt", "Sink", "check_receipt"]

# For so long is a destination left alone that asks for it, and for more. Seconds.
LONGEST_WAIT = 60.0


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch, by the index of its events; whatever is named nowhere is delivered.

    `retry` may be sent again, `rejected` never (with the reason to count it by). `wait` is how many seconds
    the destination asks to be left alone, and `problem` is what to tell the user, without any content.
    `denied` tells that it takes nothing at all from this sender, whatever the events are: then it is only
    asked now and then. `results` are the destination's own answers to single events.
    """

    retry: Sequence[int] = ()
    rejected: Mapping[int, str] = {}
    wait: float | None = None
    problem: str | None = None
    denied: bool = False
    results: Mapping[int, Mapping[str, Any]] = {}
    bytes_sent: int = 0


class Sink(Protocol):
    """A destination. Called by one thread at a time. May raise: then all is retried.

    `batch_limit` is how many events one call may bring, None for no limit of its own.
    """

    @property
    def batch_limit(self) -> int | None: ...

    def deliver(self, batch: Sequence[Event]) -> Receipt: ...

    def fork(self) -> None:
        """This process is a child that was just forked: share nothing with the parent."""

    def close(self) -> None: ...


def check_receipt(receipt: Any, size: int) -> None:
    """A sink may be anybody's; what it says must not make an event of its batch of `size` vanish.

    Raises TypeError, ValueError and msgspec.ValidationError.
    """
    if not isinstance(receipt, Receipt):
        raise TypeError("a sink's deliver() returned no Receipt")
    # The class takes values of any type.
    fields = msgspec.structs.asdict(receipt)
    msgspec.convert({**fields, "retry": tuple(receipt.retry)}, Receipt)
    named = [*receipt.retry, *receipt.rejected]
    if len(set(named)) < len(named) or any(not 0 <= index < size for index in named):
        raise ValueError("a receipt names an event twice, or one that was not in the batch")
