"""Find the span of another library that is about the same call, so that its tokens are not counted twice.

Libraries that patch a provider's SDK make their span the current one around the call. But between it and the
request there may be further spans, such as those of an HTTP library, and a span only knows the id of its
parent. So a span processor keeps weak references to spans by their ids.

Some libraries never make their span the current one, make it when the call is over, or report the usage of a
stream by a span of its own. So the processor also remembers what spans about requests had of usage when they
ended. Such a span is about a call if it ended after the call began and has the call's id or the same tokens,
and it stands for one call only. Of calls that look alike, it doesn't matter which one it stands for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanContext

from payi_transport.sinks.otel import names

__all__ = ["KnownSpans", "carries_usage", "find_foreign"]

# How far a library's span may be from the request.
_MAX_STEPS = 16
# How many spans that have ended are remembered.
_MAX_ENDED = 1024
Tokens = tuple[Any, Any]
_details = msgspec.json.Decoder(dict[str, Any])


class _EndedSpan(msgspec.Struct):
    """What is remembered of a span with usage. `ended` is in ns."""

    context: Any
    ended: int
    response_id: Any
    tokens: Tokens
    is_taken: bool = False


class KnownSpans(SpanProcessor):
    """The application's spans that exist, by id. Runs on the threads that use spans, so it only stores."""

    def __init__(self) -> None:
        self._spans: WeakValueDictionary[int, ReadableSpan] = WeakValueDictionary()
        self._ended: deque[_EndedSpan] = deque(maxlen=_MAX_ENDED)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._spans[span.get_span_context().span_id] = span

    def on_end(self, span: ReadableSpan) -> None:
        attributes, scope = span.attributes or {}, span.instrumentation_scope
        is_ours = scope is not None and scope.name == names.SCOPE
        if is_ours or not _has_usage(attributes) or not _is_of_request(attributes):
            return
        response_id = attributes.get(names.RESPONSE_ID)
        context, ended = span.get_span_context(), span.end_time or 0
        self._ended.append(_EndedSpan(context, ended, response_id, _read_tokens(attributes)))

    def find_parent(self, span: ReadableSpan) -> ReadableSpan | None:
        """Return the parent of a span, None if it is not of this process, or gone."""
        return None if span.parent is None else self._spans.get(span.parent.span_id)

    @property
    def has_twins(self) -> bool:
        """Whether there were spans of other libraries with usage."""
        return bool(self._ended)

    def take(self, span: Any) -> None:
        """Let a span that was found above a call stand for no other call."""
        for ended in self._ended.copy():
            if ended.context.span_id == span.get_span_context().span_id:
                ended.is_taken = True

    def find_twin(self, span: Any, started: int, response_id: Any, tokens: Tokens) -> SpanContext | None:
        """Return the span that has the usage of a call, whose own span is `span`, and take it.

        A call that began at `started` (ns) outside of any trace may have its twin in any trace.
        """
        trace_id = span.get_span_context().trace_id
        for ended in self._ended.copy():
            if ended.is_taken or ended.ended < started:
                continue
            is_near = span.parent is None or ended.context.trace_id == trace_id
            # Without the provider's id in both, only the tokens tell.
            has_ids = ended.response_id and response_id
            is_same = ended.response_id == response_id if has_ids else ended.tokens == tokens
            if is_near and is_same:
                ended.is_taken = True
                found: SpanContext = ended.context
                return found
        return None


def find_foreign(span: Any, known: KnownSpans) -> ReadableSpan | None:
    """Return the nearest span, from `span` upwards, that is about one request to a model, if there is one."""
    for _ in range(_MAX_STEPS):
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
    return span.end_time is None or _has_usage(span.attributes or {})


def _has_usage(attributes: Mapping[str, Any]) -> bool:
    return any(name.startswith(names.USAGE_PREFIXES) for name in attributes)


def _read_tokens(attributes: Mapping[str, Any]) -> Tokens:
    """Return input and output tokens by whichever names a library has for them."""
    try:
        values = {**attributes, **_details.decode(attributes.get(names.USAGE_OBJECT, "{}"))}
    except (msgspec.DecodeError, TypeError, UnicodeError, RecursionError):
        values = {**attributes}
    first = (next((values[name] for name in row if name in values), None) for row in names.TOKEN_NAMES)
    return next(first), next(first)
