"""The interface between delivery and a sink: what a sink has to do, and how it reports what happened.

A sink does not retry, wait or count. It attempts one batch and returns a `Receipt` that says, by index, what
became of each event; the worker acts on it. So all sinks share one retry policy and one set of counters, and
a sink is easy to write. As anyone may write one, the worker checks a receipt before it believes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import iscoroutinefunction
from typing import Any, Protocol

import msgspec

from payi_transport.capture.exchange import Exchange
from payi_transport.errors import PayiConfigError
from payi_transport.values.event import Event
from payi_transport.values.traced import TracedEvent

__all__ = [
    "LONGEST_WAIT",
    "Receipt",
    "Sink",
    "TracingSink",
    "UncertainEvent",
    "check_receipt",
    "check_sink",
    "mark_uncertain",
]

# Seconds. The longest pause that a sink is granted. A response may ask for years, during which events would
# pile up in memory. Ten minutes is long enough for a service that recovers.
LONGEST_WAIT = 600.0


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Report what became of each event of a batch, by index. An event that is not named was delivered.

    `retry`: events to deliver again. `rejected`: events never to deliver again, each with a reason, under
    which they are counted. `wait`: seconds that the sink asks to be left alone. `problem`: a message to log,
    without any content of events. `denied`: the sink accepts nothing from this sender, whatever the events;
    it is then only probed now and then. `results`: what the sink returned for single events.
    `uncertain`: those of `retry` that the sink may have taken; they come back as `UncertainEvent`. `notices`:
    messages to log at once, however recently another problem was logged.
    """

    retry: Sequence[int] = ()
    rejected: Mapping[int, str] = {}
    wait: float | None = None
    problem: str | None = None
    denied: bool = False
    results: Mapping[int, Mapping[str, Any]] = {}
    bytes_sent: int = 0
    uncertain: Sequence[int] = ()
    notices: Sequence[str] = ()


class UncertainEvent(TracedEvent, frozen=True):
    """An event that the sink may have already: an earlier attempt ended without word of its outcome.

    The type is the mark, so that it stays with the event through every queue and changes nothing in its JSON.
    """


def mark_uncertain(event: Event) -> UncertainEvent:
    """Return the event as one that the sink may have already."""
    if isinstance(event, UncertainEvent):
        return event
    uncertain = UncertainEvent(**msgspec.structs.asdict(event))
    # In inline mode, an event that one sink may have goes on to another one, which needs the call of it.
    uncertain.__dict__.update(getattr(event, "__dict__", {}))
    return uncertain


class Sink(Protocol):
    """Receive events. Called by one thread at a time. If `deliver` raises, the whole batch is retried.

    `batch_limit` is the largest number of events for one `deliver`; None means that there is no limit.
    """

    @property
    def batch_limit(self) -> int | None: ...

    def deliver(self, batch: Sequence[Event]) -> Receipt: ...

    def fork(self) -> None:
        """Prepare for use in a forked child: share no connection, file, or lock with the parent."""

    def close(self) -> None: ...


class TracingSink(Sink, Protocol):
    """A sink that needs to know of a call before its event is delivered, and where the call was made.

    `remember` returns what the sink needs of the caller's context. It runs on the request path for every
    call, so it must not raise; None if nothing is needed.
    """

    @property
    def remember(self) -> Callable[[], Any] | None: ...

    def trace_call(self, exchange: Exchange, event: Event) -> Event:
        """Return the event of a call that was just decoded, with what `deliver` needs. Must not raise."""

    def observe(self, read_stats: Callable[[], Any], flush: Callable[[], object]) -> None:
        """Report the account of this process, which `read_stats` returns. `flush` delivers what waits."""


def check_receipt(receipt: Any, size: int) -> None:
    """Check that a receipt accounts for a batch of `size` events, so that no event can get lost uncounted.

    Raises TypeError for a value that is not a Receipt, msgspec.ValidationError for a field of the wrong type,
    ValueError for an index that is out of range or named twice.
    """
    if not isinstance(receipt, Receipt):
        raise TypeError(f"a sink's deliver() must return a Receipt, got {type(receipt).__name__}")
    # A Struct does not check types when it is created, so convert its fields to check them.
    fields = msgspec.structs.asdict(receipt)
    # msgspec does not convert a range, which is what sinks often return.
    msgspec.convert({**fields, "retry": tuple(receipt.retry), "uncertain": tuple(receipt.uncertain)}, Receipt)
    named = [*receipt.retry, *receipt.rejected]
    if len(set(named)) < len(named) or any(not 0 <= index < size for index in named):
        raise ValueError("a receipt names an event twice, or one that is not in the batch")


def check_sink(sink: Any) -> Sink:
    """Return a sink of the user's. Raises PayiConfigError if it is not one."""
    problem = _find_sink_problem(sink)
    if problem is not None:
        # Name its class only: its repr may contain a key.
        name = sink.__name__ if isinstance(sink, type) else f"a {type(sink).__name__}"
        raise PayiConfigError(
            f"sink: {name} {problem}; expected an object with deliver(batch), which returns a Receipt,"
            " fork(), close() and batch_limit, a count or None"
        )
    checked: Sink = sink
    return checked


def _find_sink_problem(sink: Any) -> str | None:
    """Return what keeps an object from being a sink, or None if nothing does."""
    if isinstance(sink, type):
        return "is a class"
    calls = ("deliver", "fork", "close")
    missing = [name for name in calls if not callable(getattr(sink, name, None))]
    missing += [] if hasattr(sink, "batch_limit") else ["batch_limit"]
    if missing:
        return f"has no {', '.join(missing)}"
    awaited = [name for name in calls if iscoroutinefunction(getattr(sink, name))]
    if awaited:
        return f"has coroutine functions, {', '.join(awaited)}"
    limit = sink.batch_limit
    return None if limit is None or (isinstance(limit, int) and limit > 0) else f"has batch_limit {limit!r}"
