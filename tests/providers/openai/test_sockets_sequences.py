"""No sequence of events on a WebSocket raises or loses a request."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.openai import sockets
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


def test_an_end_that_is_repeated_is_one_response() -> None:
    for reader in (Reader(realtime=True), Reader()):
        reader.send("response.create", "scope")
        reader.begin("r1")
        reader.end("r1")
        assert reader.receive("response.done", response={"id": "r1"}) == []
        # A server that numbers its responses anew begins with the same id.
        reader.begin("r1")
        assert len(reader.end("r1").messages) == 2


def test_a_transcription_that_is_repeated_is_one() -> None:
    reader = Reader(realtime=True)
    kind = "conversation.item.input_audio_transcription.completed"
    parts: list[dict[str, Any]] = [
        {"item_id": "i"},
        {"item_id": "i", "content_index": 0},
        {"item_id": "i", "content_index": 1},
    ]
    assert [len(reader.receive(kind, **part)) for part in parts] == [1, 0, 1]
    # What names no item can't be told apart.
    assert [len(reader.receive(kind)) for _ in range(2)] == [1, 1]


def test_a_beginning_that_is_repeated_keeps_its_request() -> None:
    reader = Reader(realtime=True)
    reader.send("response.create", "scope")
    reader.begin("r1")
    reader.begin("r1")
    turn = reader.end("r1")
    assert (turn.request is not None and turn.request.scope, len(turn.messages)) == ("scope", 3)
    assert reader.turns.close() == []


def test_what_has_ended_is_forgotten_at_some_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_MAX_OPEN", 2)
    reader = Reader(realtime=True)
    for name in ("r1", "r2", "r3"):
        reader.begin(name)
        reader.end(name)
    assert [len(reader.receive("response.done", response={"id": name})) for name in ("r3", "r1")] == [0, 1]


@pytest.mark.parametrize(
    ("url", "sent", "confirmed", "expected"),
    [
        (None, None, "b", "b"),
        (None, "b", "b", "b"),
        ("a", None, "a-2026-01-01", "a"),
        ("a", "b", "b", "b"),
        # The server refused it.
        ("a", "b", "a", "a"),
        ("a", "b", None, "a"),
    ],
)
def test_a_model_that_changes_in_a_session(
    url: str | None, sent: str | None, confirmed: str | None, expected: str
) -> None:
    reader = Reader(realtime=True, model=url)
    reader.receive("session.created", session={"model": "a"})
    reader.begin("r1")
    assert reader.end("r1").model == "a"
    reader.send("session.update", session={"model": sent})
    reader.receive("session.updated", session={"model": confirmed})
    reader.begin("r2")
    assert reader.end("r2").model == expected
