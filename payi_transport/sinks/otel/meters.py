"""The metrics of calls, and of this library's own health.

Unlike spans, metrics are never sampled. Their attributes have few values: a user or an account is one only if
the config asks for it, and beyond a number of values, the rest is `other`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation

from payi_transport.config.otel_settings import OtelSettings
from payi_transport.sinks.otel import names
from payi_transport.sinks.otel.attributes import Attributes

__all__ = ["CallMetrics", "observe_health"]

_OTHER = "other"
_BY = (
    names.OPERATION,
    names.PROVIDER,
    names.REQUEST_MODEL,
    names.RESPONSE_MODEL,
    names.SERVER_ADDRESS,
    names.SERVER_PORT,
    names.ERROR_TYPE,
)
ReadStats = Callable[[], Any]
Read = Callable[[Any], Iterable[Observation]]
# What the instruments of each provider read. An instrument can't be removed from a provider, and a second one
# would count twice, so the next pipeline takes over those that are there.
_readers: WeakKeyDictionary[MeterProvider, list[ReadStats]] = WeakKeyDictionary()


class CallMetrics:
    """The instruments of one meter. For one thread."""

    def __init__(self, meter: Meter, settings: OtelSettings) -> None:
        self._most = settings.metric_values
        self._by = (*_BY, *(names.CONTEXT[field] for field in settings.metric_attributes))
        # The values that each attribute has had.
        self._values: dict[str, set[Any]] = {}
        self._tokens = meter.create_histogram(
            names.TOKEN_USAGE,
            "{token}",
            "Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=names.TOKEN_BUCKETS,
        )
        self._duration = meter.create_histogram(
            names.OPERATION_DURATION,
            "s",
            "GenAI operation duration.",
            explicit_bucket_boundaries_advisory=names.SECOND_BUCKETS,
        )
        self._first_chunk = meter.create_histogram(
            names.OPERATION_FIRST_CHUNK,
            "s",
            "Time to receive the first chunk of a stream.",
            explicit_bucket_boundaries_advisory=names.SECOND_BUCKETS,
        )
        self._cost = meter.create_counter(names.COST, "USD", "What calls cost, as far as prices are known.")

    def record(
        self, attributes: Attributes, usage: Attributes, seconds: float | None, cost: float | None
    ) -> None:
        """Record one call. `attributes` are those of its span, `seconds` is how long it took, if known."""
        labels = {name: self._limit(name, attributes[name]) for name in self._by if name in attributes}
        for kind, name in (("input", names.INPUT_TOKENS), ("output", names.OUTPUT_TOKENS)):
            if name in usage:
                self._tokens.record(usage[name], {**labels, names.TOKEN_TYPE: kind})
        if seconds is not None:
            self._duration.record(seconds, labels)
        if names.FIRST_CHUNK in attributes:
            self._first_chunk.record(attributes[names.FIRST_CHUNK], labels)
        if cost is not None:
            self._cost.add(cost, labels)

    def _limit(self, name: str, value: Any) -> Any:
        """Return the value, or `other` once the attribute has had too many."""
        values = self._values.setdefault(name, set())
        if value in values or len(values) < self._most:
            values.add(value)
            return value
        return _OTHER


def observe_health(provider: MeterProvider, meter: Meter, read_stats: ReadStats) -> None:
    """Make the instruments of a provider observe the account that `read_stats` returns."""
    reader = _readers.get(provider)
    if reader is not None:
        reader[0] = read_stats
        return
    reader = _readers[provider] = [read_stats]

    def observe(read: Read) -> list[Callable[[CallbackOptions], Iterable[Observation]]]:
        return [lambda options: read(reader[0]())]

    counter, gauge = meter.create_observable_counter, meter.create_observable_gauge
    counter(names.EVENTS_CAPTURED, observe(_observe_captured), "{event}", "Calls that were recorded.")
    counter(names.EVENTS_DELIVERED, observe(_observe_delivered), "{event}", "Events that a sink took.")
    counter(names.EVENTS_LOST, observe(_observe_lost), "{event}", "Events that a sink will never get.")
    gauge(names.QUEUE_LENGTH, observe(_observe_queued), "{event}", "Events that wait for a sink.")
    gauge(names.WORKER_LAG, observe(_observe_lag), "s", "How long the last call waited to be decoded.")


def _observe_captured(stats: Any) -> list[Observation]:
    return [Observation(stats.captured)]


def _observe_lag(stats: Any) -> list[Observation]:
    return [Observation(stats.worker_lag)]


def _observe_delivered(stats: Any) -> list[Observation]:
    return [Observation(sink.delivered, {names.SINK: name}) for name, sink in stats.sinks.items()]


def _observe_queued(stats: Any) -> list[Observation]:
    return [Observation(sink.queued, {names.SINK: name}) for name, sink in stats.sinks.items()]


def _observe_lost(stats: Any) -> list[Observation]:
    return [
        Observation(count, {names.SINK: name, names.REASON: reason})
        for name, sink in stats.sinks.items()
        for reason, count in sink.lost.items()
    ]
