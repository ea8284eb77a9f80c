"""What is held of a request until its response ends with it, whatever that is."""

from __future__ import annotations

import sys
from typing import Any

import anyio
import pytest

from payi_transport import (
    AsyncPayiTransport,
    MemorySink,
    PayiTransport,
    payi_flush,
    payi_instrument,
    payi_stats,
)
from payi_transport.hooks.httpx.family import bind
from payi_transport.hooks.httpx.in_flight import CountedRequest
from payi_transport.hooks.nesting import CallMark, find_mark
from tests.hooks.scripted import every_module


@every_module
def test_a_counted_request_ends_its_mark_and_shows_the_callers_request(module: Any) -> None:
    request, copy = (module.Request("POST", "https://api.openai.com/v1/x") for _ in range(2))
    mark = CallMark((("api.openai.com", None, "/v1/x"), b"", module), None)
    response = module.Response(200, request=copy)
    CountedRequest(request, copy, None, mark).respond(bind(module), response, lambda *_: None)
    assert (response.request, mark.call) == (request, None)


@every_module
def test_an_async_request_that_fails_is_counted_once_each_time_that_it_is_sent(
    module: Any, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    host = "llm.internal.example.org"

    def refuse(request: Any) -> Any:
        raise module.ConnectError("refused", request=request)

    async def send() -> None:
        async with module.AsyncClient(transport=AsyncPayiTransport(module.MockTransport(refuse))) as client:
            request = client.build_request("POST", f"https://{host}/v1/chat/completions", content=b"{}")
            for _ in range(3):
                with pytest.raises(module.ConnectError) as failed:
                    await client.send(request)
                assert failed.value.request is request

    anyio.run(send)
    assert find_mark() is None
    assert payi_stats().unobserved == {host: {"unmapped": 3}}


@every_module
def test_a_response_that_keeps_its_headers_in_another_way_is_recorded_with_them(
    module: Any, sink: MemorySink
) -> None:
    class Other(module.Headers):  # type: ignore[misc]  # one of two modules
        def __getattribute__(self, name: str) -> Any:
            # Only the methods of the class itself may use what it keeps.
            if name == "_list" and not sys._getframe(1).f_globals["__name__"].startswith(module.__name__):
                raise AttributeError(name)
            return super().__getattribute__(name)

    def respond(request: Any) -> Any:
        usage = {"prompt_tokens": 3, "completion_tokens": 2}
        response = module.Response(200, json={"id": "r-1", "model": "gpt-4o", "usage": usage})
        response.headers = Other([*response.headers.multi_items(), ("x-request-id", "req-7")])
        return response

    payi_instrument(sink=sink)
    with module.Client(transport=PayiTransport(module.MockTransport(respond))) as client:
        client.post("https://api.openai.com/v1/chat/completions", json={"model": "gpt-4o", "messages": []})
    assert payi_flush()
    [event] = sink.events
    assert event.units["text"].input == 3
    [found] = [header for header in event.provider_response_headers or () if header.name == "x-request-id"]
    assert found.value == "req-7"
