"""Around one call of httpx or httpx2: what the caller sees, what is recorded, and no fault of ours felt."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from payi_transport import (
    AsyncPayiTransport,
    MemorySink,
    PayiTransport,
    Receipt,
    get_context,
    payi_instrument,
    payi_stats,
)
from payi_transport.hooks.httpx.installed import get_family
from payi_transport.values.event import Event
from tests.hooks.scripted import Scripted, every_module
from tests.support.calls import URL
from tests.support.exchanges import events_of, shown
from tests.support.threads import take_all_threads
from tests.support.wire_cases import STREAM, UNARY


@every_module
def test_sync_chunks_reach_the_caller_as_the_objects_they_were(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    chunks = [*STREAM.chunks(), b"", STREAM.response[:3]]
    script = Scripted(module, chunks)
    with (
        module.Client(transport=script.sync()) as client,
        client.stream("POST", URL, content=STREAM.request) as got,
    ):
        seen = list(got.stream)
    assert all(a is b for a, b in zip(seen, chunks, strict=True))
    assert len(events_of(sink)) == 1


@every_module
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_chunks_reach_the_caller_as_the_objects_they_were(
    module: Any, backend: str, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    chunks = STREAM.chunks()
    script = Scripted(module, chunks)

    async def main() -> list[bytes]:
        async with module.AsyncClient(transport=script.asynchronous()) as client:
            async with client.stream("POST", URL, content=STREAM.request) as got:
                return [chunk async for chunk in got.stream]

    seen = anyio.run(main, backend=backend)
    assert all(a is b for a, b in zip(seen, chunks, strict=True))
    assert shown(events_of(sink)[0], ["units"]) == {"units": STREAM.event["units"]}


@every_module
def test_a_response_keeps_everything_but_its_stream(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, [UNARY.response], headers={**UNARY.headers, "x-a": "1"})
    request = module.Request("POST", URL, content=UNARY.request, extensions={"sni_hostname": "x"})
    with module.Client(transport=script.sync()) as client:
        got = client.send(request)
    assert got.request is request
    assert set(request.extensions) == {"sni_hostname", "timeout"}
    assert got.extensions == {"http_version": b"HTTP/2", "network_stream": script}
    assert got.headers == {**UNARY.headers, "x-a": "1"}
    assert got.content == UNARY.response
    assert got.elapsed.total_seconds() > 0
    assert script.closed == 1


@every_module
def test_the_stream_of_a_response_still_has_what_the_one_inside_has(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    transport = PayiTransport(Scripted(module, [b"x"]).sync())
    got = transport.handle_request(module.Request("POST", URL, content=b"{}"))
    assert got.stream.flavour == "vanilla"
    assert isinstance(got.stream, module.SyncByteStream)
    with pytest.raises(AttributeError):
        _ = got.stream.nothing
    got.stream.close()


@every_module
def test_a_response_that_was_read_already_is_recorded(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    response = module.Response(200, headers=UNARY.headers, content=UNARY.response)
    with module.Client(transport=module.MockTransport(lambda request: response)) as client:
        assert client.post(URL, content=UNARY.request).content == UNARY.response
    assert shown(events_of(sink)[0], UNARY.event) == UNARY.event


@every_module
@pytest.mark.parametrize("read", [True, False], ids=["read", "to be read"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_each_call_of_a_task_is_recorded_in_inline_delivery(module: Any, backend: str, read: bool) -> None:
    told = iter([{"request_id": "r-1"}, {"request_id": "r-2"}])

    class Sink(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            super().deliver(batch)
            return Receipt(results={0: {"xproxy_result": next(told)}})

    sink = Sink()
    payi_instrument(sink=sink, config={"delivery": {"mode": "inline"}})

    def respond(request: Any) -> Any:
        return module.Response(200, headers=UNARY.headers, content=UNARY.response)

    script = Scripted(module, [UNARY.response], headers=UNARY.headers)

    async def main() -> list[Any]:
        transport = module.MockTransport(respond) if read else script.asynchronous()
        async with module.AsyncClient(transport=transport) as client:
            calls = [await client.post(URL, content=UNARY.request), get_context().get("last_result")]
            return [*calls, await client.post(URL, content=UNARY.request), get_context().get("last_result")]

    first, first_result, second, second_result = anyio.run(main, backend=backend)
    assert [got.json()["xproxy_result"] for got in (first, second)] == [first_result, second_result]
    assert [first_result, second_result] == [{"request_id": "r-1"}, {"request_id": "r-2"}]
    assert len(events_of(sink)) == 2


@every_module
@pytest.mark.parametrize("read", [True, False], ids=["read", "to be read"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_call_that_waits_for_its_report_needs_no_thread_of_the_applications(
    module: Any, backend: str, read: bool, sink: MemorySink
) -> None:
    payi_instrument(sink=sink, config={"delivery": {"mode": "inline"}})
    answer = module.Response(200, headers=UNARY.headers, content=UNARY.response)
    script = Scripted(module, [UNARY.response], headers=UNARY.headers)

    async def main() -> None:
        take_all_threads()
        transport = module.MockTransport(lambda request: answer) if read else script.asynchronous()
        async with module.AsyncClient(transport=transport) as client:
            with anyio.fail_after(10):
                await client.post(URL, content=UNARY.request)
        assert len(sink.events) == 1

    anyio.run(main, backend=backend)


@every_module
def test_a_streamed_request_body_is_left_to_the_transport(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    sent: list[bytes] = []

    def handler(request: Any) -> Any:
        sent.append(request.read())
        return module.Response(200, headers=UNARY.headers, content=UNARY.response)

    with module.Client(transport=module.MockTransport(handler)) as client:
        client.post(URL, content=iter([b'{"model":', b'"m"}']))
    [event] = events_of(sink)
    assert sent == [b'{"model":"m"}']
    assert event.provider_request_json is None
    assert event.resource == "gpt-4.1-2025-04-14"


@every_module
def test_the_address_of_a_call_is_recorded_without_query_and_user(module: Any, sink: MemorySink) -> None:
    config: Any = {"host_mappings": {"gate.example.org": {"price_as_category": "system.openai"}}}
    payi_instrument(sink=sink, config=config)
    with module.Client(transport=Scripted(module, [b"{}"]).sync()) as client:
        client.post(
            "http://me:sk-secret@gate.example.org:8443/a%20b/chat/completions?api_key=sk-secret",
            content=b"{}",
        )
    assert events_of(sink)[0].provider_uri == "http://gate.example.org:8443/a%20b/chat/completions"


class Hostile:
    """A body that can't be asked for."""

    def __init__(self, request: Any) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        if name in ("content", "_content"):
            raise RuntimeError("sk-secret")
        return getattr(self._request, name)


@every_module
def test_a_fault_is_counted_logged_once_and_never_reaches_the_caller(
    module: Any, sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, [UNARY.response])
    transport = PayiTransport(script.sync())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            got = transport.handle_request(Hostile(module.Request("POST", URL, content=b"{}")))
            assert list(got.stream) == [UNARY.response]
    assert payi_stats().faults == 3
    assert len(caplog.records) == 1


@every_module
def test_a_response_that_is_unlike_any_is_passed_on_and_the_fault_counted(
    module: Any, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)

    class Odd(module.BaseTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            return 42

    assert PayiTransport(Odd()).handle_request(module.Request("POST", URL, content=b"{}")) == 42
    assert payi_stats().faults == 1


@every_module
def test_an_async_stream_that_is_no_generator_is_recorded(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)

    class Stream(module.AsyncByteStream):  # type: ignore[misc]
        def __init__(self) -> None:
            self.chunks = STREAM.chunks()

        def __aiter__(self) -> Any:
            return self

        async def __anext__(self) -> bytes:
            if not self.chunks:
                raise StopAsyncIteration
            return self.chunks.pop(0)

    class Transport(module.AsyncBaseTransport):  # type: ignore[misc]
        async def handle_async_request(self, request: Any) -> Any:
            return module.Response(200, headers=STREAM.headers, stream=Stream())

    async def main() -> None:
        async with module.AsyncClient(transport=AsyncPayiTransport(Transport())) as client:
            get_family(module.__name__).uninstall()
            assert (await client.post(URL, content=STREAM.request)).content == STREAM.response

    anyio.run(main)
    assert shown(events_of(sink)[0], ["units"]) == {"units": STREAM.event["units"]}


@every_module
def test_a_url_without_httpx_own_parts_is_read_by_its_properties(module: Any, sink: MemorySink) -> None:
    class Public:
        def __init__(self, request: Any) -> None:
            self._request = request

        def __getattr__(self, name: str) -> Any:
            found = getattr(self._request, name)
            if name != "url":
                return found
            return SimpleNamespace(
                scheme=found.scheme, raw_host=found.raw_host, port=found.port, raw_path=found.raw_path
            )

    payi_instrument(sink=sink)
    transport = PayiTransport(Scripted(module, [UNARY.response], headers=UNARY.headers).sync())
    transport.handle_request(Public(module.Request("POST", URL, content=UNARY.request))).read()
    assert [event.provider_uri for event in events_of(sink)] == [URL]
