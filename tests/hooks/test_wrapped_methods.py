"""Methods that another library wrapped with wrapt, as APMs do, before or after us: theirs and ours both work.

A wrapt wrapper in a class needs to be bound: called as a plain function it takes its own instance for None,
and the instance for the first argument.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import aiohttp
import boto3
import httpx
import httpx2
import pytest
import requests
import wrapt

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, payi_uninstrument
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import UNARY, by_name

CHAT = "/v1/chat/completions"
CONVERSE = by_name["bedrock/converse_unary"]


def send_httpx(url: str) -> Any:
    with httpx.Client() as client:
        return client.post(url, content=UNARY.request).content


def send_httpx2(url: str) -> Any:
    with httpx2.Client() as client:
        return client.post(url, content=UNARY.request).content


def send_httpx_async(url: str) -> Any:
    async def send() -> Any:
        async with httpx.AsyncClient() as client:
            return (await client.post(url, content=UNARY.request)).content

    return asyncio.run(send())


def send_httpx2_async(url: str) -> Any:
    async def send() -> Any:
        async with httpx2.AsyncClient() as client:
            return (await client.post(url, content=UNARY.request)).content

    return asyncio.run(send())


def send_requests(url: str) -> Any:
    return requests.post(url, data=UNARY.request, timeout=10).content


def send_aiohttp(url: str) -> Any:
    async def send() -> Any:
        async with aiohttp.ClientSession() as session, session.post(url, data=UNARY.request) as response:
            return await response.read()

    return asyncio.run(send())


def send_boto3(url: str) -> Any:
    base = url.removesuffix(CHAT)
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=base,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    messages = [{"role": "user", "content": [{"text": "Hello"}]}]
    output = client.converse(modelId="amazon.nova-lite-v1:0", messages=messages)
    client.close()
    return output["output"]


def submit(url: str) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(send_httpx, url).result(10)


class Method(NamedTuple):
    """A hooked method, and a call that passes it."""

    module: str
    owner: str
    name: str
    send: Callable[[str], Any]


METHODS = [
    Method("httpx", "Client", "_send_single_request", send_httpx),
    Method("httpx", "AsyncClient", "_send_single_request", send_httpx_async),
    Method("httpx2", "Client", "_send_single_request", send_httpx2),
    Method("httpx2", "AsyncClient", "_send_single_request", send_httpx2_async),
    Method("requests.adapters", "HTTPAdapter", "send", send_requests),
    Method("aiohttp.client", "ClientSession", "_request", send_aiohttp),
    Method("aiohttp.client", "ClientSession", "_prepare_headers", send_aiohttp),
    Method("botocore.httpsession", "URLLib3Session", "send", send_boto3),
    Method("botocore.client", "BaseClient", "_make_api_call", send_boto3),
    Method("botocore.client", "BaseClient", "_convert_to_request_dict", send_boto3),
    Method("concurrent.futures.thread", "ThreadPoolExecutor", "submit", submit),
]
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: f"{method.owner}.{method.name}")


class Wrapper:
    """What an APM puts around a method. It sees the instance, and leaves the call as it is."""

    def __init__(self, method: Method) -> None:
        self.owner = getattr(sys.modules[method.module], method.owner)
        self.name = method.name
        self.original = self.owner.__dict__[method.name]
        self.instances: list[Any] = []

    def wrap(self) -> None:
        inner = self.owner.__dict__[self.name]
        setattr(self.owner, self.name, wrapt.FunctionWrapper(inner, self._call))

    def _call(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        self.instances.append(instance)
        return wrapped(*args, **kwargs)

    def unwrap(self) -> None:
        """Put back what was wrapped, as `wrapt.unwrap` users do."""
        setattr(self.owner, self.name, self.owner.__dict__[self.name].__wrapped__)


@pytest.fixture
def wrapper(request: pytest.FixtureRequest) -> Iterator[Wrapper]:
    wrapper = Wrapper(request.getfixturevalue("method"))
    yield wrapper
    payi_uninstrument()
    setattr(wrapper.owner, wrapper.name, wrapper.original)


def instrument(sink: MemorySink, origin: Origin) -> None:
    payi_instrument(sink=sink, config={"host_mappings": {origin.url: {"price_as_category": "system.openai"}}})


def respond_to(method: Method, origin: Origin) -> None:
    body = CONVERSE.response if method.send is send_boto3 else UNARY.response
    origin.responses = [CannedResponse([body])]


@every_method
@pytest.mark.parametrize("first", ["theirs", "ours"])
@pytest.mark.parametrize("path", [CHAT, "/elsewhere"])
def test_both_see_the_call_and_the_caller_sees_the_same(
    method: Method, first: str, path: str, wrapper: Wrapper, origin: Origin, sink: MemorySink
) -> None:
    respond_to(method, origin)
    without = method.send(origin.url + path)
    if first == "theirs":
        wrapper.wrap()
    instrument(sink, origin)
    if first == "ours":
        wrapper.wrap()
    assert method.send(origin.url + path) == without
    assert wrapper.instances
    assert all(isinstance(instance, wrapper.owner) for instance in wrapper.instances)
    assert payi_flush(10)
    assert payi_stats().faults == 0
    recorded = path == CHAT or method.send is send_boto3
    assert len(sink.events) == (1 if recorded else 0)


@every_method
@pytest.mark.parametrize("first", ["theirs", "ours"])
@pytest.mark.parametrize("off", ["theirs", "ours"])
def test_the_library_is_restored_in_every_order_of_installing_and_removing(
    method: Method, first: str, off: str, wrapper: Wrapper, origin: Origin, sink: MemorySink
) -> None:
    respond_to(method, origin)
    steps: list[Callable[[], None]] = [wrapper.wrap, lambda: instrument(sink, origin)]
    ends: list[Callable[[], None]] = [wrapper.unwrap, payi_uninstrument]
    for install in steps if first == "theirs" else steps[::-1]:
        install()
    remaining = ends if off == "theirs" else ends[::-1]
    remaining[0]()
    method.send(origin.url + CHAT)
    # Whichever is still installed sees the call, and the other one does not.
    assert bool(wrapper.instances) is (off == "ours")
    assert payi_stats().captured == (1 if off == "theirs" else 0)
    remaining[1]()
    assert wrapper.owner.__dict__[wrapper.name] is wrapper.original
