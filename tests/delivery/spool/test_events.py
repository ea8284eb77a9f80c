"""Events as the spool holds them."""

from __future__ import annotations

import msgspec
import pytest

from payi_transport import Event, Units
from payi_transport.delivery.spool.events import decode_event, encode_event
from payi_transport.sinks.protocol import UncertainEvent, mark_uncertain

EVENT = Event(category="c", units={"text": Units(input=1)}, provider_response_id="1", user_id="ü\n")


@pytest.mark.parametrize("event", [EVENT, mark_uncertain(EVENT)])
def test_an_event_comes_back_as_it_was_and_with_its_mark(event: Event) -> None:
    found = decode_event(encode_event(event))
    assert found == event
    assert isinstance(found, UncertainEvent) is isinstance(event, UncertainEvent)


def test_the_mark_changes_nothing_for_other_readers() -> None:
    assert msgspec.json.decode(encode_event(mark_uncertain(EVENT)), type=Event) == EVENT
