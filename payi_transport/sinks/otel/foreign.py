"""Find the span of another library that is about the same call, so that its tokens are not counted twice.

Libraries that patch a provider's SDK make their span the current one around the call. But between it and the
request there may be further spans, such as those of an HTTP library, and a span only knows the id of its
parent. So a span processor keeps weak references to spans by their ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from payi_transport.sinks.otel import names

__all__ = ["KnownSpans", "carries_usage", "find_foreign"]

# How far a library's span may be from the request.
_MOST_STEPS = 16


class KnownSpans(SpanProcessor):
    """The application's spans that exist, by id. Runs on the threads that start spans, so it only stores."""

    def __init__(self) -> None:
        self._spans: WeakValueDictionary[int, ReadableSpan] = WeakValueDictionary()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._spans[span.get_span_context().span_id] = span

    def find_parent(self, span: ReadableSpan) -> ReadableSpan | None:
        """Return the parent of a span, None if it is not of this process, or gone."""
        return None if span.parent is None else self._spans.get(span.parent.span_id)


def find_foreign(span: Any, known: KnownSpans) -> ReadableSpan | None:
    """Return the nearest span, from `span` upwards, that is about one request to a model, if there is one."""
    for _ in range(_MOST_STEPS):
        if not isinstance(span, ReadableSpan):
            return None
        if _is_of_request(span.attributes or {}):
            return span
        span = known.find_parent(span)
    return None


def _is_of_request(attributes: Mapping[str, Any]) -> bool:
    operation = attributes.get(names.OPERATION)
    if operation is not None:
        # Not the span of an agent or a tool: requests to models are inside of these.
        return operation in names.LLM_OPERATIONS
    if any(attributes.get(name) in values for name, values in names.LLM_MARKS.items()):
        return True
    return any(name in attributes for name in names.MODEL_ATTRIBUTES)


def carries_usage(span: ReadableSpan) -> bool:
    """Return whether a span has the tokens of its call, or may still get them because it is not over."""
    if span.end_time is None:
        return True
    return any(name.startswith(names.USAGE_PREFIXES) for name in span.attributes or {})
