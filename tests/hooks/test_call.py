"""The record of a call begins once, whoever passes it on, and never gets in its way."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, track_context
from payi_transport.capture.rewrites import RequestRewrite
from payi_transport.hooks.call import Address, Call, Library, begin, encode_headers
from payi_transport.hooks.nesting import find_mark
from payi_transport.pipeline.active import get_active
from payi_transport.values.headers import Headers

CHAT = Address("POST", "https", "api.openai.com", None, "/v1/chat/completions")
MODELS = CHAT._replace(method="GET", path="/v1/models")
ELSEWHERE = CHAT._replace(host="h.test")
BODY = b'{"model":"gpt-4.1","stream":true}'
OWN = (b"xProxy-User-ID", b"user-7")


def make_library(address: Address | None, headers: Headers = (), body: bytes | None = BODY) -> Library:
    def rewrite(rewrite: RequestRewrite, request: str) -> tuple[str, frozenset[bytes]]:
        return request, rewrite.without

    return Library(lambda request: address, lambda request: (headers, body), rewrite)


@pytest.fixture
def recording(sink: MemorySink) -> MemorySink:
    payi_instrument(sink=sink)
    return sink


def finish(call: Call, response: Any) -> None:
    call.request.start_response(200, ()).finish()


def test_a_call_is_marked_as_inside_until_its_response(recording: MemorySink) -> None:
    call, sent = begin(make_library(CHAT), "request")
    assert call is not None
    assert sent is None
    assert find_mark()
    assert begin(make_library(CHAT), "the same further in") == (None, None)
    call.respond(finish, "response")
    assert not find_mark()
    assert payi_flush(10)
    assert [event.resource for event in recording.events] == ["gpt-4.1"]


def test_a_call_is_marked_as_inside_until_it_fails(recording: MemorySink) -> None:
    call, _ = begin(make_library(CHAT), "request")
    assert call is not None
    call.fail(TimeoutError("slow"))
    assert not find_mark()
    assert payi_flush(10)
    assert (recording.events[0].properties or {})["system.failure"] == "TimeoutError"


def test_what_another_task_does_meanwhile_is_not_inside(recording: MemorySink) -> None:
    async def main() -> list[bool]:
        started, seen = asyncio.Event(), asyncio.Event()

        async def outer() -> None:
            call, _ = begin(make_library(CHAT), "request")
            started.set()
            await seen.wait()
            assert call is not None
            call.respond(finish, "response")

        async def other() -> bool:
            await started.wait()
            inside = find_mark() is not None
            seen.set()
            return inside

        return [found for found in await asyncio.gather(outer(), other()) if found is not None]

    assert asyncio.run(main()) == [False]


def test_a_call_of_httpx_is_marked_as_inside_too(recording: MemorySink) -> None:
    inside = []

    def respond(request: httpx.Request) -> httpx.Response:
        inside.append(find_mark() is not None)
        return httpx.Response(200, content=b"{}")

    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        client.post("https://api.openai.com/v1/chat/completions", content=BODY)
        client.get("https://api.openai.com/v1/models")
        call, _ = begin(make_library(CHAT), "request")
        assert call is not None
        client.post("https://api.openai.com/v1/chat/completions", content=BODY)
        call.respond(finish, "response")
    assert inside == [True, False, True]
    assert payi_flush(10)
    assert len(recording.events) == 2


@pytest.mark.parametrize("address", [None, MODELS, ELSEWHERE])
def test_what_is_not_observed_passes_as_it_is(address: Address | None, recording: MemorySink) -> None:
    assert begin(make_library(address), "request") == (None, None)
    assert not find_mark()


def test_nothing_is_looked_at_without_a_pipeline() -> None:
    assert begin(make_library(CHAT), "request") == (None, None)


@pytest.mark.parametrize("address", [CHAT, MODELS])
def test_headers_of_ours_are_left_out_of_what_a_provider_gets(
    address: Address, recording: MemorySink
) -> None:
    library = make_library(address, (*OWN, b"x-other", b"kept"))
    call, sent = begin(library, "request")
    assert sent == ("request", frozenset({b"xproxy-user-id"}))
    assert (call is not None) == (address is CHAT)
    if call is not None:
        call.respond(finish, "response")
        assert payi_flush(10)
        assert recording.events[0].user_id == "user-7"


def test_headers_of_ours_reach_hosts_that_are_no_providers(recording: MemorySink) -> None:
    assert begin(make_library(ELSEWHERE, OWN), "request") == (None, None)


@pytest.mark.parametrize("address", [CHAT, MODELS])
def test_what_is_signed_goes_out_as_it_is(address: Address, recording: MemorySink) -> None:
    library = make_library(address, OWN)
    call, sent = begin(Library(library.locate, library.read), "request")
    assert sent is None
    assert (call is not None) == (address is CHAT)
    if call is not None:
        call.respond(finish, "response")


def test_what_cannot_go_through_the_proxy_is_reported(
    sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    payi_instrument(sink=sink, config={"proxy": True})
    library = make_library(CHAT)
    for asked in (library, Library(library.locate, library.read)):
        call, sent = begin(asked, "request")
        assert call is not None
        assert (sent is None) == (asked is not library)
        call.respond(finish, "response")
    assert payi_flush(10)
    assert len(sink.events) == 1


def test_calls_outside_a_scope_can_be_left_out(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"global_instrumentation": False})
    assert begin(make_library(CHAT), "request") == (None, None)
    assert begin(make_library(CHAT, OWN), "request") == (None, ("request", frozenset({b"xproxy-user-id"})))
    with track_context(user_id="user-8"):
        call, _ = begin(make_library(CHAT), "request")
    assert call is not None
    call.respond(finish, "response")


def test_a_call_with_a_blocked_limit_gets_a_blocked_response(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"enforce_limits": True})
    pipeline = get_active()
    assert pipeline is not None
    pipeline.limits.set("budget", "blocked")
    with track_context(limit_ids=["budget"]):
        call, blocked = begin(make_library(CHAT), "request")
    assert call is None
    assert blocked.status == 403


def test_a_stream_is_not_asked_for_its_usage(recording: MemorySink) -> None:
    call, sent = begin(make_library(CHAT), "request")
    assert call is not None
    assert sent is None
    assert call.request.body == BODY
    call.respond(finish, "response")


def test_a_call_follows_its_redirect(recording: MemorySink) -> None:
    call, _ = begin(make_library(CHAT), "request")
    assert call is not None
    assert call.find_route(None) is None
    assert call.find_route(ELSEWHERE) is None
    route = call.find_route(CHAT._replace(path="/v2/chat/completions"))
    call.respond(lambda call, _: call.request.start_response(200, (), route=route).finish(), "response")
    assert payi_flush(10)
    assert recording.events[0].provider_uri == "https://api.openai.com/v2/chat/completions"


def test_a_fault_is_counted_and_never_reaches_the_caller(recording: MemorySink) -> None:
    def fail(*request: Any) -> Any:
        raise KeyError("ours")

    assert begin(Library(fail, fail), "request") == (None, None)
    call, _ = begin(make_library(CHAT), "request")
    assert call is not None
    call.respond(fail, "response")
    assert not find_mark()
    assert payi_stats().faults == 2
    assert payi_stats().captured == 0


def test_headers_become_a_flat_tuple_of_bytes() -> None:
    headers = [("Accept", "*/*"), (b"x-raw", b"\xff"), ("x-name", "Zoë"), ("x-number", 7)]
    assert encode_headers(headers) == (  # type: ignore[arg-type]  # requests does not check the type of a value
        b"Accept",
        b"*/*",
        b"x-raw",
        b"\xff",
        b"x-name",
        "Zoë".encode(),
        b"x-number",
        b"7",
    )


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("a", "1")],
        [("a", ""), ("", "b")],
        [("a", "line\nbreak"), ("b", "")],
        [("a", "\n"), ("b", "\ud800")],
        [(b"a", b"1"), (b"b", b"\n")],
    ],
)
def test_headers_are_encoded_one_by_one_whatever_they_hold(
    headers: list[tuple[str | bytes, str | bytes]],
) -> None:
    assert encode_headers(headers) == tuple(
        part if isinstance(part, bytes) else part.encode("utf-8", "replace")
        for pair in headers
        for part in pair
    )


def test_a_call_whose_response_could_not_be_recorded_is_no_event(recording: MemorySink) -> None:
    def fail(*response: Any) -> Any:
        raise KeyError("ours")

    call, _ = begin(make_library(CHAT), "request")
    assert call is not None
    call.respond(fail, "response")
    # Whatever the response's finalizer does with the call now has no effect.
    call.fail(TimeoutError("late"))
    assert payi_flush(10)
    assert recording.events == []
    assert payi_stats().faults == 1
