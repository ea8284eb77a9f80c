"""`last_result` of `get_context()`: of the last call, or none, through whichever library that was made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import aiohttp
import httpx
import httpx2
import openai
import pytest
import requests
from botocore.exceptions import BotoCoreError

from payi_transport import get_context, payi_flush, payi_instrument, payi_uninstrument, track_context
from payi_transport.context.results import Result
from tests.contract.aiohttp_calls import READERS, post
from tests.contract.bedrock import CLIENTS, call
from tests.contract.bedrock_results import BEDROCK, ENDPOINT, WAITING
from tests.contract.responses import PATH, REQUEST, STREAM, UNARY, make_response
from tests.contract.results import ACCEPTED, RESULT
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import WireCase

RESET = CannedResponse(end="reset")
DISCONNECTED = (
    httpx.TransportError,
    httpx2.TransportError,
    aiohttp.ClientConnectionError,
    requests.ConnectionError,
    BotoCoreError,
)
(AIOBOTOCORE,) = [client for client in CLIENTS if client.name == "aiobotocore-aiohttp"]


class Caller(NamedTuple):
    """One way to make a call; `ask(url)` reads all of its response. `waits`: it can, for its report."""

    ask: Callable[[str], Awaitable[Any]]
    case: WireCase = UNARY
    host: str = "https://api.openai.com"
    waits: bool = True


def _post_with(module: Any) -> Callable[[str], Awaitable[Any]]:
    async def ask(url: str) -> None:
        with module.Client() as client:
            client.post(f"{url}{PATH}", json=REQUEST)

    return ask


def _post_async_with(module: Any) -> Callable[[str], Awaitable[Any]]:
    async def ask(url: str) -> None:
        async with module.AsyncClient() as client:
            await client.post(f"{url}{PATH}", json=REQUEST)

    return ask


async def _post_with_requests(url: str) -> None:
    requests.post(f"{url}{PATH}", json=REQUEST, timeout=30)


def _converse_with(client: Any) -> Callable[[str], Awaitable[Any]]:
    async def ask(url: str) -> None:
        async with client.open(url) as opened:
            await call(opened, BEDROCK["converse_unary"])

    return ask


CALLERS = {
    "httpx": Caller(_post_with(httpx)),
    "httpx async": Caller(_post_async_with(httpx)),
    "httpx2": Caller(_post_with(httpx2)),
    "httpx2 async": Caller(_post_async_with(httpx2)),
    "aiohttp": Caller(lambda url: post(url, READERS["read"]), waits=False),
    "requests": Caller(_post_with_requests),
    **{
        client.name: Caller(
            _converse_with(client),
            BEDROCK["converse_unary"],
            ENDPOINT,
            waits=client in WAITING,
        )
        for client in (*WAITING, AIOBOTOCORE)
    },
}
every_caller = pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS.keys())


def wait_for_reports(origin: Origin, category: str = "system.openai") -> None:
    """Begin inline delivery, where a report that fails is not made again."""
    config: Any = {
        "host_mappings": {origin.netloc: {"price_as_category": category}},
        "delivery": {"mode": "inline"},
        "ingest_retry": {"queue_enabled": False},
    }
    payi_instrument(config=config)


def follow(caller: Caller, url: str, calls: int) -> list[Result | None]:
    """What the last result is before the first of some calls and after each of them."""

    async def main() -> list[Result | None]:
        seen = [get_context().get("last_result")]
        for _ in range(calls):
            with suppress(*DISCONNECTED):
                await caller.ask(url)
            seen.append(get_context().get("last_result"))
        return seen

    return asyncio.run(main())


@every_caller
@pytest.mark.parametrize(
    "failure",
    [CannedResponse([b"{}"], 503), CannedResponse([b"{}"], 413), CannedResponse([b"garbage"])],
    ids=["503", "413", "none"],
)
def test_a_report_that_brought_no_result_leaves_none_of_another_call(
    caller: Caller, failure: CannedResponse, origin: Origin, payi: Origin
) -> None:
    origin.responses = [make_response(caller.case)]
    payi.responses = [ACCEPTED, failure, ACCEPTED]
    wait_for_reports(origin, "system.openai" if caller.case is UNARY else "system.aws.bedrock")
    said = [None, RESULT, None, RESULT] if caller.waits else [None] * 4
    assert follow(caller, origin.url, 3) == said


@every_caller
def test_a_call_without_a_response_does_not_leave_the_result_of_another(
    caller: Caller, origin: Origin, payi: Origin
) -> None:
    origin.responses = [make_response(caller.case), RESET]
    wait_for_reports(origin, "system.openai" if caller.case is UNARY else "system.aws.bedrock")
    assert follow(caller, origin.url, 2) == [None, RESULT if caller.waits else None, None]


def counted(case: WireCase) -> CannedResponse:
    body = json.dumps({**json.loads(case.response), "xproxy_result": RESULT}).encode()
    # The head first: that the rest comes later is nothing that a caller sees.
    return CannedResponse([body[:40], body[40:]], headers={"content-type": "application/json"})


@every_caller
def test_in_proxy_mode_the_result_comes_with_the_response(caller: Caller, payi: Origin) -> None:
    payi.responses = [counted(caller.case), make_response(caller.case), counted(caller.case), RESET]
    payi_instrument(config={"proxy": True})
    assert follow(caller, caller.host, 4) == [None, RESULT, None, RESULT, None]


def test_a_call_that_is_reported_in_the_background_leaves_that_of_the_proxy(
    origin: Origin, payi: Origin
) -> None:
    origin.responses, payi.responses = [make_response(UNARY)], [counted(UNARY), ACCEPTED]
    config: Any = {"host_mappings": {origin.netloc: {"price_as_category": "system.openai"}}}
    payi_instrument(config=config)
    with track_context(proxy=True):
        assert follow(CALLERS["httpx"], CALLERS["httpx"].host, 1) == [None, RESULT]
        httpx.post(f"https://api.openai.com{PATH}", json=REQUEST)
    last = get_context().get("last_result")
    httpx.post(f"{origin.url}{PATH}", json=REQUEST)
    assert get_context().get("last_result") == last


@pytest.mark.parametrize(
    "responses", [[ACCEPTED], [ACCEPTED, CannedResponse([b"{}"], 413)]], ids=["a result", "none"]
)
def test_a_streams_result_is_seen_by_the_task_that_reads_it(
    responses: Sequence[CannedResponse], origin: Origin, payi: Origin
) -> None:
    origin.responses = [make_response(STREAM)]
    payi.responses = list(responses)
    wait_for_reports(origin)

    async def main() -> list[Result | None]:
        seen = []
        async with openai.AsyncOpenAI(api_key="sk", base_url=f"{origin.url}/v1", max_retries=0) as client:
            for _ in range(2):
                asking: Any = client.chat.completions.create(model="m", messages=[], stream=True)
                async for _ in await asyncio.create_task(asking):
                    pass
                seen.append(get_context().get("last_result"))
        return seen

    assert asyncio.run(main()) == [RESULT, RESULT if len(responses) == 1 else None]


def test_a_finalizer_does_not_change_the_last_call(origin: Origin, payi: Origin) -> None:
    origin.responses = [make_response(STREAM), make_response(UNARY)]
    wait_for_reports(origin)
    with httpx.Client() as client:
        unread = client.send(client.build_request("POST", f"{origin.url}{PATH}", json=REQUEST), stream=True)
        client.post(f"{origin.url}{PATH}", json=REQUEST)
        del unread
        collect_garbage()
        assert payi_flush(10)
        assert len(payi.received) == 2
        assert get_context().get("last_result") == RESULT


def test_leaving_an_older_stream_says_nothing_of_the_last_call(origin: Origin, payi: Origin) -> None:
    origin.responses = [make_response(STREAM), make_response(UNARY)]
    wait_for_reports(origin)
    with httpx.Client() as client:
        with client.stream("POST", f"{origin.url}{PATH}", json=REQUEST):
            client.post(f"{origin.url}{PATH}", json=REQUEST)
        assert get_context().get("last_result") == RESULT


def test_the_logger_of_prompts_sees_that_of_its_own_call(origin: Origin, payi: Origin) -> None:
    origin.responses, payi.responses = [make_response(UNARY)], [ACCEPTED]
    seen: list[Any] = []
    config: Any = {
        "host_mappings": {origin.netloc: {"price_as_category": "system.openai"}},
        "delivery": {"mode": "inline"},
    }
    payi_instrument(
        config=config,
        prompt_and_response_logger=lambda request_id, data: seen.append(get_context().get("last_result")),
    )
    httpx.post(f"{origin.url}{PATH}", json=REQUEST)
    assert seen == [RESULT]


def test_nothing_is_left_of_it_once_nothing_is_recorded(origin: Origin, payi: Origin) -> None:
    origin.responses = [make_response(UNARY)]
    wait_for_reports(origin)
    httpx.post(f"{origin.url}{PATH}", json=REQUEST)
    assert get_context().get("last_result") == RESULT
    payi_uninstrument()
    assert "last_result" not in get_context()
    wait_for_reports(origin)
    assert "last_result" not in get_context()
