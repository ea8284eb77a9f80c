"""What is changed of a call with aiohttp: headers of ours stay here, and it may be proxied or refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from payi_transport import MemorySink, payi_instrument, payi_stats, track_context
from tests.contract.aiohttp_calls import READERS, post
from tests.contract.responses import (
    PATH,
    REQUEST,
    UNARY,
    block,
    go_through_proxy,
    make_response,
    observe,
)
from tests.support.exchanges import events_of
from tests.support.origin import Origin

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

    origin.responses = [make_response(UNARY)]
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

    origin.responses = [make_response(UNARY)]
    payi_instrument(sink=sink)
    asyncio.run(scenario())
    assert origin.received[0].headers["xproxy-user-id"] == "user-7"
    assert events_of(sink) == []


def test_calls_outside_a_scope_can_be_left_out(origin: Origin, sink: MemorySink) -> None:
    mapping: Any = {origin.netloc: {"price_as_category": "system.openai"}}
    payi_instrument(sink=sink, config={"host_mappings": mapping, "global_instrumentation": False})
    origin.responses = [make_response(UNARY)]
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
    assert asyncio.run(scenario()) == UNARY.response
    [received] = origin.received
    assert received.path == f"/api/v1/proxy/openai{PATH}?a=b&c=d"
    assert json.loads(received.body) == REQUEST
    assert received.headers["host"] == origin.netloc
    assert received.headers["xproxy-api-key"] == "payi-key"
    assert received.headers["xproxy-user-id"] == "user-7"
    assert events_of(sink) == []


async def refused(**options: Any) -> tuple[Any, ...]:
    async with aiohttp.ClientSession() as session:
        with track_context(limit_ids=["budget"]):
            async with session.post(f"https://api.openai.com{PATH}", json=REQUEST, **options) as response:
                return response.status, response.reason, response.headers, await response.json()


def test_a_call_whose_limit_is_blocked_gets_a_403(sink: MemorySink) -> None:
    block(sink, "budget")
    status, reason, headers, body = asyncio.run(refused())
    assert (status, reason, body["error"]["code"]) == (403, "Forbidden", "limit_blocked")
    assert headers["Content-Type"] == "application/json"
    assert events_of(sink) == []


def test_a_blocked_response_is_raised_like_any_other_status(sink: MemorySink) -> None:
    async def fail(response: aiohttp.ClientResponse) -> None:
        raise ZeroDivisionError(await response.text())

    block(sink, "budget")
    with pytest.raises(aiohttp.ClientResponseError, match="403, message='Forbidden'"):
        asyncio.run(refused(raise_for_status=True))
    with pytest.raises(ZeroDivisionError, match="limit budget is blocked"):
        asyncio.run(refused(raise_for_status=fail))


@pytest.mark.parametrize("path", [PATH, "/v1/models", "/elsewhere"])
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_headers_that_can_be_read_only_once_leave_all_the_same(
    path: str, is_wrapped: bool, origin: Origin, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = aiohttp.ClientSession._request

    async def wrapped(*args: Any, **options: Any) -> Any:
        return await original(*args, **options)

    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            await (await session.post(f"{origin.url}{path}", json=REQUEST, headers=iter(OWN.items()))).read()

    if is_wrapped:
        monkeypatch.setattr(aiohttp.ClientSession, "_request", wrapped)
    origin.responses = [make_response(UNARY)]
    observe(origin, sink)
    asyncio.run(scenario())
    assert origin.received[0].headers["x-other"] == "kept"
    assert "xproxy-user-id" not in origin.received[0].headers
    assert [event.user_id for event in events_of(sink)] == (["user-7"] if path == PATH else [])
    assert payi_stats().faults == 0


def test_headers_that_raise_do_so_as_ever(origin: Origin, sink: MemorySink) -> None:
    def make_headers() -> Iterator[tuple[str, str]]:
        yield "authorization", "Bearer k"
        raise RuntimeError("the program's own")

    observe(origin, sink)
    with pytest.raises(RuntimeError, match="the program's own"):
        asyncio.run(post(origin.url, READERS["read"], headers=make_headers()))
    assert events_of(sink) == []
    assert payi_stats().faults == 0


@pytest.mark.parametrize("headers", [7, [("a", "b", "c")], {"a": None}])
@pytest.mark.parametrize("method", ["POST", 5])
def test_what_the_program_gets_wrong_is_no_fault_of_this_library(
    method: Any, headers: Any, origin: Origin, sink: MemorySink
) -> None:
    async def call() -> BaseException:
        async with aiohttp.ClientSession() as session:
            with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
                await session._request(method, f"{origin.url}{PATH}", headers=headers)
        return caught.value

    origin.responses = [make_response(UNARY)]
    without = asyncio.run(call())
    observe(origin, sink)
    assert repr(asyncio.run(call())) == repr(without)
    assert payi_stats().faults == 0
