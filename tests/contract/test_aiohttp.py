"""Real aiohttp sessions against a real server: what the caller sees is untouched, and a call is one event."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import httpx_aiohttp
import openai
import pytest
import requests

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, track_context
from payi_transport.adapters.aiohttp import ADAPTER
from tests.contract.replies import (
    ANSWERS,
    PATH,
    STREAM,
    UNARY,
    answer_of,
    block,
    events_of,
    go_through_proxy,
    observe,
    view_both,
)
from tests.exchanges import shown
from tests.origin import Answer, Origin
from tests.wire_cases import WireCase

REQUEST = json.loads(UNARY.request)
Read = Callable[[aiohttp.ClientResponse], Awaitable[Any]]


async def collect(chunks: AsyncIterable[Any]) -> list[Any]:
    return [chunk async for chunk in chunks]


# Where one piece ends and the next begins is up to the network, except for lines and HTTP's own chunks.
async def read_in_pieces(response: aiohttp.ClientResponse) -> bytes:
    pieces = []
    while piece := await response.content.read(7):
        pieces.append(piece)
    return b"".join(pieces)


async def read_lines(response: aiohttp.ClientResponse) -> list[bytes]:
    return [line async for line in response.content]


async def read_any(response: aiohttp.ClientResponse) -> bytes:
    return b"".join(await collect(response.content.iter_any()))


async def read_chunked(response: aiohttp.ClientResponse) -> bytes:
    return b"".join(await collect(response.content.iter_chunked(1 << 20)))


async def read_twice(response: aiohttp.ClientResponse) -> list[bytes]:
    return [await response.read(), await response.read()]


async def read_nowait(response: aiohttp.ClientResponse) -> bytes:
    await response.content.wait_eof()
    return response.content.read_nowait()


async def read_exactly(response: aiohttp.ClientResponse) -> bytes:
    return await response.content.readexactly(100) + await response.read()


READERS: dict[str, Read] = {
    "read": lambda response: response.read(),
    "read twice": read_twice,
    "text": lambda response: response.text(),
    "lines": read_lines,
    "until": lambda response: response.content.readuntil(b"}"),
    "pieces": read_in_pieces,
    "any": read_any,
    "chunked": read_chunked,
    "nowait": read_nowait,
    "exactly": read_exactly,
}


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What a server waits for that has no more to say."""
    event = threading.Event()
    yield event
    event.set()


async def post(url: str, read: Read, request: Any = None, **options: Any) -> Any:
    async with aiohttp.ClientSession() as session:
        body: dict[str, Any] = {"json": REQUEST} if request is None else {"data": request}
        async with session.post(f"{url}{PATH}", **body, **options) as response:
            headers = {name: value for name, value in response.headers.items() if name != "Date"}
            seen = await read(response)
            return response.status, response.reason, headers, seen, response.content.total_bytes


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_seen_alike_however_it_is_read(
    answer: str, reader: str, origin: Origin, sink: MemorySink
) -> None:
    case, made = ANSWERS[answer]
    without, within = view_both(origin, sink, made)(lambda: asyncio.run(post(origin.url, READERS[reader])))
    # How much of an answer has arrived when its beginning was read is the network's to say.
    told = -1 if reader == "until" else None
    assert within[:told] == without[:told]
    [event] = events_of(sink)
    if reader != "until":
        assert shown(event, case.event) == case.event
    assert event.provider_request_json == json.dumps(REQUEST)
    assert origin.received[0].body == origin.received[1].body
    assert origin.received[0].headers == origin.received[1].headers


def test_chunks_are_those_that_the_server_made(origin: Origin, sink: MemorySink) -> None:
    async def scenario() -> list[bytes]:
        found = await post(origin.url, lambda response: collect(response.content.iter_chunks()))
        ends, chunks = b"", []
        for data, ended in found[3]:
            ends += data
            # The end of the stream may come as a chunk without data, as it happens.
            if ended and ends:
                chunks.append(ends)
                ends = b""
        return chunks

    without, within = view_both(origin, sink, answer_of(STREAM))(lambda: asyncio.run(scenario()))
    assert within == without == STREAM.chunks()


BODIES: dict[str, tuple[Callable[[], Any], str | None]] = {
    "bytes": (lambda: UNARY.request, UNARY.request.decode()),
    "text": (lambda: UNARY.request.decode(), UNARY.request.decode()),
    "payload": (lambda: aiohttp.JsonPayload(REQUEST), json.dumps(REQUEST)),
    "form": (lambda: {"model": "gpt-4.1"}, None),
    "nothing": (lambda: b"", None),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_in_memory_is_recorded(body: str, origin: Origin, sink: MemorySink) -> None:
    make, recorded = BODIES[body]
    read = READERS["read"]
    without, within = view_both(origin, sink, answer_of(UNARY))(
        lambda: asyncio.run(post(origin.url, read, make()))
    )
    assert within == without
    assert origin.received[0].body == origin.received[1].body
    assert events_of(sink)[0].provider_request_json == recorded


def test_a_body_that_is_written_as_it_is_sent_is_left_alone(origin: Origin, sink: MemorySink) -> None:
    async def write() -> AsyncIterator[bytes]:
        yield UNARY.request

    size = {"content-length": str(len(UNARY.request))}
    without, within = view_both(origin, sink, answer_of(UNARY))(
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

    origin.answers = [answer_of(UNARY)]
    observe(origin, sink)
    asyncio.run(scenario())
    assert made == [REQUEST]
    assert origin.received[0].body == json.dumps(REQUEST, indent=1).encode()
    assert origin.received[0].headers["content-type"] == "application/json"
    assert events_of(sink)[0].provider_request_json == json.dumps(REQUEST, indent=1)


@pytest.mark.parametrize(
    "options",
    [{"json": {1, 2}}, {"json": {}, "data": b"x"}, {"json": {}, "timeout": "soon"}],
    ids=["not json", "both", "timeout"],
)
def test_a_request_that_cannot_be_made_raises_what_it_did(
    options: dict[str, Any], origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            await session.post(f"{origin.url}{PATH}", **options)

    without, within = view_both(origin, sink)(lambda: asyncio.run(scenario()))
    assert within == without
    assert within[0] in (TypeError, ValueError)
    assert [event.http_status_code for event in events_of(sink)] == [299]


@pytest.mark.parametrize("url", ["", "/v1", "nothing", "http://", "http://[", "ftp://h.test/v1", 7])
def test_a_url_that_is_none_raises_what_it_did(url: Any, origin: Origin, sink: MemorySink) -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            await session.post(url)

    without, within = view_both(origin, sink)(lambda: asyncio.run(scenario()))
    assert within == without
    assert isinstance(within, tuple)
    assert events_of(sink) == []


def test_a_path_below_the_base_url_of_a_session_is_observed(origin: Origin, sink: MemorySink) -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession(f"{origin.url}/v1/") as session:
            await (await session.request("post", "chat/completions", json=REQUEST)).read()

    origin.answers = [answer_of(UNARY)]
    observe(origin, sink)
    asyncio.run(scenario())
    assert events_of(sink)[0].provider_uri == f"{origin.url}{PATH}"


def test_the_response_is_aiohttps_own_and_its_end_frees_the_connection(
    origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> list[Any]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
            seen: list[Any] = []
            for _ in range(3):
                response = await session.post(f"{origin.url}{PATH}", json=REQUEST)
                seen.append((type(response), type(response.content), len(await response.read())))
                seen.append((response.closed, response.connection))
            return seen

    without, within = view_both(origin, sink, answer_of(UNARY))(lambda: asyncio.run(scenario()))
    assert within == without
    assert len(events_of(sink)) == 3


def test_what_was_read_to_its_end_is_not_left_to_the_garbage_collector(
    never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> int:
        async with aiohttp.ClientSession() as session:
            response = await session.post(f"{origin.url}{PATH}", json=REQUEST)
            never.set()
            await response.read()
        gc.collect()
        del response
        return gc.collect()

    origin.answers = [answer_of(STREAM, hold=never)]
    observe(origin, sink)
    gc.disable()
    try:
        assert asyncio.run(scenario()) == 0
    finally:
        gc.enable()
    assert len(events_of(sink)) == 1


@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("way", ["close", "release", "leave", "drop"])
def test_an_answer_that_is_left_early_is_one_partial_event(
    way: str, never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> bytes:
        async with aiohttp.ClientSession() as session:
            response = await session.post(f"{origin.url}{PATH}", json=REQUEST)
            first: bytes = await response.content.readuntil(b"\n\n")
            if way == "leave":
                async with response:
                    return first
            if way != "drop":
                getattr(response, way)()
        return first

    without, within = view_both(origin, sink, answer_of(STREAM, hold=never))(lambda: asyncio.run(scenario()))
    gc.collect()
    assert within == without == STREAM.chunks()[0]
    [event] = events_of(sink)
    assert event.http_status_code == 200
    assert (event.properties or {})["system.stream"] == "partial"


FAILURES: dict[str, tuple[str, dict[str, Any], type[Exception]]] = {
    "cut": ("cut", {}, aiohttp.ClientPayloadError),
    "reset": ("reset", {}, aiohttp.ClientError),
    "silent": ("well", {"timeout": aiohttp.ClientTimeout(sock_read=0.3)}, aiohttp.SocketTimeoutError),
    "too long": ("well", {"timeout": aiohttp.ClientTimeout(total=0.3)}, TimeoutError),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("reader", ["read", "any"])
def test_a_failure_while_reading_is_the_callers_and_one_event(
    failure: str, reader: str, never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    end, options, kind = FAILURES[failure]
    answer = answer_of(STREAM, end=end, hold=never if end == "well" else None)
    without, within = view_both(origin, sink, answer)(
        lambda: asyncio.run(post(origin.url, READERS[reader], **options))
    )
    assert within == without
    assert issubclass(within[0], kind)
    [event] = events_of(sink)
    assert event.http_status_code == 200
    assert (event.properties or {})["system.failure"] == within[0].__name__
    assert (event.properties or {})["system.stream"] == "partial"


def test_a_task_that_is_cancelled_while_it_reads_is_one_event(
    never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> None:
        reading = asyncio.Event()

        async def read(response: aiohttp.ClientResponse) -> None:
            await response.content.readuntil(b"\n\n")
            reading.set()
            await response.read()

        task = asyncio.create_task(post(origin.url, read))
        await reading.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    origin.answers = [answer_of(STREAM, hold=never)]
    observe(origin, sink)
    asyncio.run(scenario())
    [event] = events_of(sink)
    assert event.properties == {
        "system.failure": "CancelledError",
        "system.failure.description": "CancelledError",
        "system.stream": "partial",
    }


@pytest.mark.parametrize("failure", ["reset", "silent", "not the coding"])
def test_a_call_that_fails_raises_what_it_did_and_is_one_event(
    failure: str, never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    answer = {
        "reset": Answer(end="reset"),
        "silent": Answer(hold=never),
        "not the coding": Answer([b"no gzip"], headers={"content-encoding": "gzip"}),
    }[failure]
    limit = aiohttp.ClientTimeout(total=0.3 if failure == "silent" else 60)
    without, within = view_both(origin, sink, answer)(
        lambda: asyncio.run(post(origin.url, READERS["read"], timeout=limit))
    )
    assert within == without
    [event] = events_of(sink)
    assert (event.properties or {})["system.failure"] == within[0].__name__
    assert event.resource == "gpt-4.1"


def test_a_server_that_is_not_there_is_one_event(origin: Origin, sink: MemorySink) -> None:
    origin.shutdown()
    origin.server_close()
    without, within = view_both(origin, sink)(lambda: asyncio.run(post(origin.url, READERS["read"])))
    assert within == without
    assert within[0] is aiohttp.ClientConnectorError
    assert [event.http_status_code for event in events_of(sink)] == [299]


def test_a_status_that_is_raised_is_that_of_the_event(origin: Origin, sink: MemorySink) -> None:
    case, answer = ANSWERS["error"]
    without, within = view_both(origin, sink, answer)(
        lambda: asyncio.run(post(origin.url, READERS["read"], raise_for_status=True))
    )
    assert within == without
    assert within[0] is aiohttp.ClientResponseError
    [event] = events_of(sink)
    assert event.http_status_code == case.status
    assert event.provider_response_headers


def test_a_redirect_is_followed_to_one_event(origin: Origin, sink: MemorySink) -> None:
    moved = Answer([b"moved"], status=307, headers={"location": "/v2/chat/completions"})
    without, within = view_both(origin, sink, moved, moved, answer_of(UNARY))(
        lambda: asyncio.run(post(origin.url, READERS["read"]))
    )
    assert within == without
    assert within[0] == 200
    [event] = events_of(sink)
    assert shown(event, UNARY.event) == UNARY.event
    assert event.provider_uri == f"{origin.url}/v2/chat/completions"
    assert payi_stats().captured == 1


@pytest.mark.parametrize(
    ("location", "options"), [("/elsewhere", {}), ("/elsewhere", {"allow_redirects": False})]
)
def test_a_redirect_that_leads_to_no_call_is_no_event(
    location: str, options: dict[str, Any], origin: Origin, sink: MemorySink
) -> None:
    moved = Answer([b"moved"], status=307, headers={"location": location})
    without, within = view_both(origin, sink, moved, answer_of(UNARY))(
        lambda: asyncio.run(post(origin.url, READERS["read"], **options))
    )
    assert within == without
    assert events_of(sink) == []
    assert payi_stats().captured == 0


def test_an_answer_without_a_body_is_an_event(origin: Origin, sink: MemorySink) -> None:
    empty = Answer(status=204, headers={"content-length": "0"})
    without, within = view_both(origin, sink, empty)(lambda: asyncio.run(post(origin.url, READERS["read"])))
    assert within == without
    assert [event.http_status_code for event in events_of(sink)] == [204]


@pytest.mark.parametrize("by", ["session", "call"])
def test_codings_that_the_caller_undoes_are_undone_for_the_event_too(
    by: str, origin: Origin, sink: MemorySink
) -> None:
    case, answer = ANSWERS["unary packed"]

    async def scenario() -> bytes:
        of_session: Any = {"auto_decompress": False} if by == "session" else {}
        of_call: Any = {"auto_decompress": False} if by == "call" else {}
        async with aiohttp.ClientSession(**of_session) as session:
            response = await session.post(f"{origin.url}{PATH}", json=REQUEST, **of_call)
            return await response.read()

    without, within = view_both(origin, sink, answer)(lambda: asyncio.run(scenario()))
    assert within == without == b"".join(answer.chunks)
    assert shown(events_of(sink)[0], case.event) == case.event


def test_a_body_that_a_middleware_has_read_is_recorded(origin: Origin, sink: MemorySink) -> None:
    async def peek(request: Any, handler: Any) -> Any:
        response = await handler(request)
        await response.read()
        return response

    without, within = view_both(origin, sink, answer_of(UNARY))(
        lambda: asyncio.run(post(origin.url, READERS["read"], middlewares=(peek,)))
    )
    assert within == without
    assert shown(events_of(sink)[0], UNARY.event) == UNARY.event


OWN = {"xProxy-User-ID": "user-7", "X-Other": "kept"}


@pytest.mark.parametrize("by", ["session", "call"])
@pytest.mark.parametrize("path", [PATH, "/v1/models"])
def test_headers_that_say_whom_a_call_is_for_do_not_leave(
    by: str, path: str, origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession(headers=OWN if by == "session" else {}) as session:
            for _ in range(2):
                headers = OWN if by == "call" else {}
                await (await session.post(f"{origin.url}{path}", json=REQUEST, headers=headers)).read()

    origin.answers = [answer_of(UNARY)]
    observe(origin, sink)
    asyncio.run(scenario())
    for received in origin.received:
        assert received.headers["x-other"] == "kept"
        assert not [name for name in received.headers if name.startswith("xproxy")]
    assert [event.user_id for event in events_of(sink)] == (["user-7"] * 2 if path == PATH else [])


def test_a_host_that_is_not_observed_gets_every_header(origin: Origin, sink: MemorySink) -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            await (await session.post(f"{origin.url}/elsewhere", headers=OWN)).read()

    origin.answers = [answer_of(UNARY)]
    payi_instrument(sink=sink)
    asyncio.run(scenario())
    assert origin.received[0].headers["xproxy-user-id"] == "user-7"
    assert events_of(sink) == []


def test_calls_outside_a_scope_can_be_left_out(origin: Origin, sink: MemorySink) -> None:
    mapping: Any = {origin.netloc: {"price_as_category": "system.openai"}}
    payi_instrument(sink=sink, config={"host_mappings": mapping, "global_instrumentation": False})
    origin.answers = [answer_of(UNARY)]
    asyncio.run(post(origin.url, READERS["read"], headers=OWN))
    with track_context(user_id="user-8"):
        asyncio.run(post(origin.url, READERS["read"]))
    assert [event.user_id for event in events_of(sink)] == ["user-8"]
    assert "xproxy-user-id" not in origin.received[0].headers


@pytest.mark.parametrize("base", [None, "https://api.openai.com/v1/"])
def test_in_proxy_mode_a_call_goes_through_pay_i(
    base: str | None, origin: Origin, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> bytes:
        async with aiohttp.ClientSession(base, headers={"host": "api.openai.com"}) as session:
            url = "chat/completions?a=b" if base else f"https://api.openai.com{PATH}?a=b"
            with track_context(user_id="user-7"):
                return await (await session.post(url, json=REQUEST, params={"c": "d"})).read()

    go_through_proxy(origin, sink, monkeypatch)
    assert asyncio.run(scenario()) == UNARY.answer
    [received] = origin.received
    assert received.path == f"/api/v1/proxy/openai{PATH}?a=b&c=d"
    assert json.loads(received.body) == REQUEST
    assert received.headers["host"] == origin.netloc
    assert received.headers["xproxy-api-key"] == "payi-key"
    assert received.headers["xproxy-user-id"] == "user-7"
    assert events_of(sink) == []


def test_with_inline_delivery_nothing_waits_in_the_event_loop(origin: Origin) -> None:
    threads = []

    class Watching(MemorySink):
        def deliver(self, batch: Any) -> Any:
            threads.append(threading.current_thread())
            return super().deliver(batch)

    mapping: Any = {origin.netloc: {"price_as_category": "system.openai"}}
    inline: Any = {"host_mappings": mapping, "delivery": {"mode": "inline"}}
    payi_instrument(sink=Watching(), config=inline)
    origin.answers = [answer_of(UNARY)]
    requests.post(f"{origin.url}{PATH}", json=REQUEST, timeout=30)
    assert threads == [threading.main_thread()]
    asyncio.run(post(origin.url, READERS["read"]))
    assert payi_flush(10)
    assert len(threads) == 2
    assert threads[1] is not threading.main_thread()


async def refused(**options: Any) -> tuple[Any, ...]:
    async with aiohttp.ClientSession() as session:
        with track_context(limit_ids=["budget"]):
            async with session.post(f"https://api.openai.com{PATH}", json=REQUEST, **options) as response:
                return response.status, response.reason, response.headers, await response.json()


def test_a_call_whose_limit_is_blocked_is_refused(sink: MemorySink) -> None:
    block(sink, "budget")
    status, reason, headers, body = asyncio.run(refused())
    assert (status, reason, body["error"]["code"]) == (403, "Forbidden", "limit_blocked")
    assert headers["Content-Type"] == "application/json"
    assert events_of(sink) == []


def test_a_refusal_is_raised_as_any_other_status(sink: MemorySink) -> None:
    async def fail(response: aiohttp.ClientResponse) -> None:
        raise ZeroDivisionError(await response.text())

    block(sink, "budget")
    with pytest.raises(aiohttp.ClientResponseError, match="403, message='Forbidden'"):
        asyncio.run(refused(raise_for_status=True))
    with pytest.raises(ZeroDivisionError, match="limit budget is blocked"):
        asyncio.run(refused(raise_for_status=fail))


def test_a_session_from_before_is_recorded_and_one_that_outlives_it_works_on(
    origin: Origin, sink: MemorySink
) -> None:
    from payi_transport import payi_uninstrument

    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            observe(origin, sink)
            first = await session.post(f"{origin.url}{PATH}", json=REQUEST)
            # Nobody may wait for the network in an event loop, and this waits for the worker.
            await asyncio.to_thread(payi_uninstrument)
            assert await first.read() == UNARY.answer
            assert await (await session.post(f"{origin.url}{PATH}", json=REQUEST)).read() == UNARY.answer

    origin.answers = [answer_of(UNARY)]
    asyncio.run(scenario())
    assert len(sink.events) <= 1
    assert len(origin.received) == 2


def test_a_hundred_calls_at_once_are_a_hundred_events(origin: Origin, sink: MemorySink) -> None:
    async def ask(session: aiohttp.ClientSession, number: int) -> bytes:
        with track_context(user_id=f"user-{number}"):
            async with session.post(f"{origin.url}{PATH}", json={**REQUEST, "seed": number}) as response:
                return b"".join([chunk async for chunk in response.content.iter_any()])

    async def scenario() -> list[bytes]:
        async with aiohttp.ClientSession() as session:
            return await asyncio.gather(*(ask(session, number) for number in range(100)))

    origin.answers = [answer_of(STREAM)]
    observe(origin, sink)
    assert asyncio.run(scenario()) == [STREAM.answer] * 100
    events = events_of(sink)
    assert all(shown(event, ["units"]) == {"units": STREAM.event["units"]} for event in events)
    asked = {event.user_id: json.loads(event.provider_request_json or "")["seed"] for event in events}
    assert asked == {f"user-{number}": number for number in range(100)}


@pytest.mark.parametrize("case", [UNARY, STREAM], ids=lambda case: case.name)
def test_a_call_through_httpx_on_aiohttp_is_counted_once(
    case: WireCase, origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> bytes:
        async with httpx_aiohttp.HttpxAiohttpClient() as client:
            return (await client.post(f"{origin.url}{PATH}", content=case.request)).content

    without, within = view_both(origin, sink, answer_of(case))(lambda: asyncio.run(scenario()))
    assert within == without == case.answer
    [event] = events_of(sink)
    assert shown(event, case.event) == case.event


def test_a_call_through_openais_aiohttp_client_is_counted_once(origin: Origin, sink: MemorySink) -> None:
    async def scenario() -> None:
        async with openai.AsyncOpenAI(
            base_url=f"{origin.url}/v1", api_key="sk", http_client=openai.DefaultAioHttpClient()
        ) as client:
            await client.chat.completions.create(**REQUEST)
            await client.models.list()

    origin.answers = [answer_of(UNARY)]
    observe(origin, sink)
    asyncio.run(scenario())
    [event] = events_of(sink)
    assert shown(event, UNARY.event) == UNARY.event


def test_calls_behind_a_call_that_failed_are_recorded(origin: Origin, sink: MemorySink) -> None:
    async def scenario() -> None:
        async with httpx_aiohttp.HttpxAiohttpClient() as client:
            with pytest.raises(Exception, match=r".*"):
                await client.post(f"{origin.url}{PATH}", content=UNARY.request)
            await post(origin.url, READERS["read"])

    origin.answers = [Answer(end="reset"), answer_of(UNARY)]
    observe(origin, sink)
    asyncio.run(scenario())
    assert [event.http_status_code for event in events_of(sink)] == [299, 200]


def test_hooking_twice_is_hooking_once(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    before = aiohttp.ClientSession._request
    assert ADAPTER.install() == []
    assert aiohttp.ClientSession._request is before


def test_the_library_is_imported_by_the_program_alone() -> None:
    script = """
        import sys
        from payi_transport import MemorySink, payi_instrument, payi_uninstrument
        payi_instrument(sink=MemorySink())
        late = {"aiohttp", "requests", "botocore", "urllib3", "aiobotocore"}
        assert not late & set(sys.modules), late & set(sys.modules)
        from aiohttp import ClientSession
        assert hasattr(ClientSession._request, "__wrapped__")
        import aiohttp.client
        assert type(aiohttp.client.__spec__.loader).__name__ == "SourceFileLoader"
        payi_uninstrument()
        assert not hasattr(ClientSession._request, "__wrapped__")
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
