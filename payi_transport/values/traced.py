"""An event together with what a tracing sink has begun for its call.

The type is the mark, as with `UncertainEvent`, and the call is no field of it. So it stays with the event
through every queue in memory, changes nothing in its JSON, and other sinks never see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from payi_transport.values.event import Event

__all__ = ["TracedEvent", "call_of", "trace_event"]

_NAME = "traced_call"


# With an attribute that is not a field, and visited by the garbage collector, because a span may be part of a
# reference cycle.
class TracedEvent(Event, frozen=True, dict=True, gc=True):
    """An event with the open span of its call."""


def trace_event(event: Event, call: Any, properties: Mapping[str, str] | None = None) -> TracedEvent:
    """Return the event with `call`, and with more `properties`."""
    fields = msgspec.structs.asdict(event)
    if properties:
        fields["properties"] = {**(event.properties or {}), **properties}
    traced = TracedEvent(**fields)
    # Not by assignment: the event is frozen.
    traced.__dict__[_NAME] = call
    return traced


def call_of(event: Event) -> Any:
    """Return the call that `trace_event` has attached to an event, None if there is none."""
    return getattr(event, _NAME, None)
