"""What a message of the stream is: an event, or something that no relay can ever deliver, with the reason.

Anyone who may publish can put anything there, so everything about a message may be odd.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from payi_transport.sinks.nats import REPEAT_HEADER, VERSION, VERSION_HEADER
from payi_transport.sinks.nats_protocol import Message
from payi_transport.sinks.protocol import UncertainEvent
from payi_transport.values.event import Event

__all__ = ["Delivered", "read_delivery", "read_event"]

_event = msgspec.json.Decoder(Event)
_uncertain_event = msgspec.json.Decoder(UncertainEvent)
# `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>`. Later servers put
# the domain and a hash of the account after `ACK`, and a random word at the end.
_FIELDS, _LATER_FIELDS = 9, 11


class Delivered(NamedTuple):
    """What the server says about a message that it delivers.

    How often it did, the number of the message, when it was stored (nanoseconds), and how many more wait.
    """

    times: int
    sequence: int
    stored: int
    pending: int


def read_delivery(reply: str) -> Delivered | None:
    """Return what the subject for acknowledgements says, None if it is not one of JetStream."""
    words = reply.split(".")
    if words[:2] != ["$JS", "ACK"] or len(words) < _FIELDS:
        return None
    numbers = words[6:11] if len(words) >= _LATER_FIELDS else words[4:9]
    if not all(number.isascii() and number.isdigit() for number in numbers):
        return None
    times, sequence, _, stored, pending = map(int, numbers)
    return Delivered(times, sequence, stored, pending)


def _is_newer(version: str) -> bool:
    # Numbers of any length are compared by their digits. int() refuses thousands of them.
    digits = version.lstrip("0") if version.isascii() and version.isdigit() else ""
    return (len(digits), digits) > (len(VERSION), VERSION)


def read_event(message: Message, *, may_repeat: bool) -> Event | str:
    """Return the event of a message, or the reason why it is none.

    With `may_repeat`, or with the header that says so, it is one that Pay-i may have already.
    """
    headers = message.read_headers()
    version = headers.get(VERSION_HEADER.lower(), VERSION)
    if version != VERSION:
        return "newer_version" if _is_newer(version) else "not_an_event"
    is_repeat = may_repeat or REPEAT_HEADER.lower() in headers
    try:
        return (_uncertain_event if is_repeat else _event).decode(message.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "not_an_event"
