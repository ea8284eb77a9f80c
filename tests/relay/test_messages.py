"""A message is an event, or it has a reason why it can never be one."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport import Event
from payi_transport.relay.messages import Delivered, read_delivery, read_event
from payi_transport.sinks.nats_protocol import Message, encode_headers
from payi_transport.sinks.protocol import UncertainEvent
from tests.sinks.events import event

BODY = msgspec.json.encode(event(1))


def make(body: bytes = BODY, **headers: str) -> Message:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Message("payi.events", "", encode_headers(named) if named else b"", body)


def test_what_was_published_is_read() -> None:
    assert read_event(make(Payi_Event_Version="1"), may_repeat=False) == event(1)
    assert type(read_event(make(), may_repeat=False)) is Event


def test_what_may_be_a_repeat_is_marked() -> None:
    assert type(read_event(make(), may_repeat=True)) is UncertainEvent
    assert type(read_event(make(Payi_Repeat="1"), may_repeat=False)) is UncertainEvent


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (make(Payi_Event_Version="2"), "newer_version"),
        (make(Payi_Event_Version="9" * 400), "newer_version"),
        (make(Payi_Event_Version="9" * 5000), "newer_version"),
        (make(Payi_Event_Version="0000000002"), "newer_version"),
        (make(Payi_Event_Version="10"), "newer_version"),
        (make(Payi_Event_Version="01"), "not_an_event"),
        (make(Payi_Event_Version="0"), "not_an_event"),
        (make(Payi_Event_Version="\u00b2"), "not_an_event"),
        (make(Payi_Event_Version="x"), "not_an_event"),
        (make(b""), "not_an_event"),
        (make(b"junk"), "not_an_event"),
        (make(b"{}"), "not_an_event"),
        (make(b"[1]"), "not_an_event"),
        (make(b"\xff"), "not_an_event"),
        (make(b"[" * 100_000), "not_an_event"),
        (make(BODY.replace(b'"id-1"', b"7")), "not_an_event"),
        (make(BODY.replace(b'"id-1"', b'"\xff"')), "not_an_event"),
    ],
    ids=range(17),
)
def test_anything_else_has_a_reason(message: Message, reason: str) -> None:
    assert read_event(message, may_repeat=False) == reason


@given(st.binary(max_size=300), st.binary(max_size=100))
def test_any_message_is_read(head: bytes, body: bytes) -> None:
    assert read_event(Message("s", "", head, body), may_repeat=True) is not None


@pytest.mark.parametrize(
    ("reply", "delivered"),
    [
        ("$JS.ACK.PAYI.payi-relay.2.77.80.1700000000000000.5", Delivered(2, 77, 1700000000000000, 5)),
        (
            "$JS.ACK._.HASH.PAYI.payi-relay.1.7.8.1700000000000000.0",
            Delivered(1, 7, 1700000000000000, 0),
        ),
        (
            "$JS.ACK.hub.HASH.PAYI.payi-relay.1.7.8.1700000000000000.3.rnd",
            Delivered(1, 7, 1700000000000000, 3),
        ),
        ("", None),
        ("_INBOX.x.1", None),
        ("$JS.ACK.PAYI.payi-relay.x.77.80.17.5", None),
        ("$JS.ACK.PAYI.payi-relay.\u00b2.77.80.17.5", None),
        ("$JS.ACK.PAYI", None),
        # Too short, of another service, and neither the earlier form nor the later one.
        ("$JS.ACK.PAYI.payi-relay.2.77.80.17", None),
        ("$JS.FC.PAYI.payi-relay.2.77.80.17.5", None),
        ("_INBOX.ACK.PAYI.payi-relay.2.77.80.17.5", None),
        ("$JS.ACK.hub.HASH.PAYI.payi-relay.1.7.8.17", None),
    ],
)
def test_the_subject_for_acknowledgements_is_read(reply: str, delivered: Delivered | None) -> None:
    assert read_delivery(reply) == delivered
