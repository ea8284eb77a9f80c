"""A session of the Live API is one response, and so is each that it delegates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.openai import live
from payi_transport.providers.openai.live import LiveTurns, look_received, look_sent, read_live
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.providers.shared.turns import END, KEEP, SKIP, SocketMessage, Turn
from payi_transport.values.event import Failure, ParsedResponse, Units

SESSION = {"id": "live_1", "model": "gpt-live-1"}
STARTED = {"type": "session.started", "session": SESSION}
USAGE = {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25}


class Reader:
    def __init__(self) -> None:
        self.turns = LiveTurns(None, 1 << 20)

    def send(self, kind: str, **fields: Any) -> None:
        data = json.dumps({"type": kind, **fields}).encode()
        assert self.turns.read(SocketMessage(True, data, 1.0, "scope")) == []

    def receive(self, *events: Any) -> list[Turn]:
        encoded = (event if isinstance(event, bytes) else json.dumps(event).encode() for event in events)
        return [turn for data in encoded for turn in self.turns.read(SocketMessage(False, data, 2.0))]


@pytest.fixture
def reader() -> Reader:
    return Reader()


def used(seconds: Any) -> dict[str, Any]:
    return {"type": "session.usage.updated", "usage": {"seconds": seconds}}


def closed(seconds: Any) -> dict[str, Any]:
    return {"type": "session.closed", "reason": "expired", "session": SESSION, "usage": {"seconds": seconds}}


def delegated(kind: str, delegation: str | None = "d1", **response: Any) -> dict[str, Any]:
    event = {"type": kind, "response": {"id": f"r-{delegation}", "model": "gpt-5.2", **response}}
    return {"type": "response.event", "delegation_id": delegation, "event": event}


def parse(turn: Turn) -> ParsedResponse:
    return read_live(RawResponse([("", message) for message in turn.messages], read_to_end=turn.finished))


@pytest.mark.parametrize(
    ("kind", "received", "sent"),
    [
        ("session.start", SKIP, KEEP),
        ("session.input_audio.append", SKIP, SKIP),
        ("session.output_audio.delta", SKIP, SKIP),
        ("session.usage.updated", END, SKIP),
        ("session.closed", END, SKIP),
        ("response.event", END, SKIP),
        ("decision.event", END, SKIP),
        ("session.started", END, SKIP),
        ("session.updated", END, SKIP),
        ("error", END, SKIP),
    ],
)
def test_most_messages_are_skipped(kind: str, received: int, sent: int) -> None:
    data = b'{"event_id": "e", "type": "%b", "x": {}}' % kind.encode()
    assert (look_received(data), look_sent(data)) == (received, sent)
    assert (look_received(b"\xff"), look_sent(b"\xff")) == (END, KEEP)


def test_a_session_has_the_seconds_of_its_end(reader: Reader) -> None:
    reader.send("session.start", session={"model": "gpt-live-1"})
    assert reader.receive(b"", STARTED, used(10), used(20)) == []
    (turn,) = reader.receive(closed(31.0))
    assert (turn.finished, turn.request is not None and turn.request.scope) == (True, "scope")
    response = parse(turn)
    assert response.units == {"audio": Units(31)}
    assert (response.response_id, response.model, response.finished) == ("live_1", "gpt-live-1", True)
    assert reader.turns.close() == []


def test_a_session_that_was_cut_has_the_seconds_so_far(reader: Reader) -> None:
    reader.receive(STARTED, used(10), used(20))
    reader.turns.skip()
    (turn,) = reader.turns.close()
    response = parse(turn)
    assert (response.units, response.finished, response.response_id) == (
        {"audio": Units(20)},
        False,
        "live_1",
    )


def test_a_session_that_never_started_is_left_or_has_its_error(reader: Reader) -> None:
    reader.send("session.start", session={})
    (turn,) = reader.turns.close()
    assert (turn.messages, turn.request is not None) == ([], True)
    reader.send("session.start", session={})
    (turn,) = reader.receive({"type": "error", "error": {"code": "invalid_model"}})
    assert parse(turn).failure == Failure(code="invalid_model")
    # Later errors are about something else.
    assert reader.receive(STARTED, {"type": "error", "error": None}) == []
    assert parse(Turn()).units == {}


def test_what_a_session_delegates_is_a_response_each(reader: Reader) -> None:
    begun = [delegated("response.created", name) for name in ("d1", "d2", None)]
    assert reader.receive(STARTED, *begun) == []
    delta = {"type": "response.event", "delegation_id": "d2", "event": {"type": "response.output_text.delta"}}
    reader.receive(delta)
    ends = [delegated("response.completed", name, usage=USAGE) for name in ("d1", None, "d2")]
    turns = reader.receive(*ends, ends[0])
    assert [len(turn.messages) for turn in turns] == [2, 2, 3]
    responses = [parse(turn) for turn in turns]
    assert [response.response_id for response in responses] == ["r-d1", "r-None", "r-d2"]
    assert all(response.units == {"text": Units(20, 5)} and response.finished for response in responses)


def test_a_decision_has_its_own_usage(reader: Reader) -> None:
    decision = {"id": "dec_1", "model": "gpt-6-luna", "usage": USAGE}
    event = {"type": "decision.event", "event": {"type": "decision.completed", "decision": decision}}
    (turn,) = reader.receive(event)
    response = parse(turn)
    assert (response.response_id, response.units) == ("dec_1", {"text": Units(20, 5)})
    assert reader.receive({"type": "decision.event", "event": 5}) == []


def test_delegations_that_never_end_are_returned_at_some_point(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_MAX_OPEN", 1)
    reader.receive(delegated("response.created", "d1"))
    (turn,) = reader.receive(delegated("response.created", "d2"))
    assert not turn.finished
    assert len(reader.turns.close()) == 1


def test_a_hundred_delegations_may_be_open(reader: Reader) -> None:
    reader.receive(STARTED)
    turns = reader.receive(*(delegated("response.created", f"d{number}") for number in range(101)))
    assert [parse(turn).response_id for turn in turns] == ["r-d0"]
    assert len(reader.turns.close()) == 101


def test_a_session_has_the_model_of_its_url_until_it_names_one() -> None:
    turns = LiveTurns("from-url", 1 << 20)
    event = json.dumps(used(10)).encode()
    assert turns.read(SocketMessage(False, event, 2.0)) == []
    (turn,) = turns.close()
    assert (turn.model, turn.messages, turn.finished) == ("from-url", [event], False)
    assert turns.close() == []


def test_the_last_snapshot_and_the_last_usage_count(reader: Reader) -> None:
    later = {"type": "session.updated", "session": {"id": "live_1", "model": "gpt-live-2"}}
    reader.receive(STARTED, used(10), later, used(20), used(30))
    (turn,) = reader.turns.close()
    response = parse(turn)
    assert len(turn.messages) == 2
    assert (response.model, response.units) == ("gpt-live-2", {"audio": Units(30)})


@pytest.mark.parametrize("limit", [20, 1 << 20])
def test_what_a_session_keeps_of_a_response_is_limited(limit: int) -> None:
    turns = LiveTurns(None, limit)
    events = [delegated("response.created"), *[delegated("response.in_progress")] * 3]
    for event in [*events, delegated("response.completed", usage=USAGE)]:
        found = turns.read(SocketMessage(False, json.dumps(event).encode(), 2.0))
    assert [len(turn.messages) for turn in found] == [2 if limit == 20 else 5]


def test_an_error_before_a_session_was_asked_for_is_about_something_else(reader: Reader) -> None:
    assert reader.receive({"type": "error", "error": {"code": "c"}}) == []
    assert reader.turns.close() == []


@pytest.mark.parametrize("error", [None, 7, {}])
def test_a_session_that_was_refused_without_a_reason_has_failed(reader: Reader, error: Any) -> None:
    reader.send("session.start", session={})
    (turn,) = reader.receive({"type": "error", "error": error})
    assert (parse(turn).failure, parse(turn).finished, turn.finished) == (Failure(code="error"), True, True)


def test_a_session_that_failed_after_some_seconds_has_both(reader: Reader) -> None:
    reader.send("session.start", session={})
    (turn,) = reader.receive(used(10), {"type": "error", "error": None})
    response = parse(turn)
    assert (response.failure, response.units) == (Failure(code="error"), {"audio": Units(10)})


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
KINDS = ["session.start", "session.started", "session.closed", "response.event", "decision.event", "error"]
FIELDS = st.dictionaries(st.sampled_from(["session", "usage", "event", "error", "delegation_id"]), JSON)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([*KINDS, "session.usage.updated"]), FIELDS)))
def test_no_order_of_events_raises(events: list[tuple[bool, str, Any]]) -> None:
    reader = LiveTurns(None, 1 << 20)
    turns: list[Turn] = []
    for sent, kind, fields in events:
        turns += reader.read(SocketMessage(sent, json.dumps({**fields, "type": kind}).encode(), 1.0))
    for turn in [*turns, *reader.close()]:
        parse(turn)
