"""How much of a message of the Live API is looked at, and how much of what was sent is kept."""

from __future__ import annotations

import json

import pytest

from payi_transport.providers.google.live import LiveTurns, look_received, look_sent, read_live
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.providers.shared.turns import END, KEEP, SKIP, SocketMessage
from tests.providers.google.test_live import CALL, COMPLETE, TEXT, USAGE, Reader
from tests.providers.shapes import make_messages

MARKS = (*("usageMetadata", "usage_metadata", "turnComplete", "turn_complete", "toolCall", "tool_call"),)


@pytest.mark.parametrize("name", MARKS)
@pytest.mark.parametrize(("head", "tail", "expected"), [(256, 9999, END), (257, 9999, KEEP)])
def test_what_may_end_a_turn_is_looked_for_near_the_beginning(
    name: str, head: int, tail: int, expected: int
) -> None:
    mark = f'"{name}"'.encode()
    assert look_received(b" " * (head - len(mark)) + mark + b" " * tail) == expected


@pytest.mark.parametrize(("tail", "expected"), [(4096, END), (4097, KEEP)])
def test_what_may_end_a_turn_is_looked_for_near_the_end(tail: int, expected: int) -> None:
    mark = b'"usageMetadata"'
    assert look_received(b" " * 9999 + mark + b" " * (tail - len(mark))) == expected


@pytest.mark.parametrize("name", ["inlineData", "inline_data"])
@pytest.mark.parametrize(("head", "expected"), [(256, SKIP), (257, KEEP)])
def test_media_is_looked_for_near_the_beginning(name: str, head: int, expected: int) -> None:
    mark = f'"{name}"'.encode()
    assert look_received(b" " * (head - len(mark)) + mark + b" " * 9999) == expected


@pytest.mark.parametrize("name", ["audio", "video", "media_chunks", "mediaChunks", "media"])
@pytest.mark.parametrize("place", ["realtime_input", "realtimeInput"])
def test_every_kind_of_media_is_skipped(name: str, place: str) -> None:
    assert look_sent(json.dumps({place: {name: []}}).encode()) == SKIP
    assert look_sent(json.dumps({place: {f"{name}Stream": []}}).encode()) == KEEP


@pytest.mark.parametrize(("size", "kept"), [(1 << 17, 2), ((1 << 17) + 1, 1)])
def test_a_quarter_of_a_megabyte_that_was_sent_before_is_kept(size: int, kept: int) -> None:
    reader = Reader()
    event = json.dumps({"clientContent": ""})
    for _ in range(2):
        reader.send({"clientContent": "x" * (size - len(event))})
    reader.send({"clientContent": "last"})
    (turn,) = reader.receive(TEXT, {**COMPLETE, "usageMetadata": USAGE})
    assert [len(data) for data in turn.context] == [size] * kept
    assert turn.request is not None and b"last" in turn.request.data


@pytest.mark.parametrize(("url", "setup", "model"), [("a", None, "a"), ("a", "b", "b"), (None, "b", "b")])
def test_the_setup_names_the_model_or_else_the_url(url: str | None, setup: str | None, model: str) -> None:
    turns = LiveTurns(url, 1 << 20)
    sent = json.dumps({"setup": {"model": setup}}).encode()
    assert turns.read(SocketMessage(True, sent, 1.0)) == []
    (turn,) = turns.read(SocketMessage(False, json.dumps({**CALL, "usageMetadata": USAGE}).encode(), 2.0))
    assert (turn.model, turn.context, turn.finished, turn.request) == (model, [sent], True, None)


def test_a_turn_that_was_cut_is_whole_if_it_had_its_usage() -> None:
    for messages, finished in (([TEXT], False), ([TEXT, {"usageMetadata": USAGE}], True)):
        reader = Reader()
        reader.receive(*messages)
        (turn,) = reader.turns.close()
        assert turn.finished == finished
        assert reader.turns.close() == []


def test_a_turn_that_is_not_complete_goes_on() -> None:
    reader = Reader()
    going_on = {"serverContent": {"turnComplete": False}}
    assert reader.receive(TEXT, going_on, {**TEXT, "usageMetadata": USAGE}) == []
    (turn,) = reader.receive({**COMPLETE, "usageMetadata": USAGE})
    assert len(turn.messages) == 4


def test_a_turn_that_was_read_in_part_is_not_whole() -> None:
    messages = make_messages(TEXT, {"usageMetadata": {**USAGE, "trafficType": "ON_DEMAND"}})
    for whole in (True, False):
        parsed = read_live(RawResponse(messages, read_to_end=whole, requested_model="gemini"))
        assert parsed.finished == whole
        assert parsed.properties == {"provider.traffic_type": "ON_DEMAND"}
