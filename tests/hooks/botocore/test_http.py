"""Around one attempt of botocore: what the caller sees of the response, and that each end counts once."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import HTTPClientError, IncompleteReadError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from botocore.response import StreamingBody
from urllib3.exceptions import ProtocolError
from urllib3.response import HTTPResponse

from payi_transport import MemorySink, payi_instrument, payi_uninstrument
from tests.support.exchanges import events_of, shown
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import STREAM, UNARY

PATH = "/v1/chat/completions"
PIECES = [STREAM.response[start : start + 200] for start in range(0, len(STREAM.response), 200)]
# One document on many lines.
LINES = b'{"lines": [\n' + b",\n".join(b'{"line": %d}' % number for number in range(400)) + b"\n]}\n"


def send(url: str, *, streams: bool = True, data: Any = STREAM.request, **options: Any) -> Any:
    """An attempt, as botocore's endpoint makes it."""
    request = AWSRequest("POST", url, {"X-Team": b"blue"}, data, stream_output=streams)
    return URLLib3Session(**options).send(request.prepare())


def instrument(origin: Origin, sink: MemorySink, **more: Any) -> None:
    config: Any = {"host_mappings": {origin.netloc: {"price_as_category": "system.openai"}}, **more}
    payi_instrument(sink=sink, config=config)


def read_by(size: int) -> Callable[[StreamingBody], list[bytes]]:
    return lambda body: list(iter(lambda: body.read(size), b""))


def read_into(body: StreamingBody) -> list[bytes]:
    pieces, buffer = [], bytearray(100)
    while count := body.readinto(buffer):
        pieces.append(bytes(buffer[:count]))
    return pieces


def read_through(body: StreamingBody) -> list[bytes]:
    with body as raw:
        return list(raw)


def read_raw(read: Callable[[HTTPResponse], list[bytes]]) -> Callable[[StreamingBody], list[bytes]]:
    return lambda body: read(body._raw_stream)


WAYS: dict[str, Callable[[StreamingBody], list[bytes]]] = {
    "read": lambda body: [body.read()],
    "read-all": lambda body: [body.read(-1), body.read()],
    "read-by-7": read_by(7),
    "read-by-much": read_by(1 << 20),
    "read-after-the-end": lambda body: [body.read(), body.read(), body.read(10)],
    "readinto": read_into,
    "iteration": list,
    "next": lambda body: list(iter(lambda: next(body, b""), b"")),
    "lines": lambda body: list(body.iter_lines()),
    "lines-with-ends": lambda body: list(body.iter_lines(11, keepends=True)),
    "chunks": lambda body: list(body.iter_chunks(100)),
    "readlines": lambda body: body.readlines(),
    "with": read_through,
    "raw-stream": read_raw(lambda raw: list(raw.stream(64))),
    "raw-read1": read_raw(lambda raw: [b"".join(iter(lambda: raw.read1(50), b""))]),
    "raw-data": read_raw(lambda raw: [raw.data]),
}


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "length"])
@pytest.mark.parametrize("way", WAYS)
def test_a_body_is_read_as_before_and_remembered_whole(
    way: str, chunked: bool, origin: Origin, sink: MemorySink
) -> None:
    length = {} if chunked else {"content-length": str(len(LINES))}
    pieces = [LINES[start : start + 97] for start in range(0, len(LINES), 97)]
    origin.responses = [CannedResponse(pieces, headers={"content-type": "application/json", **length})]

    def read() -> list[bytes]:
        response = send(origin.url + PATH)
        return WAYS[way](StreamingBody(response.raw, response.headers.get("content-length")))

    without = read()
    instrument(origin, sink)
    assert read() == without
    [event] = events_of(sink)
    assert event.provider_response_json == LINES.decode()
    # The lines are no response of OpenAI's.
    assert event.properties == {"system.units": "missing"}


def test_a_response_that_does_not_stream_is_recorded_as_botocore_read_it(
    origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [CannedResponse(UNARY.chunks(), headers=UNARY.headers)]
    instrument(origin, sink)
    response = send(origin.url + PATH + "?api-version=1", streams=False, data=UNARY.request)
    [event] = events_of(sink)
    assert response.content == UNARY.response
    assert type(response.raw) is HTTPResponse
    assert shown(event, UNARY.mapped_event) == UNARY.mapped_event
    assert event.provider_uri == origin.url + PATH


def test_the_response_stays_what_it_was(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse(STREAM.chunks(), headers=STREAM.headers)]
    plain = send(origin.url + PATH)
    instrument(origin, sink)
    recorded = send(origin.url + PATH)
    assert isinstance(recorded.raw, HTTPResponse)
    assert repr(type(recorded.raw)) == repr(type(plain.raw))
    assert dict(recorded.headers).keys() == dict(plain.headers).keys()
    assert recorded.raw.readable() and not recorded.raw.closed
    StreamingBody(recorded.raw, None).set_socket_timeout(5)
    assert recorded.content == plain.content == STREAM.response
    assert shown(events_of(sink)[0], STREAM.event) == STREAM.event


@pytest.mark.parametrize(
    "body",
    [STREAM.request, STREAM.request.decode(), bytearray(STREAM.request)],
    ids=["bytes", "str", "bytearray"],
)
def test_a_body_in_memory_is_part_of_the_event(body: Any, origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse(STREAM.chunks(), headers=STREAM.headers)]
    instrument(origin, sink, capture={"request_headers": ["X-Team"]})
    send(origin.url + PATH, data=body).content  # noqa: B018
    [event] = events_of(sink)
    assert origin.received[0].body == STREAM.request
    assert event.provider_request_json == STREAM.request.decode()
    assert [(h.name, h.value) for h in event.provider_request_headers or ()] == [("x-team", "blue")]


def test_a_file_is_left_to_botocore(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse(STREAM.chunks(), headers=STREAM.headers)]
    instrument(origin, sink)
    send(origin.url + PATH, data=io.BytesIO(STREAM.request)).content  # noqa: B018
    assert origin.received[0].body == STREAM.request
    assert events_of(sink)[0].provider_request_json is None


@pytest.mark.parametrize("streams", [True, False])
def test_a_response_without_a_body_is_an_event(streams: bool, origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse(status=400, headers={"content-length": "0"})]
    instrument(origin, sink)
    response = send(origin.url + PATH, streams=streams)
    assert response.content == b""
    [event] = events_of(sink)
    assert (event.http_status_code, event.provider_response_json) == (400, None)


def test_a_body_closed_before_its_end_is_partial(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse(PIECES, headers=STREAM.headers)]
    instrument(origin, sink)
    body = StreamingBody(send(origin.url + PATH).raw, None)
    body.read(200)
    body.close()
    body.close()
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}


def test_a_body_that_nobody_reads_to_its_end_is_partial(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse(PIECES, headers=STREAM.headers)]
    instrument(origin, sink)
    response = send(origin.url + PATH)
    chunks = response.raw.stream(100)
    next(chunks)
    assert events_of(sink) == []
    del response, chunks
    collect_garbage()
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}


@pytest.mark.parametrize("way", ["read", "read-by-7", "raw-stream", "raw-read1"])
def test_a_body_that_is_cut_between_its_chunks_fails(way: str, origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse(PIECES[:2], headers=STREAM.headers, end="cut")]
    instrument(origin, sink)
    response = send(origin.url + PATH)
    with pytest.raises(Exception, match=r"incomplete|premature|IncompleteRead|broken") as raised:
        WAYS[way](StreamingBody(response.raw, None))
    assert isinstance(raised.value, (ProtocolError, HTTPClientError))
    [event] = events_of(sink)
    assert event.properties is not None
    assert event.properties["system.stream"] == "partial"
    assert event.properties["system.failure"] in ("ProtocolError", "IncompleteRead", "InvalidChunkLength")


@pytest.mark.parametrize("streams", [True, False])
def test_a_body_shorter_than_it_was_promised_fails(streams: bool, origin: Origin, sink: MemorySink) -> None:
    headers = {"content-type": "application/json", "content-length": str(len(LINES))}
    origin.responses = [CannedResponse([LINES[:100]], headers=headers, end="cut")]
    instrument(origin, sink)
    response = send(origin.url + PATH, streams=streams)
    if streams:
        with pytest.raises(IncompleteReadError):
            read_by(80)(StreamingBody(response.raw, str(len(LINES))))
    else:
        assert response.content == LINES[:100]
    [event] = events_of(sink)
    assert event.properties == {
        "system.stream": "partial",
        "system.failure": "IncompleteRead",
        "system.failure.description": f"IncompleteRead(100 bytes read, {len(LINES) - 100} more expected)",
    }


def test_a_read_that_takes_too_long_fails(origin: Origin, sink: MemorySink) -> None:
    hold = threading.Event()
    origin.responses = [CannedResponse(PIECES, headers=STREAM.headers, hold=hold)]
    instrument(origin, sink)
    body = StreamingBody(send(origin.url + PATH, timeout=1).raw, None)
    with pytest.raises(ReadTimeoutError):
        body.read()
    hold.set()
    [event] = events_of(sink)
    assert event.properties is not None
    assert event.properties["system.failure"] == "ReadTimeoutError"
    assert event.http_status_code == 200


def test_a_call_without_a_response_is_an_event_without_a_status(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse(end="reset")]
    instrument(origin, sink)
    with pytest.raises(HTTPClientError) as raised:
        send(origin.url + PATH)
    [event] = events_of(sink)
    assert event.http_status_code == 299
    assert event.properties is not None
    assert event.properties["system.failure"] == type(raised.value).__name__


def test_other_requests_pass_through(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse([b"{}"])]
    instrument(origin, sink)
    for url in (f"{origin.url}/bucket/key", f"http://localhost:{origin.server_port}/", origin.url):
        assert type(send(url).raw) is HTTPResponse
    assert events_of(sink) == []


def test_a_call_outside_every_scope_passes_through_if_it_is_to(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse([b"{}"])]
    instrument(origin, sink, global_instrumentation=False)
    assert type(send(origin.url + PATH).raw) is HTTPResponse
    assert events_of(sink) == []


def test_hooks_that_somebody_kept_pass_through(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse([b"{}"])]
    original = URLLib3Session.send
    instrument(origin, sink)
    kept = URLLib3Session.send
    payi_uninstrument()
    request = AWSRequest("POST", origin.url + PATH).prepare()
    assert URLLib3Session.send is original
    assert kept(URLLib3Session(), request).content == b"{}"
    assert sink.events == []


def test_an_invalid_response_reaches_the_caller_and_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, origin: Origin, sink: MemorySink
) -> None:
    stand_in = object()
    monkeypatch.setattr(URLLib3Session, "send", lambda session, request: stand_in)
    instrument(origin, sink)
    assert send(origin.url + PATH) is stand_in
    assert events_of(sink, faults=1) == []


def test_an_object_that_is_not_a_request_is_left_to_botocore_and_is_a_fault(
    origin: Origin, sink: MemorySink
) -> None:
    instrument(origin, sink)
    with pytest.raises(HTTPClientError):
        URLLib3Session().send(object())
    assert events_of(sink, faults=1) == []
