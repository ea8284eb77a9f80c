"""The bodies that aiohttp sends: what is in memory is recorded, and all arrive as they were."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from payi_transport import MemorySink
from tests.contract.aiohttp_calls import READERS, post
from tests.contract.responses import PATH, REQUEST, UNARY, make_response, observe, view_both
from tests.support.exchanges import events_of
from tests.support.origin import Origin

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n--b--\r\n'
)


def make_parts() -> aiohttp.MultipartWriter:
    parts = aiohttp.MultipartWriter("form-data", boundary="b")
    parts.append("m").set_content_disposition("form-data", name="model")
    parts.append(io.BytesIO(b"RIFF")).set_content_disposition("form-data", name="file", filename="a.wav")
    return parts


def make_mixed() -> aiohttp.MultipartWriter:
    parts = aiohttp.MultipartWriter("mixed", boundary="b")
    parts.append("no name")
    return parts


def make_files() -> aiohttp.FormData:
    form = aiohttp.FormData({"model": "m"})
    form.add_field("file", io.BytesIO(b"RIFF"), filename="a.wav")
    form.add_field("text", "hello", filename="a.txt")
    return form


BODIES: dict[str, tuple[Callable[[], Any], str | None]] = {
    "bytes": (lambda: UNARY.request, UNARY.request.decode()),
    "text": (lambda: UNARY.request.decode(), UNARY.request.decode()),
    "payload": (lambda: aiohttp.JsonPayload(REQUEST), json.dumps(REQUEST)),
    "form in memory": (lambda: FORM, '{"model": "m", "file": "<not_instrumented>"}'),
    "parts without names": (make_mixed, None),
    "form of parts": (make_parts, '{"model": "m", "file": "<not_instrumented>"}'),
    "form": (lambda: {"model": "gpt-4.1"}, '{"model": "gpt-4.1"}'),
    "form with pairs": (lambda: aiohttp.FormData([("model", "m"), ("n", "1")]), '{"model": "m", "n": "1"}'),
    "files": (make_files, '{"model": "m", "file": "<not_instrumented>", "text": "<not_instrumented>"}'),
    "files of a mapping": (
        lambda: {"model": "m", "file": io.BytesIO(b"RIFF")},
        '{"model": "m", "file": "<not_instrumented>"}',
    ),
    "nothing": (lambda: b"", None),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_in_memory_is_recorded(body: str, origin: Origin, sink: MemorySink) -> None:
    make, recorded = BODIES[body]
    read = READERS["read"]
    without, within = view_both(origin, sink, make_response(UNARY))(
        lambda: asyncio.run(post(origin.url, read, make()))
    )
    assert within == without
    if "files" not in body:  # their boundary is another one each time
        assert origin.received[0].body == origin.received[1].body
    assert len(origin.received[0].body) == len(origin.received[1].body)
    assert events_of(sink)[0].provider_request_json == recorded


def test_a_body_that_is_written_as_it_is_sent_is_left_alone(origin: Origin, sink: MemorySink) -> None:
    async def write() -> AsyncIterator[bytes]:
        yield UNARY.request

    size = {"content-length": str(len(UNARY.request))}
    without, within = view_both(origin, sink, make_response(UNARY))(
        lambda: asyncio.run(post(origin.url, READERS["read"], write(), headers=size))
    )
    assert within == without
    assert origin.received[0].body == origin.received[1].body == UNARY.request
    assert events_of(sink)[0].provider_request_json is None


@pytest.mark.parametrize("option", ["json_serialize", "json_serialize_bytes"])
def test_json_is_made_once_as_the_session_makes_it(option: str, origin: Origin, sink: MemorySink) -> None:
    made = []

    def dumps(value: Any) -> Any:
        made.append(value)
        text = json.dumps(value, indent=1)
        return text if option == "json_serialize" else text.encode()

    async def scenario() -> None:
        options: Any = {option: dumps}
        async with aiohttp.ClientSession(**options) as session:
            await (await session.post(f"{origin.url}{PATH}", json=REQUEST)).read()

    origin.responses = [make_response(UNARY)]
    observe(origin, sink)
    asyncio.run(scenario())
    assert made == [REQUEST]
    assert origin.received[0].body == json.dumps(REQUEST, indent=1).encode()
    assert origin.received[0].headers["content-type"] == "application/json"
    assert events_of(sink)[0].provider_request_json == json.dumps(REQUEST, indent=1)
