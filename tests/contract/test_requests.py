"""Real requests sessions against a real server: no difference is seen, and a call is one event."""

from __future__ import annotations

import concurrent.futures
import json
import threading
from typing import Any

import pytest
import requests

from payi_transport import MemorySink, payi_stats, track_context
from tests.contract.requests_calls import READERS, post
from tests.contract.responses import (
    PATH,
    REQUEST,
    RESPONSES,
    STREAM,
    UNARY,
    make_response,
    observe,
    view_both,
)
from tests.support.exchanges import events_of, shown
from tests.support.origin import CannedResponse, Origin


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", RESPONSES)
def test_a_response_is_the_same_however_it_is_read(
    kind: str, reader: str, origin: Origin, sink: MemorySink
) -> None:
    case, made = RESPONSES[kind]
    without, within = view_both(origin, sink, made)(lambda: post(origin.url, READERS[reader], stream=True))
    assert within == without
    [event] = events_of(sink)
    assert shown(event, case.mapped_event) == case.mapped_event
    assert origin.received[0].body == origin.received[1].body
    assert origin.received[0].headers == origin.received[1].headers
    assert event.provider_request_json == origin.received[0].body.decode()


@pytest.mark.parametrize("kind", RESPONSES)
def test_a_response_that_does_not_stream_is_read_as_before(
    kind: str, origin: Origin, sink: MemorySink
) -> None:
    case, made = RESPONSES[kind]
    without, within = view_both(origin, sink, made)(lambda: post(origin.url))
    assert within == without
    assert shown(events_of(sink)[0], case.mapped_event) == case.mapped_event


def test_nothing_is_read_before_the_caller_does(
    never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(STREAM, hold=never)]
    observe(origin, sink)
    with requests.post(f"{origin.url}{PATH}", json=REQUEST, stream=True, timeout=30) as response:
        assert response.raw.tell() == 0
        lines = response.iter_lines()
        assert next(lines) + b"\n\n" == STREAM.chunks()[0]
        never.set()
        assert b"\n".join(lines).strip().endswith(b"[DONE]")
    assert shown(events_of(sink)[0], STREAM.event) == STREAM.event


def test_headers_may_be_any_mapping(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [make_response(UNARY)]
    observe(origin, sink)
    request = requests.Request("POST", f"{origin.url}{PATH}", json=REQUEST).prepare()
    plain: Any = {**request.headers, "User-Agent": "a program"}
    request.headers = plain
    with requests.Session() as session:
        session.send(request)
    headers = {header.name: header.value for header in events_of(sink)[0].provider_request_headers or ()}
    assert headers["user-agent"] == "a program"


def test_a_redirect_is_followed_to_one_event(origin: Origin, sink: MemorySink) -> None:
    moved = CannedResponse([b"moved"], status=307, headers={"location": "/v2/chat/completions"})
    without, within = view_both(origin, sink, moved, moved, make_response(UNARY))(lambda: post(origin.url))
    assert within == without
    [event] = events_of(sink)
    assert event.provider_uri == f"{origin.url}/v2/chat/completions"
    assert payi_stats().captured == 1


def test_a_hundred_calls_at_once_are_a_hundred_events(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [make_response(STREAM)]
    observe(origin, sink)

    def ask(number: int) -> bytes:
        body = {**REQUEST, "seed": number}
        with track_context(user_id=f"user-{number}"):
            response = requests.post(f"{origin.url}{PATH}", json=body, stream=True, timeout=60)
            return b"".join(response.iter_content(64))

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert list(pool.map(ask, range(100))) == [STREAM.response] * 100
    events = events_of(sink)
    assert all(shown(event, ["units"]) == {"units": STREAM.event["units"]} for event in events)
    asked = {event.user_id: json.loads(event.provider_request_json or "")["seed"] for event in events}
    assert asked == {f"user-{number}": number for number in range(100)}
