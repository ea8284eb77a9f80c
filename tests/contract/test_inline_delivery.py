"""Inline delivery and limits with the real SDKs: a call has its result or its blocked, never a failure."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import openai
import pytest

from payi_transport import (
    MemorySink,
    get_context,
    payi_flush,
    payi_instrument,
    payi_limits,
    payi_stats,
    payi_uninstrument,
    track,
)
from tests.contract.clients import SETUPS, Setup, each, result
from tests.contract.results import ACCEPTED, RESULT
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import STREAM, UNARY

QUESTION: list[Any] = [{"role": "user", "content": "Hi"}]
SSE = {"content-type": "text/event-stream"}
BLOCKED = CannedResponse(
    [json.dumps({"xproxy_result": {"limits": {"budget": {"state": "blocked"}}}}).encode()],
)
# A failure that Pay-i reports itself, so that nothing was taken.
UNAVAILABLE = CannedResponse(
    [b'{"message":"m","statusCode":503,"xproxy_error":{"code":"c","message":"m"}}'], 503
)

every_setup = pytest.mark.parametrize(
    "setup", [setup for setup in SETUPS if setup.install != "both"], ids=lambda setup: setup.name
)


def instrument(origin: Origin, **config: Any) -> None:
    mapping: Any = {"price_as_category": "system.openai", "include_usage": True}
    delivery: Any = {"mode": "inline", "flush_interval": 0.01, **config.pop("delivery", {})}
    whole: Any = {"host_mappings": {origin.netloc: mapping}, "delivery": delivery, **config}
    payi_instrument(config=whole)


def run(setup: Setup, origin: Origin, scenario: Callable[[Any], Awaitable[Any]], **options: Any) -> Any:
    async def main() -> Any:
        client = setup.client(origin.url, **options)
        try:
            return await scenario(client)
        finally:
            await result(client.close())

    return anyio.run(main, backend=setup.backend)


async def ask(client: Any, **options: Any) -> Any:
    return await result(client.chat.completions.create(model="gpt-4.1", messages=QUESTION, **options))


@every_setup
def test_the_response_of_a_call_has_pay_is_result(setup: Setup, origin: Origin, payi: Origin) -> None:
    instrument(origin, limit_ids=["budget"])
    origin.responses = [CannedResponse([UNARY.response])]

    async def scenario(client: Any) -> Any:
        return await ask(client), get_context().get("last_result")

    completion, last = run(setup, origin, scenario)
    assert (
        completion.choices[0].message.content
        == json.loads(UNARY.response)["choices"][0]["message"]["content"]
    )
    assert (completion.xproxy_result, last) == (RESULT, RESULT)
    (reported,) = payi.received
    assert reported.path.startswith("/api/v1/ingest?id=")
    assert json.loads(reported.body)["units"] == UNARY.event["units"]
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.queued) == (1, 1, 0)
    assert payi_limits() == {"budget": "ok"}


@every_setup
@pytest.mark.parametrize("content_type", [SSE["content-type"], "application/json"])
@pytest.mark.parametrize("asked", [True, False])
def test_the_last_chunk_of_a_stream_has_the_result(
    setup: Setup, origin: Origin, payi: Origin, asked: bool, content_type: str
) -> None:
    instrument(origin)
    origin.responses = [CannedResponse(STREAM.chunks(), headers={"content-type": content_type})]
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if asked else {}

    async def scenario(client: Any) -> Any:
        chunks = [chunk async for chunk in each(await ask(client, stream=True, **options))]
        return chunks, get_context().get("last_result")

    chunks, last = run(setup, origin, scenario)
    assert last == RESULT
    assert chunks[-1].xproxy_result == RESULT
    assert not [chunk for chunk in chunks[:-1] if getattr(chunk, "xproxy_result", None)]
    assert bool(chunks[-1].usage) == asked
    assert payi_stats().delivered == 1


@pytest.mark.parametrize(
    "failure",
    [
        CannedResponse([b"{}"], 503),
        CannedResponse([b"{}"], 413),
        CannedResponse([b"garbage"], 200),
        CannedResponse(end="reset"),
        CannedResponse([b"{"], end="cut"),
    ],
    ids=["unavailable", "refused", "garbage", "reset", "cut"],
)
def test_a_report_that_fails_is_counted_and_does_not_reach_the_caller(
    origin: Origin, payi: Origin, failure: CannedResponse
) -> None:
    instrument(origin)
    origin.responses = [CannedResponse([UNARY.response])]
    payi.responses = [failure, ACCEPTED]
    client = openai.OpenAI(base_url=f"{origin.url}/v1", api_key="sk", max_retries=0)
    completion = client.chat.completions.create(model="m", messages=QUESTION)
    assert completion.to_dict() == json.loads(UNARY.response)
    assert payi_flush(10) or payi_stats().lost
    stats = payi_stats()
    assert stats.captured == 1 == stats.delivered + sum(stats.lost.values())
    assert stats.faults == 0


def test_inline_retries_happen_before_the_call_returns(origin: Origin, payi: Origin) -> None:
    instrument(origin, ingest_retry={"max_inline_retries": 2, "inline_retry_initial_delay": 0.001})
    origin.responses = [CannedResponse([UNARY.response])]
    payi.responses = [UNAVAILABLE, CannedResponse([b"{}"], 429), ACCEPTED]
    client = openai.OpenAI(base_url=f"{origin.url}/v1", api_key="sk", max_retries=0)
    completion: Any = client.chat.completions.create(model="m", messages=QUESTION)
    assert completion.xproxy_result == RESULT
    ids = {received.path for received in payi.received}
    assert (len(payi.received), len(ids)) == (3, 1)


def test_a_stream_that_is_left_early_waits_for_nobody(origin: Origin, payi: Origin) -> None:
    hold = threading.Event()
    instrument(origin)
    origin.responses = [CannedResponse(STREAM.chunks(), headers=SSE, hold=hold)]
    client = openai.OpenAI(base_url=f"{origin.url}/v1", api_key="sk", max_retries=0)
    stream = client.chat.completions.create(model="m", messages=QUESTION, stream=True)
    next(iter(stream))
    stream.close()
    hold.set()
    assert payi_flush(10)
    (reported,) = payi.received
    assert json.loads(reported.body)["properties"]["system.stream"] == "partial"


def test_a_sink_of_the_users_is_asked_one_call_at_a_time(origin: Origin, sink: MemorySink) -> None:
    mapping: Any = {origin.netloc: {"price_as_category": "system.openai"}}
    payi_instrument(sink=sink, config={"host_mappings": mapping, "delivery": {"mode": "inline"}})
    origin.responses = [CannedResponse([UNARY.response])]
    client = openai.OpenAI(base_url=f"{origin.url}/v1", api_key="sk", max_retries=0)
    threads = [
        threading.Thread(target=lambda: client.chat.completions.create(model="m", messages=QUESTION))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sink.events) == payi_stats().delivered == 8


@every_setup
def test_a_call_whose_limit_is_blocked_gets_the_providers_permission_error(
    setup: Setup, origin: Origin, payi: Origin
) -> None:
    told: list[tuple[str, str]] = []
    instrument(
        origin,
        enforce_limits=True,
        on_limit=lambda limit_id, state: told.append((limit_id, state)),
        limit_check_interval=3600.0,
    )
    origin.responses = [CannedResponse([UNARY.response])]
    payi.responses = [BLOCKED]

    async def scenario(client: Any) -> Any:
        @track(limit_ids=["budget"])
        async def within() -> Any:
            return await ask(client)

        await within()
        with pytest.raises(openai.PermissionDeniedError, match="limit budget is blocked") as error:
            await within()
        await ask(client)
        return error.value

    error = run(setup, origin, scenario, max_retries=2)
    assert (error.status_code, error.code) == (403, "limit_blocked")
    assert len(origin.received) == 2
    assert told == [("budget", "blocked")]
    assert payi_limits() == {"budget": "blocked"}


@pytest.mark.parametrize("spooled", [False, True])
def test_enforcing_limits_needs_no_mode_of_delivery(
    spooled: bool, origin: Origin, payi: Origin, tmp_path: Path
) -> None:
    delivery = {"mode": "bulk", **({"spool_directory": str(tmp_path)} if spooled else {})}
    instrument(origin, delivery=delivery, enforce_limits=True, limit_ids=["budget"])
    origin.responses = [CannedResponse([UNARY.response])]
    payi.responses = [BLOCKED]
    client = openai.OpenAI(base_url=f"{origin.url}/v1", api_key="sk", max_retries=0)
    client.chat.completions.create(model="m", messages=QUESTION)
    assert payi_flush(10)
    with pytest.raises(openai.PermissionDeniedError, match="limit budget is blocked"):
        client.chat.completions.create(model="m", messages=QUESTION)


def test_a_spooled_event_of_an_earlier_process_updates_the_limits(
    origin: Origin, payi: Origin, tmp_path: Path
) -> None:
    blocks = threading.Event()
    delivery = {"mode": "single", "spool_directory": str(tmp_path)}
    origin.responses = [CannedResponse([UNARY.response])]
    payi.responses = [CannedResponse([b"{}"], 503)]
    instrument(origin, delivery=delivery)
    with httpx.Client() as client:
        client.post(f"{origin.url}/v1/chat/completions", content=UNARY.request)
    payi_uninstrument()
    # What another process left may have been taken already, so it goes to the endpoint that updates. Its
    # response has no limits. A deployment without that endpoint gets the event by itself again.
    payi.responses = [CannedResponse([b"{}"], 404), BLOCKED]
    instrument(origin, delivery=delivery, on_limit=lambda limit_id, state: blocks.set())
    assert blocks.wait(10)
    assert payi_limits() == {"budget": "blocked"}
    assert payi_stats().captured == 0


def test_limits_are_not_enforced_unless_asked_for(origin: Origin, payi: Origin) -> None:
    instrument(origin, limit_ids=["budget"])
    origin.responses = [CannedResponse([UNARY.response])]
    payi.responses = [BLOCKED]
    with httpx.Client() as client:
        for _ in range(2):
            client.post(f"{origin.url}/v1/chat/completions", content=UNARY.request)
    assert len(origin.received) == 2


def test_a_listener_that_fails_is_counted_and_does_not_reach_the_caller(origin: Origin, payi: Origin) -> None:
    def fail(limit_id: str, state: str) -> None:
        raise ValueError("no")

    instrument(origin, on_limit=fail)
    origin.responses = [CannedResponse([UNARY.response])]
    client = openai.OpenAI(base_url=f"{origin.url}/v1", api_key="sk", max_retries=0)
    completion: Any = client.chat.completions.create(model="m", messages=QUESTION)
    assert completion.xproxy_result == RESULT
    assert (payi_stats().faults, payi_stats().delivered) == (1, 1)


def test_single_delivery_hears_of_limits_too(origin: Origin, payi: Origin) -> None:
    instrument(origin, delivery={"mode": "single"})
    origin.responses = [CannedResponse([UNARY.response])]
    client = openai.OpenAI(base_url=f"{origin.url}/v1", api_key="sk", max_retries=0)
    completion = client.chat.completions.create(model="m", messages=QUESTION)
    assert completion.to_dict() == json.loads(UNARY.response)
    assert payi_flush(10)
    assert payi_limits() == {"budget": "ok"}


def test_a_limit_that_is_free_again_lets_calls_through(origin: Origin, payi: Origin) -> None:
    free = threading.Event()
    instrument(
        origin,
        enforce_limits=True,
        limit_ids=["budget"],
        limit_check_interval=0.01,
        on_limit=lambda limit_id, state: free.set() if state == "ok" else None,
    )
    origin.responses = [CannedResponse([UNARY.response])]
    payi.responses = [BLOCKED, CannedResponse([b"{}"], 500), CannedResponse([b"{}"], 404), ACCEPTED]
    client = openai.OpenAI(base_url=f"{origin.url}/v1", api_key="sk", max_retries=0)
    client.chat.completions.create(model="m", messages=QUESTION)
    assert free.wait(10)
    client.chat.completions.create(model="m", messages=QUESTION)
    assert len(origin.received) == 2
