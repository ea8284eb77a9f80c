"""No sequence of events on a WebSocket raises or loses a request."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.shared.turns import Turn
from tests.providers.openai.test_sockets import Reader

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
KINDS = st.sampled_from(
    [
        *("response.create", "response.created", "response.done", "response.completed", "error"),
        *("session.created", "response.output_text.delta", "response.steer", "input_audio_buffer.append"),
        *("conversation.item.input_audio_transcription.completed", "conversation.item.create"),
    ]
)
FIELDS = st.sampled_from(
    ["response", "session", "error", "stream_id", "response_id", "event_id", "status", "usage", "item_id"]
)
EVENTS = st.builds(
    lambda kind, fields: {**fields, "type": kind}, KINDS, st.dictionaries(FIELDS, JSON, max_size=4)
)


@given(st.lists(st.tuples(st.booleans(), EVENTS), max_size=30), st.booleans())
def test_no_order_of_events_raises_or_loses_a_request(events: list[tuple[bool, Any]], realtime: bool) -> None:
    reader = Reader(realtime)
    turns: list[Turn] = []
    for sent, event in events:
        turns += reader._read(sent, event)
    turns += reader.turns.close()
    asked = sum(sent and event["type"] == "response.create" for sent, event in events)
    requests = {id(turn.request) for turn in turns if turn.request is not None}
    assert len(requests) <= asked
    assert all(turn.messages or turn.request is not None for turn in turns)
