"""The messages of a session of the Live API are sorted into turns, each with the usage of that turn."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.google.live import LiveTurns, look_received, look_sent, read_live
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.providers.shared.turns import END, KEEP, SKIP, SocketMessage, Turn
from payi_transport.values.event import FunctionCall, Units
from tests.providers.shapes import make_messages

USAGE = {
    "promptTokenCount": 522,
    "responseTokenCount": 42,
    "totalTokenCount": 700,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 332},
        {"modality": "AUDIO", "tokenCount": 165},
    ],
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 42}],
    "thoughtsTokenCount": 136,
}
TEXT = {"serverContent": {"modelTurn": {"parts": [{"text": "Hi"}]}}}
COMPLETE = {"serverContent": {"turnComplete": True}}
CALL = {"toolCall": {"functionCalls": [{"id": "1", "name": "f", "args": {"a": 1}}]}}
AUDIO = b'{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"mimeType":"audio/pcm","data":"QUJD'


class Reader:
    def __init__(self) -> None:
        self.turns = LiveTurns(None, 1 << 20)
        self.time = 0.0

    def _read(self, sent: bool, message: Any, scope: Any = None) -> list[Turn]:
        self.time += 1
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self.turns.read(SocketMessage(sent, data, self.time, scope))

    def send(self, message: Any, scope: Any = None) -> None:
        assert self._read(True, message, scope) == []

    def receive(self, *messages: Any) -> list[Turn]:
        return [turn for message in messages for turn in self._read(False, message)]


@pytest.fixture
def reader() -> Reader:
    return Reader()


def usages(turns: list[Turn]) -> list[int | None]:
    """The prompts that the turns are billed for."""
    units = [read_live(RawResponse(make_messages(*map(json.loads, turn.messages)))).units for turn in turns]
    return [unit["text"].input if "text" in unit else None for unit in units]


def usage(prompt: int) -> dict[str, Any]:
    return {"usageMetadata": {"promptTokenCount": prompt, "responseTokenCount": 1}}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (AUDIO + b'"}}]}}}', SKIP),
        (AUDIO + b"QUJD" * 100_000 + b'"}}]}}}', SKIP),
        (AUDIO + b"QUJD" * 100_000 + b'"}}]}},"usageMetadata":{"promptTokenCount":1}}', END),
        (b'{"usageMetadata":{"promptTokenCount":1},' + AUDIO[1:] + b"QUJD" * 9999, END),
        (json.dumps(TEXT).encode(), KEEP),
        (json.dumps(COMPLETE).encode(), END),
        (json.dumps(CALL).encode(), END),
        (json.dumps({"setupComplete": {}}).encode(), KEEP),
        (b"", KEEP),
    ],
)
def test_both_ends_of_a_message_tell_what_to_do_with_it(data: bytes, kind: int) -> None:
    assert look_received(data) == kind


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"realtime_input": {"audio": {"data": "QUJD"}}}, SKIP),
        ({"realtimeInput": {"mediaChunks": [{"data": "QUJD"}]}}, SKIP),
        ({"realtime_input": {"media_chunks": []}}, SKIP),
        ({"realtimeInput": {"video": {"data": "QUJD"}}}, SKIP),
        ({"realtimeInput": {"text": "Hello"}}, KEEP),
        ({"client_content": {"turns": []}}, KEEP),
        ({"setup": {"model": "m"}}, KEEP),
    ],
)
def test_what_is_streamed_to_the_model_is_skipped(message: Any, kind: int) -> None:
    assert look_sent(json.dumps(message).encode()) == kind


def test_each_turn_has_the_usage_of_its_own(reader: Reader) -> None:
    turns = reader.receive(*(TEXT, {**COMPLETE, **usage(143)}) * 1, TEXT, {**COMPLETE, **usage(181)})
    assert usages(turns) == [143, 181]
    assert all(turn.finished for turn in turns)


def test_a_later_usage_of_a_turn_replaces_an_earlier_one(reader: Reader) -> None:
    turns = reader.receive({**TEXT, **usage(10)}, {**TEXT, **usage(10)}, {**COMPLETE, **usage(12)})
    assert usages(turns) == [12]


def test_a_usage_in_a_message_of_its_own_belongs_to_the_turn_before(reader: Reader) -> None:
    assert reader.receive(TEXT, COMPLETE) == []
    assert usages(reader.receive(usage(7), TEXT, COMPLETE, usage(8))) == [7, 8]


def test_a_turn_whose_usage_came_early_ends_with_the_next_content(reader: Reader) -> None:
    assert reader.receive({**TEXT, **usage(7)}, COMPLETE) == []
    (turn,) = reader.receive(TEXT)
    assert (usages([turn]), turn.finished) == ([7], True)
    (rest,) = reader.turns.close()
    assert not rest.finished


def test_a_call_of_a_tool_ends_a_turn(reader: Reader) -> None:
    turns = reader.receive({**CALL, **usage(5)})
    reader.send({"tool_response": {}}, "scope")
    turns += reader.receive(TEXT, {**COMPLETE, **usage(9)})
    assert usages(turns) == [5, 9]
    assert [turn.request and turn.request.scope for turn in turns] == [None, "scope"]


def test_the_request_is_the_last_message_before_the_turn(reader: Reader) -> None:
    reader.send({"setup": {"model": "models/gemini-live"}})
    reader.send({"client_content": {"turns": []}}, "first")
    reader.send({"client_content": {"turns": [], "turn_complete": True}}, "second")
    (turn,) = reader.receive({**COMPLETE, **usage(1)})
    assert turn.request is not None
    assert (turn.request.scope, turn.model, len(turn.context)) == ("second", "models/gemini-live", 2)
    (turn,) = reader.receive({**COMPLETE, **usage(1)})
    assert (turn.request, turn.model, turn.context) == (None, "models/gemini-live", [])


def test_context_is_bounded(reader: Reader) -> None:
    for _ in range(10):
        reader.send({"client_content": "x" * 100_000})
    (turn,) = reader.receive({**COMPLETE, **usage(1)})
    assert len(turn.context) == 2


def test_media_that_is_not_kept_begins_a_turn(reader: Reader) -> None:
    reader.receive(b"")
    (turn,) = reader.receive({**COMPLETE, **usage(1)})
    assert (turn.first, turn.ended, len(turn.messages)) == (1.0, 2.0, 1)


def test_at_the_end_of_a_session_a_request_without_a_response_is_left(reader: Reader) -> None:
    reader.send({"client_content": {}}, "scope")
    (turn,) = reader.turns.close()
    assert turn.request is not None
    assert (turn.messages, turn.finished) == ([], False)
    assert reader.turns.close() == []


def test_after_a_gap_nothing_is_open(reader: Reader) -> None:
    reader.receive(TEXT)
    reader.turns.skip()
    assert reader.turns.close() == []


@pytest.mark.parametrize(
    "message", [{"setupComplete": {}}, {"goAway": {}}, {"usageMetadata": {}}, {"usageMetadata": 7}, [], b"{"]
)
def test_other_messages_belong_to_no_turn(reader: Reader, message: Any) -> None:
    assert reader.receive(message) == []
    assert reader.turns.close() == []


def test_a_turn_becomes_units_by_modality() -> None:
    response = read_live(RawResponse([("", b""), *make_messages(TEXT, {**COMPLETE, "usageMetadata": USAGE})]))
    assert response.units == {
        "text": Units(357, 0),
        "audio": Units(165, 42),
        "reasoning": Units(None, 136),
    }
    assert response.finished


@pytest.mark.parametrize(
    "odd",
    [
        {"serverContent": [1]},
        {"serverContent": {"turnComplete": "yes"}},
        {"toolCall": 5},
        {"toolCall": {"functionCalls": [None, 5, {"name": 5}]}},
        {"toolCall": {"functionCalls": {}}},
    ],
)
def test_what_is_odd_beside_a_usage_does_not_hide_it(reader: Reader, odd: Any) -> None:
    turns = [*reader.receive({**odd, "usageMetadata": USAGE}), *reader.turns.close()]
    (turn,) = turns
    response = read_live(RawResponse(make_messages(*map(json.loads, turn.messages))))
    assert sum(units.input or 0 for units in response.units.values()) == 522
    assert response.function_calls == ()


def test_calls_of_functions_are_read() -> None:
    broken = {"toolCall": {"functionCalls": [{"name": None}]}}
    response = read_live(RawResponse(make_messages(CALL, broken, "no JSON object"), read_to_end=False))
    assert response.function_calls == (FunctionCall("f", '{"a": 1}'),)
    assert not response.finished


MESSAGES = st.sampled_from(
    [TEXT, COMPLETE, CALL, usage(1), {**COMPLETE, **usage(2)}, {"setup": {"model": 7}}, [], b"\xff", b"", 7]
)


@given(st.lists(st.tuples(st.booleans(), MESSAGES), max_size=30))
def test_no_order_of_messages_raises(messages: list[tuple[bool, Any]]) -> None:
    reader = Reader()
    for sent, message in messages:
        reader._read(sent, message)
    reader.turns.close()
    assert reader.turns.close() == []
