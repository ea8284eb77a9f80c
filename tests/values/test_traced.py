"""A traced event is the same event, and its call goes with it in memory."""

from __future__ import annotations

import msgspec

from payi_transport import Event
from payi_transport.sinks.protocol import mark_uncertain
from payi_transport.values.traced import call_of, trace_event

EVENT = Event(category="c", units={}, provider_response_id="r", properties={"a": "1"})


def test_its_json_has_the_properties_and_no_call() -> None:
    call = object()
    traced = trace_event(EVENT, call, {"span_id": "f"})
    assert call_of(traced) is call
    assert call_of(EVENT) is None
    changed = msgspec.structs.replace(EVENT, properties={"a": "1", "span_id": "f"})
    assert msgspec.json.encode(traced) == msgspec.json.encode(changed)


def test_an_event_that_a_sink_may_have_keeps_its_call() -> None:
    assert call_of(mark_uncertain(trace_event(EVENT, 1))) == 1
    assert call_of(mark_uncertain(EVENT)) is None


def test_a_call_needs_no_properties() -> None:
    assert msgspec.json.encode(trace_event(EVENT, 1)) == msgspec.json.encode(EVENT)
    bare = msgspec.structs.replace(EVENT, properties=None)
    assert trace_event(bare, 1).properties is None
    assert trace_event(bare, 1, {"b": "2"}).properties == {"b": "2"}
    assert trace_event(EVENT, 1, {"a": "2"}).properties == {"a": "2"}
