"""How calls of httpx and httpx2 end: each end is noticed once, and each exception reaches the caller."""

from __future__ import annotations

import contextlib
from typing import Any

import anyio
import pytest

from payi_transport import AsyncPayiTransport, MemorySink, PayiTransport, payi_instrument
from tests.hooks.scripted import Scripted, every_module
from tests.support.calls import URL
from tests.support.exchanges import events_of
from tests.support.garbage import collect_garbage
from tests.support.wire_cases import STREAM


@every_module
def test_an_exception_names_the_request_of_the_caller(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)

    def refuse(request: Any) -> Any:
        raise module.ConnectError("no")

    request = module.Request("POST", URL, content=b'{"stream":true}')
    with module.Client(transport=module.MockTransport(refuse)) as client:
        with pytest.raises(module.ConnectError) as caught:
            client.send(request)
    assert caught.value.request is request
    assert events_of(sink)[0].http_status_code == 299


@every_module
def test_an_error_in_the_stream_reaches_the_caller_and_is_one_event(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    error = module.ReadError("gone")
    script = Scripted(module, STREAM.chunks()[:3], error)
    with module.Client(transport=script.sync()) as client:
        with pytest.raises(module.ReadError) as caught:
            client.post(URL, content=STREAM.request)
    assert caught.value is error
    [event] = events_of(sink)
    assert event.properties is not None
    assert event.properties["system.failure"] == "ReadError"


@every_module
@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), SystemExit(3)], ids=repr)
def test_no_exception_is_held_back(module: Any, error: BaseException, sink: MemorySink) -> None:
    payi_instrument(sink=sink)

    def fail(request: Any) -> Any:
        raise error

    with module.Client(transport=module.MockTransport(fail)) as client:
        with pytest.raises(type(error)):
            client.post(URL, content=b"{}")
    [event] = events_of(sink)
    assert event.properties is not None
    assert event.properties["system.failure"] == type(error).__name__


@every_module
def test_iterating_half_and_dropping_everything_is_one_event(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    transport = PayiTransport(Scripted(module, STREAM.chunks()).sync())
    got = transport.handle_request(module.Request("POST", URL, content=STREAM.request))
    iterator = iter(got.stream)
    next(iterator)
    del got, iterator
    collect_garbage()
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}


@every_module
def test_an_async_stream_left_early_closes_the_one_inside(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, STREAM.chunks())

    async def main() -> None:
        transport = AsyncPayiTransport(script.asynchronous())
        got = await transport.handle_async_request(module.Request("POST", URL, content=STREAM.request))
        async with contextlib.aclosing(aiter(got.stream)) as chunks:
            async for _ in chunks:
                break
        await got.aclose()

    anyio.run(main)
    assert script.closed == 1
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}


@every_module
def test_an_async_stream_that_fails_is_one_event(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, STREAM.chunks()[:2], module.ReadTimeout("slow"))

    async def main() -> None:
        async with module.AsyncClient(transport=script.asynchronous()) as client:
            with pytest.raises(module.ReadTimeout):
                await client.post(URL, content=b'{"stream":true}')

    anyio.run(main)
    [event] = events_of(sink)
    assert event.properties is not None
    assert event.properties["system.failure"] == "ReadTimeout"


@every_module
def test_async_calls_that_fail_or_are_not_observed_pass_through(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)

    def handler(request: Any) -> Any:
        if request.url.host == "api.openai.com":
            raise module.ConnectError("no")
        return module.Response(204)

    async def main() -> None:
        async with module.AsyncClient(transport=module.MockTransport(handler)) as client:
            assert (await client.get("https://example.org")).status_code == 204
            with pytest.raises(module.ConnectError):
                await client.post(URL, content=b"{}")

    anyio.run(main)
    assert [event.http_status_code for event in events_of(sink)] == [299]
