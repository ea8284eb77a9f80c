"""A body that the client has signed arrives as it was signed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator

import httpx
import pytest

from payi_transport import MemorySink, payi_instrument
from tests.support.calls import URL


class Signing(httpx.Auth):
    requires_request_body = True

    def __init__(self, name: str) -> None:
        self.name = name

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers[self.name] = hashlib.sha256(request.content).hexdigest()
        yield request


@pytest.mark.parametrize(("name", "is_asked"), [("content-digest", False), ("x-other", True)])
def test_a_stream_is_asked_for_usage_unless_its_body_is_signed(
    name: str, is_asked: bool, sink: MemorySink
) -> None:
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, content=b"data: [DONE]\n\n", headers={"content-type": "text/event-stream"})

    payi_instrument(sink=sink)
    with httpx.Client(transport=httpx.MockTransport(respond), auth=Signing(name)) as client:
        client.post(URL, json={"model": "gpt-4o", "messages": [], "stream": True})
    [request] = sent
    assert ("stream_options" in json.loads(request.content)) is is_asked
    assert (request.headers[name] == hashlib.sha256(request.content).hexdigest()) is not is_asked
