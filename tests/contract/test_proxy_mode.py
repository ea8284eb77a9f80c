"""Proxy mode with the real SDKs: their calls arrive at Pay-i's proxy, whole and once."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import anthropic
import anyio
import openai
import pytest

from payi_transport import (
    MemorySink,
    PayiConfigError,
    PayiError,
    create_headers,
    get_context,
    payi_azure_openai_url,
    payi_instrument,
    payi_limits,
    payi_openai_url,
    payi_stats,
    proxy,
    track,
    track_context,
)
from tests.contract.clients import SETUPS, Setup, each, result
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import CASES

by_name = {case.name: case for case in CASES}
UNARY, STREAM = by_name["openai/chat_unary"], by_name["openai/chat_stream"]
QUESTION: list[Any] = [{"role": "user", "content": "Hi"}]
RESULT = {"request_id": "r-1", "limits": {"budget": {"state": "exceeded"}}}
ANSWER = CannedResponse([json.dumps({**json.loads(UNARY.response), "xproxy_result": RESULT}).encode()])
SSE = {"content-type": "text/event-stream"}
PROXY = "/api/v1/proxy"

every_setup = pytest.mark.parametrize(
    "setup", [setup for setup in SETUPS if setup.install == "global"], ids=lambda setup: setup.name
)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, origin: Origin) -> None:
    """The server of the test is Pay-i; the providers are where they always are, and not to be reached."""
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    monkeypatch.setenv("PAYI_BASE_URL", origin.url)


def run(setup: Setup, scenario: Callable[[Any], Awaitable[Any]], **options: Any) -> Any:
    async def main() -> Any:
        client = setup.client("https://api.openai.com", **options)
        try:
            return await scenario(client)
        finally:
            await result(client.close())

    return anyio.run(main, backend=setup.backend)


async def ask(client: Any, **options: Any) -> Any:
    return await result(client.chat.completions.create(model="gpt-4.1", messages=QUESTION, **options))


@every_setup
def test_a_call_goes_to_pay_i_with_its_context_and_its_result_comes_back(
    setup: Setup, origin: Origin
) -> None:
    payi_instrument(config={"proxy": True, "use_case_name": "app", "limit_ids": ["budget"]})
    origin.responses = [ANSWER]

    async def scenario(client: Any) -> Any:
        with track_context(user_id="ü-1", request_properties={"k": "v"}):
            completion = await ask(client)
        return completion, get_context()["last_result"]

    completion, last = run(setup, scenario)
    assert completion.choices[0].message.content
    assert completion.xproxy_result["request_id"] == "r-1"
    assert last == RESULT
    (received,) = origin.received
    assert received.path == f"{PROXY}/openai/v1/chat/completions"
    assert json.loads(received.body)["messages"] == QUESTION
    assert received.headers["host"] == origin.netloc
    assert received.headers["authorization"] == "Bearer sk-secret"
    assert received.headers["xproxy-api-key"] == "payi-key"
    assert received.headers["xproxy-limit-ids"] == "budget"
    assert received.headers["xproxy-usecase-name"] == "app"
    assert received.headers["xproxy-user-id"].encode("latin-1").decode() == "ü-1"
    assert received.headers["xproxy-request-properties"] == "eyJrIjoidiJ9"
    assert payi_limits() == {"budget": "exceeded"}
    assert payi_stats().captured == 0


@every_setup
def test_a_stream_goes_through_as_it_is(setup: Setup, origin: Origin) -> None:
    payi_instrument(config={"proxy": True})
    chunks = STREAM.chunks()
    last = chunks[-2].rstrip()[:-1] + b',"xproxy_result":' + json.dumps(RESULT).encode() + b"}\n\n"
    origin.responses = [CannedResponse([*chunks[:-2], last, chunks[-1]], headers=SSE)]

    async def scenario(client: Any) -> Any:
        chunks = [chunk async for chunk in each(await ask(client, stream=True))]
        return chunks, get_context()["last_result"]

    shown, last_result = run(setup, scenario)
    assert len(shown) == len(chunks) - 1
    assert last_result == RESULT
    assert "stream_options" not in json.loads(origin.received[0].body)


@every_setup
def test_retries_are_the_sdks_own_and_each_goes_through(setup: Setup, origin: Origin) -> None:
    payi_instrument(config={"proxy": True})
    busy = CannedResponse([b'{"error":{"message":"busy"}}'], 503, {"retry-after-ms": "1"})
    origin.responses = [busy, ANSWER]
    completion = run(setup, ask, max_retries=2)
    assert completion.xproxy_result["request_id"] == "r-1"
    assert [received.path for received in origin.received] == [f"{PROXY}/openai/v1/chat/completions"] * 2


def test_an_error_of_pay_is_is_the_sdks_own_error(origin: Origin) -> None:
    payi_instrument(config={"proxy": True})
    error = {"message": "no", "statusCode": 400, "xproxy_error": {"code": "bad_use_case"}}
    origin.responses = [CannedResponse([json.dumps(error).encode()], 400)]
    with pytest.raises(openai.BadRequestError):
        openai.OpenAI(api_key="sk").chat.completions.create(model="m", messages=QUESTION)
    assert get_context()["last_result"] == {"code": "bad_use_case"}


def test_a_scope_alone_may_go_through(origin: Origin, sink: MemorySink) -> None:
    payi_instrument(
        sink=sink, config={"host_mappings": {origin.netloc: {"price_as_category": "system.openai"}}}
    )
    origin.responses = [ANSWER]
    client = openai.OpenAI(api_key="sk")

    @track(proxy=True, user_id="a")
    def tracked() -> None:
        client.chat.completions.create(model="m", messages=QUESTION)

    @proxy(use_case_name="b")
    def proxied() -> None:
        client.chat.completions.create(model="m", messages=QUESTION)

    tracked()
    proxied()
    direct = openai.OpenAI(api_key="sk", base_url=f"{origin.url}/v1")
    direct.chat.completions.create(model="m", messages=QUESTION)
    through, also, straight = origin.received
    assert (through.path, through.headers["xproxy-user-id"]) == (f"{PROXY}/openai/v1/chat/completions", "a")
    assert (also.path, also.headers["xproxy-usecase-name"]) == (f"{PROXY}/openai/v1/chat/completions", "b")
    assert straight.path == "/v1/chat/completions"
    assert not [name for name in straight.headers if name.startswith("xproxy-")]
    assert payi_stats().captured == 1


@pytest.mark.parametrize("mode", [True, False])
def test_a_client_that_is_set_up_for_the_proxy_gets_the_context_and_is_never_reported(
    origin: Origin, mode: bool
) -> None:
    payi_instrument(config={"proxy": mode, "user_id": "u"})
    origin.responses = [ANSWER]
    client = openai.OpenAI(
        api_key="sk", base_url=payi_openai_url(), default_headers={"xProxy-api-key": "own-key"}
    )
    client.chat.completions.create(
        model="m", messages=QUESTION, extra_headers=create_headers(limit_ids=["a"], user_id="")
    )
    (received,) = origin.received
    assert received.path == f"{PROXY}/openai/v1/chat/completions"
    assert received.headers["xproxy-api-key"] == "own-key"
    assert received.headers["xproxy-limit-ids"] == "a"
    assert "xproxy-user-id" not in received.headers
    assert payi_stats().captured == 0


def test_a_call_to_azure_names_its_host_to_pay_i(origin: Origin) -> None:
    payi_instrument(config={"proxy": True})
    origin.responses = [ANSWER]
    azure = openai.AzureOpenAI(
        api_key="azure-key", azure_endpoint="https://mine.openai.azure.com", api_version="2024-10-21"
    )
    azure.chat.completions.create(model="my-gpt", messages=QUESTION)
    through = openai.AzureOpenAI(
        api_key="azure-key",
        azure_endpoint=payi_azure_openai_url(),
        api_version="2024-10-21",
        default_headers={"xProxy-Provider-BaseUri": "https://mine.openai.azure.com"},
    )
    through.chat.completions.create(model="my-gpt", messages=QUESTION)
    for received in origin.received:
        assert received.path == (
            f"{PROXY}/azure.openai/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
        )
        assert received.headers["xproxy-provider-baseuri"] == "https://mine.openai.azure.com"
        assert received.headers["api-key"] == "azure-key"


def test_anthropic_goes_through_too(origin: Origin) -> None:
    payi_instrument(config={"proxy": True})
    message = next(case for case in CASES if case.name.startswith("anthropic/") and not case.streams)
    origin.responses = [CannedResponse([message.response])]
    client = anthropic.Anthropic(api_key="sk-ant")
    client.messages.create(model="claude-test", max_tokens=9, messages=QUESTION)
    (received,) = origin.received
    assert received.path == f"{PROXY}/anthropic/v1/messages"
    assert "xproxy-provider-baseuri" not in received.headers


def test_a_call_that_pay_i_cannot_forward_is_reported_with_a_warning(
    origin: Origin, sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    mapping: Any = {origin.netloc: {"price_as_category": "system.openai"}}
    payi_instrument(sink=sink, config={"proxy": True, "host_mappings": mapping})
    origin.responses = [ANSWER]
    openai.OpenAI(api_key="sk", base_url=f"{origin.url}/v1").chat.completions.create(
        model="m", messages=QUESTION
    )
    assert origin.received[0].path == "/v1/chat/completions"
    assert payi_stats().captured == 1
    assert "can't go through Pay-i's proxy" in caplog.text


@pytest.mark.parametrize(
    ("url", "key", "error", "message"),
    [
        (
            "http://pay-i.example",
            "k",
            PayiConfigError,
            "config.proxy: expected an https address .*, got 'http://pay-i.example'",
        ),
        ("https://api.pay-i.com", "", PayiError, "PAYI_API_KEY"),
        ("no address", "k", PayiConfigError, "PAYI_BASE_URL: expected an address .*, got 'no address'"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_an_error_at_start(
    monkeypatch: pytest.MonkeyPatch, url: str, key: str, error: type[Exception], message: str
) -> None:
    monkeypatch.setenv("PAYI_BASE_URL", url)
    monkeypatch.setenv("PAYI_API_KEY", key)
    with pytest.raises(error, match=message):
        payi_instrument(config={"proxy": True})
