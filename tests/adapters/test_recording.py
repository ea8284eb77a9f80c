"""Around one call of httpx or httpx2: what the caller sees, and that each end is noticed, once."""

from __future__ import annotations

import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import anyio
import httpx
import httpx2
import pytest

from payi_transport import (
    AsyncPayiTransport,
    MemorySink,
    PayiTransport,
    Receipt,
    get_context,
    payi_flush,
    payi_instrument,
    payi_stats,
)
from payi_transport.active import get_active
from payi_transport.adapters.families import find_family, get_families, get_family
from payi_transport.event import Event
from payi_transport.names import RECORDED_MARK
from tests.exchanges import shown
from tests.wire_cases import CASES

by_name = {case.name: case for case in CASES}
UNARY, STREAM = by_name["openai/chat_unary"], by_name["openai/chat_stream"]
URL = "https://api.openai.com/v1/chat/completions"
every_module = pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])


class Scripted:
    """A sync and async transport that answers in chunks, and fails behind them if told to."""

    def __init__(
        self, module: Any, chunks: list[bytes], error: BaseException | None = None, **head: Any
    ) -> None:
        self.module, self.chunks, self.error, self.head = module, chunks, error, head
        self.requests: list[Any] = []
        self.closed = 0
        self.stream: Any = None

    def sync(self) -> Any:
        script = self

        class Stream(self.module.SyncByteStream):  # type: ignore[name-defined, misc]
            flavour = "vanilla"

            def __iter__(self) -> Iterator[bytes]:
                yield from script.chunks
                if script.error is not None:
                    raise script.error

            def close(self) -> None:
                script.closed += 1

        class Transport(self.module.BaseTransport):  # type: ignore[name-defined, misc]
            def handle_request(self, request: Any) -> Any:
                script.requests.append(request)
                script.stream = Stream()
                return script.answer()

        return Transport()

    def asynchronous(self) -> Any:
        script = self

        class Stream(self.module.AsyncByteStream):  # type: ignore[name-defined, misc]
            async def __aiter__(self) -> AsyncIterator[bytes]:
                for chunk in script.chunks:
                    yield chunk
                if script.error is not None:
                    raise script.error

            async def aclose(self) -> None:
                script.closed += 1

        class Transport(self.module.AsyncBaseTransport):  # type: ignore[name-defined, misc]
            async def handle_async_request(self, request: Any) -> Any:
                script.requests.append(request)
                script.stream = Stream()
                return script.answer()

        return Transport()

    def answer(self) -> Any:
        head = {"headers": STREAM.headers, "extensions": {"http_version": b"HTTP/2", "network_stream": self}}
        return self.module.Response(200, **{**head, **self.head}, stream=self.stream)


def events_of(sink: MemorySink) -> list[Any]:
    assert payi_flush(10)
    assert payi_stats().faults == 0
    return sink.events


@every_module
def test_sync_chunks_reach_the_caller_as_the_objects_they_were(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    chunks = [*STREAM.chunks(), b"", STREAM.answer[:3]]
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
    script = Scripted(module, [UNARY.answer], headers={**UNARY.headers, "x-a": "1"})
    request = module.Request("POST", URL, content=UNARY.request, extensions={"sni_hostname": "x"})
    with module.Client(transport=script.sync()) as client:
        got = client.send(request)
    assert got.request is request
    assert set(request.extensions) == {"sni_hostname", "timeout"}
    assert got.extensions == {"http_version": b"HTTP/2", "network_stream": script}
    assert got.headers == {**UNARY.headers, "x-a": "1"}
    assert got.content == UNARY.answer
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
def test_a_request_that_asks_for_usage_is_a_copy_and_the_caller_keeps_its_own(
    module: Any, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, STREAM.chunks())
    request = module.Request("POST", URL, content=b'{"stream":true}', headers={"x-a": "1"})
    with module.Client(transport=script.sync()) as client:
        got = client.send(request)
    [sent] = script.requests
    assert sent.content == b'{"stream":true,"stream_options":{"include_usage":true}}'
    assert sent.headers["content-length"] == str(len(sent.content))
    assert (sent.headers["accept-encoding"], sent.headers["x-a"]) == ("identity", "1")
    assert request.content == b'{"stream":true}'
    assert got.request is request
    assert b'"usage":{' not in got.content
    assert events_of(sink)[0].provider_request_json == sent.content.decode()


OWN = {"xProxy-User-ID": "v", "XPROXY-api-key": "k"}


@every_module
@pytest.mark.parametrize("asked", [b'{"stream":true}', b"{}"])
def test_headers_of_payi_are_taken_off_what_is_sent_and_the_caller_keeps_its_own(
    module: Any, asked: bytes, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, STREAM.chunks())
    request = module.Request("POST", URL, content=asked, headers={"x-a": "1", **OWN})
    with module.Client(transport=script.sync()) as client:
        got = client.send(request)
    [sent] = script.requests
    assert not {name for name in sent.headers if name.startswith("xproxy")}
    assert sent.headers["x-a"] == "1"
    assert (b"include_usage" in sent.content) == (asked != b"{}")
    assert request.headers["xProxy-User-ID"] == "v"
    assert got.request is request
    assert (b'"usage":{' in got.content) == (asked == b"{}")
    assert events_of(sink)[0].user_id == "v"


NOT_RECORDED: dict[str, Any] = {
    "no call": ("GET", "https://api.openai.com/v1/models", None, True),
    "outside all scopes": ("POST", URL, {"global_instrumentation": False}, True),
    "Pay-i, no call": ("GET", "https://api.pay-i.com/api/v1/proxy/openai/v1/models", None, False),
    "Pay-i, outside all scopes": (
        "POST",
        "https://api.pay-i.com/api/v1/proxy/openai/v1/chat/completions",
        {"global_instrumentation": False},
        False,
    ),
    "an unknown host": ("POST", "https://gateway.example.org/v1/things", None, False),
}


@every_module
@pytest.mark.parametrize("case", NOT_RECORDED.values(), ids=NOT_RECORDED.keys())
def test_headers_of_payi_reach_no_provider_whatever_it_is_asked(
    module: Any, case: Any, sink: MemorySink
) -> None:
    method, url, config, is_stripped = case
    payi_instrument(sink=sink, config=config)
    script = Scripted(module, [b"{}"])
    request = module.Request(method, url, headers=OWN)
    with module.Client(transport=script.sync()) as client:
        got = client.send(request)
    [sent] = script.requests
    assert ("xproxy-user-id" in sent.headers) is not is_stripped
    assert got.request is request
    assert request.headers["xProxy-User-ID"] == "v"
    assert events_of(sink) == []


@every_module
def test_an_exception_of_a_call_that_is_not_recorded_names_the_request_of_the_caller(
    module: Any, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)

    async def refuse(request: Any) -> Any:
        raise module.ConnectError("no")

    async def main() -> None:
        request = module.Request("GET", "https://api.openai.com/v1/models", headers=OWN)
        async with module.AsyncClient(transport=module.MockTransport(refuse)) as client:
            with pytest.raises(module.ConnectError) as caught:
                await client.send(request)
        assert caught.value.request is request

    anyio.run(main)


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
def test_a_compressed_stream_is_passed_on_as_it_is(module: Any, sink: MemorySink) -> None:
    import gzip

    payi_instrument(sink=sink)
    packed = gzip.compress(STREAM.answer)
    script = Scripted(module, [packed], headers={**STREAM.headers, "content-encoding": "gzip"})
    with module.Client(transport=script.sync()) as client:
        got = client.post(URL, content=b'{"stream":true}')
    assert got.content == STREAM.answer
    assert shown(events_of(sink)[0], ["units"]) == {"units": STREAM.event["units"]}


@every_module
def test_an_answer_that_was_read_already_is_recorded(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    reply = module.Response(200, headers=UNARY.headers, content=UNARY.answer)
    with module.Client(transport=module.MockTransport(lambda request: reply)) as client:
        assert client.post(URL, content=UNARY.request).content == UNARY.answer
    assert shown(events_of(sink)[0], UNARY.event) == UNARY.event


@every_module
@pytest.mark.parametrize("read", [True, False], ids=["read", "to be read"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_each_call_of_a_task_is_recorded_where_answers_wait_for_their_report(
    module: Any, backend: str, read: bool
) -> None:
    told = iter([{"request_id": "r-1"}, {"request_id": "r-2"}])

    class Sink(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            super().deliver(batch)
            return Receipt(results={0: {"xproxy_result": next(told)}})

    sink = Sink()
    payi_instrument(sink=sink, config={"delivery": {"mode": "inline"}})

    def answer(request: Any) -> Any:
        return module.Response(200, headers=UNARY.headers, content=UNARY.answer)

    script = Scripted(module, [UNARY.answer], headers=UNARY.headers)

    async def main() -> list[Any]:
        transport = module.MockTransport(answer) if read else script.asynchronous()
        async with module.AsyncClient(transport=transport) as client:
            calls = [await client.post(URL, content=UNARY.request), get_context().get("last_result")]
            return [*calls, await client.post(URL, content=UNARY.request), get_context().get("last_result")]

    first, first_result, second, second_result = anyio.run(main, backend=backend)
    assert [got.json()["xproxy_result"] for got in (first, second)] == [first_result, second_result]
    assert [first_result, second_result] == [{"request_id": "r-1"}, {"request_id": "r-2"}]
    assert len(events_of(sink)) == 2


@every_module
def test_the_usage_chunk_is_hidden_in_an_answer_that_was_read_already(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    reply = module.Response(200, headers=STREAM.headers, content=STREAM.answer)
    with module.Client(transport=module.MockTransport(lambda request: reply)) as client:
        got = client.post(URL, content=b'{"stream":true}')
    assert b'"prompt_tokens"' not in got.content
    assert got.content.endswith(b"data: [DONE]\n\n")
    assert shown(events_of(sink)[0], ["units"]) == {"units": STREAM.event["units"]}


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
    assert events_of(sink)[0].properties["system.failure"] == type(error).__name__


@every_module
def test_iterating_half_and_dropping_everything_is_one_event(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    transport = PayiTransport(Scripted(module, STREAM.chunks()).sync())
    got = transport.handle_request(module.Request("POST", URL, content=STREAM.request))
    iterator = iter(got.stream)
    next(iterator)
    del got, iterator
    gc.collect()
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
    assert [event.properties["system.failure"] for event in events_of(sink)] == ["ReadTimeout"]


@every_module
def test_the_usage_chunk_is_hidden_on_an_async_stream_whatever_the_cuts(
    module: Any, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    body = STREAM.answer.removesuffix(b"data: [DONE]\n\n").removesuffix(b"\n\n")
    script = Scripted(module, [body[i : i + 50] for i in range(0, len(body), 50)])

    async def main() -> bytes:
        async with module.AsyncClient(transport=script.asynchronous()) as client:
            content: bytes = (await client.post(URL, content=b'{"stream":true}')).content
            return content

    shown_body = anyio.run(main)
    assert b'"choices":[]' not in shown_body
    assert body.startswith(shown_body)
    assert shown(events_of(sink)[0], ["units"]) == {"units": STREAM.event["units"]}


@every_module
def test_an_unfinished_event_that_is_no_usage_is_shown_at_the_end(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    tail = b'data: {"id":"x"'
    for script in (Scripted(module, [*STREAM.chunks()[:2], tail]),):
        with module.Client(transport=script.sync()) as client:
            assert client.post(URL, content=b'{"stream":true}').content.endswith(tail)

        async def main(script: Scripted = script) -> bytes:
            async with module.AsyncClient(transport=script.asynchronous()) as client:
                content: bytes = (await client.post(URL, content=b'{"stream":true}')).content
                return content

        assert anyio.run(main).endswith(tail)


@every_module
def test_a_redirect_is_no_event(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    replies = [
        module.Response(307, headers={"location": "https://api.openai.com/v2/chat/completions"}),
        module.Response(200, headers=UNARY.headers, content=UNARY.answer),
    ]
    transport = module.MockTransport(lambda request: replies.pop(0))
    with module.Client(transport=transport, follow_redirects=True) as client:
        assert client.post(URL, content=UNARY.request).status_code == 200
    [event] = events_of(sink)
    assert event.provider_uri == "https://api.openai.com/v2/chat/completions"
    assert payi_stats().captured == 1


@every_module
def test_a_request_object_sent_twice_is_recorded_twice(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    request = module.Request("POST", URL, content=UNARY.request)
    script = Scripted(module, [UNARY.answer], headers=UNARY.headers)
    with module.Client(transport=PayiTransport(script.sync())) as client:
        client.send(request)
        client.send(request)
    assert len(events_of(sink)) == 2


@every_module
def test_hooks_further_in_leave_a_recorded_call_alone(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, [UNARY.answer], headers=UNARY.headers)
    nested = PayiTransport(PayiTransport(script.sync()))
    with module.Client(transport=nested) as client:
        client.post(URL, content=UNARY.request)
    assert script.requests[0].extensions.get(RECORDED_MARK) is None
    assert len(events_of(sink)) == 1


@every_module
def test_a_marked_request_is_not_recorded(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    with module.Client(transport=Scripted(module, [b"{}"]).sync()) as client:
        client.post(URL, content=b"{}", extensions={RECORDED_MARK: True})
    assert events_of(sink) == []


@every_module
@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "https://api.openai.com/v1/models"),
        ("GET", URL),
        ("POST", "https://example.org/v1/chat/completions"),
        ("POST", "https://api.openai.com.example.org/v1/chat/completions"),
    ],
)
def test_other_requests_pass_through_untouched(module: Any, method: str, url: str, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, [b"{}"])
    transport = PayiTransport(script.sync())
    got = transport.handle_request(module.Request(method, url))
    assert got.stream is script.stream
    assert payi_stats().captured == 0


@every_module
def test_a_streamed_request_body_is_left_to_the_transport(module: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    sent: list[bytes] = []

    def handler(request: Any) -> Any:
        sent.append(request.read())
        return module.Response(200, headers=UNARY.headers, content=UNARY.answer)

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
        if name == "content":
            raise RuntimeError("sk-secret")
        return getattr(self._request, name)


@every_module
def test_a_fault_of_ours_is_counted_logged_once_and_never_felt(
    module: Any, sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(sink=sink)
    script = Scripted(module, [UNARY.answer])
    transport = PayiTransport(script.sync())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            got = transport.handle_request(Hostile(module.Request("POST", URL, content=b"{}")))
            assert list(got.stream) == [UNARY.answer]
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


def test_families_are_found_by_name_and_by_transport() -> None:
    assert [family.name for family in get_families()] == ["httpx2", "httpx"]
    assert get_family("auto").module is httpx2
    assert get_family("httpx").module is httpx
    assert find_family(httpx.HTTPTransport(), "BaseTransport").module is httpx
    with pytest.raises(ValueError, match="'requests' not known; accepted: 'auto', 'httpx', 'httpx2'"):
        get_family("requests")
    with pytest.raises(TypeError, match="expected a BaseTransport of httpx or httpx2"):
        find_family(object(), "BaseTransport")


def test_a_hook_that_someone_wrapped_since_is_left_in_place_and_passes_through(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    ours = httpx.Client._send_single_request

    def theirs(client: httpx.Client, request: httpx.Request) -> httpx.Response:
        return ours(client, request)

    original = ours.__wrapped__  # type: ignore[attr-defined]
    httpx.Client._send_single_request = theirs  # type: ignore[assignment, method-assign]
    try:
        get_family("httpx").uninstall()
        assert httpx.Client._send_single_request is theirs
    finally:
        httpx.Client._send_single_request = original  # type: ignore[method-assign]
    assert get_active() is not None


def test_hooking_twice_is_hooking_once(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    before = httpx.Client._send_single_request
    assert get_family("httpx").install() == []
    assert httpx.Client._send_single_request is before


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
            assert (await client.post(URL, content=STREAM.request)).content == STREAM.answer

    anyio.run(main)
    assert shown(events_of(sink)[0], ["units"]) == {"units": STREAM.event["units"]}


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
