"""Calls with requests that fail or are left early: what is raised stays, and a call is one event."""

from __future__ import annotations

import threading

import pytest
import requests

from payi_transport import MemorySink
from tests.contract.requests_calls import post
from tests.contract.responses import PATH, REQUEST, STREAM, make_response, view_both, view_errors
from tests.support.exchanges import events_of
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin


@pytest.mark.parametrize("way", ["close", "leave", "release", "drop"])
def test_a_response_that_is_left_early_is_one_partial_event(
    way: str, never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    def scenario() -> bytes:
        response = requests.post(f"{origin.url}{PATH}", json=REQUEST, stream=True, timeout=30)
        first: bytes = next(response.iter_lines())
        if way == "leave":
            with response:
                return first
        if way == "close":
            response.close()
        if way == "release":
            response.raw.close()
            response.raw.release_conn()
        return first

    without, within = view_both(origin, sink, make_response(STREAM, hold=never))(scenario)
    collect_garbage()
    assert within == without == STREAM.chunks()[0].strip()
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}


FAILURES = {
    "cut": ("cut", 30.0, "ProtocolError"),
    "reset": ("reset", 30.0, "ProtocolError"),
    "silent": ("well", 1.0, "ReadTimeoutError"),
}
SIZE = {"content-length": "100000"}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("size", [{}, SIZE], ids=["chunked", "by length"])
def test_a_failure_while_reading_is_the_callers_and_one_event(
    failure: str,
    stream: bool,
    size: dict[str, str],
    never: threading.Event,
    origin: Origin,
    sink: MemorySink,
) -> None:
    end, timeout, name = FAILURES[failure]
    hold = never if end == "well" else None
    answer = CannedResponse(STREAM.chunks(), headers={**STREAM.headers, **size}, end=end, hold=hold)
    without, within = view_errors(origin, sink, answer)(
        lambda: post(origin.url, stream=stream, timeout=timeout)
    )
    assert within[0] is without[0]
    assert issubclass(within[0], requests.RequestException)
    [event] = events_of(sink)
    assert event.http_status_code == 200
    assert (event.properties or {})["system.failure"] == name
    assert (event.properties or {})["system.stream"] == "partial"


@pytest.mark.parametrize("failure", ["reset", "silent"])
def test_a_call_that_fails_raises_what_it_did_and_is_one_event(
    failure: str, never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    answer = CannedResponse(end="reset") if failure == "reset" else CannedResponse(hold=never)
    without, within = view_errors(origin, sink, answer)(
        lambda: post(origin.url, timeout=1 if failure == "silent" else 30)
    )
    assert within[0] is without[0]
    [event] = events_of(sink)
    assert event.http_status_code == 299
    assert (event.properties or {})["system.failure"] == within[0].__name__
    assert event.resource == "gpt-4.1"


def test_what_cannot_be_decoded_is_the_callers_error_and_one_event(origin: Origin, sink: MemorySink) -> None:
    answer = CannedResponse([b"no gzip"], headers={"content-encoding": "gzip"})
    without, within = view_errors(origin, sink, answer)(lambda: post(origin.url))
    assert within == without
    assert within[0] is requests.exceptions.ContentDecodingError
    assert [event.http_status_code for event in events_of(sink)] == [200]
