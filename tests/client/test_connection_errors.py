"""A connection that fails or breaks is an APIConnectionError, whichever HTTP library is in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import httpx
import httpx2
import pytest

from payi_transport import AsyncPayi, Payi, errors
from payi_transport.client.connection_errors import describe_error, make_connection_error, translate_errors
from tests.support.origin import CannedResponse, Origin

LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2])
USES: list[Callable[[Any], Any]] = [
    lambda response: response.read(),
    lambda response: response.parse(),
    lambda response: response.text(),
    lambda response: response.json(),
    lambda response: response.iter_bytes(),
    lambda response: response.iter_text(),
    lambda response: response.iter_lines(),
]


@LIBRARIES
@pytest.mark.parametrize("use", USES)
def test_a_body_that_breaks_off_while_it_streams_is_a_connection_error(
    use: Callable[[Any], Any], library: Any, origin: Origin
) -> None:
    origin.responses = [CannedResponse([b"{}\n"], end="cut")]
    with Payi(api_key="k", base_url=origin.url, http_client=library.Client()) as client:
        with client.limits.with_streaming_response.retrieve("L1") as response:
            with pytest.raises(errors.APIConnectionError, match="Could not reach Pay-i") as caught:
                list(use(response))
    assert isinstance(caught.value.__cause__, library.RemoteProtocolError)
    assert caught.value.request.url.path == "/api/v1/limits/L1"


@LIBRARIES
@pytest.mark.parametrize("use", USES)
def test_an_async_body_that_breaks_off_is_a_connection_error(
    use: Callable[[Any], Any], library: Any, origin: Origin
) -> None:
    origin.responses = [CannedResponse([b"{}\n"], end="cut")]

    async def consume(result: Any) -> None:
        if hasattr(result, "__aiter__"):
            async for _ in result:
                pass
        else:
            await result

    async def main() -> None:
        async with AsyncPayi(api_key="k", base_url=origin.url, http_client=library.AsyncClient()) as client:
            async with client.limits.with_streaming_response.retrieve("L1") as response:
                with pytest.raises(errors.APIConnectionError, match="Could not reach Pay-i") as caught:
                    await consume(use(response))
        assert isinstance(caught.value.__cause__, library.RemoteProtocolError)

    anyio.run(main)


@LIBRARIES
def test_a_timeout_is_a_timeout_error_with_its_cause(library: Any) -> None:
    request, cause = library.Request("GET", "https://x.org"), library.ReadTimeout("slow")
    error = make_connection_error(request, cause, library)
    assert (type(error), error.request, error.__cause__) == (errors.APITimeoutError, request, cause)
    with pytest.raises(errors.APITimeoutError), translate_errors(library.Response(200, request=request)):
        raise cause


@LIBRARIES
def test_other_exceptions_are_raised_unchanged(library: Any) -> None:
    with pytest.raises(KeyError), translate_errors(library.Response(200)):
        raise KeyError("mine")


@LIBRARIES
def test_an_error_that_may_quote_a_header_is_only_named(library: Any) -> None:
    assert describe_error(library.ConnectError("refused"), library) == "ConnectError: refused"
    assert describe_error(library.LocalProtocolError("payi-secret"), library) == "LocalProtocolError"
