"""Events as the spool holds them: the JSON that Pay-i gets.

Inline delivery may already have sent an event whose outcome it doesn't know. Such an event ends with a line
break, which JSON permits there, so that all versions of this library can read it.
"""

from __future__ import annotations

import msgspec

from payi_transport.sinks.protocol import UncertainEvent, mark_uncertain
from payi_transport.values.event import Event

__all__ = ["decode_event", "encode_event"]

_UNCERTAIN = b"\n"
_decoder = msgspec.json.Decoder(Event)


def encode_event(event: Event) -> bytes:
    """Return an event as a payload of the spool."""
    payload = msgspec.json.encode(event)
    return payload + _UNCERTAIN if isinstance(event, UncertainEvent) else payload


def decode_event(payload: bytes) -> Event:
    """Return the event of a payload, marked if Pay-i may have it already.

    Raises msgspec.DecodeError or UnicodeDecodeError if another version of this library wrote something else.
    """
    event = _decoder.decode(payload)
    return mark_uncertain(event) if payload.endswith(_UNCERTAIN) else event
