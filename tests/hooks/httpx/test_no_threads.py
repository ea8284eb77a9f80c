"""Inline delivery of async calls where no thread can be started: answered, and reported in the background."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument
from tests.support.calls import URL

CHUNK = b'data: {"id": "s", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}\n\n'


def respond(request: httpx.Request) -> httpx.Response:
    if b"stream" in request.content:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Chunks())
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    return httpx.Response(200, json={"id": "u", "choices": [], "usage": usage})


class Chunks(httpx.AsyncByteStream):
    async def __aiter__(self) -> Any:
        yield CHUNK
        yield b"data: [DONE]\n\n"


def test_calls_are_answered_and_reported_later(monkeypatch: pytest.MonkeyPatch, sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"delivery": {"mode": "inline"}})

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client:
            assert (await client.post(URL, json={"model": "m"})).status_code == 200
            response = await client.post(URL, json={"model": "m", "stream": True})
            assert b"[DONE]" in response.content

    asyncio.run(main())
    assert payi_flush(10)
    assert sorted(str(event.provider_response_id) for event in sink.events) == ["s", "u"]
