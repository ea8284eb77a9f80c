"""Clients for an SDK: of the family asked for, with the defaults of the SDKs, recording once instrumented."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import anyio
import httpx
import httpx2
import pytest

from payi_transport import (
    AsyncPayiTransport,
    MemorySink,
    PayiTransport,
    payi_async_httpx_client,
    payi_flush,
    payi_httpx_client,
    payi_instrument,
)
from tests.support.wire_cases import UNARY

URL = "https://api.openai.com/v1/chat/completions"


@pytest.mark.parametrize(("family", "module"), [("auto", httpx2), ("httpx2", httpx2), ("httpx", httpx)])
def test_a_client_is_of_the_family_that_was_asked_for(family: Any, module: Any) -> None:
    with payi_httpx_client(family=family) as client:
        assert isinstance(client, module.Client)
        assert isinstance(client._transport, PayiTransport)
        assert isinstance(client._transport, module.BaseTransport)
    asynchronous = payi_async_httpx_client(family=family)
    assert isinstance(asynchronous, module.AsyncClient)
    assert isinstance(asynchronous._transport, AsyncPayiTransport)
    assert isinstance(asynchronous._transport, module.AsyncBaseTransport)
    anyio.run(asynchronous.aclose)


def test_an_unknown_family_is_an_error_that_names_what_is_accepted() -> None:
    with pytest.raises(ValueError, match="expected 'auto', 'httpx', or 'httpx2', got 'aiohttp'"):
        payi_httpx_client(family="aiohttp")  # type: ignore[call-overload]


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_the_defaults_are_those_of_the_sdks(module: Any) -> None:
    with payi_httpx_client(family=module.__name__) as client:
        assert client.follow_redirects
        assert client.timeout == module.Timeout(5.0)
        pool = client._transport._inner._pool
        assert (pool._max_connections, pool._max_keepalive_connections) == (1000, 100)


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_arguments_are_passed_to_the_client(module: Any) -> None:
    limits = module.Limits(max_connections=7)
    client = payi_httpx_client(
        family=module.__name__, limits=limits, timeout=3, follow_redirects=False, headers={"x-a": "1"}
    )
    with client:
        assert client._transport._inner._pool._max_connections == 7
        assert (client.timeout, client.follow_redirects) == (module.Timeout(3), False)
        assert client.headers["x-a"] == "1"


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_proxies_of_environment_and_arguments_stay_and_are_recorded(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "internal.example.org")
    client: Any = payi_httpx_client(family=module.__name__)
    with client:
        found = client._transport_for_url(module.URL("https://api.openai.com"))
        assert isinstance(found, PayiTransport)
        assert found is not client._transport
        assert client._transport_for_url(module.URL("https://internal.example.org")) is client._transport


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_client_records_whether_made_before_or_after_instrumenting(
    module: Any, order: str, sink: MemorySink
) -> None:
    transport = module.MockTransport(lambda request: module.Response(200, content=UNARY.response))
    if order == "after":
        payi_instrument(sink=sink)
    with payi_httpx_client(family=module.__name__, transport=transport) as client:
        if order == "before":
            assert client.post(URL, content=b"{}").status_code == 200
            payi_instrument(sink=sink)
        client.post(URL, content=b"{}")
    assert payi_flush(10)
    assert len(sink.events) == 1


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_a_transport_opens_and_closes_the_one_inside(module: Any) -> None:
    told: list[str] = []

    class Inner(module.BaseTransport):  # type: ignore[misc]
        def __enter__(self) -> Any:
            told.append("enter")
            return self

        def __exit__(self, *exc_info: Any) -> None:
            told.append("exit")

        def close(self) -> None:
            told.append("close")

    with PayiTransport(Inner()) as transport:
        transport.close()
    assert told == ["enter", "close", "exit"]


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_an_async_transport_opens_and_closes_the_one_inside(module: Any) -> None:
    told: list[str] = []

    class Inner(module.AsyncBaseTransport):  # type: ignore[misc]
        async def __aenter__(self) -> Any:
            told.append("enter")
            return self

        async def __aexit__(self, *exc_info: Any) -> None:
            told.append("exit")

        async def aclose(self) -> None:
            told.append("close")

    async def main() -> None:
        async with AsyncPayiTransport(Inner()) as transport:
            await transport.aclose()

    anyio.run(main)
    assert told == ["enter", "close", "exit"]


def test_without_an_argument_a_transport_is_the_default_of_the_current_family() -> None:
    with PayiTransport() as transport:
        assert isinstance(transport, httpx2.BaseTransport)
        assert isinstance(transport._inner, httpx2.HTTPTransport)
    asynchronous = AsyncPayiTransport()
    assert isinstance(asynchronous._inner, httpx2.AsyncHTTPTransport)
    anyio.run(asynchronous.aclose)


@pytest.mark.parametrize("wrap", [PayiTransport, AsyncPayiTransport])
def test_an_object_that_is_not_a_transport_is_a_clear_error(wrap: Any) -> None:
    with pytest.raises(TypeError, match="BaseTransport, got 7"):
        wrap(7)


ALIASED = """
    import httpx2
    httpx2.alias_httpx()
    import httpx
    assert httpx is httpx2
    from payi_transport import MemorySink, payi_flush, payi_instrument, payi_httpx_client, payi_uninstrument
    from payi_transport.hooks.httpx.installed import get_family
    assert get_family("httpx") is get_family("httpx2")
    original = httpx.Client._send_single_request
    sink = MemorySink()
    payi_instrument(sink=sink)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=b"{}"))
    httpx.Client(transport=transport).post("https://api.openai.com/v1/chat/completions", content=b"{}")
    payi_httpx_client(family="httpx", transport=transport).post(
        "https://api.openai.com/v1/chat/completions", content=b"{}")
    assert payi_flush(10)
    assert len(sink.events) == 2, sink.events
    payi_uninstrument()
    assert httpx.Client._send_single_request is original
"""

WITHOUT_HTTPX2 = """
    import sys
    sys.modules["httpx2"] = None
    import httpx
    from payi_transport import payi_httpx_client
    assert type(payi_httpx_client()) is httpx.Client
    try:
        payi_httpx_client(family="httpx2")
    except ImportError:
        print("told")
"""


@pytest.mark.parametrize(
    "script", [ALIASED, WITHOUT_HTTPX2], ids=["one module under both names", "no httpx2"]
)
def test_in_a_process_of_its_own(script: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
