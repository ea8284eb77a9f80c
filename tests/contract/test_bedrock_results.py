"""What Pay-i says of a call to Bedrock: an item of what its clients give, or of a stream's last event."""

from __future__ import annotations

import contextlib
import gc
import json
import pickle
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import boto3
import pytest
from botocore.eventstream import EventStream
from botocore.exceptions import EventStreamError

from payi_transport import payi_flush, payi_instrument, payi_stats
from tests.contract.bedrock import CLIENTS, SERVICE, BedrockClient, answer_of, call, options
from tests.contract.clients import each, result
from tests.eventstream import write_stream
from tests.origin import Answer, Origin, serve
from tests.wire_cases import CASES, WireCase

BEDROCK = {case.name.removeprefix("bedrock/"): case for case in CASES if case.name.startswith("bedrock/")}
UNARY, STREAM, INVOKE = BEDROCK["converse_unary"], BEDROCK["converse_stream"], BEDROCK["anthropic_unary"]
CHUNKS, GUARDRAIL = BEDROCK["nova_stream"], BEDROCK["apply_guardrail"]
BROKEN = BEDROCK["anthropic_stream_model_error"]
RESULT = {"request_id": "r-1", "cost": {"total": {"base": 0.1}}}
TAKEN = Answer([json.dumps({"request_id": "r-1", "xproxy_result": RESULT}).encode()])

# Whose end may wait for a report: not aiohttp's.
WAITING = [client for client in CLIENTS if client.name in ("boto3.client", "aiobotocore-httpx")]
each_waiting = pytest.mark.parametrize("client", WAITING, ids=lambda client: client.name)
AIOHTTP = next(client for client in CLIENTS if client.name == "aiobotocore-aiohttp")


@pytest.fixture
def payi(monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    with serve() as running:
        running.answers = [TAKEN]
        monkeypatch.setenv("PAYI_API_KEY", "payi-key")
        monkeypatch.setenv("PAYI_BASE_URL", running.url)
        yield running


def instrument(origin: Origin, mode: str = "inline", **aws: Any) -> None:
    mapping: Any = {origin.netloc: {"price_as_category": "system.aws.bedrock"}}
    config: Any = {"host_mappings": mapping, "delivery": {"mode": mode}, "aws_config": aws}
    payi_instrument(config=config)


def run(client: BedrockClient, url: str, scenario: Callable[[Any], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with client.open(url) as opened:
            return await scenario(opened)

    answer = anyio.run(main)
    assert payi_stats().faults == 0
    return answer


def ask(case: WireCase) -> Callable[[Any], Awaitable[Any]]:
    return lambda opened: call(opened, case)


@each_waiting
@pytest.mark.parametrize("case", [UNARY, GUARDRAIL], ids=lambda case: case.name)
def test_a_parsed_answer_has_the_result_of_its_call(
    client: BedrockClient, case: WireCase, origin: Origin, payi: Origin
) -> None:
    origin.answers = [answer_of(case)]
    instrument(origin)
    answer = run(client, origin.url, ask(case))
    assert type(answer) is dict
    assert answer.pop("xproxy_result") == RESULT
    answer["ResponseMetadata"].pop("HTTPHeaders")
    assert json.loads(json.dumps(answer)) == answer


@each_waiting
def test_the_answer_with_a_body_has_it_once_that_was_read(
    client: BedrockClient, origin: Origin, payi: Origin
) -> None:
    origin.answers = [answer_of(INVOKE)]
    instrument(origin)

    async def scenario(opened: Any) -> tuple[bool, Any]:
        answer = await call(opened, INVOKE)
        before = "xproxy_result" in answer
        assert await result(answer.pop("body").read()) == INVOKE.answer
        return before, answer

    before, answer = run(client, origin.url, scenario)
    assert (before, answer["xproxy_result"]) == (False, RESULT)
    assert isinstance(answer, dict)
    unpickled = pickle.loads(pickle.dumps(answer))  # noqa: S301 (our own)
    assert (type(unpickled), unpickled) == (dict, answer)


def test_a_body_that_nobody_reads_is_let_go_with_its_answer(origin: Origin, payi: Origin) -> None:
    origin.answers = [answer_of(INVOKE)]
    instrument(origin)
    client = boto3.client(SERVICE, **options(origin.url))
    gc.collect()
    gc.disable()
    try:
        client.invoke_model(modelId="m", body=b"{}")
        assert payi_flush(10)
    finally:
        gc.enable()
    (reported,) = payi.received
    assert json.loads(reported.body)["properties"]["system.stream"] == "partial"


def test_the_result_is_that_of_the_last_attempt(origin: Origin, payi: Origin) -> None:
    origin.answers = [answer_of(BEDROCK["error_throttling"]), answer_of(UNARY)]
    other = json.dumps({"xproxy_result": {"request_id": "r-0"}}).encode()
    payi.answers = [Answer([other]), TAKEN]
    instrument(origin)

    async def main() -> Any:
        retries = {"total_max_attempts": 3, "mode": "standard"}
        async with WAITING[0].open(origin.url, retries=retries) as opened:
            return await call(opened, UNARY)

    assert anyio.run(main)["xproxy_result"] == RESULT


def test_a_body_may_outlive_its_answer(origin: Origin, payi: Origin) -> None:
    origin.answers = [answer_of(INVOKE)]
    instrument(origin)
    client = boto3.client(SERVICE, **options(origin.url))
    assert client.invoke_model(modelId="m", body=b"{}")["body"].read() == INVOKE.answer
    assert (payi_stats().delivered, payi_stats().faults) == (1, 0)


@pytest.mark.parametrize(
    "failure", [Answer([b"{}"], 503), Answer([b"garbage"]), Answer(end="reset")], ids=["503", "none", "reset"]
)
def test_without_a_result_there_is_none_not_even_of_the_call_before(
    failure: Answer, origin: Origin, payi: Origin
) -> None:
    origin.answers = [answer_of(UNARY), answer_of(UNARY), answer_of(STREAM)]
    payi.answers = [TAKEN, failure]
    instrument(origin, add_streaming_xproxy_result=True)

    async def scenario(opened: Any) -> list[bool]:
        answers = [await call(opened, UNARY), await call(opened, UNARY)]
        events = [event async for event in each((await call(opened, STREAM))["stream"])]
        return ["xproxy_result" in item for item in (*answers, *events)]

    assert run(WAITING[0], origin.url, scenario) == [True] + [False] * (1 + len(STREAM.chunks()))


async def read_stream(answer: Any) -> list[Any]:
    stream = answer.get("stream") or answer.get("body")
    assert isinstance(stream, EventStream)
    assert type(stream).__name__ in ("EventStream", "AioEventStream")
    return [event async for event in each(stream)]


@pytest.mark.parametrize("case", [STREAM, CHUNKS], ids=lambda case: case.name)
def test_the_last_event_of_a_stream_has_it_if_asked_for(case: WireCase, origin: Origin, payi: Origin) -> None:
    origin.answers = [answer_of(case)]

    async def scenario(opened: Any) -> list[Any]:
        return await read_stream(await call(opened, case))

    plain = run(WAITING[0], origin.url, scenario)
    instrument(origin, add_streaming_xproxy_result=True)
    *events, last = run(WAITING[0], origin.url, scenario)
    assert last.pop("xproxy_result") == RESULT
    assert [*events, last] == plain
    assert payi_stats().delivered == 1


@pytest.mark.parametrize(("mode", "adds"), [("inline", False), ("bulk", True)])
def test_streams_are_left_alone_otherwise(mode: str, adds: bool, origin: Origin, payi: Origin) -> None:
    origin.answers = [answer_of(STREAM)]
    instrument(origin, mode, add_streaming_xproxy_result=adds)

    async def scenario(opened: Any) -> tuple[type, list[Any]]:
        answer = await call(opened, STREAM)
        return type(answer["stream"]), [answer, *await read_stream(answer)]

    cls, seen = run(WAITING[0], origin.url, scenario)
    assert cls is EventStream
    assert not [item for item in seen if "xproxy_result" in item]


def test_a_stream_goes_on_where_it_was_left(origin: Origin, payi: Origin) -> None:
    origin.answers = [answer_of(STREAM)]
    instrument(origin, add_streaming_xproxy_result=True)

    async def scenario(opened: Any) -> list[Any]:
        stream = (await call(opened, STREAM))["stream"]
        seen = []
        for event in stream:
            seen.append(event)
            break
        return [*seen, *stream, *stream]

    events = run(WAITING[0], origin.url, scenario)
    assert len(events) == len(STREAM.chunks())
    assert events[-1]["xproxy_result"] == RESULT


def test_a_stream_can_be_closed_early(origin: Origin, payi: Origin) -> None:
    origin.answers = [answer_of(STREAM)]
    instrument(origin, add_streaming_xproxy_result=True)

    async def scenario(opened: Any) -> Any:
        stream = (await call(opened, STREAM))["stream"]
        first = next(iter(stream))
        stream.close()
        return first

    assert run(WAITING[0], origin.url, scenario) == {"messageStart": {"role": "assistant"}}
    assert payi_flush(10)
    (reported,) = payi.received
    assert json.loads(reported.body)["properties"]["system.stream"] == "partial"


START, *_, METADATA = STREAM.chunks()
ERROR = BROKEN.chunks()[-1]


@pytest.mark.parametrize("proxied", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("chunks", "shown", "fails"),
    [
        ([METADATA, START, METADATA], ["metadata", "messageStart", "metadata"], False),
        ([START], ["messageStart"], False),
        ([START, METADATA, ERROR], ["messageStart", "metadata"], True),
        ([START, ERROR], ["messageStart"], True),
    ],
    ids=["not-the-last", "without", "error", "error-without"],
)
def test_every_event_is_shown_in_its_order_ahead_of_an_error(
    chunks: list[bytes], shown: list[str], fails: bool, proxied: bool, origin: Origin, payi: Origin
) -> None:
    answer = answer_of(STREAM, chunks=chunks)
    seen: list[Any] = []

    async def scenario(opened: Any) -> None:
        stream = (await call(opened, STREAM))["stream"]
        raises = pytest.raises(EventStreamError) if fails else contextlib.nullcontext()
        with raises:
            async for event in each(stream):
                seen.append(event)  # noqa: PERF401
        await result(stream.close())

    if proxied:
        go_through(payi, answer)
        run(AIOHTTP, ENDPOINT, scenario)
    else:
        origin.answers = [answer]
        instrument(origin, add_streaming_xproxy_result=True)
        run(WAITING[0], origin.url, scenario)
    assert [next(iter(event)) for event in seen] == shown
    whole = not proxied and not fails and shown[-1] == "metadata"
    assert ["xproxy_result" in event for event in seen] == [False] * (len(shown) - 1) + [whole]


ENDPOINT = "https://bedrock-runtime.us-east-1.amazonaws.com"
PROXIED = [client for client in CLIENTS if client.name in ("boto3.client", "aiobotocore-aiohttp")]
each_proxied = pytest.mark.parametrize("client", PROXIED, ids=lambda client: client.name)


def go_through(payi: Origin, answer: Answer) -> None:
    payi.answers = [answer]
    payi_instrument(config={"proxy": True, "aws_config": {"add_streaming_xproxy_result": True}})


def counted(case: WireCase) -> Answer:
    body = json.dumps({**json.loads(case.answer), "xproxy_result": RESULT}).encode()
    return Answer([body], headers={**case.headers, "content-length": str(len(body))})


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
@pytest.mark.parametrize("case", [UNARY, INVOKE], ids=lambda case: case.name)
def test_what_the_proxy_says_is_in_the_answer_too(
    client: BedrockClient, case: WireCase, payi: Origin
) -> None:
    go_through(payi, counted(case))

    async def scenario(opened: Any) -> Any:
        answer = await call(opened, case)
        if "body" in answer:
            await result(answer["body"].read())
        return answer["xproxy_result"]

    assert run(client, ENDPOINT, scenario) == RESULT


@each_proxied
def test_what_the_proxy_says_in_a_streams_last_event_is_in_that_event(
    client: BedrockClient, payi: Origin
) -> None:
    usage = {"inputTokens": 14, "outputTokens": 26, "totalTokens": 40}
    last = write_stream([("metadata", {"usage": usage, "xproxy_result": RESULT})])
    go_through(payi, answer_of(STREAM, chunks=[*STREAM.chunks()[:-1], *last]))

    async def scenario(opened: Any) -> list[Any]:
        return await read_stream(await call(opened, STREAM))

    *events, end = run(client, ENDPOINT, scenario)
    assert (len(events), end["xproxy_result"]) == (len(STREAM.chunks()) - 1, RESULT)
    assert not [event for event in events if "xproxy_result" in event]
