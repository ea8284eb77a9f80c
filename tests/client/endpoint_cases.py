"""Endpoints as a table: how each is called, the request that this sends, and the response that it returns.

A test file of a resource lists its `CASES` and subclasses `EndpointTests`, whose tests pytest then runs for
each case, and on each surface.
"""

from __future__ import annotations

import inspect
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, get_args, get_type_hints
from urllib.parse import quote

import anyio
import httpx
import msgspec
import pytest

from payi_transport import AsyncPayi, Payi
from payi_transport.client.request import RequestOptions
from payi_transport.pagination import AsyncCursorPage, SyncCursorPage
from tests.support.origin import CannedResponse, Origin, Received

__all__ = [
    "SURFACES",
    "EndpointCase",
    "EndpointTests",
    "check_kind",
    "check_parameters",
    "check_request_and_response",
]

_JSON = {"content-type": "application/json"}
# Shared because creating one takes longer than a test.
_SSL_CONTEXT = ssl.create_default_context()


@dataclass(frozen=True)
class EndpointCase:
    """A call of `method` with `arguments` sends `request` with `body` and `headers`, and gets `response`.

    `first` is the parameter that may be passed by position. `kind` is the type of the parsed response, or of
    its items where it is a list, and None where the response is not parsed. A `response` that is a string is
    sent as text. `undeclared` are fields of the response that its type does not declare.
    """

    method: str
    request: str
    kind: Any
    response: Any
    arguments: Mapping[str, Any] = field(default_factory=dict)
    first: str | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    undeclared: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.method}({', '.join(self.arguments)})"


def check_request_and_response(case: EndpointCase, surface: str, origin: Origin) -> None:
    """Assert that the request arrives as the case says and that its response is returned."""
    text = case.response if isinstance(case.response, str) else json.dumps(case.response)
    origin.responses = [CannedResponse([b"" if case.response is None else text.encode()], headers=_JSON)]
    value = SURFACES[surface](case, origin)
    [received] = origin.received
    assert f"{received.method} {received.path}" == case.request
    assert (json.loads(received.body) if received.body else None) == case.body
    assert _missing_headers(case, received) == {}
    assert _to_json(value) == (None if case.kind is None else _without_none(case.response))
    check_kind(case, value)


def check_parameters(cases: Sequence[EndpointCase], owner: Any, method: str) -> None:
    """Assert that the cases pass every parameter of an endpoint, and that `first` alone is positional."""
    *_, name = method.split(".")
    build = inspect.getattr_static(owner, name).build
    signature = inspect.signature(build)
    *named, more = [parameter for parameter in signature.parameters.values() if parameter.name != "self"]
    [keys] = get_args(get_type_hints(build)[more.name])
    passed = {argument for case in cases if case.method == method for argument in case.arguments}
    firsts = {case.first for case in cases if case.method == method and case.first}
    declared = {parameter.name for parameter in named} | keys.__annotations__.keys()
    assert declared == passed | RequestOptions.__annotations__.keys()
    assert {p.name for p in named if p.kind is p.POSITIONAL_OR_KEYWORD} == firsts


def _missing_headers(case: EndpointCase, received: Received) -> dict[str, str]:
    expected = {
        "xproxy-api-key": "k",
        "accept": "application/json",
        "user-agent": "payi_transport",
        "x-stainless-lang": "python",
        **({"content-type": "application/json"} if case.body is not None else {}),
        **case.headers,
    }
    actual = {name: value.encode("latin-1").decode() for name, value in received.headers.items()}
    assert ("content-type" in actual) == (case.body is not None)
    assert {name for name in actual if name.startswith("xproxy-")} <= set(expected)
    return {name: value for name, value in expected.items() if actual.get(name) != value}


def _to_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_to_json(item) for item in value]
    return value if value is None or isinstance(value, str) else msgspec.to_builtins(value.to_dict())


def _without_none(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    return value


def check_kind(case: EndpointCase, value: Any) -> None:
    """Assert that what a call returned has the type of its case, in every field."""
    if isinstance(value, SyncCursorPage | AsyncCursorPage):
        value = value.items
    if case.kind in (None, str):
        assert type(value) is (case.kind or type(None))
        return
    for item in value if isinstance(value, list) else [value]:
        assert type(item) is case.kind
        assert list(item.unknown_fields) == list(case.undeclared)
        msgspec.convert(msgspec.to_builtins(item.to_dict()), case.kind)


def _find(start: Any, method: str) -> Callable[..., Any]:
    for name in method.split("."):
        start = getattr(start, name)
    return start  # type: ignore[no-any-return]


def _on_variant(method: str, variant: str) -> str:
    """Return the method by way of a variant of its own resource, instead of one of the whole client."""
    *resource, name = method.split(".")
    return ".".join((*resource, variant, name))


def _first_by_position(case: EndpointCase) -> tuple[list[Any], dict[str, Any]]:
    named = dict(case.arguments)
    return [named.pop(case.first)] if case.first else [], named


def _connect(url: str) -> Payi:
    return Payi(api_key="k", base_url=url, http_client=httpx.Client(verify=_SSL_CONTEXT))


def _connect_async(url: str) -> AsyncPayi:
    return AsyncPayi(api_key="k", base_url=url, http_client=httpx.AsyncClient(verify=_SSL_CONTEXT))


def _call(case: EndpointCase, origin: Origin) -> Any:
    positional, named = _first_by_position(case)
    with _connect(origin.url) as client:
        return _find(client, case.method)(*positional, **named)


def _call_raw(case: EndpointCase, origin: Origin) -> Any:
    with _connect(f"{origin.url}/") as client:
        response = _find(client.with_raw_response, case.method)(**case.arguments)
        assert response.is_closed and response.status_code == 200
        return response.parse()


def _call_streaming(case: EndpointCase, origin: Origin) -> Any:
    with _connect(origin.url) as client:
        with _find(client, _on_variant(case.method, "with_streaming_response"))(**case.arguments) as response:
            assert not response.is_closed
            value = response.parse()
        assert response.is_closed
        return value


async def _call_async(case: EndpointCase, origin: Origin) -> Any:
    async with _connect_async(origin.url) as client:
        return await _find(client, case.method)(**case.arguments)


async def _call_async_raw(case: EndpointCase, origin: Origin) -> Any:
    positional, named = _first_by_position(case)
    async with _connect_async(origin.url) as client:
        response = await _find(client, _on_variant(case.method, "with_raw_response"))(*positional, **named)
        assert response.is_closed and response.status_code == 200
        return await response.parse()


async def _call_async_streaming(case: EndpointCase, origin: Origin) -> Any:
    async with _connect_async(origin.url) as client:
        async with _find(client.with_streaming_response, case.method)(**case.arguments) as response:
            assert not response.is_closed
            value = await response.parse()
        assert response.is_closed
        return value


SURFACES: Mapping[str, Callable[[EndpointCase, Origin], Any]] = {
    "sync": _call,
    "sync raw": _call_raw,
    "sync streaming": _call_streaming,
    "async": lambda case, origin: anyio.run(_call_async, case, origin),
    "async raw": lambda case, origin: anyio.run(_call_async_raw, case, origin),
    "async streaming": lambda case, origin: anyio.run(_call_async_streaming, case, origin),
}


class EndpointTests:
    """What holds for every endpoint; `tests/client/resources/conftest.py` passes each of the `cases`."""

    cases: ClassVar[Sequence[EndpointCase]]

    @pytest.mark.parametrize("surface", SURFACES)
    def test_a_call_sends_its_request_and_returns_its_response_on_every_surface(
        self, case: EndpointCase, surface: str, origin: Origin
    ) -> None:
        check_request_and_response(case, surface, origin)

    def test_an_empty_or_relative_path_parameter_raises_and_nothing_is_sent(
        self, case: EndpointCase, origin: Origin
    ) -> None:
        path = case.request.partition("?")[0].split("/")
        names = [name for name, value in case.arguments.items() if quote(str(value), safe="") in path]
        with _connect(origin.url) as client:
            method = _find(client, case.method)
            for name in names:
                with pytest.raises(
                    ValueError, match=f"Expected a non-empty value for `{name}` but received ''"
                ):
                    method(**{**case.arguments, name: ""})
                with pytest.raises(ValueError, match=rf"`{name}`: '\.\.' cannot be used as a path segment"):
                    method(**{**case.arguments, name: ".."})
        assert not origin.received

    def test_the_options_of_a_call_reach_its_request(self, case: EndpointCase) -> None:
        sent: list[httpx.Request] = []

        def respond(request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return httpx.Response(200, json=case.response)

        # The body of a bulk request is a list, which has no fields to add to.
        extra_body = {} if isinstance(case.body, list) else {"extra_body": {"field_of_the_future": [1]}}
        with Payi(api_key="k", http_client=httpx.Client(transport=httpx.MockTransport(respond))) as client:
            _find(client, case.method)(
                **case.arguments,
                timeout=7.5,
                extra_headers={"x-team": "blue"},
                extra_query={"debug": True},
                **extra_body,
            )
        [request] = sent
        assert request.extensions["timeout"]["read"] == 7.5
        assert request.headers["x-team"] == "blue"
        assert request.url.params["debug"] == "true"
        if extra_body:
            assert json.loads(request.content) == {**(case.body or {}), "field_of_the_future": [1]}
