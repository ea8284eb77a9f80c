"""A call that passes several hooks is one event, and what else is requested meanwhile has its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import httpx
import pytest
import requests

from payi_transport import AsyncPayiTransport, MemorySink, PayiTransport, payi_flush, payi_instrument
from payi_transport.hooks.nesting import CallMark, find_mark, find_target
from tests.support.origin import CannedResponse, Origin

URL = "https://api.openai.com/v1/chat/completions"
RESPONSE = b'{"id": "x", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}'


@pytest.fixture(autouse=True)
def nothing_is_left_inside() -> Iterator[None]:
    yield
    assert find_mark() is None


@pytest.fixture
def recording(sink: MemorySink, origin: Origin) -> MemorySink:
    origin.responses = [CannedResponse([RESPONSE], headers={"content-type": "application/json"})]
    mapping: Any = {"host_mappings": {origin.url: {"price_as_category": "system.openai"}}}
    payi_instrument(sink=sink, config=mapping)
    return sink


def models(sink: MemorySink) -> Counter[str | None]:
    """Count the events by the model that was asked for, which names the call here."""
    assert payi_flush(30)
    return Counter(event.resource for event in sink.events)


def respond(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=RESPONSE)


MOCK = httpx.MockTransport(respond)


class Asking(httpx.BaseTransport):
    """A transport that asks another model first, as guardrails and judges do."""

    def __init__(self, url: str, ask: Any) -> None:
        self.url, self.ask = url, ask

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.ask(self.url, json={"model": "judge"})
        return respond(request)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"], ids=["same", "other"])
@pytest.mark.parametrize("library", ["httpx", "requests"])
def test_another_call_that_a_transport_makes_is_an_event(
    path: str, library: str, origin: Origin, recording: MemorySink
) -> None:
    ask = httpx.post if library == "httpx" else requests.post
    with httpx.Client(transport=Asking(origin.url + path, ask)) as client:
        client.post(origin.url + "/v1/chat/completions", json={"model": "asked"})
        client.post(origin.url + "/v1/chat/completions", json={"model": "asked"})
    assert models(recording) == {"asked": 2, "judge": 2}


def test_layers_around_another_call_still_know_theirs(recording: MemorySink) -> None:
    class Judging(httpx.BaseTransport):
        def __init__(self) -> None:
            self.inner = PayiTransport(MOCK)

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            with httpx.Client(transport=PayiTransport(MOCK)) as other:
                other.post(URL, json={"model": "judge"})
            response: httpx.Response = self.inner.handle_request(request)
            return response

    with httpx.Client(transport=PayiTransport(Judging())) as client:
        client.post(URL, json={"model": "asked"})
    assert models(recording) == {"asked": 1, "judge": 1}


@pytest.mark.parametrize("library", ["httpx", "aiohttp"])
def test_a_task_that_begins_inside_a_call_has_calls_of_its_own(
    library: str, origin: Origin, recording: MemorySink
) -> None:
    url = origin.url + "/v1/chat/completions"

    async def work(started: asyncio.Event, go: asyncio.Event) -> None:
        # During the call that has begun this task, and again after it.
        async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client:
            await client.post(URL, json={"model": "during"})
            started.set()
            await go.wait()
            for _ in range(3):
                await client.post(url, json={"model": "later"})

    async def main() -> None:
        started, go = asyncio.Event(), asyncio.Event()
        tasks: list[asyncio.Task[None]] = []

        async def begin_work(*_: Any) -> None:
            if not tasks:
                tasks.append(asyncio.create_task(work(started, go)))
                await started.wait()

        class Working(httpx.AsyncHTTPTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                await begin_work()
                return await super().handle_async_request(request)

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(begin_work)
        if library == "httpx":
            async with httpx.AsyncClient(transport=Working()) as client:
                await client.post(url, json={"model": "first"})
        else:
            async with aiohttp.ClientSession(trace_configs=[trace]) as session:
                async with session.post(url, json={"model": "first"}) as response:
                    await response.read()
        go.set()
        await tasks[0]

    asyncio.run(main())
    assert models(recording) == {"first": 1, "during": 1, "later": 3}


def test_one_request_that_is_sent_many_times_at_once_is_as_many_events(recording: MemorySink) -> None:
    barrier = threading.Barrier(4)

    async def meet(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return respond(request)

    async def main() -> None:
        async with httpx.AsyncClient(transport=AsyncPayiTransport(httpx.MockTransport(meet))) as client:
            request = client.build_request("POST", URL, json={"model": "async"})
            await asyncio.gather(*(client.send(request) for _ in range(3)))

    asyncio.run(main())

    def wait(request: httpx.Request) -> httpx.Response:
        barrier.wait(30)
        return respond(request)

    with httpx.Client(transport=PayiTransport(httpx.MockTransport(wait))) as client:
        request = client.build_request("POST", URL, json={"model": "threads"})
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(client.send, [request] * 4))
    assert models(recording) == {"async": 3, "threads": 4}


def test_a_call_that_passes_two_libraries_is_one_event(origin: Origin, recording: MemorySink) -> None:
    class Requesting(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            sent = requests.post(str(request.url), data=request.content, timeout=30)
            return httpx.Response(sent.status_code, content=sent.content)

    with httpx.Client(transport=Requesting()) as client:
        client.post(origin.url + "/v1/chat/completions", json={"model": "one"})
        url, files = origin.url + "/v1/audio/transcriptions", {"file": ("a.wav", b"RIFF")}
        request = client.build_request("POST", url, data={"model": "form"}, files=files)
        request.read()
        client.send(request)
    assert models(recording)["one"] == 1
    assert len(recording.events) == 2


@pytest.mark.parametrize(
    ("target", "body", "covered"),
    [
        (("h", None, "/v1/m%3A0/x"), b"a", True),
        (("h", None, "/v1/m:0/x"), b"a", True),
        (("h", None, "/v1/m:0/x"), None, True),
        (("h", None, "/v1/m:0/x"), b"b", False),
        (("h", 8443, "/v1/m:0/x"), b"a", False),
        (("other", None, "/v1/m:0/x"), b"a", False),
        (("h", None, "/v1/m:0/y"), b"a", False),
    ],
    ids=repr,
)
def test_a_mark_knows_its_request_by_address_and_body(target: Any, body: bytes | None, covered: bool) -> None:
    mark = CallMark((("h", None, "/v1/m%3A0/x"), b"a", "one"), None)
    inner = CallMark((("elsewhere", None, "/"), None, "two"), mark)
    try:
        assert mark.covers(target, "other", lambda: ((), body)) is covered
        assert inner.covers(target, "other", lambda: ((), body)) is covered
        assert mark.covers(target, "other", lambda: ((b"content-type", b"multipart/form-data"), b"b")) is (
            covered or body == b"b"
        )
    finally:
        inner.leave()
        mark.leave()
    assert not mark.covers(target, "other", lambda: ((), body))


@pytest.mark.parametrize(
    ("own", "body", "same", "other"),
    [
        (b'{"a": 1}', b'{"a": 1}', True, True),
        (b'{"a": 1}', bytes(bytearray(b'{"a": 1}')), False, True),
        (b'{"a": 1}', None, False, True),
        (None, b'{"a": 1}', False, False),
        (None, b"", False, True),
        (None, None, False, True),
        (b"", b"", False, True),
    ],
    ids=repr,
)
def test_a_request_at_the_hook_of_the_mark_is_the_same_only_if_its_bytes_are(
    own: bytes | None, body: bytes | None, same: bool, other: bool
) -> None:
    target = ("h", None, "/")
    mark = CallMark((target, own, "hook"), None)
    # Compilers make one object of equal constants.
    body = own if same else body
    assert mark.covers(target, "hook", lambda: ((), body)) is same
    assert mark.covers(target, "another", lambda: ((), body)) is other


def test_a_mark_holds_nothing_of_a_call_that_is_over() -> None:
    mark = CallMark((("h", None, "/"), b"prompt", object()), None)
    mark.leave()
    assert [getattr(mark, name) for name in CallMark.__struct_fields__] == [None] * 3


@pytest.mark.parametrize(
    ("inner_hook", "inner", "outer", "is_inner"),
    [
        ("hook", "response", "response", True),
        ("hook", "response", "other", False),
        ("another", "response", "response", False),
        ("hook", None, None, False),
    ],
)
def test_a_response_that_a_call_inside_has_had_is_of_that_call(
    inner_hook: str, inner: object, outer: object, is_inner: bool
) -> None:
    mark = CallMark((("h", None, "/"), b"asked", "hook"), None)
    assert not CallMark((("h", None, "/"), b"replaced", inner_hook), mark).respond(inner)
    assert mark.respond(outer) is is_inner
    assert [getattr(mark, name) for name in CallMark.__struct_fields__] == [None] * 3


@pytest.mark.parametrize(
    ("base", "target"),
    [
        (None, ("h", 1, "/v1/x")),
        ("https://api.pay-i.com/api/v1/proxy/openai", ("api.pay-i.com", None, "/api/v1/proxy/openai/v1/x")),
        ("http://127.0.0.1:8000", ("127.0.0.1", 8000, "/v1/x")),
    ],
)
def test_a_request_that_is_sent_elsewhere_is_known_there(base: str | None, target: Any) -> None:
    assert find_target(base, ("h", 1, "/v1/x")) == target


def test_json_is_what_the_origin_got(origin: Origin, recording: MemorySink) -> None:
    httpx.post(origin.url + "/v1/chat/completions", json={"model": "m"})
    assert json.loads(origin.received[0].body) == {"model": "m"}


def test_another_form_that_a_transport_sends_is_an_event(sink: MemorySink) -> None:
    url = "https://api.openai.com/v1/audio/transcriptions"

    def ask(client: httpx.Client, model: str) -> None:
        client.post(url, data={"model": model}, files={"file": ("a.wav", b"RIFF")})

    class AskingForms(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            with httpx.Client(transport=MOCK) as client:
                ask(client, "judge")
            return respond(request)

    payi_instrument(sink=sink)
    with httpx.Client(transport=AskingForms()) as client:
        ask(client, "asked")
    assert models(sink) == {"asked": 1, "judge": 1}
